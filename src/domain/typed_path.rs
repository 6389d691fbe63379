//! A path as a person types or pastes it, and the file that is meant: as a shell reads it, and as file managers copy it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use percent_encoding::percent_decode_str;

/// What a typed path is read against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathBase {
    /// What `~` stands for; `None` where the system names no home folder.
    pub home: Option<PathBuf>,
    /// Where a path begins that does not begin at the root.
    pub folder: PathBuf,
}

/// Why a text is no path of this machine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    #[error("The file has no name. Type a path")]
    Empty,
    #[error("~{name} is the folder of another person, which is not looked up here. Type its whole path")]
    OtherHome { name: String },
    #[error("This system names no home folder for ~. Type the whole path")]
    NoHome,
    #[error("This is the address of something on another machine. Type the path of a file on this one")]
    Elsewhere,
    #[error("A path cannot hold a control character. Type it without")]
    Control,
}

/// The file that a typed text means. White space around it is dropped. `~` and `~/x` are in the home folder, any other
/// path that does not begin at the root is in the folder of the base. Quotes around the whole and a backslash before a
/// special character are read as a shell reads them, and `file:` addresses are decoded. Variables stay as they are
/// written: `$HOME` is a name like any other.
///
/// # Errors
/// What is wrong with the text, and what to type instead.
pub fn typed_path(text: &str, base: &PathBase) -> Result<PathBuf, PathFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(PathFault::Empty);
    }
    if let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)) {
        let local = rest.strip_prefix("localhost/").map_or(rest, |_| &rest["localhost".len()..]);
        return if scheme.eq_ignore_ascii_case("file") && local.starts_with('/') {
            checked(&decoded(local))
        } else {
            Err(PathFault::Elsewhere)
        };
    }
    if let Some(local) = text.strip_prefix("file:").filter(|local| local.starts_with('/')) {
        return checked(&decoded(local));
    }
    if let Some(quoted) = unquoted(text) {
        // In quotes a shell leaves ~ alone.
        return checked(&base.folder.join(quoted));
    }
    if let Some(rest) = text.strip_prefix('~') {
        let (user, below) = rest.split_once('/').unwrap_or((rest, ""));
        if !user.is_empty() {
            return Err(PathFault::OtherHome { name: user.to_owned() });
        }
        let home = base.home.as_ref().ok_or(PathFault::NoHome)?;
        return checked(&home.join(unescaped(below.trim_start_matches('/'))));
    }
    checked(&base.folder.join(unescaped(text)))
}

/// Whether a text that was typed names a folder by its end, whether there is one or not.
pub fn names_folder(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['\'', '"']);
    text == "~" || text.ends_with('/') || text.ends_with("/.") || text.ends_with("/..") || text == "." || text == ".."
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn checked(path: &Path) -> Result<PathBuf, PathFault> {
    let is_plain = !path.to_string_lossy().chars().any(char::is_control);
    // Without the `.` in `./a.json`. What `..` leads to only the disk knows, where a folder may be a link.
    if is_plain { Ok(path.components().collect()) } else { Err(PathFault::Control) }
}

/// The path of a `file:` address.
fn decoded(address: &str) -> PathBuf {
    let bytes: Vec<u8> = percent_decode_str(address).collect();
    #[cfg(unix)]
    let path: OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    #[cfg(not(unix))]
    let path: OsString = String::from_utf8_lossy(&bytes).trim_start_matches('/').into();
    Path::new(&path).to_owned()
}

/// The text within the quotes that a file manager or a person puts around a whole path; `None` where it is not wholly in
/// quotes, for then a quote is a part of the name: `it's.json`.
fn unquoted(text: &str) -> Option<String> {
    let mut rest = text.chars().peekable();
    let mut path = String::new();
    rest.peek().filter(|first| is_quote(**first))?;
    while let Some(sign) = rest.next() {
        match sign {
            '\'' => loop {
                match rest.next()? {
                    '\'' => break,
                    inside => path.push(inside),
                }
            },
            '"' => loop {
                match rest.next()? {
                    '"' => break,
                    '\\' if rest.peek().is_some_and(|next| "\"\\$`".contains(*next)) => path.extend(rest.next()),
                    inside => path.push(inside),
                }
            },
            // As in 'it'\''s.json': a shell has no other way to write a quote within quotes.
            '\\' => path.push(rest.next()?),
            // A shell takes what follows the quotes for a part of the same name, up to the next space.
            ' ' => return None,
            outside => path.push(outside),
        }
    }
    Some(path)
}

