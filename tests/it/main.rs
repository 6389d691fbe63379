//! All integration tests in one binary, a file a subject.

mod export;
mod store;
