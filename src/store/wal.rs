//! The write-ahead log of a database, frame by frame: whether a part of it that was acknowledged is damaged.
//!
//! SQLite reads a log up to its first damaged frame, takes what follows for the rest of a commit that never came to its
//! end, and writes over it. Mostly that is right, but not where a disk damaged a commit that was acknowledged. The
//! format is SQLite's, <https://www.sqlite.org/fileformat2.html#walformat>.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use super::paths::{self, holds_something};

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// A write-ahead log as it was read, without the pages themselves.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WriteAheadLog {
    header: [u8; HEADER],
    page_size: usize,
    frames: Vec<WalFrame>,
}

/// One page in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct WalFrame {
    page: u32,
    /// How many pages the database has after the commit that this frame ends; 0 within a commit.
    commit: u32,
    /// Whether the frame is part of this log, and not left over from before SQLite began the log anew.
    belongs: bool,
    /// Whether its checksum holds, which covers the frame and all frames before it.
    is_sound: bool,
}

impl WriteAheadLog {
    /// `None` where there is no log, or nothing that can be read as one.
    pub(super) fn read(file: &Path) -> io::Result<Option<Self>> {
        if !holds_something(file) {
            return Ok(None);
        }
        let mut bytes = BufReader::new(File::open(file)?);
        let mut header = [0; HEADER];
        if !fill(&mut bytes, &mut header)? {
            return Ok(None);
        }
        let is_big_endian = match word(&header, 0) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return Ok(None),
        };
        let page_size = word(&header, 8);
        if !(page_size.is_power_of_two() && (512..=65536).contains(&page_size)) {
            return Ok(None);
        }
        let mut frames = Vec::new();
        let mut frame = vec![0; FRAME_HEADER + page_size as usize];
        let mut before = (word(&header, 24), word(&header, 28));
        while fill(&mut bytes, &mut frame)? {
            let belongs = frame[8..16] == header[16..24];
            let sum = checksum(is_big_endian, before, &frame[..8]);
            let sum = checksum(is_big_endian, sum, &frame[FRAME_HEADER..]);
            before = (word(&frame, 16), word(&frame, 20));
            let is_sound = belongs && sum == before;
            frames.push(WalFrame { page: word(&frame, 0), commit: word(&frame, 4), belongs, is_sound });
        }
        Ok(Some(Self { header, page_size: page_size as usize, frames }))
    }

    /// Whether a commit that was acknowledged is damaged. A damaged commit at the end may never have been finished; one
    /// that other commits follow was.
    pub(super) fn is_damaged(&self) -> bool {
        let Some(damaged) = self.frames.iter().position(|frame| !frame.is_sound) else { return false };
        let rest = &self.frames[damaged..];
        let Some(commit) = rest.iter().position(|frame| frame.belongs && frame.commit > 0) else { return false };
        rest[commit + 1..].iter().any(|frame| frame.is_sound)
    }

    pub(super) fn page_size(&self) -> u32 {
        self.page_size as u32
    }

    /// How many pages are in the log that were not written as they stand there.
    pub(super) fn damaged_pages(&self) -> usize {
        self.to_last_commit().iter().filter(|frame| !frame.is_sound).count()
    }

    fn to_last_commit(&self) -> &[WalFrame] {
        let last = self.frames.iter().rposition(|frame| frame.is_sound && frame.commit > 0);
        &self.frames[..last.map_or(0, |last| last + 1)]
    }

    /// Writes every page that is sound into the database, up to the last commit; the log is empty afterwards. A page
    /// that is damaged in the log stays as it was before.
    pub(super) fn replay(&self, log: &Path, database: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        paths::for_its_owner(&mut options);
        let mut database = options.open(database)?;
        let mut bytes = BufReader::new(File::open(log)?);
        let mut frame = vec![0; FRAME_HEADER + self.page_size];
        let frames = self.to_last_commit();
        bytes.seek(SeekFrom::Start(HEADER as u64))?;
        for known in frames {
            bytes.read_exact(&mut frame)?;
            if known.is_sound && known.page > 0 {
                database.seek(SeekFrom::Start(u64::from(known.page - 1) * self.page_size as u64))?;
                database.write_all(&frame[FRAME_HEADER..])?;
            }
        }
        if let Some(last) = frames.last() {
            database.set_len(u64::from(last.commit) * self.page_size as u64)?;
        }
        drop(bytes);
        OpenOptions::new().write(true).truncate(true).open(log).map(drop)
    }
}

/// Whether a log has damage in commits that were acknowledged. Another program may begin the log anew meanwhile: then
/// it is read again.
pub(super) fn is_damaged(file: &Path) -> bool {
    let Ok(Some(log)) = WriteAheadLog::read(file) else { return false };
    log.is_damaged() && WriteAheadLog::read(file).is_ok_and(|again| again.is_some_and(|again| again == log))
}

/// Fills the buffer; `false` where fewer bytes are left.
fn fill(bytes: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match bytes.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn checksum(is_big_endian: bool, (mut first, mut second): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let read = if is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    for [one, other] in bytes.as_chunks::<4>().0.as_chunks::<2>().0 {
        first = first.wrapping_add(read(*one)).wrapping_add(second);
        second = second.wrapping_add(read(*other)).wrapping_add(first);
    }
    (first, second)
}
