//! The rules against the spec's cases, against a model of best-of-N, and against their own promises.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::registry::JobSpec;
use crate::result_file::{RecordedJob, RecordedRun};
use crate::run::RunState;

const END: &str = "2030-01-02T06:00:00Z";

fn soon() -> Timestamp {
    END.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(1)
}

fn late() -> Timestamp {
    END.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(7)
}

fn run(state: &str) -> RecordedRun {
    let ended = !matches!(state, "" | "pending" | "triggered" | "scheduling");
    RecordedRun {
        id: state.to_owned(),
        started_at: "2030-01-02T03:00:00Z".parse().ok(),
        triggered_at: None,
        url: None,
        state: RunState::from_word(state),
        completed_at: ended.then(|| END.to_owned()),
        has_summary: false,
    }
}

fn job(name: &str, states: &[&str]) -> RecordedJob {
    RecordedJob {
        job: name.to_owned(),
        first: run(states[0]),
        retries: states[1..].iter().map(|state| run(state)).collect(),
        claim: None,
    }
}

fn spec(retries: u32) -> JobSpec {
    JobSpec { retries, ..JobSpec::new("a") }
}

fn verdict(states: &[&str], retries: u32) -> JobVerdict {
    judge_job(&job("a", states), &spec(retries), soon()).verdict
}

#[test]
fn spec04_case_02_best_of_three() {
    assert_eq!(verdict(&["failure", "success", "success"], 2), JobVerdict::Success);
    assert_eq!(verdict(&["failure", "success", "failure"], 2), JobVerdict::Failed);
    assert_eq!(verdict(&["failure", "failure", "failure"], 2), JobVerdict::Failed);
}

#[test]
fn spec04_case_03_best_of_five() {
    let three = ["failure", "success", "success", "failure", "success"];
    assert_eq!(verdict(&three, 4), JobVerdict::Success);
    assert_eq!(
        verdict(&["failure", "success", "success", "failure", "failure"], 4),
        JobVerdict::Failed
    );
}

#[test]
fn spec04_case_04_a_missing_retry_is_due_and_the_job_is_not_completed() {
    let standing = judge_job(&job("a", &["failure", "success"]), &spec(2), soon());
    let expected = JobStanding {
        verdict: JobVerdict::Pending,
        retries_due: 1,
        retries_given_up: 0,
        is_collected: false,
    };
    assert_eq!(standing, expected);
    // A majority that is out of reach needs no more runs.
    let standing = judge_job(&job("a", &["failure", "failure"]), &spec(2), soon());
    assert_eq!((standing.verdict, standing.retries_due), (JobVerdict::Failed, 0));
    // After the window the job has failed, and the missing run is told.
    let standing = judge_job(&job("a", &["failure", "success"]), &spec(2), late());
    assert_eq!((standing.verdict, standing.retries_given_up), (JobVerdict::Failed, 1));
    assert!(standing.is_collected);
}

#[test]
fn spec04_case_06_an_infrastructure_error_is_retried_like_a_failure() {
    for state in ["error", "aborted", "failure"] {
        let standing = judge_job(&job("a", &[state]), &spec(2), soon());
        assert_eq!((standing.verdict, standing.retries_due), (JobVerdict::Pending, 2), "{state}");
    }
    // A state nobody knows is no verdict, whatever the time (R22).
    let standing = judge_job(&job("a", &["quarantined"]), &spec(2), late());
    assert_eq!((standing.verdict, standing.is_collected), (JobVerdict::Pending, false));
}

#[test]
fn spec04_case_07_optional_jobs_neither_block_nor_accept() {
    let optional = |name: &str| JobSpec { optional: true, ..JobSpec::new(name) };
    let recorded = [job("a", &["failure"]), job("b", &["success"])];
    let standing = judge_build(&recorded, &[optional("a"), JobSpec::new("b")], soon());
    assert_eq!(standing.jobs[0].standing.retries_due, 0);
    assert_eq!((standing.accepted, standing.is_collected), (Some(true), true));

    let recorded = [job("a", &["success"])];
    let standing = judge_build(&recorded, &[optional("a")], soon());
    assert_eq!((standing.accepted, standing.is_collected), (Some(false), true));
    assert_eq!(standing.counts.required, 0);
}

