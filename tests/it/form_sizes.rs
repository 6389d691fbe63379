//! The form in windows of all sizes and zooms: what must be seen is whole, in sight, and covers nothing.

use egui::{Rect, Role, Vec2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use tempfile::TempDir;
use testcard::ui::{layout::usable_zooms, theme};

use crate::support::{
    hands::{click, input, play, press, says},
    window::{Bench, Window, ctrl, type_card, wait, wait_for},
};

const SIZES: [[f32; 2]; 5] = [[900.0, 560.0], [900.0, 600.0], [1280.0, 800.0], [1366.0, 768.0], [1920.0, 1080.0]];
/// The longest there are, for each brand one.
const NUMBERS: [&str; 5] =
    ["6205500000000000004", "4242424242424242", "5555555555554444", "6011111111111117", "4000002500001001"];

/// A window of this size in points at zoom 1, drawn at this zoom.
fn open(size: [f32; 2], zoom: f32) -> Window {
    let mut bench = Bench { size: size.map(|side| side / zoom), ..Bench::new() };
    bench.settings.window.zoom = zoom;
    bench.settings.form.moves_on = false;
    let window = bench.open();
    assert!((window.ctx.zoom_factor() - zoom).abs() < 0.001, "{size:?} at {zoom}: {}", window.ctx.zoom_factor());
    window
}

/// The usable zooms from the smallest to the largest.
fn zooms(size: [f32; 2]) -> Vec<f32> {
    let usable = usable_zooms(Vec2::from(size));
    let mut zooms = vec![*usable.start(), 1.0, 1.25, *usable.end()];
    zooms.retain(|zoom| usable.contains(zoom));
    zooms
}

/// What must be seen of the form, by its name.
fn seen(window: &Window) -> Vec<(String, Rect)> {
    let fields = ["Card number", "Expiry", "CVC", "Name on card"];
    let fields = fields.map(|name| (name.to_owned(), input(window, name).rect()));
    let is_main = |name: &str| name.starts_with("Create token") || name.starts_with("Send anyway");
    let button = window.get_by(|node| node.role() == Role::Button && node.label().is_some_and(|name| is_main(&name)));
    let rect = button.rect();
    fields.into_iter().chain([("the button".to_owned(), rect)]).collect()
}

/// The upper edge of what the form says will come, which the fields end at.
fn foot(window: &Window) -> f32 {
    let words =
        |name: &str| ["HTTP ", "Empty: ", "token ok", "Stripe will"].iter().any(|start| name.starts_with(start));
    let found = window.query_all_by(move |node| node.label().or(node.value()).is_some_and(|name| words(&name)));
    found.map(|node| node.rect().top()).fold(f32::INFINITY, f32::min)
}

#[track_caller]
fn assert_whole(window: &Window, what: &str) {
    let room = window.ctx.content_rect();
    let form = room.with_max_x(window.get_by_role_and_label(Role::Splitter, "Width of the form").rect().center().x);
    let (seen, foot) = (seen(window), foot(window));
    for (i, (name, rect)) in seen.iter().enumerate() {
        assert!(form.contains_rect(*rect), "{name} {rect} is not in {form}: {what}");
        assert!(name == "the button" || rect.bottom() <= foot, "{name} {rect} is below the foot at {foot}: {what}");
        for (other, covered) in &seen[..i] {
            assert!(!rect.shrink(0.5).intersects(*covered), "{name} covers {other}: {what}");
        }
    }
}

#[test]
fn number_expiry_code_name_and_button_are_seen_in_every_window() {
    for size in SIZES {
        for zoom in zooms(size) {
            let mut window = open(size, zoom);
            assert_whole(&window, &format!("empty, {size:?} at {zoom}"));
            // With a note below the number, and where it fails below the fields.
            for number in [NUMBERS[0], "4000000000009995"] {
                ctrl(&mut window, egui::Key::L);
                play(&mut window, &format!("⟦{number} 12/34 123⟧"));
                assert_whole(&window, &format!("{number}, {size:?} at {zoom}"));
            }
        }
    }
}

#[test]
fn a_brand_stands_beside_the_longest_number() {
    for zoom in [0.5, 0.8, 1.0, 1.1, 1.25] {
        let mut bench = Bench { size: [900.0 / zoom, 600.0 / zoom], ..Bench::new() };
        bench.settings.window.zoom = zoom;
        // As narrow as the form goes.
        bench.layout.form_width = 0.0;
        let mut window = bench.open();
        for number in NUMBERS {
            ctrl(&mut window, egui::Key::L);
            play(&mut window, &format!("⟦{number}⟧"));
            let field = input(&window, "Card number");
            let (text, field) = (field.value().unwrap(), field.rect());
            let names = ["UnionPay", "Visa", "Mastercard", "Discover", "Cartes Bancaires"];
            let badges = names.into_iter().flat_map(|name| window.query_all_by_label(name));
            let badge = badges.map(|node| node.rect()).find(|rect| field.contains_rect(*rect));
            let badge = badge.unwrap_or_else(|| panic!("no badge in {field} for {number} at {zoom}"));
            let width = window.ctx.fonts_mut(|fonts| {
                let font = theme::mono(theme::MONO_FIELD_SIZE);
                fonts.layout_no_wrap(text, font, egui::Color32::WHITE).size().x
            });
            // The margin of a field is 11 points.
            assert!(field.left() + 11.0 + width <= badge.left(), "{number} at {zoom}: {width} in {field}, {badge}");
        }
    }
}

#[test]
fn a_long_number_is_never_below_its_badge() {
    let mut window = open([900.0, 600.0], 1.0);
    type_card(&mut window, "62055000000000000041234567");
    assert!(says(&window, "7 digits too many"));
    assert_whole(&window, "a number that is too long");
}

#[test]
fn the_zoom_is_limited_by_the_window_and_comes_back() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("settings.json");
    let mut bench = Bench { size: [640.0, 400.0], settings_file: Some(file.clone()), ..Bench::new() };
    bench.settings.window.zoom = 2.0;
    // 1280 x 800 points of the screen.
    let mut window = bench.open();
    let zoom = |window: &Window| window.ctx.zoom_factor();
    assert!(zoom(&window) < 1.8, "{}", zoom(&window));
    press(&mut window, egui::Modifiers::COMMAND, egui::Key::Comma);
    click(&mut window, Role::Tab, "Window");
    wait_for(&mut window, "200% waits for a larger window");
    assert!(window.get_by_role_and_label(Role::RadioButton, "200%").accesskit_node().toggled().is_some());
    play(&mut window, "⎋");
    // A larger window has what was set; the setting was never another one.
    window.set_size(vec2(1600.0, 1000.0));
    wait(&mut window, "the zoom", |window| (zoom(window) - 2.0).abs() < 0.001);
    window.set_size(vec2(640.0, 400.0));
    wait(&mut window, "the zoom", |window| zoom(window) < 1.8);
    assert!(!file.exists(), "nobody set another zoom");
}
