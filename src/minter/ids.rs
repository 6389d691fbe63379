//! Ids in Stripe's shape: `tok_1` + 5 characters of time + 10 of the account + 8 of its own.
//!
//! The shape is read from published ids and exact on all of them: the time is the creation second in base62, counted
//! from 2012-07-15T21:56:20Z, so that ids sort by time. Clients must not take ids apart.

use std::{borrow::Cow, fmt, ops::RangeInclusive, sync::Arc};

use jiff::Timestamp;

use crate::domain::mask::keyed_hash::{base62, first_half, from_base62, keyed_hash};

/// Unix seconds from which ids count.
const ID_EPOCH: i64 = 1_342_389_380;
/// How many characters of an id are the time of its making.
const TIME_PART: usize = 5;
/// How many characters of an id are those of its account.
const ACCOUNT_PART: usize = 10;

/// The source of the ids of one account: random, or the same on every run.
#[derive(Clone)]
pub struct IdSource {
    account_part: String,
    seed: Option<[u8; 32]>,
}

impl IdSource {
    /// Ids of this account: random without a seed, else keyed hashes of the ledger's own count.
    pub(super) fn new(account_id: &str, seed: Option<[u8; 32]>) -> Self {
        Self { account_part: account_part(account_id).into_owned(), seed }
    }

    /// The ids of an account with a world of its own.
    pub(super) fn of_world(&self, account_id: &str) -> Self {
        Self::new(account_id, self.seed.map(|seed| keyed_hash(&seed, "world", account_id.as_bytes())))
    }

    /// Whether the ids follow from a seed: then each request needs a number of its own.
    pub fn is_seeded(&self) -> bool {
        self.seed.is_some()
    }

    /// The ids of one request. Seeded ids follow from `sequence`, which must be another number for every request, after
    /// a restart too; random ones do not look at it.
    pub fn for_request(&self, sequence: u64) -> RequestIds<'_> {
        RequestIds {
            account_part: Cow::Borrowed(&self.account_part),
            source: self.seed.as_ref().map(|seed| (seed, sequence)),
            token_number: None,
            objects: None,
        }
    }
}

impl fmt::Debug for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.seed.is_some() { "Ids(seeded)" } else { "Ids(random)" })
    }
}

/// The numbers of new objects, of a ledger that finds objects by them.
pub trait ObjectNumbers: Send + Sync {
    /// The own part of the id of the next object, never given twice; `None` where any is as good.
    fn next(&self) -> Option<u128>;
}

/// The ids that one request may give out: one of each kind, and of events and disputes any number.
pub struct RequestIds<'a> {
    account_part: Cow<'a, str>,
    source: Option<(&'a [u8; 32], u64)>,
    token_number: Option<u128>,
    objects: Option<Arc<dyn ObjectNumbers>>,
}

impl<'a> RequestIds<'a> {
    /// The ids that what happens to an object by itself may give out: they follow from `seed`, with or without a seed of
    /// the account, and have the account's characters as the object's id has them.
    pub(super) fn following(seed: &'a [u8; 32], object: &str) -> Self {
        let own = object.split_once('_').map_or(object, |(_, own)| own);
        let account_part = own.get(1 + TIME_PART..1 + TIME_PART + ACCOUNT_PART).unwrap_or_default().to_owned();
        Self { account_part: Cow::Owned(account_part), source: Some((seed, 0)), token_number: None, objects: None }
    }

    /// The ids of a request for another account, such as a connected one.
    #[must_use]
    pub fn of_account(self, account_id: &'a str) -> Self {
        Self { account_part: account_part(account_id), ..self }
    }

    /// The same, with this number as the own part of the token's id; `None` leaves it as it is.
    #[must_use]
    pub fn with_token_number(self, token_number: Option<u128>) -> Self {
        Self { token_number, ..self }
    }

    /// The same, with these numbers as the own parts of the ids of objects that the ledger keeps.
    #[must_use]
    pub fn with_objects(self, objects: Option<Arc<dyn ObjectNumbers>>) -> Self {
        Self { objects, ..self }
    }

    /// `tok_1…`, 24 characters after the prefix.
    pub fn token(&self, created: Timestamp) -> String {
        match self.token_number {
            Some(number) => self.timed_with("tok", created, number),
            None => self.timed("tok", created),
        }
    }

    /// `card_1…`, 24 characters after the prefix.
    pub fn card(&self, created: Timestamp) -> String {
        self.timed("card", created)
    }

    /// `ch_1…`, 24 characters after the prefix: a charge that no payment intent made.
    pub fn charge(&self, created: Timestamp) -> String {
        self.kept("ch_1", created)
    }

    /// `ch_3…`, 24 characters after the prefix: a charge of a payment intent.
    pub fn charge_of_intent(&self, created: Timestamp) -> String {
        self.kept("ch_3", created)
    }

    /// `pi_3…`, 24 characters after the prefix.
    pub fn payment_intent(&self, created: Timestamp) -> String {
        self.kept("pi_3", created)
    }

