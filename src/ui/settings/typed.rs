//! The settings as typed, and as meant: what is wrong with a field is told at the field, and loses nothing.

use std::{fmt, ops::RangeInclusive};

use jiff::Timestamp;

use crate::{
    domain::{
        call::api::Target,
        form::defaults::FormDefaults,
        key::ApiKey,
        mask,
        rules::policies::Policies,
        secret::SecretText,
        settings::{
            preferences::{LogSettings, Settings, WindowSettings},
            profile::{Profile, ProfileColor, ProfileId, Profiles, free_name, is_same_name, new_id},
            proxy::ProxyChoice,
            stripe::{BaseUrl, StripeSettings},
        },
    },
    ui::widgets::chip::grouped,
};

/// A field that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FieldName {
    ProfileName,
    BaseUrl,
    Version,
    Account,
    Proxy,
    CaFile,
    Key,
    CardName,
    Months,
    LogCalls,
    LogMegabytes,
}

impl FieldName {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::ProfileName => "Name",
            Self::BaseUrl => "Base URL",
            Self::Version => "Stripe-Version",
            Self::Account => "Stripe-Account",
            Self::Proxy => "Proxy",
            Self::CaFile => "Extra CA certificate",
            Self::Key => "Test key",
            Self::CardName => "Usual name on card",
            Self::Months => "Months until expiry",
            Self::LogCalls => "Calls that are kept",
            Self::LogMegabytes => "Megabytes of them",
        }
    }

    /// Whether it is written for a machine.
    pub(super) fn is_code(self) -> bool {
        !matches!(self, Self::ProfileName | Self::CardName)
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// `None` for what belongs to no profile.
    pub(super) profile: Option<ProfileId>,
    pub(super) field: FieldName,
    pub(super) words: String,
}

const SECRET: &str = "This holds what looks like a key or a card number, and neither is ever written to a file. Remove \
                      it; a key belongs in Test key";

/// A profile as typed. `Debug` shows nothing of it: a key may have been pasted anywhere.
#[derive(Clone, PartialEq)]
pub(super) struct EditedProfile {
    pub(super) id: ProfileId,
    pub(super) name: String,
    pub(super) color: ProfileColor,
    pub(super) target: Target,
    pub(super) base_url: String,
    pub(super) version: String,
    pub(super) account: String,
    pub(super) proxy: String,
    pub(super) ca_file: String,
    /// A new key; empty leaves the one that is kept.
    pub(super) key: SecretText,
}

impl EditedProfile {
    fn of(profile: &Profile) -> Self {
        let Profile { id, name, color, target, stripe } = profile;
        let StripeSettings { base_url, version, account, proxy, ca_file, broken: _ } = stripe;
        // What could not be read stands there as it was written, to be corrected.
        let shown = |field: &str, known: &str| stripe.broken_text(field).unwrap_or(known).to_owned();
        Self {
            id: *id,
            name: name.clone(),
            color: *color,
            target: *target,
            base_url: shown("base_url", base_url.as_str()),
            version: shown("stripe_version", version),
            account: shown("stripe_account", account),
            proxy: shown("proxy", proxy.as_str()),
            ca_file: shown("ca_certificate", ca_file),
            key: SecretText::default(),
        }
    }

    pub(super) fn key(&self) -> Option<ApiKey> {
        ApiKey::parse(self.key.expose()).ok()
    }

    /// The way to the API, if nothing about it is wrong.
    pub(super) fn stripe(&self) -> Option<StripeSettings> {
        let words = [&self.base_url, &self.version, &self.account, &self.proxy];
        if words.iter().any(|text| is_secret(text))
            || !mask::is_whole(&self.ca_file)
            || header_fault(&self.version).or(header_fault(&self.account)).is_some()
        {
            return None;
        }
        Some(StripeSettings {
            base_url: BaseUrl::parse(&self.base_url).ok()?,
            version: self.version.trim().to_owned(),
            account: self.account.trim().to_owned(),
            proxy: ProxyChoice::parse(&self.proxy).ok()?,
            ca_file: self.ca_file.trim().to_owned(),
            broken: Vec::new(),
        })
    }

    fn meant(&self) -> Option<Profile> {
        let name = self.name.trim().to_owned();
        Some(Profile { id: self.id, name, color: self.color, target: self.target, stripe: self.stripe()? })
    }

