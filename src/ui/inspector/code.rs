//! The code of a call: what a developer runs to make it again, in their language.

use std::ops::Range;

use egui::{
    ComboBox, Event, EventFilter, Frame, Key, Label, Modifiers, Rangef, Response, RichText, Role, ScrollArea, Sense,
    Stroke, StrokeKind, Ui, WidgetInfo,
    text::{LayoutJob, TextFormat},
    vec2,
};

use crate::{
    domain::{
        call::api::Target,
        foreign,
        settings::{preferences::DEFAULT_PORT, stripe::BaseUrl},
    },
    messages::ServerInfo,
    model::Revision,
    snippets::{
        self, KeptCall, SnippetLanguage,
        highlight::{self, SyntaxKind},
    },
    ui::{
        action::Action,
        icons,
        shortcuts::{LocalKey, Shortcut},
        theme::{self, DesignTokens},
        widgets::{QuietButton, SegmentedControl, Tone, name_bars, paint},
    },
};

/// Longer lines are cut on the screen; copying gives them whole.
const MOST_CHARS: usize = 2000;

/// The state of the code's view.
#[derive(Debug, Default)]
pub struct CodeState {
    pub language: SnippetLanguage,
    /// Whom the code calls; `None` until the user chooses, and then whoever answered the call is called.
    pub callee: Option<Target>,
    /// The snippet that is shown: it is written anew only when something that it is written from has changed.
    written: Option<WrittenSnippet>,
}

/// What the code is drawn with.
#[derive(Clone, Copy, Debug)]
pub struct CodeContext<'a> {
    pub server: &'a ServerInfo,
    /// The port that the server would listen on.
    pub port: u16,
    /// Where the profile of the entry has the real API, if not at Stripe's own address.
    pub stripe: Option<&'a BaseUrl>,
}

/// An owned copy of what code needs of a [`CodeContext`], to tell in a later frame whether it is still the same. The
/// server's control token is no part of it.
#[derive(Clone, Debug)]
struct KeptContext {
    address: Option<String>,
    port: u16,
    stripe: Option<BaseUrl>,
}

impl PartialEq<CodeContext<'_>> for KeptContext {
    fn eq(&self, context: &CodeContext<'_>) -> bool {
        let address = self.address.as_deref();
        address == context.address() && self.port == context.port && self.stripe.as_ref() == context.stripe
    }
}

impl<'a> CodeContext<'a> {
    fn to_kept(self) -> KeptContext {
        let address = self.address().map(str::to_owned);
        KeptContext { address, port: self.port, stripe: self.stripe.cloned() }
    }

    /// The address of the server while it runs.
    fn address(&self) -> Option<&'a str> {
        match self.server {
            ServerInfo::On { address, .. } => Some(address),
            ServerInfo::Off | ServerInfo::Failed { .. } => None,
        }
    }

    fn is_serving(&self) -> bool {
        self.address().is_some()
    }

    /// The port that the server would listen on. With 0 the system chooses one at the start, so the default stands for
    /// it.
    fn port(&self) -> u16 {
        if self.port == 0 { DEFAULT_PORT } else { self.port }
    }

    /// The address to call, if it is not Stripe's own.
    fn base_of(&self, callee: Target) -> Option<BaseUrl> {
        match callee {
            Target::Local => self.base(),
            Target::Stripe => self.stripe.cloned(),
        }
    }

    /// The address of the local server, or the one that it would have.
    fn base(&self) -> Option<BaseUrl> {
        let base = match self.address() {
            Some(address) => format!("http://{address}"),
            None => format!("http://127.0.0.1:{}", self.port()),
        };
        BaseUrl::parse(&base).ok()
    }
}

/// The call that the code makes.
#[derive(Clone, Copy, Debug)]
pub struct CodeSource<'a> {
    /// The revision of what was loaded, which the call is a part of.
    pub revision: Revision,
    pub call: KeptCall<'a>,
    /// Who answered the call.
    pub target: Target,
}

