//! What is known about one run of a Prow job (spec 04 §6, 03 §11.4).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use oar_release::version::VersionError;

/// A run with no trace anywhere counts as ended by an error once its start is this long ago
/// (spec 04 §6).
pub const LOST_AFTER: SignedDuration = SignedDuration::from_hours(48);

/// The name of a ProwJob: what Gangway answers and Deck looks up. A UUID in production.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = VersionError;

    /// A name as Kubernetes allows it; digits alone are a build id, not a run id.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let inner = |byte: u8| allowed(byte) || matches!(byte, b'-' | b'.');
        let ends = |byte: Option<&u8>| byte.is_some_and(|byte| allowed(*byte));
        let bytes = text.as_bytes();
        let named = (1..=253).contains(&bytes.len())
            && bytes.iter().all(|byte| inner(*byte))
            && ends(bytes.first())
            && ends(bytes.last())
            && !bytes.iter().all(u8::is_ascii_digit);
        if named {
            return Ok(Self(text.to_owned()));
        }
        Err(VersionError {
            text: text.to_owned(),
            expected: "the id of a Prow run, such as 6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee",
        })
    }
}

/// How people name a run: by its id, or by the number of its build (spec 03 §11.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunName {
    /// The ProwJob's name.
    Id(RunId),
    /// The number at the end of the run's page.
    Build(String),
}

impl FromStr for RunName {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !text.is_empty() && text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self::Build(text.to_owned()));
        }
        text.parse().map(Self::Id)
    }
}

/// The state of a run. A word that is not known here is kept and shown, and is never a verdict
/// (spec 08 R22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// Waits for a place on a cluster.
    Scheduling,
    /// Accepted, no pod yet.
    Triggered,
    /// Runs.
    Pending,
    /// Ended, all steps passed.
    Success,
    /// Ended, a step failed.
    Failure,
    /// Cancelled.
    Aborted,
    /// The infrastructure failed.
    Error,
    /// Any other word.
    Other(String),
}

impl RunState {
    /// The state that `word` names, in any case; `running` is another word for `pending`. `None`
    /// when there is no word.
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.trim();
        Some(match word.to_ascii_lowercase().as_str() {
            "" | "job_execution_status_unspecified" => return None,
            "scheduling" => Self::Scheduling,
            "triggered" => Self::Triggered,
            "pending" | "running" => Self::Pending,
            "success" => Self::Success,
            "failure" => Self::Failure,
            "aborted" => Self::Aborted,
            "error" => Self::Error,
            _ => Self::Other(word.to_owned()),
        })
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheduling => "scheduling",
            Self::Triggered => "triggered",
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Aborted => "aborted",
            Self::Error => "error",
            Self::Other(word) => word,
        })
    }
}

/// What a state means for a task (spec 03 §11.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunPhase {
    /// It is alive: wait.
    Running,
    /// It passed.
    Passed,
    /// It ran, and its answer is no.
    Failed,
    /// It ended without an answer, cancelled or broken: start another one.
    Interrupted,
    /// Its state is missing or a word that is not known: shown, never a verdict.
    Unknown,
}

/// Where the knowledge about a run comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunSource {
    /// Deck, which knows runs until about a day after their end.
    Deck,
    /// The copy of the ProwJob among the run's artefacts.
    ProwJobFile,
    /// The summary among the run's artefacts: job, result and time only.
    FinishedFile,
    /// Gangway: no environment, no annotations.
    Gangway,
}

/// One run of a Prow job. Fields that its source does not know are empty; a run that has neither
/// state nor page has just been triggered (spec 08 R25).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProwRun {
    /// Its id; the artefacts' summary does not tell it.
    pub id: Option<RunId>,
    /// The job.
    pub job: String,
    /// Its state; `None` when it has none yet.
    pub state: Option<RunState>,
    /// Its page for people.
    pub url: Option<String>,
    /// When it started, as written by Prow (RFC 3339).
    pub started_at: Option<String>,
    /// When it ended, as written by Prow (RFC 3339).
    pub completed_at: Option<String>,
    /// Environment of its containers in order; a later value of a name wins.
    pub env: Vec<(String, String)>,
    /// Annotations of the ProwJob.
    pub annotations: BTreeMap<String, String>,
    /// Who says all this.
    pub source: RunSource,
}

