//! A refresh against a real server on this machine that lets no call through.

use std::{
    future::poll_fn,
    task::Poll,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use testcard::{
    backend::BackendTargets,
    domain::{
        clock::Clock,
        history::entry::EntryId,
        key::ApiKey,
        settings::{
            profile::ProfileId,
            stripe::{BaseUrl, StripeSettings},
        },
    },
    jobs::{
        pace::CallPace,
        refresh::{AskedToken, refresh},
    },
    store::{CallSelection, Store, StoreLocation},
};
use tokio_util::sync::CancellationToken;

use crate::support::{
    http::{Server, reply},
    waiting::PATIENCE,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_waits_for_the_rate_limit_can_be_cancelled_at_once() {
    let server = Server::start(vec![reply(429, "{}").with("Retry-After", "3600")]).await;
    let settings = StripeSettings { base_url: BaseUrl::parse(&server.url()).unwrap(), ..StripeSettings::default() };
    let store = Store::open(&StoreLocation::Memory, Timestamp::UNIX_EPOCH).unwrap();
    let reader = store.reader().unwrap();
    let key = ApiKey::parse("sk_test_51PlantedKeyPlantedKey").unwrap();
    let backend = BackendTargets::new(store, None).stripe(ProfileId::FIRST, &settings, key).unwrap();
    let clock = Clock::fixed(Timestamp::UNIX_EPOCH);
    let tokens: Vec<AskedToken> =
        ["tok_1", "tok_2"].map(|token| AskedToken { entry: EntryId(1), token: token.to_owned() }).into();
    let (cancelled, pace) = (CancellationToken::new(), CallPace::usual());
    let mut told = 0;
    let mut count = |_, _: &AskedToken, _: &_| told += 1;
    // Polled by the same task, each time behind the refresh: once its answer is written down, its pause has begun.
    let cancel = poll_fn(|_| {
        if reader.request_rows(&CallSelection::default(), None, 1).unwrap().is_empty() {
            return Poll::Pending;
        }
        cancelled.cancel();
        Poll::Ready(Instant::now())
    });
    let both = futures_util::future::join(refresh(&backend, &clock, &tokens, &pace, &mut count, &cancelled), cancel);
    let (progress, stopped) = tokio::time::timeout(PATIENCE, both).await.expect("the answer comes, and the end");
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
    let progress = progress.unwrap();
    assert_eq!((progress.done, progress.total, told), (0, 2, 0));
    assert_eq!(server.received().len(), 1, "the other token was not asked for");
}
