//! The ports to the Errata Tool, and the client behind them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::Method;
use oar_transport::probe::Operation;
use oar_transport::{Call, HttpClient, HttpError, HttpErrorKind, Reply, Service, ServiceClient};

use crate::error::AdvisoryError;
use crate::kerberos::Kerberos;
use crate::state::StateMove;
use crate::types::{
    Build, Comment, CvpTest, Erratum, IssueAdvisory, PushJob, SecurityAlerts, StagePushGuard, User,
};
use crate::words::AdvisoryId;

/// Reads from the Errata Tool (spec 02 §3.3).
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ErrataRead: Send + Sync {
    /// The advisory: state, approvals, issues, blockers, owner numbers.
    async fn erratum(&self, id: AdvisoryId) -> Result<Erratum, AdvisoryError>;

    /// An account; remembered for the life of the client.
    async fn user(&self, id: u64) -> Result<User, AdvisoryError>;

    /// All push jobs of the advisory, live ones too.
    async fn push_jobs(&self, id: AdvisoryId) -> Result<Vec<PushJob>, AdvisoryError>;

    /// The builds that the advisory ships.
    async fn builds(&self, id: AdvisoryId) -> Result<Vec<Build>, AdvisoryError>;

    /// The security alerts as they were computed last; see [`crate::current_alerts`].
    async fn security_alerts(&self, id: AdvisoryId) -> Result<SecurityAlerts, AdvisoryError>;

    /// The active container verification tests of the advisory, all pages, in order.
    async fn cvp_tests(&self, id: AdvisoryId) -> Result<Vec<CvpTest>, AdvisoryError>;

    /// The advisories that carry the Jira issue `key`; none when the Errata Tool never heard of it.
    async fn issue_advisories(&self, key: &str) -> Result<Vec<IssueAdvisory>, AdvisoryError>;

    /// The newest comments on the advisory, newest first.
    async fn comments(&self, id: AdvisoryId) -> Result<Vec<Comment>, AdvisoryError>;

    /// The health grade that the container page shows; `None` when it shows none.
    async fn container_grade(&self, id: AdvisoryId) -> Result<Option<char>, AdvisoryError>;

    /// Whether the state guards demand a push of the current content to staging.
    async fn stage_push_guard(&self, id: AdvisoryId) -> Result<StagePushGuard, AdvisoryError>;
}

/// Writes to the Errata Tool. Each sends the one field that changes, never the whole advisory, and
/// is never repeated after a lost answer: the client looks whether it happened.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ErrataWrite: Send + Sync {
    /// Makes a legal move and reads the advisory back until it is where it was to be; fails with
    /// [`AdvisoryError::StateDiffers`] when it is somewhere else.
    async fn change_state(&self, step: &StateMove) -> Result<(), AdvisoryError>;

    /// Makes `email` the QE owner.
    async fn change_owner(&self, id: AdvisoryId, email: &str) -> Result<(), AdvisoryError>;

    /// Asks for the approval of the documentation.
    async fn request_docs(&self, id: AdvisoryId) -> Result<(), AdvisoryError>;

    /// Asks Product Security for its approval.
    async fn request_prodsec(&self, id: AdvisoryId) -> Result<(), AdvisoryError>;

    /// Attaches the Jira issue `key`.
    async fn add_issue(&self, id: AdvisoryId, key: &str) -> Result<(), AdvisoryError>;

    /// Detaches the Jira issue `key`.
    async fn remove_issue(&self, id: AdvisoryId, key: &str) -> Result<(), AdvisoryError>;

    /// Makes the Errata Tool read these issues from Jira again.
    async fn resync_issues(&self, keys: &[String]) -> Result<(), AdvisoryError>;

    /// Pushes to staging what is missing there, and answers the numbers of the new jobs.
    /// `newest_known` is the highest number of a job listed before (0 for none): a job above it is
    /// how a lost answer is looked up.
    async fn push_to_stage(
        &self,
        id: AdvisoryId,
        newest_known: u64,
    ) -> Result<Vec<u64>, AdvisoryError>;

    /// Has the security alerts computed anew. A refusal is tried three times (R32). A writer that only
    /// takes notes answers what [`ErrataRead::security_alerts`] says.
    async fn refresh_alerts(&self, id: AdvisoryId) -> Result<SecurityAlerts, AdvisoryError>;

    /// Comments on the advisory. `newest_known` is the highest number of a comment listed before
    /// (0 for none): a later one with this text is how a lost answer is looked up.
    async fn add_comment(
        &self,
        id: AdvisoryId,
        text: &str,
        newest_known: u64,
    ) -> Result<(), AdvisoryError>;
}

