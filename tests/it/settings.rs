//! The settings file: what is written, what is read back, and what happens to a broken one.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;
use testcard::{
    domain::{
        call::api::Target,
        form::{
            defaults::FormDefaults,
            draft::Draft,
            kept_draft::{KeptDraft, KeptForm},
        },
        presets::{library::PresetLibrary, preset::PresetKey},
        rules::expectation::Expectation,
        settings::{
            file_format::{EntryColumn, ExportForm, FileFormat},
            origin::PageOrigin,
            preferences::{LogSettings, ServerSettings, Settings, ThemeChoice, WindowSettings},
            profile::{Profile, ProfileColor, ProfileId, ProfileList},
            proxy::ProxyChoice,
            receiver::ReceiverUrl,
            retention::{RetentionBound, RetentionRule, RetentionScope, RetentionSettings},
            stripe::{BaseUrl, StripeSettings},
        },
    },
    settings::{self, AppFolders, SettingsError},
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
        // As a program does that has just been started.
        let known = self.load().0.profiles;
        settings::save(&self.path(), &known, settings).unwrap();
    }
}

fn origins() -> Vec<PageOrigin> {
    ["http://localhost:3000", "https://shop.example"].map(|text| PageOrigin::parse(text).unwrap()).to_vec()
}

fn changed() -> Settings {
    let form = FormDefaults {
        moves_on: false,
        copies_id: false,
        name: "Jenny Rosen".to_owned(),
        months_ahead: Some(18),
        fills_cvc: false,
    };
    let mut settings = Settings {
        form,
        window: WindowSettings { theme: ThemeChoice::Dark, zoom: 1.1 },
        server: ServerSettings {
            serves: true,
            port: 8080,
            origins: origins(),
            webhook_origins: origins(),
            forward_to: vec![ReceiverUrl::parse("http://localhost:4242/webhook").unwrap()],
        },
        log: LogSettings { calls: 20_000, megabytes: 50 },
        retention: RetentionSettings::new(
            [
                (RetentionScope::Everything, RetentionBound::Last(10_000)),
                (RetentionScope::Target(Target::Local), RetentionBound::Days(30)),
                (RetentionScope::Profile(ProfileId(1_900_000_000)), RetentionBound::Last(0)),
            ]
            .map(|(scope, bound)| RetentionRule { scope, bound }),
            true,
        ),
        export: ExportForm { format: FileFormat::Csv, columns: vec![EntryColumn::Token, EntryColumn::Note] },
        ..Settings::default()
    };
    let first = Profile { target: Target::Stripe, ..Profile::new(ProfileId::FIRST, "Default") };
    let second = Profile {
        color: ProfileColor::Amber,
        target: Target::Stripe,
        stripe: StripeSettings {
            base_url: BaseUrl::parse("http://127.0.0.1:8420").unwrap(),
            version: "2026-08-26.dahlia".to_owned(),
            account: "acct_1".to_owned(),
            proxy: ProxyChoice::parse("http://proxy.example:3128").unwrap(),
            ca_file: "/etc/ssl/our-ca.pem".to_owned(),
            broken: Vec::new(),
        },
        ..Profile::new(ProfileId(1_900_000_000), "Staging")
    };
    settings.profiles = ProfileList::of(vec![first, second], ProfileId(1_900_000_000));
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
  "version": 2,
  "profile": 1900000000,
  "profiles": [
    {
      "id": 1,
      "name": "Default",
      "color": "indigo",
      "target": "stripe",
      "base_url": "https://api.stripe.com",
      "stripe_version": "",
      "stripe_account": "",
      "proxy": "",
      "ca_certificate": ""
    },
    {
      "id": 1900000000,
      "name": "Staging",
      "color": "amber",
      "target": "stripe",
      "base_url": "http://127.0.0.1:8420",
      "stripe_version": "2026-08-26.dahlia",
      "stripe_account": "acct_1",
      "proxy": "http://proxy.example:3128",
      "ca_certificate": "/etc/ssl/our-ca.pem"
    }
  ],
  "policies": {
    "raw_card_data": false,
    "publishable_keys": true,
    "card_tokens_on_charges": true,
    "published_test_cards_only": true,
    "strict_number": true,
    "block_if_cvc_fails": true,
    "block_if_zip_fails": false
  },
  "form": {
    "moves_on": false,
    "copies_id": false,
    "name": "Jenny Rosen",
    "months_ahead": 18,
    "fills_cvc": false
  },
  "window": {
    "theme": "dark",
    "zoom": 1.1
  },
  "server": {
    "serves": true,
    "port": 8080,
    "origins": [
      "http://localhost:3000",
      "https://shop.example"
    ],
    "webhook_origins": [
      "http://localhost:3000",
      "https://shop.example"
    ],
    "forward_to": [
      "http://localhost:4242/webhook"
    ]
  },
  "request_log": {
    "calls": 20000,
    "megabytes": 50
  },
  "retention": {
    "automatic": true,
    "rules": [
      {
        "last": 10000
      },
      {
        "target": "local",
        "days": 30
      },
      {
        "profile": 1900000000,
        "last": 0
      }
    ]
  },
  "export": {
    "format": "csv",
    "columns": [
      "token",
      "note"
    ]
  }
}
"#
    );
}

