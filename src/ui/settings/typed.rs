//! The settings as typed into the dialog. They become [`Settings`] once no field is wrong; what is wrong is shown at
//! its field, and nothing that was typed is lost.

use std::{fmt, ops::RangeInclusive};

use jiff::Timestamp;

use crate::{
    domain::{
        call::api::Target,
        form::defaults::FormDefaults,
        key::ApiKey,
        mask,
        rules::policies::AccountPolicies,
        secret::SecretText,
        settings::{
            preferences::{LogSettings, Settings, WindowSettings},
            profile::{Profile, ProfileColor, ProfileId, ProfileList, free_name, is_same_name, new_id},
            retention::RetentionSettings,
            stripe::{StripeField, StripeSettings},
        },
    },
    ui::widgets::chip::grouped,
};

/// A field that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum FieldName {
    ProfileName,
    Stripe(StripeField),
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
            Self::Stripe(field) => field.label(),
            Self::Key => "Test key",
            Self::CardName => "Usual name on card",
            Self::Months => "Months until expiry",
            Self::LogCalls => "Calls that are kept",
            Self::LogMegabytes => "Megabytes of them",
        }
    }

    /// Whether the field is shown in the font for code.
    pub(super) fn is_code(self) -> bool {
        !matches!(self, Self::ProfileName | Self::CardName)
    }
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldFault {
    /// `None` for what belongs to no profile.
    pub(super) profile: Option<ProfileId>,
    pub(super) field: FieldName,
    pub(super) words: String,
}

const SECRET: &str = "This holds what looks like a key or a card number, and neither is ever written to a file. Remove \
                      it; a key belongs in Test key";

/// A profile as typed. `Debug` shows nothing of it: a key may have been pasted anywhere.
#[derive(Clone, PartialEq)]
pub(super) struct TypedProfile {
    pub(super) id: ProfileId,
    pub(super) name: String,
    pub(super) color: ProfileColor,
    pub(super) target: Target,
    /// In the order of [`StripeField::ALL`].
    stripe: [String; StripeField::ALL.len()],
    /// A new key; empty leaves the one that is kept.
    pub(super) key: SecretText,
}

impl TypedProfile {
    fn of(profile: &Profile) -> Self {
        let Profile { id, name, color, target, stripe } = profile;
        // What could not be read stands there as it was written, to be corrected.
        let shown = |field: StripeField| stripe.broken_text(field).unwrap_or_else(|| field.text(stripe)).to_owned();
        Self {
            id: *id,
            name: name.clone(),
            color: *color,
            target: *target,
            stripe: StripeField::ALL.map(shown),
            key: SecretText::default(),
        }
    }

    pub(super) fn key(&self) -> Option<ApiKey> {
        ApiKey::parse(self.key.expose()).ok()
    }

    pub(super) fn text(&self, field: StripeField) -> &str {
        &self.stripe[field as usize]
    }

    pub(super) fn text_mut(&mut self, field: StripeField) -> &mut String {
        &mut self.stripe[field as usize]
    }

    /// How the API is reached, if nothing about it is wrong.
    pub(super) fn stripe(&self) -> Option<StripeSettings> {
        let mut stripe = StripeSettings::default();
        for field in StripeField::ALL {
            let text = self.text(field);
            if field.is_secret(text) || field.fault(text).is_some() {
                return None;
            }
            field.set(&mut stripe, text.trim()).ok()?;
        }
        Some(stripe)
    }

    fn to_profile(&self) -> Option<Profile> {
        let name = self.name.trim().to_owned();
        Some(Profile { id: self.id, name, color: self.color, target: self.target, stripe: self.stripe()? })
    }

