//! What a frame of the form costs, counted and not timed: a form at rest works nothing out, whatever it holds.

use std::{mem, sync::LazyLock};

use allocation_counter::AllocationInfo;
use egui::{
    Context, Event, FullOutput, Role,
    accesskit::{Action as Wish, ActionRequest, NodeId, TreeId},
    pos2, vec2,
};
use jiff::Timestamp;
use testcard::{
    domain::{
        call::api::Target,
        form::{
            defaults::FormDefaults,
            draft::{BillingAddress, Draft},
        },
        rules::policies::AccountPolicies,
    },
    ui::form::{FormContext, FormState, form_ui},
};

use crate::support::pane::{context, frame_input};

static DEFAULTS: LazyLock<FormDefaults> = LazyLock::new(FormDefaults::default);

/// The form without anything else.
struct FormPane {
    ctx: Context,
    form: FormState,
    frames: u32,
}

impl FormPane {
    /// A form with this draft, its sections of further fields open as they are for it.
    fn of(draft: Draft) -> Self {
        let ctx = context();
        let mut form = FormState::default();
        form.take(draft);
        let mut pane = Self { ctx, form, frames: 0 };
        pane.settle();
        pane
    }

    fn frame(&mut self, events: Vec<Event>) -> FullOutput {
        self.frames += 1;
        let input = frame_input(vec2(360.0, 1900.0), self.frames, events);
        let context = FormContext {
            now: Timestamp::from_second(1_900_000_000).unwrap(),
            target: Target::Local,
            policies: AccountPolicies::default(),
            moves_on: true,
            defaults: &DEFAULTS,
            is_blocked: false,
            quick: &[],
        };
        let mut actions = Vec::new();
        let form = &mut self.form;
        let mut output = self.ctx.run_ui(input, |ui| form_ui(ui, form, &context, &mut actions));
        output.textures_delta.clear();
        output
    }

    fn settle(&mut self) {
        for _ in 0..30 {
            self.frame(Vec::new());
        }
    }

    /// Presses a section's row, so that its fields are folded away or come into sight.
    fn turn(&mut self, section: &str) {
        let nodes = self.frame(Vec::new()).platform_output.accesskit_update.unwrap().nodes;
        let is_row = |role: Role, label: Option<&str>| role == Role::DisclosureTriangle && label == Some(section);
        let row: NodeId = nodes.iter().find(|(_, node)| is_row(node.role(), node.label())).expect("a section").0;
        self.frame(vec![Event::AccessKitActionRequest(ActionRequest {
            action: Wish::Click,
            target_tree: TreeId::ROOT,
            target_node: row,
            data: None,
        })]);
        self.settle();
    }

    /// What a frame allocates in which nothing happens, and one in which the pointer goes over the fields.
    fn cost(&mut self) -> [AllocationInfo; 2] {
        self.frame(vec![Event::PointerMoved(pos2(180.0, 700.0))]);
        self.settle();
        let rest = allocation_counter::measure(|| mem::drop(self.frame(Vec::new())));
        // Over the card, where nothing lights up: what is counted is the form and not a tooltip.
        self.frame(vec![Event::PointerMoved(pos2(100.0, 150.0))]);
        let moving = allocation_counter::measure(|| {
            mem::drop(self.frame(vec![Event::PointerMoved(pos2(101.0, 151.0))]));
        });
        [rest, moving]
    }
}

fn card() -> Draft {
    Draft { number: "4000000000000002".into(), expiry: "1234".to_owned(), cvc: "123".into(), ..Draft::default() }
}

/// The same card with everything that a folded section can hold.
fn card_and_address() -> Draft {
    let long = || "Lorem ipsum ".repeat(40);
    let address =
        BillingAddress { line1: long(), line2: long(), city: long(), state: long(), zip: long(), country: long() };
    Draft { address, currency: "usd".to_owned(), ..card() }
}

#[test]
fn a_form_at_rest_copies_nothing_of_what_it_holds() {
    let mut few = FormPane::of(card());
    let mut many = FormPane::of(card_and_address());
    for section in ["Billing address", "Account card currency"] {
        many.turn(section);
    }
    for (few, many) in few.cost().into_iter().zip(many.cost()) {
        assert!(few.count_total > 0, "the counting counts");
        assert_eq!((few.count_total, few.bytes_total), (many.count_total, many.bytes_total));
    }
}

/// Most of what is left is the toolkit's: each text is laid out anew, and each control has a node for a screen reader.
#[test]
fn a_form_at_rest_works_nothing_out() {
    let mut folded = FormPane::of(card());
    let mut open = FormPane::of(card_and_address());
    open.turn("Raw parameters");
    for (pane, most) in [(&mut folded, 650), (&mut open, 2_050)] {
        for cost in pane.cost() {
            assert!(cost.count_total <= most, "{} allocations, {most} at most", cost.count_total);
        }
    }
}