    /// What is wrong with each field.
    fn faults(&self, others: &[&str]) -> impl Iterator<Item = (FieldName, String)> {
        let own = |text: &str, fault: Option<String>| if is_secret(text) { Some(SECRET.to_owned()) } else { fault };
        let name = match self.name.trim() {
            "" => Some("A profile needs a name: it says where tokens are made".to_owned()),
            name if others.iter().any(|other| is_same_name(other, name)) => {
                Some("Another profile has this name. Choose one that tells them apart".to_owned())
            }
            _ => None,
        };
        let key = self.key.expose().trim();
        let key = if key.is_empty() { None } else { ApiKey::parse(key).err().map(|error| error.to_string()) };
        let base_url = BaseUrl::parse(&self.base_url).err().map(|error| error.to_string());
        let proxy = ProxyChoice::parse(&self.proxy).err().map(|error| error.to_string());
        [
            (FieldName::ProfileName, own(&self.name, name)),
            (FieldName::BaseUrl, own(&self.base_url, base_url)),
            (FieldName::Key, key),
            (FieldName::Version, own(&self.version, header_fault(&self.version))),
            (FieldName::Account, own(&self.account, header_fault(&self.account))),
            (FieldName::Proxy, own(&self.proxy, proxy)),
            (FieldName::CaFile, (!mask::is_whole(&self.ca_file)).then(|| SECRET.to_owned())),
        ]
        .into_iter()
        .filter_map(|(field, words)| Some((field, words?)))
    }
}

impl fmt::Debug for EditedProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EditedProfile").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Everything that the dialog edits. It has at least one profile.
#[derive(Clone, PartialEq)]
pub(super) struct Edited {
    pub(super) profiles: Vec<EditedProfile>,
    in_use: ProfileId,
    pub(super) policies: Policies,
    pub(super) moves_on: bool,
    pub(super) copies_id: bool,
    pub(super) fills_cvc: bool,
    pub(super) card_name: String,
    pub(super) months: String,
    pub(super) window: WindowSettings,
    pub(super) log_calls: String,
    pub(super) log_megabytes: String,
}

impl fmt::Debug for Edited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edited").field("profiles", &self.profiles).finish_non_exhaustive()
    }
}

impl Edited {
    pub(super) fn of(settings: &Settings) -> Self {
        let FormDefaults { moves_on, copies_id, name, months_ahead, fills_cvc } = &settings.form;
        Self {
            profiles: settings.profiles.iter().map(EditedProfile::of).collect(),
            in_use: settings.profiles.active().id,
            policies: settings.policies,
            moves_on: *moves_on,
            copies_id: *copies_id,
            fills_cvc: *fills_cvc,
            card_name: name.clone(),
            months: months_ahead.map(|months| months.to_string()).unwrap_or_default(),
            window: settings.window.clone(),
            log_calls: grouped(settings.log.calls),
            log_megabytes: grouped(settings.log.megabytes),
        }
    }

    pub(super) fn place_of(&self, id: ProfileId) -> usize {
        self.profiles.iter().position(|profile| profile.id == id).unwrap_or(0)
    }

    pub(super) fn is_in_use(&self, id: ProfileId) -> bool {
        self.in_use == id
    }

    fn names(&self) -> Vec<&str> {
        self.profiles.iter().map(|profile| profile.name.as_str()).collect()
    }

    /// Adds a profile and tells its id.
    pub(super) fn add(&mut self, now: Timestamp) -> ProfileId {
        let id = new_id(self.profiles.iter().map(|profile| profile.id), now.as_second());
        let fresh = Profile::new(id, free_name("New profile", &self.names()));
        let used: Vec<ProfileColor> = self.profiles.iter().map(|profile| profile.color).collect();
        let color = ProfileColor::ALL.into_iter().find(|color| !used.contains(color)).unwrap_or_default();
        self.profiles.push(EditedProfile { target: Target::Stripe, color, ..EditedProfile::of(&fresh) });
        id
    }

