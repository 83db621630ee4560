//! The one HTTP client: policy, credentials, redirects, retries, limits, masking, counting.

mod body;
mod call;
mod credential;
mod engine;
mod judge;
mod lane;
mod reply;
mod wait_hint;

use std::fmt;
use std::sync::Arc;

use http::Method;
use oar_release::{Clock, Entropy, Masker};

use crate::endpoint::{EndpointError, Endpoints, Policy, Service};
use crate::metrics::{Metrics, OperationCount};
use crate::port::HttpSend;
use lane::Lane;

pub use call::{Call, Redirects};
pub use judge::Idempotency;
pub use reply::{Reply, StreamingReply};

/// The way out to every service. Cheap to clone; built without I/O.
///
/// All clones share places in flight, the waits that services asked for, and the counters, so one
/// process has one.
#[derive(Clone)]
pub struct HttpClient(Arc<Shared>);

pub(crate) struct Shared {
    send: Arc<dyn HttpSend>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    endpoints: Endpoints,
    masker: Arc<Masker>,
    lanes: Vec<Lane>,
    metrics: Metrics,
}

impl HttpClient {
    /// A client that sends through `send` and hides what `masker` knows.
    pub fn new(
        send: Arc<dyn HttpSend>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        endpoints: Endpoints,
        masker: Masker,
    ) -> Self {
        let lanes = Service::ALL.iter().map(|service| Lane::new(&Policy::of(*service))).collect();
        let masker = Arc::new(masker);
        let metrics = Metrics::default();
        Self(Arc::new(Shared { send, clock, entropy, endpoints, masker, lanes, metrics }))
    }

    /// The way to `service` under its policy.
    pub fn service(&self, service: Service) -> ServiceClient {
        self.service_for(service, "amd64")
    }

    /// The way to `service` where its address has a placeholder: the architecture of a release
    /// controller, the y-stream of build data.
    pub fn service_for(&self, service: Service, variable: &str) -> ServiceClient {
        let shared = Arc::clone(&self.0);
        ServiceClient { shared, service, variable: variable.into(), policy: Policy::of(service) }
    }

    /// The addresses in use.
    pub fn endpoints(&self) -> &Endpoints {
        &self.0.endpoints
    }

    /// The clock in use.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// The randomness in use.
    pub fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.0.entropy)
    }

    /// The masker in use.
    pub fn masker(&self) -> &Masker {
        &self.0.masker
    }

    /// The counters of every operation called so far, sorted by service and operation.
    pub fn metrics(&self) -> Vec<OperationCount> {
        self.0.metrics.snapshot()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("send", &self.0.send).finish_non_exhaustive()
    }
}

impl Shared {
    fn lane(&self, service: Service) -> &Lane {
        &self.lanes[service as usize]
    }
}

/// The way to one service.
#[derive(Clone)]
pub struct ServiceClient {
    shared: Arc<Shared>,
    service: Service,
    variable: Arc<str>,
    policy: Policy,
}

impl ServiceClient {
    /// The same with other limits. Places in flight stay those of the service's own policy, because
    /// all callers share them.
    #[must_use]
    pub fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The limits in use.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The service.
    pub fn service(&self) -> Service {
        self.service
    }

    /// The base address in use.
    pub fn base(&self) -> Result<url::Url, EndpointError> {
        self.shared.endpoints.base(self.service, &self.variable)
    }

    /// The client this is part of.
    pub fn http(&self) -> HttpClient {
        HttpClient(Arc::clone(&self.shared))
    }

    /// Begins a call. `operation` names it in spans, counters and errors (`read_file`); `path` is
    /// relative to the service's address, its segments encoded with [`crate::encode_segment`], or
    /// an absolute URL that a service returned.
    pub fn call(&self, operation: &'static str, method: Method, path: impl Into<String>) -> Call {
        Call::new(self, operation, method, path.into())
    }
}

impl fmt::Debug for ServiceClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceClient").field("service", &self.service).finish_non_exhaustive()
    }
}
