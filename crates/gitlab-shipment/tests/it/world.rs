//! Whole flows against the model of the world, with faults in the middle.

use std::sync::Arc;

use http::Method;
use oar_gitlab_shipment::{
    Approval, AutoMerge, BugDrop, Drafts, DroppedBugs, GitLabError, GitLabRead as _,
    GitLabWrite as _, HttpGitLab, approve, drop_bugs, load_shipment, put_lead_note, stage_release,
};
use oar_sandbox::Sandbox;
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::gitlab::{FORK, SHIPMENT_DATA, SHIPMENT_MR};
use oar_sandbox::world::World;

use crate::fake::{gitlab_over, http_over, shipment};

const BRANCH: &str = "prepare-shipment-4.99.3-20260301083000";

fn sandbox() -> (Sandbox, HttpGitLab) {
    let sandbox = Sandbox::in_memory(World::seeded());
    let gitlab = gitlab_over(&http_over(Arc::new(sandbox.clone())));
    (sandbox, gitlab)
}

fn count(sandbox: &Sandbox, action: &str) -> usize {
    sandbox.world(|world| world.count("gitlab", action))
}

#[tokio::test]
async fn the_seeded_shipment_is_whole_and_its_advisory_readable() {
    let (_, gitlab) = sandbox();
    let stage = stage_release(&gitlab, &shipment(), None).await.unwrap();
    assert!(stage.is_complete(), "{:?}", stage.missing_advisories);
    let loaded = stage.shipment.unwrap();
    loaded.require_release(&"4.99.3".parse().unwrap(), &[("image".to_owned(), 1555)]).unwrap();
    let url = loaded.image_files().next().unwrap().environments.stage.internal_url.clone();
    assert_eq!(gitlab.advisory(&url.unwrap()).await.unwrap().images.len(), 8);
}

#[tokio::test]
async fn r14_without_the_label_the_pipeline_decides_again() {
    let (sandbox, gitlab) = sandbox();
    let unlabel = |world: &mut World| {
        let mr = world.gitlab.merge_request_mut(SHIPMENT_DATA, SHIPMENT_MR).unwrap();
        mr.labels.clear();
    };
    sandbox.change(unlabel).unwrap();
    assert!(stage_release(&gitlab, &shipment(), None).await.unwrap().is_complete());
    let fail = |world: &mut World| {
        world.gitlab.pipelines.get_mut(&7001).unwrap().bridges[1].downstream =
            Some("failed".to_owned());
    };
    sandbox.change(fail).unwrap();
    let report = stage_release(&gitlab, &shipment(), None).await.unwrap().report;
    assert!(report.to_string().starts_with("stage release failed: fbc failed"), "{report}");
}

