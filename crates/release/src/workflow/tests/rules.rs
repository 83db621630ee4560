//! The rules of spec 01 §12.4 and §12.5, one by one.

use super::*;
use Verdict::{Blocked, Done, NeedsDecision, NotApplicable, Poll, Retry, Run, Stopped, Waiting};

#[test]
fn rule_1_what_passed_stays_done_whatever_else_is_open() {
    let mut facts = facts();
    pass(&mut facts, [Task::ImageSignedCheck]);
    view(&mut facts).issues.push(blocker("general", &[]));
    view(&mut facts).issues.push(blocker("own", &["image-signed-check"]));
    assert_eq!(verdict(&facts, Task::ImageSignedCheck), Done);
}

#[test]
fn rule_2_a_job_with_a_reference_is_polled() {
    let mut facts = facts();
    running(&mut facts, Task::ImageConsistencyCheck, Some(job("uuid-1")));
    running(&mut facts, Task::StageTesting, Some(job("77")));
    let images = row(&facts, Task::ImageConsistencyCheck);
    assert_eq!(images.verdict, Poll);
    assert_eq!(images.command.as_deref(), Some("oar -r 4.99.3 image-consistency-check -i uuid-1"));
    assert!(images.recheck_after_s.is_some());
    let stage = row(&facts, Task::StageTesting);
    assert_eq!(stage.command.as_deref(), Some("oar -r 4.99.3 stage-testing -n 77"));

    let old = JobRef { system: JobSystem::Jenkins, ..job("1234") };
    running(&mut facts, Task::ImageConsistencyCheck, Some(old));
    let command = row(&facts, Task::ImageConsistencyCheck).command.unwrap();
    assert!(command.ends_with("--backend jenkins -n 1234"), "{command}");

    let queued = JobRef { id: None, queue_id: Some("9".to_owned()), ..job("") };
    running(&mut facts, Task::StageTesting, Some(queued));
    let stage = row(&facts, Task::StageTesting);
    assert_eq!(
        (stage.verdict, stage.command.as_deref()),
        (Poll, Some("oar -r 4.99.3 stage-testing"))
    );
}

#[test]
fn r22_an_unknown_state_of_a_job_is_shown_and_is_no_failure() {
    let mut facts = facts();
    running(&mut facts, Task::StageTesting, Some(job("77")));
    let state = JobState { word: "scheduling".to_owned(), ended: false };
    facts.jobs.insert(Task::StageTesting, Fact::Known(state));
    let shown = row(&facts, Task::StageTesting);
    assert_eq!((shown.verdict, &*shown.reason), (Poll, "the job is scheduling"));

    let ended = JobState { word: "SUCCESS".to_owned(), ended: true };
    facts.jobs.insert(Task::StageTesting, Fact::Known(ended));
    assert!(row(&facts, Task::StageTesting).reason.contains("ended with SUCCESS"));

    let why = "Jenkins answers 503".to_owned();
    facts.jobs.insert(Task::StageTesting, Fact::Unknown { why });
    let shown = row(&facts, Task::StageTesting);
    assert_eq!((shown.verdict, shown.command), (Waiting, None));
    assert!(shown.reason.starts_with("unknown: ") && shown.reason.contains("503"));
}

#[test]
fn rule_2_the_push_is_its_own_poll() {
    let mut facts = facts();
    running(&mut facts, Task::PushToCdnStaging, None);
    let push = row(&facts, Task::PushToCdnStaging);
    assert_eq!((push.verdict, push.recheck_after_s), (Poll, Some(600)));
}

