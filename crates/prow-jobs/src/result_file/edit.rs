//! Changes of a result file. Each is a function of the freshest file and may be applied again:
//! what is known of a run is written to the run of that id, wherever it stands now; a run that
//! somebody took away stays away; what others added stays (spec 04 §3).

use jiff::Timestamp;
use oar_release::time::stamp;
use serde_json::{Map, Value, json};

use super::ResultFile;
use super::view::Claim;
use crate::run::{ProwRun, RunId};

/// What was found out about a run; absent parts stay as they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFacts {
    /// When it started.
    pub started_at: Option<String>,
    /// Its page.
    pub url: Option<String>,
    /// Its state, as a word.
    pub state: Option<String>,
    /// When it ended.
    pub completed_at: Option<String>,
    /// When it was started by us, or first missed.
    pub triggered_at: Option<String>,
    /// Counts of its tests.
    pub summary: Option<Map<String, Value>>,
}

impl RunFacts {
    /// What Prow tells.
    pub fn of(run: &ProwRun) -> Self {
        Self {
            started_at: run.started_at.clone(),
            url: run.url.clone(),
            state: run.state.as_ref().map(ToString::to_string),
            completed_at: run.completed_at.clone(),
            triggered_at: None,
            summary: None,
        }
    }
}

/// Which run of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The first.
    First,
    /// A retry.
    Retry,
}

/// A change by hand that does not fit the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The build was not tested by this job.
    #[error("the file has no job {job:?}")]
    NoSuchJob {
        /// The job.
        job: String,
    },
    /// The job has no such run.
    #[error("{job} has no run {id}")]
    NoSuchRun {
        /// The job.
        job: String,
        /// The run.
        id: String,
    },
    /// A run counts once.
    #[error("run {id} is in the file already")]
    RunInUse {
        /// The run.
        id: String,
    },
}

/// The keys of a run in the order in which the tools write them.
const RUN_KEYS: [&str; 7] = [
    "jobStartTime",
    "jobID",
    "jobURL",
    "jobState",
    "jobCompletionTime",
    "testResultSummary",
    "triggeredAt",
];

impl ResultFile {
    /// Writes what is known of the runs with this id. A run that ended stays ended.
    pub fn record(&mut self, id: &str, facts: &RunFacts) {
        let runs = self.entries().flat_map(runs).filter(|run| run_id(run) == Some(id));
        runs.for_each(|run| record(run, facts));
    }

    /// Adds a run that was started at `at`. A job that the file does not have gets an entry; a run
    /// that it has already is not added again.
    pub fn add_run(&mut self, job: &str, slot: Slot, id: &RunId, at: Timestamp) {
        if self.has_run(id.as_str()) {
            return;
        }
        let run = json!({ "jobID": id.as_str(), "triggeredAt": stamp(at) });
        match self.entry(job) {
            None => {
                let entry = json!({ "jobName": job, "firstJob": run });
                self.list("result").push(entry);
            }
            // Somebody else started the first run meanwhile: ours counts as a run, not as nothing.
            Some(entry) => {
                if slot == Slot::First {
                    tracing::warn!(job, id = id.as_str(), "a second first run is kept as a retry");
                }
                let retries = entry.entry("retriedJobs").or_insert_with(|| json!([]));
                if let Some(retries) = retries.as_array_mut() {
                    retries.push(run);
                }
            }
        }
    }

    /// Makes this run, started at `at`, the only one of the job; the runs before it are forgotten.
    pub fn start_anew(&mut self, job: &str, id: &RunId, at: Timestamp) {
        if self.has_run(id.as_str()) {
            return;
        }
        if let Some(entry) = self.entry(job) {
            entry.shift_remove("retriedJobs");
            entry.insert(
                "firstJob".to_owned(),
                json!({ "jobID": id.as_str(), "triggeredAt": stamp(at) }),
            );
        } else {
            self.add_run(job, Slot::First, id, at);
        }
    }

    /// Gives the job its list of retries, as files have it from the first pass on.
    pub fn settle(&mut self, job: &str) {
        if let Some(entry) = self.entry(job) {
            entry.entry("retriedJobs").or_insert_with(|| json!([]));
        }
    }

    /// Notes who is starting retries of `job`, or first runs without a job.
    pub fn claim(&mut self, job: Option<&str>, claim: &Claim) {
        let value = json!({ "at": stamp(claim.at), "by": claim.by });
        if let Some(place) = self.claimed(job) {
            place.insert("retryClaim".to_owned(), value);
        }
    }

