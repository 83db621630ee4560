//! Dropping bugs from a shipment.

use std::collections::BTreeSet;

use http::Method;
use oar_gitlab_shipment::{AutoMerge, BugDrop, DropBugsError, DroppedBugs, drop_bugs};
use oar_release::ErrorClass;
use oar_transport::testing::Step;
use serde_json::{Value, json};

use crate::fake::{
    FBC, FBC_PATH, Fake, GitLabFake as _, HOME, IMAGE, IMAGE_PATH, body, created, diffs, me, mr,
    mr_with, shipment, with_shipment,
};

const TITLE: &str = "4.99.3 drop bugs";
const BRANCH: &str = "drop-bugs-for-4.99.3-20260302090000";

fn wish(keys: &[&str]) -> BugDrop {
    BugDrop {
        release: "4.99.3".parse().unwrap(),
        mr: shipment(),
        droppable: keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>(),
        fork: Some(30.into()),
        author: None,
        now: "2026-03-02T09:00:00Z".parse().unwrap(),
    }
}

async fn run(fake: &Fake, wish: &BugDrop) -> Result<DroppedBugs, DropBugsError> {
    let gitlab = fake.gitlab();
    drop_bugs(&gitlab, &gitlab, wish).await
}

/// The merge request that drops bugs.
fn dropper(changes: &Value) -> Value {
    let mut mr = mr_with(&json!({
        "iid": 9, "title": TITLE, "project_id": 20, "source_project_id": 30, "sha": "d1",
        "source_branch": BRANCH, "target_branch": "prepare-shipment-4.99.3-20260301083000",
        "web_url": format!("{HOME}/invented/ocp-shipment-data/-/merge_requests/9"),
        "author": me(), "detailed_merge_status": "ci_still_running",
    }));
    for (key, value) in changes.as_object().unwrap() {
        mr[key] = value.clone();
    }
    mr
}

/// Nothing of an earlier run; everything works.
fn fresh() -> Fake {
    let set = dropper(&json!({ "merge_when_pipeline_succeeds": true }));
    with_shipment(&mr())
        .get("/projects/20/merge_requests?", &json!([]))
        .get("/projects/30/repository/branches?", &json!([]))
        .post("/projects/30/repository/commits", &json!({ "id": "d1" }))
        .post("/projects/30/merge_requests", &dropper(&json!({})))
        .get("/merge_requests/9", &dropper(&json!({})))
        .on(Method::PUT, "/merge_requests/9/merge", Step::json(&set))
        .get("/merge_requests/337/notes", &json!([]))
        .post("/merge_requests/337/notes", &json!({ "id": 70 }))
}

#[tokio::test]
async fn spec03_case_14_bugs_are_dropped_by_a_merge_request_that_merges_itself() {
    let fake = fresh();
    let dropped = run(&fake, &wish(&["OCPBUGS-99002", "OCPBUGS-1"])).await.unwrap();
    assert_eq!(dropped.keys, ["OCPBUGS-99002"], "only what was really there");
    assert_eq!((dropped.auto_merge, dropped.warnings.len()), (Some(AutoMerge::Set), 0));
    let writes = fake.writes();
    let order: Vec<&str> = writes.iter().map(|w| w.url.rsplit_once('/').unwrap().1).collect();
    assert_eq!(order, ["commits", "merge_requests", "merge", "notes"]);
    let commit = body(&writes[0]);
    assert_eq!(commit["branch"], BRANCH);
    assert_eq!((&commit["start_sha"], &commit["start_project"]), (&json!("s1"), &json!("20")));
    let actions = commit["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 1, "only the file that changed");
    assert_eq!(actions[0]["last_commit_id"], "c-last");
    let lines = "          - id: OCPBUGS-99002\n            source: redhat.atlassian.net\n";
    assert_eq!(actions[0]["content"], IMAGE.replacen(lines, "", 1));
    let request = body(&writes[1]);
    assert_eq!(request["target_project_id"], 20);
    assert_eq!(request["target_branch"], "prepare-shipment-4.99.3-20260301083000");
    assert_eq!((&request["squash"], &request["title"]), (&json!(true), &json!(TITLE)));
    assert_eq!(body(&writes[2])["auto_merge"], true);
    assert!(body(&writes[3])["body"].as_str().unwrap().contains("/-/merge_requests/9"));
}

#[tokio::test]
async fn spec03_case_12_of_similar_titles_the_equal_one_is_used() {
    let other = dropper(&json!({ "iid": 8, "title": "4.99.30 drop bugs" }));
    let foreign = dropper(&json!({ "iid": 10, "author": { "id": 99, "username": "x" } }));
    let fake = with_shipment(&mr())
        .get("/projects/20/merge_requests?", &json!([other, foreign, dropper(&json!({}))]))
        .post("/projects/30/repository/commits", &json!({ "id": "d2" }))
        .get("/merge_requests/9", &dropper(&json!({ "merge_when_pipeline_succeeds": true })))
        .get("/merge_requests/337/notes", &json!([]))
        .post("/merge_requests/337/notes", &json!({ "id": 70 }));
    let dropped = run(&fake, &wish(&["OCPBUGS-99001"])).await.unwrap();
    assert_eq!(dropped.merge_request.unwrap().iid, 9);
    let commit = body(&fake.writes()[0]);
    assert_eq!((&commit["branch"], commit.get("start_sha")), (&json!(BRANCH), None));
    let files = fake.asked(&Method::GET, "/projects/30/repository/files/");
    assert!(files.len() == 2 && files.iter().all(|file| file.url.ends_with("?ref=d1")));
    let asked = &fake.asked(&Method::GET, "/merge_requests?")[0].url;
    assert!(asked.contains("in=title") && asked.contains("state=opened"), "{asked}");
}

#[tokio::test]
async fn spec03_case_13_nothing_droppable_writes_nothing() {
    let fake = fresh();
    assert_eq!(run(&fake, &wish(&[])).await.unwrap(), DroppedBugs::default());
    assert!(fake.seen().is_empty());
    let dropped = run(&fake, &wish(&["OCPBUGS-1"])).await.unwrap();
    assert_eq!((dropped.keys.len(), dropped.merge_request), (0, None));
    assert!(fake.writes().is_empty());
}

#[tokio::test]
async fn only_an_open_shipment_is_changed() {
    let fake = with_shipment(&mr_with(&json!({ "state": "merged" })));
    let error = run(&fake, &wish(&["OCPBUGS-99002"])).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::PreconditionFailed);
    assert!(fake.writes().is_empty());
}

