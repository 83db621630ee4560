//! Tasks whose work is a job elsewhere: whatever breaks, the job is started once, and what is not
//! known decides nothing (spec 03 §11.5 and §11.6, 05 §6.6; promises P2 to P5).

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use oar_operators::report::CommandReport;
use oar_operators::tasks::image_consistency_check::{self, Backend, Request};
use oar_operators::tasks::stage_testing;
use oar_release::{Task, TaskOutcome, TaskStatus};
use oar_sandbox::fault::{Faults, Kind, Rule};
use oar_slack::{MockSlackRead, MockSlackWrite, SlackError};
use oar_statebox::{JobChange, TaskUpdate};

use crate::desk::release;
use crate::lab::Lab;

/// A task and where its job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Job {
    StageTests,
    OnProw,
    OnJenkins,
}

const ALL: [Job; 3] = [Job::StageTests, Job::OnProw, Job::OnJenkins];
const IMAGES: [Job; 2] = [Job::OnProw, Job::OnJenkins];

impl Job {
    const fn task(self) -> Task {
        match self {
            Self::StageTests => Task::StageTesting,
            Self::OnProw | Self::OnJenkins => Task::ImageConsistencyCheck,
        }
    }

    /// The service that starts it, as the sandbox names it.
    const fn service(self) -> &'static str {
        match self {
            Self::OnProw => "gangway",
            Self::StageTests | Self::OnJenkins => "jenkins",
        }
    }

    const fn backend(self) -> Backend {
        match self {
            Self::OnProw => Backend::Prow,
            Self::StageTests | Self::OnJenkins => Backend::Jenkins,
        }
    }

    async fn run_with(self, lab: &Lab, force: bool) -> CommandReport {
        let context = &lab.desk.context;
        match self {
            Self::StageTests => {
                stage_testing::run(context, &release(), stage_testing::Request::Start).await
            }
            Self::OnProw | Self::OnJenkins => {
                let request = Request::Start { backend: self.backend(), force };
                image_consistency_check::run(context, &release(), &request).await
            }
        }
    }

    async fn run(self, lab: &Lab) -> CommandReport {
        self.run_with(lab, false).await
    }

    /// Looks at the recorded job.
    async fn look(self, lab: &Lab) -> CommandReport {
        let context = &lab.desk.context;
        match self {
            Self::StageTests => {
                stage_testing::run(context, &release(), stage_testing::Request::Recorded).await
            }
            Self::OnProw | Self::OnJenkins => {
                image_consistency_check::run(context, &release(), &Request::Recorded).await
            }
        }
    }
}

fn is_in_progress(report: &CommandReport) -> bool {
    matches!(&report.outcome, TaskOutcome::InProgress { job: Some(job) } if job.id.is_some())
}

