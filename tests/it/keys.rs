//! Where the key comes from, with a vault in place of the system's keyring.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    time::{Duration, Instant},
};

use testcard::{
    domain::{
        key::{ApiKey, KeyKind},
        secret::SecretText,
        settings::profile::ProfileId,
    },
    keys::{ApiKeys, KeySource, KeyStatus, KeyVault, VaultError},
};

/// Far more than any call in memory takes: a test that reaches it has failed.
const LONG: Duration = Duration::from_mins(1);
const SHORT: Duration = Duration::from_millis(20);

const FIRST: ProfileId = ProfileId::FIRST;
/// What the first profile's key was kept under before there were profiles.
const USER: &str = "stripe-test-key";

/// A keyring in memory, which counts its calls and can fail.
#[derive(Clone, Default)]
struct Memory {
    kept: Arc<Mutex<HashMap<String, String>>>,
    failure: Arc<Mutex<Option<VaultError>>>,
    calls: Arc<Mutex<Vec<&'static str>>>,
}

impl Memory {
    fn holding(text: &str) -> Self {
        let memory = Self::default();
        memory.kept.lock().unwrap().insert(USER.to_owned(), text.to_owned());
        memory
    }

    fn failing(error: VaultError) -> Self {
        let memory = Self::default();
        memory.fail(Some(error));
        memory
    }

    fn fail(&self, error: Option<VaultError>) {
        *self.failure.lock().unwrap() = error;
    }

    /// What is kept for the first profile.
    fn kept(&self) -> Option<String> {
        self.kept.lock().unwrap().get(USER).cloned()
    }

    /// The user names that something is kept for.
    fn users(&self) -> Vec<String> {
        let mut users: Vec<String> = self.kept.lock().unwrap().keys().cloned().collect();
        users.sort();
        users
    }

    fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }

    fn called(&self, call: &'static str) -> Result<(), VaultError> {
        self.calls.lock().unwrap().push(call);
        self.failure.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl KeyVault for Memory {
    fn read(&self, user: &str) -> Result<Option<SecretText>, VaultError> {
        self.called("read")?;
        Ok(self.kept.lock().unwrap().get(user).map(SecretText::new))
    }

    fn write(&self, user: &str, key: &ApiKey) -> Result<(), VaultError> {
        self.called("write")?;
        self.kept.lock().unwrap().insert(user.to_owned(), key.expose().to_owned());
        Ok(())
    }

    fn remove(&self, user: &str) -> Result<(), VaultError> {
        self.called("remove")?;
        self.kept.lock().unwrap().remove(user);
        Ok(())
    }
}

/// A keyring that hangs until it is let go, and says when it has done its work.
struct Hanging {
    inner: Memory,
    go: Mutex<Receiver<()>>,
    done: Sender<()>,
}

impl Hanging {
    fn over(inner: Memory) -> (Self, Sender<()>, Receiver<()>) {
        let (go, gate) = mpsc::channel();
        let (done, is_done) = mpsc::channel();
        (Self { inner, go: Mutex::new(gate), done }, go, is_done)
    }

    fn wait<T>(&self, then: impl FnOnce(&Memory) -> T) -> T {
        let _ = self.go.lock().unwrap().recv();
        let result = then(&self.inner);
        let _ = self.done.send(());
        result
    }
}

impl KeyVault for Hanging {
    fn read(&self, user: &str) -> Result<Option<SecretText>, VaultError> {
        self.wait(|inner| inner.read(user))
    }

    fn write(&self, user: &str, key: &ApiKey) -> Result<(), VaultError> {
        self.wait(|inner| inner.write(user, key))
    }

    fn remove(&self, user: &str) -> Result<(), VaultError> {
        self.wait(|inner| inner.remove(user))
    }
}

fn keys(environment: Option<&str>, memory: &Memory) -> ApiKeys {
    ApiKeys::with_vault(environment.map(str::to_owned), memory.clone(), LONG)
}

fn key(text: &str) -> ApiKey {
    ApiKey::parse(text).unwrap()
}

#[track_caller]
fn check(keys: &ApiKeys, kind: Option<KeyKind>, source: KeySource, problem: Option<&str>) {
    let status = keys.status(FIRST);
    assert_eq!((status.key, status.source), (kind, source), "{status:?}");
    assert_eq!(keys.get(FIRST).map(|key| key.kind()), kind);
    match (problem, &status.problem) {
        (None, None) => {}
        (Some(words), Some(told)) if told.contains(words) => {}
        (words, told) => panic!("{told:?} does not tell {words:?}"),
    }
}

/// A late reply is sent after the vault's own work: looks again until it has arrived.
#[track_caller]
fn check_soon(keys: &ApiKeys, is_there: impl Fn(&KeyStatus) -> bool) {
    let give_up = Instant::now() + LONG;
    while !is_there(&keys.status(FIRST)) {
        assert!(Instant::now() < give_up, "{:?}", keys.status(FIRST));
        std::thread::yield_now();
    }
}

#[test]
fn the_environment_wins_and_the_keyring_is_not_even_asked() {
    let memory = Memory::holding("rk_test_kept");
    let keys = keys(Some("sk_test_environment"), &memory);
    check(&keys, Some(KeyKind::Secret), KeySource::Environment, None);
    assert_eq!(keys.get(FIRST), Some(key("sk_test_environment")));
    assert!(memory.calls().is_empty());
}

#[test]
fn a_live_or_malformed_key_in_the_environment_is_told_and_never_used() {
    for (text, words) in
        [("sk_live_planted", "live key"), ("rk_live_planted", "live key"), ("planted", "not an API key")]
    {
        let memory = Memory::default();
        let keys = keys(Some(text), &memory);
        check(&keys, None, KeySource::None, Some(words));
        let told = keys.status(FIRST).problem.unwrap();
        assert!(told.contains("STRIPE_SECRET_KEY") && !told.contains("planted"), "{told}");
    }
    let memory = Memory::holding("rk_test_kept");
    let keys = keys(Some("sk_live_planted"), &memory);
    check(&keys, None, KeySource::None, Some("no other key is used in its place"));
    assert_eq!(keys.get(FIRST), None, "another key is another account");
}

#[test]
fn an_empty_environment_is_none() {
    for text in ["", "  "] {
        check(&keys(Some(text), &Memory::default()), None, KeySource::None, None);
    }
}

#[test]
fn a_kept_key_is_read_once() {
    let memory = Memory::holding("pk_test_kept");
    let keys = keys(None, &memory);
    check(&keys, Some(KeyKind::Publishable), KeySource::Keyring, None);
    check(&keys, Some(KeyKind::Publishable), KeySource::Keyring, None);
    assert_eq!(memory.calls(), ["read"]);
    assert!(keys.status(FIRST).remembers);
}

#[test]
fn a_live_key_in_the_keyring_is_told_and_never_used() {
    check(&keys(None, &Memory::holding("sk_live_planted")), None, KeySource::None, Some("live key"));
}

#[test]
fn a_key_that_is_set_is_kept_and_forgotten() {
    let memory = Memory::default();
    let keys_ = keys(None, &memory);
    assert_eq!(keys_.set(FIRST, key("sk_test_entered")), KeySource::Keyring);
    check(&keys_, Some(KeyKind::Secret), KeySource::Keyring, None);
    assert_eq!(memory.kept().as_deref(), Some("sk_test_entered"));
    check(&keys(None, &memory), Some(KeyKind::Secret), KeySource::Keyring, None);

    keys_.forget(FIRST);
    check(&keys_, None, KeySource::None, None);
    assert_eq!(memory.kept(), None);
}

#[test]
fn a_key_that_is_set_while_the_environment_has_one_is_kept_for_later() {
    let memory = Memory::default();
    let keys = keys(Some("rk_test_environment"), &memory);
    assert_eq!(keys.set(FIRST, key("sk_test_entered")), KeySource::Keyring);
    check(&keys, Some(KeyKind::Restricted), KeySource::Environment, Some("used instead"));
    assert_eq!(memory.kept().as_deref(), Some("sk_test_entered"));
}

#[test]
fn without_a_keyring_a_key_lives_for_the_session() {
    for keys in [ApiKeys::session_only(None), ApiKeys::with_vault(None, Memory::failing(VaultError::Missing), LONG)] {
        check(&keys, None, KeySource::None, None);
        assert!(!keys.status(FIRST).remembers);
        assert_eq!(keys.set(FIRST, key("sk_test_entered")), KeySource::Session);
        check(&keys, Some(KeyKind::Secret), KeySource::Session, None);
        keys.forget(FIRST);
        check(&keys, None, KeySource::None, None);
    }
}

#[test]
fn a_missing_keyring_is_asked_once() {
    let memory = Memory::failing(VaultError::Missing);
    let keys = keys(None, &memory);
    assert_eq!(keys.get(FIRST), None);
    keys.set(FIRST, key("sk_test_entered"));
    keys.forget(FIRST);
    keys.status(FIRST);
    assert_eq!(memory.calls(), ["read"]);
}

#[test]
fn a_keyring_that_refuses_is_told_and_not_read_again() {
    let memory = Memory::failing(VaultError::Failed("it is locked".to_owned()));
    let keys = keys(None, &memory);
    check(&keys, None, KeySource::None, Some("it is locked"));
    assert_eq!(memory.calls(), ["read"]);
    assert_eq!(keys.set(FIRST, key("sk_test_entered")), KeySource::Session);
    check(&keys, Some(KeyKind::Secret), KeySource::Session, Some("this session only: it is locked"));
    keys.forget(FIRST);
    check(&keys, None, KeySource::None, Some("may still be in the system's keyring"));
    memory.fail(None);
    assert_eq!(keys.set(FIRST, key("sk_test_entered")), KeySource::Keyring);
    check(&keys, Some(KeyKind::Secret), KeySource::Keyring, None);
}

#[test]
fn a_keyring_that_hangs_costs_its_time_once_and_may_answer_late() {
    let (vault, go, done) = Hanging::over(Memory::holding("sk_test_kept"));
    let keys = ApiKeys::with_vault(None, vault, SHORT);
    check(&keys, None, KeySource::None, Some("did not answer in time"));
    let started = Instant::now();
    for _ in 0..1000 {
        assert_eq!(keys.get(FIRST), None);
    }
    assert!(started.elapsed() < SHORT * 500, "each look waited again");
    go.send(()).unwrap();
    done.recv_timeout(LONG).unwrap();
    check_soon(&keys, |status| status.source == KeySource::Keyring);
    check(&keys, Some(KeyKind::Secret), KeySource::Keyring, None);
}

#[test]
fn what_was_entered_is_not_replaced_by_what_is_read_late() {
    let (vault, go, done) = Hanging::over(Memory::holding("sk_test_kept"));
    let keys = ApiKeys::with_vault(None, vault, SHORT);
    assert_eq!(keys.get(FIRST), None);
    assert_eq!(keys.set(FIRST, key("rk_test_entered")), KeySource::Session);
    go.send(()).unwrap();
    done.recv_timeout(LONG).unwrap();
    check_soon(&keys, |status| status.key.is_some());
    assert_eq!(keys.get(FIRST), Some(key("rk_test_entered")));
}

#[test]
fn a_key_that_is_kept_late_is_told_so() {
    let memory = Memory::default();
    let (vault, go, _done) = Hanging::over(memory.clone());
    let keys = ApiKeys::with_vault(None, vault, SHORT);
    assert_eq!(keys.set(FIRST, key("rk_test_entered")), KeySource::Session);
    check(&keys, Some(KeyKind::Restricted), KeySource::Session, Some("did not answer in time"));
    go.send(()).unwrap();
    check_soon(&keys, |status| status.source == KeySource::Keyring);
    assert_eq!(memory.kept().as_deref(), Some("rk_test_entered"));
}

#[test]
fn a_keyring_that_hangs_does_not_hold_the_program() {
    let (vault, _go, _done) = Hanging::over(Memory::default());
    let keys = ApiKeys::with_vault(None, vault, SHORT);
    assert_eq!(keys.get(FIRST), None);
    drop(keys);
}

#[test]
fn each_profile_has_a_key_of_its_own() {
    let (memory, second) = (Memory::holding("rk_test_first"), ProfileId(1_900_000_000));
    let keys_ = keys(None, &memory);
    assert_eq!(keys_.get(second), None, "the key of another profile is never sent");
    keys_.set(second, key("sk_test_second"));
    assert_eq!((keys_.get(FIRST), keys_.get(second)), (Some(key("rk_test_first")), Some(key("sk_test_second"))));
    assert_eq!(memory.users(), [USER, "stripe-test-key-1900000000"]);
    let again = keys(None, &memory);
    assert_eq!(again.status(second).source, KeySource::Keyring);

    again.forget(second);
    assert_eq!((again.get(FIRST), again.get(second)), (Some(key("rk_test_first")), None));
    assert_eq!(memory.users(), [USER]);
    assert_eq!(keys(None, &memory).get(second), None);

    let everywhere = keys(Some("pk_test_environment"), &memory);
    assert_eq!((everywhere.get(FIRST), everywhere.get(second)), (everywhere.get(second), everywhere.get(FIRST)));
    assert_eq!(everywhere.status(second).source, KeySource::Environment);
}

#[test]
fn a_late_answer_belongs_to_the_profile_that_it_was_asked_for() {
    let (vault, go, done) = Hanging::over(Memory::holding("sk_test_kept"));
    let keys = ApiKeys::with_vault(None, vault, SHORT);
    let second = ProfileId(2);
    assert_eq!(keys.get(FIRST), None);
    assert_eq!(keys.get(second), None, "nobody waits twice");
    go.send(()).unwrap();
    done.recv_timeout(LONG).unwrap();
    drop(go);
    check_soon(&keys, |status| status.source == KeySource::Keyring);
    assert_eq!(keys.get(FIRST), Some(key("sk_test_kept")));
    assert_eq!(keys.get(second), None);
}

#[test]
fn debug_shows_no_key() {
    let keys = keys(Some("sk_test_planted"), &Memory::holding("sk_test_planted"));
    keys.set(FIRST, key("sk_test_planted"));
    let shown = format!("{keys:?} {:?}", keys.status(FIRST));
    assert!(shown.contains("Environment") && !shown.contains("planted"), "{shown}");
}
