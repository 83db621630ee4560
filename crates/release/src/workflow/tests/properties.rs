//! What holds for any facts.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn fact<T: Clone + std::fmt::Debug + 'static>(
    known: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Fact<T>> {
    prop_oneof![
        6 => known.prop_map(Fact::Known),
        1 => Just(Fact::Unknown { why: "503".to_owned() }),
        1 => Just(Fact::NotLookedUp),
    ]
}

fn select<T: Clone + std::fmt::Debug + 'static>(
    of: &[T],
) -> impl Strategy<Value = T> + 'static + use<T> {
    prop::sample::select(of.to_vec())
}

fn any_job() -> impl Strategy<Value = JobRef> {
    (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        select(&["2026-03-01T07:55:00Z", "2026-01-01T00:00:00Z", "no time"]),
    )
        .prop_map(|(id, queue, claim, at)| JobRef {
            system: JobSystem::Jenkins,
            id: id.then(|| "12".to_owned()),
            queue_id: queue.then(|| "34".to_owned()),
            url: None,
            triggered_at: at.to_owned(),
            claim: claim.then(|| "c".to_owned()),
        })
}

fn any_issue() -> impl Strategy<Value = Issue> {
    let names: Vec<&'static str> = Node::ALL.map(Node::name).into();
    (
        select(&["a", "b", "c", "d"]),
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec(select(&names), 0..3),
    )
        .prop_map(|(text, blocker, resolved, names)| Issue {
            text: text.to_owned(),
            blocker,
            resolved,
            related_tasks: names.into_iter().map(ToOwned::to_owned).collect(),
            reported_at: None,
            source: None,
        })
}

fn any_view() -> impl Strategy<Value = StateView> {
    // Passed is frequent, so that deep parts of the graph are reached.
    let status = prop_oneof![4 => Just(TaskStatus::Pass), 3 => select(&TaskStatus::ALL)];
    let task = (status, prop::option::of(any_job()))
        .prop_map(|(status, job)| TaskView { job, ..TaskView::new(status) });
    let tasks = prop::collection::btree_map(select(&Task::ALL), task, 0..14);
    let issues = prop::collection::vec(any_issue(), 0..4);
    (tasks, issues).prop_map(|(tasks, issues)| StateView { tasks, issues })
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let mr = "https://gitlab.example.com/g/p/-/merge_requests/1".parse().unwrap();
    let flows = [Flow::Errata, Flow::Konflux { mr }, Flow::KonfluxPending];
    let other = Promotion::Other("Ready".to_owned());
    let promotions =
        [Promotion::Accepted, Promotion::Accepted, Promotion::Accepted, other, Promotion::Absent];
    let gates = [StageGate::Success, StageGate::Success, StageGate::Running, StageGate::Failed];
    let results = [
        TestResult::Accepted { manual: false },
        TestResult::Missing,
        TestResult::Running,
        TestResult::Rejected,
    ];
    let alerts = [Alerts::NoAdvisory, Alerts::Read { total: 1, blocking: 1 }];
    let state = prop_oneof![9 => any_view().prop_map(State::Present), 1 => Just(State::Missing)];
    let times = ["2026-03-01T08:00:00Z", "2026-03-14T08:00:00Z", "2026-04-01T00:00:00Z"];
    let owners = [Some("lead@example.com".to_owned()), None];
    let candidates = [Some("4.99.0-0.nightly-2026-02-20-010203".to_owned()), None];
    let job = fact(any::<bool>().prop_map(|ended| JobState { word: "odd".to_owned(), ended }));
    let jobs = prop::collection::btree_map(
        select(&[Task::StageTesting, Task::ImageConsistencyCheck]),
        job,
        0..3,
    );
    let overridden = prop::collection::btree_set(select(&Task::ALL), 0..2);
    let outside = (
        fact(select(&flows)),
        fact(select(&owners)),
        fact(Just("2026-Mar-15".parse().unwrap())),
        fact(select(&candidates)),
        fact(select(&promotions)),
        fact(select(&gates)),
        fact(select(&results)),
        fact(select(&results)),
        fact(select(&alerts)),
    );
    let rest = (fact(any::<bool>()), fact(any::<bool>()), fact(any::<bool>()), jobs, overridden);
    (fact(state), select(&times), outside, rest).prop_map(|(state, now, outside, rest)| {
        let (
            flow,
            owner,
            release_date,
            candidate,
            promotion,
            stage_release,
            candidate_tests,
            promoted_tests,
            alerts,
        ) = outside;
        let (approval_job_here, advisories_ready, shipped, jobs, overridden): (
            _,
            _,
            _,
            _,
            BTreeSet<Task>,
        ) = rest;
        Facts {
            state,
            flow,
            owner,
            release_date,
            candidate,
            promotion,
            stage_release,
            candidate_tests,
            promoted_tests,
            jobs,
            alerts,
            approval_job_here,
            advisories_ready,
            shipped,
            overridden,
            ..Facts::new("4.99.3".parse().unwrap(), now.parse().unwrap())
        }
    })
}