#[tokio::test]
async fn a_file_that_cannot_be_understood_is_left_alone_and_reported() {
    let fake = Fake::default()
        .file(FBC_PATH, FBC.replace("fbc: true", "fbc: [").as_str())
        .get("/merge_requests/337", &mr())
        .get("/merge_requests/337/diffs", &diffs())
        .get("/api/v4/user", &me())
        .file(IMAGE_PATH, IMAGE)
        .get("/projects/20/merge_requests?", &json!([]))
        .get("/projects/30/repository/branches?", &json!([]))
        .post("/projects/30/repository/commits", &json!({ "id": "d1" }))
        .post("/projects/30/merge_requests", &dropper(&json!({})))
        .get("/merge_requests/9", &dropper(&json!({ "state": "merged" })));
    let dropped = run(&fake, &wish(&["OCPBUGS-99002"])).await.unwrap();
    assert_eq!(dropped.keys, ["OCPBUGS-99002"]);
    assert!(dropped.warnings[0].contains(FBC_PATH), "{:?}", dropped.warnings);
    assert!(dropped.warnings[1].contains("no comment"), "{:?}", dropped.warnings);
    assert_eq!(dropped.auto_merge, Some(AutoMerge::Merged));
}

#[tokio::test]
async fn somebody_elses_change_in_between_stops_the_commit() {
    let stale = r#"{"message":"You are attempting to update a file that has changed since you started editing it."}"#;
    let fake = Fake::default()
        .on(Method::POST, "/projects/30/repository/commits", Step::answer(400, stale))
        .get("/merge_requests/337", &mr())
        .get("/merge_requests/337/diffs", &diffs())
        .get("/api/v4/user", &me())
        .file(IMAGE_PATH, IMAGE)
        .file(FBC_PATH, FBC)
        .get("/projects/20/merge_requests?", &json!([]))
        .get("/projects/30/repository/branches?", &json!([]));
    let error = run(&fake, &wish(&["OCPBUGS-99002"])).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(fake.writes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_commit_is_found_by_its_intent() {
    let lost = |head: &str| {
        let branch = json!({ "name": BRANCH, "commit": { "id": "d7", "message": head } });
        let set = dropper(&json!({ "merge_when_pipeline_succeeds": true }));
        with_shipment(&mr())
            .on(Method::POST, "/projects/30/repository/commits", Step::answer(504, ""))
            .get("/projects/20/merge_requests?", &json!([]))
            .get("/projects/30/repository/branches?", &json!([]))
            .get(&format!("/projects/30/repository/branches/{BRANCH}"), &branch)
            .on(Method::POST, "/projects/30/merge_requests", created(&set))
            .get("/merge_requests/9", &set)
            .get("/merge_requests/337/notes", &json!([]))
            .post("/merge_requests/337/notes", &json!({ "id": 70 }))
    };
    let other = lost("Another commit");
    let error = run(&other, &wish(&["OCPBUGS-99002"])).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UpstreamUnavailable);
    let sent = body(&other.writes()[0])["commit_message"].as_str().unwrap().to_owned();
    let dropped = run(&lost(&sent), &wish(&["OCPBUGS-99002"])).await.unwrap();
    assert_eq!(dropped.keys, ["OCPBUGS-99002"]);
}

#[tokio::test]
async fn what_was_cut_off_after_the_push_says_so_and_is_finished_by_the_next_run() {
    let fake = Fake::default()
        .on(Method::POST, "/projects/30/merge_requests", Step::answer(403, "{}"))
        .get("/merge_requests/337", &mr())
        .get("/merge_requests/337/diffs", &diffs())
        .get("/api/v4/user", &me())
        .file(IMAGE_PATH, IMAGE)
        .file(FBC_PATH, FBC)
        .get("/projects/20/merge_requests?", &json!([]))
        .get("/projects/30/repository/branches?", &json!([]))
        .post("/projects/30/repository/commits", &json!({ "id": "d1" }));
    let error = run(&fake, &wish(&["OCPBUGS-99002"])).await.unwrap_err();
    let shown = error.to_string();
    assert!(shown.contains(BRANCH) && shown.contains("no merge request yet"), "{shown}");
    assert_eq!(error.class(), ErrorClass::ForbiddenUpstream);
    // The next run finds the branch, drops what is still there, and makes the merge request.
    let left = IMAGE.replacen(
        "          - id: OCPBUGS-99002\n            source: redhat.atlassian.net\n",
        "",
        1,
    );
    let branches = json!([
        { "name": "drop-bugs-for-4.99.3-20260301000000", "commit": { "id": "d0" } },
        { "name": BRANCH, "commit": { "id": "d1" } },
        { "name": "drop-bugs-for-4.99.3-x", "commit": { "id": "d9" } },
    ]);
    let set = dropper(&json!({ "merge_when_pipeline_succeeds": true }));
    let again = Fake::default()
        .get("/merge_requests/337", &mr())
        .get("/merge_requests/337/diffs", &diffs())
        .get("/api/v4/user", &me())
        .file(IMAGE_PATH, &left)
        .file(FBC_PATH, FBC)
        .get("/projects/20/merge_requests?", &json!([]))
        .get("/projects/30/repository/branches?", &branches)
        .post("/projects/30/merge_requests", &set)
        .get("/merge_requests/9", &set)
        .get("/merge_requests/337/notes", &json!([]))
        .post("/merge_requests/337/notes", &json!({ "id": 70 }));
    let dropped = run(&again, &wish(&["OCPBUGS-99002"])).await.unwrap();
    assert_eq!(dropped.keys.len(), 0, "this run removed nothing");
    assert_eq!(dropped.merge_request.unwrap().iid, 9);
    let writes = again.writes();
    assert_eq!(writes.len(), 2, "merge request and comment, no commit");
    assert_eq!(body(&writes[0])["source_branch"], BRANCH);
}

#[tokio::test]
async fn a_branch_that_had_its_merge_request_is_not_used_again() {
    let branches =
        json!([{ "name": "drop-bugs-for-4.99.3-20260301000000", "commit": { "id": "d0" } }]);
    let used = json!([dropper(&json!({ "state": "merged" }))]);
    let fake = Fake::default()
        .get("source_branch=drop-bugs-for-4.99.3-20260301000000", &used)
        .get("/projects/30/repository/branches?search=", &branches);
    let set = dropper(&json!({ "merge_when_pipeline_succeeds": true }));
    let fake = fake
        .get("/merge_requests/337", &mr())
        .get("/merge_requests/337/diffs", &diffs())
        .get("/api/v4/user", &me())
        .file(IMAGE_PATH, IMAGE)
        .file(FBC_PATH, FBC)
        .get("/projects/20/merge_requests?", &json!([]))
        .post("/projects/30/repository/commits", &json!({ "id": "d1" }))
        .post("/projects/30/merge_requests", &set)
        .get("/merge_requests/9", &set)
        .get("/merge_requests/337/notes", &json!([]))
        .post("/merge_requests/337/notes", &json!({ "id": 70 }));
    run(&fake, &wish(&["OCPBUGS-99002"])).await.unwrap();
    assert_eq!(body(&fake.writes()[0])["branch"], BRANCH);
}
