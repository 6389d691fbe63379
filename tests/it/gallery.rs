//! Every widget in one window: found by role and label, and drawn to `gallery-*.png` in the target folder to look at.

use crate::support::cpu_renderer::CpuRenderer;
use egui::{
    Align, CentralPanel, Frame, Id, Key, Layout, Margin, Modifiers, Panel, Rect, Role, Theme, Ui, UiBuilder,
    accesskit::Toggled, pos2, vec2,
};
use egui_kittest::{
    Harness,
    kittest::{NodeT as _, Queryable as _},
};
use serde_json::{Value, json};
use testcard::domain::{history::entry::EntryStatus, json_document::JsonDocument};
use testcard::ui::{
    icons,
    status_badge::status_badge_ui,
    theme::{self, DesignTokens},
    widgets::{
        BrandMark, CardFace, ChoiceField, Field, FilterChip, IconButton, InlineAlert, JsonLines, JsonTree,
        JsonTreeAction, PrimaryButton, QuietButton, RailStep, SegmentedControl, StepState, TabBar, TextInput, Toast,
        Toasts, Tone, dotted_number, empty_state_ui, key_cap_ui, logo_ui, modal_ui, outcome_rail_ui, pill_ui,
        search_ui, section_ui,
    },
};

const COUNTRIES: [(&str, &str); 5] =
    [("AT", "Austria"), ("AU", "Australia"), ("DE", "Germany"), ("FR", "France"), ("US", "United States")];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    Local,
    Stripe,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Pane {
    Summary,
    Response,
    Request,
    Code,
    Timeline,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Undo {
    Delete,
}

struct Gallery {
    target: Target,
    network: u8,
    pane: Pane,
    number: String,
    expiry: String,
    cvc: String,
    name: String,
    country: String,
    search: String,
    billing_open: bool,
    currency_open: bool,
    chip: usize,
    json: JsonLines,
    json_action: Option<JsonTreeAction>,
    toasts: Toasts<Undo>,
    undone: Option<Undo>,
    alert_button: Option<usize>,
    clicks: Vec<&'static str>,
    modal_open: bool,
}

impl Gallery {
    fn new() -> Self {
        Self {
            target: Target::Local,
            network: 0,
            pane: Pane::Response,
            number: "4000 0000 0000 9995".to_owned(),
            expiry: "13 / 30".to_owned(),
            cvc: "314".to_owned(),
            name: "Jenny Rosen".to_owned(),
            country: String::new(),
            search: String::new(),
            billing_open: false,
            currency_open: false,
            chip: 0,
            json: token_json(),
            json_action: None,
            toasts: Toasts::default(),
            undone: None,
            alert_button: None,
            clicks: Vec::new(),
            modal_open: false,
        }
    }

    fn ui(&mut self, ui: &mut Ui) {
        let t = DesignTokens::of(ui);
        let bar = Frame::new().fill(t.panel).inner_margin(Margin::symmetric(12, 7));
        Panel::top("bar").exact_size(44.0).frame(bar).show(ui, |ui| self.bar_ui(ui));
        let status = Frame::new().fill(t.panel).inner_margin(Margin::symmetric(12, 4));
        Panel::bottom("status").exact_size(26.0).frame(status).show(ui, |ui| {
            let words = egui::RichText::new("1,107 unused · 154 used · 23 failed").size(theme::SMALL_SIZE);
            ui.label(words.color(t.faint));
        });
        let pane = Frame::new().fill(t.panel).inner_margin(Margin::same(theme::PANE_PADDING));
        Panel::left("form").exact_size(340.0).resizable(false).frame(pane).show(ui, |ui| self.form_ui(ui));
        let inspector = Frame::new().fill(t.panel).inner_margin(Margin::symmetric(16, 12));
        Panel::right("inspector")
            .exact_size(420.0)
            .resizable(false)
            .frame(inspector)
            .show(ui, |ui| self.inspector_ui(ui));
        let canvas = Frame::new().fill(t.canvas).inner_margin(Margin::symmetric(16, 12));
        CentralPanel::default().frame(canvas).show(ui, |ui| self.center_ui(ui));
        self.undone = self.toasts.ui(ui.ctx()).or(self.undone);
        if self.modal_open {
            let modal = modal_ui(ui.ctx(), "gallery", "Reset the local minter", 380.0, |ui| {
                ui.label("Tokens, charges and customers of the minter go. The history stays.");
                ui.add_space(12.0);
                ui.horizontal(|ui| {
                    ui.add(QuietButton::new("Cancel")).clicked() || ui.add(QuietButton::new("Reset").danger()).clicked()
                })
                .inner
            });
            self.modal_open = !modal.should_close && !modal.inner;
        }
    }

    fn bar_ui(&mut self, ui: &mut Ui) {
        ui.horizontal_centered(|ui| {
            logo_ui(ui, 20.0);
            ui.label(egui::RichText::new("Testcard").font(theme::semibold(theme::BODY_SIZE)));
            ui.add_space(2.0);
            let targets = [(Target::Local, "Local minter"), (Target::Stripe, "Stripe API")];
            ui.add(SegmentedControl::new("Target", &mut self.target, &targets));
            ui.add_space(4.0);
            pill_ui(ui, Tone::Ok, "Serving 127.0.0.1:12111");
            pill_ui(ui, Tone::Error, "Port 12111 is taken");
            search_ui(ui, Id::unique("palette"), &mut self.search, "Search actions and test cards", "Ctrl K", 290.0);
            key_cap_ui(ui, "Ctrl F");
            ui.add(IconButton::new(icons::SUN_MOON, "Theme"));
            ui.add(IconButton::new(icons::SETTINGS, "Settings").keys("Ctrl ,"));
            ui.add(IconButton::new(icons::STAR, "Favourite").selected(true));
        });
    }

    fn form_ui(&mut self, ui: &mut Ui) {
        Panel::bottom("buttons").frame(Frame::new().inner_margin(Margin { top: 12, ..Margin::ZERO })).show(ui, |ui| {
            let row = Layout::right_to_left(Align::Center);
            ui.allocate_ui_with_layout(theme::full_width(ui, theme::CONTROL_HEIGHT), row, |ui| {
                ui.add(QuietButton::new("Batch…").tall());
                if ui.add(PrimaryButton::new("Create token").keys("Ctrl ↵")).clicked() {
                    self.clicks.push("create");
                }
            });
        });
        egui::ScrollArea::vertical().show(ui, |ui| self.fields_ui(ui));
    }

    fn fields_ui(&mut self, ui: &mut Ui) {
        egui::Sides::new().height(26.0).show(
            ui,
            |ui| ui.label(egui::RichText::new("New token").font(theme::semibold(theme::BODY_SIZE))),
            |ui| ui.add(QuietButton::new("Test cards").pill().menu()),
        );
        ui.add_space(2.0);
        ui.add(CardFace {
            brand: BrandMark::Visa,
            outcome: "Insufficient funds",
            about: "credit · US",
            number: "4000 0000 0000 9995",
            holder: &self.name,
            expires: "05/30",
            cvc_digits: self.cvc.len(),
            is_low: false,
        });
        ui.add_space(theme::FIELD_GAP - 6.0);
        ui.spacing_mut().item_spacing.y = theme::FIELD_GAP;
        Field::new("Card number")
            .mono()
            .note("Test card: charge declines with insufficient_funds")
            .brand(Some(BrandMark::Visa))
            .text(ui, TextInput::singleline(&mut self.number));
        ui.columns(2, |columns| {
            Field::new("Expiry")
                .mono()
                .message(Tone::Error, "Month must be 1–12")
                .text(&mut columns[0], TextInput::singleline(&mut self.expiry));
            Field::new("CVC").hint("3 digits").mono().text(&mut columns[1], TextInput::singleline(&mut self.cvc));
        });
        Field::new("Name on card").text(ui, TextInput::singleline(&mut self.name));
        let networks = [(0, "Automatic"), (1, "Visa"), (2, "Cartes Bancaires")];
        Field::new("Preferred network")
            .show(ui, |ui| ui.add(SegmentedControl::new("Preferred network", &mut self.network, &networks).in_form()));
        ui.spacing_mut().item_spacing.y = 0.0;
        section_ui(ui, "Billing address", "optional", &mut self.billing_open, |ui| {
            ChoiceField::new(Field::new("Country"), &mut self.country, &COUNTRIES).placeholder("US").ui(ui);
        });
        section_ui(ui, "Account card currency", "optional", &mut self.currency_open, |ui| ui.label("usd"));
    }

    fn center_ui(&mut self, ui: &mut Ui) {
        ui.spacing_mut().item_spacing.y = 10.0;
        ui.horizontal(|ui| {
            for (i, (label, count)) in
                [("All", None), ("Unused", Some(1_107)), ("Used", Some(154)), ("Failed", Some(23))]
                    .into_iter()
                    .enumerate()
            {
                let mut chip = FilterChip::new(label).selected(self.chip == i);
                if let Some(count) = count {
                    chip = chip.count(count);
                }
                if ui.add(chip).clicked() {
                    self.chip = i;
                }
            }
            ui.add(QuietButton::new("Export").menu());
        });
        ui.horizontal(|ui| {
            for status in [
                EntryStatus::Unused,
                EntryStatus::Used,
                EntryStatus::Failed,
                EntryStatus::Pending,
                EntryStatus::Interrupted,
                EntryStatus::Unknown,
            ] {
                status_badge_ui(ui, status);
                ui.add_space(6.0);
            }
        });
        ui.horizontal_wrapped(|ui| {
            for brand in BrandMark::ALL {
                brand.badge_ui(ui);
            }
        });
        outcome_rail_ui(
            ui,
            &[
                RailStep { name: "token", state: StepState::Ok, code: "created" },
                RailStep { name: "attach", state: StepState::Ok, code: "attached" },
                RailStep { name: "charge", state: StepState::Fail, code: "insufficient_funds" },
            ],
        );
        ui.scope(|ui| {
            ui.set_max_width(307.0);
            outcome_rail_ui(
                ui,
                &[
                    RailStep { name: "token", state: StepState::Fail, code: "incorrect_number" },
                    RailStep { name: "attach", state: StepState::Later, code: "not reached" },
                    RailStep { name: "charge", state: StepState::Later, code: "not reached" },
                ],
            );
        });
        let alert = InlineAlert::new(Tone::Warn, "Your account refuses raw card numbers")
            .text("Switch them on in the dashboard, or use a token that Stripe made: tok_visa_chargeDeclined.")
            .buttons(&["Use tok_visa_chargeDeclined", "Open the dashboard"])
            .ui(ui);
        self.alert_button = alert.or(self.alert_button);
        InlineAlert::new(Tone::Error, "Creating the token failed")
            .text("api.stripe.com could not be reached. Check the network, then send again.")
            .ui(ui);
        InlineAlert::new(Tone::Info, "Stripe will store invalid_preference").ui(ui);
        ui.add(PrimaryButton::new("Send anyway · expect incorrect_number").keys("Ctrl ↵").caution(true));
        ui.horizontal(|ui| {
            ui.add_enabled(false, QuietButton::new("Disabled"));
            ui.add(QuietButton::new("Delete").icon(icons::TRASH_2).danger());
            ui.add_enabled(false, PrimaryButton::new("Create token").width(140.0));
        });
        ui.columns(2, |columns| {
            Field::new("Advice")
                .message(Tone::Warn, "Without a CVC its check is unavailable")
                .text(&mut columns[0], TextInput::singleline(&mut String::new()).hint_text("CVC"));
            Field::new("Fine")
                .message(Tone::Ok, "Valid until the end of May 2030")
                .text(&mut columns[1], TextInput::singleline(&mut "05 / 30".to_owned()));
        });
        let rest = ui.available_rect_before_wrap();
        ui.scope_builder(UiBuilder::new().max_rect(rest), |ui| {
            empty_state_ui(ui, "No tokens yet", "Press Ctrl+Enter to make one with 4242");
        });
    }

    fn inspector_ui(&mut self, ui: &mut Ui) {
        ui.spacing_mut().item_spacing.y = 8.0;
        egui::Sides::new().height(20.0).shrink_left().truncate().show(
            ui,
            |ui| ui.label(egui::RichText::new("tok_1Qx7b2LkdIwHu7ix0a9ZKq3B").font(theme::mono_medium(12.0))),
            |ui| status_badge_ui(ui, EntryStatus::Unused),
        );
        ui.horizontal(|ui| {
            for label in ["Copy id", "Charge…", "Attach…", "Reuse"] {
                ui.add(QuietButton::new(label));
            }
        });
        let panes = [
            (Pane::Summary, "Summary"),
            (Pane::Response, "Response"),
            (Pane::Request, "Request"),
            (Pane::Code, "Code"),
            (Pane::Timeline, "Timeline"),
        ];
        ui.add(TabBar::new("Inspector", &mut self.pane, &panes));
        let action = JsonTree::new("Response body", &mut self.json)
            .hint(&|value| {
                let is_time = value.key().is_some_and(|name| name == "created") && value.as_i64().is_some();
                is_time.then(|| "2026-11-23 18:31:02 UTC".to_owned())
            })
            .help(&|value| {
                let is_used = value.key().is_some_and(|name| name == "used");
                is_used.then(|| "Whether something has consumed the token".to_owned())
            })
            .ui(ui);
        self.json_action = action.or(self.json_action.take());
    }
}

fn lines(document: &Value) -> JsonLines {
    JsonLines::new(JsonDocument::parse(document.to_string()).unwrap())
}

fn token_json() -> JsonLines {
    let mut json = lines(&json!({
        "id": "tok_1Qx7b2LkdIwHu7ix0a9ZKq3B",
        "object": "token",
        "card": {
            "id": "card_1Qx7b2LkdIwHu7ixEg0FqZ7x",
            "brand": "Visa",
            "country": "US",
            "cvc_check": "unchecked",
            "exp_month": 5,
            "exp_year": 2030,
            "fingerprint": "mToisGZ01V71BCos",
            "funding": "credit",
            "last4": "9995",
            "metadata": {},
            "name": null,
            "networks": { "preferred": null }
        },
        "client_ip": "127.0.0.1",
        "created": 1_795_458_662,
        "livemode": false,
        "type": "card",
        "used": false
    }));
    let networks = (0..json.line_count()).find(|line| json.pointer(*line) == "/card/networks").unwrap();
    json.toggle(networks);
    json
}

fn gallery(theme: Theme) -> Harness<'static, Gallery> {
    Harness::builder()
        .with_size([1440.0, 900.0])
        .with_theme(theme)
        .with_max_steps(12)
        .renderer(CpuRenderer::default())
        .with_context_setup(theme::install)
        .build_ui_state(|ui, gallery: &mut Gallery| gallery.ui(ui), Gallery::new())
}

