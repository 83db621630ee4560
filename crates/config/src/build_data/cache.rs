//! Parsed build data, kept for the agents that ask often (spec 06 §5.6).

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use oar_release::{Clock, ReleaseVersion};
use serde::Serialize;
use tokio::sync::Mutex;

use super::{BuildDataError, BuildDataSource, Fetched, ReleaseData};

/// Bytes that are parsed in a fraction of a millisecond.
const SHORT: usize = 64 * 1024;
/// Entries kept.
const CAPACITY: usize = 50;
/// After this an entry is compared with its source.
const REVALIDATE: SignedDuration = SignedDuration::from_mins(10);
/// Older data is not handed out, not even while the source cannot be asked.
const BOUND: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A failure is remembered this long.
const FAILURE: SignedDuration = SignedDuration::from_secs(30);

/// Data from the cache.
#[derive(Debug, Clone)]
pub struct Cached {
    /// The data.
    pub data: Arc<ReleaseData>,
    /// True when the source could not be asked and this is what it said before.
    pub stale: bool,
    /// Time since the source last confirmed the data.
    pub age: SignedDuration,
}

/// Counters and entries, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CacheStats {
    /// Calls answered without asking the source for the whole file.
    pub hits: u64,
    /// Calls that had to load.
    pub misses: u64,
    /// Entries dropped because the cache was full.
    pub evictions: u64,
    /// Entries dropped because they were too old.
    pub expirations: u64,
    /// Entries dropped by hand.
    pub manual_invalidations: u64,
    /// Share of hits, two decimals, with a percent sign.
    pub hit_rate: String,
    /// Hits and misses.
    pub total_requests: u64,
    /// Most entries kept.
    pub max_size: usize,
    /// Upper bound of an entry's age, seconds.
    pub ttl_seconds: i64,
    /// What is kept, sorted by release.
    pub entries: Vec<CachedEntry>,
}

/// One entry of the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CachedEntry {
    /// The release.
    pub release: ReleaseVersion,
    /// Seconds since the source last confirmed it.
    pub age_seconds: i64,
    /// Seconds until it may not be handed out any more.
    pub expires_in_seconds: i64,
    /// Whether the last attempt to confirm it failed.
    pub stale: bool,
}

/// What warming brought.
#[derive(Debug)]
pub struct Warmed {
    /// Releases that are in the cache now.
    pub warmed: Vec<ReleaseVersion>,
    /// Releases that could not be loaded, and why.
    pub failed: Vec<(ReleaseVersion, Arc<BuildDataError>)>,
}

/// A cache of [`ReleaseData`] with revalidation. One load per release at a time, and never a lock
/// held over another release's load. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct BuildDataCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Arc<dyn BuildDataSource>,
    clock: Arc<dyn Clock>,
    table: StdMutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    slots: HashMap<ReleaseVersion, Slot>,
    /// Grows with every use; the slot with the lowest is the least recently used.
    uses: u64,
    hits: u64,
    misses: u64,
    evictions: u64,
    expirations: u64,
    manual_invalidations: u64,
}

#[derive(Debug, Default, Clone)]
struct Slot {
    used: u64,
    entry: Option<Entry>,
    failure: Option<Failure>,
    /// Held by the one task that talks to the source about this release.
    flight: Arc<Mutex<()>>,
}

#[derive(Debug, Clone)]
struct Entry {
    data: Arc<ReleaseData>,
    etag: Option<String>,
    confirmed: Timestamp,
}

#[derive(Debug, Clone)]
struct Failure {
    error: Arc<BuildDataError>,
    at: Timestamp,
}