/// The Errata Tool over HTTP. Clones share what they remember.
#[derive(Clone)]
pub struct HttpErrata {
    pub(crate) errata: ServiceClient,
    kerberos: Kerberos,
    users: Arc<Mutex<BTreeMap<u64, User>>>,
}

impl HttpErrata {
    /// A client that sends through `http` and proves its identity with `kerberos`. No I/O.
    pub fn new(http: &HttpClient, kerberos: Kerberos) -> Self {
        Self { errata: http.service(Service::Errata), kerberos, users: Arc::default() }
    }

    pub(crate) fn call(&self, operation: Operation, method: Method, path: &str) -> Call {
        let call = self.errata.call(operation.name, method, path);
        self.kerberos.sign(&self.errata, call).idempotency(operation.idempotency)
    }

    pub(crate) fn error(&self, error: HttpError, what: &str) -> AdvisoryError {
        AdvisoryError::from_http(error, what, &self.kerberos.describe(&self.errata))
    }

    /// Makes a read and takes its answer apart with `decode`.
    pub(crate) async fn read<T>(
        &self,
        call: Call,
        what: impl FnOnce() -> String,
        decode: impl FnOnce(&Reply) -> Result<T, HttpError>,
    ) -> Result<T, AdvisoryError> {
        let answer = call.accept_type("application/json").send().await;
        answer.and_then(|reply| decode(&reply)).map_err(|error| self.error(error, &what()))
    }

    /// Makes a write that is done when the Errata Tool accepts it. When the answer is lost, `probe`
    /// looks whether it happened; it is not run otherwise.
    pub(crate) async fn write(
        &self,
        call: Call,
        what: &str,
        probe: impl Future<Output = Result<bool, AdvisoryError>> + Send,
    ) -> Result<Option<Reply>, AdvisoryError> {
        let error = match call.accept_type("application/json").send().await {
            // A login page in between answers 200 to everything and does nothing.
            Ok(reply) if is_page(&reply) => {
                reply.malformed("answer to a change", "content-type", "it is a web page")
            }
            Ok(reply) => return Ok(Some(reply)),
            Err(error) if is_lost(&error) => error,
            Err(error) => return Err(self.error(error, what)),
        };
        let (what, source) = (what.to_owned(), Box::new(error));
        match probe.await {
            Ok(true) => {
                tracing::info!(what, "the answer was lost, a look shows that it happened");
                Ok(None)
            }
            Ok(false) => Err(AdvisoryError::Lost { what, source }),
            Err(problem) => {
                tracing::warn!(what, problem = %problem.whole(), "a lost answer cannot be looked up");
                Err(AdvisoryError::Unknown { what, source })
            }
        }
    }

    pub(crate) fn known_user(&self, id: u64) -> Option<User> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(crate) fn remember_user(&self, id: u64, user: &User) {
        self.users.lock().unwrap_or_else(PoisonError::into_inner).insert(id, user.clone());
    }
}

/// Whether the answer is a page for people; the calls of this client ask for JSON.
fn is_page(reply: &Reply) -> bool {
    reply.header("content-type").is_some_and(|kind| kind.starts_with("text/html"))
}

/// Whether a write may have happened: no answer, or one that was too long to be read.
pub(crate) fn is_lost(error: &HttpError) -> bool {
    error.outcome_is_unknown() || matches!(error.kind(), HttpErrorKind::TooLarge { .. })
}

impl fmt::Debug for HttpErrata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpErrata")
    }
}