/// Draws the window into the target folder, for people to look at.
fn save(harness: &mut Harness<'_, Gallery>, name: &str) {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("gallery-{name}.png"));
    let picture = harness.render().expect("the gallery is drawn");
    assert!(picture.pixels().any(|pixel| *pixel != picture[(0, 0)]), "the picture is empty");
    picture.save(path).expect("the picture is saved");
}

#[test]
fn the_gallery_is_drawn_in_both_themes() {
    for (theme, name) in [(Theme::Dark, "dark"), (Theme::Light, "light")] {
        let mut harness = gallery(theme);
        harness.run();
        harness.get_by_label("Card number").focus();
        let toasts = &mut harness.state_mut().toasts;
        toasts.push(Toast::new(Tone::Error, "Export failed: the folder is read-only"));
        toasts.push(
            Toast::new(Tone::Ok, "Token created, id copied").keys("Ctrl ⇧ C").action("copy as cURL", Undo::Delete),
        );
        harness.run();
        save(&mut harness, name);
    }
}

#[test]
fn every_control_is_found_by_its_role_and_label() {
    let mut harness = gallery(Theme::Dark);
    harness.run();
    for (role, label) in [
        (Role::RadioButton, "Local minter"),
        (Role::RadioButton, "Cartes Bancaires"),
        (Role::Tab, "Response"),
        (Role::Button, "Create token"),
        (Role::Button, "Copy id"),
        (Role::Button, "Test cards"),
        (Role::Button, "Settings"),
        (Role::Button, "Unused 1,107"),
        (Role::Button, "Serving 127.0.0.1:12111"),
        (Role::DisclosureTriangle, "Billing address"),
        (Role::SearchInput, "Search actions and test cards"),
        (Role::TextInput, "Card number"),
        (Role::TextInput, "Name on card"),
        (Role::Label, "Interrupted"),
        (Role::Label, "American Express"),
        (Role::Tree, "Response body"),
        (Role::TreeItem, "created: 1795458662, 2026-11-23 18:31:02 UTC"),
        (Role::TreeItem, "networks: object of 1"),
        (Role::Alert, "Creating the token failed"),
        (Role::Note, "Your account refuses raw card numbers"),
    ] {
        let found = harness.query_all_by_role_and_label(role, label).count();
        assert!(found > 0, "no {role:?} called {label:?}");
    }
    harness.get_by_label("Visa card, Insufficient funds, credit · US, Jenny Rosen, 05/30");
    harness.get_by_label("token works: created, attach works: attached, charge fails: insufficient_funds");
}

