//! What a command opens before its work: the settings, the store, and the target that answers.

use std::future::Future;

use super::{
    environment::ProcessEnvironment,
    outcome::{CliError, CommandOutcome},
    output::remark,
    shared_args::TargetArgs,
};
use crate::{
    backend::{Backend, BackendTargets, CallLimits},
    domain::{
        call::api::Target,
        clock::Clock,
        key::ApiKey,
        rules::policies::AccountPolicies,
        settings::{
            preferences::Settings,
            profile::{Profile, ProfileId},
            stripe::{BaseUrl, StripeSettings},
        },
    },
    settings::{self, AppFolders},
    store::{HistoryReader, Store, StoreError, StoreLocation},
};

/// A target that is ready to be called, and the clock that its calls are dated by.
pub(super) struct OpenTarget {
    pub(super) backend: Backend,
    pub(super) clock: Clock,
    /// The policies of the account, where they are known: of the local one.
    pub(super) policies: Option<AccountPolicies>,
    /// The address of the real API, where that answers.
    pub(super) base_url: Option<BaseUrl>,
}

/// What a command does with the target that it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenPurpose {
    Calls,
    /// Calls that change nothing.
    Looks,
    /// Calls that are made again by rules of the caller.
    PacedCalls,
}

impl OpenTarget {
    /// Opens the target that the options name, with the settings and the store behind it.
    pub(super) fn open(args: &TargetArgs, environment: &ProcessEnvironment) -> Result<Self, CliError> {
        Self::open_for(args, environment, OpenPurpose::Calls)
    }

    /// As [`OpenTarget::open`], for a call that changes nothing: where the data folder cannot be written, the call is
    /// made on a copy of it, and what came of the call is kept nowhere.
    pub(super) fn open_to_look(args: &TargetArgs, environment: &ProcessEnvironment) -> Result<Self, CliError> {
        Self::open_for(args, environment, OpenPurpose::Looks)
    }

    /// As [`OpenTarget::open`], for a caller that keeps the pace and makes calls again itself.
    pub(super) fn open_paced(args: &TargetArgs, environment: &ProcessEnvironment) -> Result<Self, CliError> {
        Self::open_for(args, environment, OpenPurpose::PacedCalls)
    }

    fn open_for(args: &TargetArgs, environment: &ProcessEnvironment, purpose: OpenPurpose) -> Result<Self, CliError> {
        let clock = args.time.clock(environment);
        let folders = match AppFolders::find(environment.home.clone()) {
            Ok(folders) => Some(folders),
            Err(_) if args.memory => None,
            Err(error) => return Err(error.into()),
        };
        let (settings, warnings) =
            folders.as_ref().map(|folders| settings::load(&folders.settings_file())).unwrap_or_default();
        let (profile, target) = args.chosen(&settings)?;
        // Nothing is made on disk for a call that will not be sent.
        let stripe = stripe_settings(profile, args.base_url.as_ref());
        let key = match target {
            Target::Local => None,
            Target::Stripe => {
                check_settings(&stripe)?;
                Some(test_key(environment, profile.id)?)
            }
        };
        let place = match &folders {
            Some(folders) if !args.memory => StoreLocation::Folder(folders.data.clone()),
            _ => StoreLocation::Memory,
        };
        let store = match (Store::open(&place, clock.now()), &place) {
            (Err(error), StoreLocation::Folder(folder)) if purpose == OpenPurpose::Looks && error.leaves_reading() => {
                remark(format_args!("Nothing of this call is written down. {error}"));
                Store::open_copy(folder, clock.now())?
            }
            (opened, _) => opened?,
        };
        store.bound_log(settings.log);
        // Only now: where the folder cannot be used at all, the error above is the one thing to say.
        warnings.iter().for_each(remark);
        let targets = BackendTargets::new(store, args.seed);
        let Some(key) = key else {
            let policies = args.policies.on_top_of(settings.policies);
            return Ok(Self { backend: targets.local(policies), clock, policies: Some(policies), base_url: None });
        };
        let backend = match purpose {
            OpenPurpose::Calls | OpenPurpose::Looks => targets.stripe(profile.id, &stripe, key),
            OpenPurpose::PacedCalls => {
                targets.stripe_within(profile.id, &stripe, key, CallLimits { retries: 0, ..CallLimits::default() })
            }
        };
        let backend = backend.map_err(|error| CliError::NoAnswer(error.to_string()))?;
        Ok(Self { backend, clock, policies: None, base_url: Some(stripe.base_url) })
    }
}

