//! Signs without a font: boxes, and a sentence in the status line for as long as one is shown.

use egui::Shape;
use egui_kittest::Harness;
use testcard::ui::{text::missing_fonts, theme};

fn window(text: &str) -> Harness<'static, String> {
    let builder = Harness::builder().with_size([420.0, 80.0]).with_context_setup(theme::install);
    builder.build_ui_state(
        |ui, text: &mut String| {
            ui.label(text.as_str());
        },
        text.to_owned(),
    )
}

#[test]
fn what_has_no_font_is_a_box_and_is_told_until_it_is_gone() {
    let mut window = window("plain");
    assert_eq!(missing_fonts::notice(&window.ctx), None);
    for (text, words) in [
        ("山田太郎", "No font for Chinese, Japanese and Korean: shown as boxes. Install fonts-noto-cjk "),
        ("שלום", "No font for Hebrew: shown as boxes. Install fonts-noto-core "),
        ("क्षि", "No font for Devanagari: shown as boxes. Install fonts-noto-core "),
    ] {
        for _ in 0..2 {
            text.clone_into(window.state_mut());
            window.run();
            let notice = missing_fonts::notice(&window.ctx).unwrap();
            assert!(notice.starts_with(words), "{notice}");
            let drawn = window.output().shapes.iter().any(|clipped| match &clipped.shape {
                Shape::Text(shown) => shown.galley.text() == text && shown.galley.num_vertices > 0,
                _ => false,
            });
            assert!(drawn, "{text}");
            "plain".clone_into(window.state_mut());
            window.run();
            assert_eq!(missing_fonts::notice(&window.ctx), None);
        }
    }
}