impl ProwRun {
    /// What the state means for a task.
    pub fn phase(&self) -> RunPhase {
        match &self.state {
            Some(RunState::Scheduling | RunState::Triggered | RunState::Pending) => {
                RunPhase::Running
            }
            Some(RunState::Success) => RunPhase::Passed,
            Some(RunState::Failure) => RunPhase::Failed,
            Some(RunState::Aborted | RunState::Error) => RunPhase::Interrupted,
            Some(RunState::Other(_)) | None => RunPhase::Unknown,
        }
    }

    /// The state in words for people: also for runs that have none yet, and for unknown ones.
    pub fn shown_state(&self) -> String {
        match &self.state {
            None if self.url.is_none() => "just triggered".to_owned(),
            None => "in progress (no state yet)".to_owned(),
            Some(RunState::Other(word)) => format!("in progress (unknown: {word})"),
            Some(state) => state.to_string(),
        }
    }

    /// The value of an environment variable of the run.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The page as bucket, job and build, where its artefacts are found.
    pub fn page(&self) -> Option<RunPage> {
        self.url.as_deref()?.parse().ok()
    }

    /// Whether the environment of the run is known: only then can it be told which payload it
    /// looks at.
    pub const fn knows_env(&self) -> bool {
        matches!(self.source, RunSource::Deck | RunSource::ProwJobFile)
    }
}

/// What is known of a run that is to be looked for: any part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunHandle {
    /// Its id.
    pub id: Option<RunId>,
    /// Its page.
    pub page: Option<RunPage>,
}

/// Whether a run that left no trace, started at `triggered_at`, is to be given up as of `now`
/// (spec 04 §6): before that, the tools that show it may only be slow.
pub fn is_lost(triggered_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(triggered_at) >= LOST_AFTER
}

/// The place of a run's artefacts, read from its page:
/// `https://<deck>/view/gs/<bucket>/logs/<job>/<build id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPage {
    bucket: String,
    job: String,
    build_id: String,
}

impl RunPage {
    /// The page of build `build_id` of `job` in `bucket`; `None` when a part cannot be one.
    pub fn new(bucket: &str, job: &str, build_id: &str) -> Option<Self> {
        let word = |text: &str| {
            !text.is_empty()
                && !text.starts_with('.')
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        let number = !build_id.is_empty() && build_id.bytes().all(|byte| byte.is_ascii_digit());
        (word(bucket) && word(job) && number).then(|| Self {
            bucket: bucket.to_owned(),
            job: job.to_owned(),
            build_id: build_id.to_owned(),
        })
    }

    /// The storage bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The job.
    pub fn job(&self) -> &str {
        &self.job
    }

    /// The number of the build.
    pub fn build_id(&self) -> &str {
        &self.build_id
    }

    /// The path of an artefact below the storage's address.
    pub(crate) fn object(&self, name: &str) -> String {
        format!("{}/{}", self.bucket, self.below(name))
    }

    /// The name of an artefact within its bucket.
    pub fn below(&self, name: &str) -> String {
        format!("logs/{}/{}/{name}", self.job, self.build_id)
    }
}

impl fmt::Display for RunPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/logs/{}/{}", self.bucket, self.job, self.build_id)
    }
}

impl FromStr for RunPage {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        page(text.trim()).ok_or_else(|| VersionError {
            text: text.to_owned(),
            expected: "the page of a Prow run, ending in /view/gs/<bucket>/logs/<job>/<number>",
        })
    }
}

