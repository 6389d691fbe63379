//! Nested values as a literal, for the languages that have one: dictionaries and lists over indented lines.

use super::{
    call::{ParamFields, ParamValue},
    text::lines,
};

/// How a language writes dictionaries, lists and texts.
pub(super) struct LiteralStyle {
    pub map: [&'static str; 2],
    pub list: [&'static str; 2],
    /// Writes a key with the sign that stands between it and its value.
    pub key: fn(&str) -> String,
    pub text: fn(&str) -> String,
}

impl LiteralStyle {
    /// A dictionary, its closing bracket indented by `depth` steps.
    pub(super) fn map(&self, fields: &ParamFields, depth: usize) -> String {
        let [open, close] = self.map;
        if fields.is_empty() {
            return format!("{open}{close}");
        }
        format!("{open}\n{}{}{close}", self.lines(fields, depth + 1), "  ".repeat(depth))
    }

    /// The fields of a dictionary, a line each.
    pub(super) fn lines(&self, fields: &ParamFields, depth: usize) -> String {
        let step = "  ".repeat(depth);
        lines(fields.iter().map(|(name, node)| format!("{step}{}{},", (self.key)(name), self.node(node, depth))))
    }

    pub(super) fn node(&self, node: &ParamValue, depth: usize) -> String {
        match node {
            ParamValue::Text(text) => (self.text)(text),
            ParamValue::Map(fields) => self.map(fields, depth),
            ParamValue::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.node(item, depth)).collect();
                format!("{}{}{}", self.list[0], items.join(", "), self.list[1])
            }
        }
    }
}
