//! Whether the minter still answers as its target does: the same calls to both, compared field by field.
//!
//! | file | what it is for |
//! | --- | --- |
//! | `catalogue` | the calls: the life of every published test card, by its number and by its ready tokens |
//! | `drift` | two answers to the same call, and where they differ |
//! | `report` | what differs in all answers, each difference once with the cards that have it |

pub mod catalogue;
pub mod drift;
pub mod report;
