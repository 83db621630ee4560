//! The result checker (spec 04 §15.1).

use std::path::Path;
use std::sync::Arc;

use oar_operators::test_jobs::checker::{self, Checked, Options};
use oar_prow_jobs::StreamKind;
use oar_sandbox::fault::{Kind, Rule};
use oar_slack::HttpSlack;
use oar_transport::Secret;
use oar_transport::testing::client;
use serde_json::json;

use super::lab::{Lab, NIGHTLY, build_of, ended, job, result_path, retried};

fn rejected(lab: &Lab, build: &str, note: u32) {
    let failed =
        retried("a", ended("1", "failure"), &[ended("2", "failure"), ended("3", "success")]);
    let content = json!({ "result": [failed], "build": build_of(build), "note": note,
                          "aggregated": true, "accepted": false });
    lab.put("record", &result_path(build), &content);
}

fn options(lab: &Lab, list: &Path) -> Options {
    let http = client(Arc::new(lab.sandbox.clone()));
    let slack = Arc::new(HttpSlack::new(&http, Secret::new("a-token").into()));
    Options {
        repo: "openshift/release-tests".to_owned(),
        branch: "record".to_owned(),
        folder: "_releases".to_owned(),
        channel: "#forum-qe-example".to_owned(),
        list: list.to_owned(),
        limit: 5,
        kind: None,
        slack_read: Arc::clone(&slack) as _,
        slack_write: slack,
    }
}

async fn check(lab: &Lab, options: &Options) -> Checked {
    checker::run(&lab.desk, options).await.expect("a report")
}

#[tokio::test(start_paused = true)]
async fn spec04_case_38_what_slack_refused_is_told_again_and_stable_builds_are_told_too() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("notified.txt");
    rejected(&lab, NIGHTLY, 0);
    rejected(&lab, "4.99.2", 0);
    let mut options = options(&lab, &list);
    options.channel = "#elsewhere".to_owned();
    let checked = check(&lab, &options).await;
    assert_eq!((checked.told.len(), checked.problems.len()), (0, 2), "{checked:?}");
    assert_eq!(std::fs::read_to_string(&list).unwrap_or_default(), "");

    options.channel = "#forum-qe-example".to_owned();
    let checked = check(&lab, &options).await;
    assert_eq!((checked.told.len(), checked.problems.len()), (2, 0), "{checked:?}");
    let lines = std::fs::read_to_string(&list).expect("a list");
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.contains("4.99,ocp-test-result-4.99.2-amd64.json,"), "{lines}");
    let texts = lab.sandbox.world(|world| {
        world.slack.messages.iter().map(|message| message.text.clone()).collect::<Vec<_>>()
    });
    assert!(texts[1].contains("*4.99.2* (amd64), 0 of 1 jobs passed"), "{texts:?}");
    assert!(texts[0].contains(&format!("{}>: 1 of 3 runs passed", job("a"))), "{texts:?}");
    let file = "ocp-test-result-4.99.2-amd64.json";
    let link =
        format!("<https://github.com/openshift/release-tests/blob/record/_releases/{file}|{file}>");
    assert!(texts[1].contains(&link), "{texts:?}");
    // Heard once.
    assert!(check(&lab, &options).await.told.is_empty());
    // Opened and rejected again: another content, another message.
    rejected(&lab, "4.99.2", 1);
    assert_eq!(check(&lab, &options).await.told.len(), 1);
    assert_eq!(lab.count("slack", "post"), 3);
}

#[tokio::test(start_paused = true)]
async fn the_first_run_tells_the_newest_and_marks_the_rest_as_seen() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..8 {
        rejected(&lab, &format!("4.99.{number}"), 0);
    }
    rejected(&lab, NIGHTLY, 0);
    let mut options = options(&lab, &folder.path().join("list"));
    options.kind = Some(StreamKind::Stable);
    options.limit = 2;
    let checked = check(&lab, &options).await;
    assert_eq!((checked.files, checked.told.len(), checked.marked_as_seen), (8, 2, 6));
    assert_eq!(checked.told[0].build.to_string(), "4.99.7");
    assert!(check(&lab, &options).await.told.is_empty());
    options.kind = None;
    assert_eq!(check(&lab, &options).await.told.len(), 1, "the nightly was not looked at before");
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_answer_or_record_was_lost_is_not_sent_again() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("list");
    rejected(&lab, NIGHTLY, 0);
    lab.sandbox.plant(Rule::once("slack", Kind::ResetAfter).path("postMessage"));
    let options = options(&lab, &list);
    check(&lab, &options).await;
    // The file that remembers is lost with the machine.
    std::fs::remove_file(&list).expect("it was there");
    let checked = check(&lab, &options).await;
    assert!(checked.problems.is_empty(), "{checked:?}");
    assert_eq!(lab.count("slack", "post"), 1);
}
