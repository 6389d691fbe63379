//! Fixtures of the Stripe CLI (`stripe fixtures FILE`): the calls that made the tokens, to be made again.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::{constant_names::ConstantNames, entry_writer::EntryWriter};
use crate::{
    domain::{
        call::{api::ApiResponse, error::ErrorView},
        history::entry::EntryDetail,
    },
    snippets::nested_params,
};

#[derive(Default)]
pub(super) struct StripeCliWriter {
    names: ConstantNames,
    has_calls: bool,
}

impl EntryWriter for StripeCliWriter {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"{\n  \"_meta\": {\n    \"template_version\": 0\n  },\n  \"fixtures\": [")
    }

    fn entry(&mut self, out: &mut dyn Write, detail: &EntryDetail) -> io::Result<()> {
        let answer = detail.answer().and_then(ApiResponse::json);
        let error = answer.as_ref().and_then(ErrorView::of).and_then(ErrorView::kind).unwrap_or_default();
        let mut fixture = Map::new();
        fixture.insert("name".to_owned(), self.names.name(detail).lower().into());
        fixture.insert("expected_error_type".to_owned(), error.into());
        fixture.insert("path".to_owned(), detail.request.path.as_str().into());
        fixture.insert("method".to_owned(), detail.request.method.as_str().to_lowercase().into());
        fixture.insert("params".to_owned(), nested_params(detail));
        out.write_all(if self.has_calls { b"," } else { b"" })?;
        self.has_calls = true;
        for line in format!("{:#}", Value::Object(fixture)).lines() {
            write!(out, "\n    {line}")?;
        }
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.has_calls { b"\n  ]\n}\n" } else { b"]\n}\n" })
    }
}