#[test]
fn a_segment_a_tab_and_a_chip_are_chosen_by_a_click() {
    let mut harness = gallery(Theme::Dark);
    harness.run();
    harness.get_by_role_and_label(Role::RadioButton, "Stripe API").click();
    harness.get_by_role_and_label(Role::Tab, "Code").click();
    harness.get_by_label("Failed 23").click();
    harness.run();
    let state = harness.state();
    assert_eq!((state.target, state.pane, state.chip), (Target::Stripe, Pane::Code, 3));
    let toggled = |label: &str| harness.get_by_label(label).accesskit_node().toggled();
    assert_eq!(toggled("Stripe API"), Some(Toggled::True));
    assert_eq!(toggled("Local minter"), Some(Toggled::False));
}

#[test]
fn a_button_is_pressed_by_the_keyboard() {
    let mut harness = gallery(Theme::Dark);
    harness.run();
    harness.get_by_label("Billing address").focus();
    harness.run();
    save(&mut harness, "focus");
    harness.key_press(Key::Enter);
    harness.run();
    assert!(harness.state().billing_open);
    harness.get_by_label("Country");
}

#[test]
fn a_message_under_a_field_is_part_of_its_description() {
    let mut harness = gallery(Theme::Dark);
    harness.run();
    let expiry = harness.get_by_label("Expiry");
    assert_eq!(expiry.accesskit_node().description().as_deref(), Some("Month must be 1–12"));
}

