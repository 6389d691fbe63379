//! The format of the settings file, its earlier version, and what is kept of fields that are not known.

use std::{ops::RangeInclusive, path::Path};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::domain::{
    call::api::Target,
    form::defaults::FormDefaults,
    mask,
    rules::policies::{AccountPolicies, AccountPolicy},
    settings::{
        file_format::{EntryColumn, ExportForm},
        origin::PageOrigin,
        preferences::{LogSettings, ServerSettings, Settings, WindowSettings},
        profile::{Profile, ProfileId, ProfileList, free_name},
        receiver::ReceiverUrl,
        retention::{RetentionBound, RetentionRule, RetentionScope, RetentionSettings},
        stripe::{BrokenSetting, StripeField, StripeSettings},
    },
};

/// The version of the format. Version 1 had no profiles, and all its fields at the top.
const VERSION: u64 = 2;

/// The file as it is written. Apart from [`Settings`], so that a change there cannot change the format by accident.
#[derive(Serialize)]
struct SettingsFile<'a> {
    version: u64,
    /// The id of the profile in use.
    profile: i64,
    profiles: Vec<Map<String, Value>>,
    policies: Map<String, Value>,
    form: FormFile<'a>,
    window: WindowSettingsFile<'a>,
    server: ServerFile<'a>,
    request_log: LogFile,
    retention: RetentionFile,
    export: ExportFile,
}

#[derive(Serialize)]
struct FormFile<'a> {
    moves_on: bool,
    copies_id: bool,
    name: &'a str,
    months_ahead: Option<u16>,
    fills_cvc: bool,
}

#[derive(Serialize)]
struct WindowSettingsFile<'a> {
    theme: &'a str,
    zoom: f64,
}

#[derive(Serialize)]
struct ServerFile<'a> {
    serves: bool,
    port: u16,
    origins: Vec<&'a str>,
    webhook_origins: Vec<&'a str>,
    forward_to: Vec<&'a str>,
}

#[derive(Serialize)]
struct ExportFile {
    format: &'static str,
    columns: Vec<&'static str>,
}

#[derive(Serialize)]
struct LogFile {
    calls: u64,
    megabytes: u64,
}

#[derive(Serialize)]
struct RetentionFile {
    automatic: bool,
    rules: Vec<RuleFile>,
}

/// A rule: of a target or a profile, or of the whole history where neither is there; with `last` or `days`.
#[derive(Serialize)]
struct RuleFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u64>,
}

impl RuleFile {
    fn of(RetentionRule { scope, bound }: &RetentionRule) -> Self {
        let (target, profile) = match scope {
            RetentionScope::Everything => (None, None),
            RetentionScope::Target(target) => (Some(target.as_str()), None),
            RetentionScope::Profile(profile) => (None, Some(profile.0)),
        };
        let (last, days) = match bound {
            RetentionBound::Last(count) => (Some(*count), None),
            RetentionBound::Days(days) => (None, Some(*days)),
        };
        Self { target, profile, last, days }
    }
}

fn to_json(settings: &Settings) -> Result<Value, serde_json::Error> {
    let Settings { profiles, policies, form, window, server, log, retention, export } = settings;
    let FormDefaults { moves_on, copies_id, name, months_ahead, fills_cvc } = form;
    let WindowSettings { theme, zoom } = window;
    let ServerSettings { serves, port, origins, webhook_origins, forward_to } = server;
    let mut policies = *policies;
    let policies = AccountPolicy::ALL
        .into_iter()
        .map(|policy| (policy.as_str().to_owned(), (*policy.of(&mut policies)).into()))
        .collect();
    let file = SettingsFile {
        version: VERSION,
        profile: profiles.active().id.0,
        profiles: profiles.iter().map(profile_object).collect(),
        policies,
        form: FormFile {
            moves_on: *moves_on,
            copies_id: *copies_id,
            name,
            months_ahead: *months_ahead,
            fills_cvc: *fills_cvc,
        },
        // By way of its text: 1.1 stays 1.1, and does not become 1.100000023841858.
        window: WindowSettingsFile { theme: theme.as_str(), zoom: zoom.to_string().parse().unwrap_or(1.0) },
        server: ServerFile {
            serves: *serves,
            port: *port,
            origins: origins.iter().map(PageOrigin::as_str).collect(),
            webhook_origins: webhook_origins.iter().map(PageOrigin::as_str).collect(),
            forward_to: forward_to.iter().map(ReceiverUrl::as_str).collect(),
        },
        request_log: LogFile { calls: log.calls, megabytes: log.megabytes },
        retention: RetentionFile {
            automatic: retention.is_automatic,
            rules: retention.rules().iter().map(RuleFile::of).collect(),
        },
        export: ExportFile {
            format: export.format.as_str(),
            columns: export.columns.iter().map(|column| column.as_str()).collect(),
        },
    };
    let mut root = serde_json::to_value(file)?;
    for (nth, profile) in profiles.iter().enumerate() {
        for broken in &profile.stripe.broken {
            let object = if broken.field == BrokenSetting::IN_USE { &mut root } else { &mut root["profiles"][nth] };
            object[broken.field] = without_secrets(&broken.written);
        }
    }
    Ok(root)
}

