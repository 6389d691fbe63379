//! Enums whose variants have a fixed string each. One table lists the string in files and, where there is one, the
//! label in the window.

/// Gives an enum `ALL` (in the order of the table), `as_str` (the string in files, on the command line or on the wire),
/// `FromStr` for those strings, and `label` (the text in the window) where the table has a second column.
///
/// ```text
/// words!(Target { Local => "local" | "Local", Stripe => "stripe" | "Stripe" });
/// ```
macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal | $label:literal),+ $(,)? }) => {
        $crate::domain::words::words!($type { $($variant => $word),+ });

        impl $type {
            /// The label in the window.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label),+
                }
            }
        }
    };
    ($type:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// Every variant, in the order in which lists show them.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The string in files, on the command line and on the wire.
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