#[test]
fn rule_2_a_running_approval_is_read_here_or_from_the_advisories() {
    let mut facts = facts();
    let approval = |facts: &Facts| row(facts, Task::ChangeAdvisoryStatus);
    running(&mut facts, Task::ChangeAdvisoryStatus, Some(job("approval-1")));
    facts.approval_job_here = Fact::Known(true);
    assert_eq!(approval(&facts).verdict, Poll);

    facts.approval_job_here = Fact::Known(false);
    facts.advisories_ready = Fact::Known(true);
    assert!(approval(&facts).reason.contains("REL_PREP"));
    assert_eq!(approval(&facts).verdict, Poll);

    facts.advisories_ready = Fact::Known(false);
    assert_eq!(approval(&facts).verdict, Waiting);
    // The job's patience counts from the release day when that is to come, for 14 days at most.
    assert!(approval(&facts).reason.contains("2026-03-15T07:55:00Z"));
    facts.release_date = Fact::Known("2026-Mar-01".parse().unwrap());
    assert!(approval(&facts).reason.contains("2026-03-03T07:55:00Z"));

    // Past the deadline the job is gone; a new one starts when all its conditions hold.
    facts.now = "2026-03-03T07:55:00Z".parse().unwrap();
    assert!(approval(&facts).reason.contains("waiting on take-ownership"));
    facts.advisories_ready = Fact::Unknown { why: "no ticket".to_owned() };
    assert_eq!(approval(&facts).reason, "unknown: advisory states: no ticket");
}

#[test]
fn rule_3_a_lost_job_is_started_again_when_its_conditions_hold() {
    let mut facts = facts();
    running(&mut facts, Task::StageTesting, None);
    assert_eq!(verdict(&facts, Task::StageTesting), Waiting);
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    promoted(&mut facts);
    let stage = row(&facts, Task::StageTesting);
    assert_eq!(stage.verdict, Run);
    assert!(stage.reason.starts_with("in progress without a job that can be found"));
    running(&mut facts, Task::CheckCveTrackerBug, None);
    assert_eq!(verdict(&facts, Task::CheckCveTrackerBug), Run);
}

#[test]
fn a_claim_keeps_others_away_for_fifteen_minutes() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    promoted(&mut facts);
    let claimed = JobRef { id: None, claim: Some("c1".to_owned()), ..job("") };
    running(&mut facts, Task::StageTesting, Some(claimed));
    let stage = row(&facts, Task::StageTesting);
    assert_eq!((stage.verdict, stage.recheck_after_s), (Waiting, Some(600)));
    facts.now = "2026-03-01T08:10:00Z".parse().unwrap();
    assert_eq!(verdict(&facts, Task::StageTesting), Run);
}

#[test]
fn rule_4_a_failure_with_a_blocker_is_blocked_and_one_without_may_be_retried() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    set(&mut facts, Task::PushToCdnStaging, TaskStatus::Fail);
    let push = row(&facts, Task::PushToCdnStaging);
    assert_eq!(push.verdict, Retry);
    assert_eq!(push.command.as_deref(), Some("oar -r 4.99.3 push-to-cdn-staging"));

    view(&mut facts).issues.push(blocker("advisory in NEW_FILES", &["push-to-cdn-staging"]));
    let push = row(&facts, Task::PushToCdnStaging);
    assert_eq!((push.verdict, push.blockers), (Blocked, vec!["advisory in NEW_FILES".to_owned()]));
    facts.overridden.insert(Task::PushToCdnStaging);
    assert_eq!(
        verdict(&facts, Task::PushToCdnStaging),
        Blocked,
        "an override is for a first start"
    );

    view(&mut facts).issues[0].resolved = true;
    assert_eq!(verdict(&facts, Task::PushToCdnStaging), Retry);
    view(&mut facts).issues[0] =
        Issue { blocker: false, ..blocker("note", &["push-to-cdn-staging"]) };
    assert_eq!(verdict(&facts, Task::PushToCdnStaging), Retry, "only blockers block");
}

#[test]
fn rule_5_blockers_hold_up_what_has_not_started_unless_overridden() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    view(&mut facts).issues.push(blocker("b", &["push-to-cdn-staging", "stage-testing"]));
    assert_eq!(verdict(&facts, Task::PushToCdnStaging), Blocked);
    facts.overridden.insert(Task::PushToCdnStaging);
    assert_eq!(verdict(&facts, Task::PushToCdnStaging), Run);
    view(&mut facts).issues.push(blocker("a", &[]));
    let push = row(&facts, Task::PushToCdnStaging);
    assert_eq!((push.verdict, push.blockers), (Blocked, vec!["a".to_owned()]));
}

