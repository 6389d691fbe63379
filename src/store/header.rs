//! The first hundred bytes of a database file, which hold nothing that cannot be known without them: written anew in a
//! copy whose own cannot be right. The format is SQLite's, <https://www.sqlite.org/fileformat2.html>.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const LENGTH: usize = 100;
/// What this program's databases have: SQLite's default.
const PAGE_SIZE: u32 = 4096;
/// Embedded payload fractions, which are always these.
const FRACTIONS: [u8; 3] = [64, 32, 32];
/// The kind of a page that is a leaf of a table, and has rows.
const LEAF: u8 = 13;

/// Mends the header of a database file; gives what was mended.
pub(super) fn mend(file: &Path, wal: &Path) -> io::Result<Vec<&'static str>> {
    let mut mended = Vec::new();
    let log_page_size = page_size_of_log(wal);
    let length = fs::metadata(file).map_or(0, |there| there.len());
    if length < 512 {
        let page_size = log_page_size.unwrap_or(PAGE_SIZE);
        fs::write(file, first_page(page_size))?;
        return Ok(vec!["the database file was gone, and is read from its write-ahead log alone"]);
    }
    let mut file = OpenOptions::new().read(true).write(true).open(file)?;
    let mut header = [0; LENGTH];
    file.read_exact(&mut header)?;
    let mut set = |at: usize, bytes: &[u8], is_right: bool, what: &'static str| {
        if !is_right {
            header[at..at + bytes.len()].copy_from_slice(bytes);
            if !mended.contains(&what) {
                mended.push(what);
            }
        }
    };
    let signature = "the header of the database was damaged";
    let now = header_of(&mut file)?;
    set(0, MAGIC, now.starts_with(MAGIC), signature);
    let found = page_size_in([now[16], now[17]]);
    let page_size = log_page_size.or(found).unwrap_or(PAGE_SIZE);
    set(16, &page_size_bytes(page_size), found == Some(page_size), signature);
    set(18, &[2, 2], now[18..20] == [2, 2] || now[18..20] == [1, 1], signature);
    set(20, &[0], now[20] == 0, signature);
    set(21, &FRACTIONS, now[21..24] == FRACTIONS, signature);
    set(44, &4_u32.to_be_bytes(), now[44..47] == [0; 3] && (1..=4).contains(&now[47]), signature);
    set(56, &1_u32.to_be_bytes(), now[56..60] == [0, 0, 0, 1], signature);
    // SQLite reads nothing of a file that is shorter than its header says.
    let pages = u32::try_from(length / u64::from(page_size)).unwrap_or(u32::MAX);
    set(28, &pages.to_be_bytes(), now[28..32] == pages.to_be_bytes(), "the database file was cut off");
    if !mended.is_empty() {
        // The size holds only where these two counts agree.
        let count: [u8; 4] = [header[24], header[25], header[26], header[27]];
        header[92..96].copy_from_slice(&count);
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&header)?;
    }
    Ok(mended)
}

fn header_of(file: &mut File) -> io::Result<[u8; LENGTH]> {
    let mut header = [0; LENGTH];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut header)?;
    Ok(header)
}

/// The first page of a database without tables.
fn first_page(page_size: u32) -> Vec<u8> {
    let mut page = vec![0; page_size as usize];
    page[..16].copy_from_slice(MAGIC);
    page[16..18].copy_from_slice(&page_size_bytes(page_size));
    page[18..20].copy_from_slice(&[2, 2]);
    page[21..24].copy_from_slice(&FRACTIONS);
    page[28..32].copy_from_slice(&1_u32.to_be_bytes());
    page[44..48].copy_from_slice(&4_u32.to_be_bytes());
    page[56..60].copy_from_slice(&1_u32.to_be_bytes());
    empty_leaf(&mut page[LENGTH..], page_size);
    page
}

/// Makes what follows the header the page of a table without rows.
fn empty_leaf(page: &mut [u8], page_size: u32) {
    page[..8].fill(0);
    page[0] = LEAF;
    page[5..7].copy_from_slice(&page_size_bytes(page_size));
}

/// 65536 does not fit its two bytes: it is written as 1 in the header, and as 0 in a page.
fn page_size_bytes(page_size: u32) -> [u8; 2] {
    u16::try_from(page_size).unwrap_or(1).to_be_bytes()
}

fn page_size_in(bytes: [u8; 2]) -> Option<u32> {
    match u32::from(u16::from_be_bytes(bytes)) {
        1 => Some(65536),
        size if size.is_power_of_two() && size >= 512 => Some(size),
        _ => None,
    }
}

/// What the header of a write-ahead log says, if there is one.
fn page_size_of_log(wal: &Path) -> Option<u32> {
    let mut header = [0; 32];
    File::open(wal).ok()?.read_exact(&mut header).ok()?;
    let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let is_log = matches!(word(0), 0x377f_0682 | 0x377f_0683);
    let size = word(8);
    (is_log && size.is_power_of_two() && (512..=65536).contains(&size)).then_some(size)
}

/// The pages of a write-ahead log that belong to it and were not read, because one before them is damaged: `read` is
/// the number of pages that SQLite took.
pub(super) fn unread_pages(wal: &Path, read: u64) -> u64 {
    let Some(page_size) = page_size_of_log(wal) else { return 0 };
    let Ok(mut log) = File::open(wal) else { return 0 };
    let mut head = [0; 32];
    if log.read_exact(&mut head).is_err() {
        return 0;
    }
    let frame = u64::from(page_size) + 24;
    let length = log.metadata().map_or(0, |there| there.len());
    let frames = length.saturating_sub(32) / frame;
    // Frames of this log have its salts; older ones, from before the log began anew, have others.
    (read..frames)
        .filter(|number| {
            let mut salts = [0; 8];
            log.seek(SeekFrom::Start(32 + number * frame + 8)).is_ok()
                && log.read_exact(&mut salts).is_ok()
                && salts == head[16..24]
        })
        .count() as u64
}
