//! An account as a column of a table shows it.

use egui::{Label, RichText, Ui};

use super::theme::{self, DesignTokens};
use crate::domain::{foreign, mask::keyed_hash};

/// The width of the column, in points.
pub const ACCOUNT_WIDTH: f32 = 104.0;
/// How many signs of an id there is room for: its last ones, for all ids begin alike.
const SHOWN: usize = 12;

/// Draws an account as the store has it; "own" for the account itself.
pub fn account_ui(ui: &mut Ui, account: Option<&str>) {
    let t = DesignTokens::of(ui);
    let Some(account) = account else {
        ui.label(RichText::new("own").color(t.faint));
        return;
    };
    let whole = foreign::label(keyed_hash::shown(account)).into_owned();
    let text = RichText::new(short(&whole)).font(theme::mono(theme::MONO_SIZE));
    ui.add(Label::new(text).truncate()).on_hover_text(whole);
}

fn short(id: &str) -> String {
    let length = id.chars().count();
    if length <= SHOWN {
        id.to_owned()
    } else {
        std::iter::once('…').chain(id.chars().skip(length + 1 - SHOWN)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_id_is_shown() {
        assert_eq!(short("acct_1"), "acct_1");
        assert_eq!(short("acct_1032D82eZvKYlo2C"), "…82eZvKYlo2C");
    }
}