#[test]
fn a_choice_is_found_by_name_and_taken_with_enter() {
    let mut harness = gallery(Theme::Dark);
    harness.state_mut().billing_open = true;
    harness.run();
    harness.get_by_label("Country").focus();
    harness.run();
    harness.get_by_label("Country").type_text("ger");
    harness.run();
    harness.get_by_role_and_label(Role::ListBoxOption, "DE Germany");
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().country, "DE");
    assert!(harness.query_by_label("DE Germany").is_none());
}

#[test]
fn a_choice_is_taken_with_the_mouse_and_free_text_stays() {
    let mut harness = gallery(Theme::Dark);
    harness.state_mut().billing_open = true;
    harness.run();
    harness.get_by_label("Country").click();
    harness.run();
    save(&mut harness, "choice");
    harness.get_by_label("FR France").click();
    harness.run();
    assert_eq!(harness.state().country, "FR");
    harness.get_by_label("Country").type_text("OG");
    harness.run();
    harness.key_press(Key::Tab);
    harness.run();
    assert_eq!(harness.state().country, "FROG");
}

#[test]
fn an_action_in_a_toast_is_handed_over_and_the_toast_goes() {
    let mut harness = gallery(Theme::Dark);
    let toasts = &mut harness.state_mut().toasts;
    toasts.push(Toast::new(Tone::Info, "3 entries deleted").action("Undo", Undo::Delete));
    harness.run();
    harness.get_by_role_and_label(Role::Alert, "3 entries deleted");
    harness.get_by_label("Undo").click();
    harness.run();
    assert_eq!(harness.state().undone, Some(Undo::Delete));
    assert!(harness.state().toasts.is_empty());
}

