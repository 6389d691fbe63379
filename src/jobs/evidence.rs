//! Writes evidence: a document about entries or a run for a person who was not there, or an archive with the raw bodies
//! beside it. One entry at a time is in memory.

use std::{
    fs::File,
    io::{self, Seek, Write},
    ops::ControlFlow,
};

use jiff::{Timestamp, tz::Offset};
use serde::de::IgnoredAny;
use tokio_util::sync::CancellationToken;
use zip::{DateTime, ZipWriter, result::ZipError, write::SimpleFileOptions};

use super::export::{ExportError, ExportFile, ExportProgress, WriteStop, not_writable, save_whole, write_file};
use crate::{
    domain::{
        evidence::EvidenceSubject,
        history::entry::{EntryDetail, EntryId},
        run::record::{RowRecord, RunRecord},
        settings::file_format::EvidenceFormat,
    },
    formats::{DocumentFormat, EvidenceWriter},
    store::{HistoryReader, RowSelection, StoreError},
};

/// Progress is reported once for so many entries.
const REPORT_EVERY: u64 = 16;

/// What is gone through, once for each file that is written of it.
enum EvidenceList<'a> {
    Entries(&'a [EntryId]),
    Run(Box<RunRecord>),
}

/// An entry, or a row of a run.
enum EvidencePart<'a> {
    Entry(&'a EntryDetail),
    Row(&'a RowRecord, Option<&'a EntryDetail>),
}

/// What the writing of evidence works with.
struct EvidenceJob<'a> {
    reader: &'a HistoryReader,
    list: EvidenceList<'a>,
    now: Timestamp,
    cancelled: &'a CancellationToken,
    on_progress: &'a mut dyn FnMut(ExportProgress),
    done: u64,
    /// All that is gone through, in all files together.
    total: u64,
}

/// Writes evidence; gives how many entries or rows it has. `now` is when it is made.
///
/// # Errors
/// As [`super::export::export`]; a run that is not there any more.
pub fn save_evidence(
    reader: &HistoryReader,
    subject: &EvidenceSubject,
    format: EvidenceFormat,
    now: Timestamp,
    file: ExportFile<'_>,
    on_progress: &mut dyn FnMut(ExportProgress),
    cancelled: &CancellationToken,
) -> Result<u64, ExportError> {
    let (list, length) = match subject {
        EvidenceSubject::Entries(ids) => (EvidenceList::Entries(ids), ids.len() as u64),
        EvidenceSubject::Run(id) => {
            let run = reader.run_named(&id.0.to_string())?.ok_or(StoreError::NoSuchRun)?;
            let rows = run.run.rows;
            (EvidenceList::Run(Box::new(run)), rows)
        }
    };
    let files = if format == EvidenceFormat::Zip { 3 } else { 1 };
    let mut job = EvidenceJob { reader, list, now, cancelled, on_progress, done: 0, total: length * files };
    match format {
        EvidenceFormat::Markdown => save_whole(file, cancelled, |out| job.document(out, DocumentFormat::Markdown)),
        EvidenceFormat::Html => save_whole(file, cancelled, |out| job.document(out, DocumentFormat::Html)),
        EvidenceFormat::Zip => {
            let path = file.path;
            write_file(file, cancelled, |out| {
                job.archive(out.file()).map_err(|stop| match stop {
                    WriteStop::Cancelled => ExportError::Cancelled,
                    WriteStop::Read(error) => ExportError::Store(error),
                    WriteStop::Write(error) => not_writable(path, &error),
                })
            })
        }
    }
}

