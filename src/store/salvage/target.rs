//! Whether a history may be saved to a folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::report::SalvageError;
use crate::store::paths::link_target;

/// Refuses a target that is not empty, and one that lies in the source's folder or around it, also by a link. Gives
/// whether the target is there already.
pub(super) fn check_target(file: &Path, target: &Path) -> Result<bool, SalvageError> {
    let refused = |reason| SalvageError::Target { target: target.to_owned(), reason };
    let was_there = match fs::symlink_metadata(target) {
        Ok(_) => match fs::read_dir(target) {
            Ok(inside) => {
                if inside.count() > 0 {
                    return Err(refused("it is not empty"));
                }
                true
            }
            Err(_) => return Err(refused("it is there already and is no folder that can be read")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(_) => return Err(refused("it cannot be looked at")),
    };
    let target = resolved(target);
    let folder_of = |file: &Path| resolved(file.parent().unwrap_or(Path::new(".")));
    for source in [folder_of(file), folder_of(&link_target(file))] {
        if target.starts_with(&source) || source.starts_with(&target) {
            return Err(refused("it is not apart from the folder that is to be saved"));
        }
    }
    Ok(was_there)
}

/// The path without links, as far as its folders exist.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(ancestor), path.strip_prefix(ancestor)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path
}
