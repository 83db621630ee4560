use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use oar_release::YStream;
use oar_release::clock::ManualClock;

use super::super::{BuildDataCache, BuildDataError, BuildDataSource, Fetched};
use super::{file, release};

/// Answers in turn; the last answer repeats.
#[derive(Debug)]
struct Answers {
    script: Mutex<VecDeque<Answer>>,
    asked: AtomicUsize,
    tags: Mutex<Vec<Option<String>>>,
}

#[derive(Debug, Clone)]
enum Answer {
    Text(String),
    NotModified,
    Outage,
}

#[async_trait]
impl BuildDataSource for Answers {
    async fn fetch(&self, stream: YStream, etag: Option<&str>) -> Result<Fetched, BuildDataError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.tags.lock().unwrap().push(etag.map(ToOwned::to_owned));
        // Slow enough that whoever asks at the same time overlaps.
        oar_transport::pause::sleep(Duration::from_secs(1)).await;
        let answer = {
            let mut answers = self.script.lock().unwrap();
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers[0].clone() }
        };
        match answer {
            Answer::Text(text) => Ok(Fetched::Text { text, etag: Some("\"v1\"".to_owned()) }),
            Answer::NotModified => Ok(Fetched::NotModified),
            Answer::Outage => Err(BuildDataError::NotText { stream }),
        }
    }
}

struct Bench {
    cache: BuildDataCache,
    source: Arc<Answers>,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let source = Arc::new(Answers {
            script: Mutex::new(answers.into_iter().collect()),
            asked: AtomicUsize::new(0),
            tags: Mutex::default(),
        });
        let clock = Arc::new(ManualClock::new("2026-03-11T08:00:00Z".parse().unwrap()));
        let cache = BuildDataCache::new(source.clone(), clock.clone());
        Self { cache, source, clock }
    }

    fn asked(&self) -> usize {
        self.source.asked.load(Ordering::Relaxed)
    }

    fn later(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    async fn rpm(&self) -> Result<(u64, bool), Arc<BuildDataError>> {
        let cached = self.cache.get(&release("4.99.3")).await?;
        Ok((cached.data.advisory("rpm").unwrap(), cached.stale))
    }
}

fn rpm(id: u64) -> Answer {
    Answer::Text(file(&format!("{{advisories: {{rpm: {id}}}}}")))
}

#[tokio::test(start_paused = true)]
async fn asks_once_for_many_at_the_same_time() {
    let bench = Bench::new([rpm(1)]);
    let name = release("4.99.3");
    let (a, b, c) =
        tokio::join!(bench.cache.get(&name), bench.cache.get(&name), bench.cache.get(&name));
    assert_eq!(bench.asked(), 1);
    let (a, b, c) = (a.unwrap(), b.unwrap(), c.unwrap());
    assert!(Arc::ptr_eq(&a.data, &b.data) && Arc::ptr_eq(&b.data, &c.data));
    let stats = bench.cache.stats();
    assert_eq!((stats.hits, stats.misses, &*stats.hit_rate), (2, 1, "66.67%"));
}

#[tokio::test(start_paused = true)]
async fn another_release_does_not_wait() {
    let bench = Bench::new([Answer::Text(
        "releases: {4.99.3: {assembly: {}}, 4.99.4: {assembly: {}}}".to_owned(),
    )]);
    let (three, four) = (release("4.99.3"), release("4.99.4"));
    let start = tokio::time::Instant::now();
    let (a, b) = tokio::join!(bench.cache.get(&three), bench.cache.get(&four));
    assert!(a.is_ok() && b.is_ok());
    assert_eq!(start.elapsed().as_secs(), 1, "both answers took the same second");
}

