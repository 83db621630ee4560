//! The Errata Tool, changed on paper only.

use std::sync::Arc;

use async_trait::async_trait;
use oar_errata::{AdvisoryError, AdvisoryId, ErrataRead, ErrataWrite, SecurityAlerts, StateMove};

use super::Recorder;

/// An Errata Tool that changes nothing.
pub struct DryRunErrata {
    read: Arc<dyn ErrataRead>,
    recorder: Recorder,
}

impl DryRunErrata {
    /// Notes changes in `recorder`; `read` answers what a refresh would have computed.
    pub const fn new(read: Arc<dyn ErrataRead>, recorder: Recorder) -> Self {
        Self { read, recorder }
    }

    fn would(&self, id: AdvisoryId, action: impl Into<String>, after: Option<String>) {
        self.recorder.would("errata", format!("advisory {id}"), action, after);
    }
}

#[async_trait]
impl ErrataWrite for DryRunErrata {
    async fn change_state(&self, step: &StateMove) -> Result<(), AdvisoryError> {
        self.would(
            step.id(),
            format!("change the state from {} to {}", step.from(), step.to()),
            None,
        );
        Ok(())
    }

    async fn change_owner(&self, id: AdvisoryId, email: &str) -> Result<(), AdvisoryError> {
        self.would(id, "change the QE owner", Some(email.to_owned()));
        Ok(())
    }

    async fn request_docs(&self, id: AdvisoryId) -> Result<(), AdvisoryError> {
        self.would(id, "ask for the approval of the documentation", None);
        Ok(())
    }

    async fn request_prodsec(&self, id: AdvisoryId) -> Result<(), AdvisoryError> {
        self.would(id, "ask Product Security for its approval", None);
        Ok(())
    }

    async fn add_issue(&self, id: AdvisoryId, key: &str) -> Result<(), AdvisoryError> {
        self.would(id, format!("attach {key}"), None);
        Ok(())
    }

    async fn remove_issue(&self, id: AdvisoryId, key: &str) -> Result<(), AdvisoryError> {
        self.would(id, format!("detach {key}"), None);
        Ok(())
    }

    async fn resync_issues(&self, keys: &[String]) -> Result<(), AdvisoryError> {
        self.recorder.would("errata", keys.join(", "), "read the issues from Jira again", None);
        Ok(())
    }

    async fn push_to_stage(
        &self,
        id: AdvisoryId,
        _newest_known: u64,
    ) -> Result<Vec<u64>, AdvisoryError> {
        self.would(id, "push to staging", None);
        Ok(Vec::new())
    }

    async fn refresh_alerts(&self, id: AdvisoryId) -> Result<SecurityAlerts, AdvisoryError> {
        self.would(id, "compute the security alerts anew", None);
        self.read.security_alerts(id).await
    }

    async fn add_comment(
        &self,
        id: AdvisoryId,
        text: &str,
        _newest_known: u64,
    ) -> Result<(), AdvisoryError> {
        self.would(id, "comment", Some(text.to_owned()));
        Ok(())
    }
}
