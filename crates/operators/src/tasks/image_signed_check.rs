//! `image-signed-check`: whether a trusted key vouches for the release's payload (spec 03 §12).
//!
//! Release controller and registry are asked for the payload's digest at the same time; then the
//! stores are searched for a signature over exactly that digest under exactly the release's name.
//! Neither registry nor store is believed: `Pass` is what verified, for every architecture asked for.
//! A release that nobody knows yet waits, and while somebody is silent there is no verdict.

use std::fmt;

use futures_util::future::join_all;
use oar_images::payload::{PayloadError, payload_image, read_payload};
use oar_images::signature::{
    RejectedFile, ReleaseDigest, SignatureAnswer, SignatureQuestion, agree, find_signature,
};
use oar_prow_jobs::ToldDigest;
use oar_registry::{Digest, RegistryRead};
use oar_release::{Arch, ReleaseVersion, Task, TaskOutcome, TaskStatus};
use serde_json::{Value, json};

use crate::context::Context;
use crate::report::{CommandReport, error_chain};
use crate::runner::{self, TaskError, TaskScope};
use crate::services::Signatures;

/// When another look for a promotion makes sense (spec 01 §12.2).
const RECHECK: std::time::Duration = std::time::Duration::from_mins(30);

/// Checks the payloads of `release` for `archs`, of which there is one at least.
pub async fn run(context: &Context, release: &ReleaseVersion, archs: &[Arch]) -> CommandReport {
    let work = |scope| async move { check(&scope, archs).await };
    runner::run(context, release, Task::ImageSignedCheck, work).await
}

async fn check(scope: &TaskScope<'_>, archs: &[Arch]) -> Result<TaskOutcome, TaskError> {
    let services = &scope.context().services;
    let signatures = services.signatures.as_ref().map_err(TaskError::reading)?;
    let registry = services.registry.as_ref().map_err(TaskError::reading)?;
    scope.begin();
    let mut archs = archs.to_vec();
    archs.sort_unstable();
    archs.dedup();
    let checks = archs.into_iter().map(|arch| async move {
        let payload = PayloadCheck { scope, arch };
        payload.check(&**registry, signatures).await
    });
    let checked: Vec<Checked> = join_all(checks).await;
    scope.fact("payloads", checked.iter().map(|one| &one.fact).collect::<Vec<_>>());
    for one in &checked {
        one.verdict.tell(scope);
    }
    let digests: Vec<Digest> = checked.iter().filter_map(|one| one.proven.clone()).collect();
    let worst = checked.into_iter().map(|one| one.verdict).max_by_key(Verdict::weight);
    Ok(match worst {
        Some(Verdict::Signed) => passed(scope, &digests).await,
        Some(Verdict::NotYet(reason)) => TaskOutcome::Waiting { reason, recheck: Some(RECHECK) },
        Some(Verdict::Unknown(error)) => TaskOutcome::Undetermined { error },
        Some(Verdict::No(error)) => TaskOutcome::Fail { error },
        None => TaskOutcome::Undetermined { error: "there is no payload to check".to_owned() },
    })
}

/// `Pass`, or nothing to record where a `Pass` about these very digests is recorded already.
async fn passed(scope: &TaskScope<'_>, digests: &[Digest]) -> TaskOutcome {
    let stored = scope.context().boxes.load(scope.release()).await.ok().flatten();
    let known = stored.as_ref().and_then(|state| state.task(Task::ImageSignedCheck)).is_some_and(
        |record| {
            let result = record.result.as_deref().unwrap_or_default();
            record.status == TaskStatus::Pass
                && digests.iter().all(|digest| result.contains(digest.as_str()))
        },
    );
    if known {
        let reason = "signed, and recorded as Pass before".to_owned();
        return TaskOutcome::Unchanged { reason };
    }
    TaskOutcome::Pass
}

/// What became of one payload.
struct Checked {
    verdict: Verdict,
    /// The digest that a trusted key vouches for.
    proven: Option<Digest>,
    fact: Value,
}

/// The answer about one payload.
enum Verdict {
    Signed,
    NotYet(String),
    Unknown(String),
    No(String),
}