/// A snippet, the parts of its lines, and all that it was written from.
#[derive(Debug)]
struct WrittenSnippet {
    revision: Revision,
    language: SnippetLanguage,
    callee: Target,
    context: KeptContext,
    text: String,
    lines: Vec<SnippetLine>,
}

/// A line of the text: where it is, and its parts within it.
#[derive(Debug)]
struct SnippetLine {
    place: Range<usize>,
    parts: Vec<(Range<usize>, SyntaxKind)>,
}

impl WrittenSnippet {
    fn new(source: &CodeSource<'_>, language: SnippetLanguage, callee: Target, context: &CodeContext<'_>) -> Self {
        let text = snippets::snippet(source.call, language, context.base_of(callee).as_ref());
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.lines() {
            let shown = line.char_indices().nth(MOST_CHARS).map_or(line, |(end, _)| &line[..end]);
            lines.push(SnippetLine { place: start..start + shown.len(), parts: highlight::parts(shown, language) });
            start += line.len() + 1;
        }
        Self { revision: source.revision, language, callee, context: context.to_kept(), text, lines }
    }
}

/// What the keys of the focused code ask for.
#[derive(Clone, Copy)]
enum KeyCommand {
    /// Scroll so far, in points.
    Scroll(f32, f32),
    CopyAll,
}

/// Draws the code of a call.
pub(super) fn code_ui(
    ui: &mut Ui,
    state: &mut CodeState,
    source: &CodeSource<'_>,
    context: &CodeContext<'_>,
    actions: &mut Vec<Action>,
) {
    let mut callee = state.callee.unwrap_or(source.target);
    let asked_to_copy = choices_ui(ui, state, &mut callee);
    if callee == Target::Local && !context.is_serving() {
        not_serving_ui(ui, context, actions);
    }
    let language = state.language;
    let is_current = |written: &WrittenSnippet| {
        (written.revision, written.language, written.callee) == (source.revision, language, callee)
            && written.context == *context
    };
    if !state.written.as_ref().is_some_and(is_current) {
        state.written = Some(WrittenSnippet::new(source, language, callee, context));
    }
    let Some(written) = &state.written else { return };
    if lines_ui(ui, written) || asked_to_copy {
        let what = format!("{} code", language.label());
        actions.push(Action::Copy { text: written.text.clone(), what });
    }
}

/// The language, whom the code calls, and the button that copies; `true` when it was clicked.
fn choices_ui(ui: &mut Ui, state: &mut CodeState, callee: &mut Target) -> bool {
    /// The width that all three take beside each other, in points.
    const ONE_ROW: f32 = 372.0;
    let is_one_row = ui.available_width() >= ONE_ROW;
    let shown = state.language;
    let (chosen, asked_to_copy) = egui::Sides::new().height(theme::BUTTON_HEIGHT).show(
        ui,
        |ui| {
            languages_ui(ui, &mut state.language);
            is_one_row && callees_ui(ui, callee, false)
        },
        |ui| {
            let button = ui.add(QuietButton::new("Copy").icon(icons::COPY));
            let words = match shown {
                SnippetLanguage::Curl => Shortcut::CopyCurl.tip("Copy the code"),
                _ => format!(
                    "Copy the code ({} while it has the focus; {} copies it as cURL)",
                    LocalKey::Copy.keys(),
                    Shortcut::CopyCurl.keys()
                ),
            };
            button.on_hover_text(words).clicked()
        },
    );
    if chosen || !is_one_row && callees_ui(ui, callee, true) {
        state.callee = Some(*callee);
    }
    asked_to_copy
}

