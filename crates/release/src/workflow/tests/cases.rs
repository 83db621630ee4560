//! Acceptance cases 40 and 41 of spec 01 §13, and the shape of the output.

use super::*;

const ASYNC: [Task; 3] = [Task::PushToCdnStaging, Task::ImageConsistencyCheck, Task::StageTesting];

#[test]
fn spec01_case_40_a_fresh_statebox_offers_only_the_first_task() {
    let mut facts = facts();
    assert_eq!(with(&plan(&facts), Verdict::Run), ["take-ownership"]);

    facts.candidate = Fact::Known(Some("4.99.0-0.nightly-2026-02-20-010203".to_owned()));
    facts.candidate_tests = Fact::Known(TestResult::Accepted { manual: false });
    assert_eq!(with(&plan(&facts), Verdict::Run), ["take-ownership", "analyze-candidate-build"]);

    // Whatever the outside world has reached already.
    promoted(&mut facts);
    assert_eq!(with(&plan(&facts), Verdict::Run), ["take-ownership", "analyze-candidate-build"]);
}

#[test]
fn spec01_case_40_push_runs_while_promotion_is_waited_for() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    facts.promotion = Fact::Known(Promotion::Other("Rejected".to_owned()));
    let plan = plan(&facts);
    assert_eq!(with(&plan, Verdict::Run), ["check-rhcos-security-alerts", "push-to-cdn-staging"]);
    let promotion = plan.row(Node::Promotion);
    assert_eq!(promotion.verdict, Verdict::Waiting);
    assert_eq!(promotion.recheck_after_s, Some(1800));
    assert!(promotion.reason.contains("Rejected"));
    assert_eq!(plan.phase, Phase::WaitingForPromotion);
}

#[test]
fn spec01_case_40_a_running_stage_release_makes_both_tasks_wait_and_fails_none() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    promoted(&mut facts);
    for gate in
        [StageGate::Running, StageGate::Failed, StageGate::NotStarted, StageGate::NotPresent]
    {
        facts.stage_release = Fact::Known(gate);
        for task in [Task::ImageConsistencyCheck, Task::StageTesting] {
            let row = row(&facts, task);
            assert_eq!(row.verdict, Verdict::Waiting, "{gate:?}");
            assert!(row.recheck_after_s.is_some_and(|s| (600..=1800).contains(&s)), "{gate:?}");
        }
    }
    facts.stage_release = Fact::Known(StageGate::Failed);
    assert!(row(&facts, Task::StageTesting).reason.contains("merge_requests/1"));
}

#[test]
fn spec01_case_41_signature_check_runs_and_approval_waits_for_the_day_before() {
    let mut facts = facts();
    facts.now = "2026-03-12T08:00:00Z".parse().unwrap();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug, Task::AnalyzePromotedBuild]);
    pass(&mut facts, ASYNC);
    promoted(&mut facts);
    let earliest = Some("2026-03-14T00:00:00Z".parse().unwrap());
    assert_eq!(verdict(&facts, Task::ImageSignedCheck), Verdict::Run);
    let approval = row(&facts, Task::ChangeAdvisoryStatus);
    assert_eq!((approval.verdict, approval.not_before), (Verdict::Waiting, earliest));

    pass(&mut facts, [Task::ImageSignedCheck]);
    let approval = row(&facts, Task::ChangeAdvisoryStatus);
    assert_eq!((approval.verdict, approval.not_before), (Verdict::Waiting, earliest));
    assert_eq!(approval.recheck_after_s, Some(40 * 3600));

    facts.now = "2026-03-14T00:00:00Z".parse().unwrap();
    let approval = row(&facts, Task::ChangeAdvisoryStatus);
    assert_eq!((approval.verdict, approval.not_before), (Verdict::Run, None));
}

#[test]
fn spec01_case_41_a_general_blocker_stops_new_work_and_running_jobs_are_still_polled() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership, Task::CheckCveTrackerBug]);
    promoted(&mut facts);
    running(&mut facts, Task::StageTesting, Some(job("123")));
    running(&mut facts, Task::PushToCdnStaging, None);
    view(&mut facts).issues.push(blocker("the world is on fire", &[]));
    let plan = plan(&facts);
    assert_eq!(with(&plan, Verdict::Poll), ["push-to-cdn-staging", "stage-testing"]);
    assert_eq!(with(&plan, Verdict::Run), [""; 0]);
    let blocked = plan.row(Node::Task(Task::ImageConsistencyCheck));
    assert_eq!(blocked.verdict, Verdict::Blocked);
    assert_eq!(blocked.blockers, ["the world is on fire"]);
}

#[test]
fn the_json_has_the_names_of_the_specification() {
    let mut facts = facts();
    pass(&mut facts, [Task::TakeOwnership]);
    let json = serde_json::to_value(plan(&facts)).unwrap();
    for (key, value) in [
        ("release", "4.99.3"),
        ("phase", "waiting-for-promotion"),
        ("flow", "konflux"),
        ("promotion", "Ready"),
    ] {
        assert_eq!(json[key], value, "{key}");
    }
    assert_eq!(json["days_to_release"], 14);
    let names: Vec<&str> =
        json["tasks"].as_array().unwrap().iter().map(|row| row["task"].as_str().unwrap()).collect();
    assert_eq!(names, Node::ALL.map(Node::name));
    let cve = &json["tasks"][3];
    assert_eq!(cve["verdict"], "run");
    assert_eq!(cve["command"], "oar -r 4.99.3 check-cve-tracker-bug");
    assert_eq!(cve["recheck_after_s"], serde_json::Value::Null);
    assert_eq!(cve["blockers"], serde_json::json!([]));
    let approval = &json["tasks"][14];
    assert_eq!(approval["not_before"], "2026-03-14T00:00:00Z");
}
