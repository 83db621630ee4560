//! What a driver does next.

use jiff::SignedDuration;

use super::*;

fn decide(facts: &Facts, attempts: &Attempts) -> Next {
    next(facts, &plan(facts), attempts, Goal::Shipped)
}

fn due(facts: &Facts, attempts: &Attempts) -> Vec<&'static str> {
    match decide(facts, attempts) {
        Next::Act(nodes) => nodes.into_iter().map(Node::name).collect(),
        _ => Vec::new(),
    }
}

fn note(facts: &Facts, attempts: &mut Attempts, task: Task, ended: Attempted) -> After {
    attempts.note(&row(facts, task), ended, facts.now)
}

fn later(facts: &Facts, minutes: i64) -> Facts {
    Facts { now: facts.now + SignedDuration::from_mins(minutes), ..facts.clone() }
}

/// Ready for the push, everything else out of the way.
fn ready_to_push() -> Facts {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    facts.alerts = Fact::Known(Alerts::Read { total: 0, blocking: 0 });
    facts
}

#[test]
fn everything_that_may_run_runs_at_once() {
    let mut facts = ready_to_push();
    promoted(&mut facts);
    let expected = [
        "push-to-cdn-staging",
        "image-consistency-check",
        "stage-testing",
        "analyze-promoted-build",
    ];
    assert_eq!(due(&facts, &Attempts::default()), expected);
}

#[test]
fn a_running_job_is_looked_at_and_its_command_runs_only_when_it_has_ended() {
    let mut facts = ready_to_push();
    running(&mut facts, Task::PushToCdnStaging, None);
    let runs = JobState { word: "under way".to_owned(), ended: false };
    facts.jobs.insert(Task::PushToCdnStaging, Fact::Known(runs));
    let attempts = Attempts::default();
    let next_look = facts.now + SignedDuration::from_mins(10);
    assert_eq!(decide(&facts, &attempts), Next::Wait(next_look));

    let ended = JobState { word: "ended".to_owned(), ended: true };
    facts.jobs.insert(Task::PushToCdnStaging, Fact::Known(ended));
    assert_eq!(due(&facts, &attempts), ["push-to-cdn-staging"]);
}

#[test]
fn an_unread_job_is_not_polled_by_its_command() {
    let mut facts = ready_to_push();
    running(&mut facts, Task::PushToCdnStaging, None);
    facts.jobs.insert(Task::PushToCdnStaging, Fact::Unknown { why: "503".to_owned() });
    let five_minutes = facts.now + SignedDuration::from_mins(5);
    assert_eq!(decide(&facts, &Attempts::default()), Next::Wait(five_minutes));
}

#[test]
fn a_job_in_the_queue_is_found_by_its_command() {
    let mut facts = ready_to_push();
    pass(&mut facts, [Task::PushToCdnStaging]);
    promoted(&mut facts);
    pass(&mut facts, [Task::AnalyzePromotedBuild, Task::ImageConsistencyCheck]);
    let queued = JobRef { id: None, queue_id: Some("9".to_owned()), ..job("") };
    running(&mut facts, Task::StageTesting, Some(queued));
    let state = JobState { word: "queued".to_owned(), ended: false };
    facts.jobs.insert(Task::StageTesting, Fact::Known(state));
    let mut attempts = Attempts::default();
    assert_eq!(due(&facts, &attempts), ["stage-testing"]);
    note(&facts, &mut attempts, Task::StageTesting, Attempted::Started);
    assert!(due(&facts, &attempts).is_empty(), "not again at once");
    assert_eq!(due(&later(&facts, 30), &attempts), ["stage-testing"]);
}

#[test]
fn transient_trouble_is_retried_after_1_2_and_4_minutes() {
    let facts = ready_to_push();
    let mut attempts = Attempts::default();
    let push = Task::PushToCdnStaging;
    let transient = Attempted::Unclear { transient: true };
    let mut at = facts.clone();
    for (number, minutes) in [(1, 1), (2, 2), (3, 4)] {
        assert_eq!(due(&at, &attempts), ["push-to-cdn-staging"]);
        let due_at = at.now + SignedDuration::from_mins(minutes);
        let after = note(&at, &mut attempts, push, transient);
        assert_eq!(after, After::Retry { at: due_at, number });
        assert_eq!(decide(&at, &attempts), Next::Wait(due_at));
        at = later(&at, minutes);
    }
    let half_an_hour = at.now + SignedDuration::from_mins(30);
    assert_eq!(note(&at, &mut attempts, push, transient), After::Later { at: half_an_hour });
    let at = later(&at, 30);
    assert_eq!(due(&at, &attempts), ["push-to-cdn-staging"]);
    assert!(matches!(note(&at, &mut attempts, push, transient), After::Retry { number: 1, .. }));
}