#[tokio::test(start_paused = true)]
async fn an_approval_never_covers_what_came_later() {
    let (sandbox, gitlab) = sandbox();
    let checked = load_shipment(&gitlab, &shipment()).await.unwrap().head;
    let run = |sha: String| {
        let gitlab = gitlab.clone();
        async move { approve(&gitlab, &gitlab, &shipment(), &sha, Drafts::Refuse).await }
    };
    // The answer is lost after the effect: it is found, not repeated.
    sandbox.plant(Rule::once("gitlab", Kind::ResetAfter).method(Method::POST));
    assert_eq!(run(checked.clone()).await.unwrap(), Approval::Given);
    assert_eq!(run(checked.clone()).await.unwrap(), Approval::AlreadyThere);
    assert_eq!(count(&sandbox, "approve"), 1);
    let push = |world: &mut World| {
        world.gitlab.foreign_push(SHIPMENT_DATA, BRANCH, "README.md", "new").unwrap()
    };
    let newer = sandbox.change(push).unwrap();
    let error = run(checked).await.unwrap_err();
    assert!(matches!(error, GitLabError::HeadMoved { .. }), "{error}");
    assert_eq!(run(newer).await.unwrap(), Approval::Given);
    assert_eq!((count(&sandbox, "approve"), count(&sandbox, "refused-approve")), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn spec03_case_10_the_lead_note_is_one_whatever_happens() {
    let (sandbox, gitlab) = sandbox();
    let release = "4.99.3".parse().unwrap();
    for fault in [Some(Kind::ResetAfter), None, Some(Kind::LoginPage), Some(Kind::StatusAfter(502))]
    {
        if let Some(kind) = fault {
            sandbox.plant(Rule::once("gitlab", kind).method(Method::POST));
        }
        let mr = shipment();
        put_lead_note(&gitlab, &gitlab, &mr, &release, "lead@example.com").await.unwrap();
    }
    assert_eq!(count(&sandbox, "add-note"), 1);
    let body = sandbox.world(|world| {
        world.gitlab.merge_request(SHIPMENT_DATA, SHIPMENT_MR).unwrap().notes[0].body.clone()
    });
    assert!(body.contains("@lead"), "{body}");
}

fn wish() -> BugDrop {
    BugDrop {
        release: "4.99.3".parse().unwrap(),
        mr: shipment(),
        droppable: ["OCPBUGS-99002".to_owned()].into(),
        fork: Some(FORK.into()),
        author: None,
        now: "2026-03-02T09:00:00Z".parse().unwrap(),
    }
}

async fn run(gitlab: &HttpGitLab, hours: i64) -> Option<DroppedBugs> {
    let mut wish = wish();
    wish.now += jiff::SignedDuration::from_hours(hours);
    drop_bugs(gitlab, gitlab, &wish).await.ok()
}

/// What must hold at the end, however it came to be.
fn check(sandbox: &Sandbox, context: &str) {
    for action in ["commit", "create-merge-request", "add-note"] {
        assert_eq!(count(sandbox, action), 1, "{context}: {action}");
    }
    let image = sandbox.world(|world| {
        let mrs = world.gitlab.merge_requests.iter();
        let ours: Vec<_> = mrs.filter(|mr| mr.title == "4.99.3 drop bugs").collect();
        assert_eq!(ours.len(), 1, "{context}");
        assert!(ours[0].auto_merge && ours[0].squash, "{context}");
        let branch = ours[0].source_branch.clone();
        let path =
            "shipment/ocp/openshift-4.99/openshift-4-99/prod/4.99.3.image.20260301083000.yaml";
        world.gitlab.file(FORK, &branch, path).unwrap().to_owned()
    });
    assert!(!image.contains("OCPBUGS-99002") && image.contains("OCPBUGS-99003"), "{context}");
}

#[tokio::test(start_paused = true)]
async fn bugs_are_dropped_once_and_reach_the_shipment() {
    let (sandbox, gitlab) = sandbox();
    let dropped = run(&gitlab, 0).await.unwrap();
    assert_eq!(
        (dropped.keys.as_slice(), dropped.auto_merge),
        (&["OCPBUGS-99002".to_owned()][..], Some(AutoMerge::Set))
    );
    assert_eq!(dropped.warnings, [""; 0]);
    check(&sandbox, "first run");
    let again = run(&gitlab, 1).await.unwrap();
    assert_eq!((again.keys.len(), again.merge_request.is_some()), (0, true));
    check(&sandbox, "second run");
    sandbox.change(|world| world.gitlab.pipelines_succeed()).unwrap();
    let keys = load_shipment(&gitlab, &shipment()).await.unwrap().jira_keys();
    assert_eq!(keys, ["OCPBUGS-99001", "OCPBUGS-99003"], "merged into the shipment's branch");
    assert_eq!(run(&gitlab, 2).await.unwrap(), DroppedBugs::default());
}

#[tokio::test(start_paused = true)]
async fn whatever_request_fails_the_next_run_finishes_without_a_second_effect() {
    let kinds = [
        Kind::Status(500),
        Kind::StatusAfter(502),
        Kind::ResetBefore,
        Kind::ResetAfter,
        Kind::Truncated,
        Kind::LoginPage,
    ];
    for kind in kinds {
        for broken in 0..40 {
            let (sandbox, gitlab) = sandbox();
            sandbox.plant(Rule::once("gitlab", kind.clone()).skip(broken));
            // A comment that failed is a warning of a run that succeeded: one more run repairs it.
            let (mut runs, mut good) = (0, 0);
            while good < 2 {
                good += usize::from(run(&gitlab, runs).await.is_some());
                runs += 1;
                assert!(runs < 5, "{kind:?} at request {broken} is never overcome");
            }
            check(&sandbox, &format!("{kind:?} at request {broken}"));
        }
    }
}

#[tokio::test]
async fn long_lists_are_read_page_by_page() {
    let (sandbox, gitlab) = sandbox();
    let fill = |world: &mut World| {
        let mr = world.gitlab.merge_request_mut(SHIPMENT_DATA, SHIPMENT_MR).unwrap();
        let note = |id| oar_sandbox::gitlab::Note { id, author: 2, ..Default::default() };
        mr.notes = (1..=250).map(note).collect();
    };
    sandbox.change(fill).unwrap();
    let notes = gitlab.notes(&shipment()).await.unwrap();
    assert_eq!((notes.len(), notes[0].id, notes[249].id), (250, 250, 1));
    assert_eq!(sandbox.requests()["gitlab GET"], 3);
}

#[tokio::test]
async fn the_model_refuses_what_gitlab_refuses() {
    let (sandbox, gitlab) = sandbox();
    let error = approve(&gitlab, &gitlab, &shipment(), "0000", Drafts::Refuse).await.unwrap_err();
    assert!(matches!(error, GitLabError::HeadMoved { .. }), "{error}");
    let error = gitlab.approve(&shipment(), "0000").await.unwrap_err();
    assert!(matches!(error, GitLabError::HeadMoved { found: Some(_), .. }), "{error}");
    let close = |world: &mut World| {
        let mr = world.gitlab.merge_request_mut(SHIPMENT_DATA, SHIPMENT_MR).unwrap();
        "closed".clone_into(&mut mr.state);
    };
    sandbox.change(close).unwrap();
    let error = gitlab.approve(&shipment(), "0000").await.unwrap_err();
    assert!(matches!(error, GitLabError::CannotApprove { .. }), "{error}");
    assert_eq!((count(&sandbox, "refused-approve"), count(&sandbox, "approve")), (2, 0));
}