impl Verdict {
    /// The record keeps why it is no `Pass`, also for the payloads that do not decide.
    fn tell(&self, scope: &TaskScope<'_>) {
        match self {
            Self::Signed => {}
            Self::NotYet(why) => scope.say(why.as_str()),
            Self::Unknown(why) | Self::No(why) => scope.warn(why.as_str()),
        }
    }

    /// The heaviest verdict is that of all payloads: a proven no, then a doubt, then a wait.
    const fn weight(&self) -> u8 {
        match self {
            Self::Signed => 0,
            Self::NotYet(_) => 1,
            Self::Unknown(_) => 2,
            Self::No(_) => 3,
        }
    }
}

/// The answer of one who should know the digest.
enum Told {
    Digest(Digest),
    /// It answered, and has none.
    None(&'static str),
    /// It did not answer as needed.
    Silent(String),
}

impl Told {
    fn digest(&self) -> Option<Digest> {
        match self {
            Self::Digest(digest) => Some(digest.clone()),
            Self::None(_) | Self::Silent(_) => None,
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => write!(f, "says {digest}"),
            Self::None(what) => f.write_str(what),
            Self::Silent(problem) => write!(f, "could not be asked: {problem}"),
        }
    }
}

/// The check of one payload.
struct PayloadCheck<'s, 'a> {
    scope: &'s TaskScope<'a>,
    arch: Arch,
}

impl PayloadCheck<'_, '_> {
    async fn check(&self, registry: &dyn RegistryRead, signatures: &Signatures) -> Checked {
        let digest = match self.digest(registry).await {
            Ok(digest) => digest,
            Err(verdict) => {
                let fact = json!({ "arch": self.arch.rpm_name() });
                return Checked { verdict, proven: None, fact };
            }
        };
        let now = self.scope.context().clock.now();
        let (release, arch) = (self.scope.release().clone(), self.arch);
        let question = SignatureQuestion { release, arch, digest: digest.clone(), now };
        let (answer, named) = tokio::join!(
            find_signature(&*signatures.stores, &signatures.keys, &question),
            self.named_by_itself(registry, &digest),
        );
        let mut checked = self.judge(digest, answer);
        if let Err(other) = named {
            (checked.verdict, checked.proven) = (Verdict::No(other), None);
        }
        checked
    }

    /// That the payload calls itself this release (spec 08 R16). What it says is covered by the digest
    /// that the signature vouches for; that it cannot be read is told, and proves nothing.
    async fn named_by_itself(
        &self,
        registry: &dyn RegistryRead,
        digest: &Digest,
    ) -> Result<(), String> {
        let name = payload_image(self.scope.release(), self.arch).to_string();
        let (repository, _) = name.rsplit_once(':').unwrap_or((name.as_str(), ""));
        let Ok(image) = format!("{repository}@{digest}").parse() else { return Ok(()) };
        let read = read_payload(registry, &image).await;
        match read.and_then(|payload| payload.require(self.scope.release())) {
            Ok(()) => Ok(()),
            Err(error @ PayloadError::OtherRelease { .. }) => Err(self.of(&error)),
            Err(error) => {
                let why = error_chain(&error);
                self.scope.warn(self.of(format_args!("which release it calls itself: {why}")));
                Ok(())
            }
        }
    }

    /// What everybody is told about this payload begins with its tag.
    fn of(&self, what: impl fmt::Display) -> String {
        format!("{}-{}: {what}", self.scope.release(), self.arch.rpm_name())
    }