fn is_quote(sign: char) -> bool {
    matches!(sign, '\'' | '"')
}

/// Without the backslash before a character that is special to a shell. Windows parts folders with backslashes.
fn unescaped(text: &str) -> String {
    if cfg!(windows) {
        return text.to_owned();
    }
    let mut path = String::new();
    let mut rest = text.chars().peekable();
    while let Some(sign) = rest.next() {
        let escapes = sign == '\\' && rest.peek().is_some_and(|next| !next.is_alphanumeric());
        path.push(if escapes { rest.next().unwrap_or(sign) } else { sign });
    }
    path
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_what_a_shell_and_a_file_manager_mean_by_it() {
        let base = PathBase { home: Some("/home/me".into()), folder: "/home/me/Documents".into() };
        let read = |text: &str| typed_path(text, &base).map(|path| path.display().to_string());
        for (text, expected) in [
            ("/tmp/a.json", "/tmp/a.json"),
            ("  /tmp/a.json \n", "/tmp/a.json"),
            ("/a b/c.json", "/a b/c.json"),
            ("a.json", "/home/me/Documents/a.json"),
            ("./runs/a.json", "/home/me/Documents/runs/a.json"),
            ("../a.json", "/home/me/Documents/../a.json"),
            ("~", "/home/me"),
            ("~/a.json", "/home/me/a.json"),
            ("~//a.json", "/home/me/a.json"),
            ("~/a b/c.json", "/home/me/a b/c.json"),
            ("a~b.json", "/home/me/Documents/a~b.json"),
            ("$HOME/a.json", "/home/me/Documents/$HOME/a.json"),
            ("${HOME}/a.json", "/home/me/Documents/${HOME}/a.json"),
            ("%USERPROFILE%", "/home/me/Documents/%USERPROFILE%"),
            ("'/a b/c.json'", "/a b/c.json"),
            ("\"/a b/c.json\"", "/a b/c.json"),
            (r"'/a/it'\''s.json'", "/a/it's.json"),
            (r#""/a/\"x\" \$1.json""#, "/a/\"x\" $1.json"),
            ("'~/a.json'", "/home/me/Documents/~/a.json"),
            ("'/a b'/c.json", "/a b/c.json"),
            ("/home/it's/a.json", "/home/it's/a.json"),
            ("'tis.json", "/home/me/Documents/'tis.json"),
            (r"/a\ b/\(c\).json", "/a b/(c).json"),
            (r"/a\b.json", r"/a\b.json"),
            ("file:///a%20b/c.json", "/a b/c.json"),
            ("file://localhost/a/%C3%A9.json", "/a/é.json"),
            ("FILE:///a.json", "/a.json"),
            ("file:/a%20b.json", "/a b.json"),
            ("file:///a/50%.json", "/a/50%.json"),
            ("a:b.json", "/home/me/Documents/a:b.json"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        for (text, fault) in [
            ("", PathFault::Empty),
            (" \n", PathFault::Empty),
            ("~anna/a.json", PathFault::OtherHome { name: "anna".to_owned() }),
            ("~anna", PathFault::OtherHome { name: "anna".to_owned() }),
            ("file://server/a.json", PathFault::Elsewhere),
            ("https://example.com/a.json", PathFault::Elsewhere),
            ("smb://server/a.json", PathFault::Elsewhere),
            ("/a\0.json", PathFault::Control),
            ("file:///a%00.json", PathFault::Control),
            ("/a\nb.json", PathFault::Control),
        ] {
            assert_eq!(read(text), Err(fault), "{text:?}");
        }
        let homeless = PathBase { home: None, ..base.clone() };
        assert_eq!(typed_path("~/a.json", &homeless), Err(PathFault::NoHome));
        // A name that is not UTF-8 comes through an address unharmed.
        let odd = typed_path("file:///a/%FF.json", &base).unwrap();
        assert_eq!(std::os::unix::ffi::OsStrExt::as_bytes(odd.as_os_str()), b"/a/\xff.json");
    }

    #[test]
    fn a_folder_is_told_by_its_end() {
        for (text, expected) in [
            ("/tmp/", true),
            ("~", true),
            ("~/", true),
            ("'/a b/' ", true),
            ("..", true),
            ("/tmp/a.json", false),
            ("~/x", false),
        ] {
            assert_eq!(names_folder(text), expected, "{text}");
        }
    }
}