fn languages_ui(ui: &mut Ui, language: &mut SnippetLanguage) {
    let combo = ComboBox::from_id_salt("language").width(104.0).height(400.0).icon(paint::combo_chevron);
    let shown = combo.selected_text(language.label()).show_ui(ui, |ui| {
        let t = DesignTokens::of(ui);
        ui.visuals_mut().selection.bg_fill = t.selection;
        ui.visuals_mut().selection.stroke.color = t.text;
        for other in SnippetLanguage::ALL {
            if ui.selectable_value(language, other, other.label()).clicked() {
                ui.close();
            }
        }
    });
    ui.accesskit_node_builder(shown.response.id, |node| node.set_label("Language"));
}

/// Draws the choice of whom the code calls; `true` when another was chosen.
fn callees_ui(ui: &mut Ui, callee: &mut Target, fills_width: bool) -> bool {
    let callees = [(Target::Stripe, "Stripe"), (Target::Local, "Local server")];
    let control = SegmentedControl::new("The code calls", callee, &callees);
    ui.add(if fills_width { control.in_form() } else { control }).changed()
}

fn not_serving_ui(ui: &mut Ui, context: &CodeContext<'_>, actions: &mut Vec<Action>) {
    let t = DesignTokens::of(ui);
    egui::Sides::new().height(theme::CHIP_HEIGHT).shrink_left().truncate().show(
        ui,
        |ui| {
            paint::icon_ui(ui, Tone::Info.icon(), icons::SIZE, Tone::Info.color(t));
            let words = format!("Not running yet: it will listen on port {}", context.port());
            ui.add(Label::new(RichText::new(words).size(theme::SMALL_SIZE).color(t.subdued)).truncate());
        },
        |ui| {
            let button = ui.add(QuietButton::new("Switch on…").pill());
            if button.on_hover_text(Shortcut::Server.tip("Switch the local server on")).clicked() {
                actions.push(Action::Do(Shortcut::Server));
            }
        },
    );
}

/// The code itself, of which only the lines in view are drawn; `true` when a key asked to copy it.
fn lines_ui(ui: &mut Ui, written: &WrittenSnippet) -> bool {
    let t = DesignTokens::of(ui);
    let mut copies = false;
    Frame::new().fill(t.input).corner_radius(theme::RADIUS).stroke(t.hairline()).inner_margin(1).show(ui, |ui| {
        let id = ui.make_persistent_id("code");
        let rect = ui.available_rect_before_wrap();
        let whole = ui.interact(rect, id, Sense::focusable_noninteractive());
        let name = format!("{} code", written.language.label());
        whole.widget_info(|| WidgetInfo::labeled(Role::Code, ui.is_enabled(), &name));
        let command = keys(ui, &whole);
        copies = matches!(command, Some(KeyCommand::CopyAll));
        ui.spacing_mut().item_spacing.y = 0.0;
        // Every line is exactly as high as a row, as the list of rows expects.
        ui.spacing_mut().interact_size.y = theme::CODE_ROW_HEIGHT;
        let shown = ScrollArea::both().id_salt("code").auto_shrink(false).content_margin(10.0).show_rows(
            ui,
            theme::CODE_ROW_HEIGHT,
            written.lines.len(),
            |ui, rows| {
                if let Some(KeyCommand::Scroll(x, y)) = command {
                    ui.scroll_with_delta(vec2(x, y));
                }
                for row in rows {
                    line_ui(ui, t, written, row);
                }
            },
        );
        name_bars(ui, "the code", &shown);
        if whole.has_focus() {
            let ring = Stroke::new(1.5, t.accent);
            ui.painter().rect_stroke(rect, theme::RADIUS, ring, StrokeKind::Inside);
        }
    });
    copies
}

