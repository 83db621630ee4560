//! The label by which a payload is accepted (spec 04 §8).

use oar_kube::{KubeError, PayloadName};
use oar_release::{BuildName, ErrorClass};

use super::Desk;
use crate::error::Classed;
use crate::services::NotSetUp;

/// The value for a payload that passed.
pub(super) const ACCEPTED: &str = "Accepted";
/// The value for one that did not; written only where the settings say so.
pub(super) const REJECTED: &str = "Rejected";

/// What became of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Labelled {
    /// It is set now.
    Set,
    /// It was set before.
    Before,
    /// There is no payload any more.
    Gone,
}

/// The label cannot be set.
#[derive(Debug, thiserror::Error)]
pub(super) enum LabelError {
    #[error(transparent)]
    NotSetUp(#[from] NotSetUp),
    #[error(transparent)]
    Kube(#[from] KubeError),
    #[error("the payload is labelled {found:?}; it stays so until somebody promotes the build")]
    Differs { found: String },
    #[error(
        "it does not pass any more, but its payload is labelled {ACCEPTED:?} since it did; a label is \
         never taken back, so somebody has to look at it"
    )]
    AcceptedBefore,
}

impl Classed for LabelError {
    fn class_of(&self) -> ErrorClass {
        match self {
            Self::NotSetUp(error) => error.class,
            Self::Kube(error) => error.class(),
            Self::Differs { .. } | Self::AcceptedBefore => ErrorClass::PreconditionFailed,
        }
    }
}

/// The label that the payload of `build` has; `None` when it has none, or is gone itself.
pub(super) async fn look(desk: &Desk, build: &BuildName) -> Result<Option<String>, LabelError> {
    let ports = desk.payloads.as_ref().map_err(Clone::clone)?;
    let payload = PayloadName::new(build.to_string(), desk.arch);
    Ok(ports.read.label(&payload).await?.flatten())
}

/// Sees to it that the payload of `build` has the label. Another value is replaced only when
/// `by_hand` says that a person decided.
pub(super) async fn ensure(
    desk: &Desk,
    build: &BuildName,
    value: &str,
    by_hand: bool,
) -> Result<Labelled, LabelError> {
    let ports = desk.payloads.as_ref().map_err(Clone::clone)?;
    let payload = PayloadName::new(build.to_string(), desk.arch);
    let Some(label) = ports.read.label(&payload).await? else {
        tracing::warn!("{build}: the payload is gone, there is nothing to label");
        return Ok(Labelled::Gone);
    };
    match label {
        Some(found) if found == value => return Ok(Labelled::Before),
        Some(found) if !by_hand => return Err(LabelError::Differs { found }),
        Some(found) => tracing::warn!("{build}: the label {found:?} is replaced"),
        None => {}
    }
    match ports.write.set_label(&payload, value).await {
        Ok(()) => Ok(Labelled::Set),
        Err(KubeError::Gone { .. }) => Ok(Labelled::Gone),
        Err(error) => Err(error.into()),
    }
}