#[test]
fn a_transient_failure_is_retried_and_then_left_to_a_person() {
    let mut facts = ready_to_push();
    promoted(&mut facts);
    pass(&mut facts, [Task::AnalyzePromotedBuild, Task::StageTesting, Task::ImageConsistencyCheck]);
    let mut attempts = Attempts::default();
    let transient = Attempted::Failed { transient: true };
    note(&facts, &mut attempts, Task::PushToCdnStaging, transient);
    set(&mut facts, Task::PushToCdnStaging, TaskStatus::Fail);
    for minutes in [1, 2, 4] {
        assert!(due(&facts, &attempts).is_empty());
        facts = later(&facts, minutes);
        assert_eq!(due(&facts, &attempts), ["push-to-cdn-staging"], "{minutes}");
        let after = note(&facts, &mut attempts, Task::PushToCdnStaging, transient);
        assert_eq!(after == After::GivenUp, minutes == 4);
    }
    assert_eq!(decide(&later(&facts, 600), &attempts), Next::Over(Ending::Failed));
}

#[test]
fn a_recorded_failure_of_unknown_cause_is_a_persons() {
    let mut facts = ready_to_push();
    promoted(&mut facts);
    pass(&mut facts, [Task::AnalyzePromotedBuild, Task::PushToCdnStaging]);
    pass(&mut facts, [Task::ImageConsistencyCheck]);
    set(&mut facts, Task::StageTesting, TaskStatus::Fail);
    assert_eq!(decide(&facts, &Attempts::default()), Next::Over(Ending::Failed));
}

#[test]
fn what_a_person_started_again_is_followed() {
    let mut facts = ready_to_push();
    promoted(&mut facts);
    let mut attempts = Attempts::default();
    pass(&mut facts, [Task::AnalyzePromotedBuild, Task::PushToCdnStaging]);
    pass(&mut facts, [Task::ImageConsistencyCheck]);
    let permanent = Attempted::Failed { transient: false };
    assert_eq!(note(&facts, &mut attempts, Task::StageTesting, permanent), After::GivenUp);
    running(&mut facts, Task::StageTesting, Some(job("78")));
    let ended = JobState { word: "SUCCESS".to_owned(), ended: true };
    facts.jobs.insert(Task::StageTesting, Fact::Known(ended));
    assert_eq!(due(&facts, &attempts), ["stage-testing"]);
}

/// Everything before the stage tests is out of the way, and so is what goes on beside them.
fn ready_for_stage_tests() -> Facts {
    let mut facts = ready_to_push();
    promoted(&mut facts);
    pass(&mut facts, [Task::AnalyzePromotedBuild, Task::PushToCdnStaging]);
    pass(&mut facts, [Task::ImageConsistencyCheck]);
    facts
}

/// Stage tests that ended, and are to be recorded.
fn ended(facts: &mut Facts, build: &str, begun: &str) {
    let job = JobRef { triggered_at: begun.to_owned(), ..job(build) };
    running(facts, Task::StageTesting, Some(job));
    let ended = JobState { word: "FAILURE".to_owned(), ended: true };
    facts.jobs.insert(Task::StageTesting, Fact::Known(ended));
}

#[test]
fn what_ended_and_cannot_be_recorded_ends_the_drive() {
    let mut facts = ready_for_stage_tests();
    ended(&mut facts, "77", "2026-03-09T08:00:00Z");
    let mut attempts = Attempts::default();
    let no_credential = Attempted::Unclear { transient: false };
    assert_eq!(note(&facts, &mut attempts, Task::StageTesting, no_credential), After::GivenUp);
    attempts.observe(&plan(&facts));
    assert_eq!(decide(&later(&facts, 60), &attempts), Next::Over(Ending::Failed));
}

#[test]
fn the_job_that_a_person_started_in_place_of_a_failed_one_is_followed() {
    let mut facts = ready_for_stage_tests();
    ended(&mut facts, "77", "2026-03-09T08:00:00Z");
    let mut attempts = Attempts::default();
    let failed = Attempted::Failed { transient: false };
    assert_eq!(note(&facts, &mut attempts, Task::StageTesting, failed), After::GivenUp);
    set(&mut facts, Task::StageTesting, TaskStatus::Fail);
    attempts.observe(&plan(&facts));
    assert_eq!(decide(&facts, &attempts), Next::Over(Ending::Failed));
    ended(&mut facts, "78", "2026-03-09T12:00:00Z");
    attempts.observe(&plan(&facts));
    assert_eq!(due(&facts, &attempts), ["stage-testing"]);
}