    /// What is wrong with each field.
    fn faults(&self, others: &[&str]) -> impl Iterator<Item = (FieldName, String)> {
        let name = match self.name.trim() {
            _ if is_secret(&self.name) => Some(SECRET.to_owned()),
            "" => Some("A profile needs a name: it says where tokens are made".to_owned()),
            name if others.iter().any(|other| is_same_name(other, name)) => {
                Some("Another profile has this name. Choose one that tells them apart".to_owned())
            }
            _ => None,
        };
        let key = self.key.expose().trim();
        let key = if key.is_empty() { None } else { ApiKey::parse(key).err().map(|error| error.to_string()) };
        let of_stripe = StripeField::ALL.map(|field| {
            let text = self.text(field);
            let words = if field.is_secret(text) { Some(SECRET.to_owned()) } else { field.fault(text) };
            (FieldName::Stripe(field), words)
        });
        // The key stands behind the base URL, which comes first.
        let (base_url, others) = of_stripe.split_at(1);
        let mut faults = vec![(FieldName::ProfileName, name)];
        faults.extend_from_slice(base_url);
        faults.push((FieldName::Key, key));
        faults.extend_from_slice(others);
        faults.into_iter().filter_map(|(field, words)| Some((field, words?)))
    }
}

impl fmt::Debug for TypedProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedProfile").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Everything that the dialog edits. It has at least one profile.
#[derive(Clone, PartialEq)]
pub(super) struct TypedSettings {
    pub(super) profiles: Vec<TypedProfile>,
    in_use: ProfileId,
    pub(super) policies: AccountPolicies,
    pub(super) moves_on: bool,
    pub(super) copies_id: bool,
    pub(super) fills_cvc: bool,
    pub(super) card_name: String,
    pub(super) months: String,
    pub(super) window: WindowSettings,
    pub(super) log_calls: String,
    pub(super) log_megabytes: String,
    pub(super) retention: RetentionSettings,
}

impl fmt::Debug for TypedSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedSettings").field("profiles", &self.profiles).finish_non_exhaustive()
    }
}