/// A setting that could not be read, as it is written back. If it looks like it holds a key, an empty text is written.
fn without_secrets(written: &Value) -> Value {
    let text = written.to_string();
    if mask::text(&text) == text { written.clone() } else { String::new().into() }
}

fn profile_object(profile: &Profile) -> Map<String, Value> {
    let Profile { id, name, color, target, stripe } = profile;
    let mut object = Map::from_iter([
        ("id".to_owned(), id.0.into()),
        ("name".to_owned(), name.as_str().into()),
        ("color".to_owned(), color.as_str().into()),
        ("target".to_owned(), target.as_str().into()),
    ]);
    object.extend(StripeField::ALL.map(|field| (field.name().to_owned(), field.text(stripe).into())));
    object
}

/// Writes the settings over what the file held. Unknown fields stay. Profiles of the file that are `known` and that the
/// settings do not have any more are dropped. Profiles of the settings that are `known` and that the file does not have
/// any more were deleted by another window: they are left out, and given as the second value.
///
/// # Errors
/// When the settings cannot be written as JSON: then nothing may be saved in their place.
pub(super) fn over(
    mut old: Map<String, Value>,
    known: &ProfileList,
    settings: &Settings,
) -> Result<(Map<String, Value>, Vec<Profile>), serde_json::Error> {
    let is_of_others = |profile: &Value| {
        let id = profile["id"].as_i64().map(ProfileId);
        id.is_some_and(|id| known.get(id).is_none() && settings.profiles.get(id).is_none())
    };
    // The first profile of a file that had none, or is not there yet, is made up by the upgrade.
    let names_profiles = old.contains_key("profiles");
    upgrade(&mut old);
    let mut root = to_json(settings)?;
    let mut deleted = Vec::new();
    if let (Some(Value::Array(before)), Some(Value::Array(profiles))) =
        (old.remove("profiles"), root.get_mut("profiles"))
    {
        for profile in profiles.iter_mut() {
            let kept = before.iter().find(|kept| kept["id"] == profile["id"]).cloned();
            *profile = merged(kept, profile.take());
        }
        if names_profiles {
            deleted = deleted_elsewhere(&before, known, &settings.profiles);
        }
        profiles.retain(|profile| !deleted.iter().any(|deleted| profile["id"] == deleted.id.0));
        profiles.extend(before.into_iter().filter(is_of_others));
        if deleted.iter().any(|deleted| deleted.id == settings.profiles.active().id) {
            let first = profiles.first().map(|profile| profile["id"].clone());
            root["profile"] = first.unwrap_or_default();
        }
    }
    match merged(Some(old.into()), root) {
        Value::Object(root) => Ok((root, deleted)),
        _ => unreachable!("the settings are an object"),
    }
}

/// The profiles that another window deleted: known here, and not in the file. None counts as deleted if an entry of the
/// file has no id, for it could be any of them, or if no profile would be left.
fn deleted_elsewhere(before: &[Value], known: &ProfileList, profiles: &ProfileList) -> Vec<Profile> {
    let ids: Option<Vec<i64>> = before.iter().map(|profile| profile["id"].as_i64()).collect();
    let ids = ids.unwrap_or_default();
    let is_deleted = |profile: &&Profile| known.get(profile.id).is_some() && !ids.contains(&profile.id.0);
    let deleted: Vec<Profile> = profiles.iter().filter(is_deleted).cloned().collect();
    let is_any_left = deleted.len() < profiles.iter().len() || ids.iter().any(|id| known.get(ProfileId(*id)).is_none());
    if ids.is_empty() || !is_any_left { Vec::new() } else { deleted }
}

/// The known fields in the order of the format, and behind them the other fields that the file holds.
fn merged(old: Option<Value>, known: Value) -> Value {
    match (old, known) {
        (Some(Value::Object(mut old)), Value::Object(known)) => {
            let mut root: Map<String, Value> = known
                .into_iter()
                .map(|(name, value)| {
                    let value = merged(old.remove(&name), value);
                    (name, value)
                })
                .collect();
            root.extend(old);
            root.into()
        }
        (_, known) => known,
    }
}

