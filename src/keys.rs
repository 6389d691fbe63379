//! The API keys, one for each profile: from the environment, the system's keyring, or what was entered in this session,
//! in this order. A key in the environment stands for that of every profile.
//!
//! A keyring may hang, or ask its user for a password. So one named thread talks to it, each call has a time limit, and
//! while the thread waits for the keyring all other calls give up at once. A late reply is still used.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::domain::{
    key::{ApiKey, KeyKind},
    secret::SecretText,
    settings::profile::ProfileId,
};

/// Where the key in use comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// `STRIPE_SECRET_KEY`.
    Environment,
    /// The system's keyring: it is there next time too.
    Keyring,
    /// Entered, and gone when the program ends.
    Session,
    /// There is no key.
    None,
}

/// What may be shown of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    pub key: Option<KeyKind>,
    pub source: KeySource,
    /// Whether a key that is entered now would be kept in a keyring. With a key from the environment this is not looked
    /// up.
    pub remembers: bool,
    /// What is wrong, in one sentence for a person.
    pub problem: Option<String>,
}

/// Where keys are kept beyond the session, each under a user name of its own: the system's keyring, or that of a test.
pub trait KeyVault: Send {
    /// # Errors
    /// The vault is missing, slow or fails. That it keeps no key under this name is `Ok(None)`.
    fn read(&self, user: &str) -> Result<Option<SecretText>, VaultError>;

    /// # Errors
    /// [`VaultError`].
    fn write(&self, user: &str, key: &ApiKey) -> Result<(), VaultError>;

    /// Removes a key. That there is none under this name is no error.
    ///
    /// # Errors
    /// [`VaultError`].
    fn remove(&self, user: &str) -> Result<(), VaultError>;
}

/// The user name that a profile's key is kept under. That of the first profile has no number: earlier versions had one
/// key and kept it under this name.
fn user_of(profile: ProfileId) -> String {
    const FIRST: &str = "stripe-test-key";
    if profile == ProfileId::FIRST { FIRST.to_owned() } else { format!("{FIRST}-{}", profile.0) }
}

/// Why a vault did not read, write or remove a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// This system has no vault: it is not asked again.
    #[error("this system has no keyring")]
    Missing,
    #[error("the keyring did not answer in time")]
    TooSlow,
    #[error("{0}")]
    Failed(String),
}

/// The API keys of all profiles. A method may wait up to three seconds for the keyring: never call it from a thread
/// that draws or runs async tasks.
pub struct ApiKeys {
    environment: Option<ApiKey>,
    environment_problem: Option<String>,
    state: Mutex<KeyState>,
}

impl ApiKeys {
    /// Takes the value of `STRIPE_SECRET_KEY`, and the system's keyring where there is one. The keyring is first asked
    /// when a key is.
    pub fn new(environment: Option<String>) -> Self {
        #[cfg(feature = "keyring")]
        return Self::with_vault(environment, system::SystemKeyring, system::TIME_LIMIT);
        #[cfg(not(feature = "keyring"))]
        Self::session_only(environment)
    }

    /// Without a keyring: for tests, and wherever nothing may be kept.
    pub fn session_only(environment: Option<String>) -> Self {
        Self::build(environment, None)
    }

    /// With another vault than the system's keyring.
    pub fn with_vault(environment: Option<String>, vault: impl KeyVault + 'static, time_limit: Duration) -> Self {
        Self::build(environment, VaultThread::start(vault, time_limit).ok())
    }

    fn build(environment: Option<String>, helper: Option<VaultThread>) -> Self {
        let entered = environment.filter(|text| !text.trim().is_empty()).map(SecretText::new);
        let (environment, environment_problem) = match entered.map(|text| ApiKey::parse(text.expose())) {
            None => (None, None),
            Some(Ok(key)) => (Some(key), None),
            Some(Err(error)) => {
                let words = "Correct it, or start Testcard without it: no other key is used in its place";
                (None, Some(format!("STRIPE_SECRET_KEY in the environment is not used. {error}. {words}")))
            }
        };
        Self { environment, environment_problem, state: Mutex::new(KeyState { helper, profiles: HashMap::new() }) }
    }

    /// What may be shown of the key of a profile; may ask the keyring.
    pub fn status(&self, profile: ProfileId) -> KeyStatus {
        let mut state = self.state();
        let in_use = match &self.environment {
            Some(key) => Some((key.kind(), KeySource::Environment)),
            None if self.environment_problem.is_some() => None,
            None => state.kept(profile).map(|(key, source)| (key.kind(), source)),
        };
        KeyStatus {
            key: in_use.map(|(kind, _)| kind),
            source: in_use.map_or(KeySource::None, |(_, source)| source),
            remembers: state.helper.is_some(),
            problem: self.environment_problem.clone().or_else(|| state.slot(profile).problem.clone()),
        }
    }

