//! The settings file: what is written, what is read back, and what happens to a broken one.

use std::{fs, path::Path};

use tempfile::TempDir;
use testcard::{
    domain::{
        api::Target,
        settings::{BaseUrl, Settings, ThemeChoice},
    },
    settings::{self, Folders, SettingsError},
};

struct File {
    folder: TempDir,
}

impl File {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn holding(text: &str) -> Self {
        let file = Self::new();
        fs::write(file.path(), text).unwrap();
        file
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("settings.json")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn bad(&self) -> Option<String> {
        fs::read_to_string(self.folder.path().join("settings.json.bad")).ok()
    }

    fn load(&self) -> (Settings, Vec<String>) {
        settings::load(&self.path())
    }

    #[track_caller]
    fn save(&self, settings: &Settings) {
        settings::save(&self.path(), settings).unwrap();
    }
}

fn changed() -> Settings {
    let mut settings = Settings {
        theme: ThemeChoice::Dark,
        target: Target::Stripe,
        moves_on: false,
        copies_id: false,
        zoom: 1.1,
        serves: true,
        port: 8080,
        ..Settings::default()
    };
    settings.stripe.base_url = BaseUrl::parse("http://127.0.0.1:8420").unwrap();
    "2026-08-26.dahlia".clone_into(&mut settings.stripe.version);
    "acct_1".clone_into(&mut settings.stripe.account);
    settings.policies.raw_card_data = false;
    settings.policies.published_test_cards_only = true;
    settings.policies.strict_number = true;
    settings.policies.block_if_cvc_fails = true;
    settings
}

#[test]
fn without_a_file_the_defaults_hold_and_nothing_is_said() {
    assert_eq!(File::new().load(), (Settings::default(), Vec::new()));
}

#[test]
fn every_setting_comes_back_as_it_was_saved() {
    let file = File::new();
    file.save(&changed());
    assert_eq!(file.load(), (changed(), Vec::new()));
    file.save(&Settings::default());
    assert_eq!(file.load(), (Settings::default(), Vec::new()));
    assert_eq!(file.bad(), None);
}

#[test]
fn the_file_is_readable_and_has_a_version() {
    let file = File::new();
    file.save(&changed());
    assert_eq!(
        file.text(),
        r#"{
  "version": 1,
  "theme": "dark",
  "target": "stripe",
  "stripe": {
    "base_url": "http://127.0.0.1:8420",
    "version": "2026-08-26.dahlia",
    "account": "acct_1"
  },
  "policies": {
    "raw_card_data": false,
    "publishable_keys": true,
    "card_tokens_on_charges": true,
    "published_test_cards_only": true,
    "strict_number": true,
    "block_if_cvc_fails": true,
    "block_if_zip_fails": false
  },
  "moves_on": false,
  "copies_id": false,
  "zoom": 1.1,
  "serves": true,
  "port": 8080
}
"#
    );
}

