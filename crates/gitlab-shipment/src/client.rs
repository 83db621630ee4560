//! The client: where GitLab is, who we are, and what follows from a lost answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use oar_release::MergeRequest;
use oar_transport::pause::sleep;
use oar_transport::probe::Operation;
use oar_transport::{
    Call, HttpClient, HttpError, HttpErrorKind, Policy, SecretSource, Service, ServiceClient,
};
use tokio::sync::OnceCell;

use crate::error::GitLabError;
use crate::types::User;

/// What proxies in front of GitLab answer in passing trouble (spec 03 §2.1).
const PASSING: [u16; 11] = [520, 521, 522, 523, 524, 525, 526, 527, 528, 529, 530];
/// A 409 with these words is a lock that another request holds for a moment (spec 03 §2.1).
const LOCK: &str = "Resource lock";
/// Waits before each look for the effect of a lost answer, seconds: it may show up late.
const LOOKS: [u64; 3] = [0, 2, 5];

/// GitLab's REST interface with one token. Clones share what was looked up.
#[derive(Clone)]
pub struct HttpGitLab {
    gitlab: ServiceClient,
    token: SecretSource,
    advisory_hosts: Arc<[String]>,
    pub(crate) me: Arc<OnceCell<User>>,
}

impl HttpGitLab {
    /// A client that sends through `http` and proves its identity with `token`. `advisory_hosts`
    /// are the hosts besides GitLab's own that advisory files may be on (spec 03 §3.4).
    pub fn new(
        http: &HttpClient,
        token: SecretSource,
        advisory_hosts: impl IntoIterator<Item = String>,
    ) -> Self {
        let policy = Policy {
            also_transient: &PASSING,
            lock_words: Some(LOCK),
            ..Policy::of(Service::Gitlab)
        };
        let hosts = advisory_hosts.into_iter().map(|host| host.to_ascii_lowercase());
        Self {
            gitlab: http.service(Service::Gitlab).with_policy(policy),
            token,
            advisory_hosts: hosts.collect(),
            me: Arc::default(),
        }
    }

    pub(crate) fn advisory_hosts(&self) -> &[String] {
        &self.advisory_hosts
    }

    pub(crate) fn service(&self) -> &ServiceClient {
        &self.gitlab
    }

    /// A call with the token.
    pub(crate) fn call(&self, operation: Operation, method: Method, path: String) -> Call {
        self.gitlab
            .call(operation.name, method, path)
            .private_token(self.token.clone())
            .idempotency(operation.idempotency)
    }

    /// Refuses addresses on other servers: they would not get the token, and their answers do not
    /// count (spec 03 §2.3).
    pub(crate) fn require_home(&self, url: &str) -> Result<(), GitLabError> {
        let endpoints = self.gitlab.http().endpoints().clone();
        let resolved = endpoints.resolve(Service::Gitlab, "", url);
        if resolved.is_ok_and(|url| endpoints.is_home(Service::Gitlab, "", &url)) {
            return Ok(());
        }
        let home = self.gitlab.base().map(|base| base.to_string());
        let home = home.unwrap_or_else(|error| error.to_string());
        Err(GitLabError::ForeignHost { url: url.to_owned(), home })
    }

    /// Refuses merge requests of other servers and impossible numbers, before anything is sent.
    pub(crate) fn check(&self, mr: &MergeRequest) -> Result<(), GitLabError> {
        if mr.iid() == 0 {
            return Err(GitLabError::BadMergeRequest { text: mr.to_string() });
        }
        self.require_home(&mr.to_string())
    }

    /// What became of a write: its answer, or the effect that `look` finds when the answer was lost
    /// or cannot be read (promise P4). An effect that is not there, even after some seconds, did not
    /// happen.
    pub(crate) async fn settle<T, F>(
        &self,
        what: &str,
        sent: Result<T, HttpError>,
        look: impl Fn() -> F + Send,
    ) -> Result<T, GitLabError>
    where
        F: Future<Output = Result<Option<T>, GitLabError>> + Send,
        T: Send,
    {
        let lost = match sent {
            Ok(answer) => return Ok(answer),
            Err(error) if is_in_doubt(&error) => error,
            Err(error) => return Err(GitLabError::of(what, error)),
        };
        let (what, source) = (what.to_owned(), Box::new(lost));
        for seconds in LOOKS {
            sleep(Duration::from_secs(seconds)).await;
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(_) => return Err(GitLabError::Unknown { what, source }),
            }
        }
        Err(GitLabError::Unavailable { what, source })
    }
}

/// Whether a write may have happened although no readable answer says so.
fn is_in_doubt(error: &HttpError) -> bool {
    matches!(
        error.kind(),
        HttpErrorKind::Unknown | HttpErrorKind::Malformed { .. } | HttpErrorKind::TooLarge { .. }
    )
}

impl fmt::Debug for HttpGitLab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpGitLab")
    }
}