    /// The key that a profile's calls are made with; may ask the keyring. A key in the environment that cannot be used
    /// is not replaced by another one, for the call would go to another account than was meant.
    pub fn get(&self, profile: ProfileId) -> Option<ApiKey> {
        if self.environment_problem.is_some() {
            return None;
        }
        self.environment.clone().or_else(|| self.state().kept(profile).map(|(key, _)| key.clone()))
    }

    /// Keeps a key: in the keyring if there is one that takes it, else for this session. Gives which of the two. A key
    /// from the environment stays in use all the same.
    pub fn set(&self, profile: ProfileId, key: ApiKey) -> KeySource {
        let mut state = self.state();
        let written = state.ask(profile, VaultRequest::Write(key.clone()));
        let source = if written.is_ok() { KeySource::Keyring } else { KeySource::Session };
        let slot = state.slot(profile);
        slot.known = KnownKey::Kept(key, source);
        slot.problem = match written {
            Ok(()) | Err(VaultError::Missing) => self
                .environment
                .is_some()
                .then(|| "STRIPE_SECRET_KEY in the environment is used instead of the key that was entered".to_owned()),
            Err(error) => Some(format!("The key is kept for this session only: {error}")),
        };
        source
    }

    /// Forgets the key of a profile and removes it from the keyring. If the keyring fails to, [`Self::status`] says so.
    pub fn forget(&self, profile: ProfileId) {
        let mut state = self.state();
        state.slot(profile).known = KnownKey::Nothing;
        let removed = state.ask(profile, VaultRequest::Remove);
        state.slot(profile).problem = match removed {
            Ok(()) | Err(VaultError::Missing) => None,
            Err(error) => Some(format!("The key may still be in the system's keyring: {error}")),
        };
    }

    fn state(&self) -> MutexGuard<'_, KeyState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("environment", &self.environment).finish_non_exhaustive()
    }
}

struct KeyState {
    /// `None` where there is no keyring.
    helper: Option<VaultThread>,
    profiles: HashMap<ProfileId, ProfileKey>,
}

/// What is known of the key of one profile.
#[derive(Default)]
struct ProfileKey {
    known: KnownKey,
    problem: Option<String>,
}

#[derive(Default)]
enum KnownKey {
    /// The keyring was not asked yet, or has not answered.
    #[default]
    Unread,
    Nothing,
    Kept(ApiKey, KeySource),
}

impl KeyState {
    fn slot(&mut self, profile: ProfileId) -> &mut ProfileKey {
        self.profiles.entry(profile).or_default()
    }

    fn kept(&mut self, profile: ProfileId) -> Option<(&ApiKey, KeySource)> {
        self.take_late();
        if matches!(self.slot(profile).known, KnownKey::Unread)
            && let Err(error) = self.ask(profile, VaultRequest::Read)
        {
            self.slot(profile).not_read(&error);
        }
        match &self.slot(profile).known {
            KnownKey::Kept(key, source) => Some((key, *source)),
            KnownKey::Unread | KnownKey::Nothing => None,
        }
    }

    fn take_late(&mut self) {
        if let Some((profile, reply)) = self.helper.as_mut().and_then(VaultThread::late_reply) {
            let was_reading = matches!(reply, VaultReply::Read(_));
            if let Err(error) = self.take(profile, reply)
                && was_reading
                && matches!(self.slot(profile).known, KnownKey::Unread)
            {
                self.slot(profile).not_read(&error);
            }
        }
    }

    fn ask(&mut self, profile: ProfileId, ask: VaultRequest) -> Result<(), VaultError> {
        self.take_late();
        let (profile, reply) = self.helper.as_mut().ok_or(VaultError::Missing)?.ask(profile, ask)?;
        self.take(profile, reply)
    }

    fn take(&mut self, profile: ProfileId, reply: VaultReply) -> Result<(), VaultError> {
        let slot = self.slot(profile);
        let result = match reply {
            VaultReply::Read(Ok(text)) => {
                if matches!(slot.known, KnownKey::Unread) {
                    (slot.known, slot.problem) = match text.map(|text| ApiKey::parse(text.expose())) {
                        None => (KnownKey::Nothing, None),
                        Some(Ok(key)) => (KnownKey::Kept(key, KeySource::Keyring), None),
                        Some(Err(error)) => {
                            (KnownKey::Nothing, Some(format!("The key in the system's keyring is not used. {error}")))
                        }
                    };
                }
                Ok(())
            }
            VaultReply::Written(Ok(written)) => {
                if let KnownKey::Kept(key, source) = &mut slot.known
                    && *key == written
                {
                    *source = KeySource::Keyring;
                    slot.problem = None;
                }
                Ok(())
            }
            VaultReply::Removed(Ok(())) => Ok(()),
            VaultReply::Read(Err(error)) | VaultReply::Written(Err(error)) | VaultReply::Removed(Err(error)) => {
                Err(error)
            }
        };
        if result == Err(VaultError::Missing) {
            tracing::debug!("no keyring on this system");
            self.helper = None;
        }
        result
    }
}