#[test]
fn unknown_fields_are_kept_when_saving() {
    let file = File::holding(r#"{"new": [1, 2], "theme": "light", "stripe": {"future": {"a": null}}}"#);
    let (mut settings, warnings) = file.load();
    assert_eq!((settings.theme, warnings), (ThemeChoice::Light, Vec::new()));
    settings.theme = ThemeChoice::Dark;
    file.save(&settings);
    let saved: serde_json::Value = serde_json::from_str(&file.text()).unwrap();
    assert_eq!(saved["new"], serde_json::json!([1, 2]));
    assert_eq!(saved["stripe"]["future"], serde_json::json!({"a": null}));
    assert_eq!(saved["theme"], "dark");
    assert_eq!(file.bad(), None);
}

#[test]
fn a_wrong_field_has_its_default_and_a_warning_that_names_it() {
    for (text, fields) in [
        (r#"{"theme": "purple", "zoom": 2}"#, &["theme"][..]),
        (
            r#"{"theme": 3, "target": "moon", "moves_on": "yes", "copies_id": 0}"#,
            &["theme", "target", "moves_on", "copies_id"],
        ),
        (r#"{"zoom": 0.001}"#, &["zoom"]),
        (r#"{"zoom": 1e300}"#, &["zoom"]),
        (r#"{"stripe": {"base_url": "http://example.com", "version": null}}"#, &["stripe.base_url", "stripe.version"]),
        (r#"{"stripe": "x"}"#, &["stripe.base_url", "stripe.version", "stripe.account"]),
        (
            r#"{"policies": false}"#,
            &[
                "policies.raw_card_data",
                "policies.publishable_keys",
                "policies.card_tokens_on_charges",
                "policies.published_test_cards_only",
                "policies.strict_number",
                "policies.block_if_cvc_fails",
                "policies.block_if_zip_fails",
            ],
        ),
        (r#"{"port": 70000, "serves": 1}"#, &["serves", "port"]),
        (r#"{"version": "one"}"#, &["version"]),
    ] {
        let (_, warnings) = File::holding(text).load();
        assert_eq!(warnings.len(), fields.len(), "{text}: {warnings:?}");
        for (warning, field) in warnings.iter().zip(fields) {
            assert!(warning.starts_with(&format!("The setting {field} is not valid")), "{warning}");
        }
    }
    let (settings, _) = File::holding(r#"{"theme": "purple", "copies_id": false, "policies": true}"#).load();
    assert_eq!(settings, Settings { copies_id: false, ..Settings::default() });
}

#[test]
fn a_broken_file_gives_the_defaults_and_is_kept_beside() {
    for text in ["{\"theme\": \"dark\"", "[]", "", "\u{0}", r#"{"theme": "purple", "other": 1}"#] {
        let file = File::holding(text);
        let (settings, warnings) = file.load();
        assert_eq!((settings.theme, warnings.len()), (ThemeChoice::System, 1), "{text}");
        assert_eq!(file.bad(), None, "reading writes nothing");
        file.save(&changed());
        assert_eq!(file.bad().as_deref(), Some(text));
        assert_eq!(file.load(), (changed(), Vec::new()));
    }
}

#[test]
fn settings_of_a_newer_version_are_read_with_a_warning() {
    let (settings, warnings) = File::holding(r#"{"version": 2, "theme": "dark"}"#).load();
    assert_eq!(settings.theme, ThemeChoice::Dark);
    assert!(warnings[0].contains("newer"), "{warnings:?}");
}

#[test]
fn a_key_or_a_number_in_the_wrong_field_is_never_written() {
    let file = File::new();
    for text in ["sk_test_planted", "4111111111111112"] {
        let mut settings = Settings::default();
        text.clone_into(&mut settings.stripe.account);
        let error = settings::save(&file.path(), &settings).unwrap_err();
        assert!(matches!(error, SettingsError::Secret { field: "stripe.account" }), "{error}");
        assert!(!error.to_string().contains(text));
    }
    assert!(!file.path().exists());
}

#[test]
fn a_failed_save_leaves_the_old_file_and_nothing_else() {
    let file = File::new();
    file.save(&changed());
    let before = file.text();
    let below_a_file = file.path().join("settings.json");
    let error = settings::save(&below_a_file, &Settings::default()).unwrap_err();
    assert!(error.to_string().contains("settings.json"), "{error}");
    assert_eq!(file.text(), before);
    assert_eq!(fs::read_dir(file.folder.path()).unwrap().count(), 1);
}

#[test]
fn saving_makes_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a").join("b").join("settings.json");
    settings::save(&path, &changed()).unwrap();
    assert_eq!(settings::load(&path).0, changed());
}

#[cfg(unix)]
#[test]
fn a_linked_settings_file_stays_a_link() {
    let file = File::new();
    let real = file.folder.path().join("real.json");
    fs::write(&real, "{}").unwrap();
    std::os::unix::fs::symlink(&real, file.path()).unwrap();
    file.save(&changed());
    assert!(file.path().is_symlink());
    assert_eq!(settings::load(&real).0, changed());
}

#[test]
fn one_folder_holds_everything_when_it_is_named() {
    let folders = Folders::find(Some("/some/where".into())).unwrap();
    let home = Path::new("/some/where");
    assert_eq!(folders, Folders { data: home.join("data"), config: home.join("config"), log: home.join("log") });
    assert_eq!(folders.settings_file(), home.join("config").join("settings.json"));
    assert!(Folders::find(Some("relative".into())).unwrap().data.is_absolute());
}

#[test]
fn without_a_named_folder_the_systems_places_are_used() {
    for home in [None, Some("".into())] {
        // A machine without a home folder is told what to do.
        match Folders::find(home) {
            Ok(folders) => {
                for folder in [&folders.data, &folders.config, &folders.log] {
                    assert!(folder.is_absolute() && folder.to_string_lossy().contains("testcard"), "{folder:?}");
                }
            }
            Err(error) => assert!(error.to_string().contains("TESTCARD_HOME"), "{error}"),
        }
    }
}