    /// `seti_1…`, 24 characters after the prefix.
    pub fn setup_intent(&self, created: Timestamp) -> String {
        self.kept("seti_1", created)
    }

    /// `setatt_1…`, 24 characters after the prefix.
    pub fn setup_attempt(&self, created: Timestamp) -> String {
        self.timed("setatt", created)
    }

    /// `pmc_1…`, 24 characters after the prefix: which payment methods the account takes.
    pub fn method_configuration(&self) -> String {
        // The same in all calls: it is the account's.
        let own = keyed_hash(&[0; 32], "payment method configuration", self.account_part.as_bytes());
        format!("pmc_1{}{}", self.account_part, base62(first_half(own), 13))
    }

    /// `payatt_3…`, 24 characters after the prefix: an attempt to authenticate, by an id that nobody can guess.
    pub fn authentication(&self, created: Timestamp) -> String {
        self.written("payatt_3", created, self.own_number("payatt"))
    }

    /// What an intent's client proves that it may act for it: `ID_secret_` and 25 characters.
    pub fn client_secret(&self, intent: &str) -> String {
        let (first, last) = (self.own_part("client secret", 13), self.own_part("rest of client secret", 12));
        format!("{intent}_secret_{first}{last}")
    }

    /// `re_1…`, 24 characters after the prefix.
    pub fn refund(&self, created: Timestamp) -> String {
        self.kept("re_1", created)
    }

    /// `du_1…`, 24 characters after the prefix: the nth dispute of the request.
    pub fn dispute(&self, created: Timestamp, nth: u32) -> String {
        self.kept_nth("du_1", created, nth)
    }

    /// `issfr_1…`, 24 characters after the prefix.
    pub fn fraud_warning(&self, created: Timestamp) -> String {
        self.timed("issfr", created)
    }

    /// `txn_1…`, 24 characters after the prefix: a balance transaction that does not follow from its source.
    pub fn balance_transaction(&self, created: Timestamp) -> String {
        self.timed("txn", created)
    }

    /// `evt_1…`, 24 characters after the prefix: the nth event of the request.
    pub fn event(&self, created: Timestamp, nth: u32) -> String {
        self.kept_nth("evt_1", created, nth)
    }

    /// What tells a later effect from all others: 12 characters.
    pub fn effect_nonce(&self) -> String {
        self.own_part("later effect", 12)
    }

    /// `we_1…`, 24 characters after the prefix.
    pub fn webhook_endpoint(&self, created: Timestamp) -> String {
        self.kept("we_1", created)
    }

    /// `pm_1…`, 24 characters after the prefix.
    pub fn payment_method(&self, created: Timestamp) -> String {
        self.kept("pm_1", created)
    }

    /// `cus_…`, 14 characters after the prefix, of which the first four count minutes.
    pub fn customer(&self, created: Timestamp) -> String {
        let minutes = created.as_second().saturating_sub(ID_EPOCH).max(0).unsigned_abs() / 60;
        format!("cus_{}{}", base62(u128::from(minutes), 4), self.own_part("cus", 10))
    }

    /// The key of a POST that was sent without one, in the form in which Stripe makes it: a random UUID.
    pub fn idempotency_key(&self) -> String {
        self.uuid("idempotency key")
    }

    /// A random UUID for this purpose.
    pub fn uuid(&self, purpose: &str) -> String {
        let bits = self.own_number(purpose);
        // Version 4, variant 1 (RFC 9562).
        let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
        let part = |from: u32, digits: u32| (bits >> from) & ((1 << (4 * digits)) - 1);
        let [first, second, third, fourth, last] = [part(96, 8), part(80, 4), part(64, 4), part(48, 4), part(0, 12)];
        format!("{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{last:012x}")
    }

    /// What the bank answers an authorization with: six characters.
    pub fn authorization_code(&self) -> String {
        self.own_part("authorization", 6).to_ascii_uppercase()
    }

    /// What the card network knows a payment by: 15 characters. They are not digits only, as Visa's are, so that nobody
    /// takes them for a card number.
    pub fn network_transaction(&self) -> String {
        self.own_part("network_transaction", 15)
    }

    /// What the card network knows all payments of one agreement by: 22 characters.
    pub fn transaction_link(&self) -> String {
        self.own_part("transaction_link", 22)
    }

    /// A number from a range that does not depend on anything but the request.
    pub fn number(&self, purpose: &str, range: RangeInclusive<u8>) -> u8 {
        let numbers = u128::from(range.end() - range.start()) + 1;
        range.start() + (self.own_number(purpose) % numbers) as u8
    }

    /// `req_…`, 14 characters after the prefix.
    pub fn request(&self) -> String {
        format!("req_{}", self.own_part("req", 14))
    }

    /// The id of an object that the ledger keeps.
    fn kept(&self, start: &str, created: Timestamp) -> String {
        let own = self.next_object().unwrap_or_else(|| self.own_number(prefix_of(start)));
        self.written(start, created, own)
    }

