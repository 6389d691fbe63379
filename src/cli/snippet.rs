//! `snippet`: the call that made a token, as code.

use clap::Args;

use super::{
    environment::ProcessEnvironment,
    opened::{HistoryView, check_settings},
    outcome::{CliError, CommandOutcome},
    output::print,
};
use crate::{
    domain::{
        history::{entry::EntryId, filter::HistoryFilter},
        settings::{profile::Profile, stripe::BaseUrl},
    },
    settings::{self, AppFolders},
    snippets::{self, SnippetLanguage},
    store::HistoryReader,
};

#[derive(Debug, Args)]
#[command(after_help = NOTE)]
pub struct SnippetArgs {
    /// The token; without one, the newest call of the history, also when it failed.
    token: Option<String>,
    /// What to write it in.
    #[arg(long, value_name = "LANGUAGE", default_value = "curl",
        value_parser = SnippetLanguage::ALL.map(SnippetLanguage::as_str))]
    lang: String,
    /// Make the call to the loopback server, at this address or where it listens by default, and not to Stripe.
    #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = DEFAULT_BASE, value_parser = BaseUrl::parse)]
    local: Option<BaseUrl>,
}

const DEFAULT_BASE: &str = "http://127.0.0.1:12111";

const NOTE: &str = "The code reads the key from STRIPE_SECRET_KEY; `testcard serve` takes any test key. A number that is \
not a published test card is masked, and the security code is one that passes: neither is kept";

pub(super) fn snippet(args: &SnippetArgs, environment: &ProcessEnvironment) -> Result<CommandOutcome, CliError> {
    let view = HistoryView::open(environment)?;
    let reader = &view.reader;
    let id = entry(reader, args.token.as_deref())?;
    let detail =
        reader.detail(id)?.ok_or_else(|| CliError::Usage("The call is no longer in the history".to_owned()))?;
    let language = args.lang.parse().unwrap_or_default();
    // A call that a profile made goes to where the profile has the API.
    let (settings, _) = settings::load(&AppFolders::find(environment.home.clone())?.settings_file());
    let profile = detail.entry.profile.and_then(|made_with| settings.profiles.get(made_with));
    // Without a base URL that can be read, the code would call Stripe's own address.
    if let (Some(profile), None) = (profile, &args.local) {
        check_settings(&profile.stripe)?;
    }
    let base = args.local.as_ref().or(profile.and_then(Profile::other_base));
    let code = snippets::snippet(&detail, language, base);
    print(code.trim_end_matches('\n'))?;
    view.end(CommandOutcome::Well)
}

fn entry(reader: &HistoryReader, token: Option<&str>) -> Result<EntryId, CliError> {
    match token {
        Some(token) => reader.by_token(token)?.ok_or_else(|| {
            CliError::Usage(format!("There is no call in the history that made {token}. `testcard history` lists them"))
        }),
        None => {
            let newest = reader.page(&HistoryFilter::default(), 1)?;
            let none = || CliError::Usage("There is no call in the history yet. `testcard mint` makes one".to_owned());
            newest.first().map(|entry| entry.id).ok_or_else(none)
        }
    }
}