/// A changed world: every node that was offered is still offered or is done.
fn no_offer_is_lost(before: &Plan, after: &Plan) -> Result<(), TestCaseError> {
    for row in before.tasks.iter().filter(|row| row.verdict.is_offer()) {
        let now = after.row(row.task);
        prop_assert!(
            now.verdict.is_offer() || now.verdict == Verdict::Done,
            "{}: {} became {} ({})",
            row.task,
            row.verdict,
            now.verdict,
            now.reason
        );
    }
    Ok(())
}

/// The StateBox of generated facts, if it is there.
fn open(facts: &mut Facts) -> Option<&mut StateView> {
    match &mut facts.state {
        Fact::Known(State::Present(view)) => Some(view),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_same_facts_give_the_same_plan(facts in any_facts()) {
        prop_assert_eq!(plan(&facts), plan(&facts.clone()));
    }

    #[test]
    fn the_order_of_issues_does_not_matter(facts in any_facts(), at in 0_usize..4) {
        let mut other = facts.clone();
        if let Some(view) = open(&mut other) {
            let middle = at.min(view.issues.len());
            view.issues.rotate_left(middle);
            view.issues.iter_mut().for_each(|issue| issue.related_tasks.reverse());
        }
        prop_assert_eq!(plan(&facts), plan(&other));
    }

    #[test]
    fn resolving_a_blocker_turns_no_offer_away(facts in any_facts(), at in 0_usize..4) {
        let mut resolved = facts.clone();
        if let Some(issue) = open(&mut resolved).and_then(|view| view.issues.get_mut(at)) {
            issue.resolved = true;
        }
        no_offer_is_lost(&plan(&facts), &plan(&resolved))?;
    }

    #[test]
    fn passing_a_task_turns_no_offer_away(facts in any_facts(), task in select(&Task::ALL)) {
        let mut passed = facts.clone();
        if let Some(view) = open(&mut passed) {
            view.tasks.insert(task, TaskView::new(TaskStatus::Pass));
        }
        no_offer_is_lost(&plan(&facts), &plan(&passed))?;
    }

    #[test]
    fn a_general_blocker_adds_no_offer(facts in any_facts()) {
        let mut blocked = facts.clone();
        if let Some(view) = open(&mut blocked) {
            view.issues.push(blocker("new", &[]));
        }
        no_offer_is_lost(&plan(&blocked), &plan(&facts))?;
    }

    #[test]
    fn nothing_starts_before_what_it_requires(facts in any_facts()) {
        let plan = plan(&facts);
        let done = |node: Node| plan.row(node).verdict == Verdict::Done;
        for row in &plan.tasks {
            if matches!(row.verdict, Verdict::Run | Verdict::Retry) {
                prop_assert!(row.blockers.is_empty());
                prop_assert!(row.not_before.is_none());
                for before in row.task.predecessors() {
                    prop_assert!(done(*before), "{} before {}", before, row.task);
                }
            }
            prop_assert_eq!(row.verdict == Verdict::Blocked, !row.blockers.is_empty());
        }
    }

    #[test]
    fn approval_is_never_offered_while_a_required_task_is_open(facts in any_facts()) {
        let plan = plan(&facts);
        let approval = plan.row(Node::Task(Task::ChangeAdvisoryStatus));
        if matches!(approval.verdict, Verdict::Run | Verdict::Retry) {
            let mut facts = facts;
            let view = open(&mut facts).unwrap();
            for task in [
                Task::TakeOwnership, Task::PushToCdnStaging, Task::ImageConsistencyCheck,
                Task::StageTesting, Task::AnalyzePromotedBuild, Task::ImageSignedCheck,
            ] {
                prop_assert_eq!(view.tasks[&task].status, TaskStatus::Pass);
            }
            let names_approval = |issue: &Issue| issue.names("change-advisory-status");
            prop_assert!(view.issues.iter().all(|issue| !issue.is_open_blocker() || names_approval(issue)));
        }
    }

    #[test]
    fn what_passed_is_never_offered(facts in any_facts()) {
        let plan = plan(&facts);
        let mut facts = facts;
        let Some(view) = open(&mut facts) else { return Ok(()) };
        for (task, recorded) in &view.tasks {
            if recorded.status == TaskStatus::Pass {
                prop_assert_eq!(plan.row(Node::Task(*task)).verdict, Verdict::Done);
            }
        }
    }

    /// Only offers have a command, and only answers about unknown facts say so.
    #[test]
    fn unknown_facts_lead_to_waiting(facts in any_facts()) {
        for row in plan(&facts).tasks {
            prop_assert!(row.unknown || !row.reason.starts_with("unknown"), "{}", row.reason);
            if row.unknown {
                prop_assert_eq!(row.verdict, Verdict::Waiting);
                prop_assert!(row.recheck_after_s.is_some());
            }
            prop_assert!(row.command.is_none() || row.verdict.is_offer());
        }
    }

    /// Whatever the facts are, there is one answer to what holds the release.
    #[test]
    fn why_names_what_is_not_done_and_never_a_release_that_is_out(facts in any_facts()) {
        let plan = plan(&facts);
        let why = why(&facts, &crate::links::Links::default());
        let out = plan.row(Node::Shipped).verdict == Verdict::Done;
        prop_assert_eq!(why.standing == Standing::Shipped, out, "{:?}", why);
        prop_assert_eq!(why.task.is_none(), out);
        if let Some(node) = why.task {
            let row = plan.row(node);
            prop_assert!(!matches!(row.verdict, Verdict::Done | Verdict::NotApplicable));
            prop_assert!(node == Node::Shipped || why.holds.last() == Some(&Node::Shipped));
            prop_assert!(!why.also.contains(&node));
            prop_assert!(!why.reason.is_empty());
        }
    }

    /// A driver runs only what the plan offers, waits only for what is to come, and ends otherwise.
    #[test]
    fn a_driver_does_what_the_plan_offers_and_nothing_else(facts in any_facts()) {
        let plan = plan(&facts);
        match next(&facts, &plan, &Attempts::default(), Goal::Shipped) {
            Next::Act(nodes) => {
                prop_assert!(!nodes.is_empty());
                for node in nodes {
                    let verdict = plan.row(node).verdict;
                    let offered = matches!(verdict, Verdict::Run | Verdict::Poll);
                    prop_assert!(offered || node == Node::SecurityAlerts, "{} is {}", node, verdict);
                }
            }
            Next::Wait(at) => prop_assert!(at > facts.now),
            Next::Over(ending) => {
                let out = plan.row(Node::Shipped).verdict == Verdict::Done;
                prop_assert_eq!(ending == Ending::Shipped, out);
            }
        }
    }
}
