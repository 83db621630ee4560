//! Payloads that are labelled on paper only.

use async_trait::async_trait;
use oar_kube::{KubeError, PayloadName, PayloadWrite, QE_STATE};

use super::Recorder;

/// A cluster that is not changed.
#[derive(Debug)]
pub struct DryRunPayloads {
    recorder: Recorder,
}

impl DryRunPayloads {
    /// Notes labels in `recorder`.
    pub const fn new(recorder: Recorder) -> Self {
        Self { recorder }
    }
}

#[async_trait]
impl PayloadWrite for DryRunPayloads {
    async fn set_label(&self, payload: &PayloadName, value: &str) -> Result<(), KubeError> {
        let after = Some(format!("{QE_STATE}={value}"));
        self.recorder.would("kubernetes", payload.to_string(), "label the payload", after);
        Ok(())
    }
}