    /// Takes the claim `by` back; a claim of somebody else stays.
    pub fn unclaim(&mut self, job: Option<&str>, by: &str) {
        if let Some(place) = self.claimed(job)
            && place.get("retryClaim").and_then(|claim| claim["by"].as_str()) == Some(by)
        {
            place.shift_remove("retryClaim");
        }
    }

    /// Closes the file.
    pub fn conclude(&mut self, accepted: bool) {
        self.document.insert("aggregated".to_owned(), Value::Bool(true));
        self.document.insert("accepted".to_owned(), Value::Bool(accepted));
    }

    /// Opens the file again: the verdict has to be found anew.
    pub fn reopen(&mut self) {
        self.document.shift_remove("aggregated");
        self.document.shift_remove("accepted");
    }

    /// A person accepts the build. The machine's verdict stays as it is.
    pub fn promote(&mut self) {
        self.document.insert("aggregated".to_owned(), Value::Bool(false));
        self.document.insert("manual_promotion".to_owned(), Value::Bool(true));
    }

    /// Puts the run `new` in the place of `current` and opens the file again (spec 04 §11).
    pub fn replace_run(&mut self, job: &str, current: &str, new: &RunId) -> Result<(), EditError> {
        if self.has_run(new.as_str()) {
            return Err(EditError::RunInUse { id: new.to_string() });
        }
        let no_run = || EditError::NoSuchRun { job: job.to_owned(), id: current.to_owned() };
        let entry = self.entry(job).ok_or_else(|| EditError::NoSuchJob { job: job.to_owned() })?;
        let run = runs(entry).find(|run| run_id(run) == Some(current)).ok_or_else(no_run)?;
        *run = json!({ "jobID": new.as_str() });
        self.reopen();
        Ok(())
    }

    fn has_run(&mut self, id: &str) -> bool {
        self.entries().flat_map(runs).any(|run| run_id(run) == Some(id))
    }

    fn claimed(&mut self, job: Option<&str>) -> Option<&mut Map<String, Value>> {
        match job {
            None => Some(&mut self.document),
            Some(job) => self.entry(job),
        }
    }

    fn list(&mut self, key: &str) -> &mut Vec<Value> {
        let list = self.document.entry(key).or_insert_with(|| json!([]));
        if !list.is_array() {
            *list = json!([]);
        }
        list.as_array_mut().expect("it was made one in the line above")
    }

    fn entries(&mut self) -> impl Iterator<Item = &mut Map<String, Value>> {
        self.list("result").iter_mut().filter_map(Value::as_object_mut)
    }

    fn entry(&mut self, job: &str) -> Option<&mut Map<String, Value>> {
        self.entries().find(|entry| entry.get("jobName").and_then(Value::as_str) == Some(job))
    }
}

fn runs(entry: &mut Map<String, Value>) -> impl Iterator<Item = &mut Value> {
    let (mut first, mut retries) = (None, None);
    for (key, value) in entry.iter_mut() {
        match key.as_str() {
            "firstJob" => first = Some(value),
            "retriedJobs" => retries = value.as_array_mut(),
            _ => {}
        }
    }
    first.into_iter().chain(retries.into_iter().flatten())
}

fn run_id(run: &Value) -> Option<&str> {
    run.get("jobID").and_then(Value::as_str)
}

fn record(run: &mut Value, facts: &RunFacts) {
    let Some(run) = run.as_object_mut() else { return };
    let had = run.len();
    let has_ended = run.contains_key("jobCompletionTime");
    let mut set = |key: &str, value: &Option<String>| {
        if let Some(value) = value {
            run.insert(key.to_owned(), Value::String(value.clone()));
        }
    };
    if !has_ended {
        set("jobStartTime", &facts.started_at);
        set("jobURL", &facts.url);
        set("jobState", &facts.state);
        set("jobCompletionTime", &facts.completed_at);
    }
    if let Some(at) = &facts.triggered_at {
        run.entry("triggeredAt").or_insert_with(|| Value::String(at.clone()));
    }
    if let Some(summary) = &facts.summary {
        run.insert("testResultSummary".to_owned(), Value::Object(summary.clone()));
    }
    if run.len() > had {
        in_order(run);
    }
}