/// Moves the fields of version 1 to where they stand now: its one API becomes the first profile.
fn upgrade(root: &mut Map<String, Value>) {
    let is_old = root.get("version").is_none_or(|version| version == 1) && !root.contains_key("profiles");
    if !is_old {
        return;
    }
    for (name, group) in [
        ("theme", "window"),
        ("zoom", "window"),
        ("moves_on", "form"),
        ("copies_id", "form"),
        ("serves", "server"),
        ("port", "server"),
    ] {
        if let Some(value) = root.remove(name)
            && let Value::Object(group) = root.entry(group).or_insert_with(|| json!({}))
        {
            group.entry(name).or_insert(value);
        }
    }
    let mut profile = Map::from_iter([("id".to_owned(), json!(ProfileId::FIRST.0))]);
    profile.extend(root.remove("target").map(|target| ("target".to_owned(), target)));
    match root.remove("stripe") {
        Some(Value::Object(stripe)) => profile.extend(stripe.into_iter().map(|(name, value)| match name.as_str() {
            "version" | "account" => (format!("stripe_{name}"), value),
            _ => (name, value),
        })),
        // It is told as wrong where it is read.
        Some(other) => profile.extend([("base_url".to_owned(), other)]),
        None => {}
    }
    root.insert("profiles".to_owned(), json!([profile]));
}

/// The settings that a file holds, and what is wrong with it.
pub(super) fn of_json(mut root: Map<String, Value>, path: &Path) -> (Settings, Vec<String>) {
    upgrade(&mut root);
    let mut warnings = Vec::new();
    let mut reader = ObjectReader { object: Some(&root), place: String::new(), path, warnings: &mut warnings };
    if reader.field("version", Value::as_u64).is_some_and(|version| version > VERSION) {
        let shown = path.display();
        reader.warnings.push(format!("The settings were written by a newer Testcard, {shown}. Some may be misread"));
    }
    let settings = Settings {
        profiles: profiles(&mut reader),
        policies: policies(&mut reader.group("policies")),
        form: form(&mut reader.group("form")),
        window: window(&mut reader.group("window")),
        server: server(&mut reader.group("server")),
        log: log(&mut reader.group("request_log")),
        retention: retention(&mut reader.group("retention")),
        export: export(&mut reader.group("export")),
    };
    (settings, warnings)
}

fn profiles(reader: &mut ObjectReader<'_>) -> ProfileList {
    let named = reader.object.and_then(|root| root.get(BrokenSetting::IN_USE)).cloned();
    let in_use = named.as_ref().map_or(Some(ProfileId::FIRST), |id| id.as_i64().map(ProfileId));
    let kept = match reader.object.and_then(|root| root.get("profiles")) {
        Some(Value::Array(kept)) => kept.clone(),
        None => Vec::new(),
        Some(_) => {
            reader.complain_closed("profiles");
            return unreadable(&format!("The profiles of the settings cannot be read, {}", reader.path.display()));
        }
    };
    let mut list: Vec<Profile> = Vec::with_capacity(kept.len());
    for (nth, value) in kept.iter().enumerate() {
        let name = format!("profiles[{nth}]");
        let Some(object) = value.as_object() else {
            reader.complain(&name);
            continue;
        };
        let mut reader = ObjectReader {
            object: Some(object),
            place: format!("{name}."),
            path: reader.path,
            warnings: &mut *reader.warnings,
        };
        let Some(id) = reader.field("id", Value::as_i64).map(ProfileId) else {
            reader.complain("id");
            continue;
        };
        if list.iter().any(|known| known.id == id) {
            reader.complain("id");
            continue;
        }
        let taken: Vec<&str> = list.iter().map(|profile| profile.name.as_str()).collect();
        let usual = if id == ProfileId::FIRST { "Default" } else { "Profile" };
        let named = reader.field("name", |value| text(value).filter(|name| !name.trim().is_empty()));
        let name = free_name(named.as_deref().unwrap_or(usual), &taken);
        let defaults = Profile::new(id, name);
        list.push(Profile {
            color: reader.field("color", |v| v.as_str()?.parse().ok()).unwrap_or(defaults.color),
            target: reader.field("target", |v| v.as_str()?.parse::<Target>().ok()).unwrap_or(defaults.target),
            stripe: stripe(&mut reader),
            ..defaults
        });
    }
    let is_there = in_use.is_some_and(|in_use| list.iter().any(|profile| profile.id == in_use));
    if let (Some(written), Some(first), false) = (named, list.first_mut(), is_there) {
        reader.complain_closed(BrokenSetting::IN_USE);
        first.stripe.broken.push(BrokenSetting {
            field: BrokenSetting::IN_USE,
            place: BrokenSetting::IN_USE.to_owned(),
            written,
            reason: "There is no profile of this id. Choose a profile in the window, or write the id of one".to_owned(),
        });
    }
    ProfileList::of(list, in_use.unwrap_or(ProfileId::FIRST))
}

