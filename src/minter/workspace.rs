//! Whose test mode this is: the account that the minter plays, with its keys and ids.

use std::fmt;

use super::ids::IdSource;
use crate::domain::{
    call::account::AccountId,
    card::number::CardNumber,
    key::ApiKey,
    mask::keyed_hash::{IdentityKey, base62, first_half, keyed_hash},
};

/// The account that the minter plays: its id, its fingerprints, the source of its ids. `Debug` shows the id only.
#[derive(Clone)]
pub struct MinterAccount {
    account_id: AccountId,
    published_key: [u8; 32],
    unpublished_key: [u8; 32],
    /// Follows from the folder, so that every process on it agrees about a request and an identity.
    kept_request_key: [u8; 32],
    identities: IdentityKey,
    /// Random on every run, with a seed too: it shows in no answer, and whoever had it could try out security codes.
    secret_request_key: [u8; 32],
    /// Tells that key from others, without it.
    secret_request_name: u64,
    /// Tells which account a key is of, where the key does not.
    keys_key: [u8; 32],
    /// Makes the addresses of payers' pages such that nobody can guess one.
    pages_key: [u8; 32],
    ids: IdSource,
}

impl MinterAccount {
    /// The account of a secret, which may be kept on disk: the account's id and the fingerprints of published test
    /// cards follow from it and stay the same.
    ///
    /// Fingerprints of all other numbers are stable while the program runs. Their key is random and in no file, because
    /// the first six and last four digits, a fingerprint and its key would together give the number away.
    pub fn new(secret: [u8; 32]) -> Self {
        Self::derived(&secret, rand::random(), None)
    }

    /// The account of a seed: its id, every fingerprint and, by the ledger's count, every id are the same on every run
    /// and machine. Whoever knows the seed can search for an unpublished number by its fingerprint: for tests only.
    pub fn seeded(seed: u64) -> Self {
        let secret = keyed_hash(&[0; 32], "seed", &seed.to_be_bytes());
        let unpublished_key = keyed_hash(&secret, "fingerprints of unpublished numbers", &[]);
        Self::derived(&secret, unpublished_key, Some(keyed_hash(&secret, "ids", &[])))
    }

    /// The same account, with the objects of a data folder: what is looked up there is found by the folder's own
    /// secret.
    #[must_use]
    pub fn in_folder(self, folder_secret: &[u8; 32]) -> Self {
        let kept_request_key = keyed_hash(folder_secret, "requests", &[]);
        Self { kept_request_key, identities: IdentityKey::new(folder_secret), ..self }
    }

    /// The account of this id, in the same folder and of the same seed. What follows from the account differs from that of
    /// every other one, and is the same whenever it is made.
    #[must_use]
    pub fn of_world(&self, id: &AccountId) -> Self {
        let own = |key: &[u8; 32]| keyed_hash(key, "world", id.as_str().as_bytes());
        let secret_request_key = own(&self.secret_request_key);
        Self {
            account_id: id.clone(),
            published_key: own(&self.published_key),
            unpublished_key: own(&self.unpublished_key),
            secret_request_name: name_of_key(&secret_request_key),
            secret_request_key,
            pages_key: own(&self.pages_key),
            ids: self.ids.of_world(id.as_str()),
            ..self.clone()
        }
    }

    /// The account of a key that does not name it: a hash of the key, without its prefix, so that a publishable and a
    /// secret key of one name are of one account.
    pub fn account_of_key(&self, key: &ApiKey) -> AccountId {
        hashed_id(keyed_hash(&self.keys_key, "account of a key", key.own_part().as_bytes()))
    }

    fn derived(secret: &[u8; 32], unpublished_key: [u8; 32], ids_seed: Option<[u8; 32]>) -> Self {
        let account_id = hashed_id(keyed_hash(secret, "account", &[]));
        let ids = IdSource::new(account_id.as_str(), ids_seed);
        let secret_request_key: [u8; 32] = rand::random();
        let published_key = keyed_hash(secret, "fingerprints of published numbers", &[]);
        Self {
            account_id,
            published_key,
            unpublished_key,
            kept_request_key: keyed_hash(secret, "requests", &[]),
            identities: IdentityKey::new(secret),
            secret_request_name: name_of_key(&secret_request_key),
            secret_request_key,
            keys_key: keyed_hash(secret, "keys", &[]),
            pages_key: keyed_hash(secret, "pages of payers", &[]),
            ids,
        }
    }

    /// `acct_1…`, 16 characters after the prefix.
    pub fn account_id(&self) -> &str {
        self.account_id.as_str()
    }

    /// The account itself.
    pub fn account(&self) -> &AccountId {
        &self.account_id
    }

    /// The source of the ids of this account's objects and requests.
    pub fn ids(&self) -> &IdSource {
        &self.ids
    }

    /// The keys for the hashes by which requests are compared: first the one that stays, for masked requests; then the
    /// one that is in no file, for whole requests.
    pub(super) fn request_keys(&self) -> (&[u8; 32], &[u8; 32]) {
        (&self.kept_request_key, &self.secret_request_key)
    }