    /// Adds a profile that has everything of another but its name and its key, and tells its id.
    pub(super) fn duplicate(&mut self, id: ProfileId, now: Timestamp) -> ProfileId {
        let at = self.place_of(id);
        let of = &self.profiles[at];
        let copy = EditedProfile {
            id: new_id(self.profiles.iter().map(|profile| profile.id), now.as_second()),
            name: free_name(&format!("{} copy", of.name.trim()), &self.names()),
            key: SecretText::default(),
            ..of.clone()
        };
        let id = copy.id;
        self.profiles.insert(at + 1, copy);
        id
    }

    /// Drops a profile that is not the last, and tells which stands in its place.
    pub(super) fn remove(&mut self, id: ProfileId) -> ProfileId {
        let at = self.place_of(id);
        if self.profiles.len() > 1 {
            self.profiles.remove(at);
        }
        self.profiles[at.min(self.profiles.len() - 1)].id
    }

    /// Everything that is wrong, in the order of the dialog.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (nth, profile) in self.profiles.iter().enumerate() {
            let names: Vec<&str> = self.profiles[..nth].iter().map(|other| other.name.as_str()).collect();
            faults.extend(profile.faults(&names).map(|(field, words)| Fault {
                profile: Some(profile.id),
                field,
                words,
            }));
        }
        if is_secret(&self.card_name) {
            faults.push(Fault { profile: None, field: FieldName::CardName, words: SECRET.to_owned() });
        }
        if let Err(words) = self.months() {
            faults.push(Fault { profile: None, field: FieldName::Months, words });
        }
        for (field, number) in [
            (FieldName::LogCalls, number_in(&self.log_calls, LogSettings::CALLS)),
            (FieldName::LogMegabytes, number_in(&self.log_megabytes, LogSettings::MEGABYTES)),
        ] {
            faults.extend(number.err().map(|words| Fault { profile: None, field, words }));
        }
        faults
    }

    fn months(&self) -> Result<Option<u16>, String> {
        let text = self.months.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let months = text.parse().ok().filter(|months| *months <= FormDefaults::MOST_MONTHS);
        let words = || format!("Write a number of months from 0 to {}, or leave it empty", FormDefaults::MOST_MONTHS);
        months.map(Some).ok_or_else(words)
    }

    /// The settings as meant, over those that the dialog does not edit; `None` while something is wrong.
    pub(super) fn meant(&self, rest: &Settings) -> Option<Settings> {
        if !self.faults().is_empty() {
            return None;
        }
        let profiles = self.profiles.iter().map(EditedProfile::meant).collect::<Option<Vec<Profile>>>()?;
        Some(Settings {
            profiles: Profiles::of(profiles, self.in_use),
            policies: self.policies,
            form: FormDefaults {
                moves_on: self.moves_on,
                copies_id: self.copies_id,
                name: self.card_name.trim().to_owned(),
                months_ahead: self.months().ok()?,
                fills_cvc: self.fills_cvc,
            },
            window: self.window.clone(),
            log: LogSettings {
                calls: number_in(&self.log_calls, LogSettings::CALLS).ok()?,
                megabytes: number_in(&self.log_megabytes, LogSettings::MEGABYTES).ok()?,
            },
            ..rest.clone()
        })
    }

    /// The keys that were entered.
    pub(super) fn keys(&self) -> Vec<(ProfileId, ApiKey)> {
        self.profiles.iter().filter_map(|profile| Some((profile.id, profile.key()?))).collect()
    }
}

/// A whole number of a range; points, commas and spaces between its digits do not count.
fn number_in(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ',' | '.' | '\u{2009}' | '\u{202f}')).collect();
    let number = digits.parse().ok().filter(|number| range.contains(number));
    let words = || format!("Write a number from {} to {}", grouped(*range.start()), grouped(*range.end()));
    number.ok_or_else(words)
}

fn is_secret(text: &str) -> bool {
    mask::text(text) != text
}