impl BuildDataCache {
    /// An empty cache over `source`.
    pub fn new(source: Arc<dyn BuildDataSource>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner { source, clock, table: StdMutex::default() }))
    }

    /// The data of `release`, loaded or revalidated when needed. Errors are shared by all who ask
    /// within 30 seconds.
    pub async fn get(&self, release: &ReleaseVersion) -> Result<Cached, Arc<BuildDataError>> {
        if let Some(answer) = self.answer(release) {
            return answer;
        }
        let flight = self.table().slot(release).flight.clone();
        let _one_at_a_time = flight.lock().await;
        // Whoever held the lock may have brought what we need.
        match self.answer(release) {
            Some(answer) => answer,
            None => self.load(release).await,
        }
    }

    /// Loads several releases, eight at once.
    pub async fn warm(&self, releases: impl IntoIterator<Item = ReleaseVersion>) -> Warmed {
        let permits = Arc::new(tokio::sync::Semaphore::new(8));
        let mut loads = tokio::task::JoinSet::new();
        for release in releases {
            let (cache, permits) = (self.clone(), Arc::clone(&permits));
            loads.spawn(async move {
                let _permit = permits.acquire_owned().await;
                let result = cache.get(&release).await;
                (release, result)
            });
        }
        let mut warmed = Warmed { warmed: Vec::new(), failed: Vec::new() };
        while let Some(joined) = loads.join_next().await {
            match joined {
                Ok((release, Ok(_))) => warmed.warmed.push(release),
                Ok((release, Err(error))) => warmed.failed.push((release, error)),
                Err(error) => tracing::warn!(%error, "a load of build data was lost"),
            }
        }
        warmed.warmed.sort_unstable();
        warmed.failed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        warmed
    }

    /// Forgets `release`, or everything; answers how many entries there were.
    pub fn invalidate(&self, release: Option<&ReleaseVersion>) -> usize {
        let mut table = self.table();
        let removed: Vec<Slot> = match release {
            Some(release) => table.slots.remove(release).into_iter().collect(),
            None => table.slots.drain().map(|(_, slot)| slot).collect(),
        };
        let removed = removed.into_iter().filter(|slot| slot.entry.is_some()).count();
        table.manual_invalidations += removed as u64;
        if let (0, Some(release)) = (removed, release) {
            tracing::warn!(%release, "no build data of this release was cached");
        }
        removed
    }

    /// Counters and entries.
    pub fn stats(&self) -> CacheStats {
        let now = self.0.clock.now();
        let table = self.table();
        let mut entries: Vec<CachedEntry> = table
            .slots
            .iter()
            .filter_map(|(release, slot)| {
                let age = now.duration_since(slot.entry.as_ref()?.confirmed);
                Some(CachedEntry {
                    release: release.clone(),
                    age_seconds: age.as_secs(),
                    expires_in_seconds: (BOUND - age).as_secs().max(0),
                    stale: slot.failure.is_some(),
                })
            })
            .collect();
        entries.sort_unstable_by(|a, b| a.release.cmp(&b.release));
        let total = table.hits + table.misses;
        // In hundredths of a percent, rounded half up.
        let rate = (table.hits * 20_000 + total).checked_div(2 * total).unwrap_or_default();
        CacheStats {
            hits: table.hits,
            misses: table.misses,
            evictions: table.evictions,
            expirations: table.expirations,
            manual_invalidations: table.manual_invalidations,
            hit_rate: format!("{}.{:02}%", rate / 100, rate % 100),
            total_requests: total,
            max_size: CAPACITY,
            ttl_seconds: BOUND.as_secs(),
            entries,
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What can be said without the source; counts a hit.
    fn answer(&self, release: &ReleaseVersion) -> Option<Result<Cached, Arc<BuildDataError>>> {
        let now = self.0.clock.now();
        let mut table = self.table();
        table.expire(now);
        let slot = table.slots.get_mut(release)?;
        let recent = slot.failure.as_ref().filter(|f| now.duration_since(f.at) < FAILURE).cloned();
        let answer = match (&slot.entry, recent) {
            (Some(entry), recent) => {
                let age = now.duration_since(entry.confirmed);
                let fresh = age < REVALIDATE || recent.is_some();
                let cached = Cached { data: Arc::clone(&entry.data), stale: recent.is_some(), age };
                fresh.then_some(Ok(cached))?
            }
            (None, Some(failure)) => Err(failure.error),
            (None, None) => return None,
        };
        if answer.is_ok() {
            table.hits += 1;
            table.touch(release);
        }
        Some(answer)
    }

    /// Asks the source; the caller holds the release's flight.
    async fn load(&self, release: &ReleaseVersion) -> Result<Cached, Arc<BuildDataError>> {
        let known = self.table().slot(release).entry.clone();
        let etag = known.as_ref().and_then(|entry| entry.etag.clone());
        let loaded = match self.0.source.fetch(release.y_stream(), etag.as_deref()).await {
            Ok(Fetched::NotModified) => Ok(known.clone()),
            Ok(Fetched::Text { text, etag }) => self.parse(release, text, etag).await.map(Some),
            Err(error) => Err(error),
        };
        let now = self.0.clock.now();
        let mut table = self.table();
        match loaded {
            Ok(Some(entry)) => {
                let unchanged = known.is_some_and(|known| Arc::ptr_eq(&known.data, &entry.data));
                *(if unchanged { &mut table.hits } else { &mut table.misses }) += 1;
                let data = Arc::clone(&entry.data);
                let slot = table.slot(release);
                slot.entry = Some(Entry { confirmed: now, ..entry });
                slot.failure = None;
                table.touch(release);
                table.evict();
                Ok(Cached { data, stale: false, age: SignedDuration::ZERO })
            }
            // A source that says "not modified" without being asked with a tag.
            Ok(None) => {
                table.misses += 1;
                let stream = release.y_stream();
                table.failed(release, now, BuildDataError::NotText { stream })
            }
            Err(error) => {
                let Some(entry) = known.filter(|_| error.is_outage()) else {
                    table.misses += 1;
                    table.slot(release).entry = None;
                    return table.failed(release, now, error);
                };
                tracing::warn!(%release, %error, "using the build data known before");
                let age = now.duration_since(entry.confirmed);
                let slot = table.slot(release);
                slot.failure = Some(Failure { error: Arc::new(error), at: now });
                table.hits += 1;
                table.touch(release);
                Ok(Cached { data: entry.data, stale: true, age })
            }
        }
    }

    /// Parses production's megabytes on a thread of its own: 20 ms would hold up every other task of
    /// this one. A short text is parsed at once: quicker than a thread, and always in the same order.
    async fn parse(
        &self,
        release: &ReleaseVersion,
        text: String,
        etag: Option<String>,
    ) -> Result<Entry, BuildDataError> {
        let data = if text.len() <= SHORT {
            ReleaseData::parse(release, &text)?
        } else {
            let wanted = release.clone();
            let parse = move || ReleaseData::parse(&wanted, &text);
            let parsed = tokio::task::spawn_blocking(parse).await;
            let cancelled = |_| BuildDataError::Cancelled { release: release.clone() };
            parsed.map_err(cancelled)??
        };
        Ok(Entry { data: Arc::new(data), etag, confirmed: self.0.clock.now() })
    }
}

impl Table {
    fn slot(&mut self, release: &ReleaseVersion) -> &mut Slot {
        self.slots.entry(release.clone()).or_default()
    }

    fn touch(&mut self, release: &ReleaseVersion) {
        self.uses += 1;
        let uses = self.uses;
        self.slot(release).used = uses;
    }

    fn failed(
        &mut self,
        release: &ReleaseVersion,
        at: Timestamp,
        error: BuildDataError,
    ) -> Result<Cached, Arc<BuildDataError>> {
        let error = Arc::new(error);
        self.slot(release).failure = Some(Failure { error: Arc::clone(&error), at });
        self.evict();
        Err(error)
    }

    /// Drops entries beyond the bound.
    fn expire(&mut self, now: Timestamp) {
        for slot in self.slots.values_mut() {
            let old = |entry: &Entry| now.duration_since(entry.confirmed) >= BOUND;
            if slot.entry.as_ref().is_some_and(old) {
                slot.entry = None;
                self.expirations += 1;
            }
        }
    }

    /// Drops the least recently used slots beyond the capacity; remembered failures go first.
    fn evict(&mut self) {
        while self.slots.len() > CAPACITY {
            let oldest = self
                .slots
                .iter()
                .min_by_key(|(_, slot)| (slot.entry.is_some(), slot.used))
                .map(|(release, _)| release.clone());
            let Some(slot) = oldest.and_then(|release| self.slots.remove(&release)) else { return };
            self.evictions += u64::from(slot.entry.is_some());
        }
    }
}