fn line_ui(ui: &mut Ui, t: &DesignTokens, written: &WrittenSnippet, row: usize) {
    let SnippetLine { place, parts } = &written.lines[row];
    let text = &written.text[place.clone()];
    let mut job = LayoutJob::default();
    job.wrap.max_width = f32::INFINITY;
    for (range, part) in parts {
        let color = match part {
            SyntaxKind::Plain => t.json_punctuation,
            SyntaxKind::Comment => t.json_hint,
            SyntaxKind::Text => t.json_string,
            SyntaxKind::Number => t.json_number,
            SyntaxKind::Keyword => t.json_key,
        };
        // Signs that act are shown as escapes; copying gives them as they are.
        job.append(
            &foreign::block(&text[range.clone()]),
            0.0,
            TextFormat::simple(theme::mono(theme::MONO_SIZE), color),
        );
    }
    ui.horizontal(|ui| {
        ui.set_height(theme::CODE_ROW_HEIGHT);
        ui.add(Label::new(job).selectable(true).extend());
    });
}

/// The keys of focused code.
fn keys(ui: &Ui, whole: &Response) -> Option<KeyCommand> {
    if !whole.has_focus() {
        return None;
    }
    let filter = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(whole.id, filter));
    let Rangef { min, max } = whole.rect.y_range();
    let (step, page, far) = (theme::CODE_ROW_HEIGHT, max - min - theme::CODE_ROW_HEIGHT, 1e6);
    ui.input_mut(|input| {
        let moves = [
            (Key::ArrowDown, 0.0, -step),
            (Key::ArrowUp, 0.0, step),
            (Key::ArrowRight, -step, 0.0),
            (Key::ArrowLeft, step, 0.0),
            (Key::PageDown, 0.0, -page),
            (Key::PageUp, 0.0, page),
            (Key::Home, far, far),
            (Key::End, 0.0, -far),
        ];
        if let Some((_, x, y)) = moves.into_iter().find(|(key, ..)| input.consume_key(Modifiers::NONE, *key)) {
            return Some(KeyCommand::Scroll(x, y));
        }
        let copy = input.events.iter().position(|event| matches!(event, Event::Copy))?;
        input.events.remove(copy);
        Some(KeyCommand::CopyAll)
    })
}

/// The call as a cURL command to whoever answered it, for the key that copies it from any tab.
pub fn as_curl(call: KeptCall<'_>, target: Target, context: &CodeContext<'_>) -> String {
    let base = context.base_of(target);
    snippets::snippet(call, SnippetLanguage::Curl, base.as_ref())
}

#[cfg(test)]
mod tests {
    use egui::{Context, RawInput};

    use super::*;
    use crate::domain::call::api::ApiRequest;

    /// Draws a frame; where the text lies in memory tells whether it was written anew.
    fn frame(ctx: &Context, state: &mut CodeState, revision: u64, server: &ServerInfo) -> *const u8 {
        let request = ApiRequest::retrieve_token("tok_1").masked();
        let source = CodeSource { revision: Revision(revision), call: (&request).into(), target: Target::Local };
        let context = CodeContext { server, port: 0, stripe: None };
        let mut output = ctx.run_ui(RawInput::default(), |ui| {
            code_ui(ui, state, &source, &context, &mut Vec::new());
        });
        output.textures_delta.clear();
        state.written.as_ref().unwrap().text.as_ptr()
    }

    #[test]
    fn code_is_written_anew_only_when_it_is_another() {
        let ctx = Context::default();
        theme::install(&ctx);
        let mut state = CodeState::default();
        let on = ServerInfo::On { address: "127.0.0.1:1".to_owned(), control_token: "the control token".to_owned() };
        let mut kept = frame(&ctx, &mut state, 1, &ServerInfo::Off);
        assert_eq!(kept, frame(&ctx, &mut state, 1, &ServerInfo::Off));
        let mut check = |state: &mut CodeState, revision: u64, server: &ServerInfo| {
            let now = frame(&ctx, state, revision, server);
            // The old text is dropped only when the new one is there.
            assert_ne!(kept, now);
            assert_eq!(now, frame(&ctx, state, revision, server));
            kept = now;
        };
        check(&mut state, 2, &ServerInfo::Off);
        check(&mut state, 2, &on);
        state.language = SnippetLanguage::Go;
        check(&mut state, 2, &on);
        state.callee = Some(Target::Stripe);
        check(&mut state, 2, &on);
    }
}