/// What no header can carry.
fn header_fault(text: &str) -> Option<String> {
    let is_plain = text.trim().bytes().all(|byte| byte.is_ascii_graphic());
    (!is_plain).then(|| "A header takes letters, digits and signs of ASCII, without spaces".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_900_000_000).unwrap()
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Edited), expected: &[(FieldName, &str)]) {
        let mut edited = Edited::of(&Settings::default());
        change(&mut edited);
        let faults = edited.faults();
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, (field, words)) in faults.iter().zip(expected) {
            assert!(fault.field == *field && fault.words.contains(words), "{fault:?}");
        }
        assert_eq!(edited.meant(&Settings::default()).is_none(), !expected.is_empty());
    }

    #[test]
    fn each_fault_is_told_at_its_field() {
        check(|_| (), &[]);
        check(|edited| edited.profiles[0].name = " ".to_owned(), &[(FieldName::ProfileName, "needs a name")]);
        check(|edited| edited.profiles[0].base_url = "http://a.example".to_owned(), &[(FieldName::BaseUrl, "https")]);
        check(|edited| edited.profiles[0].version = "2026 x".to_owned(), &[(FieldName::Version, "ASCII")]);
        check(|edited| edited.profiles[0].proxy = "http://a:b@c".to_owned(), &[(FieldName::Proxy, "password")]);
        check(|edited| edited.profiles[0].key = SecretText::new("sk_live_a"), &[(FieldName::Key, "live key")]);
        check(|edited| edited.profiles[0].key = SecretText::new("hello"), &[(FieldName::Key, "not an API key")]);
        check(|edited| edited.months = "589".to_owned(), &[(FieldName::Months, "0 to 588")]);
        check(|edited| edited.log_calls = "99".to_owned(), &[(FieldName::LogCalls, "from 100 to 100,000,000")]);
        check(|edited| edited.log_calls = "1,000,000".to_owned(), &[]);
        check(|edited| edited.log_megabytes = "many".to_owned(), &[(FieldName::LogMegabytes, "from 1 to")]);
        check(
            |edited| {
                edited.profiles[0].account = "sk_test_planted".to_owned();
                edited.profiles[0].base_url = String::new();
                edited.card_name = "4539 5787 6362 1486".to_owned();
            },
            &[
                (FieldName::BaseUrl, "not a URL"),
                (FieldName::Account, "looks like a key"),
                (FieldName::CardName, "card"),
            ],
        );
        check(
            |edited| {
                let id = edited.add(now());
                let at = edited.place_of(id);
                edited.profiles[at].name = "default".to_owned();
            },
            &[(FieldName::ProfileName, "Another profile")],
        );
    }

    #[test]
    fn a_key_in_any_field_stops_the_save_and_is_not_printed() {
        let fields: [fn(&mut EditedProfile) -> &mut String; 6] = [
            |profile| &mut profile.name,
            |profile| &mut profile.base_url,
            |profile| &mut profile.version,
            |profile| &mut profile.account,
            |profile| &mut profile.proxy,
            |profile| &mut profile.ca_file,
        ];
        for field in fields {
            for planted in ["sk_test_planted", "rk_live_planted", "4539578763621486"] {
                let mut edited = Edited::of(&Settings::default());
                planted.clone_into(field(&mut edited.profiles[0]));
                assert!(edited.meant(&Settings::default()).is_none(), "{planted}");
                assert!(!format!("{edited:?} {:?}", edited.faults()).contains(planted));
            }
        }
    }

    #[test]
    fn an_address_and_a_path_with_a_time_can_be_saved() {
        let mut edited = Edited::of(&Settings::default());
        "https://192.168.100.200".clone_into(&mut edited.profiles[0].base_url);
        "http://192.168.100.200:3128".clone_into(&mut edited.profiles[0].proxy);
        "/ci/202411260508/ca.pem".clone_into(&mut edited.profiles[0].ca_file);
        assert!(edited.meant(&Settings::default()).is_some(), "{:?}", edited.faults());
    }

    #[test]
    fn profiles_come_and_go_and_the_last_stays() {
        let mut edited = Edited::of(&Settings::default());
        edited.profiles[0].key = SecretText::new("sk_test_first");
        let copy = edited.duplicate(ProfileId::FIRST, now());
        let fresh = edited.add(now());
        let names: Vec<&str> = edited.profiles.iter().map(|profile| profile.name.as_str()).collect();
        assert_eq!(names, ["Default", "Default copy", "New profile"]);
        assert!(copy != fresh && edited.profiles[1].key.is_empty(), "a copy has no key");
        assert_eq!(edited.keys().len(), 1);
        assert_eq!(edited.remove(ProfileId::FIRST), copy);
        assert_eq!(edited.remove(fresh), copy);
        assert_eq!(edited.remove(copy), copy);
        assert_eq!(edited.meant(&Settings::default()).unwrap().profiles.active().name, "Default copy");
    }
}
