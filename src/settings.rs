//! The settings on disk, and the folders of this program.
//!
//! Reading never fails: what is wrong is replaced by its default, with a warning. What is not known is kept.

use std::{
    fs, io,
    io::Write as _,
    path::{self, Path, PathBuf},
};

use directories::{ProjectDirs, UserDirs};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::domain::{
    api::Target,
    mask,
    policies::Policy,
    settings::{BaseUrl, Settings, StripeSettings, ThemeChoice},
};

/// The version of the file's format.
const VERSION: u64 = 1;

/// Where this program keeps its files. None is made before something is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// The history and the minter's state.
    pub data: PathBuf,
    pub config: PathBuf,
    pub log: PathBuf,
}

impl Folders {
    /// The system's own places, or all below `home`, the value of `TESTCARD_HOME`.
    ///
    /// # Errors
    /// [`SettingsError::NoHome`] if the system names no home folder, and `home` is not given.
    pub fn find(home: Option<PathBuf>) -> Result<Self, SettingsError> {
        if let Some(home) = home.filter(|home| !home.as_os_str().is_empty()) {
            let home = path::absolute(&home).map_err(|source| SettingsError::Io {
                doing: "find the folder that TESTCARD_HOME names",
                path: home,
                source,
            })?;
            return Ok(Self { data: home.join("data"), config: home.join("config"), log: home.join("log") });
        }
        let system = ProjectDirs::from("", "", "testcard").ok_or(SettingsError::NoHome)?;
        Ok(Self {
            data: system.data_dir().to_owned(),
            config: system.config_dir().to_owned(),
            log: system.state_dir().map_or_else(|| system.data_local_dir().join("log"), |state| state.join("log")),
        })
    }

    /// Where a person looks for files of their own: the documents folder, else the home folder.
    pub fn documents() -> PathBuf {
        let user = UserDirs::new();
        let folder = user.as_ref().map(|user| user.document_dir().unwrap_or_else(|| user.home_dir()));
        folder.map(Path::to_owned).unwrap_or_default()
    }

    pub fn settings_file(&self) -> PathBuf {
        self.config.join("settings.json")
    }
}

/// Why folders were not found or settings not written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("This system names no home folder. Set TESTCARD_HOME to a folder for all files")]
    NoHome,
    #[error("Could not {doing}, {path}: {source}", path = path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("The setting {field} holds a key or a card number. Neither is ever written: remove it and save again")]
    Secret { field: &'static str },
}

/// Reads the settings. Whatever is missing or wrong has its default, and what is wrong has a warning.
pub fn load(path: &Path) -> (Settings, Vec<String>) {
    match read(path) {
        Ok(None) => (Settings::default(), Vec::new()),
        Ok(Some(root)) => of_json(&root, path),
        Err(warning) => (Settings::default(), vec![warning]),
    }
}

/// Writes the settings beside the file and renames: a failure leaves the old file alone. Fields that are not known stay
/// in it; a file with anything wrong in it is kept as `settings.json.bad`.
///
/// # Errors
/// [`SettingsError::Secret`] before anything is written, [`SettingsError::Io`] when the disk refuses.
pub fn save(path: &Path, settings: &Settings) -> Result<(), SettingsError> {
    refuse_secrets(settings)?;
    // A link, as managers of such files make them, stays a link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed("make the settings folder", folder))?;

    let old = read(path);
    let was_good = match &old {
        Ok(root) => root.as_ref().is_none_or(|root| of_json(root, path).1.is_empty()),
        Err(_) => false,
    };
    if !was_good {
        let bad = bad_copy(path);
        fs::copy(path, &bad).map_err(failed("keep a copy of the broken settings", &bad))?;
    }
    let mut root = old.ok().flatten().unwrap_or_default();
    merge(&mut root, to_json(settings));
    let text = format!("{:#}\n", Value::Object(root));

    let saving = "save the settings";
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed(saving, path))?;
    file.write_all(text.as_bytes()).map_err(failed(saving, path))?;
    file.as_file().sync_all().map_err(failed(saving, path))?;
    file.persist(path).map_err(|error| failed(saving, path)(error.error))?;
    Ok(())
}

fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> SettingsError {
    move |source| SettingsError::Io { doing, path: path.to_owned(), source }
}

/// Where a broken settings file is kept.
fn bad_copy(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".bad");
    name.into()
}

/// The root object of the file; `None` if there is no file, a warning if there is something else.
fn read(path: &Path) -> Result<Option<Map<String, Value>>, String> {
    let shown = path.display();
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("Could not read the settings, {shown}: {error}. The defaults are used")),
    };
    match serde_json::from_slice(&text) {
        Ok(Value::Object(root)) => Ok(Some(root)),
        Ok(_) => Err(format!("The settings file is not a JSON object, {shown}. The defaults are used")),
        Err(error) => Err(format!("The settings file is not JSON, {shown}: {error}. The defaults are used")),
    }
}