    /// The digest of the payload, by whoever knows it (spec 03 §12.2). The release controller at hand
    /// is the one of `x86_64`; other payloads are looked up in the registry alone.
    async fn digest(&self, registry: &dyn RegistryRead) -> Result<Digest, Verdict> {
        let (controller, registry) =
            tokio::join!(self.told_by_controller(), self.told_by_registry(registry));
        let both = |controller: &Option<Told>, registry: &Told| match controller {
            Some(controller) => {
                format!("the release controller {controller}, the registry {registry}")
            }
            None => format!("the registry {registry}"),
        };
        match agree(controller.as_ref().and_then(Told::digest), registry.digest()) {
            ReleaseDigest::Known { digest, by_both } => {
                self.scope.say(self.of(format_args!("the digest is {digest}")));
                if !by_both && controller.is_some() {
                    self.scope.warn(self.of(format_args!(
                        "only one knows the digest: {}",
                        both(&controller, &registry)
                    )));
                }
                Ok(digest)
            }
            ReleaseDigest::Disagree { .. } => Err(Verdict::No(
                self.of(format_args!("the digests differ: {}", both(&controller, &registry))),
            )),
            ReleaseDigest::Unknown => {
                let why = self.of(both(&controller, &registry));
                let silent = matches!(controller, Some(Told::Silent(_)))
                    || matches!(registry, Told::Silent(_));
                Err(if silent {
                    Verdict::Unknown(why)
                } else {
                    Verdict::NotYet(format!("not promoted yet: {why}"))
                })
            }
        }
    }

    /// What the release controller says; it is not asked about other architectures.
    async fn told_by_controller(&self) -> Option<Told> {
        if self.arch != Arch::Amd64 {
            return None;
        }
        let context = self.scope.context();
        let waiting = context.progress.start("asking for the digest, up to 8 minutes", None);
        let told = context.releases.release_digest(self.scope.release()).await;
        drop(waiting);
        Some(match told {
            Ok(ToldDigest::Known(digest)) => match digest.parse::<Digest>() {
                Ok(digest) if digest.is_sha256() => Told::Digest(digest),
                _ => Told::Silent("its answer is no sha256 digest".to_owned()),
            },
            Ok(ToldDigest::NotRendered) => Told::None("has not told a digest within 8 minutes"),
            Ok(ToldDigest::NoSuchRelease) => Told::None("does not have the release"),
            Err(error) => Told::Silent(error_chain(&error)),
        })
    }

    async fn told_by_registry(&self, registry: &dyn RegistryRead) -> Told {
        let image = payload_image(self.scope.release(), self.arch);
        match registry.digest(&image).await {
            Ok(Some(digest)) if digest.is_sha256() => Told::Digest(digest),
            Ok(Some(_)) => Told::Silent("its answer is no sha256 digest".to_owned()),
            Ok(None) => Told::None("does not have the payload"),
            Err(error) => Told::Silent(error_chain(&error)),
        }
    }

    fn judge(&self, digest: Digest, answer: SignatureAnswer) -> Checked {
        let mut fact = json!({ "arch": self.arch.rpm_name(), "digest": digest.as_str() });
        let mut tell = |rejected: &[RejectedFile]| {
            let lines: Vec<String> = rejected.iter().map(ToString::to_string).collect();
            for line in &lines {
                self.scope.warn(self.of(line));
            }
            fact["rejected"] = json!(lines);
            lines.join("; ")
        };
        let mut proven = None;
        let verdict = match answer {
            SignatureAnswer::Signed { signature, store, number, rejected } => {
                tell(&rejected);
                let by = signature.creator.as_deref().map(|creator| format!(" with {creator}"));
                self.scope.say(self.of(format_args!(
                    "signed as {} by key {} at {}{}: signature-{number} of {store}",
                    signature.reference,
                    signature.fingerprint,
                    signature.created,
                    by.unwrap_or_default(),
                )));
                fact["signature"] = json!({
                    "store": store, "number": number, "fingerprint": signature.fingerprint,
                    "created": signature.created, "reference": signature.reference,
                    "creator": signature.creator,
                });
                proven = Some(digest);
                Verdict::Signed
            }
            SignatureAnswer::NotSigned { rejected } => {
                let why = tell(&rejected);
                Verdict::No(self.of(format_args!("no signature counts: {why}")))
            }
            SignatureAnswer::NotPublished => Verdict::No(self.of(
                "no signature published yet; it usually appears within hours of the promotion",
            )),
            SignatureAnswer::Undetermined { rejected, problems } => {
                tell(&rejected);
                let why = problems.join("; ");
                Verdict::Unknown(self.of(format_args!("could not be checked: {why}")))
            }
        };
        Checked { verdict, proven, fact }
    }
}
