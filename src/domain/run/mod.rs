//! Runs: many drafts in one list, each with what is expected of it, and what came of them.
//!
//! ```text
//! CSV, JSON, JSONL ─ list_file ─┐
//! card=… cvc=… zip=… ─ matrix ──┼─► RunRow ─ on a day ─► PlannedRow ─ calls ─► RowJudge ─► RowVerdict
//! presets, entries ─────────────┘      └─ preview                                 └─► summary, comparison
//! ```
//!
//! Nothing here makes a call or knows a file: `jobs::run` makes the calls, the store keeps rows and verdicts.

pub mod comparison;
pub mod entry_rows;
pub mod expected_words;
pub mod kept_row;
pub mod list;
pub mod list_file;
pub mod list_hash;
pub mod matrix;
pub mod matrix_axes;
pub mod matrix_text;
pub mod preview;
pub mod record;
pub mod row;
pub mod summary;
pub mod verdict;
