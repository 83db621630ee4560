//! What the Errata Tool answers, in words.

use jiff::Timestamp;
use serde::Serialize;

use crate::state::AdvisoryState;
use crate::words::{AdvisoryId, ErratumKind};

/// One advisory, as one request reads it (spec 02 §3.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Erratum {
    /// Its number.
    pub id: AdvisoryId,
    /// Its type.
    pub kind: ErratumKind,
    /// Its state.
    pub state: AdvisoryState,
    /// Its public name with revision, `RHSA-2026:90001-02`.
    pub name: Option<String>,
    /// One line about it.
    pub synopsis: Option<String>,
    /// What it carries: `docker`, `rpm`.
    pub content_types: Vec<String>,
    /// Approval of the documentation.
    pub docs: Approval,
    /// Approval of Product Security.
    pub prodsec: Approval,
    /// Advisories that must be pushed before this one.
    pub blocking: Vec<AdvisoryId>,
    /// Advisories that wait for this one.
    pub dependent: Vec<AdvisoryId>,
    /// Account number of the QE owner.
    pub assigned_to: Option<u64>,
    /// Account number of the package owner.
    pub package_owner: Option<u64>,
    /// How often its content was replaced after it came to QE.
    pub respins: u32,
    /// Keys of the attached Jira issues. Bugzilla ids are left alone and not shown.
    pub issues: Vec<String>,
    /// CVE names of a security advisory.
    pub cves: Vec<String>,
    /// The announced date, when one is set by hand.
    pub publish_date: Option<Timestamp>,
}

impl Erratum {
    /// Whether it carries container images.
    pub fn has_images(&self) -> bool {
        self.content_types.iter().any(|content| content == "docker")
    }

    /// Whether the issue `key` is attached.
    pub fn has_issue(&self, key: &str) -> bool {
        self.issues.iter().any(|issue| issue == key)
    }
}

/// How far an approval by another team has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Nobody was asked.
    NotRequested,
    /// Asked for.
    Requested,
    /// Given.
    Approved,
}

/// An account of the Errata Tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What the Errata Tool takes for the account; usually an address.
    pub login: String,
    /// Its address.
    pub email: Option<String>,
    /// Whether it is in use.
    pub enabled: bool,
}

impl User {
    /// Whether this is the account of `email`, in any case.
    pub fn is(&self, email: &str) -> bool {
        let same = |known: &str| known.eq_ignore_ascii_case(email);
        same(&self.login) || self.email.as_deref().is_some_and(same)
    }
}

/// Status of a push job (spec 02 §1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushStatus {
    /// Done.
    Complete,
    /// Given up.
    Failed,
    /// Any other word: under way, also one that is not known (R22).
    Running(String),
}

impl PushStatus {
    /// The wire's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Complete => "COMPLETE",
            Self::Failed => "FAILED",
            Self::Running(word) => word,
        }
    }
}

impl From<&str> for PushStatus {
    fn from(word: &str) -> Self {
        match word {
            "COMPLETE" => Self::Complete,
            "FAILED" => Self::Failed,
            other => Self::Running(other.to_owned()),
        }
    }
}

impl Serialize for PushStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One push job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PushJob {
    /// Its number; a later job has a higher one.
    pub id: u64,
    /// Where it pushes to: `cdn_stage`, `cdn`.
    pub target: String,
    /// How far it is.
    pub status: PushStatus,
}

impl PushJob {
    /// Whether it pushes to staging; a live push neither blocks nor satisfies it.
    pub fn is_stage(&self) -> bool {
        self.target.ends_with("_stage")
    }
}

/// A build that an advisory ships.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Build {
    /// For which product version.
    pub product_version: String,
    /// Name, version, release.
    pub nvr: String,
}

/// What the security checks of an advisory say (spec 02 §3.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SecurityAlerts {
    /// The alerts.
    pub alerts: Vec<SecurityAlert>,
    /// Whether any of this blocks the advisory.
    pub blocking: bool,
}

impl SecurityAlerts {
    /// The alerts that block.
    pub fn blockers(&self) -> impl Iterator<Item = &SecurityAlert> {
        self.alerts.iter().filter(|alert| alert.blocking)
    }
}

/// One alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecurityAlert {
    /// Its name.
    pub name: String,
    /// What was found.
    pub text: String,
    /// What that means.
    pub description: String,
    /// What to do about it.
    pub how_to_resolve: String,
    /// Whether it blocks by itself.
    pub blocking: bool,
}

/// Status of a container verification test (spec 02 §1, §3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CvpStatus {
    /// Passed.
    Passed,
    /// Failed, and somebody said that this is fine.
    Waived,
    /// Not done yet.
    Pending,
    /// Failed.
    Failed,
    /// Cannot be run.
    Ineligible,
    /// Another word: not good, and no failure either (R22).
    Unknown(String),
}

impl CvpStatus {
    /// The wire's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Passed => "PASSED",
            Self::Waived => "WAIVED",
            Self::Pending => "PENDING",
            Self::Failed => "FAILED",
            Self::Ineligible => "INELIGIBLE",
            Self::Unknown(word) => word,
        }
    }
}

impl From<&str> for CvpStatus {
    fn from(word: &str) -> Self {
        match word {
            "PASSED" => Self::Passed,
            "WAIVED" => Self::Waived,
            "PENDING" => Self::Pending,
            "FAILED" => Self::Failed,
            "INELIGIBLE" => Self::Ineligible,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl Serialize for CvpStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One container verification test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CvpTest {
    /// Its number, part of the page's address.
    pub id: u64,
    /// The advisory it belongs to.
    pub advisory: AdvisoryId,
    /// The build it looked at; `None` when the Errata Tool does not say.
    pub nvr: Option<String>,
    /// How it went.
    pub status: CvpStatus,
}

/// An advisory that an issue is attached to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IssueAdvisory {
    /// Its number.
    pub id: AdvisoryId,
    /// Its state.
    pub state: AdvisoryState,
    /// Its public name.
    pub name: Option<String>,
}

/// A comment on an advisory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comment {
    /// Its number.
    pub id: u64,
    /// Its text.
    pub text: String,
    /// Who wrote it, as the Errata Tool says.
    pub author: Option<String>,
}

/// What the page of state guards says about pushing to staging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StagePushGuard {
    /// The content is on staging.
    Satisfied,
    /// What is on staging is not the current content.
    Blocking,
    /// The page does not speak of it, or in words that are not known.
    NotFound,
}
