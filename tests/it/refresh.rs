//! A refresh against a real server on this machine that lets no call through.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use testcard::{
    backend::Targets,
    domain::{
        clock::Clock,
        history::entry::EntryId,
        key::ApiKey,
        settings::{
            profile::ProfileId,
            stripe::{BaseUrl, StripeSettings},
        },
    },
    jobs::refresh::{AskedToken, refresh},
    store::{Store, StoreLocation},
};
use tokio_util::sync::CancellationToken;

use crate::support::http::{Server, reply};

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_waits_for_the_rate_limit_can_be_cancelled_at_once() {
    let server = Server::start(vec![reply(429, "{}").with("Retry-After", "3600")]).await;
    let settings = StripeSettings { base_url: BaseUrl::parse(&server.url()).unwrap(), ..StripeSettings::default() };
    let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
    let key = ApiKey::parse("sk_test_51PlantedKeyPlantedKey").unwrap();
    let backend = Targets::new(store, None).stripe(ProfileId::FIRST, &settings, key).unwrap();
    let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
    let tokens: Vec<AskedToken> =
        ["tok_1", "tok_2"].map(|token| AskedToken { entry: EntryId(1), token: token.to_owned() }).into();
    let cancelled = CancellationToken::new();
    let mut told = 0;
    let mut count = |_, _: &AskedToken, _: &_| told += 1;
    let begun = Instant::now();
    let cancel = async {
        while server.received().is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "nothing was asked");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // The answer is there, and the pause has begun.
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancelled.cancel();
        Instant::now()
    };
    let (progress, stopped) =
        futures_util::future::join(refresh(&backend, &clock, &tokens, &mut count, &cancelled), cancel).await;
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
    let progress = progress.unwrap();
    assert_eq!((progress.done, progress.total, told), (0, 2, 0));
    assert!(server.received().is_empty(), "the other token was not asked for");
}