#[test]
fn rule_6_a_predecessor_that_is_open_is_waited_on_and_a_failed_one_stops() {
    let mut facts = facts();
    assert_eq!(row(&facts, Task::CheckCveTrackerBug).reason, "waiting on take-ownership");
    set(&mut facts, Task::TakeOwnership, TaskStatus::Fail);
    let cve = row(&facts, Task::CheckCveTrackerBug);
    assert_eq!((cve.verdict, &*cve.reason), (Stopped, "take-ownership failed"));
    // Only the branch behind the failure stops.
    facts.candidate = Fact::Known(Some("4.99.0-0.nightly-2026-02-20-010203".to_owned()));
    assert_eq!(verdict(&facts, Task::AnalyzeCandidateBuild), Run);
}

#[test]
fn the_cve_check_counts_as_done_when_its_blockers_are_resolved() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership]);
    set(&mut facts, Task::CheckCveTrackerBug, TaskStatus::Fail);
    assert_eq!(verdict(&facts, Task::CheckCveTrackerBug), Retry, "no blocker names it");
    view(&mut facts).issues.push(blocker("CVE-1 missed", &["check-cve-tracker-bug"]));
    view(&mut facts).issues.push(blocker("CVE-2 missed", &["check-cve-tracker-bug"]));
    assert_eq!(verdict(&facts, Task::CheckCveTrackerBug), Blocked);
    assert_eq!(verdict(&facts, Task::PushToCdnStaging), Stopped);
    view(&mut facts).issues[0].resolved = true;
    assert_eq!(verdict(&facts, Task::PushToCdnStaging), Stopped);
    view(&mut facts).issues[1].resolved = true;
    assert_eq!(verdict(&facts, Task::CheckCveTrackerBug), Done);
    assert_eq!(verdict(&facts, Task::PushToCdnStaging), Run);
}

#[test]
fn rule_7_unknown_facts_are_waited_for_and_never_guessed() {
    let unknown = || "503".to_owned();
    let mut facts = facts();
    facts.owner = Fact::Unknown { why: unknown() };
    assert_eq!(row(&facts, Task::TakeOwnership).reason, "unknown: owner: 503");
    facts.owner = Fact::NotLookedUp;
    assert_eq!(row(&facts, Task::TakeOwnership).reason, "unknown: owner was not looked up");

    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    facts.promotion = Fact::Unknown { why: unknown() };
    for task in [Task::ImageConsistencyCheck, Task::StageTesting, Task::AnalyzePromotedBuild] {
        let row = row(&facts, task);
        assert_eq!((row.verdict, &*row.reason), (Waiting, "unknown: promotion: 503"));
    }
    assert_eq!(plan(&facts).phase, Phase::Unknown);

    promoted(&mut facts);
    facts.stage_release = Fact::Unknown { why: unknown() };
    assert_eq!(row(&facts, Task::StageTesting).reason, "unknown: stage release: 503");
    facts.flow = Fact::Unknown { why: unknown() };
    for task in [Task::StageTesting, Task::UpdateBugList] {
        assert_eq!(row(&facts, task).reason, "unknown: flow: 503", "{task}");
    }
    facts.promoted_tests = Fact::NotLookedUp;
    assert_eq!(verdict(&facts, Task::AnalyzePromotedBuild), Waiting);

    facts.state = Fact::Unknown { why: unknown() };
    let plan = plan(&facts);
    assert_eq!(plan.tasks.iter().filter(|row| row.verdict.is_offer()).count(), 0);
    assert_eq!(plan.phase, Phase::Unknown);
}

#[test]
fn without_a_statebox_only_its_creation_is_offered() {
    let mut facts = facts();
    facts.state = Fact::Known(State::Missing);
    let plan = plan(&facts);
    assert_eq!(with(&plan, Run), ["create-test-report"]);
    assert_eq!(plan.row(Node::Task(Task::TakeOwnership)).reason, "waiting on create-test-report");
    assert_eq!(plan.phase, Phase::Initialisation);
}

#[test]
fn nobody_to_own_the_release_is_a_question() {
    let mut facts = facts();
    assert!(row(&facts, Task::TakeOwnership).command.unwrap().ends_with("-e lead@example.com"));
    facts.owner = Fact::Known(None);
    assert_eq!(verdict(&facts, Task::TakeOwnership), NeedsDecision);
}