/// As the first version wrote it.
const VERSION_1: &str = r#"{
  "version": 1,
  "theme": "dark",
  "target": "stripe",
  "stripe": {
    "base_url": "http://127.0.0.1:8420",
    "version": "2026-08-26.dahlia",
    "account": "acct_1"
  },
  "policies": {
    "raw_card_data": false
  },
  "moves_on": false,
  "copies_id": false,
  "zoom": 1.1,
  "serves": true,
  "port": 8080
}
"#;

#[test]
fn the_file_of_version_1_is_one_profile_called_default() {
    let file = File::holding(VERSION_1);
    let mut expected = Settings {
        form: FormDefaults { moves_on: false, copies_id: false, ..FormDefaults::default() },
        window: WindowSettings { theme: ThemeChoice::Dark, zoom: 1.1 },
        server: ServerSettings { serves: true, port: 8080, ..ServerSettings::default() },
        ..Settings::default()
    };
    expected.policies.raw_card_data = false;
    let profile = expected.profiles.active_mut();
    assert_eq!((profile.id, profile.name.as_str()), (ProfileId::FIRST, "Default"));
    profile.target = Target::Stripe;
    profile.stripe = StripeSettings {
        base_url: BaseUrl::parse("http://127.0.0.1:8420").unwrap(),
        version: "2026-08-26.dahlia".to_owned(),
        account: "acct_1".to_owned(),
        ..StripeSettings::default()
    };
    assert_eq!(file.load(), (expected.clone(), Vec::new()));

    // Once it is saved, it is a file of today and holds no field twice.
    file.save(&expected);
    let fresh = File::new();
    fresh.save(&expected);
    assert_eq!(file.text(), fresh.text());
    assert_eq!(file.bad(), None);
}

#[test]
fn unknown_fields_are_kept_when_saving() {
    let file = File::holding(
        r#"{"new": [1, 2], "window": {"theme": "light", "wide": true}, "profiles": [
            {"id": 1, "future": {"a": null}}, {"id": 2, "name": "Gone", "future": 2}, {"id": 3, "name": "CI", "more": 3}
        ]}"#,
    );
    let (mut settings, warnings) = file.load();
    assert_eq!((settings.window.theme, warnings), (ThemeChoice::Light, Vec::new()));
    settings.window.theme = ThemeChoice::Dark;
    let left = settings.profiles.iter().filter(|profile| profile.name != "Gone").cloned().collect();
    settings.profiles = ProfileList::of(left, ProfileId(3));
    file.save(&settings);
    let saved: serde_json::Value = serde_json::from_str(&file.text()).unwrap();
    assert_eq!(saved["new"], json!([1, 2]));
    assert_eq!(saved["window"], json!({"theme": "dark", "wide": true, "zoom": 1.0}));
    assert_eq!(saved["profiles"][0]["future"], json!({"a": null}));
    assert_eq!(
        (&saved["profiles"][1]["more"], &saved["profiles"][1]["name"], &saved["profiles"][2]),
        (&json!(3), &json!("CI"), &serde_json::Value::Null)
    );
    assert_eq!(file.bad(), None);

    let old = File::holding(r#"{"version": 1, "new": 1, "stripe": {"future": {"a": null}}}"#);
    old.save(&old.load().0);
    let saved: serde_json::Value = serde_json::from_str(&old.text()).unwrap();
    assert_eq!((&saved["new"], &saved["profiles"][0]["future"]), (&json!(1), &json!({"a": null})));
}

