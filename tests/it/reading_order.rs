//! Where right-to-left text stands, and where the caret goes in it: by the places of its glyphs, not by pictures.

use std::sync::Arc;

use egui::{
    Event, Galley, Id, Key, Label, Modifiers, PointerButton, Pos2, RichText, Shape, TextEdit, accesskit::Role, vec2,
};
use egui_kittest::{Harness, kittest::Queryable as _};
use testcard::ui::{
    theme,
    widgets::{Field, TextInput, paint},
};

/// How a text is read from left to right on the screen, a line for each row; without what has no width.
fn seen(galley: &Galley) -> String {
    let row = |row: &egui::epaint::text::PlacedRow| {
        let mut glyphs: Vec<(f32, char)> = row
            .glyphs
            .iter()
            .filter(|glyph| glyph.advance_width != 0.0)
            .map(|glyph| (glyph.pos.x + glyph.advance_width.min(0.0), glyph.chr))
            .collect();
        glyphs.sort_by(|a, b| a.0.total_cmp(&b.0));
        glyphs.into_iter().map(|(_, chr)| chr).collect::<String>()
    };
    galley.rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// All texts that the last frame painted.
fn painted<S>(harness: &Harness<'_, S>) -> Vec<Arc<Galley>> {
    let texts = harness.output().shapes.iter().filter_map(|clipped| match &clipped.shape {
        Shape::Text(text) => Some(Arc::clone(&text.galley)),
        _ => None,
    });
    texts.collect()
}

fn painted_of<S>(harness: &Harness<'_, S>, text: &str) -> Arc<Galley> {
    painted(harness).into_iter().find(|galley| galley.text() == text).unwrap_or_else(|| panic!("no text {text:?}"))
}

/// In the order of the text, and in the order in which it is seen from left to right.
const ORDERS: [(&str, &str); 12] = [
    ("שלום כהן", "ןהכ םולש"),
    ("محمد علي", "يلع دمحم"),
    ("Anna שלום 12", "Anna 12 םולש"),
    ("שלום Anna", "Anna םולש"),
    ("שלום 12 כהן", "ןהכ 12 םולש"),
    ("Anna (שלום) x", "Anna (םולש) x"),
    // Each bracket is drawn as its opposite.
    ("שלום (כהן)", ")ןהכ( םולש"),
    ("Anna שלום כהן Smith", "Anna ןהכ םולש Smith"),
    ("card שלום, 4242", "card 4242 ,םולש"),
    ("שלום 👍🏽 כהן", "ןהכ 👍 םולש"),
    ("محمد ١٢", "١٢ دمحم"),
    ("Jörg 王 é", "Jörg 王 é"),
];

#[test]
fn a_label_is_shown_in_its_reading_order() {
    for (text, expected) in ORDERS {
        let builder = Harness::builder().with_size([420.0, 80.0]).with_context_setup(theme::install);
        let harness = builder.build_ui(move |ui| {
            ui.label(text);
        });
        assert_eq!(seen(&painted_of(&harness, text)), expected);
        // A screen reader reads it in the order of the text.
        harness.get_by_label(text);
    }
}

#[test]
fn so_is_what_a_widget_paints_itself_and_what_a_tooltip_or_a_layer_above_shows() {
    let text = "שלום כהן";
    let builder = Harness::builder().with_size([420.0, 200.0]).with_context_setup(theme::install);
    let harness = builder.build_ui(move |ui| {
        let color = ui.visuals().text_color();
        let galley = paint::spaced_line(ui, text, theme::regular(14.0), color, f32::INFINITY, 0.4);
        paint::galley_left(ui.painter(), galley, 10.0, 20.0);
        egui::Area::new(Id::unique("above")).fixed_pos([10.0, 60.0]).show(ui.ctx(), |ui| {
            ui.label(RichText::new(text).font(theme::mono(12.0)));
        });
    });
    let found: Vec<_> = painted(&harness).into_iter().filter(|galley| galley.text() == text).collect();
    assert_eq!(found.len(), 2);
    for galley in found {
        assert_eq!(seen(&galley), "ןהכ םולש");
    }
}

#[test]
fn a_long_name_is_broken_and_cut_in_the_order_of_the_text() {
    let text = "שלום כהן לוי";
    for (width, truncate, expected) in
        [(75.0, false, "ןהכ םולש\nיול"), (75.0, true, ""), (60.0, true, ""), (40.0, true, "")]
    {
        let builder = Harness::builder().with_size([420.0, 120.0]).with_context_setup(theme::install);
        let harness = builder.build_ui(move |ui| {
            ui.set_max_width(width);
            let label = Label::new(text);
            ui.add(if truncate { label.truncate() } else { label.wrap() });
        });
        let galley = painted_of(&harness, text);
        let found = seen(&galley).replace(" \n", "\n");
        let found = found.split('\n').map(str::trim).collect::<Vec<_>>().join("\n");
        if truncate {
            // As much of the beginning as there is room for.
            let kept: String = found.strip_prefix('…').unwrap().chars().rev().collect();
            assert!(kept.chars().count() >= 2 && text.starts_with(kept.trim()), "{found}");
            assert!(galley.rect.width() <= width + 1.0, "{width}: {}", galley.rect.width());
        } else {
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn a_cut_keeps_emoji_whole() {
    let family = "👨\u{200d}👩\u{200d}👧";
    let text = family.repeat(8);
    for width in 20..140u8 {
        let shown = text.clone();
        let builder = Harness::builder().with_size([420.0, 80.0]).with_context_setup(theme::install);
        let harness = builder.build_ui(move |ui| {
            ui.set_max_width(f32::from(width));
            ui.add(Label::new(shown.as_str()).truncate());
        });
        let galley = painted_of(&harness, &text);
        let whole: String = galley.rows[0].glyphs.iter().map(|glyph| glyph.chr).collect();
        let rest = whole.replace(family, "");
        assert!(rest == "…" || rest.is_empty(), "{width}: {whole:?}");
    }
}

fn id() -> Id {
    Id::unique("name")
}

struct NameField(Harness<'static, String>);

impl NameField {
    fn of(text: &str) -> Self {
        let builder = Harness::builder().with_size([420.0, 100.0]).with_context_setup(theme::install);
        let mut harness = builder.build_ui_state(
            |ui, text: &mut String| drop(Field::new("Name").text(ui, TextInput::singleline(text).id(id()))),
            text.to_owned(),
        );
        harness.get_by_role(Role::TextInput).focus();
        harness.run();
        Self(harness)
    }

    fn keys(&mut self, keys: &[Key]) -> &mut Self {
        for key in keys {
            self.0.key_press(*key);
            self.0.run();
        }
        self
    }

    fn selected(&self) -> (usize, usize) {
        let range = TextEdit::load_state(&self.0.ctx, id()).unwrap().cursor.char_range().unwrap();
        (range.secondary.index.0, range.primary.index.0)
    }

    fn galley(&self) -> Arc<Galley> {
        painted_of(&self.0, self.0.state())
    }

    /// The middle of a character on the screen.
    fn middle(&self, place: usize, aside: f32) -> Pos2 {
        let galley = self.galley();
        let shapes = &self.0.output().shapes;
        let at = shapes.iter().find_map(|clipped| match &clipped.shape {
            Shape::Text(text) if text.galley.text() == galley.text() => Some(text.pos),
            _ => None,
        });
        let glyph = &galley.rows[0].glyphs[place];
        at.unwrap() + vec2(glyph.pos.x + glyph.advance_width * 0.5 + aside, galley.size().y * 0.5)
    }

    fn press(&mut self, at: Pos2, pressed: bool) {
        self.0.hover_at(at);
        self.0.run();
        let modifiers = Modifiers::NONE;
        self.0.event(Event::PointerButton { pos: at, button: PointerButton::Primary, pressed, modifiers });
        self.0.run();
    }
}

#[test]
fn a_field_shows_its_text_in_reading_order_with_a_glyph_for_each_character() {
    for (text, expected) in ORDERS {
        let field = NameField::of(text);
        let galley = field.galley();
        assert_eq!(seen(&galley), expected);
        let glyphs: String = galley.rows[0].glyphs.iter().map(|glyph| glyph.chr).collect();
        assert_eq!(glyphs, text);
    }
}

#[test]
fn end_and_backspace_work_from_right_to_left() {
    for (text, _) in ORDERS {
        let mut field = NameField::of(text);
        field.keys(&[Key::Home]);
        assert_eq!(field.selected(), (0, 0), "{text}");
        field.keys(&[Key::End]);
        let count = text.chars().count();
        assert_eq!(field.selected(), (count, count), "{text}");
        field.keys(&[Key::Backspace]);
        let kept: String = text.chars().take(count - 1).collect();
        assert_eq!(*field.0.state(), kept);
        field.0.event(Event::Text("ז".to_owned()));
        field.0.run();
        assert_eq!(*field.0.state(), format!("{kept}ז"));
    }
}

#[test]
fn the_caret_goes_to_the_left_in_text_from_right_to_left() {
    let text = "שלום כהן";
    let mut field = NameField::of(text);
    field.keys(&[Key::Home]);
    let x = |field: &NameField| {
        let range = TextEdit::load_state(&field.0.ctx, id()).unwrap().cursor.char_range().unwrap();
        field.galley().pos_from_cursor(range.primary).min.x
    };
    let mut last = x(&field);
    assert!((last - field.galley().rect.width()).abs() < 2.0);
    for place in 1..=text.chars().count() {
        field.keys(&[Key::ArrowLeft]);
        assert_eq!(field.selected(), (place, place));
        assert!(x(&field) < last, "{place}");
        last = x(&field);
    }
    assert!(last.abs() < 1.0);
    field.keys(&[Key::ArrowRight]);
    assert_eq!(field.selected(), (7, 7));
    field.keys(&[Key::Delete]);
    assert_eq!(field.0.state(), "שלום כה");
}

#[test]
fn a_click_and_a_drag_find_the_character_under_the_pointer() {
    let text = "Anna שלום כהן";
    for place in [0, 2, 5, 7, 9, 12] {
        let mut field = NameField::of(text);
        let is_rtl = field.galley().rows[0].glyphs[place].advance_width < 0.0;
        // A little on the side on which the character begins.
        let at = field.middle(place, if is_rtl { 2.0 } else { -2.0 });
        field.press(at, true);
        field.press(at, false);
        assert_eq!(field.selected(), (place, place));
    }
    let mut field = NameField::of(text);
    let (from, to) = (field.middle(5, 2.0), field.middle(8, -2.0));
    field.press(from, true);
    field.press(to, false);
    assert_eq!(field.selected(), (5, 9));
    field.keys(&[Key::Delete]);
    assert_eq!(field.0.state(), "Anna  כהן");
}

#[test]
fn text_from_left_to_right_is_left_to_egui() {
    let builder = Harness::builder().with_size([420.0, 80.0]).with_context_setup(theme::install);
    let harness = builder.build_ui(|ui| {
        ui.label("Jörg · 王 …");
    });
    let galley = painted_of(&harness, "Jörg · 王 …");
    assert!(galley.rows[0].glyphs.iter().all(|glyph| glyph.advance_width >= 0.0));
}