#[test]
fn test_results_are_waited_for_recorded_or_put_before_a_person() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    promoted(&mut facts);
    for (result, expected, recheck) in [
        (TestResult::Missing, Waiting, Some(600)),
        (TestResult::Running, Waiting, Some(600)),
        (TestResult::Accepted { manual: false }, Run, None),
        (TestResult::Accepted { manual: true }, Run, None),
        (TestResult::Rejected, NeedsDecision, None),
    ] {
        facts.promoted_tests = Fact::Known(result);
        let gate = row(&facts, Task::AnalyzePromotedBuild);
        assert_eq!((gate.verdict, gate.recheck_after_s), (expected, recheck), "{result:?}");
        let command = (expected == Run).then_some("oar -r 4.99.3 analyze-promoted-build");
        assert_eq!(gate.command.as_deref(), command, "what a person decides is no offer");
        facts.candidate = Fact::Known(Some("4.99.0-0.nightly-2026-02-20-010203".to_owned()));
        facts.candidate_tests = Fact::Known(result);
        assert_eq!(verdict(&facts, Task::AnalyzeCandidateBuild), expected, "{result:?}");
    }
}

#[test]
fn a_release_without_candidate_has_no_candidate_analysis() {
    assert_eq!(verdict(&facts(), Task::AnalyzeCandidateBuild), NotApplicable);
    let mut facts = facts();
    set(&mut facts, Task::AnalyzeCandidateBuild, TaskStatus::Fail);
    assert_eq!(plan(&facts).warnings.len(), 1, "shown, stops nothing");
}

#[test]
fn security_alerts_are_read_once_and_never_stop_anything() {
    let mut facts = facts();
    let alerts = |facts: &Facts| plan(facts).row(Node::SecurityAlerts).clone();
    assert_eq!(alerts(&facts).verdict, Waiting);
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    assert_eq!(alerts(&facts).verdict, Run);
    facts.alerts = Fact::Unknown { why: "no Kerberos ticket".to_owned() };
    assert_eq!(alerts(&facts).reason, "unknown: security alerts: no Kerberos ticket");
    facts.alerts = Fact::Known(Alerts::NoAdvisory);
    assert_eq!(alerts(&facts).verdict, Waiting);
    facts.alerts = Fact::Known(Alerts::Read { total: 2, blocking: 1 });
    assert_eq!(alerts(&facts).verdict, Done);
    assert_eq!(plan(&facts).warnings, ["1 blocking security alerts: contact product security"]);
    assert_eq!(verdict(&facts, Task::PushToCdnStaging), Run);
    facts.alerts = Fact::NotLookedUp;
    facts.flow = Fact::Known(Flow::Errata);
    assert_eq!(alerts(&facts).verdict, NotApplicable);
}

#[test]
fn each_flow_has_its_own_steps() {
    let legacy = [Task::UpdateBugList, Task::CheckGreenwaveCvpTests, Task::DropBugs];
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    promoted(&mut facts);
    for task in legacy {
        assert_eq!(verdict(&facts, task), NotApplicable, "{task}");
    }
    facts.flow = Fact::Known(Flow::KonfluxPending);
    assert_eq!(row(&facts, Task::StageTesting).reason, "waiting for ART to create the shipment MR");
    assert_eq!(verdict(&facts, Task::DropBugs), NotApplicable);

    facts.flow = Fact::Known(Flow::Errata);
    facts.stage_release = Fact::NotLookedUp;
    assert_eq!(verdict(&facts, Task::StageTesting), Run, "no stage release in this flow");
    assert_eq!(verdict(&facts, Task::UpdateBugList), Run);
    assert_eq!(verdict(&facts, Task::CheckGreenwaveCvpTests), Run);
    assert_eq!(verdict(&facts, Task::DropBugs), Waiting);
    pass(&mut facts, [Task::AnalyzePromotedBuild, Task::PushToCdnStaging]);
    assert_eq!(verdict(&facts, Task::DropBugs), Run);
    assert_eq!(verdict(&facts, Task::CheckGreenwaveCvpTests), Done, "its time is over");
    pass(&mut facts, [Task::ChangeAdvisoryStatus]);
    assert_eq!(verdict(&facts, Task::DropBugs), Done);
}