#[test]
fn a_toast_leaves_by_itself_but_an_error_waits_to_be_dismissed() {
    let mut harness = gallery(Theme::Dark);
    let toasts = &mut harness.state_mut().toasts;
    toasts.push(Toast::new(Tone::Ok, "Token created"));
    toasts.push(Toast::new(Tone::Error, "Export failed"));
    harness.run_steps(30);
    assert!(harness.query_by_label("Token created").is_none());
    harness.get_by_role_and_label(Role::Alert, "Export failed");
    harness.get_by_label("Dismiss").click();
    harness.run_steps(2);
    assert!(harness.state().toasts.is_empty());
}

#[test]
fn a_modal_closes_with_escape_and_with_its_button() {
    let mut harness = gallery(Theme::Light);
    for close in ["escape", "button"] {
        harness.state_mut().modal_open = true;
        harness.run();
        harness.get_by_role_and_label(Role::Dialog, "Reset the local minter");
        if close == "escape" {
            save(&mut harness, "modal");
            harness.key_press(Key::Escape);
        } else {
            harness.get_by_label("Close the dialog").click();
        }
        harness.run();
        assert!(!harness.state().modal_open, "{close} closes the modal");
    }
}

#[test]
fn the_json_tree_folds_copies_and_is_walked_by_keys() {
    let mut harness = gallery(Theme::Dark);
    harness.run();
    harness.get_by_label("Response body").focus();
    harness.run();
    // The card is on the fourth row.
    for _ in 0..4 {
        harness.key_press(Key::ArrowDown);
        harness.run();
    }
    let selected = |harness: &Harness<'_, Gallery>| {
        let json = &harness.state().json;
        json.pointer(json.selected().expect("a line is selected"))
    };
    assert_eq!(selected(&harness), "/card");
    let rows = harness.state().json.row_count();
    harness.key_press(Key::ArrowLeft);
    harness.run();
    assert!(harness.state().json.row_count() < rows);
    harness.key_press(Key::ArrowRight);
    harness.run();
    assert_eq!(harness.state().json.row_count(), rows);
    harness.key_press(Key::ArrowDown);
    harness.run();
    harness.event(egui::Event::Copy);
    harness.run();
    let copied = JsonTreeAction::CopiedValue("/card/id".to_owned());
    assert_eq!(harness.state().json_action, Some(copied));
}

