//! The commands of the palette: a row for each shortcut, and rows for actions without one.

use crate::{
    domain::{
        call::api::Target,
        history::entry::EntryId,
        presets::search::SearchWords,
        settings::preferences::{Settings, ThemeChoice},
    },
    messages::{JobRequest, RefreshScope, ServerInfo},
    ui::{
        Action, PresetAction,
        shortcuts::{KEY_BINDINGS, KeyBinding, KeyGroup, Shortcut},
        words,
    },
};

/// An action as the palette lists it.
#[derive(Debug)]
pub struct PaletteCommand {
    pub name: String,
    /// A quiet line beside the name: what the action is about, or what comes of it.
    pub about: String,
    /// The keys that do it too: "Ctrl+K"; empty without.
    pub keys: &'static str,
    pub action: Action,
    pub words: SearchWords,
}

impl PaletteCommand {
    fn new(name: impl Into<String>, about: impl Into<String>, action: Action) -> Self {
        let (name, about) = (name.into(), about.into());
        let words = SearchWords::new(&name, &about);
        Self { name, about, keys: "", action, words }
    }

    fn keys(self, shortcut: Shortcut) -> Self {
        Self { keys: shortcut.keys(), ..self }
    }
}

/// What decides which commands there are.
#[derive(Clone, Copy, Debug)]
pub struct CommandContext<'a> {
    pub settings: &'a Settings,
    pub server: &'a ServerInfo,
    /// Whether something is expected of the draft.
    pub expects: bool,
    /// The entries that are selected in the history, oldest first.
    pub selected: &'a [EntryId],
}

/// Every command that can be carried out now.
pub fn commands(about: &CommandContext<'_>) -> Vec<PaletteCommand> {
    let settings = about.settings;
    let is_of = |group: KeyGroup| move |binding: &&KeyBinding| binding.group == group;
    let of_keys = KeyGroup::ALL.into_iter().flat_map(|group| KEY_BINDINGS.iter().filter(is_of(group)));
    let mut all: Vec<PaletteCommand> = of_keys
        .filter(|binding| !matches!(binding.shortcut, Shortcut::Palette | Shortcut::SwitchTarget))
        .map(|binding| {
            let command = PaletteCommand::new(binding.name, binding.group.label(), Action::Do(binding.shortcut));
            command.keys(binding.shortcut)
        })
        .collect();
    let target = settings.target();
    all.push(PaletteCommand::new(
        "Save the form as a preset…",
        "New token · kept with what is expected, without secrets",
        Action::Preset(PresetAction::OpenSave),
    ));
    let about_paste = "New token · a call of curl goes into the form";
    all.push(PaletteCommand::new("Paste a call from the clipboard", about_paste, Action::PasteCall));
    if about.expects {
        let about = "New token · nothing is judged then";
        all.push(PaletteCommand::new("Drop the expectation", about, Action::DropExpectation));
    }
    let (name, about_target, other) = match target {
        Target::Local => ("Switch to Stripe API", "Window · test mode, over the network", Target::Stripe),
        Target::Stripe => ("Switch to the local minter", "Window · answers on this machine", Target::Local),
    };
    all.push(PaletteCommand::new(name, about_target, Action::SetTarget(other)).keys(Shortcut::SwitchTarget));
    let active = settings.profiles.active().id;
    for profile in settings.profiles.iter().filter(|profile| profile.id != active) {
        let name = format!("Use profile {}", profile.name);
        all.push(PaletteCommand::new(name, profile.place(), Action::SetProfile(profile.id)));
    }
    for (theme, name, about) in [
        (ThemeChoice::Dark, "Dark theme", "Window · colours"),
        (ThemeChoice::Light, "Light theme", "Window · colours"),
        (ThemeChoice::System, "System theme", "Window · dark or light, as the desktop is"),
    ] {
        if settings.window.theme != theme {
            all.push(PaletteCommand::new(name, about, Action::SetTheme(theme)));
        }
    }
    let refresh = "History · asks the target which tokens were used";
    all.push(PaletteCommand::new(
        "Refresh all unused tokens",
        refresh,
        Action::Run(JobRequest::Refresh(RefreshScope::AllUnused(target))),
    ));
    if !about.selected.is_empty() {
        let words =
            format!("History · {} as a run, with a verdict for each", words::entries(about.selected.len() as u64));
        let action = Action::OpenRunOf(about.selected.to_vec());
        all.push(PaletteCommand::new("Run the selected entries again…", words, action));
    }
    let keep = "History · keep the last entries or days, and give the disk its space back";
    all.push(PaletteCommand::new("Remove old entries…", keep, Action::OpenKeep));
    let port = settings.server.port;
    all.push(match about.server {
        ServerInfo::On { .. } => {
            PaletteCommand::new("Stop the loopback server", "Server · clients get no answer then", Action::Serve(None))
        }
        ServerInfo::Off | ServerInfo::Failed { .. } => PaletteCommand::new(
            "Start the loopback server",
            format!("Server · the minter on 127.0.0.1:{port}"),
            Action::Serve(Some(port)),
        ),
    });
    let reset = "Server · drops its objects and keys; the history stays";
    all.push(PaletteCommand::new("Reset the minter", reset, Action::ResetMinter));
    all
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_key_of_the_window_is_there_and_no_two_actions_are_called_alike() {
        let settings = Settings::default();
        let (server, selected) = (ServerInfo::Off, [EntryId(1)]);
        let all =
            commands(&CommandContext { settings: &settings, server: &server, expects: true, selected: &selected });
        let names: HashSet<&str> = all.iter().map(|command| command.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for binding in KEY_BINDINGS.iter().filter(|binding| binding.shortcut != Shortcut::Palette) {
            assert!(all.iter().any(|command| command.keys == binding.written()), "{}", binding.name);
        }
    }
}
