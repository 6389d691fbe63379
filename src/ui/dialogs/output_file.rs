//! A file that is to be written in one of several formats: its path as it is typed, its ending, and what is asked before
//! another file is replaced.

use std::path::PathBuf;

use egui::{Id, Key, Ui};

use crate::{
    domain::typed_path::{PathBase, PathFault, names_folder, typed_path},
    messages::{ExportFailure, JobId},
    ui::{
        icons, theme,
        widgets::{Field, InlineAlert, QuietButton, SegmentedControl, TextInput, Tone, caret::lead_to},
    },
};

/// The formats that there are to choose from, with what they are called and how their files end.
pub type OutputFormats<F> = &'static [(F, &'static str, &'static str)];

/// The file as it is typed.
#[derive(Debug)]
pub struct OutputFile<F: 'static> {
    /// What is written: "report". It names the fields.
    what: &'static str,
    formats: OutputFormats<F>,
    format: F,
    path: String,
    base: PathBase,
    /// The name of the file without its ending.
    stem: String,
    /// The file that is there already, and may be replaced or not.
    asks_about: Option<PathBuf>,
    /// What is being written.
    job: Option<JobId>,
    problem: Option<String>,
    is_started: bool,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputWish<F> {
    Write {
        format: F,
        path: PathBuf,
        overwrite: bool,
    },
    /// To give it up.
    Leave,
}

impl<F: Copy + PartialEq> OutputFile<F> {
    /// Offers a file in the folder of `base`, in the first of the formats. `stem` is made of what a person typed: no sign in
    /// it leads to another folder.
    pub fn new(what: &'static str, formats: OutputFormats<F>, base: PathBase, stem: &str) -> Self {
        let is_plain = |sign: char| sign.is_alphanumeric() || sign == '-' || sign == '_';
        let stem: String = stem.chars().map(|sign| if is_plain(sign) { sign } else { '-' }).collect();
        let (format, _, ending) = formats[0];
        let path = base.folder.join(format!("{stem}.{ending}")).to_string_lossy().into_owned();
        Self { what, formats, format, path, base, stem, asks_about: None, job: None, problem: None, is_started: false }
    }

    /// Takes notice that it is being written.
    pub fn begun(&mut self, job: JobId) {
        self.job = Some(job);
    }

    /// What is being written.
    pub fn job(&self) -> Option<JobId> {
        self.job
    }

    /// Takes notice that nothing was written.
    pub fn end(&mut self, failure: ExportFailure) {
        self.job = None;
        match failure {
            ExportFailure::Exists { path, .. } => self.asks_about = Some(path),
            other => self.problem = words_of(other),
        }
    }

    fn ending(&self, format: F) -> &'static str {
        self.formats.iter().find(|(known, ..)| *known == format).map_or("", |(.., ending)| ending)
    }

    /// Another format has another ending, where the file has the ending of the format before.
    fn set_format(&mut self, before: F) {
        if let Some(stem) = self.path.strip_suffix(&format!(".{}", self.ending(before))) {
            self.path = format!("{stem}.{}", self.ending(self.format));
        }
        self.changed();
    }

    fn changed(&mut self) {
        (self.asks_about, self.problem) = (None, None);
    }

    fn read(&self) -> Result<PathBuf, PathFault> {
        let path = typed_path(&self.path, &self.base)?;
        let name = format!("{}.{}", self.stem, self.ending(self.format));
        Ok(if names_folder(&self.path) { path.join(name) } else { path })
    }

    /// Draws it; gives what was asked for.
    pub fn ui(&mut self, ui: &mut Ui) -> Option<OutputWish<F>> {
        let before = self.format;
        ui.spacing_mut().item_spacing.y = theme::LABEL_GAP + 3.0;
        let names: Vec<(F, &str)> = self.formats.iter().map(|(format, name, _)| (*format, *name)).collect();
        let name = format!("Format of the {}", self.what);
        if ui.add(SegmentedControl::new(&name, &mut self.format, &names).in_form()).changed() {
            self.set_format(before);
        }
        let read = self.read();
        let note = match &read {
            Ok(path) => format!("Will be written to {}", path.display()),
            Err(fault) => fault.to_string(),
        };
        let name = format!("File of the {}", self.what);
        let field = Field::new(&name).mono();
        let field = if read.is_err() { field.message(Tone::Error, &note) } else { field.note(&note) };
        let hint = format!("~/{}.{}", self.what, self.ending(self.format));
        let edit = TextInput::singleline(&mut self.path).id(Id::unique(("output_file", self.what))).hint_text(&hint);
        let response = field.text(ui, edit).response.response;
        if !std::mem::replace(&mut self.is_started, true) {
            lead_to(ui.ctx(), response.id);
        }
        if response.changed() {
            self.changed();
        }
        let is_entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if let Some(problem) = &self.problem {
            InlineAlert::new(Tone::Error, problem).ui(ui);
        }
        let mut replaces = false;
        if let Some(path) = &self.asks_about {
            let title = format!("Replace {}?", path.file_name().unwrap_or_default().to_string_lossy());
            let alert = InlineAlert::new(Tone::Warn, &title).text("What is in the file now is lost then");
            match alert.buttons(&["Replace it", "Keep it"]).ui(ui) {
                Some(0) => replaces = true,
                Some(_) => self.asks_about = None,
                None => {}
            }
        }
        let mut wish = None;
        ui.horizontal(|ui| {
            let is_free = self.job.is_none();
            let words = format!("Write the {}", self.what);
            let save = ui.add_enabled(is_free, QuietButton::new(&words).icon(icons::DOWNLOAD));
            if let Ok(path) = read
                && is_free
                && (save.clicked() || is_entered || replaces)
            {
                let overwrite = replaces && self.asks_about.as_ref() == Some(&path);
                self.changed();
                wish = Some(OutputWish::Write { format: self.format, path, overwrite });
            }
            if ui.add(QuietButton::new("Leave it")).clicked() {
                wish = Some(OutputWish::Leave);
            }
        });
        wish
    }
}

/// Why nothing was written, where that is to be told.
pub fn words_of(failure: ExportFailure) -> Option<String> {
    match failure {
        ExportFailure::Cancelled => None,
        ExportFailure::Exists { message, .. }
        | ExportFailure::IsFolder { message, .. }
        | ExportFailure::Failed(message) => Some(message),
    }
}
