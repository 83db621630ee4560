//! The client: who we are, whether the fields are right, and what follows from a lost answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use oar_transport::pause::sleep;
use oar_transport::probe::Operation;
use oar_transport::{
    Call, HttpClient, HttpError, HttpErrorKind, Reply, SecretSource, Service, ServiceClient,
};
use tokio::sync::OnceCell;

use crate::error::JiraError;
use crate::fields::{FieldIds, FieldInfo};
use crate::operations::{FIELDS, MYSELF};
use crate::request::api;
use crate::types::Account;

/// Waits before each look for the effect of a lost answer, seconds: it may show up late.
const LOOKS: [u64; 3] = [0, 2, 5];

/// Jira Cloud with one account. Clones share what was proved.
#[derive(Clone)]
pub struct HttpJira {
    jira: ServiceClient,
    username: SecretSource,
    token: SecretSource,
    fields: Arc<FieldIds>,
    me: Arc<OnceCell<Account>>,
    proved: Arc<OnceCell<()>>,
}

impl HttpJira {
    /// A client that sends through `http` and proves its identity with the pair.
    pub fn new(
        http: &HttpClient,
        username: SecretSource,
        token: SecretSource,
        fields: FieldIds,
    ) -> Self {
        Self {
            jira: http.service(Service::Jira),
            username,
            token,
            fields: Arc::new(fields),
            me: Arc::default(),
            proved: Arc::default(),
        }
    }

    pub(crate) fn fields(&self) -> &FieldIds {
        &self.fields
    }

    /// A call with the credential.
    pub(crate) fn call(&self, operation: Operation, method: Method, path: String) -> Call {
        self.jira
            .call(operation.name, method, path)
            .basic(self.username.clone(), self.token.clone())
            .accept_type("application/json")
            .idempotency(operation.idempotency)
    }

    /// The account, asked for once.
    pub(crate) async fn account(&self) -> Result<Account, JiraError> {
        let ask = || async {
            let call = self.call(MYSELF, Method::GET, api("myself"));
            let what = "read who the account is";
            let reply = call.send().await.map_err(|error| JiraError::of(what, error))?;
            not_anonymous(&reply)?;
            reply.json().map_err(|error| JiraError::of(what, error))
        };
        self.me.get_or_try_init(ask).await.cloned()
    }

    /// Proves account and fields, once: a wrong credential would show an empty world, a wrong id a
    /// wrong one.
    pub(crate) async fn prove(&self) -> Result<(), JiraError> {
        let ask = || async {
            self.account().await?;
            let call = self.call(FIELDS, Method::GET, api("field"));
            let read = call.send().await.and_then(|reply| reply.json::<Vec<FieldInfo>>());
            let known = read.map_err(|error| JiraError::of("list the fields", error))?;
            self.fields.verify(&known)
        };
        self.proved.get_or_try_init(ask).await.copied()
    }

    /// What became of a write: its answer, or the effect that `look` finds when the answer was lost
    /// or cannot be read (promise P4). `Ok(None)` from the last look means that it did not happen;
    /// an error of `look` leaves it unknown.
    pub(crate) async fn settle<T, F>(
        &self,
        what: String,
        sent: Result<T, HttpError>,
        look: impl Fn() -> F + Send,
    ) -> Result<T, JiraError>
    where
        F: Future<Output = Result<Option<T>, JiraError>> + Send,
        T: Send,
    {
        let lost = match sent {
            Ok(answer) => return Ok(answer),
            Err(error) if is_in_doubt(&error) => error,
            Err(error) => return Err(JiraError::of(what, error)),
        };
        let source = Box::new(lost);
        for seconds in LOOKS {
            sleep(Duration::from_secs(seconds)).await;
            match look().await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(_) => return Err(JiraError::Unknown { what, source }),
            }
        }
        Err(JiraError::Unavailable { what, source })
    }
}

/// Whether a write may have happened although no readable answer says so.
pub(crate) fn is_in_doubt(error: &HttpError) -> bool {
    matches!(
        error.kind(),
        HttpErrorKind::Unknown | HttpErrorKind::Malformed { .. } | HttpErrorKind::TooLarge { .. }
    )
}

/// Jira may take a wrong credential for none, and answer what everybody may see (spec 02 §4.1).
pub(crate) fn not_anonymous(reply: &Reply) -> Result<(), JiraError> {
    let reason = reply.header("x-seraph-loginreason").unwrap_or_default();
    if reason.contains("AUTHENTICATED_FAILED") || reason.contains("AUTHENTICATION_DENIED") {
        return Err(JiraError::Token { source: None });
    }
    Ok(())
}

/// A write that answers nothing: anything but 204 comes from somebody else than Jira.
pub(crate) fn nothing(reply: &Reply) -> Result<(), HttpError> {
    if reply.status == StatusCode::NO_CONTENT {
        return Ok(());
    }
    Err(reply.malformed("empty answer", ".", "204 was expected"))
}

impl fmt::Debug for HttpJira {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpJira")
    }
}
