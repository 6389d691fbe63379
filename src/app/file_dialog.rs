//! The desktop's own file dialog. It is made in a frame and awaited on a thread of its own, so that no frame waits.

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::mpsc,
    time::{Duration, Instant},
};

use egui::Context;

/// Asks the desktop for a file: what for in, a path or nothing out.
pub type FilePicker = Box<dyn Fn(PickPurpose) -> PickedFile>;
/// What the desktop's dialog gives, when it is closed.
pub type PickedFile = Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>>;

/// What a file is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickPurpose {
    /// To write one, which is offered in this folder under this name.
    Save { folder: PathBuf, name: String },
    /// To read one, from this folder at first.
    Open { folder: PathBuf },
}

/// An answer that comes faster than a person can see a dialog: there was none.
const FASTER_THAN_A_PERSON: Duration = Duration::from_millis(150);

/// The desktop's own dialog. Without a portal and without zenity there is none, and the answer is "nothing" at once.
pub fn desktop_picker() -> FilePicker {
    Box::new(|purpose| {
        let dialog = rfd::AsyncFileDialog::new();
        let asked: PickedFile = match purpose {
            PickPurpose::Save { folder, name } => {
                let asked = dialog.set_title("Export").set_directory(folder).set_file_name(name).save_file();
                Box::pin(async move { asked.await.map(|file| file.path().to_owned()) })
            }
            PickPurpose::Open { folder } => {
                let asked = dialog.set_title("Import").set_directory(folder).pick_file();
                Box::pin(async move { asked.await.map(|file| file.path().to_owned()) })
            }
        };
        asked
    })
}

/// What became of the dialog.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PickerAnswer {
    Chosen(PathBuf),
    Cancelled,
    /// This desktop has no file dialog.
    Missing,
}

/// The dialog, open or not.
pub(super) struct FileDialog {
    picker: FilePicker,
    /// Where the answer of the open dialog arrives, with the time that it took.
    answer: Option<mpsc::Receiver<(Option<PathBuf>, Duration)>>,
}

impl FileDialog {
    pub(super) fn new(picker: FilePicker) -> Self {
        Self { picker, answer: None }
    }

    /// Opens the dialog where a file is to be written that is offered as this path.
    pub(super) fn open_to_save(&mut self, ctx: &Context, path: &Path) {
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.open(ctx, PickPurpose::Save { folder, name });
    }

    /// Opens the dialog for this purpose, unless it is open already.
    pub(super) fn open(&mut self, ctx: &Context, purpose: PickPurpose) {
        if self.answer.is_some() {
            return;
        }
        let asked = (self.picker)(purpose);
        let (sender, answer) = mpsc::channel();
        let wake = ctx.clone();
        let started = Instant::now();
        let thread = std::thread::Builder::new().name("file dialog".to_owned()).spawn(move || {
            let path = pollster::block_on(asked);
            if sender.send((path, started.elapsed())).is_ok() {
                wake.request_repaint();
            }
        });
        // Without a thread the dialog counts as one that is not there.
        if thread.is_ok() {
            self.answer = Some(answer);
        }
    }

    /// The answer of the dialog, once it is there.
    pub(super) fn take_answer(&mut self) -> Option<PickerAnswer> {
        let (path, took) = self.answer.as_ref()?.try_recv().ok()?;
        self.answer = None;
        Some(match path {
            Some(path) => PickerAnswer::Chosen(path),
            None if took < FASTER_THAN_A_PERSON => PickerAnswer::Missing,
            None => PickerAnswer::Cancelled,
        })
    }
}