fn page(text: &str) -> Option<RunPage> {
    let (_, rest) = text.split_once("/view/gs/")?;
    let rest = rest.split(['?', '#']).next()?.trim_end_matches('/');
    let mut parts = rest.split('/');
    let (bucket, logs, job) = (parts.next()?, parts.next()?, parts.next()?);
    let page = RunPage::new(bucket, job, parts.next()?)?;
    (logs == "logs" && parts.next().is_none()).then_some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(state: Option<&str>, url: Option<&str>) -> ProwRun {
        ProwRun {
            id: None,
            job: "job".to_owned(),
            state: state.and_then(RunState::from_word),
            url: url.map(str::to_owned),
            started_at: None,
            completed_at: None,
            env: vec![("A".into(), "old".into()), ("A".into(), "new".into())],
            annotations: BTreeMap::new(),
            source: RunSource::Deck,
        }
    }

    #[test]
    fn every_state_has_one_meaning() {
        for (word, phase) in [
            ("scheduling", RunPhase::Running),
            ("triggered", RunPhase::Running),
            ("pending", RunPhase::Running),
            ("Running", RunPhase::Running),
            ("SUCCESS", RunPhase::Passed),
            ("failure", RunPhase::Failed),
            ("aborted", RunPhase::Interrupted),
            ("error", RunPhase::Interrupted),
            ("paused", RunPhase::Unknown),
            ("", RunPhase::Unknown),
            (" ", RunPhase::Unknown),
        ] {
            assert_eq!(run(Some(word), None).phase(), phase, "{word:?}");
        }
        assert_eq!(RunState::from_word("JOB_EXECUTION_STATUS_UNSPECIFIED"), None);
    }

    #[test]
    fn r22_a_new_word_is_in_progress_and_shown() {
        let run = run(Some("Quarantined"), Some("https://example.com"));
        assert_eq!(run.phase(), RunPhase::Unknown);
        assert_eq!(run.shown_state(), "in progress (unknown: Quarantined)");
    }

    #[test]
    fn r25_a_run_without_page_and_state_was_just_triggered() {
        assert_eq!(run(None, None).shown_state(), "just triggered");
        assert_eq!(run(None, None).page(), None);
        assert_eq!(run(Some("pending"), None).shown_state(), "pending");
    }

    #[test]
    fn the_later_value_of_a_variable_wins() {
        assert_eq!(run(None, None).env("A"), Some("new"));
        assert_eq!(run(None, None).env("B"), None);
    }

    #[test]
    fn ids_and_build_numbers_are_told_apart() {
        let id = "6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee";
        assert_eq!(id.parse(), Ok(RunName::Id(RunId(id.to_owned()))));
        assert_eq!(
            " 2100000000000000001 ".parse(),
            Ok(RunName::Build("2100000000000000001".into()))
        );
        for text in ["", " ", "-a", "a-", "A1", "a b", "a/b", "a?x=1", "../a", "ä"] {
            assert!(text.parse::<RunName>().is_err(), "{text}");
        }
    }

    #[test]
    fn pages_are_read_with_a_grammar() {
        let page: RunPage =
            "https://prow.ci.openshift.org/view/gs/test-platform-results/logs/periodic-x/21/?a#b"
                .parse()
                .unwrap();
        assert_eq!(
            (page.bucket(), page.job(), page.build_id()),
            ("test-platform-results", "periodic-x", "21")
        );
        assert_eq!(
            page.object("finished.json"),
            "test-platform-results/logs/periodic-x/21/finished.json"
        );
        for text in [
            "",
            "https://prow.ci.openshift.org/view/gs/b/logs/job",
            "https://prow.ci.openshift.org/view/gs/b/logs/job/x1",
            "https://prow.ci.openshift.org/view/gs/b/logs/../1",
            "https://prow.ci.openshift.org/view/gs/b/pr-logs/job/1",
            "https://prow.ci.openshift.org/view/gs/b/logs/job/1/artifacts",
            "https://prow.ci.openshift.org/view/gs/b%2f/logs/job/1",
        ] {
            assert!(text.parse::<RunPage>().is_err(), "{text}");
        }
    }

    #[test]
    fn spec04_case_16_a_run_without_trace_is_given_up_after_48_hours() {
        let start: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let after = |hours| start + SignedDuration::from_hours(hours);
        assert!(!is_lost(start, after(47)));
        assert!(is_lost(start, after(48)) && is_lost(start, after(49)));
        assert!(!is_lost(start, after(-24)), "a clock that went back proves nothing");
    }
}
