//! Calls that other tools wrote down, as presets of a person's own.

use super::library::PresetLibrary;
use crate::domain::{
    call::params::Params,
    form::{draft::Draft, kept_draft::KeptDraft},
    mask,
};

/// Nobody finds a preset among more: the most calls that become presets at once.
pub const MOST_TAKEN: usize = 1000;
/// The name of a preset whose call has none.
const NAMELESS: &str = "Imported call";

/// A call that makes a token.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundCall {
    /// What the file calls it; empty where it has no name.
    pub name: String,
    pub params: Params,
    /// Parameters whose values the file does not have.
    pub lost: Vec<String>,
}

/// What a file of calls holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundCalls {
    pub calls: Vec<FoundCall>,
    /// The calls that are left, each as a sentence without a full stop: which one, and why. Masked.
    pub left: Vec<String>,
}

/// A preset that was made of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadePreset {
    pub name: String,
    /// What of the call may not be kept, in words: "the card number, which …".
    pub left_out: Vec<String>,
}

/// What came of calls that were to become presets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MadePresets {
    pub made: Vec<MadePreset>,
    /// How many calls were presets already.
    pub same: usize,
}

impl FoundCall {
    /// The call as the form has it.
    pub fn draft(&self) -> Draft {
        Draft::of_params(self.params.clone())
    }

    /// What a preset keeps of the call, and in words what it does not.
    pub fn kept(&self) -> (KeptDraft, Vec<String>) {
        let (kept, mut left_out) = KeptDraft::of(&self.draft());
        left_out.extend(self.lost.iter().map(|name| format!("{}, which the file does not have", mask::text(name))));
        (kept, left_out)
    }

    /// What the call is called where its file gives it no name.
    pub fn shown_name(&self) -> String {
        mask::text(if self.name.trim().is_empty() { NAMELESS } else { self.name.trim() })
    }
}

impl PresetLibrary {
    /// Makes a preset of each call that is none yet, as of `now_secs` in Unix seconds. A name that is taken gets a number
    /// behind it.
    pub fn take_calls(&mut self, calls: &[FoundCall], now_secs: i64) -> MadePresets {
        let mut taken = MadePresets::default();
        for call in calls {
            let (kept, left_out) = call.kept();
            if self.own.iter().any(|own| own.draft == kept) {
                taken.same += 1;
                continue;
            }
            let name = self.free_name(call.shown_name());
            self.save(&name, &call.draft(), None, now_secs);
            taken.made.push(MadePreset { name, left_out });
        }
        taken
    }

    /// The name, with a number behind it where another preset has it.
    fn free_name(&self, name: String) -> String {
        let is_taken = |name: &str| self.own.iter().any(|own| own.name == name);
        if !is_taken(&name) {
            return name;
        }
        let most = self.own.len() + 2;
        (2..=most).map(|nth| format!("{name} {nth}")).find(|name| !is_taken(name)).unwrap_or(name)
    }
}
