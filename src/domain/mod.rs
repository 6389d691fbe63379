//! Types and rules of the domain. Everything here is pure: no window, no disk, no network, no clock.

pub mod call;
pub mod card;
pub mod clock;
pub mod evidence;
pub mod fault;
pub mod foreign;
pub mod form;
pub mod handed;
pub mod history;
pub mod invisible;
pub mod json_document;
pub mod json_spans;
pub mod key;
pub mod markdown;
pub mod markup;
pub mod mask;
pub mod plural;
pub mod presets;
pub mod rules;
pub mod run;
pub mod secret;
pub mod settings;
pub mod signs;
pub mod typed_path;
pub(crate) mod words;
pub mod zone;
