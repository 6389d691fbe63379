//! What the history knows of the accounts at the real API, by their answers to the calls of each profile.

use std::{collections::BTreeMap, ops::ControlFlow};

use crate::{
    domain::{
        call::api::Target,
        history::{entry::EntryId, filter::HistoryFilter},
        rules::{account_answers::AccountAnswers, policies::AccountPolicies},
        settings::profile::ProfileId,
    },
    store::{HistoryReader, StoreError},
};

/// So many of the newest entries of the real API are looked at, and so many of them read for each profile: what a
/// policy does to one card, it does to the next.
const MOST_LOOKED_AT: usize = 500;
const MOST_READ: usize = 20;

/// The policies of the account of each profile that made tokens at the real API lately, as far as its answers say.
///
/// # Errors
/// When the history cannot be read.
pub fn known_policies(reader: &HistoryReader) -> Result<BTreeMap<ProfileId, AccountPolicies>, StoreError> {
    let of_stripe = HistoryFilter { target: Some(Target::Stripe), ..HistoryFilter::default() };
    let mut newest: BTreeMap<ProfileId, Vec<EntryId>> = BTreeMap::new();
    for entry in reader.page(&of_stripe, MOST_LOOKED_AT)? {
        if let Some(profile) = entry.profile {
            newest.entry(profile).or_default().push(entry.id);
        }
    }
    let known = newest.into_iter().map(|(profile, mut ids)| {
        ids.truncate(MOST_READ);
        Ok((profile, answers(reader, &ids)?.policies()))
    });
    known.collect()
}

fn answers(reader: &HistoryReader, ids: &[EntryId]) -> Result<AccountAnswers, StoreError> {
    let mut answers = AccountAnswers::default();
    reader.for_each_detail_of(ids, |detail| {
        for call in detail.timeline.iter().rev() {
            if let Ok(answer) = &call.outcome {
                answers.add(&call.request, answer);
            }
        }
        if let Some(answer) = detail.answer() {
            answers.add(&detail.request, answer);
        }
        if answers.is_complete() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(answers)
}