    /// Tells the key for whole requests from others.
    pub(super) fn secret_request_name(&self) -> u64 {
        self.secret_request_name
    }

    /// Turns an id, an account or an email address into what it is stored and looked up as.
    pub(super) fn identities(&self) -> &IdentityKey {
        &self.identities
    }

    /// What the page of a payer is known by: its number among those of the intent, and 22 characters that only this account
    /// can make. The account that the intent belongs to counts too, where that is a connected one.
    pub(super) fn name_of_page(&self, owner: &str, intent: &str, number: u64) -> String {
        let data = format!("{owner} {intent} {number}");
        let proof = first_half(keyed_hash(&self.pages_key, "page of a payer", data.as_bytes()));
        format!("{number}-{}", base62(proof, 22))
    }

    /// 16 characters that are the same for the same number in this account, and differ between accounts.
    pub fn fingerprint(&self, number: &CardNumber) -> String {
        let key = if number.published().is_some() { &self.published_key } else { &self.unpublished_key };
        base62(first_half(keyed_hash(key, "fingerprint", number.expose().as_bytes())), 16)
    }
}

fn name_of_key(key: &[u8; 32]) -> u64 {
    first_half(keyed_hash(key, "name of the key", &[])) as u64
}

/// The id of an account that follows from a hash.
fn hashed_id(hash: [u8; 32]) -> AccountId {
    AccountId::parse(&format!("acct_1{}", base62(first_half(hash), 15))).expect("letters and digits are an id")
}

impl fmt::Debug for MinterAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Workspace({}, {:?})", self.account_id(), self.ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_published_numbers_keep_their_fingerprint_over_restarts() {
        let published = CardNumber::parse("4242424242424242").unwrap();
        let unpublished = CardNumber::parse("4111111111111111").unwrap();
        let (first, second) = (MinterAccount::new([7; 32]), MinterAccount::new([7; 32]));
        assert_eq!(first.account_id(), second.account_id());
        assert_eq!(first.fingerprint(&published), second.fingerprint(&published));
        assert_eq!(first.fingerprint(&unpublished), first.fingerprint(&unpublished));
        assert_ne!(first.fingerprint(&unpublished), second.fingerprint(&unpublished));
        assert_ne!(first.fingerprint(&published), MinterAccount::new([8; 32]).fingerprint(&published));
        assert_eq!(first.fingerprint(&published).len(), 16);
    }

    #[test]
    fn a_seed_fixes_everything() {
        let unpublished = CardNumber::parse("4111111111111111").unwrap();
        let (first, second) = (MinterAccount::seeded(1), MinterAccount::seeded(1));
        assert_eq!(first.account_id(), second.account_id());
        assert_eq!(first.fingerprint(&unpublished), second.fingerprint(&unpublished));
        assert_ne!(first.account_id(), MinterAccount::seeded(2).account_id());
    }

    #[test]
    fn a_world_has_an_account_of_its_own_that_is_always_the_same() {
        let unpublished = CardNumber::parse("4111111111111111").unwrap();
        let id = AccountId::parse("acct_1032D82eZvKYlo2C").unwrap();
        for common in [MinterAccount::new([7; 32]), MinterAccount::seeded(1)] {
            let (first, again) = (common.of_world(&id), common.of_world(&id));
            let other = common.of_world(&AccountId::parse("acct_1032D82LkdIwHu7ix").unwrap());
            assert_eq!(first.account_id(), id.as_str());
            assert_eq!(first.fingerprint(&unpublished), again.fingerprint(&unpublished));
            for another in [&common, &other] {
                assert_ne!(first.fingerprint(&unpublished), another.fingerprint(&unpublished));
                assert_ne!(first.request_keys().1, another.request_keys().1);
                assert_ne!(first.ids().for_request(1).request(), another.ids().for_request(1).request());
            }
        }
    }

    #[test]
    fn a_key_is_of_one_account_whatever_it_may_do() {
        let account = MinterAccount::new([7; 32]);
        let of = |key: &str| account.account_of_key(&ApiKey::parse(key).unwrap());
        assert_eq!(of("sk_test_shard7"), of("pk_test_shard7"));
        assert_ne!(of("sk_test_shard7"), of("sk_test_shard8"));
        assert_eq!(of("sk_test_shard7").as_str().len(), account.account_id().len());
        let in_another_folder = MinterAccount::new([8; 32]).account_of_key(&ApiKey::parse("sk_test_shard7").unwrap());
        assert_ne!(of("sk_test_shard7"), in_another_folder);
        let seeded = |folder| MinterAccount::seeded(1).in_folder(&[folder; 32]);
        let key = ApiKey::parse("sk_test_shard7").unwrap();
        assert_eq!(seeded(1).account_of_key(&key), seeded(2).account_of_key(&key), "a seed fixes everything");
    }

    #[test]
    fn an_account_id_has_stripes_shape_and_debug_shows_no_key() {
        let workspace = MinterAccount::new([7; 32]);
        let id = workspace.account_id();
        assert!(id.starts_with("acct_1") && id.len() == 21, "{id}");
        assert_eq!(format!("{workspace:?}"), format!("Workspace({id}, Ids(random))"));
    }
}
