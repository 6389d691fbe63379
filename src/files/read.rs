//! Opening what must be an ordinary file: a named pipe would hold the thread that opens it for ever, a device may do
//! anything, and a file of any size would fill the memory.

use std::{
    fs::{self, File, FileType, OpenOptions},
    io::{self, Read as _},
    path::Path,
};

/// Opens an ordinary file to read it.
///
/// # Errors
/// When it is missing, cannot be read, or is something else: told at once, also of a pipe that nobody writes to.
pub fn open_file(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().read(true))
}

/// Opens an ordinary file that is there, to write to it and to lock it.
///
/// # Errors
/// As [`open_file`].
pub fn open_existing(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().read(true).write(true))
}

/// All of an ordinary file, if it has no more than so many bytes.
///
/// # Errors
/// As [`open_file`]; of the kind `FileTooLarge` where there is more.
pub fn read_at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let words = format!("it has more than {} MB", most / (1024 * 1024));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, words));
    }
    Ok(bytes)
}

/// What is at a path, if it is neither missing nor an ordinary file: "a named pipe", "a folder".
pub fn stands_in_the_way(path: &Path) -> Option<&'static str> {
    let there = fs::metadata(path).ok()?;
    (!there.is_file()).then(|| kind(there.file_type()))
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Before it is opened, for opening some devices does something already.
    check(&fs::metadata(path)?)?;
    // And after, for another may stand there by then: it is opened without waiting for anybody.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits().cast_signed(),
    );
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

fn check(there: &fs::Metadata) -> io::Result<()> {
    if there.is_file() {
        return Ok(());
    }
    let words = format!("it is {}, not an ordinary file", kind(there.file_type()));
    Err(io::Error::new(io::ErrorKind::InvalidInput, words))
}

fn kind(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_block_device() || kind.is_char_device() {
            return "a device";
        }
    }
    if kind.is_dir() { "a folder" } else { "something else" }
}
