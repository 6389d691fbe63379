//! Files on disk, by one set of rules for the whole program: a file is made for its owner only, only ordinary files of
//! a bounded size are read, a file is replaced in one step, and no temporary file stays for ever.
//!
//! ```text
//! export   note in run/ ─► temporary file beside the target ─► rename ─► the note goes
//!            killed on the way: the next start finds the note, and removes the file that it names
//! settings                 temporary file in the own folder  ─► rename
//!            killed on the way: the next save finds a temporary file that nobody holds locked, and removes it
//! ```

mod own;
mod private;
mod read;
mod temporary;

pub use own::{OwnFolders, resolve};
pub use private::{make_folder, make_new, open_or_make};
pub use read::{open_existing, open_file, read_at_most, stands_in_the_way};
pub use temporary::{TemporaryFile, remove_dead_temporaries, remove_noted_temporaries};