#[tokio::test(start_paused = true)]
async fn a_job_is_started_once_and_its_end_recorded() {
    for job in ALL {
        let lab = Lab::new();
        assert!(is_in_progress(&job.run(&lab).await), "{job:?}");
        let again = job.run(&lab).await;
        assert!(matches!(again.outcome, TaskOutcome::Unchanged { .. }), "{job:?}: {again:?}");
        lab.later(Duration::from_hours(2));
        let ended = job.run(&lab).await;
        assert_eq!(ended.outcome, TaskOutcome::Pass, "{job:?}: {ended:?}");
        assert!(matches!(job.run(&lab).await.outcome, TaskOutcome::Unchanged { .. }), "{job:?}");
        assert_eq!(lab.started(), 1, "{job:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_trigger_fails_the_task_and_the_next_run_starts_it() {
    for job in ALL {
        let lab = Lab::new();
        let refusal = Rule::once(job.service(), Kind::Status(400)).method(Method::POST);
        lab.sandbox.plant(refusal);
        let report = job.run(&lab).await;
        assert!(matches!(report.outcome, TaskOutcome::Fail { .. }), "{job:?}: {report:?}");
        let entry = lab.entry(job.task().name());
        assert!(entry.contains("status: Fail") && !entry.contains("job:"), "{job:?}: {entry}");
        assert!(is_in_progress(&job.run(&lab).await), "{job:?}");
        assert_eq!(lab.started(), 1, "{job:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_up_and_nothing_is_started_twice() {
    for job in ALL {
        for kind in [Kind::ResetAfter, Kind::StatusAfter(502), Kind::Truncated] {
            let lab = Lab::new();
            lab.sandbox.plant(Rule::once(job.service(), kind.clone()).method(Method::POST));
            let report = job.run(&lab).await;
            assert!(is_in_progress(&report), "{job:?} {kind:?}: {report:?}");
            assert_eq!(lab.started(), 1, "{job:?} {kind:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_lost_answer_cannot_be_looked_up_the_claim_stays() {
    for job in ALL {
        let lab = Lab::new();
        lab.sandbox.plant(Rule::once(job.service(), Kind::ResetAfter).method(Method::POST));
        // What was there before is read, what is there after the trigger is not.
        let before = if job == Job::OnProw { 0 } else { 2 };
        for service in [job.service(), "deck"] {
            let silence = Rule::once(service, Kind::Status(503)).method(Method::GET);
            lab.sandbox.plant(silence.skip(before).times(u32::MAX));
        }
        let report = job.run(&lab).await;
        assert!(!report.success, "{job:?}: {report:?}");
        assert!(matches!(report.outcome, TaskOutcome::Undetermined { .. }), "{job:?}: {report:?}");
        let entry = lab.entry(job.task().name());
        assert!(entry.contains("In Progress") && entry.contains("claim:"), "{job:?}: {entry}");

        lab.sandbox.set_faults(Faults::default());
        let early = job.run(&lab).await;
        assert!(matches!(early.outcome, TaskOutcome::Unchanged { .. }), "{job:?}: {early:?}");
        lab.later(Duration::from_mins(20));
        let late = job.run(&lab).await;
        assert!(is_in_progress(&late), "{job:?}: {late:?}");
        assert_eq!(lab.started(), 1, "{job:?}");
    }
}

/// Prow and Jenkins forget everything.
fn forget_all(world: &mut oar_sandbox::world::World) {
    world.prow.runs.clear();
    world.jenkins.items.clear();
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_gone_is_started_again_when_that_is_sure() {
    for job in ALL {
        let lab = Lab::new();
        assert!(is_in_progress(&job.run(&lab).await), "{job:?}");
        lab.sandbox.change(forget_all).expect("a change");
        if job == Job::OnProw {
            // Prow may be slow to show a run: it is given up after two days.
            let young = job.run(&lab).await;
            assert!(matches!(young.outcome, TaskOutcome::Undetermined { .. }), "{young:?}");
            assert_eq!(lab.started(), 1);
            lab.later(Duration::from_hours(49));
        }
        assert!(is_in_progress(&job.run(&lab).await), "{job:?}");
        assert_eq!(lab.started(), 2, "{job:?}");
    }
}

/// Two drivers saw that a job had ended: both want to record it, and neither may start another.
#[tokio::test(start_paused = true)]
async fn whoever_only_looks_at_the_recorded_job_starts_none() {
    for job in ALL {
        let lab = Lab::new();
        let fail = |world: &mut oar_sandbox::world::World| {
            "FAILURE".clone_into(&mut world.jenkins.ends_as);
            "failure".clone_into(&mut world.prow.ends_as);
        };
        lab.sandbox.change(fail).expect("a change");
        let early = job.look(&lab).await;
        assert!(matches!(early.outcome, TaskOutcome::Unchanged { .. }), "{job:?}: {early:?}");
        assert!(is_in_progress(&job.run(&lab).await), "{job:?}");
        let running = job.look(&lab).await;
        assert!(matches!(running.outcome, TaskOutcome::Unchanged { .. }), "{job:?}: {running:?}");
        lab.later(Duration::from_hours(2));
        let ended = job.look(&lab).await;
        assert!(matches!(ended.outcome, TaskOutcome::Fail { .. }), "{job:?}: {ended:?}");
        let late = job.look(&lab).await;
        assert!(matches!(late.outcome, TaskOutcome::Unchanged { .. }), "{job:?}: {late:?}");
        assert_eq!(lab.started(), 1, "{job:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_recorded_job_that_is_gone_is_to_be_started_again_by_the_next() {
    for job in ALL {
        let lab = Lab::new();
        assert!(is_in_progress(&job.run(&lab).await), "{job:?}");
        lab.sandbox.change(forget_all).expect("a change");
        lab.later(Duration::from_hours(49));
        assert_eq!(job.look(&lab).await.outcome, TaskOutcome::Reset, "{job:?}");
        assert_eq!(lab.started(), 1, "{job:?}");
        assert!(is_in_progress(&job.run(&lab).await), "{job:?}");
    }
}

/// The texts of the StateBox, one for each commit.
fn history(lab: &Lab) -> Vec<String> {
    let commits = lab.desk.repo.commits().into_iter();
    let contents = commits.flat_map(|commit| commit.changes).filter_map(|change| change.content);
    contents.map(|content| String::from_utf8(content).expect("text")).collect()
}

#[tokio::test(start_paused = true)]
async fn spec03_case_28_of_two_runs_in_the_record_the_newer_is_followed_and_none_started() {
    let lab = Lab::new();
    let newer = Job::OnProw.run(&lab).await.job.and_then(|job| job.id).expect("an id");
    let older = "00000000-0000-4000-8000-000000000001";
    // As the former tool left it: two lines, and no reference.
    let line = |id: &str| {
        format!("2026-03-02T09:00:00Z: INFO: Triggered image consistency check Prow job: {id}\n")
    };
    let text = line(older) + &line(&newer);
    let task = Task::ImageConsistencyCheck;
    let mut left = TaskUpdate::status(task, TaskStatus::InProgress).with_result(text);
    left.job = JobChange::Clear;
    let who = lab.desk.context.who("test");
    lab.desk.context.boxes.update_task(&release(), &left, &who).await.expect("written");
    for _ in 0..3 {
        let report = Job::OnProw.run(&lab).await;
        assert!(report.success, "{report:?}");
        let entry = lab.entry(task.name());
        assert!(entry.contains("status: In Progress") && entry.contains(&newer), "{entry}");
    }
    assert_eq!(lab.started(), 1);
}

#[tokio::test(start_paused = true)]
async fn spec03_case_29_after_an_aborted_run_one_is_started_and_its_id_stored_before_its_page() {
    for state in ["aborted", "error"] {
        let lab = Lab::new();
        lab.sandbox.change(|world| world.prow.ends_after = 0).expect("a change");
        lab.sandbox.change(|world| state.clone_into(&mut world.prow.ends_as)).expect("a change");
        let first = Job::OnProw.run(&lab).await.job.and_then(|job| job.id).expect("an id");
        lab.sandbox.change(|world| world.prow.ends_after = 3600).expect("a change");
        let before = history(&lab).len();
        let second = Job::OnProw.run(&lab).await.job.and_then(|job| job.id).expect("an id");
        assert_ne!(first, second);
        assert_eq!(lab.started(), 2, "{state}");
        let run = lab.sandbox.world(|world| world.prow.runs[&second].env.clone());
        let names: Vec<&str> = run.keys().map(String::as_str).collect();
        let wanted = ["MERGE_REQUEST_ID", "PAYLOAD_URL"];
        assert_eq!(names, wanted.map(|name| format!("MULTISTAGE_PARAM_OVERRIDE_{name}")));
        let line = format!("INFO: Triggered image consistency check Prow job: {second}");
        let stored = history(&lab).split_off(before);
        let with_id = stored.iter().find(|text| text.contains(&line)).expect("a commit with it");
        assert!(!with_id.contains("Prow job URL"), "{with_id}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_record_of_a_build_names_it_before_it_left_the_queue() {
    for job in [Job::StageTests, Job::OnJenkins] {
        let lab = Lab::new();
        lab.sandbox.change(|world| world.jenkins.waits = 8).expect("a change");
        assert!(is_in_progress(&job.run(&lab).await), "{job:?}");
        let stored = history(&lab);
        let queued = |text: &&String| text.contains("/queue/item/") && text.contains("triggered ");
        assert!(stored.iter().any(|text| queued(&text)), "{job:?}: {stored:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn spec03_case_30_while_the_run_cannot_be_looked_up_nothing_is_started() {
    let lab = Lab::new();
    Job::OnProw.run(&lab).await;
    let before = lab.desk.text();
    for service in ["deck", "gcs", "gangway"] {
        lab.sandbox.plant(Rule::once(service, Kind::Status(503)).times(u32::MAX));
    }
    let report = Job::OnProw.run(&lab).await;
    assert!(!report.success, "{report:?}");
    assert_eq!((lab.desk.text(), lab.started()), (before, 1));
}

#[tokio::test(start_paused = true)]
async fn spec03_case_30_two_runs_at_the_same_time_start_one_job() {
    for job in ALL {
        let lab = Lab::new();
        let (one, two) = tokio::join!(job.run(&lab), job.run(&lab));
        let in_progress = [&one, &two].into_iter().filter(|report| is_in_progress(report)).count();
        assert_eq!((in_progress, lab.started()), (1, 1), "{job:?}: {one:?} {two:?}");
        assert!(one.success && two.success, "{job:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn spec05_case_39_a_queued_item_of_ours_is_adopted_and_one_of_another_release_is_not() {
    for (ours, jobs) in [(true, 1), (false, 2)] {
        let lab = Lab::new();
        let job = Job::StageTests;
        lab.sandbox.change(|world| world.jenkins.waits = 86_400).expect("a change");
        let queued = job.run(&lab).await;
        assert!(matches!(&queued.outcome, TaskOutcome::InProgress { job: Some(_) }), "{queued:?}");
        // Somebody else's state knows nothing of it.
        let reset = TaskUpdate::status(job.task(), TaskStatus::NotStarted);
        let who = lab.desk.context.who("test");
        lab.desk.context.boxes.update_task(&release(), &reset, &who).await.expect("a reset");
        if !ours {
            let other = |world: &mut oar_sandbox::world::World| {
                for item in world.jenkins.items.values_mut() {
                    for (_, value) in &mut item.parameters {
                        *value = value.replace("4.99.3", "4.99.30");
                    }
                }
            };
            lab.sandbox.change(other).expect("a change");
        }
        let again = job.run(&lab).await;
        let TaskOutcome::InProgress { job: Some(found) } = &again.outcome else {
            panic!("{again:?}")
        };
        assert_eq!(found.queue_id.as_deref() == queued.job.unwrap().queue_id.as_deref(), ours);
        assert_eq!(lab.started(), jobs);
    }
}

#[tokio::test(start_paused = true)]
async fn spec05_case_13_a_silent_slack_changes_nothing_about_a_started_job() {
    for job in ALL {
        let mut lab = Lab::new();
        let mut write = MockSlackWrite::new();
        write
            .expect_post()
            .returning(|_| Err(SlackError::Token { code: "invalid_auth".to_owned() }));
        let messenger = lab.desk.context.messenger.as_mut().expect("a messenger");
        messenger.write = Arc::new(write);
        let mut read = MockSlackRead::new();
        read.expect_find_said().returning(|_, _| Ok(None));
        messenger.read = Arc::new(read);
        let report = job.run(&lab).await;
        assert!(is_in_progress(&report) && report.success, "{job:?}: {report:?}");
        let told = report.warnings.iter().filter(|line| line.contains("was not sent"));
        assert_eq!(told.count(), 1, "{job:?}: {:?}", report.warnings);
        assert!(!report.output.contains(": ERROR:"), "{job:?}: {}", report.output);
        assert!(lab.entry(job.task().name()).contains("status: In Progress"), "{job:?}");
        job.run(&lab).await;
        assert_eq!(lab.started(), 1, "{job:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn force_starts_another_check_after_a_pass() {
    for job in IMAGES {
        let lab = Lab::new();
        job.run(&lab).await;
        lab.later(Duration::from_hours(2));
        assert_eq!(job.run(&lab).await.outcome, TaskOutcome::Pass, "{job:?}");
        assert!(is_in_progress(&job.run_with(&lab, true).await), "{job:?}");
        assert_eq!(lab.started(), 2, "{job:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn force_starts_another_run_on_prow_and_adopts_the_build_on_jenkins() {
    for (job, jobs) in [(Job::OnProw, 2), (Job::OnJenkins, 1)] {
        let lab = Lab::new();
        job.run(&lab).await;
        assert!(is_in_progress(&job.run_with(&lab, true).await), "{job:?}");
        assert_eq!(lab.started(), jobs, "{job:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn undetermined_health_stays_in_progress_until_the_images_are_graded() {
    for job in IMAGES {
        let lab = Lab::new();
        job.run(&lab).await;
        lab.later(Duration::from_hours(2));
        lab.sandbox.plant(Rule::once("pyxis", Kind::Status(503)).times(u32::MAX));
        let open = job.run(&lab).await;
        assert!(is_in_progress(&open), "{job:?}: {open:?}");
        assert!(open.warnings.iter().any(|line| line.contains("undetermined")), "{job:?}");
        lab.sandbox.set_faults(Faults::default());
        let closed = job.run(&lab).await;
        assert_eq!(closed.outcome, TaskOutcome::Pass, "{job:?}: {closed:?}");
        assert_eq!(lab.started(), 1, "{job:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_of_the_other_backend_is_found_and_not_doubled() {
    for (first, second) in [(Job::OnProw, Job::OnJenkins), (Job::OnJenkins, Job::OnProw)] {
        let lab = Lab::new();
        assert!(is_in_progress(&first.run(&lab).await), "{first:?}");
        let other = second.run(&lab).await;
        assert!(matches!(other.outcome, TaskOutcome::Unchanged { .. }), "{second:?}: {other:?}");
        lab.later(Duration::from_hours(2));
        assert_eq!(second.run(&lab).await.outcome, TaskOutcome::Pass, "{second:?}");
        assert_eq!(lab.started(), 1, "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unfinished_claim_of_jenkins_keeps_prow_from_starting_a_second_check() {
    let lab = Lab::new();
    lab.sandbox.plant(Rule::once("jenkins", Kind::ResetAfter).method(Method::POST));
    let silence = Rule::once("jenkins", Kind::Status(503)).method(Method::GET);
    lab.sandbox.plant(silence.skip(2).times(u32::MAX));
    Job::OnJenkins.run(&lab).await;
    lab.sandbox.set_faults(Faults::default());
    lab.later(Duration::from_mins(20));
    let prow = Job::OnProw.run(&lab).await;
    assert!(matches!(prow.outcome, TaskOutcome::Undetermined { .. }), "{prow:?}");
    assert!(is_in_progress(&Job::OnJenkins.run(&lab).await));
    assert_eq!(lab.started(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_build_of_the_image_check_is_started_anew_and_a_bad_one_fails() {
    for (word, status) in [
        ("ABORTED", "Not Started"),
        ("NOT_BUILT", "Not Started"),
        ("FAILURE", "Fail"),
        ("UNSTABLE", "Fail"),
    ] {
        let lab = Lab::new();
        lab.sandbox.change(|world| word.clone_into(&mut world.jenkins.ends_as)).expect("a change");
        let number = Job::OnJenkins.run(&lab).await.job.and_then(|job| job.id);
        let number = number.and_then(|id| id.parse().ok()).expect("a number");
        lab.later(Duration::from_hours(2));
        let request = Request::Build(number);
        image_consistency_check::run(&lab.desk.context, &release(), &request).await;
        let entry = lab.entry("image-consistency-check");
        assert!(entry.contains(&format!("status: {status}")), "{word}: {entry}");
        assert!(is_in_progress(&Job::OnJenkins.run(&lab).await), "{word}");
        assert_eq!(lab.started(), 2, "{word}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_build_of_another_release_decides_nothing() {
    let lab = Lab::new();
    Job::OnJenkins.run(&lab).await;
    let other = |world: &mut oar_sandbox::world::World| {
        for item in world.jenkins.items.values_mut() {
            for (_, value) in &mut item.parameters {
                *value = value.replace("4.99.3", "4.99.30");
            }
        }
    };
    lab.sandbox.change(other).expect("a change");
    lab.later(Duration::from_hours(2));
    let before = lab.desk.text();
    let request = Request::Build(1);
    let report = image_consistency_check::run(&lab.desk.context, &release(), &request).await;
    let error = report.error.expect("an error");
    assert!(error.message.contains("4.99.30"), "{error:?}");
    assert_eq!(lab.desk.text(), before);
}

#[tokio::test(start_paused = true)]
async fn spec03_case_33_without_the_token_nothing_is_started_or_marked() {
    let mut lab = Lab::new();
    let missing = oar_operators::services::NotSetUp::new("APITOKEN is not set");
    lab.desk.context.services.prow_token = Err(missing);
    let before = lab.desk.text();
    let report = Job::OnProw.run(&lab).await;
    assert!(!report.success && report.error.is_some());
    assert!(!report.output.contains("status is changed to"), "{}", report.output);
    assert_eq!((lab.desk.text(), lab.started()), (before, 0));
}