/// Everything approval requires is there.
fn ready_for_approval() -> Facts {
    let mut facts = facts();
    pass(&mut facts, Task::WORKFLOW.into_iter().filter(|task| *task != Task::ChangeAdvisoryStatus));
    promoted(&mut facts);
    facts.now = "2026-03-14T08:00:00Z".parse().unwrap();
    facts
}

#[test]
fn approval_needs_every_required_task() {
    assert_eq!(verdict(&ready_for_approval(), Task::ChangeAdvisoryStatus), Run);
    for task in Task::WORKFLOW {
        let mut facts = ready_for_approval();
        if task == Task::ChangeAdvisoryStatus {
            continue;
        }
        view(&mut facts).tasks.remove(&task);
        let informational = task == Task::AnalyzeCandidateBuild;
        let expected = if informational { Run } else { Waiting };
        assert_eq!(verdict(&facts, Task::ChangeAdvisoryStatus), expected, "{task}");
        set(&mut facts, task, TaskStatus::Fail);
        let expected = if informational { Run } else { Stopped };
        assert_eq!(verdict(&facts, Task::ChangeAdvisoryStatus), expected, "{task}");
    }
}

#[test]
fn approval_waits_for_every_blocker_whatever_it_names() {
    let mut facts = ready_for_approval();
    view(&mut facts).issues.push(blocker("open question", &["check-rhcos-security-alerts"]));
    let approval = row(&facts, Task::ChangeAdvisoryStatus);
    assert_eq!((approval.verdict, approval.blockers.len()), (Blocked, 1));
    view(&mut facts).issues[0].resolved = true;
    assert_eq!(verdict(&facts, Task::ChangeAdvisoryStatus), Run);
}

#[test]
fn approval_without_a_date_is_waited_for() {
    let mut facts = ready_for_approval();
    facts.release_date = Fact::Unknown { why: "no release_date".to_owned() };
    let approval = row(&facts, Task::ChangeAdvisoryStatus);
    assert_eq!(
        (approval.verdict, &*approval.reason),
        (Waiting, "unknown: release date: no release_date")
    );
}

#[test]
fn phases_follow_the_first_condition_that_holds() {
    let mut facts = facts();
    let phase = |facts: &Facts| plan(facts).phase.number();
    assert_eq!(phase(&facts), Some(1));
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    assert_eq!(phase(&facts), Some(2));
    promoted(&mut facts);
    assert_eq!(phase(&facts), Some(3));
    pass(&mut facts, [Task::AnalyzePromotedBuild]);
    assert_eq!(phase(&facts), Some(4));
    pass(&mut facts, [Task::PushToCdnStaging, Task::ImageConsistencyCheck]);
    assert_eq!(phase(&facts), Some(4));
    pass(&mut facts, [Task::StageTesting]);
    assert_eq!(phase(&facts), Some(5));
    facts.shipped = Fact::Known(true);
    assert_eq!(phase(&facts), Some(6));
    assert_eq!(plan(&facts).row(Node::Shipped).verdict, Done);
}

#[test]
fn shipping_is_watched_after_approval() {
    let mut facts = ready_for_approval();
    assert!(plan(&facts).row(Node::Shipped).reason.contains("change-advisory-status"));
    pass(&mut facts, [Task::ChangeAdvisoryStatus]);
    let shipped = plan(&facts).row(Node::Shipped).clone();
    assert_eq!((shipped.verdict, shipped.recheck_after_s), (Waiting, Some(3600)));
    facts.shipped = Fact::NotLookedUp;
    assert!(plan(&facts).row(Node::Shipped).reason.starts_with("unknown"));
}

#[test]
fn the_graph_has_no_circle_and_lists_predecessors_first() {
    for (at, node) in Node::ALL.into_iter().enumerate() {
        for before in node.predecessors() {
            let position = Node::ALL.iter().position(|other| other == before).unwrap();
            assert!(position < at, "{before} before {node}");
        }
    }
}