impl TypedSettings {
    pub(super) fn of(settings: &Settings) -> Self {
        let FormDefaults { moves_on, copies_id, name, months_ahead, fills_cvc } = &settings.form;
        Self {
            profiles: settings.profiles.iter().map(TypedProfile::of).collect(),
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
            retention: settings.retention.clone(),
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
        self.profiles.push(TypedProfile { target: Target::Stripe, color, ..TypedProfile::of(&fresh) });
        id
    }

    /// Adds a profile that has everything of another but its name and its key, and tells its id.
    pub(super) fn duplicate(&mut self, id: ProfileId, now: Timestamp) -> ProfileId {
        let at = self.place_of(id);
        let of = &self.profiles[at];
        let copy = TypedProfile {
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
    pub(super) fn faults(&self) -> Vec<FieldFault> {
        let mut faults = Vec::new();
        for (nth, profile) in self.profiles.iter().enumerate() {
            let names: Vec<&str> = self.profiles[..nth].iter().map(|other| other.name.as_str()).collect();
            faults.extend(profile.faults(&names).map(|(field, words)| FieldFault {
                profile: Some(profile.id),
                field,
                words,
            }));
        }
        if is_secret(&self.card_name) {
            faults.push(FieldFault { profile: None, field: FieldName::CardName, words: SECRET.to_owned() });
        }
        if let Err(words) = self.months() {
            faults.push(FieldFault { profile: None, field: FieldName::Months, words });
        }
        for (field, number) in [
            (FieldName::LogCalls, number_in(&self.log_calls, LogSettings::CALLS)),
            (FieldName::LogMegabytes, number_in(&self.log_megabytes, LogSettings::MEGABYTES)),
        ] {
            faults.extend(number.err().map(|words| FieldFault { profile: None, field, words }));
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

    /// The settings as typed, with those of `rest` that the dialog does not edit; `None` while a field is wrong.
    pub(super) fn to_settings(&self, rest: &Settings) -> Option<Settings> {
        if !self.faults().is_empty() {
            return None;
        }
        let profiles = self.profiles.iter().map(TypedProfile::to_profile).collect::<Option<Vec<Profile>>>()?;
        Some(Settings {
            profiles: ProfileList::of(profiles, self.in_use),
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
            retention: self.retention.clone(),
            ..rest.clone()
        })
    }

    /// The keys that were entered.
    pub(super) fn keys(&self) -> Vec<(ProfileId, ApiKey)> {
        self.profiles.iter().filter_map(|profile| Some((profile.id, profile.key()?))).collect()
    }
}

/// Reads a whole number of this range. Points, commas and spaces between its digits are skipped.
fn number_in(text: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ',' | '.' | '\u{2009}' | '\u{202f}')).collect();
    let number = digits.parse().ok().filter(|number| range.contains(number));
    let words = || format!("Write a number from {} to {}", grouped(*range.start()), grouped(*range.end()));
    number.ok_or_else(words)
}

fn is_secret(text: &str) -> bool {
    mask::text(text) != text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_900_000_000).unwrap()
    }

    fn set(edited: &mut TypedSettings, field: StripeField, text: &str) {
        text.clone_into(edited.profiles[0].text_mut(field));
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut TypedSettings), expected: &[(FieldName, &str)]) {
        let mut edited = TypedSettings::of(&Settings::default());
        change(&mut edited);
        let faults = edited.faults();
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, (field, words)) in faults.iter().zip(expected) {
            assert!(fault.field == *field && fault.words.contains(words), "{fault:?}");
        }
        assert_eq!(edited.to_settings(&Settings::default()).is_none(), !expected.is_empty());
    }

    #[test]
    fn each_fault_is_told_at_its_field() {
        check(|_| (), &[]);
        check(|edited| edited.profiles[0].name = " ".to_owned(), &[(FieldName::ProfileName, "needs a name")]);
        check(
            |edited| set(edited, StripeField::BaseUrl, "http://a.example"),
            &[(FieldName::Stripe(StripeField::BaseUrl), "https")],
        );
        check(
            |edited| set(edited, StripeField::Version, "2026 x"),
            &[(FieldName::Stripe(StripeField::Version), "ASCII")],
        );
        check(
            |edited| set(edited, StripeField::Proxy, "http://a:b@c"),
            &[(FieldName::Stripe(StripeField::Proxy), "password")],
        );
        check(|edited| edited.profiles[0].key = SecretText::new("sk_live_a"), &[(FieldName::Key, "live key")]);
        check(|edited| edited.profiles[0].key = SecretText::new("hello"), &[(FieldName::Key, "not an API key")]);
        check(|edited| edited.months = "589".to_owned(), &[(FieldName::Months, "0 to 588")]);
        check(|edited| edited.log_calls = "99".to_owned(), &[(FieldName::LogCalls, "from 100 to 100,000,000")]);
        check(|edited| edited.log_calls = "1,000,000".to_owned(), &[]);
        check(|edited| edited.log_megabytes = "many".to_owned(), &[(FieldName::LogMegabytes, "from 1 to")]);
        check(
            |edited| {
                set(edited, StripeField::Account, "sk_test_planted");
                set(edited, StripeField::BaseUrl, "");
                edited.card_name = "4539 5787 6362 1486".to_owned();
            },
            &[
                (FieldName::Stripe(StripeField::BaseUrl), "not a URL"),
                (FieldName::Stripe(StripeField::Account), "looks like a key"),
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
        let fields: [fn(&mut TypedProfile) -> &mut String; 6] = [
            |profile| &mut profile.name,
            |profile| profile.text_mut(StripeField::BaseUrl),
            |profile| profile.text_mut(StripeField::Version),
            |profile| profile.text_mut(StripeField::Account),
            |profile| profile.text_mut(StripeField::Proxy),
            |profile| profile.text_mut(StripeField::CaFile),
        ];
        for field in fields {
            for planted in ["sk_test_planted", "rk_live_planted", "4539578763621486"] {
                let mut edited = TypedSettings::of(&Settings::default());
                planted.clone_into(field(&mut edited.profiles[0]));
                assert!(edited.to_settings(&Settings::default()).is_none(), "{planted}");
                assert!(!format!("{edited:?} {:?}", edited.faults()).contains(planted));
            }
        }
    }

    #[test]
    fn an_address_and_a_path_with_a_time_can_be_saved() {
        let mut edited = TypedSettings::of(&Settings::default());
        set(&mut edited, StripeField::BaseUrl, "https://192.168.100.200");
        set(&mut edited, StripeField::Proxy, "http://192.168.100.200:3128");
        set(&mut edited, StripeField::CaFile, "/ci/202411260508/ca.pem");
        assert!(edited.to_settings(&Settings::default()).is_some(), "{:?}", edited.faults());
    }

    #[test]
    fn profiles_come_and_go_and_the_last_stays() {
        let mut edited = TypedSettings::of(&Settings::default());
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
        assert_eq!(edited.to_settings(&Settings::default()).unwrap().profiles.active().name, "Default copy");
    }
}