#[test]
fn a_row_of_the_json_tree_offers_to_copy_its_value_and_its_path() {
    let mut harness = gallery(Theme::Dark);
    harness.run();
    harness.get_by_label("last4: 9995").hover();
    harness.run();
    save(&mut harness, "hover");
    harness.get_by_label("Copy path").click();
    harness.run();
    let copied = JsonTreeAction::CopiedPath("/card/last4".to_owned());
    assert_eq!(harness.state().json_action, Some(copied));
}

#[test]
fn a_click_on_a_key_folds_and_a_click_beside_it_selects() {
    let mut harness = gallery(Theme::Dark);
    harness.run();
    let rows = harness.state().json.row_count();
    let row = harness.get_by_label_contains("card: object of").rect();
    let click = |harness: &mut Harness<'_, Gallery>, at| {
        harness.hover_at(at);
        harness.run();
        harness.drag_at(at);
        harness.drop_at(at);
        harness.run();
    };
    click(&mut harness, row.center() + vec2(50.0, 0.0));
    assert_eq!(harness.state().json.row_count(), rows);
    click(&mut harness, pos2(row.left() + 25.0, row.center().y));
    assert!(harness.state().json.row_count() < rows);
}

#[test]
fn a_tree_of_many_rows_draws_only_those_in_view() {
    let mut harness = gallery(Theme::Dark);
    harness.state_mut().json = lines(&Value::from((0..50_000).collect::<Vec<_>>()));
    harness.run();
    let drawn = harness.query_all_by_role(Role::TreeItem).count();
    assert!((10..80).contains(&drawn), "{drawn} rows are drawn");
    harness.get_by_label("Response body").focus();
    harness.run();
    harness.key_press_modifiers(Modifiers::NONE, Key::End);
    harness.run();
    harness.get_by_role_and_label(Role::TreeItem, "49999");
}

#[test]
fn a_window_at_rest_asks_for_no_repaint() {
    let mut harness = gallery(Theme::Dark);
    harness.run();
    harness.step();
    let output = &harness.output().viewport_output[&egui::ViewportId::ROOT];
    assert_eq!(output.repaint_delay, std::time::Duration::MAX);
}

#[test]
fn all_cards_are_drawn() {
    let mut harness = Harness::builder()
        .with_size([660.0, 1148.0])
        .with_theme(Theme::Dark)
        .with_pixels_per_point(2.0)
        .renderer(CpuRenderer::default())
        .with_context_setup(theme::install)
        .build_ui(|ui| {
            Frame::new().fill(DesignTokens::of(ui).panel).inner_margin(Margin::same(16)).show(ui, |ui| {
                for (i, brand) in BrandMark::ALL.into_iter().enumerate() {
                    let (row, column) = (i / 2, i % 2);
                    let at = pos2(16.0 + 320.0 * column as f32, 16.0 + 188.0 * row as f32);
                    let number = match i {
                        0 => dotted_number("42424", &[4, 4, 4, 4]),
                        6 => dotted_number("6205500000000000004", &[4, 4, 4, 4, 3]),
                        _ => dotted_number("378282246310005", &[4, 6, 5]),
                    };
                    let card = CardFace {
                        brand,
                        outcome: if i == 9 { "" } else { "Always blocked, highest risk level of all" },
                        about: "credit · US",
                        number: &number,
                        holder: "Wolfeschlegelsteinhausenbergerdorff",
                        expires: "05/30",
                        cvc_digits: i % 5,
                        is_low: false,
                    };
                    let rect = Rect::from_min_size(at, vec2(307.0, 176.0));
                    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| ui.add(card));
                }
            });
        });
    harness.run();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery-cards.png");
    harness.render().expect("the cards are drawn").save(path).expect("the picture is saved");
}