/// The profile that stands for profiles that cannot be read. Its settings of the API count as broken, so no call leaves
/// until a person writes its base URL.
fn unreadable(reason: &str) -> ProfileList {
    let mut profiles = ProfileList::default();
    // Another base URL on the command line does not bring back the proxy and the account.
    profiles.active_mut().stripe.broken = [StripeField::BaseUrl.name(), StripeField::Proxy.name()]
        .map(|field| {
            let (place, reason) = (format!("profiles[0].{field}"), reason.to_owned());
            BrokenSetting { field, place, written: String::new().into(), reason }
        })
        .into();
    profiles
}

/// The settings where the file as a whole cannot be read.
pub(super) fn of_unreadable(warning: &str) -> Settings {
    Settings { profiles: unreadable(warning), ..Settings::default() }
}

/// How the API is reached, with what keeps calls from leaving.
fn stripe(reader: &mut ObjectReader<'_>) -> StripeSettings {
    let mut stripe = StripeSettings::default();
    for field in StripeField::ALL {
        reader.stripe_field(field, &mut stripe);
    }
    stripe
}

fn policies(reader: &mut ObjectReader<'_>) -> AccountPolicies {
    let mut policies = AccountPolicies::default();
    for policy in AccountPolicy::ALL {
        if let Some(is_on) = reader.field(policy.as_str(), Value::as_bool) {
            *policy.of(&mut policies) = is_on;
        }
    }
    policies
}

fn form(reader: &mut ObjectReader<'_>) -> FormDefaults {
    let months = |value: &Value| match value {
        Value::Null => Some(None),
        value => {
            let months = u16::try_from(value.as_u64()?).ok()?;
            (months <= FormDefaults::MOST_MONTHS).then_some(Some(months))
        }
    };
    let defaults = FormDefaults::default();
    FormDefaults {
        moves_on: reader.field("moves_on", Value::as_bool).unwrap_or(defaults.moves_on),
        copies_id: reader.field("copies_id", Value::as_bool).unwrap_or(defaults.copies_id),
        name: reader.field("name", text).unwrap_or(defaults.name),
        months_ahead: reader.field("months_ahead", months).unwrap_or(defaults.months_ahead),
        fills_cvc: reader.field("fills_cvc", Value::as_bool).unwrap_or(defaults.fills_cvc),
    }
}

fn window(reader: &mut ObjectReader<'_>) -> WindowSettings {
    let zoom =
        |value: &Value| value.as_f64().map(|zoom| zoom as f32).filter(|zoom| WindowSettings::ZOOMS.contains(zoom));
    let defaults = WindowSettings::default();
    WindowSettings {
        theme: reader.field("theme", |v| v.as_str()?.parse().ok()).unwrap_or(defaults.theme),
        zoom: reader.field("zoom", zoom).unwrap_or(defaults.zoom),
    }
}

fn server(reader: &mut ObjectReader<'_>) -> ServerSettings {
    let defaults = ServerSettings::default();
    ServerSettings {
        serves: reader.field("serves", Value::as_bool).unwrap_or(defaults.serves),
        port: reader.field("port", |v| u16::try_from(v.as_u64()?).ok()).unwrap_or(defaults.port),
        origins: reader.field("origins", origins).unwrap_or(defaults.origins),
        webhook_origins: reader.field("webhook_origins", origins).unwrap_or(defaults.webhook_origins),
        forward_to: reader.field("forward_to", receivers).unwrap_or(defaults.forward_to),
    }
}

/// All of them, or none where one is not as it should be.
fn origins(value: &Value) -> Option<Vec<PageOrigin>> {
    value.as_array()?.iter().map(|origin| PageOrigin::parse(origin.as_str()?).ok()).collect()
}

fn receivers(value: &Value) -> Option<Vec<ReceiverUrl>> {
    value.as_array()?.iter().map(|url| ReceiverUrl::parse(url.as_str()?).ok()).collect()
}

