//! Enums that stand for words: one table says every variant's word in files, and its word in the window where it has one.

/// Gives an enum `ALL` (in the order of the table), `as_str` (the word in files, on the command line or on the wire),
/// `FromStr` of those words, and `label` (the word in the window) where the table has a second column.
///
/// ```text
/// words!(Target { Local => "local" | "Local", Stripe => "stripe" | "Stripe" });
/// ```
macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal | $label:literal),+ $(,)? }) => {
        $crate::domain::words::words!($type { $($variant => $word),+ });

        impl $type {
            /// The word in the window.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label),+
                }
            }
        }
    };
    ($type:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every one there is, in the order in which lists show them.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word in files, on the command line and on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = ();

            fn from_str(word: &str) -> Result<Self, ()> {
                Self::ALL.into_iter().find(|known| known.as_str() == word).ok_or(())
            }
        }
    };
}

pub(crate) use words;
