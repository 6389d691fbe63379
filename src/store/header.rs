//! The header of a database file, its first hundred bytes. Everything in it can be worked out from the rest of the
//! file, so a copy of a database with a damaged header gets a new one. The format is SQLite's,
//! <https://www.sqlite.org/fileformat2.html>.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const LENGTH: usize = 100;
/// The size of a page in this program's databases, in bytes: SQLite's default.
const PAGE_SIZE: u32 = 4096;
/// The embedded payload fractions, which have these values in every database.
const FRACTIONS: [u8; 3] = [64, 32, 32];

/// The size of the pages of a database, as its header has it.
pub(super) fn read_page_size(file: &Path) -> io::Result<u32> {
    let header = header_of(&mut File::open(file)?)?;
    Ok(page_size_in([header[16], header[17]]).unwrap_or(PAGE_SIZE))
}

/// Mends the header of a database file, whose log may know the size of its pages; gives what was mended.
pub(super) fn mend(file: &Path, log_page_size: Option<u32>) -> io::Result<Vec<&'static str>> {
    let mut mended = Vec::new();
    let length = fs::metadata(file).map_or(0, |there| there.len());
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
    // Both are 0 before the first table is made.
    set(44, &4_u32.to_be_bytes(), now[44..47] == [0; 3] && now[47] <= 4, signature);
    set(56, &1_u32.to_be_bytes(), now[56..59] == [0; 3] && now[59] <= 1, signature);
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

/// The size of a page as the header has it, in two bytes: 65536 does not fit and is written as 1.
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