fn log(reader: &mut ObjectReader<'_>) -> LogSettings {
    let within =
        |range: RangeInclusive<u64>| move |value: &Value| value.as_u64().filter(|number| range.contains(number));
    let defaults = LogSettings::default();
    LogSettings {
        calls: reader.field("calls", within(LogSettings::CALLS)).unwrap_or(defaults.calls),
        megabytes: reader.field("megabytes", within(LogSettings::MEGABYTES)).unwrap_or(defaults.megabytes),
    }
}

/// No entry goes by rules of which one is not as it should be.
fn retention(reader: &mut ObjectReader<'_>) -> RetentionSettings {
    let is_automatic = reader.field("automatic", Value::as_bool).unwrap_or_default();
    let rules = reader.field("rules", |value| value.as_array()?.iter().map(rule).collect::<Option<Vec<_>>>());
    RetentionSettings::new(rules.unwrap_or_default(), is_automatic)
}

fn rule(value: &Value) -> Option<RetentionRule> {
    // Without the word that it is about, a rule would be about the whole history.
    if !value.as_object()?.keys().all(|key| ["target", "profile", "last", "days"].contains(&key.as_str())) {
        return None;
    }
    let scope = match (value.get("target"), value.get("profile")) {
        (None, None) => RetentionScope::Everything,
        (Some(target), None) => RetentionScope::Target(target.as_str()?.parse().ok()?),
        (None, Some(profile)) => RetentionScope::Profile(ProfileId(profile.as_i64()?)),
        (Some(_), Some(_)) => return None,
    };
    let within = |number: &Value, range: RangeInclusive<u64>| number.as_u64().filter(|number| range.contains(number));
    let bound = match (value.get("last"), value.get("days")) {
        (Some(last), None) => RetentionBound::Last(within(last, RetentionBound::LAST)?),
        (None, Some(days)) => RetentionBound::Days(within(days, RetentionBound::DAYS)?),
        _ => return None,
    };
    Some(RetentionRule { scope, bound })
}

fn export(reader: &mut ObjectReader<'_>) -> ExportForm {
    let defaults = ExportForm::default();
    ExportForm {
        format: reader.field("format", |value| value.as_str()?.parse().ok()).unwrap_or(defaults.format),
        columns: reader.field("columns", columns).unwrap_or(defaults.columns),
    }
}

/// All of them, or none where one is not as it should be.
fn columns(value: &Value) -> Option<Vec<EntryColumn>> {
    let columns: Option<Vec<EntryColumn>> =
        value.as_array()?.iter().map(|column| column.as_str()?.parse().ok()).collect();
    columns.filter(|columns| !columns.is_empty())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Reads the fields of an object of the file. `place` is the name of the object from the root on, such as
/// `profiles[0].`; what is wrong goes to `warnings`.
struct ObjectReader<'a> {
    object: Option<&'a Map<String, Value>>,
    place: String,
    path: &'a Path,
    warnings: &'a mut Vec<String>,
}

impl ObjectReader<'_> {
    /// A field: `None` if it is missing, or wrong, which adds a warning.
    fn field<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<T> {
        let read = read(self.object?.get(name)?);
        if read.is_none() {
            self.complain(name);
        }
        read
    }

    /// Reads a field of the settings of the API, which has its default if it is missing. One that is wrong is told, and
    /// kept as `broken`.
    fn stripe_field(&mut self, field: StripeField, stripe: &mut StripeSettings) {
        let name = field.name();
        let Some(written) = self.object.and_then(|object| object.get(name)) else { return };
        let text = written.as_str().ok_or_else(|| "Write it as text between quotation marks".to_owned());
        if let Err(reason) = text.and_then(|text| field.set(stripe, text)) {
            self.complain_closed(name);
            let place = format!("{}{name}", self.place);
            stripe.broken.push(BrokenSetting { field: name, place, written: written.clone(), reason });
        }
    }

    fn complain(&mut self, name: &str) {
        self.tell(name, "Its default is used");
    }

    /// Warns of a field whose default would be less safe than what was written.
    fn complain_closed(&mut self, name: &str) {
        self.tell(name, "No call to Stripe's API is made with it until it is corrected");
    }

    fn tell(&mut self, name: &str, instead: &str) {
        let (place, path) = (&self.place, self.path.display());
        self.warnings.push(format!("The setting {place}{name} is not valid, {path}. {instead}"));
    }

    /// The fields of an object in this one: none if it is missing, or wrong, which adds a warning.
    fn group(&mut self, name: &str) -> ObjectReader<'_> {
        let object = self.object.and_then(|object| object.get(name)).map(Value::as_object);
        if object == Some(None) {
            self.complain(name);
        }
        ObjectReader {
            object: object.flatten(),
            place: format!("{}{name}.", self.place),
            path: self.path,
            warnings: &mut *self.warnings,
        }
    }
}