/// Known keys as the tools order them, then the others.
fn in_order(run: &mut Map<String, Value>) {
    let mut ordered = Map::new();
    for key in RUN_KEYS {
        if let Some(value) = run.shift_remove(key) {
            ordered.insert(key.to_owned(), value);
        }
    }
    ordered.append(run);
    *run = ordered;
}

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;
    use crate::result_file::BuildVerdict;

    fn at() -> Timestamp {
        "2030-01-02T03:04:05Z".parse().unwrap()
    }

    fn id(text: &str) -> RunId {
        text.parse().unwrap()
    }

    fn success() -> RunFacts {
        RunFacts {
            started_at: Some("2030-01-02T03:05:00Z".to_owned()),
            url: Some("https://example.com".to_owned()),
            state: Some("success".to_owned()),
            completed_at: Some("2030-01-02T06:01:00Z".to_owned()),
            ..RunFacts::default()
        }
    }

    #[test]
    fn facts_go_to_the_run_of_the_id_in_the_order_of_the_tools() {
        let mut file = file(&[("a", "one", ""), ("b", "two", "")]);
        file.record("two", &success());
        let run = &file.document["result"][1]["firstJob"];
        let keys: Vec<&String> = run.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["jobStartTime", "jobID", "jobURL", "jobState", "jobCompletionTime"]);
        assert!(file.jobs()[1].first.is_success());
        assert!(!file.jobs()[0].first.is_completed());
        file.record("three", &success());
        let again = file.clone();
        file.record("two", &RunFacts { state: Some("pending".to_owned()), ..RunFacts::default() });
        assert_eq!(file, again, "a run that ended stays ended");
    }

    #[test]
    fn a_run_is_added_once_and_never_instead_of_another() {
        let mut file = file(&[]);
        file.add_run("a", Slot::First, &id("one"), at());
        file.add_run("a", Slot::First, &id("one"), at());
        file.add_run("a", Slot::First, &id("two"), at());
        file.add_run("a", Slot::Retry, &id("three"), at());
        let jobs = file.jobs();
        let ids: Vec<&str> = jobs[0].runs().map(|run| run.id.as_str()).collect();
        assert_eq!((jobs.len(), ids), (1, vec!["one", "two", "three"]));
        assert_eq!(jobs[0].first.triggered_at, Some(at()));
    }

    #[test]
    fn a_claim_is_taken_back_only_by_whoever_made_it() {
        let mut file = file(&[("a", "one", "failure")]);
        let before = file.text();
        let claim = Claim { at: at(), by: "me".to_owned() };
        file.claim(Some("a"), &claim);
        file.claim(None, &claim);
        assert_eq!(file.jobs()[0].claim.as_ref(), Some(&claim));
        assert_eq!(file.start_claim(), Some(claim));
        file.unclaim(Some("a"), "you");
        assert!(file.jobs()[0].claim.is_some());
        file.unclaim(Some("a"), "me");
        file.unclaim(None, "me");
        assert_eq!(file.text(), before, "nothing is left of it");
    }

    #[test]
    fn spec04_case_34_a_replaced_run_reopens_the_file_and_changes_nothing_else() {
        let mut file = file(&[("a", "one", "failure"), ("b", "two", "success")]);
        file.add_run("a", Slot::Retry, &id("retry"), at());
        file.conclude(false);
        file.promote();
        file.conclude(false);
        let before = file.clone();
        assert_eq!(
            file.replace_run("a", "none", &id("new")),
            Err(EditError::NoSuchRun { job: "a".to_owned(), id: "none".to_owned() })
        );
        assert!(matches!(
            file.replace_run("c", "one", &id("new")),
            Err(EditError::NoSuchJob { .. })
        ));
        assert!(matches!(
            file.replace_run("a", "one", &id("two")),
            Err(EditError::RunInUse { .. })
        ));
        assert_eq!(file, before, "a refusal changes nothing");

        file.replace_run("a", "retry", &id("new")).unwrap();
        let mut expected = before.clone();
        expected.document["result"][0]["retriedJobs"][0] = json!({ "jobID": "new" });
        expected.reopen();
        assert_eq!(file, expected);
        assert!(file.is_promoted() && file.accepted().is_none());
        file.replace_run("b", "two", &id("newer")).unwrap();
        assert_eq!(file.jobs()[1].first.id, "newer", "a first run, too");
    }

    #[test]
    fn the_verdict_for_readers_follows_the_keys() {
        let mut file = file(&[]);
        assert_eq!(file.verdict(), BuildVerdict::Pending);
        file.conclude(false);
        assert_eq!(file.verdict(), BuildVerdict::Rejected);
        file.promote();
        assert_eq!(file.verdict(), BuildVerdict::AcceptedByHand);
        assert_eq!(file.accepted(), Some(false), "the machine's verdict stays");
        file.conclude(true);
        assert_eq!(file.verdict(), BuildVerdict::Accepted);
    }
}
