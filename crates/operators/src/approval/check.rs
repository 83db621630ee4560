//! One look at the page of a release's advisory (spec 06 §3.4): is the release promoted, what does its
//! own payload name, and is that page there for everybody?

use std::time::Duration;

use oar_images::payload::{PageAnswer, Payload, PayloadError, payload_image, read_payload};
use oar_prow_jobs::Promotion;
use oar_release::{Arch, ReleaseVersion};

use super::record::{Check, CheckOutcome, KnownPayload, whole_seconds};
use crate::context::Context;
use crate::report::error_chain;

/// Time to read a payload, all attempts together.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a look brought.
#[derive(Debug)]
pub(crate) struct Looked {
    /// For the record.
    pub(crate) check: Check,
    /// The payload, when it was read now.
    pub(crate) payload: Option<KnownPayload>,
    /// The payload is one of another release: nobody may go on (R16).
    pub(crate) mismatch: Option<String>,
}

/// Why the page is not there, or not known.
struct NotThere {
    outcome: CheckOutcome,
    http_status: Option<u16>,
    why: String,
    is_mismatch: bool,
}

impl NotThere {
    fn new(outcome: CheckOutcome, why: impl Into<String>) -> Self {
        Self { outcome, http_status: None, why: why.into(), is_mismatch: false }
    }
}

/// Looks for the page of `release`. With a `known` payload only the page is asked for: a payload never
/// changes.
pub(crate) async fn look(
    context: &Context,
    release: &ReleaseVersion,
    known: Option<&KnownPayload>,
) -> Looked {
    let mut payload = None;
    let found = async {
        let url = if let Some(known) = known {
            known.url.clone()
        } else {
            let read = payload_of(context, release).await?;
            let url = read.url.clone();
            payload = Some(read);
            url
        };
        page(context, url).await
    };
    let found = found.await;
    let at = whole_seconds(context.clock.now());
    let masked = |text: &str| context.masker.mask(text).into_owned();
    match found {
        Ok(status) => {
            let outcome = CheckOutcome::Accessible;
            let check = Check { at, outcome, http_status: Some(status), error: None };
            Looked { check, payload, mismatch: None }
        }
        Err(NotThere { outcome, http_status, why, is_mismatch }) => {
            let error = masked(&why);
            let mismatch = is_mismatch.then(|| error.clone());
            let check = Check { at, outcome, http_status, error: Some(error) };
            Looked { check, payload, mismatch }
        }
    }
}

/// What the payload of exactly this release says, once the release is promoted.
async fn payload_of(context: &Context, release: &ReleaseVersion) -> Result<KnownPayload, NotThere> {
    match context.releases.promotion(release).await {
        Promotion::Accepted => {}
        Promotion::NotPromoted { phase } => {
            let phase =
                phase.map_or("no stream has it".to_owned(), |phase| format!("it is {phase}"));
            let why = format!("{release} is not promoted yet: {phase}");
            return Err(NotThere::new(CheckOutcome::NotYet, why));
        }
        Promotion::Unknown { problem } => {
            let why = format!("whether {release} is promoted is not known: {problem}");
            return Err(NotThere::new(CheckOutcome::Error, why));
        }
    }
    let error = |why: String| NotThere::new(CheckOutcome::Error, why);
    let registry = context.services.registry.as_ref().map_err(|e| error(e.to_string()))?;
    let image = payload_image(release, Arch::Amd64);
    let read = tokio::time::timeout(PATIENCE, read_payload(&**registry, &image)).await;
    let read = read.map_err(|_| error(format!("{image} was not read within {PATIENCE:?}")))?;
    let payload = read.and_then(|payload: Payload| payload.require(release).map(|()| payload));
    let payload = payload.map_err(|problem| NotThere {
        is_mismatch: matches!(problem, PayloadError::OtherRelease { .. }),
        ..error(format!("{image}: {}", error_chain(&problem)))
    })?;
    let (pullspec, digest) = (image.to_string(), payload.digest.to_string());
    Ok(KnownPayload { pullspec, digest, url: payload.url })
}

async fn page(context: &Context, url: Option<String>) -> Result<u16, NotThere> {
    let pages = context.services.pages.as_ref();
    let pages = pages.map_err(|e| NotThere::new(CheckOutcome::Error, e.to_string()))?;
    match pages.page(url).await {
        PageAnswer::Accessible => Ok(200),
        PageAnswer::NotYet { status, why } => {
            let not_yet = NotThere::new(CheckOutcome::NotYet, why);
            Err(NotThere { http_status: Some(status), ..not_yet })
        }
        PageAnswer::NoUrl => {
            Err(NotThere::new(CheckOutcome::NoUrl, "the payload names no page of an advisory"))
        }
        PageAnswer::Error { cause, .. } => Err(NotThere::new(CheckOutcome::Error, cause)),
    }
}

impl Check {
    /// The check in one line.
    pub(crate) fn in_words(&self) -> String {
        let why = self.error.as_deref().unwrap_or_default();
        match self.outcome {
            CheckOutcome::Accessible => "the advisory's page is there".to_owned(),
            CheckOutcome::NotYet | CheckOutcome::NoUrl => format!("not yet: {why}"),
            CheckOutcome::Error => format!("could not be found out: {why}"),
        }
    }
}
