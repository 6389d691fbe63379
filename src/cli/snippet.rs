//! `snippet`: a call of the history or of the request log, as code.

use std::{thread, time::Duration};

use clap::Args;

use super::{
    environment::ProcessEnvironment,
    opened::{HistoryView, check_settings},
    outcome::{CliError, CommandOutcome},
    output::print,
};
use crate::{
    domain::{
        call::api::{ApiExchange, Target},
        history::{entry::EntryDetail, filter::HistoryFilter, request_filter::RequestFilter},
        settings::{profile::Profile, stripe::BaseUrl},
    },
    settings::{self, AppFolders},
    snippets::{self, SnippetLanguage},
    store::HistoryReader,
};

#[derive(Debug, Args)]
#[command(after_help = NOTE)]
pub struct SnippetArgs {
    /// The token; or the id of a request, req_…, or of another object, for the newest call with it. Without one, the
    /// newest call of the history, also when it failed.
    id: Option<String>,
    /// What to write it in.
    #[arg(long, value_name = "LANGUAGE", default_value = "curl",
        value_parser = SnippetLanguage::ALL.map(SnippetLanguage::as_str))]
    lang: String,
    /// Make the call to the loopback server, at this address or where it listens by default, and not to Stripe.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = DEFAULT_BASE, value_parser = BaseUrl::parse)]
    local: Option<BaseUrl>,
}

/// A call of the server that only reads may be written down so long after its answer.
const WRITTEN_WITHIN: Duration = Duration::from_millis(100);
const DEFAULT_BASE: &str = "http://127.0.0.1:12111";

const NOTE: &str = "The code reads the key from STRIPE_SECRET_KEY; `testcard serve` takes any test key. A number that is \
not a published test card is masked, and the security code is one that passes: neither is kept";

pub(super) fn snippet(args: &SnippetArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let view = HistoryView::open(environment)?;
    let call = FoundCall::find(&view.reader, args.id.as_deref())?;
    let language = args.lang.parse().unwrap_or_default();
    // A call that a profile made goes to where the profile has the API.
    let (settings, _) = settings::load(&AppFolders::find(environment.home.clone())?.settings_file());
    let profile = match &call {
        FoundCall::Entry(detail) => detail.entry.profile.and_then(|made_with| settings.profiles.get(made_with)),
        FoundCall::Logged(call) => (call.target == Target::Stripe).then(|| settings.profiles.active()),
    };
    // Without a base URL that can be read, the code would call Stripe's own address.
    if let (Some(profile), None) = (profile, &args.local) {
        check_settings(&profile.stripe)?;
    }
    let base = args.local.as_ref().or(profile.and_then(Profile::other_base));
    let code = match &call {
        FoundCall::Entry(detail) => snippets::snippet(&**detail, language, base),
        FoundCall::Logged(call) => snippets::snippet(&**call, language, base),
    };
    print(code.trim_end_matches('\n'))?;
    view.end(CommandOutcome::Well)
}

/// A call that was found.
enum FoundCall {
    /// It made an entry of the history, or failed to.
    Entry(Box<EntryDetail>),
    /// Any call of the request log.
    Logged(Box<ApiExchange>),
}

impl FoundCall {
    fn find(reader: &HistoryReader, id: Option<&str>) -> Result<Self, CliError> {
        let entry = match id {
            Some(id) => reader.by_token(id)?,
            None => {
                let newest = reader.page(&HistoryFilter::default(), 1)?;
                let none = "There is no call in the history yet. `testcard mint` makes one";
                Some(newest.first().map(|entry| entry.id).ok_or_else(|| CliError::Usage(none.to_owned()))?)
            }
        };
        let gone = || CliError::Usage("The call is no longer in the history".to_owned());
        match (entry, id) {
            (Some(entry), _) => Ok(Self::Entry(Box::new(reader.detail(entry)?.ok_or_else(gone)?))),
            (None, id) => {
                let id = id.unwrap_or_default();
                let filter = RequestFilter { search: id.to_owned(), ..RequestFilter::default() };
                let look = || reader.logged(&filter, |calls| !calls.is_empty(), || true);
                let mut found = look()?;
                if found.as_ref().is_none_or(|(calls, _)| calls.is_empty()) {
                    thread::sleep(WRITTEN_WITHIN);
                    found = look()?;
                }
                let newest = found.and_then(|(calls, _)| calls.first().map(|call| call.id));
                let none = format!(
                    "There is no call in the history that made {id}, and none with it in the request log. `testcard \
                     history` lists tokens"
                );
                let newest = newest.filter(|_| !id.is_empty()).ok_or(CliError::Usage(none))?;
                Ok(Self::Logged(Box::new(reader.exchange(newest)?.ok_or_else(gone)?)))
            }
        }
    }
}