impl ProfileKey {
    fn not_read(&mut self, error: &VaultError) {
        // A dialog that the user has closed must not come back with every look at the key.
        if *error != VaultError::TooSlow {
            self.known = KnownKey::Nothing;
        }
        self.problem = (*error != VaultError::Missing)
            .then(|| format!("The key in the system's keyring could not be read: {error}"));
    }
}

enum VaultRequest {
    Read,
    Write(ApiKey),
    Remove,
}

enum VaultReply {
    Read(Result<Option<SecretText>, VaultError>),
    Written(Result<ApiKey, VaultError>),
    Removed(Result<(), VaultError>),
}

/// The thread that talks to the vault.
struct VaultThread {
    /// `None` once the thread is told to end.
    asks: Option<mpsc::Sender<(ProfileId, VaultRequest)>>,
    replies: mpsc::Receiver<(ProfileId, VaultReply)>,
    /// A request was given up, and its reply is still to come.
    is_waiting: bool,
    time_limit: Duration,
    thread: Option<JoinHandle<()>>,
}

impl VaultThread {
    fn start(vault: impl KeyVault + 'static, time_limit: Duration) -> io::Result<Self> {
        let (asks, inbox) = mpsc::channel();
        let (outbox, replies) = mpsc::channel();
        let thread = thread::Builder::new().name("keyring".to_owned()).spawn(move || {
            for (profile, ask) in inbox {
                let user = user_of(profile);
                let reply = match ask {
                    VaultRequest::Read => VaultReply::Read(vault.read(&user)),
                    VaultRequest::Write(key) => VaultReply::Written(vault.write(&user, &key).map(|()| key)),
                    VaultRequest::Remove => VaultReply::Removed(vault.remove(&user)),
                };
                if outbox.send((profile, reply)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { asks: Some(asks), replies, is_waiting: false, time_limit, thread: Some(thread) })
    }

    fn ask(&mut self, profile: ProfileId, ask: VaultRequest) -> Result<(ProfileId, VaultReply), VaultError> {
        if self.is_waiting {
            return Err(VaultError::TooSlow);
        }
        self.asks.as_ref().and_then(|asks| asks.send((profile, ask)).ok()).ok_or(VaultError::Missing)?;
        self.replies.recv_timeout(self.time_limit).map_err(|error| match error {
            mpsc::RecvTimeoutError::Timeout => {
                self.is_waiting = true;
                VaultError::TooSlow
            }
            mpsc::RecvTimeoutError::Disconnected => VaultError::Failed("the keyring's library failed".to_owned()),
        })
    }

    fn late_reply(&mut self) -> Option<(ProfileId, VaultReply)> {
        let reply = self.is_waiting.then(|| self.replies.try_recv().ok())?;
        self.is_waiting = reply.is_none();
        reply
    }
}

impl Drop for VaultThread {
    fn drop(&mut self) {
        self.asks = None;
        // One that hangs in the keyring is left behind: it must not hold the program.
        if let Some(thread) = self.thread.take().filter(|_| !self.is_waiting) {
            let _ = thread.join();
        }
    }
}

#[cfg(feature = "keyring")]
mod system {
    //! The system's keyring: the Secret Service on Linux, never the kernel's.

    use std::time::Duration;

    use keyring::v1::{Entry, Error};

    use super::{ApiKey, KeyVault, SecretText, VaultError};
    use crate::domain::mask;

    /// How long a call may take.
    pub(super) const TIME_LIMIT: Duration = Duration::from_secs(3);

    const SERVICE: &str = "testcard";

    pub(super) struct SystemKeyring;

    impl KeyVault for SystemKeyring {
        fn read(&self, user: &str) -> Result<Option<SecretText>, VaultError> {
            match entry(user)?.get_password() {
                Ok(text) => Ok(Some(SecretText::new(text))),
                Err(Error::NoEntry) => Ok(None),
                Err(error) => Err(plain(&error)),
            }
        }

        fn write(&self, user: &str, key: &ApiKey) -> Result<(), VaultError> {
            entry(user)?.set_password(key.expose()).map_err(|error| plain(&error))
        }

        fn remove(&self, user: &str) -> Result<(), VaultError> {
            match entry(user)?.delete_credential() {
                Ok(()) | Err(Error::NoEntry) => Ok(()),
                Err(error) => Err(plain(&error)),
            }
        }
    }

    fn entry(user: &str) -> Result<Entry, VaultError> {
        Entry::new(SERVICE, user).map_err(|error| match error {
            Error::NoDefaultStore => VaultError::Missing,
            error => plain(&error),
        })
    }

    /// The error in words. Of most errors the text is not shown: it may carry the key that is kept.
    fn plain(error: &Error) -> VaultError {
        VaultError::Failed(match error {
            Error::PlatformFailure(_) | Error::NoStorageAccess(_) => mask::text(&error.to_string()),
            _ => "the keyring holds something that is not a key".to_owned(),
        })
    }
}