#[test]
fn spec04_case_08_a_job_without_a_run_keeps_the_build_open_then_rejects_it() {
    let registry =
        [JobSpec::new("a"), JobSpec::new("b"), JobSpec { disabled: true, ..JobSpec::new("c") }];
    let recorded = [job("a", &["success"])];
    // The runs began at three.
    let in_time = "2030-01-02T08:59:00Z".parse().unwrap();
    let standing = judge_build(&recorded, &registry, in_time);
    assert_eq!(standing.missing.len(), 1);
    assert!(standing.missing[0].is_due && standing.missing[0].spec.job == "b");
    assert_eq!((standing.accepted, standing.is_collected), (None, false));
    let standing = judge_build(&recorded, &registry, late());
    assert_eq!((standing.accepted, standing.is_collected), (Some(false), true));
    assert!(!standing.missing[0].is_due);
    // Without any recorded start there is no window that could be over.
    assert!(judge_build(&[], &registry, late()).missing.iter().all(|job| job.is_due));
}

#[test]
fn spec04_case_09_entries_without_a_registry_job_do_not_count() {
    let recorded = [job("gone", &["failure"]), job("a", &["success"]), job("b", &["success"])];
    let registry = [JobSpec::new("a"), JobSpec::new("b")];
    let standing = judge_build(&recorded, &registry, soon());
    assert_eq!((standing.accepted, standing.is_collected), (Some(true), true));
    assert_eq!((standing.counts.total, standing.counts.required), (2, 2));
    // If nothing is left in scope, what was recorded counts.
    let standing = judge_build(&[job("gone", &["success"])], &[], soon());
    assert_eq!((standing.accepted, standing.is_collected), (Some(true), true));
    let standing = judge_build(&[], &[], soon());
    assert_eq!(
        (standing.accepted, standing.is_collected),
        (None, false),
        "an empty file stays open"
    );
}

#[test]
fn spec04_case_09_a_job_that_was_disabled_meanwhile_counts_no_more_than_one_that_is_gone() {
    let disabled = |name: &str| JobSpec { disabled: true, ..JobSpec::new(name) };
    let recorded = [job("off", &["failure"]), job("a", &["success"])];
    let standing = judge_build(&recorded, &[disabled("off"), JobSpec::new("a")], soon());
    assert_eq!((standing.accepted, standing.is_collected), (Some(true), true));
    assert_eq!((standing.counts.total, standing.left_out), (1, vec!["off".to_owned()]));
    // If nothing else is left it counts, whatever the registry calls it, and is never started again.
    let off = JobSpec { optional: true, ..disabled("off") };
    for (state, accepted) in [("success", true), ("failure", false)] {
        let standing = judge_build(&[job("off", &[state])], std::slice::from_ref(&off), soon());
        assert_eq!((standing.accepted, standing.is_collected), (Some(accepted), true));
        assert_eq!((standing.jobs[0].standing.retries_due, standing.left_out.len()), (0, 0));
    }
}

#[test]
fn an_optional_job_that_changes_the_verdict_is_told() {
    let optional = |name: &str| JobSpec { optional: true, ..JobSpec::new(name) };
    let recorded = [job("o", &["failure"]), job("a", &["success"]), job("p", &["success"])];
    let registry = [optional("o"), JobSpec::new("a"), optional("p"), optional("never")];
    let standing = judge_build(&recorded, &registry, late());
    assert_eq!((standing.accepted, standing.excused()), (Some(true), vec!["o", "never"]));
    // Where they make no difference there is nothing to tell.
    let recorded = [job("o", &["failure"]), job("a", &["failure", "failure", "failure"])];
    let standing = judge_build(&recorded, &[optional("o"), JobSpec::new("a")], soon());
    assert_eq!((standing.accepted, standing.excused().len()), (Some(false), 0));
}

