//! The writes.

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use oar_release::email::is_email;
use oar_transport::pause::{Backoff, sleep};

use crate::client::{ErrataRead as _, ErrataWrite, HttpErrata};
use crate::error::AdvisoryError;
use crate::operations::{
    ADD_COMMENT, ADD_ISSUE, CHANGE_OWNER, CHANGE_STATE, PUSH_STAGE, REFRESH_ALERTS, REMOVE_ISSUE,
    REQUEST_DOCS, REQUEST_PRODSEC, RESYNC_ISSUES,
};
use crate::state::{AdvisoryState, StateMove};
use crate::types::{Approval, PushJob, SecurityAlerts};
use crate::words::AdvisoryId;
use crate::{request, wire};

/// Time for a push or a change of state (spec 02 §3.1).
const SLOW: Duration = Duration::from_mins(15);
/// How long a change may take to become visible (fault G14).
const PATIENCE: Duration = Duration::from_mins(2);
/// Tries of a refresh that is refused.
const REFRESHES: usize = 3;

impl HttpErrata {
    /// Reads the advisory until it left the state it was in, for at most two minutes.
    async fn state_after(&self, step: &StateMove) -> Result<AdvisoryState, AdvisoryError> {
        let entropy = self.errata.http().entropy();
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(20));
        let mut patience = PATIENCE;
        loop {
            let state = self.erratum(step.id()).await?.state;
            let wait = backoff.next_wait(&*entropy);
            if state != *step.from() || wait > patience {
                return Ok(state);
            }
            patience -= wait;
            sleep(wait).await;
        }
    }

    /// Sends one field of the advisory and nothing else: whatever was edited meanwhile stays.
    fn put_field(
        &self,
        operation: oar_transport::probe::Operation,
        id: AdvisoryId,
        field: &str,
        value: &str,
    ) -> oar_transport::Call {
        self.call(operation, Method::PUT, &request::erratum(id)).form([(field, value)])
    }

    async fn has_owner(&self, id: AdvisoryId, email: &str) -> Result<bool, AdvisoryError> {
        match self.erratum(id).await?.assigned_to {
            Some(owner) => Ok(self.user(owner).await?.is(email)),
            None => Ok(false),
        }
    }

    /// The stage jobs above `newest_known`.
    async fn later_jobs(
        &self,
        id: AdvisoryId,
        newest_known: u64,
    ) -> Result<Vec<u64>, AdvisoryError> {
        let jobs = self.push_jobs(id).await?;
        let is_new = |job: &PushJob| job.is_stage() && job.id > newest_known;
        Ok(jobs.into_iter().filter(is_new).map(|job| job.id).collect())
    }
}

