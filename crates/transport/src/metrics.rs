//! Counters per service and operation.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::endpoint::Service;

/// What one operation did so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationCount {
    /// The service.
    pub service: Service,
    /// The operation's name, without the service.
    pub operation: &'static str,
    /// Requests that left, retries and redirects included.
    pub requests: u64,
    /// Attempts after the first one of a call.
    pub retries: u64,
    /// Calls that ended with an error.
    pub errors: u64,
    /// Time spent in attempts, waits between them not included.
    pub latency: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    retries: AtomicU64,
    errors: AtomicU64,
    latency_micros: AtomicU64,
}

impl Counters {
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn latency(&self, spent: Duration) {
        let micros = u64::try_from(spent.as_micros()).unwrap_or(u64::MAX);
        self.latency_micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// The counters of one client.
#[derive(Debug, Default)]
pub(crate) struct Metrics(RwLock<BTreeMap<(Service, &'static str), Arc<Counters>>>);

impl Metrics {
    pub(crate) fn of(&self, service: Service, operation: &'static str) -> Arc<Counters> {
        let key = (service, operation);
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(map.entry(key).or_default())
        })
    }

    pub(crate) fn snapshot(&self) -> Vec<OperationCount> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        map.iter()
            .map(|(&(service, operation), counters)| OperationCount {
                service,
                operation,
                requests: counters.requests.load(Ordering::Relaxed),
                retries: counters.retries.load(Ordering::Relaxed),
                errors: counters.errors.load(Ordering::Relaxed),
                latency: Duration::from_micros(counters.latency_micros.load(Ordering::Relaxed)),
            })
            .collect()
    }
}