#[tokio::test(start_paused = true)]
async fn revalidates_with_the_tag_after_ten_minutes() {
    let bench = Bench::new([rpm(1), Answer::NotModified, rpm(2)]);
    assert_eq!(bench.rpm().await.unwrap(), (1, false));
    bench.later(9);
    assert_eq!(bench.rpm().await.unwrap(), (1, false));
    assert_eq!(bench.asked(), 1);
    bench.later(1);
    assert_eq!(bench.rpm().await.unwrap(), (1, false));
    assert_eq!(bench.asked(), 2);
    assert_eq!(*bench.source.tags.lock().unwrap(), [None, Some("\"v1\"".to_owned())]);
    bench.later(9);
    assert_eq!(bench.rpm().await.unwrap(), (1, false), "confirmed nine minutes ago");
    bench.later(1);
    assert_eq!(bench.rpm().await.unwrap(), (2, false), "ART corrected the data");
}

#[tokio::test(start_paused = true)]
async fn an_outage_serves_what_is_known_for_seven_days_at_most() {
    let bench = Bench::new([rpm(1), Answer::Outage]);
    bench.rpm().await.unwrap();
    bench.later(10);
    assert_eq!(bench.rpm().await.unwrap(), (1, true));
    assert_eq!(bench.rpm().await.unwrap(), (1, true));
    assert_eq!(bench.asked(), 2, "a failure is remembered for 30 seconds");
    assert!(bench.cache.stats().entries[0].stale);
    bench.later(7 * 24 * 60 - 11);
    assert_eq!(bench.rpm().await.unwrap(), (1, true));
    bench.later(1);
    assert!(bench.rpm().await.is_err(), "too old to be handed out");
    assert_eq!(bench.cache.stats().expirations, 1);
}

#[tokio::test(start_paused = true)]
async fn failures_are_remembered_for_thirty_seconds() {
    let bench = Bench::new([Answer::Outage, rpm(1)]);
    let first = bench.rpm().await.unwrap_err();
    let second = bench.rpm().await.unwrap_err();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(bench.asked(), 1);
    bench.clock.advance(SignedDuration::from_secs(30));
    assert_eq!(bench.rpm().await.unwrap(), (1, false));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_vanishes_is_not_served_from_memory() {
    let bench = Bench::new([rpm(1), Answer::Text("releases: {4.99.4: {}}".to_owned())]);
    bench.rpm().await.unwrap();
    bench.later(10);
    let error = bench.rpm().await.unwrap_err();
    assert!(matches!(&*error, BuildDataError::NotReady { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_least_recently_used_goes_first() {
    let all: Vec<String> = (0..52).map(|n| format!("4.99.{n}: {{assembly: {{}}}}")).collect();
    let bench = Bench::new([Answer::Text(format!("releases: {{{}}}", all.join(", ")))]);
    for n in 0..50 {
        bench.cache.get(&release(&format!("4.99.{n}"))).await.unwrap();
    }
    bench.cache.get(&release("4.99.0")).await.unwrap();
    bench.cache.get(&release("4.99.50")).await.unwrap();
    let stats = bench.cache.stats();
    assert_eq!((stats.entries.len(), stats.evictions), (50, 1));
    let kept = |name: &str| stats.entries.iter().any(|entry| entry.release == release(name));
    assert!(kept("4.99.0") && kept("4.99.50") && !kept("4.99.1"));
}

#[tokio::test(start_paused = true)]
async fn warming_and_forgetting_report_what_they_did() {
    let bench = Bench::new([Answer::Text("releases: {4.99.3: {assembly: {}}}".to_owned())]);
    let warmed = bench.cache.warm([release("4.99.3"), release("4.99.9")]).await;
    assert_eq!(warmed.warmed, [release("4.99.3")]);
    assert_eq!(warmed.failed.len(), 1);
    assert_eq!(warmed.failed[0].0, release("4.99.9"));
    assert_eq!(bench.cache.invalidate(Some(&release("4.99.7"))), 0);
    assert_eq!(bench.cache.invalidate(None), 1);
    assert_eq!(bench.cache.stats().manual_invalidations, 1);
    assert_eq!(bench.cache.stats().entries, []);
}

#[test]
fn an_unused_cache_has_no_hit_rate() {
    let stats = Bench::new([rpm(1)]).cache.stats();
    assert_eq!(stats.hit_rate, "0.00%");
    assert_eq!((stats.max_size, stats.ttl_seconds), (50, 604_800));
}