#[async_trait]
impl ErrataWrite for HttpErrata {
    #[tracing::instrument(
        name = "errata.change_state",
        skip_all,
        fields(id = %step.id(), from = %step.from(), to = %step.to())
    )]
    async fn change_state(&self, step: &StateMove) -> Result<(), AdvisoryError> {
        let (id, wanted) = (step.id(), step.to().clone());
        let what = format!("moving advisory {id} to {wanted}");
        let call = self
            .call(CHANGE_STATE, Method::POST, &request::below(id, "change_state"))
            .form([("new_state", wanted.as_str())])
            .timeout(SLOW);
        let arrived = async { Ok(self.state_after(step).await? == wanted) };
        if self.write(call, &what, arrived).await?.is_none() {
            return Ok(());
        }
        let found = self.state_after(step).await?;
        if found == wanted {
            Ok(())
        } else {
            Err(AdvisoryError::StateDiffers { id, wanted, found })
        }
    }

    #[tracing::instrument(name = "errata.change_owner", skip_all, fields(%id))]
    async fn change_owner(&self, id: AdvisoryId, email: &str) -> Result<(), AdvisoryError> {
        if !is_email(email) {
            return Err(AdvisoryError::NotAnAddress { email: email.to_owned() });
        }
        let what = format!("changing the owner of advisory {id}");
        let call = self.put_field(CHANGE_OWNER, id, "advisory[assigned_to_email]", email);
        self.write(call, &what, self.has_owner(id, email)).await.map(drop)
    }

    #[tracing::instrument(name = "errata.request_docs", skip_all, fields(%id))]
    async fn request_docs(&self, id: AdvisoryId) -> Result<(), AdvisoryError> {
        let what = format!("asking for the docs approval of advisory {id}");
        let call = self.put_field(REQUEST_DOCS, id, "advisory[text_ready]", "1");
        let asked = async { Ok(self.erratum(id).await?.docs != Approval::NotRequested) };
        self.write(call, &what, asked).await.map(drop)
    }

    #[tracing::instrument(name = "errata.request_prodsec", skip_all, fields(%id))]
    async fn request_prodsec(&self, id: AdvisoryId) -> Result<(), AdvisoryError> {
        let what = format!("asking for the Product Security approval of advisory {id}");
        let call = self.put_field(REQUEST_PRODSEC, id, "advisory[security_approved]", "false");
        let asked = async { Ok(self.erratum(id).await?.prodsec != Approval::NotRequested) };
        self.write(call, &what, asked).await.map(drop)
    }

    #[tracing::instrument(name = "errata.add_issue", skip_all, fields(%id, key))]
    async fn add_issue(&self, id: AdvisoryId, key: &str) -> Result<(), AdvisoryError> {
        request::check_key(key)?;
        let what = format!("attaching {key} to advisory {id}");
        let call = self
            .call(ADD_ISSUE, Method::POST, &request::below(id, "add_jira_issue"))
            .json(&wire::OneIssue { jira_issue: key });
        let attached = async { Ok(self.erratum(id).await?.has_issue(key)) };
        self.write(call, &what, attached).await.map(drop)
    }

    #[tracing::instrument(name = "errata.remove_issue", skip_all, fields(%id, key))]
    async fn remove_issue(&self, id: AdvisoryId, key: &str) -> Result<(), AdvisoryError> {
        request::check_key(key)?;
        let what = format!("removing {key} from advisory {id}");
        let call = self
            .call(REMOVE_ISSUE, Method::POST, &request::below(id, "remove_jira_issue"))
            .json(&wire::OneIssue { jira_issue: key });
        let gone = async { Ok(!self.erratum(id).await?.has_issue(key)) };
        self.write(call, &what, gone).await.map(drop)
    }

    #[tracing::instrument(name = "errata.resync_issues", skip_all, fields(keys = keys.len()))]
    async fn resync_issues(&self, keys: &[String]) -> Result<(), AdvisoryError> {
        keys.iter().try_for_each(|key| request::check_key(key))?;
        if keys.is_empty() {
            return Ok(());
        }
        let call = self.call(RESYNC_ISSUES, Method::POST, "api/v1/jira/refresh").json(&keys);
        let answer = call.accept_type("application/json").send().await;
        answer.map(drop).map_err(|error| self.error(error, "reading issues from Jira again"))
    }

    #[tracing::instrument(name = "errata.push_to_stage", skip_all, fields(%id))]
    async fn push_to_stage(
        &self,
        id: AdvisoryId,
        newest_known: u64,
    ) -> Result<Vec<u64>, AdvisoryError> {
        let what = format!("pushing advisory {id} to staging");
        let call = self
            .call(PUSH_STAGE, Method::POST, &request::below(id, "push"))
            .query("defaults", "stage")
            .timeout(SLOW);
        let pushing = async { Ok(!self.later_jobs(id, newest_known).await?.is_empty()) };
        let answer = match self.write(call, &what, pushing).await {
            // A push may begin long after its request: that no job is there yet proves nothing.
            Err(AdvisoryError::Lost { what, source }) => {
                return Err(AdvisoryError::Unknown { what, source });
            }
            Err(AdvisoryError::Refused { reason, source, .. })
                if source.status().is_some_and(|status| status.as_u16() == 400)
                    && speaks_of_dependencies(&reason, source.body()) =>
            {
                return Err(AdvisoryError::DependenciesIncomplete { id, reason, source });
            }
            answer => answer?,
        };
        match answer.as_ref().map(wire::new_jobs) {
            Some(Ok(jobs)) => Ok(jobs),
            // It was accepted; the jobs are known from their list.
            Some(Err(_)) | None => self.later_jobs(id, newest_known).await,
        }
    }

    #[tracing::instrument(name = "errata.refresh_alerts", skip_all, fields(%id))]
    async fn refresh_alerts(&self, id: AdvisoryId) -> Result<SecurityAlerts, AdvisoryError> {
        let entropy = self.errata.http().entropy();
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(8));
        let what = || format!("refreshing the security alerts of advisory {id}");
        let path = request::below(id, "security_alerts/refresh");
        for _ in 1..REFRESHES {
            let call = self.call(REFRESH_ALERTS, Method::POST, &path);
            match self.read(call, what, wire::alerts).await {
                Err(AdvisoryError::Refused { .. }) => sleep(backoff.next_wait(&*entropy)).await,
                done => return done,
            }
        }
        self.read(self.call(REFRESH_ALERTS, Method::POST, &path), what, wire::alerts).await
    }

    #[tracing::instrument(name = "errata.add_comment", skip_all, fields(%id))]
    async fn add_comment(
        &self,
        id: AdvisoryId,
        text: &str,
        newest_known: u64,
    ) -> Result<(), AdvisoryError> {
        if text.trim().is_empty() {
            return Err(AdvisoryError::EmptyComment { id });
        }
        let what = format!("commenting on advisory {id}");
        let call = self
            .call(ADD_COMMENT, Method::POST, &request::below(id, "add_comment"))
            .form([("comment", text)]);
        let there = async {
            let comments = self.comments(id).await?;
            Ok(comments.iter().any(|c| c.id > newest_known && c.text.trim() == text.trim()))
        };
        self.write(call, &what, there).await.map(drop)
    }
}

/// The mark of a push that has to wait for another's (spec 02 §3.3).
fn speaks_of_dependencies(reason: &str, body: Option<&str>) -> bool {
    let said = |text: &str| text.to_ascii_lowercase().contains("dependencies");
    said(reason) || body.is_some_and(said)
}
