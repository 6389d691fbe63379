//! Folders and files for their owner only, whatever the umask: 0700 and 0600.
//!
//! A umask can only take away, so the mode is set again once the thing is there: with a umask of 0277 a folder would be
//! made that its owner cannot write to.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    path::Path,
};

use super::{own::resolve, read::open_existing};

/// Makes the folder, and those above it, where they are missing. One that is there and lets others in is closed to
/// them: versions before this one made `config` and `run` as wide as the umask let them. A link to a folder is
/// somebody's own arrangement, and a folder that its owner made read-only is one too: both stay as they are.
///
/// # Errors
/// When the system refuses, or something else has the name.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        close_to_others(folder, 0o700);
        return Ok(());
    }
    if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty() && !above.is_dir()) {
        make_folder(above)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Ok(()) => set_mode(folder, 0o700),
        // Another process was first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Opens a file to write to it and to lock it, and makes it where it is missing. What it holds stays.
///
/// # Errors
/// As [`open_existing`], and when the system does not let it be made.
pub fn open_or_make(path: &Path) -> io::Result<File> {
    match make_new(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = match open_existing(path) {
                // A link to a file that is still to be made.
                Err(error) if error.kind() == io::ErrorKind::NotFound => make_new(&resolve(path)?)?,
                other => other?,
            };
            close_to_others(path, 0o600);
            Ok(file)
        }
        Err(error) => Err(error),
    }
}

/// Makes a file that must not be there yet, open for reading and writing.
///
/// # Errors
/// Of the kind `AlreadyExists` where something has the name, a link too; and when the system refuses.
pub fn make_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    set_file_mode(&file, 0o600)?;
    Ok(file)
}

/// Sets the mode of an open file.
pub(super) fn set_file_mode(file: &File, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = (file, mode);
    Ok(())
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

/// Takes away the permissions that others have on a file or folder of this program. Where the system refuses, it
/// belongs to somebody else, who decides.
fn close_to_others(path: &Path, mask: u32) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let Ok(there) = fs::symlink_metadata(path) else { return };
        let mode = there.permissions().mode() & 0o777;
        if !there.is_symlink() && mode & 0o077 != 0 && mode & 0o200 != 0 && set_mode(path, mode & mask).is_ok() {
            tracing::info!("a folder or file of this program was closed to other users");
        }
    }
    #[cfg(not(unix))]
    let _ = (path, mask);
}
