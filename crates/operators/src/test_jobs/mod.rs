//! The nightly machinery (spec 04): the job controller starts the tests of new builds, the
//! aggregator follows them to a verdict, people repair, report and promote.
//!
//! All state is JSON in the state repository. A pass reads the facts, decides with the pure rules of
//! `oar-prow-jobs`, acts, and can be killed anywhere: whoever comes next finds claims and ids there
//! and continues.

pub mod aggregator;
pub mod archive;
pub mod checker;
pub mod controller;
pub mod history;
pub mod registry;
pub mod repair;
pub mod status;

mod gather;
mod label;
mod start;
mod store;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use oar_kube::{PayloadRead, PayloadWrite};
use oar_prow_jobs::{ProwRead, ProwWrite, ReleaseStreams, RunArtifacts};
use oar_release::{Arch, Clock, Entropy, ErrorClass, Links, Masker};
use oar_state_repo::{Actor, CommitMessage, Pause, Retry, StateRepo};
use serde::Serialize;

use crate::dry_run::{Change, Recorder};
use crate::error::Classed;
use crate::report::error_chain;
use crate::services::{Ports, Reach};

/// Everything these commands work with, for one architecture.
#[derive(Clone)]
pub struct Desk {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Waiting between two attempts of a commit.
    pub pause: Arc<dyn Pause>,
    /// Hides secrets in everything that is shown.
    pub masker: Arc<Masker>,
    /// Who asked.
    pub actor: Actor,
    /// The architecture.
    pub arch: Arch,
    /// The branch of test results and current builds.
    pub records: Arc<dyn StateRepo>,
    /// The branch of job registries.
    pub registries: Arc<dyn StateRepo>,
    /// Folder of the caches of both; `None` for none on disk.
    pub cache: Option<PathBuf>,
    /// The release controller of the architecture.
    pub releases: Arc<dyn ReleaseStreams>,
    /// Runs.
    pub prow: Ports<dyn ProwRead, dyn ProwWrite>,
    /// What runs leave behind in private storage; without it test counts are not collected.
    pub artifacts: Option<Arc<dyn RunArtifacts>>,
    /// Labels of release payloads.
    pub payloads: Reach<Ports<dyn PayloadRead, dyn PayloadWrite>>,
    /// Prefix of the image variables for s390x.
    pub s390x_vars: String,
    /// Whether a rejected build gets a label, too.
    pub label_rejected: bool,
    /// After this a pass begins nothing new and tells what it left undone.
    pub deadline: Duration,
    /// Set when the program was told to stop: a pass then begins nothing new.
    pub halt: Halt,
    /// Pages that reports link to.
    pub links: Links,
    /// The list of a dry run's changes.
    pub recorder: Option<Recorder>,
}

/// A word to everything that works at a desk: finish what you have begun, begin nothing new.
#[derive(Debug, Clone, Default)]
pub struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Says it.
    pub fn call(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was said.
    pub fn is_called(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("arch", &self.arch).finish_non_exhaustive()
    }
}

/// Something went wrong with one thing; the others were done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What it is about: a file, a build, a job, a stream.
    pub subject: String,
    /// The error's class (spec 00 §e), as a code.
    pub code: &'static str,
    /// What happened, with its causes, masked.
    pub message: String,
}

impl Desk {
    /// A problem with `subject`, logged as an error.
    fn problem(&self, subject: &str, error: &impl Classed) -> Problem {
        self.problem_of(subject, error.class_of(), &error_chain(error))
    }

    fn problem_of(&self, subject: &str, class: ErrorClass, message: &str) -> Problem {
        let message = self.masker.mask(message).into_owned();
        tracing::error!("{subject}: {message}");
        Problem { subject: subject.to_owned(), code: class.code(), message }
    }

    /// What a dry run would have changed so far.
    pub fn planned_changes(&self) -> Vec<Change> {
        self.recorder.as_ref().map(Recorder::changes).unwrap_or_default()
    }

    fn retry(&self) -> Retry<'_> {
        Retry { entropy: &*self.entropy, pause: &*self.pause }
    }

    /// The message of a commit: a short subject, and the whole list of what changed with the command.
    fn message(&self, command: &str, subject: String, details: &[String]) -> CommitMessage {
        let details = details.join(", ");
        let separator = if details.is_empty() { "" } else { ": " };
        let command = format!("{command} {}{separator}{details}", self.arch);
        let command = self.masker.mask(&command).into_owned();
        CommitMessage { subject, actor: self.actor.clone(), command, intent: None }
    }
}