    /// The same, of the nth object of its kind.
    fn kept_nth(&self, start: &str, created: Timestamp, nth: u32) -> String {
        let own = self.next_object().unwrap_or_else(|| self.own_number(&format!("{} {nth}", prefix_of(start))));
        self.written(start, created, own)
    }

    fn next_object(&self) -> Option<u128> {
        self.objects.as_ref()?.next()
    }

    fn timed(&self, prefix: &str, created: Timestamp) -> String {
        self.timed_with(prefix, created, self.own_number(prefix))
    }

    fn timed_with(&self, prefix: &str, created: Timestamp, own: u128) -> String {
        self.written(&format!("{prefix}_1"), created, own)
    }

    fn written(&self, start: &str, created: Timestamp, own: u128) -> String {
        format!("{start}{}{}{}", time_part(created.as_second()), self.account_part, base62(own, 8))
    }

    fn own_part(&self, purpose: &str, digits: usize) -> String {
        base62(self.own_number(purpose), digits)
    }

    fn own_number(&self, purpose: &str) -> u128 {
        match self.source {
            Some((seed, sequence)) => first_half(keyed_hash(seed, purpose, &sequence.to_be_bytes())),
            None => rand::random(),
        }
    }
}

/// What stands before the underscore of an id.
fn prefix_of(start: &str) -> &str {
    start.split_once('_').map_or(start, |(prefix, _)| prefix)
}

/// The ten characters of an account in its ids: the last ones of its own id, and a hash of an id that has fewer.
fn account_part(account_id: &str) -> Cow<'_, str> {
    let own = account_id.strip_prefix("acct_").unwrap_or(account_id);
    match own.len().checked_sub(ACCOUNT_PART).and_then(|start| own.get(start..)) {
        Some(part) => Cow::Borrowed(part),
        None => Cow::Owned(base62(first_half(keyed_hash(&[0; 32], "account part", own.as_bytes())), ACCOUNT_PART)),
    }
}

/// The Unix second in which an object got its id of [`RequestIds::timed_with`]'s form; `None` for an id of another form.
pub(super) fn second_of(id: &str) -> Option<i64> {
    let (_, own) = id.split_once('_')?;
    let time = own.get(1..6).filter(|_| own.len() == 24)?;
    i64::try_from(from_base62(time)?).ok().map(|second| second + ID_EPOCH)
}

/// Five characters of time. They start again after 29 years, and a moment before the first one counts as the first.
fn time_part(created: i64) -> String {
    base62(u128::from(created.saturating_sub(ID_EPOCH).max(0).unsigned_abs()), TIME_PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_published_ids_is_their_creation() {
        for (id, created) in [
            ("tok_1N3T00LkdIwHu7ixt44h1F8k", 1_683_071_568),
            ("tok_1DxdfU", 1_548_695_588),
            ("tok_1CHoPL", 1_523_950_759),
            ("tok_15mvga", 1_427_932_552),
            ("tok_16YDIe", 1_439_201_676),
        ] {
            assert_eq!(time_part(created), id[5..10], "{id}");
            assert_eq!(second_of(id), (id.len() == 28).then_some(created), "{id}");
        }
        assert_eq!(time_part(0), "00000");
    }

    #[test]
    fn ids_have_characters_of_the_account_that_they_are_made_in() {
        let created = Timestamp::from_second(1_683_071_568).unwrap();
        let ids = IdSource::new("acct_1032D82LkdIwHu7ix", Some([7; 32]));
        let of = |account: &str| ids.for_request(1).of_account(account).token(created);
        assert_eq!(of("acct_1032D82LkdIwHu7ix"), ids.for_request(1).token(created));
        assert_eq!(&of("acct_1032D82eZvKYlo2C")[10..20], "2eZvKYlo2C");
        let (first, second) = (of("acct_1"), of("acct_2"));
        assert_eq!((first.len(), second.len()), (28, 28));
        assert_ne!(first[10..20], second[10..20]);
    }

    #[test]
    fn ids_have_the_shape_of_the_api_page() {
        let created = Timestamp::from_second(1_683_071_568).unwrap();
        for seed in [None, Some([7; 32])] {
            let ids = IdSource::new("acct_1032D82LkdIwHu7ix", seed);
            let first = ids.for_request(1);
            let (token, card, request) = (first.token(created), first.card(created), first.request());
            assert!(token.starts_with("tok_1N3T00LkdIwHu7ix") && token.len() == 28, "{token}");
            assert!(card.starts_with("card_1N3T00LkdIwHu7ix") && card.len() == 29, "{card}");
            assert_ne!(token[20..], card[21..], "a token and its card differ in their own part");
            assert!(request.starts_with("req_") && request.len() == 18, "{request}");
            assert!(request[4..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "{request}");
            let key = first.idempotency_key();
            let parts: Vec<usize> = key.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12], "{key}");
            assert!(key[14..].starts_with('4') && key[19..].starts_with(['8', '9', 'a', 'b']), "{key}");
            let second = ids.for_request(2);
            assert_ne!(second.idempotency_key(), key);
            assert_ne!(second.token(created), token);
        }
    }
}
