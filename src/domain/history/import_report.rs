//! What an import does to a history, or would do.

/// How many entries of a file are new, and how many are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub new: u64,
    /// Entries that the history had already, which stay as they are here.
    pub known: u64,
    /// Those among them that were deleted here, and stay deleted.
    pub deleted: u64,
}
