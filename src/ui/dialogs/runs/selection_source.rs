//! The list of a new run as entries of the history that are made again, as far as they are kept.

use egui::{Label, RichText, ScrollArea, Ui};

use crate::{
    domain::{
        foreign,
        plural::plural,
        run::{entry_rows::EntryRows, list::ListPart},
    },
    messages::{JobFailure, JobId},
    ui::{
        theme::{self, DesignTokens},
        widgets::{InlineAlert, Tone, chip::grouped, scroll_ui},
        words,
    },
};

/// How far the entries are read.
#[derive(Debug, Default)]
enum GatherStage {
    /// None was chosen.
    #[default]
    Nothing,
    Reading(JobId),
    Read(EntryRows),
    Failed(String),
}

/// The entries that were chosen to be made again.
#[derive(Debug, Default)]
pub(super) struct SelectionSource {
    /// How many were chosen.
    entries: usize,
    stage: GatherStage,
}

impl SelectionSource {
    /// Takes notice that so many entries are read.
    pub(super) fn begin(&mut self, job: JobId, entries: usize) {
        (self.entries, self.stage) = (entries, GatherStage::Reading(job));
    }

    /// Takes what was read; whether it is what was asked for last.
    pub(super) fn take(&mut self, job: JobId, rows: Result<EntryRows, JobFailure>) -> bool {
        if !matches!(self.stage, GatherStage::Reading(asked) if asked == job) {
            return false;
        }
        self.stage = match rows {
            Ok(rows) => GatherStage::Read(rows),
            Err(JobFailure::Cancelled) => GatherStage::Failed("It was stopped before all entries were read".to_owned()),
            Err(JobFailure::Failed(message)) => GatherStage::Failed(message),
        };
        true
    }

    /// The rows, once there is one.
    pub(super) fn part(&self) -> Option<ListPart> {
        match &self.stage {
            GatherStage::Read(rows) if !rows.rows.is_empty() => Some(ListPart::Rows(rows.rows.clone())),
            _ => None,
        }
    }

    pub(super) fn is_reading(&self) -> bool {
        matches!(self.stage, GatherStage::Reading(_))
    }

    /// What the list is made of, in words.
    pub(super) fn words(&self) -> String {
        format!("{} of the history", words::entries(self.entries as u64))
    }

    pub(super) fn ui(&self, ui: &mut Ui) {
        let t = DesignTokens::of(ui);
        let sentence = match &self.stage {
            GatherStage::Nothing => {
                "Select entries in the history, and choose Run the selected again… in their menu or in the bar above them"
                    .to_owned()
            }
            GatherStage::Reading(_) => format!("Reading {}…", words::entries(self.entries as u64)),
            GatherStage::Failed(message) => {
                InlineAlert::new(Tone::Error, "The entries could not be read").text(message).ui(ui);
                return;
            }
            GatherStage::Read(rows) => {
                let (again, all) = (rows.rows.len() as u64, words::entries(self.entries as u64));
                let are = plural(again, "is", "are");
                format!("{} of {all} {are} made again, with tags, notes and expectations", grouped(again))
            }
        };
        ui.add(Label::new(RichText::new(sentence).size(theme::SMALL_SIZE).color(t.subdued)).wrap());
        if let GatherStage::Read(rows) = &self.stage
            && !rows.left_out.is_empty()
        {
            left_out_ui(ui, rows);
        }
    }
}

/// The entries that cannot be made again, each with the reason.
fn left_out_ui(ui: &mut Ui, rows: &EntryRows) {
    /// So many are named.
    const MOST: usize = 200;
    let t = DesignTokens::of(ui);
    let title = format!("{} left out", words::entries(rows.left_out.len() as u64));
    let text =
        "What may not be kept is known to nobody any more. Put such cards into a file, with their numbers and codes";
    InlineAlert::new(Tone::Warn, &title).text(text).ui(ui);
    let area = ScrollArea::vertical().max_height(120.0).id_salt("left out");
    scroll_ui(ui, "what is left out", area, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        let mut lines: Vec<String> = rows.left_out[..rows.left_out.len().min(MOST)]
            .iter()
            .map(|left_out| format!("{}: {}", left_out.card, left_out.reason))
            .collect();
        if rows.left_out.len() > MOST {
            lines.push(format!("and {} more", grouped((rows.left_out.len() - MOST) as u64)));
        }
        for line in lines {
            let text = RichText::new(foreign::label(&line)).size(theme::SMALL_SIZE).color(t.subdued);
            ui.add(Label::new(text).wrap());
        }
    });
}
