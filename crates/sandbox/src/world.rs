//! The world: every service's data, the time, and the list of effects that requests had.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::errata::Errata;
use crate::github::GitHub;
use crate::gitlab::GitLab;
use crate::jenkins::Jenkins;
use crate::jira::Jira;
use crate::kube::Kube;
use crate::prow::Prow;
use crate::pyxis::Pyxis;
use crate::registry::Registry;
use crate::release_controller::ReleaseController;
use crate::signatures::Signatures;
use crate::slack::Slack;
use crate::story::Story;

/// Everything outside of the program, as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct World {
    /// The time; it moves by one second with each request.
    pub now: Timestamp,
    /// The machine's time when time last passed, where it passes with the machine's: see
    /// [`crate::Sandbox::pass_with`].
    #[serde(default)]
    pub looked_at: Option<Timestamp>,
    /// The processes that live in the world's time, and until when each waits: see
    /// [`crate::shared_time`].
    #[serde(default)]
    pub actors: BTreeMap<String, BTreeMap<u64, Timestamp>>,
    /// github.com.
    pub github: GitHub,
    /// ART's build data: branch (`openshift-4.99`) to the text of `releases.yml`.
    pub build_data: BTreeMap<String, String>,
    /// The release controllers of all architectures.
    pub releases: ReleaseController,
    /// The Slack workspace.
    pub slack: Slack,
    /// The Errata Tool and Brew.
    #[serde(default)]
    pub errata: Errata,
    /// The company directory.
    #[serde(default)]
    pub directory: Directory,
    /// GitLab.
    #[serde(default)]
    pub gitlab: GitLab,
    /// Jira.
    #[serde(default)]
    pub jira: Jira,
    /// Prow: Gangway, Deck, artefacts.
    #[serde(default)]
    pub prow: Prow,
    /// Jenkins.
    #[serde(default)]
    pub jenkins: Jenkins,
    /// The container catalogue.
    #[serde(default)]
    pub pyxis: Pyxis,
    /// Container registries, and the pages of advisories.
    #[serde(default)]
    pub registry: Registry,
    /// The CI cluster.
    #[serde(default)]
    pub kube: Kube,
    /// The stores of signatures.
    #[serde(default)]
    pub signatures: Signatures,
    /// What others do while time passes; without it the world stands still.
    #[serde(default)]
    pub story: Option<Story>,
    /// What changed the world, in order.
    pub effects: Vec<Effect>,
}

/// One change of the world by a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Which service (`github`).
    pub service: String,
    /// What was done (`put-contents`).
    pub action: String,
    /// To what (`z-stream:_releases/4.99/statebox/4.99.3.yaml`).
    pub target: String,
}

impl World {
    /// The world a newcomer meets: see [`crate::seed`].
    pub fn seeded() -> Self {
        crate::seed::world()
    }

    /// Promotes `release`: its payload is pushed and signed, its tag accepted, its advisory's page
    /// not there yet. What ART does, and nobody else.
    pub fn promote(&mut self, release: &str, advisory: &str) {
        self.push_payload(release, advisory);
        self.sign_payload(release, self.now);
    }

    /// The payload of `release` is there and its tag accepted.
    pub(crate) fn push_payload(&mut self, release: &str, advisory: &str) {
        let page = format!("https://access.redhat.com/errata/{advisory}");
        self.registry.push_payload(release, "x86_64", &page);
        let major = release.split('.').next().unwrap_or_default();
        let stream = self.releases.streams.entry(format!("{major}-stable")).or_default();
        stream.insert(release.to_owned(), "Accepted".to_owned());
    }

    /// The payload of `release` is signed, once.
    pub(crate) fn sign_payload(&mut self, release: &str, at: Timestamp) {
        let Some(digest) = self.registry.payload(release, "x86_64").map(str::to_owned) else {
            return;
        };
        if !self.signatures.files.contains_key(&digest) {
            let reference = format!("quay.io/openshift-release-dev/ocp-release:{release}-x86_64");
            self.signatures.publish(&digest, &reference, at);
        }
    }

    /// Puts the page of `advisory` (`RHSA-2026:9903`) before the public.
    pub fn publish_page(&mut self, advisory: &str) {
        self.registry.pages.insert(format!("https://access.redhat.com/errata/{advisory}"));
    }

    /// Lets the time pass that the machine's clock has gone on since the last look. A clock that was
    /// set back passes none.
    pub(crate) fn pass_time(&mut self, machine: Timestamp) {
        self.now = self.time_at(machine);
        self.looked_at = self.looked_at.max(Some(machine));
    }

    /// What time it is when the machine's clock says `machine`.
    pub(crate) fn time_at(&self, machine: Timestamp) -> Timestamp {
        let passed = self.looked_at.map(|seen| machine.duration_since(seen));
        let passed = passed.filter(jiff::SignedDuration::is_positive).unwrap_or_default();
        self.now.checked_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// Notes a change.
    pub fn record(&mut self, service: &str, action: &str, target: impl Into<String>) {
        self.effects.push(Effect {
            service: service.to_owned(),
            action: action.to_owned(),
            target: target.into(),
        });
    }

    /// Number of changes of one kind.
    pub fn count(&self, service: &str, action: &str) -> usize {
        self.effects.iter().filter(|e| e.service == service && e.action == action).count()
    }
}