impl EvidenceJob<'_> {
    /// Writes the document; gives how many parts it has.
    fn document(&mut self, out: &mut dyn Write, format: DocumentFormat) -> Result<u64, WriteStop> {
        let writer = EvidenceWriter::new(format);
        let begun = match &self.list {
            EvidenceList::Entries(ids) => writer.begin(out, self.now, ids.len() as u64),
            EvidenceList::Run(run) => writer.begin_run(out, self.now, run),
        };
        begun.map_err(WriteStop::Write)?;
        let parts = self.each(&mut |part| match part {
            EvidencePart::Entry(detail) => writer.entry(out, detail),
            EvidencePart::Row(row, detail) => writer.row(out, row, detail),
        })?;
        writer.end(out).map_err(WriteStop::Write)?;
        Ok(parts)
    }

    /// Writes both documents, and every body that is kept as a file of its own. The names of the files are made of words
    /// of this program and numbers alone, so no name can lead out of the folder that they are unpacked into.
    fn archive(&mut self, out: &mut File) -> Result<u64, WriteStop> {
        let options = SimpleFileOptions::default().last_modified_time(zip_time(self.now)).unix_permissions(0o600);
        let failed = |error: ZipError| WriteStop::Write(error.into());
        let mut archive = ZipWriter::new(out);
        archive.start_file("evidence.md", options).map_err(failed)?;
        let parts = self.document(&mut archive, DocumentFormat::Markdown)?;
        archive.start_file("evidence.html", options).map_err(failed)?;
        self.document(&mut archive, DocumentFormat::Html)?;
        let mut place = 0_u64;
        self.each(&mut |part| {
            place += 1;
            let (kind, number, detail) = match part {
                EvidencePart::Entry(detail) => ("entry", detail.entry.id.0.unsigned_abs(), Some(detail)),
                EvidencePart::Row(row, detail) => ("row", row.number, detail),
            };
            detail.map_or(Ok(()), |detail| {
                bodies(&mut archive, options, &format!("bodies/{place:06}-{kind}-{number}"), detail)
            })
        })?;
        archive.finish().map_err(failed)?;
        Ok(parts)
    }

    /// Goes through all parts in their order, until one cannot be written or the work is cancelled; gives how many there
    /// were.
    fn each(&mut self, write: &mut dyn FnMut(EvidencePart<'_>) -> io::Result<()>) -> Result<u64, WriteStop> {
        let Self { reader, list, cancelled, on_progress, done, total, .. } = self;
        let mut parts = 0;
        let mut take = |part: EvidencePart<'_>| {
            if cancelled.is_cancelled() {
                return Err(WriteStop::Cancelled);
            }
            write(part).map_err(WriteStop::Write)?;
            parts += 1;
            *done += 1;
            if done.is_multiple_of(REPORT_EVERY) {
                on_progress(ExportProgress { done: *done, total: *total });
            }
            Ok(())
        };
        match list {
            EvidenceList::Entries(ids) => {
                let mut stopped = None;
                let each = |detail: EntryDetail| match take(EvidencePart::Entry(&detail)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(stop) => {
                        stopped = Some(stop);
                        ControlFlow::Break(())
                    }
                };
                reader.for_each_detail_of(ids, each).map_err(WriteStop::Read)?;
                stopped.map_or(Ok(()), Err)?;
            }
            EvidenceList::Run(run) => {
                for row in reader.readable_run_rows(run.id, RowSelection::All) {
                    let row = row.map_err(WriteStop::Read)?;
                    let detail = row.entry.map(|entry| reader.detail(entry)).transpose().map_err(WriteStop::Read)?;
                    take(EvidencePart::Row(&row, detail.flatten().as_ref()))?;
                }
            }
        }
        Ok(parts)
    }
}

/// Writes the answers to an entry's calls as they are kept, each with its own name.
fn bodies<W: Write + Seek>(
    archive: &mut ZipWriter<W>,
    options: SimpleFileOptions,
    stem: &str,
    detail: &EntryDetail,
) -> io::Result<()> {
    let later = detail.timeline.iter().map(|call| call.outcome.as_ref().ok());
    for (place, answer) in std::iter::once(detail.answer()).chain(later).enumerate() {
        if let Some(answer) = answer.filter(|answer| !answer.body.is_empty()) {
            let is_json = serde_json::from_slice::<IgnoredAny>(&answer.body).is_ok();
            let ending = if is_json { "json" } else { "txt" };
            archive.start_file(format!("{stem}-{}.{ending}", place + 1), options)?;
            archive.write_all(&answer.body)?;
        }
    }
    Ok(())
}

/// The time of the files in the archive, which has no zone: UTC, in steps of two seconds.
fn zip_time(now: Timestamp) -> DateTime {
    let time = Offset::UTC.to_datetime(now);
    let part = |value: i8| value.unsigned_abs();
    let time = DateTime::from_date_and_time(
        time.year().unsigned_abs(),
        part(time.month()),
        part(time.day()),
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
    );
    // Before 1980 there is none.
    time.unwrap_or_default()
}