#[test]
fn a_wrong_field_has_its_default_and_a_warning_that_names_it() {
    for (text, fields) in [
        (r#"{"version": 2, "window": {"theme": "purple", "zoom": 2}}"#, &["window.theme"][..]),
        (
            r#"{"theme": 3, "target": "moon", "moves_on": "yes", "copies_id": 0}"#,
            &["profiles[0].target", "form.moves_on", "form.copies_id", "window.theme"],
        ),
        (r#"{"window": {"zoom": 0.001}}"#, &["window.zoom"]),
        (r#"{"zoom": 1e300}"#, &["window.zoom"]),
        (r#"{"window": [], "form": 1}"#, &["form", "window"]),
        (
            r#"{"stripe": {"base_url": "http://example.com", "version": null}}"#,
            &["profiles[0].base_url", "profiles[0].stripe_version"],
        ),
        (r#"{"stripe": "x"}"#, &["profiles[0].base_url"]),
        (r#"{"profiles": {}}"#, &["profiles"]),
        (
            r#"{"profiles": [3, {"name": "no id"}, {"id": 1}, {"id": 1}, {"id": 2, "name": " "}]}"#,
            &["profiles[0]", "profiles[1].id", "profiles[3].id", "profiles[4].name"],
        ),
        (
            r#"{"profiles": [{"id": 1, "color": "x", "proxy": "http://a:b@c", "ca_certificate": 1}]}"#,
            &["profiles[0].color", "profiles[0].proxy", "profiles[0].ca_certificate"],
        ),
        (r#"{"policies": false}"#, &["policies"]),
        (r#"{"policies": {"raw_card_data": 1}}"#, &["policies.raw_card_data"]),
        (r#"{"form": {"months_ahead": 100000, "name": 1}}"#, &["form.name", "form.months_ahead"]),
        (r#"{"server": {"port": 70000, "serves": 1}}"#, &["server.serves", "server.port"]),
        (r#"{"server": {"origins": "http://localhost:3000"}}"#, &["server.origins"]),
        (r#"{"server": {"origins": ["http://localhost:3000", "*"]}}"#, &["server.origins"]),
        (r#"{"server": {"webhook_origins": ["http://hooks.example/x"]}}"#, &["server.webhook_origins"]),
        (r#"{"server": {"forward_to": ["http://me:secret@localhost/"]}}"#, &["server.forward_to"]),
        (r#"{"request_log": {"calls": 99, "megabytes": "500"}}"#, &["request_log.calls", "request_log.megabytes"]),
        (
            r#"{"retention": {"automatic": 1, "rules": [{"last": 5}, {"days": 0}]}}"#,
            &["retention.automatic", "retention.rules"],
        ),
        (r#"{"retention": {"rules": [{"last": 5, "days": 1}]}}"#, &["retention.rules"]),
        (r#"{"retention": {"rules": [{"target": "moon", "last": 5}]}}"#, &["retention.rules"]),
        (r#"{"retention": {"rules": [{"target": "local", "profile": 1, "last": 5}]}}"#, &["retention.rules"]),
        (r#"{"retention": {"rules": [5]}}"#, &["retention.rules"]),
        (r#"{"retention": {"rules": [{"profle": 7, "last": 0}]}}"#, &["retention.rules"]),
        (r#"{"export": {"format": "xml", "columns": ["token", "cvc"]}}"#, &["export.format", "export.columns"]),
        (r#"{"export": {"format": "csv", "columns": []}}"#, &["export.columns"]),
        (r#"{"version": "one", "profiles": []}"#, &["version"]),
    ] {
        let (settings, warnings) = File::holding(text).load();
        assert_eq!(warnings.len(), fields.len(), "{text}: {warnings:?}");
        for (warning, field) in warnings.iter().zip(fields) {
            assert!(warning.starts_with(&format!("The setting {field} is not valid")), "{warning}");
        }
        assert!(settings.profiles.iter().len() > 0);
    }
    let (settings, _) = File::holding(r#"{"theme": "purple", "copies_id": false, "policies": true}"#).load();
    let form = FormDefaults { copies_id: false, ..FormDefaults::default() };
    assert_eq!(settings, Settings { form, ..Settings::default() });
}

#[test]
fn profiles_of_a_file_that_was_edited_by_hand_can_be_told_apart() {
    let file = File::holding(r#"{"profile": 9, "profiles": [{"id": 4}, {"id": 5, "name": "profile"}, {"id": 6}]}"#);
    let (settings, warnings) = file.load();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("The setting profile is not valid"), "{warnings:?}");
    let names: Vec<&str> = settings.profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["Profile", "profile 2", "Profile 3"]);
    assert_eq!(settings.profiles.active().id, ProfileId(4));
}

#[test]
fn a_broken_file_gives_the_defaults_and_is_kept_beside() {
    for text in ["{\"theme\": \"dark\"", "[]", "", "\u{0}", r#"{"theme": "purple", "other": 1}"#] {
        let file = File::holding(text);
        let (settings, warnings) = file.load();
        assert_eq!((settings.window.theme, warnings.len()), (ThemeChoice::System, 1), "{text}");
        assert_eq!(file.bad(), None, "reading writes nothing");
        file.save(&changed());
        assert_eq!(file.bad().as_deref(), Some(text));
        assert_eq!(file.load(), (changed(), Vec::new()));
    }
}

#[test]
fn settings_of_a_newer_version_are_read_with_a_warning() {
    let (settings, warnings) = File::holding(r#"{"version": 3, "window": {"theme": "dark"}}"#).load();
    assert_eq!(settings.window.theme, ThemeChoice::Dark);
    assert!(warnings[0].contains("newer"), "{warnings:?}");
}

#[test]
fn a_key_or_a_number_in_the_wrong_field_is_never_written() {
    let file = File::new();
    let check = |settings: &Settings, expected: &str, text: &str| {
        let error = settings::save(&file.path(), &ProfileList::default(), settings).unwrap_err();
        assert!(matches!(error, SettingsError::Secret { ref field } if field == expected), "{error}");
        assert!(!error.to_string().contains(text));
        assert!(!format!("{settings:?}").contains(text), "{settings:?}");
    };
    for text in ["sk_test_planted", "4539578763621486"] {
        let mut settings = Settings::default();
        text.clone_into(&mut settings.profiles.active_mut().stripe.account);
        check(&settings, "profiles.stripe_account", text);

        let mut settings = Settings::default();
        settings.profiles.active_mut().name = format!("Jenny's {text}");
        check(&settings, "profiles.name", text);

        let mut settings = Settings::default();
        settings.profiles.active_mut().stripe.base_url = BaseUrl::parse(&format!("https://a.example/{text}")).unwrap();
        check(&settings, "profiles.base_url", text);

        let mut settings = Settings::default();
        settings.profiles.active_mut().stripe.ca_file = format!("/home/{text}.pem");
        check(&settings, "profiles.ca_certificate", text);

        let mut settings = Settings::default();
        settings.form.name = text.to_owned();
        check(&settings, "form.name", text);
    }
    assert!(!file.path().exists());
}

#[test]
fn an_address_and_a_path_with_a_time_are_no_secrets() {
    let file = File::new();
    let mut settings = Settings::default();
    settings.profiles.active_mut().stripe = StripeSettings {
        base_url: BaseUrl::parse("https://192.168.100.200:8420").unwrap(),
        proxy: ProxyChoice::parse("http://192.168.100.200:3128").unwrap(),
        ca_file: "/ci/202411260508/192.168.100.200/ca.pem".to_owned(),
        ..StripeSettings::default()
    };
    file.save(&settings);
    assert_eq!(file.load(), (settings, Vec::new()));
}

#[test]
fn a_failed_save_leaves_the_old_file_and_nothing_else() {
    let file = File::new();
    file.save(&changed());
    let before = file.text();
    let below_a_file = file.path().join("settings.json");
    let error = settings::save(&below_a_file, &ProfileList::default(), &Settings::default()).unwrap_err();
    assert!(error.to_string().contains("settings.json"), "{error}");
    assert_eq!(file.text(), before);
    assert_eq!(fs::read_dir(file.folder.path()).unwrap().count(), 1);
}

#[test]
fn saving_makes_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a").join("b").join("settings.json");
    settings::save(&path, &ProfileList::default(), &changed()).unwrap();
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
    let folders = AppFolders::find(Some("/some/where".into())).unwrap();
    let home = Path::new("/some/where");
    assert_eq!(folders, AppFolders { data: home.join("data"), config: home.join("config"), log: home.join("log") });
    assert_eq!(folders.settings_file(), home.join("config").join("settings.json"));
    assert!(AppFolders::find(Some("relative".into())).unwrap().data.is_absolute());
}

#[test]
fn without_a_named_folder_the_systems_places_are_used() {
    for home in [None, Some("".into())] {
        // A machine without a home folder is told what to do.
        match AppFolders::find(home) {
            Ok(folders) => {
                for folder in [&folders.data, &folders.config, &folders.log] {
                    assert!(folder.is_absolute() && folder.to_string_lossy().contains("testcard"), "{folder:?}");
                }
            }
            Err(error) => assert!(error.to_string().contains("TESTCARD_HOME"), "{error}"),
        }
    }
}

/// A library with one of each.
fn library() -> PresetLibrary {
    let mut library = PresetLibrary::default();
    let draft = Draft { number: "4000000000009995".into(), expiry: "1234".to_owned(), ..Draft::default() };
    let expects = Some(Expectation::refused("invalid_cvc"));
    let own = library.save("Nightly run", &draft, expects, 0);
    library.toggle_favourite(&own);
    library.note_use(&"made:invalid_cvc".parse().unwrap());
    library.note_use(&"card:4242424242424242".parse().unwrap());
    library
}

#[test]
fn presets_come_back_as_they_were_saved_and_unknown_fields_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config").join("presets.json");
    assert_eq!(settings::presets::load(&path), (PresetLibrary::default(), Vec::new()));
    settings::presets::save(&path, &PresetLibrary::default(), &library()).unwrap();
    assert_eq!(settings::presets::load(&path), (library(), Vec::new()));

    let mut root: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    root["later"] = 1.into();
    root["presets"][0]["color"] = "teal".into();
    fs::write(&path, root.to_string()).unwrap();
    let mut renamed = library();
    renamed.rename(1, "Weekly run");
    settings::presets::save(&path, &library(), &renamed).unwrap();
    let again: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!((&again["later"], &again["presets"][0]["color"]), (&1.into(), &"teal".into()));
    assert_eq!(again["presets"][0]["name"], "Weekly run");
    assert!(!path.with_extension("json.bad").exists(), "nothing was wrong");
}

#[test]
fn two_windows_keep_each_others_presets() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("presets.json");
    let draft = Draft { number: "4242424242424242".into(), ..Draft::default() };
    let key = |text: &str| text.parse::<PresetKey>().unwrap();
    let names = || -> Vec<String> { settings::presets::load(&path).0.own.into_iter().map(|own| own.name).collect() };
    // What both windows start with.
    let mut start = PresetLibrary::default();
    for (nth, name) in (1..).zip(["Stays", "Goes here", "Goes there", "Renamed there"]) {
        let own = start.save(name, &draft, None, nth);
        start.toggle_favourite(&own);
        start.note_use(&own);
    }
    settings::presets::save(&path, &PresetLibrary::default(), &start).unwrap();

    let mut there = start.clone();
    let made_there = there.save("Made there", &draft, None, 100);
    there.delete(3);
    there.rename(4, "By another name");
    there.note_use(&made_there);
    there.toggle_favourite(&key("card:4000000000009995"));
    settings::presets::save(&path, &start, &there).unwrap();

    let mut here = start.clone();
    here.delete(2);
    here.save("Made here", &draft, None, 200);
    here.note_use(&key("made:invalid_cvc"));
    here.toggle_favourite(&key("own:1"));
    settings::presets::save(&path, &start, &here).unwrap();
    let (kept, warnings) = settings::presets::load(&path);
    assert_eq!(warnings, Vec::<String>::new());
    assert_eq!(names(), ["Stays", "By another name", "Made here", "Made there"]);
    assert_eq!(kept.favourites, [key("own:4"), key("card:4000000000009995")]);
    assert_eq!(kept.recents, [key("made:invalid_cvc"), made_there, key("own:4"), key("own:1")]);

    // Later changes take nothing back.
    let mut later = here.clone();
    later.note_use(&key("own:1"));
    settings::presets::save(&path, &here, &later).unwrap();
    assert_eq!(names(), ["Stays", "By another name", "Made here", "Made there"]);
    let mut later = there.clone();
    later.delete(100);
    settings::presets::save(&path, &there, &later).unwrap();
    assert_eq!(names(), ["Stays", "By another name", "Made here"]);

    // A file that is gone is written anew, and what cannot be read in it was not deleted.
    std::fs::remove_file(&path).unwrap();
    settings::presets::save(&path, &here, &here).unwrap();
    assert_eq!(names(), ["Stays", "Goes there", "Renamed there", "Made here"]);
    let text = fs::read_to_string(&path).unwrap().replace("\"Goes there\"", "3");
    fs::write(&path, text).unwrap();
    settings::presets::save(&path, &here, &here).unwrap();
    assert_eq!(names().len(), 4);
}

#[test]
fn two_windows_keep_each_others_profiles() {
    let file = File::new();
    let profile = |id, name: &str| Profile::new(ProfileId(id), name);
    let with =
        |list: Vec<Profile>| Settings { profiles: ProfileList::of(list, ProfileId::FIRST), ..Settings::default() };
    let names = || file.load().0.profiles.iter().map(|profile| profile.name.clone()).collect::<Vec<_>>();
    let start = with(vec![profile(1, "Default"), profile(7, "Goes here")]);
    file.save(&start);
    let there = with(vec![profile(1, "Default"), profile(7, "Goes here"), profile(8, "Made there")]);
    settings::save(&file.path(), &start.profiles, &there).unwrap();
    let here = with(vec![profile(1, "Renamed"), profile(9, "Made here")]);
    settings::save(&file.path(), &start.profiles, &here).unwrap();
    assert_eq!(names(), ["Renamed", "Made here", "Made there"]);
    settings::save(&file.path(), &here.profiles, &here).unwrap();
    assert_eq!(names(), ["Renamed", "Made here", "Made there"]);
}

/// The other window deletes the profiles with these ids and adds those of `adds`; this one then saves `mine`.
#[track_caller]
fn check_deleted_there(deletes: &[i64], adds: &[i64], mine: &[i64], in_use: i64, expected: &[i64], used: i64) {
    let with = |ids: &[i64], in_use: i64| {
        let list = ids.iter().map(|id| Profile::new(ProfileId(*id), format!("Profile {id}"))).collect();
        Settings { profiles: ProfileList::of(list, ProfileId(in_use)), ..Settings::default() }
    };
    let file = File::new();
    let start = with(&[1, 7], 1);
    file.save(&start);
    let there: Vec<i64> = [1, 7].iter().filter(|id| !deletes.contains(id)).chain(adds).copied().collect();
    settings::save(&file.path(), &start.profiles, &with(&there, there[0])).unwrap();
    let mut known = start.profiles;
    // What came back once would stay: each save of this window goes the same way.
    for _ in 0..2 {
        let here = with(mine, in_use);
        let written = settings::save(&file.path(), &known, &here).unwrap();
        known = here.profiles;
        let (kept, warnings) = file.load();
        let ids: Vec<i64> = kept.profiles.iter().map(|profile| profile.id.0).collect();
        assert_eq!((ids.as_slice(), kept.profiles.active().id.0, warnings), (expected, used, Vec::new()));
        let gone: Vec<i64> = written.deleted_elsewhere.iter().map(|profile| profile.id.0).collect();
        assert!(gone.iter().all(|id| deletes.contains(id) && mine.contains(id)), "{gone:?}");
    }
}

#[test]
fn a_profile_that_another_window_deleted_does_not_come_back() {
    check_deleted_there(&[7], &[], &[1, 7], 1, &[1], 1);
    check_deleted_there(&[7], &[], &[1, 7], 7, &[1], 1);
    check_deleted_there(&[7], &[8], &[1, 7, 9], 7, &[1, 9, 8], 1);
    check_deleted_there(&[1, 7], &[8], &[1, 7], 1, &[8], 8);
    // Each window deleted what the other kept: there is always a profile, and this window shows its own.
    check_deleted_there(&[7], &[], &[7], 7, &[7], 7);
}

#[test]
fn what_is_wrong_with_the_presets_is_left_out_with_a_warning_and_kept_beside() {
    for (text, warns, own) in [
        ("{ not json", "is not JSON", 0),
        ("[]", "is not a JSON object", 0),
        (r#"{"version": 99}"#, "newer Testcard", 0),
        (r#"{"favourites": 1}"#, "favourites", 0),
        (r#"{"recents": ["card:4111111111111111"]}"#, "card:411111******1111", 0),
        (r#"{"presets": [{"id": 1, "name": "A", "draft": {}}, {"name": "B"}]}"#, "Preset 2", 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("presets.json");
        fs::write(&path, text).unwrap();
        let (read, warnings) = settings::presets::load(&path);
        assert_eq!((warnings.len(), read.own.len()), (1, own), "{warnings:?}");
        assert!(warnings[0].contains(warns) && warnings[0].contains("presets.json"), "{warnings:?}");
        settings::presets::save(&path, &read, &read).unwrap();
        assert_eq!(fs::read_to_string(path.with_extension("json.bad")).unwrap(), text);
    }
}

#[test]
fn a_draft_comes_back_and_a_broken_one_is_an_empty_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("draft.json");
    let draft = Draft { name: "Jenny Rosen".to_owned(), cvc: "987".into(), ..Draft::default() };
    let form = KeptForm { draft: KeptDraft::of(&draft).0, expects: Some(Expectation::refused("invalid_cvc")) };
    settings::draft::save_or_remove(&path, &form).unwrap();
    assert_eq!(settings::draft::load(&path), (Some(form.clone()), Vec::new()));
    settings::draft::save_or_remove(&path, &KeptForm::default()).unwrap();
    assert!(!path.exists());
    for text in ["{ not json", r#"{"version": 1}"#, r#"{"version": 9, "draft": {}}"#] {
        fs::write(&path, text).unwrap();
        let (read, warnings) = settings::draft::load(&path);
        assert_eq!((read, warnings.len()), (None, 1), "{text}");
        settings::draft::save_or_remove(&path, &form).unwrap();
        assert_eq!(fs::read_to_string(path.with_extension("json.bad")).unwrap(), text);
    }
}
