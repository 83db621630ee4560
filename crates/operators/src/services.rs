//! The outside systems of a release, each with a port to read and a port to write.
//!
//! A system that is not set up on this machine is a value that says why. Whoever needs it asks with
//! [`Reach`] and ends with that error, by the name of the missing secret; the other commands never
//! notice. In a dry run the writing ports are recorders (see [`crate::dry_run`]).

use std::fmt;
use std::sync::Arc;

use oar_errata::{BrewRead, ErrataRead, ErrataWrite, FindTrackers};
use oar_gitlab_shipment::{GitLabRead, GitLabWrite};
use oar_images::payload::AdvisoryPages;
use oar_images::pyxis::PyxisRead;
use oar_images::signature::{SignatureStores, TrustedKeys};
use oar_jenkins::{JenkinsRead, JenkinsWrite};
use oar_jira::{JiraRead, JiraWrite, Summaries};
use oar_ldap::DirectoryRead;
use oar_prow_jobs::{ProwRead, ProwWrite};
use oar_registry::RegistryRead;
use oar_release::ErrorClass;

/// A system cannot be used from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct NotSetUp {
    /// The error's class (spec 00 §e), `not_configured` for a missing secret.
    pub class: ErrorClass,
    /// What is missing, by name, and what needs it.
    pub problem: String,
}

impl NotSetUp {
    /// A secret or setting is missing.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { class: ErrorClass::NotConfigured, problem: problem.into() }
    }
}

/// A system, or why it cannot be used.
pub type Reach<T> = Result<T, NotSetUp>;

/// The two ports to one system.
pub struct Ports<R: ?Sized, W: ?Sized> {
    /// Looks.
    pub read: Arc<R>,
    /// Changes; a recorder in a dry run.
    pub write: Arc<W>,
}

impl<R: ?Sized, W: ?Sized> Ports<R, W> {
    /// The two ports.
    pub const fn new(read: Arc<R>, write: Arc<W>) -> Self {
        Self { read, write }
    }
}

impl<R: ?Sized, W: ?Sized> Clone for Ports<R, W> {
    fn clone(&self) -> Self {
        Self { read: Arc::clone(&self.read), write: Arc::clone(&self.write) }
    }
}

impl<R: ?Sized, W: ?Sized> fmt::Debug for Ports<R, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ports")
    }
}

/// Jira, and what the release's ticket looks like.
#[derive(Clone, Debug)]
pub struct Jira {
    /// The ports.
    pub ports: Ports<dyn JiraRead, dyn JiraWrite>,
    /// Summaries of the QE subtasks.
    pub summaries: Summaries,
}

/// The stores of signatures, and whose signatures count.
#[derive(Clone)]
pub struct Signatures {
    /// Where files are looked for; nothing in them is believed before it verified.
    pub stores: Arc<dyn SignatureStores>,
    /// The keys that may sign.
    pub keys: TrustedKeys,
}

impl fmt::Debug for Signatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signatures")
            .field("keys", &self.keys.fingerprints())
            .finish_non_exhaustive()
    }
}

/// All systems that tasks work with.
#[derive(Clone)]
pub struct Services {
    /// The Errata Tool. Without a Kerberos ticket its calls fail, and say so.
    pub errata: Reach<Ports<dyn ErrataRead, dyn ErrataWrite>>,
    /// Brew and Koji: the kernels inside of images.
    pub brew: Reach<Arc<dyn BrewRead>>,
    /// Jira; needs `JIRA_USERNAME` and `JIRA_TOKEN`.
    pub jira: Reach<Jira>,
    /// GitLab; needs `GITLAB_TOKEN`.
    pub gitlab: Reach<Ports<dyn GitLabRead, dyn GitLabWrite>>,
    /// The company directory.
    pub directory: Reach<Arc<dyn DirectoryRead>>,
    /// elliott; it looks for its own credentials.
    pub trackers: Arc<dyn FindTrackers>,
    /// Jenkins; needs `JENKINS_USER` and `JENKINS_TOKEN`.
    pub jenkins: Reach<Ports<dyn JenkinsRead, dyn JenkinsWrite>>,
    /// Prow. Reading needs nothing, starting a run needs `APITOKEN`.
    pub prow: Reach<Ports<dyn ProwRead, dyn ProwWrite>>,
    /// Whether a run may be started.
    pub prow_token: Reach<()>,
    /// The container catalogue, as it grades images before they are shipped.
    pub pyxis: Reach<Arc<dyn PyxisRead>>,
    /// Container registries.
    pub registry: Reach<Arc<dyn RegistryRead>>,
    /// The public pages of advisories.
    pub pages: Reach<Arc<dyn AdvisoryPages>>,
    /// Signatures of release payloads; without a usable key there are none.
    pub signatures: Reach<Signatures>,
}

impl Services {
    /// Nothing is set up, for the reason `why`; tests fill in what they need.
    pub fn none(why: &str) -> Self {
        fn missing<T>(why: &str) -> Reach<T> {
            Err(NotSetUp::new(why))
        }
        Self {
            errata: missing(why),
            brew: missing(why),
            jira: missing(why),
            gitlab: missing(why),
            directory: missing(why),
            trackers: Arc::new(NoTrackers(why.to_owned())),
            jenkins: missing(why),
            prow: missing(why),
            prow_token: missing(why),
            pyxis: missing(why),
            registry: missing(why),
            pages: missing(why),
            signatures: missing(why),
        }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Services")
    }
}

/// elliott where there is none.
struct NoTrackers(String);

impl NoTrackers {
    fn error(&self) -> oar_errata::ElliottError {
        oar_errata::ElliottError::Folder(std::io::Error::other(self.0.clone()))
    }
}

#[async_trait::async_trait]
impl FindTrackers for NoTrackers {
    async fn trackers(
        &self,
        _release: &oar_release::ReleaseVersion,
        _flow: &oar_release::Flow,
    ) -> oar_errata::TrackerReport {
        oar_errata::TrackerReport { failures: vec![self.error()], ..Default::default() }
    }

    async fn version(&self) -> Result<String, oar_errata::ElliottError> {
        Err(self.error())
    }
}