/// The file as it is written. Apart from [`Settings`], so that a change there cannot change the format by accident.
#[derive(Serialize)]
struct File<'a> {
    version: u64,
    theme: &'a str,
    target: &'a str,
    stripe: StripeFile<'a>,
    policies: Map<String, Value>,
    moves_on: bool,
    copies_id: bool,
    zoom: f64,
    serves: bool,
    port: u16,
}

#[derive(Serialize)]
struct StripeFile<'a> {
    base_url: &'a str,
    version: &'a str,
    account: &'a str,
}

fn to_json(settings: &Settings) -> Value {
    let Settings { theme, target, stripe, policies, moves_on, copies_id, zoom, serves, port } = settings;
    let StripeSettings { base_url, version, account } = stripe;
    let mut policies = *policies;
    let policies = Policy::ALL
        .into_iter()
        .map(|policy| (policy.as_str().to_owned(), (*policy.of(&mut policies)).into()))
        .collect();
    let file = File {
        version: VERSION,
        theme: theme.as_str(),
        target: target.as_str(),
        stripe: StripeFile { base_url: base_url.as_str(), version, account },
        policies,
        moves_on: *moves_on,
        copies_id: *copies_id,
        // By way of its text: 1.1 stays 1.1, and does not become 1.100000023841858.
        zoom: zoom.to_string().parse().unwrap_or(1.0),
        serves: *serves,
        port: *port,
    };
    serde_json::to_value(file).unwrap_or_default()
}

fn of_json(root: &Map<String, Value>, path: &Path) -> (Settings, Vec<String>) {
    let defaults = Settings::default();
    let mut reader = Reader { root, path, warnings: Vec::new() };
    if reader.field("version", Value::as_u64).is_some_and(|version| version > VERSION) {
        let shown = path.display();
        reader.warnings.push(format!("The settings were written by a newer Testcard, {shown}. Some may be misread"));
    }
    let mut policies = defaults.policies;
    for policy in Policy::ALL {
        if let Some(is_on) = reader.field(&format!("policies.{}", policy.as_str()), Value::as_bool) {
            *policy.of(&mut policies) = is_on;
        }
    }
    let settings = Settings {
        theme: reader.field("theme", |v| ThemeChoice::from_word(v.as_str()?)).unwrap_or(defaults.theme),
        target: reader.field("target", |v| v.as_str()?.parse::<Target>().ok()).unwrap_or(defaults.target),
        stripe: StripeSettings {
            base_url: reader
                .field("stripe.base_url", |v| BaseUrl::parse(v.as_str()?).ok())
                .unwrap_or(defaults.stripe.base_url),
            version: reader.field("stripe.version", text).unwrap_or(defaults.stripe.version),
            account: reader.field("stripe.account", text).unwrap_or(defaults.stripe.account),
        },
        policies,
        moves_on: reader.field("moves_on", Value::as_bool).unwrap_or(defaults.moves_on),
        copies_id: reader.field("copies_id", Value::as_bool).unwrap_or(defaults.copies_id),
        zoom: reader.field("zoom", zoom).unwrap_or(defaults.zoom),
        serves: reader.field("serves", Value::as_bool).unwrap_or(defaults.serves),
        port: reader.field("port", |v| u16::try_from(v.as_u64()?).ok()).unwrap_or(defaults.port),
    };
    (settings, reader.warnings)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A size at which the window can still be used to change it back.
fn zoom(value: &Value) -> Option<f32> {
    value.as_f64().map(|zoom| zoom as f32).filter(|zoom| (0.5..=4.0).contains(zoom))
}

struct Reader<'a> {
    root: &'a Map<String, Value>,
    path: &'a Path,
    warnings: Vec<String>,
}

impl Reader<'_> {
    /// A field by its dotted name: `None` if it is missing, or wrong, which adds a warning.
    fn field<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let (value, inner) = match name.split_once('.') {
            None => (self.root.get(name)?, None),
            Some((outer, inner)) => (self.root.get(outer)?, Some(inner)),
        };
        let read = match (value, inner) {
            (value, None) => read(value),
            (Value::Object(object), Some(inner)) => read(object.get(inner)?),
            _ => None,
        };
        if read.is_none() {
            let path = self.path.display();
            self.warnings.push(format!("The setting {name} is not valid, {path}. Its default is used"));
        }
        read
    }
}

/// Puts what is known over what the file holds.
fn merge(root: &mut Map<String, Value>, known: Value) {
    let Value::Object(known) = known else { return };
    for (name, value) in known {
        match (root.get_mut(&name), value) {
            (Some(Value::Object(inner)), value @ Value::Object(_)) => merge(inner, value),
            (_, value) => {
                root.insert(name, value);
            }
        }
    }
}

/// A key that was pasted into the wrong field stays out of the file.
fn refuse_secrets(settings: &Settings) -> Result<(), SettingsError> {
    let StripeSettings { base_url, version, account } = &settings.stripe;
    for (field, text) in
        [("stripe.base_url", base_url.as_str()), ("stripe.version", version), ("stripe.account", account)]
    {
        if mask::text(text) != text {
            return Err(SettingsError::Secret { field });
        }
    }
    Ok(())
}