/// The settings of a profile for the API, at another address where one is given.
pub(super) fn stripe_settings(profile: &Profile, base_url: Option<&BaseUrl>) -> StripeSettings {
    let mut stripe = profile.stripe.clone();
    if let Some(base_url) = base_url {
        stripe.base_url = base_url.clone();
        stripe.broken.retain(|broken| broken.field != "base_url");
    }
    stripe
}

/// Refuses settings of which one could not be read: the call would go elsewhere than the person meant.
pub(super) fn check_settings(stripe: &StripeSettings) -> Result<(), CliError> {
    match stripe.fault() {
        Some(fault) => Err(CliError::Usage(format!("No call was made: {fault}"))),
        None => Ok(()),
    }
}

/// The key for target stripe. One in the environment that cannot be used is never replaced by another in silence.
pub(super) fn test_key(environment: &ProcessEnvironment, profile: ProfileId) -> Result<ApiKey, CliError> {
    let needed = "Target stripe needs a test key: set STRIPE_SECRET_KEY to one";
    if let Some(text) = &environment.stripe_key {
        return ApiKey::parse(text)
            .map_err(|error| CliError::Usage(format!("STRIPE_SECRET_KEY is not used. {error}. {needed}")));
    }
    let keys = environment.keys();
    keys.get(profile).ok_or_else(|| {
        let problem = keys.status(profile).problem.map(|problem| format!("{problem}. ")).unwrap_or_default();
        CliError::Usage(format!("{problem}{needed}"))
    })
}

/// The settings; says on stderr what of them could not be read.
pub(super) fn load_settings(folders: &AppFolders) -> Settings {
    let (settings, warnings) = settings::load(&folders.settings_file());
    warnings.iter().for_each(remark);
    settings
}

/// The history for a command that only reads it.
pub(super) struct HistoryView {
    pub(super) reader: HistoryReader,
    /// Why the history could not be opened as usual.
    trouble: Option<StoreError>,
}

impl HistoryView {
    /// Opens the history. Where it cannot be written or is damaged, reads it as it lies on disk.
    pub(super) fn open(environment: &ProcessEnvironment) -> Result<Self, CliError> {
        let folders = AppFolders::find(environment.home.clone())?;
        match Store::open(&StoreLocation::Folder(folders.data.clone()), environment.clock.now()) {
            Ok(store) => Ok(Self { reader: store.reader()?, trouble: None }),
            Err(error) if error.leaves_reading() => {
                let reader = HistoryReader::look(&folders.data, environment.clock.now())?;
                Ok(Self { reader, trouble: Some(error) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a command that has shown what can be read.
    ///
    /// # Errors
    /// Where something could not be read: its words name it.
    pub(super) fn end(self, done: CommandOutcome) -> Result<CommandOutcome, CliError> {
        let damage = self.reader.damage();
        match self.trouble {
            _ if !damage.is_empty() => Err(CliError::Damaged(Box::new(damage))),
            Some(error @ StoreError::Damaged { .. }) => Err(error.into()),
            _ => Ok(done),
        }
    }
}

/// The store for commands that change the history.
pub(super) fn open_store(environment: &ProcessEnvironment) -> Result<Store, CliError> {
    let folders = AppFolders::find(environment.home.clone())?;
    Ok(Store::open(&StoreLocation::Folder(folders.data), environment.clock.now())?)
}

/// Runs a command's calls on this thread: a command needs no other for them.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(CliError::Output)?.block_on(work)
}
