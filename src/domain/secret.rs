//! Text that must not be printed. It is readable only through [`SecretText::expose`] and wiped from memory when
//! dropped.

use std::fmt;

use zeroize::Zeroizing;

/// Text that may hold a card number, a security code or an API key.
///
/// `Debug` prints its length only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself. Search for this name to find every place where a secret leaves its type.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The text itself, to be edited in place by a text field.
    pub fn expose_mut(&mut self) -> &mut String {
        &mut self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretText({} bytes)", self.0.len())
    }
}

impl<T: Into<String>> From<T> for SecretText {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}
