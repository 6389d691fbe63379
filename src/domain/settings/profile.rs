//! Profiles: each has a target, and the settings with which the real API is reached there, except the key.

use std::fmt;

use super::stripe::{BaseUrl, BrokenSetting, StripeSettings};
use crate::domain::{call::api::Target, mask, words::words};

/// Identifies a profile, whatever its name. Its API key is stored under this id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProfileId(pub i64);

impl ProfileId {
    /// The profile that exists from the beginning.
    pub const FIRST: Self = Self(1);
}

/// The colour that marks a profile. It is always shown with the profile's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProfileColor {
    #[default]
    Indigo,
    Teal,
    Green,
    Amber,
    Red,
    Pink,
    Violet,
    Slate,
}

words!(ProfileColor {
    Indigo => "indigo" | "Indigo",
    Teal => "teal" | "Teal",
    Green => "green" | "Green",
    Amber => "amber" | "Amber",
    Red => "red" | "Red",
    Pink => "pink" | "Pink",
    Violet => "violet" | "Violet",
    Slate => "slate" | "Slate",
});

/// Where tokens are created, and how that target is reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    pub id: ProfileId,
    pub name: String,
    pub color: ProfileColor,
    /// The target of calls while this profile is active.
    pub target: Target,
    pub stripe: StripeSettings,
}

impl Profile {
    fn first() -> Self {
        Self::new(ProfileId::FIRST, "Default")
    }

    /// A profile with default settings.
    pub fn new(id: ProfileId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            color: ProfileColor::default(),
            target: Target::default(),
            stripe: StripeSettings::default(),
        }
    }

    /// The base URL, if it is not Stripe's own.
    pub fn other_base(&self) -> Option<&BaseUrl> {
        Some(&self.stripe.base_url).filter(|base| base.as_str() != BaseUrl::STRIPE)
    }

    /// The target as the window names it, with the API's host.
    pub fn place(&self) -> String {
        match self.target {
            Target::Local => "Local minter".to_owned(),
            Target::Stripe => match self.stripe.fault() {
                Some(fault) => format!("Stripe API · {} is not valid", fault.place),
                None => format!("Stripe API · {}", self.stripe.base_url.host()),
            },
        }
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("id", &self.id.0)
            .field("name", &mask::text(&self.name))
            .field("color", &self.color)
            .field("target", &self.target)
            .field("stripe", &self.stripe)
            .finish()
    }
}

/// All profiles in their order, and which one is active. There is always at least one, and ids are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileList {
    list: Vec<Profile>,
    in_use: ProfileId,
}

impl Default for ProfileList {
    fn default() -> Self {
        Self { list: vec![Profile::first()], in_use: ProfileId::FIRST }
    }
}

impl ProfileList {
    /// From a stored list. A profile with the id of an earlier one is left out; an empty list gives the default
    /// profile.
    pub fn of(list: Vec<Profile>, in_use: ProfileId) -> Self {
        let mut kept: Vec<Profile> = Vec::with_capacity(list.len());
        for profile in list {
            if !kept.iter().any(|known| known.id == profile.id) {
                kept.push(profile);
            }
        }
        let Some(first) = kept.first().map(|first| first.id) else { return Self::default() };
        let in_use = kept.iter().find(|profile| profile.id == in_use).map_or(first, |profile| profile.id);
        Self { list: kept, in_use }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Profile> {
        self.list.iter()
    }

    pub fn get(&self, id: ProfileId) -> Option<&Profile> {
        self.list.iter().find(|profile| profile.id == id)
    }

    pub fn get_mut(&mut self, id: ProfileId) -> Option<&mut Profile> {
        self.list.iter_mut().find(|profile| profile.id == id)
    }

    /// The profile with this name, as a person types it.
    pub fn named(&self, name: &str) -> Option<&Profile> {
        self.list.iter().find(|profile| is_same_name(&profile.name, name))
    }

    /// The active profile.
    pub fn active(&self) -> &Profile {
        self.get(self.in_use).unwrap_or(&self.list[0])
    }

    pub fn active_mut(&mut self) -> &mut Profile {
        let at = self.list.iter().position(|profile| profile.id == self.in_use).unwrap_or(0);
        &mut self.list[at]
    }

    /// Makes another profile the active one; an unknown id changes nothing. The user's choice replaces an unreadable
    /// one in the settings file.
    pub fn activate(&mut self, id: ProfileId) {
        if self.get(id).is_some() {
            self.in_use = id;
            for profile in &mut self.list {
                profile.stripe.broken.retain(|broken| broken.field != BrokenSetting::IN_USE);
            }
        }
    }
}

/// Whether two profile names are equal, ignoring case and surrounding white space.
pub fn is_same_name(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// The wished name, with a number appended if it is among `taken`.
pub fn free_name(wish: &str, taken: &[&str]) -> String {
    let is_free = |name: &str| !taken.iter().any(|known| is_same_name(known, name));
    let numbered = (2..taken.len() + 3).map(|nth| format!("{wish} {nth}"));
    std::iter::once(wish.to_owned()).chain(numbered).find(|name| is_free(name)).unwrap_or_default()
}

/// The id of a new profile: `now_secs`, in Unix seconds, or higher. So a deleted profile's id is not used again, under
/// which a keyring may still hold a key.
pub fn new_id(taken: impl Iterator<Item = ProfileId>, now_secs: i64) -> ProfileId {
    let after = taken.map(|id| id.0).max().unwrap_or_default() + 1;
    ProfileId(after.max(now_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(id: i64, name: &str) -> Profile {
        Profile::new(ProfileId(id), name)
    }

    #[test]
    fn there_is_always_a_profile_in_use() {
        for (list, in_use, expected) in [
            (vec![], 7, "Default"),
            (vec![profile(5, "A")], 7, "A"),
            (vec![profile(5, "A"), profile(7, "B")], 7, "B"),
            (vec![profile(7, "A"), profile(7, "B")], 7, "A"),
        ] {
            assert_eq!(ProfileList::of(list, ProfileId(in_use)).active().name, expected);
        }
        let mut profiles = ProfileList::of(vec![profile(5, "A"), profile(7, "B")], ProfileId(5));
        profiles.activate(ProfileId(9));
        assert_eq!(profiles.active().name, "A");
        profiles.activate(ProfileId(7));
        assert_eq!(profiles.active().name, "B");
    }

    #[test]
    fn new_profiles_have_a_name_and_an_id_of_their_own() {
        for (taken, expected) in
            [(&[][..], "CI"), (&["Default"], "CI"), (&["ci "], "CI 2"), (&["CI", "CI 2", "CI 3"], "CI 4")]
        {
            assert_eq!(free_name("CI", taken), expected);
        }
        assert_eq!(new_id([ProfileId(1)].into_iter(), 1_900_000_000), ProfileId(1_900_000_000));
        assert_eq!(new_id([ProfileId(1_900_000_000)].into_iter(), 1_900_000_000), ProfileId(1_900_000_001));
    }

    #[test]
    fn debug_hides_what_was_pasted_into_the_wrong_field() {
        let mut planted = profile(1, "sk_test_planted");
        "sk_test_planted".clone_into(&mut planted.stripe.account);
        "sk_test_planted".clone_into(&mut planted.stripe.version);
        "/sk_test_planted".clone_into(&mut planted.stripe.ca_file);
        let shown = format!("{:?}", ProfileList::of(vec![planted], ProfileId(1)));
        assert!(!shown.contains("planted"), "{shown}");
    }
}
