//! What of a row's request is kept with the run, and which row can be made of that again.

use serde::{Deserialize, Serialize};

use super::row::{CvcVariant, RowParams, RowSource};
use crate::domain::{call::params::Params, mask::Kept, presets::preset::PresetKey};

/// The version of the JSON in which it is stored.
const VERSION: u64 = 1;

/// The request of a row, masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptSource {
    Preset(PresetKey),
    Params {
        /// Name, value, and how much of it is kept.
        params: Vec<(String, String, Kept)>,
        adds_expiry: bool,
        cvc: CvcVariant,
    },
}

impl KeptSource {
    pub fn of(source: &RowSource) -> Self {
        match source {
            RowSource::Preset(key) => Self::Preset(key.clone()),
            RowSource::Params(RowParams { params, adds_expiry, cvc }) => {
                let (masked, kept) = params.masked_with_marks();
                let names = params.names();
                let params = masked.into_iter().zip(kept).zip(names).map(|(((name, value), kept), sent)| {
                    // Under a name that is lost nothing can be sent again.
                    let kept = if name == sent { kept } else { Kept::Masked };
                    (name, value, kept)
                });
                Self::Params { params: params.collect(), adds_expiry: *adds_expiry, cvc: *cvc }
            }
        }
    }

    /// What was sent; `None` where a part of it may not be kept, such as a code or a number that is not published: then
    /// only the list itself has it.
    pub fn restored(&self) -> Option<RowSource> {
        match self {
            Self::Preset(key) => Some(RowSource::Preset(key.clone())),
            Self::Params { params, adds_expiry, cvc } => {
                let whole = params.iter().all(|(_, _, kept)| *kept == Kept::Whole);
                let params: Params = params.iter().map(|(name, value, _)| (name.as_str(), value.as_str())).collect();
                whole.then_some(RowSource::Params(RowParams { params, adds_expiry: *adds_expiry, cvc: *cvc }))
            }
        }
    }

    /// The stored form.
    pub fn to_json(&self) -> String {
        let kept = match self {
            Self::Preset(key) => KeptJson { version: VERSION, preset: Some(key.to_string()), ..KeptJson::default() },
            Self::Params { params, adds_expiry, cvc } => KeptJson {
                version: VERSION,
                preset: None,
                params: params
                    .iter()
                    .map(|(name, value, kept)| (name.clone(), value.clone(), kept.mark().map(str::to_owned)))
                    .collect(),
                adds_expiry: *adds_expiry,
                cvc: cvc.as_str().to_owned(),
            },
        };
        serde_json::to_string(&kept).unwrap_or_else(|error| unreachable!("texts are JSON: {error}"))
    }

    /// Reads the result of [`Self::to_json`]; `None` for anything else, and for a newer version.
    pub fn of_json(json: &str) -> Option<Self> {
        let kept: KeptJson = serde_json::from_str(json).ok()?;
        if kept.version != VERSION {
            return None;
        }
        if let Some(preset) = kept.preset {
            return preset.parse().ok().map(Self::Preset);
        }
        let read = |(name, value, mark): (String, String, Option<String>)| {
            let kept = mark.map_or(Kept::Whole, |mark| Kept::of_mark(&mark).unwrap_or(Kept::Masked));
            (name, value, kept)
        };
        Some(Self::Params {
            params: kept.params.into_iter().map(read).collect(),
            adds_expiry: kept.adds_expiry,
            cvc: kept.cvc.parse().ok()?,
        })
    }
}

#[derive(Default, Serialize, Deserialize)]
struct KeptJson {
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preset: Option<String>,
    #[serde(default)]
    params: Vec<(String, String, Option<String>)>,
    #[serde(default)]
    adds_expiry: bool,
    #[serde(default)]
    cvc: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(params: &[(&str, &str)], is_restored: bool) {
        let params = params.iter().copied().collect();
        let source = RowSource::Params(RowParams { params, adds_expiry: true, cvc: CvcVariant::Given });
        let kept = KeptSource::of(&source);
        assert_eq!(KeptSource::of_json(&kept.to_json()).as_ref(), Some(&kept));
        assert_eq!(kept.restored(), is_restored.then_some(source));
        let json = kept.to_json();
        assert!(!json.contains("4539578763621486") && !json.contains("987") && !json.contains("51Planted"), "{json}");
    }

    #[test]
    fn a_row_is_made_again_of_what_is_kept_and_only_if_all_is() {
        check(&[("card[number]", "4242424242424242"), ("card[name]", "J*hn")], true);
        check(&[("card[number]", "4539578763621486")], false);
        check(&[("card[number]", "4242424242424242"), ("card[cvc]", "987")], false);
        check(&[("card[name]", "sk_test_51PlantedSecret")], false);
        check(&[("x[4539578763621486]", "1")], false);
        let preset = RowSource::Preset("made:invalid_cvc".parse().unwrap());
        let kept = KeptSource::of(&preset);
        assert_eq!(KeptSource::of_json(&kept.to_json()).and_then(|kept| kept.restored()), Some(preset));
    }
}