#[test]
fn a_task_that_a_person_reset_is_started() {
    let mut facts = ready_for_stage_tests();
    let mut attempts = Attempts::default();
    let failed = Attempted::Failed { transient: false };
    assert_eq!(note(&facts, &mut attempts, Task::StageTesting, failed), After::GivenUp);
    set(&mut facts, Task::StageTesting, TaskStatus::Fail);
    attempts.observe(&plan(&facts));
    set(&mut facts, Task::StageTesting, TaskStatus::NotStarted);
    attempts.observe(&plan(&facts));
    assert_eq!(due(&facts, &attempts), ["stage-testing"]);
}

#[test]
fn a_job_that_is_aborted_again_and_again_is_started_three_more_times() {
    let mut facts = ready_for_stage_tests();
    let mut attempts = Attempts::default();
    for number in 0.. {
        assert_eq!(due(&facts, &attempts), ["stage-testing"], "start {number}");
        note(&facts, &mut attempts, Task::StageTesting, Attempted::Started);
        ended(&mut facts, &format!("{number}"), &format!("2026-03-09T08:0{number}:00Z"));
        attempts.observe(&plan(&facts));
        assert_eq!(due(&facts, &attempts), ["stage-testing"], "recording {number}");
        let reset = Attempted::Failed { transient: true };
        let after = note(&facts, &mut attempts, Task::StageTesting, reset);
        set(&mut facts, Task::StageTesting, TaskStatus::NotStarted);
        attempts.observe(&plan(&facts));
        if after == After::GivenUp {
            assert_eq!(number, 3);
            break;
        }
        facts = later(&facts, 4);
    }
    assert_eq!(decide(&later(&facts, 600), &attempts), Next::Over(Ending::Failed));
}

#[test]
fn two_drivers_together_start_an_aborted_job_no_more_than_eight_times() {
    let mut facts = ready_for_stage_tests();
    let mut drivers = [Attempts::default(), Attempts::default()];
    let mut starts = 0;
    for round in 0..60 {
        let driver = &mut drivers[round % 2];
        driver.observe(&plan(&facts));
        if due(&facts, driver) == ["stage-testing"] {
            if verdict(&facts, Task::StageTesting) == Verdict::Run {
                starts += 1;
                note(&facts, driver, Task::StageTesting, Attempted::Started);
                ended(&mut facts, "1", &format!("2026-03-09T08:{round:02}:00Z"));
            } else {
                let reset = Attempted::Failed { transient: true };
                note(&facts, driver, Task::StageTesting, reset);
                set(&mut facts, Task::StageTesting, TaskStatus::NotStarted);
            }
        }
        facts = later(&facts, 4);
    }
    assert!((4..=8).contains(&starts), "{starts}");
    for driver in &drivers {
        assert_eq!(decide(&facts, driver), Next::Over(Ending::Failed));
    }
}

#[test]
fn a_failure_that_another_driver_recorded_is_not_retried() {
    let mut facts = ready_for_stage_tests();
    ended(&mut facts, "77", "2026-03-09T08:00:00Z");
    let mut attempts = Attempts::default();
    let outage = Attempted::Unclear { transient: true };
    assert!(matches!(
        note(&facts, &mut attempts, Task::StageTesting, outage),
        After::Retry { number: 1, .. }
    ));
    set(&mut facts, Task::StageTesting, TaskStatus::Fail);
    attempts.observe(&plan(&facts));
    assert_eq!(decide(&later(&facts, 1), &attempts), Next::Over(Ending::Failed));
}

#[test]
fn a_blocker_stops_its_branch_only() {
    let mut facts = ready_to_push();
    view(&mut facts).issues.push(blocker("CDN is down", &["push-to-cdn-staging"]));
    let half_an_hour = facts.now + SignedDuration::from_mins(30);
    assert_eq!(decide(&facts, &Attempts::default()), Next::Wait(half_an_hour), "the promotion");
    promoted(&mut facts);
    pass(&mut facts, [Task::AnalyzePromotedBuild, Task::StageTesting, Task::ImageConsistencyCheck]);
    assert_eq!(decide(&facts, &Attempts::default()), Next::Over(Ending::Blocked));
}

#[test]
fn a_rejected_build_ends_with_the_question() {
    let mut facts = ready_to_push();
    promoted(&mut facts);
    pass(&mut facts, [Task::PushToCdnStaging, Task::StageTesting, Task::ImageConsistencyCheck]);
    facts.promoted_tests = Fact::Known(TestResult::Rejected);
    assert_eq!(decide(&facts, &Attempts::default()), Next::Over(Ending::NeedsDecision));
}