#[test]
fn the_verdict_comes_before_the_last_run_has_ended() {
    let optional = JobSpec { optional: true, ..JobSpec::new("o") };
    let recorded = [job("a", &["failure", "success", "success"]), job("o", &["pending"])];
    let standing = judge_build(&recorded, &[spec(2), optional], soon());
    assert_eq!((standing.accepted, standing.is_collected), (Some(true), false));
    let recorded = [job("a", &["failure", "failure", "pending"]), job("b", &["pending"])];
    let standing = judge_build(&recorded, &[spec(2), JobSpec::new("b")], soon());
    assert_eq!((standing.accepted, standing.is_collected), (Some(false), false));
}

#[test]
fn files_of_older_tools_with_other_counts_have_no_tie() {
    // One retry of two, three of two: more than half of the runs that count.
    assert_eq!(verdict(&["failure", "success", "success", "failure"], 2), JobVerdict::Failed);
    assert_eq!(verdict(&["failure", "success", "success", "success"], 2), JobVerdict::Success);
    let standing = judge_job(&job("a", &["failure", "success"]), &spec(2), late());
    assert_eq!(standing.verdict, JobVerdict::Failed, "1 of 2 is no majority");
}

fn states() -> impl Strategy<Value = Vec<&'static str>> {
    let state = prop::sample::select(vec!["success", "failure", "error", "aborted", "pending"]);
    prop::collection::vec(state, 1..9)
}

/// The plain definition: every way in which what is open may end.
fn by_trying(states: &[&str], planned: usize) -> JobVerdict {
    if states[0] == "success" {
        return JobVerdict::Success;
    }
    if states[0] == "pending" {
        return JobVerdict::Pending;
    }
    let runs = planned.max(states.len());
    let successes = states.iter().filter(|state| **state == "success").count();
    let open = states.iter().filter(|state| **state == "pending").count() + runs - states.len();
    let ends: Vec<bool> = (0..=open).map(|good| 2 * (successes + good) > runs).collect();
    match (ends[0], ends[open]) {
        (true, _) => JobVerdict::Success,
        (_, false) => JobVerdict::Failed,
        _ => JobVerdict::Pending,
    }
}

proptest! {
    #[test]
    fn the_verdict_is_what_no_end_of_the_open_runs_can_change(
        states in states(), pairs in 1_u32..4
    ) {
        let planned = usize::try_from(1 + 2 * pairs).unwrap();
        prop_assert_eq!(verdict(&states, 2 * pairs), by_trying(&states, planned));
    }

    #[test]
    fn a_better_run_never_makes_a_worse_verdict(states in states(), at in any::<prop::sample::Index>()) {
        let rank = |verdict| match verdict {
            JobVerdict::Failed => 0,
            JobVerdict::Pending => 1,
            JobVerdict::Success => 2,
        };
        let mut better = states.clone();
        better[at.index(states.len())] = "success";
        prop_assert!(rank(verdict(&better, 2)) >= rank(verdict(&states, 2)));
    }

    #[test]
    fn a_build_is_accepted_only_with_every_required_job(all in prop::collection::vec(states(), 1..5)) {
        let names = ["a", "b", "c", "d"];
        let recorded: Vec<RecordedJob> =
            all.iter().zip(names).map(|(states, name)| job(name, states)).collect();
        let registry: Vec<JobSpec> = names.map(JobSpec::new).into();
        for now in [soon(), late()] {
            let standing = judge_build(&recorded, &registry, now);
            let each = registry.iter().all(|spec| {
                let job = recorded.iter().find(|job| job.job == spec.job);
                job.is_some_and(|job| judge_job(job, spec, now).verdict == JobVerdict::Success)
            });
            prop_assert_eq!(standing.accepted == Some(true), each);
            prop_assert_eq!(standing.counts.success + standing.counts.failed + standing.counts.pending,
                            standing.counts.total);
        }
    }
}