#[test]
fn what_only_informs_keeps_nobody_waiting() {
    let mut facts = ready_to_push();
    promoted(&mut facts);
    pass(&mut facts, [Task::AnalyzePromotedBuild, Task::StageTesting, Task::ImageConsistencyCheck]);
    view(&mut facts).issues.push(blocker("CDN is down", &["push-to-cdn-staging"]));
    facts.candidate = Fact::Known(Some("4.99.0-0.nightly-2026-02-20-010203".to_owned()));
    facts.candidate_tests = Fact::Known(TestResult::Running);
    assert_eq!(decide(&facts, &Attempts::default()), Next::Over(Ending::Blocked));
    let goal = Goal::Task(Task::AnalyzeCandidateBuild);
    let ten_minutes = facts.now + SignedDuration::from_mins(10);
    let next = next(&facts, &plan(&facts), &Attempts::default(), goal);
    assert_eq!(next, Next::Wait(ten_minutes));
}

#[test]
fn bugs_are_dropped_by_people() {
    let mut facts = Facts { flow: Fact::Known(Flow::Errata), ..facts() };
    pass(&mut facts, Task::ALL.into_iter().filter(|task| *task != Task::DropBugs));
    set(&mut facts, Task::ChangeAdvisoryStatus, TaskStatus::NotStarted);
    promoted(&mut facts);
    facts.now = "2026-03-14T08:00:00Z".parse().unwrap();
    assert_eq!(verdict(&facts, Task::DropBugs), Verdict::Run);
    assert_eq!(due(&facts, &Attempts::default()), ["change-advisory-status"]);
}

#[test]
fn security_alerts_are_reported_when_the_report_is_not_what_they_say() {
    let mut facts = ready_to_push();
    pass(&mut facts, [Task::PushToCdnStaging]);
    assert!(due(&facts, &Attempts::default()).is_empty());
    facts.alerts = Fact::Known(Alerts::Read { total: 2, blocking: 1 });
    assert_eq!(due(&facts, &Attempts::default()), ["check-rhcos-security-alerts"]);
    let check = "check-rhcos-security-alerts";
    let told = Issue { blocker: false, ..blocker("told", &[check]) };
    view(&mut facts).issues.push(told.clone());
    assert_eq!(due(&facts, &Attempts::default()), [check], "a person's issue says nothing");
    let told = Issue { source: Some(check.to_owned()), ..told };
    view(&mut facts).issues.push(told);
    assert!(due(&facts, &Attempts::default()).is_empty());
    facts.alerts = Fact::Known(Alerts::Read { total: 2, blocking: 0 });
    assert_eq!(due(&facts, &Attempts::default()), ["check-rhcos-security-alerts"]);
}

#[test]
fn the_goal_ends_the_drive() {
    let mut facts = ready_to_push();
    let plan_of = plan(&facts);
    let goal = Goal::Task(Task::CheckCveTrackerBug);
    let over = next(&facts, &plan_of, &Attempts::default(), goal);
    assert_eq!(over, Next::Over(Ending::Reached));
    // What this release does not have is not waited for.
    let goal = Goal::Task(Task::DropBugs);
    let over = next(&facts, &plan_of, &Attempts::default(), goal);
    assert_eq!(over, Next::Over(Ending::Reached));
    facts.shipped = Fact::Known(true);
    assert_eq!(decide(&facts, &Attempts::default()), Next::Over(Ending::Shipped));
}

#[test]
fn for_a_task_only_what_leads_to_it_is_done() {
    let mut facts = ready_to_push();
    promoted(&mut facts);
    facts.candidate = Fact::Known(Some("4.99.0-0.nightly-2026-02-20-010203".to_owned()));
    facts.candidate_tests = Fact::Known(TestResult::Rejected);
    let of =
        |facts: &Facts, task| next(facts, &plan(facts), &Attempts::default(), Goal::Task(task));
    assert_eq!(
        of(&facts, Task::AnalyzeCandidateBuild),
        Next::Over(Ending::NeedsDecision),
        "the push leads elsewhere"
    );
    let push = Next::Act(vec![Node::Task(Task::PushToCdnStaging)]);
    assert_eq!(of(&facts, Task::PushToCdnStaging), push);
    let Next::Act(many) = of(&facts, Task::ImageSignedCheck) else { panic!("there is work") };
    assert_eq!(many.len(), 4, "{many:?}");
    facts.state = Fact::Known(State::Missing);
    let create = Next::Act(vec![Node::Task(Task::CreateTestReport)]);
    assert_eq!(of(&facts, Task::StageTesting), create);
}
