//! The commands on bugs and container tests over the sandbox: what they refuse, what is left when a
//! part fails, and their messages (spec 02 §7.2, §7.3, §7.6; 05 §3; 06 §2.3).

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use oar_operators::OperatorError;
use oar_operators::commands::create_test_report;
use oar_operators::context::{Approvers, LegacyReport, Messenger, People};
use oar_operators::report::CommandReport;
use oar_operators::tasks::bugs::check_greenwave_cvp_tests;
use oar_operators::tasks::bugs::drop_bugs::{self, Options};
use oar_operators::tasks::bugs::update_bug_list::{self, Tell};
use oar_release::{ErrorClass, ReleaseVersion, TaskOutcome};
use oar_sandbox::fault::{Kind, Rule};
use oar_sandbox::jira::Issue;
use oar_sandbox::world::World;
use oar_slack::HttpSlack;
use oar_transport::testing::client_at;
use oar_transport::{Endpoints, Secret};
use serde_json::json;

use crate::create_test_report::{Outage, Reports};
use crate::desk::release as konflux;
use crate::lab::Lab;
use crate::operator_cases::errata_flow;

fn errata() -> ReleaseVersion {
    "4.98.17".parse().expect("a release")
}

/// The group that leads every release.
#[derive(Debug)]
struct LedBy(&'static str);

impl People for LedBy {
    fn lead_group(&self, _release: &ReleaseVersion) -> (Option<String>, Option<String>) {
        (Some(self.0.to_owned()), None)
    }

    fn owner(&self, _release: &ReleaseVersion) -> Option<String> {
        None
    }
}

/// Connects the lab to the Slack of its world.
fn use_slack(lab: &mut Lab, leads: &'static str, prodsec: &[&str]) {
    let http = client_at(Arc::new(lab.sandbox.clone()), Endpoints::default());
    let slack = HttpSlack::new(&http, Secret::new("sandbox").into());
    lab.desk.context.people = Arc::new(LedBy(leads));
    lab.desk.context.messenger = Ok(Messenger {
        read: Arc::new(slack.clone()),
        write: Arc::new(slack),
        release_channel: "#team-release-example".to_owned(),
        art: Err("not in this test".to_owned()),
        forum: Ok("#forum-qe-example".to_owned()),
        approvers: Ok(Approvers {
            channel: "#approvers-example".to_owned(),
            docs: Some("docs-example".to_owned()),
            prodsec: prodsec.iter().map(|who| (*who).to_owned()).collect(),
        }),
    });
}

/// A bug, and how it differs from one that waits for verification.
type Bug<'a> = (&'a str, &'a dyn Fn(&mut Issue));

/// The Errata flow where the image advisory carries exactly these bugs.
async fn with_bugs(bugs: &[Bug<'_>]) -> Lab {
    let mut lab = errata_flow().await;
    use_slack(&mut lab, "ert-498-example", &["sec1@example.com"]);
    let change = |world: &mut World| {
        let model = world.jira.issues["OCPBUGS-98172"].clone();
        let mut keys = Vec::new();
        for (number, (key, edit)) in (9_000_000..).zip(bugs) {
            let mut issue = Issue { id: number, ..model.clone() };
            edit(&mut issue);
            world.jira.issues.insert((*key).to_owned(), issue);
            keys.push((*key).to_owned());
        }
        world.errata.advisories.get_mut(&980_172).expect("the advisory").issues = keys;
    };
    lab.sandbox.change(change).expect("a change");
    lab
}

fn as_it_is(_: &mut Issue) {}

/// Texts in `channel` of the world's Slack.
fn told(lab: &Lab, channel: &str) -> Vec<String> {
    lab.sandbox.world(|world| {
        let posts = world.slack.messages.iter().filter(|message| message.channel == channel);
        posts.map(|message| message.text.clone()).collect()
    })
}

fn slack_requests(lab: &Lab) -> u64 {
    let requests = lab.sandbox.requests();
    let of_slack = requests.iter().filter(|(name, _)| name.starts_with("slack"));
    of_slack.map(|(_, count)| u64::try_from(*count).expect("a count")).sum()
}

async fn drop_from(lab: &Lab, release: &ReleaseVersion, options: Options) -> CommandReport {
    drop_bugs::run(&lab.desk.context, release, &options).await.expect("it began")
}

/// What each command says of `release`, which it must refuse.
async fn refusals(lab: &Lab, release: &ReleaseVersion) -> [OperatorError; 3] {
    let context = &lab.desk.context;
    [
        update_bug_list::run(context, release, Tell::Contacts).await.expect_err("a refusal"),
        check_greenwave_cvp_tests::run(context, release).await.expect_err("a refusal"),
        drop_bugs::run(context, release, &Options::default()).await.expect_err("a refusal"),
    ]
}

#[tokio::test(start_paused = true)]
async fn spec02_case_31_in_the_konflux_flow_nothing_is_asked_but_the_flow() {
    let lab = Lab::new();
    for error in refusals(&lab, &konflux()).await {
        assert_eq!(error.class(), ErrorClass::InvalidArgument, "{error}");
        assert!(matches!(error, OperatorError::WrongFlow { wanted: "errata", .. }), "{error}");
    }
    assert!(lab.sandbox.requests().is_empty(), "{:?}", lab.sandbox.requests());
    assert_eq!(lab.desk.repo.commits().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_kept_in_a_sheet_is_refused_with_its_page() {
    let mut lab = Lab::of("openshift-4.98");
    let url = "https://docs.example.com/spreadsheets/d/DOC#gid=7".to_owned();
    lab.desk.context.legacy_reports = Arc::new(Reports(LegacyReport::Found { url: url.clone() }));
    for error in refusals(&lab, &errata()).await {
        assert_eq!(error.class(), ErrorClass::NotConfigured);
        assert!(error.to_string().contains(&url), "{error}");
    }
    // An outage is no "there is none".
    lab.desk.context.legacy_reports = Arc::new(Outage);
    for error in refusals(&lab, &errata()).await {
        assert!(matches!(error, OperatorError::LegacyReport { .. }), "{error}");
    }
    assert!(lab.sandbox.requests().is_empty(), "{:?}", lab.sandbox.requests());
    assert_eq!(lab.desk.repo.commits().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_04_what_was_dropped_is_told_when_the_shipment_fails() {
    let mut lab = Lab::new();
    use_slack(&mut lab, "ert-499-example", &[]);
    let change = |world: &mut World| {
        let bug = world.jira.issues.get_mut("OCPBUGS-99031").expect("a bug");
        "ON_QA".clone_into(&mut bug.status);
    };
    lab.sandbox.change(change).expect("a change");
    let refusal = Rule::once("gitlab", Kind::Status(403)).method(Method::POST).times(u32::MAX);
    lab.sandbox.plant(refusal);
    let shipment = Options { shipment: true, ..Options::default() };
    let report = drop_from(&lab, &konflux(), shipment.clone()).await;
    assert!(!report.success, "{report:?}");
    assert!(matches!(report.outcome, TaskOutcome::Fail { .. }), "{report:?}");
    let dropped = &report.facts["dropped"];
    assert_eq!(dropped["ok"], json!(["OCPBUGS-99031"]));
    let failed = dropped["failed"].as_array().expect("a list");
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0]["source"], "shipment");
    let [message] = &told(&lab, "team-release-example")[..] else { panic!("one message") };
    assert!(message.contains("|OCPBUGS-99031>") && !message.contains("99002"), "{message}");
    assert!(lab.entry("drop-bugs").contains("status: Fail"));

    // Repaired, the rest follows, and all of it is told.
    lab.sandbox.set_faults(oar_sandbox::fault::Faults::default());
    let report = drop_from(&lab, &konflux(), shipment).await;
    assert_eq!(report.outcome, TaskOutcome::Pass, "{report:?}");
    assert_eq!(report.facts["dropped"]["ok"], json!(["OCPBUGS-99002", "OCPBUGS-99031"]));
    assert_eq!(lab.sandbox.world(|world| world.count("errata", "remove-issue")), 1);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_04_a_refused_removal_fails_the_task_and_the_others_are_done() {
    let lab = with_bugs(&[("OCPBUGS-1", &as_it_is), ("OCPBUGS-2", &as_it_is)]).await;
    let refusal = Rule::once("errata", Kind::Status(422)).method(Method::POST);
    lab.sandbox.plant(refusal);
    let report = drop_from(&lab, &errata(), Options::default()).await;
    assert!(matches!(report.outcome, TaskOutcome::Fail { .. }), "{report:?}");
    assert_eq!(report.facts["dropped"]["ok"], json!(["OCPBUGS-2"]));
    assert_eq!(report.facts["dropped"]["failed"][0]["source"], "errata");
    let [message] = &told(&lab, "team-release-example")[..] else { panic!("one message") };
    assert!(message.contains("|OCPBUGS-2>") && !message.contains("|OCPBUGS-1>"), "{message}");
    let report = drop_from(&lab, &errata(), Options::default()).await;
    assert_eq!(report.outcome, TaskOutcome::Pass, "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn spec05_case_09_a_dropped_bug_is_linked_once_and_both_groups_are_mentioned() {
    let lab = with_bugs(&[("OCPQE-123", &as_it_is)]).await;
    let keep = Options { keep_high_severity: true, ..Options::default() };
    let report = drop_from(&lab, &errata(), keep.clone()).await;
    assert_eq!(report.outcome, TaskOutcome::Pass, "{report:?}");
    let [message] = &told(&lab, "team-release-example")[..] else { panic!("one message") };
    assert_eq!(message.matches("|OCPQE-123>").count(), 1, "{message}");
    for group in ["<!subteam^S0498>", "<!subteam^S0DOCS>"] {
        assert!(message.contains(group), "{group}: {message}");
    }

    // Neither dropped nor severe bugs: Slack is not asked for anything.
    let lab = with_bugs(&[]).await;
    let report = drop_from(&lab, &errata(), keep).await;
    assert_eq!(report.outcome, TaskOutcome::Pass, "{report:?}");
    assert_eq!(slack_requests(&lab), 0);
}

#[tokio::test(start_paused = true)]
async fn spec05_case_10_only_bugs_that_wait_are_told_and_cves_must_be_verified() {
    let lab = with_bugs(&[
        ("OCPBUGS-1", &|issue| issue.labels.push("CVE-2025-1".to_owned())),
        ("OCPBUGS-2", &|issue| "Verified".clone_into(&mut issue.status)),
        ("OCPBUGS-3", &|issue| issue.hidden = true),
    ])
    .await;
    let run = update_bug_list::run(&lab.desk.context, &errata(), Tell::Contacts).await;
    let report = run.expect("it began");
    let [message] = &told(&lab, "forum-qe-example")[..] else { panic!("one message") };
    let lines: Vec<&str> = message.lines().skip(1).collect();
    let [line] = lines[..] else { panic!("{message}") };
    assert!(line.contains("|OCPBUGS-1> <@U0MEMBER> (a CVE: must be verified)"), "{line}");
    let of_hidden: Vec<_> =
        report.warnings.iter().filter(|line| line.contains("OCPBUGS-3")).collect();
    assert_eq!(of_hidden.len(), 1, "{:?}", report.warnings);

    let lab = with_bugs(&[("OCPBUGS-2", &|issue| "Verified".clone_into(&mut issue.status))]).await;
    let run = update_bug_list::run(&lab.desk.context, &errata(), Tell::Contacts).await;
    assert_eq!(run.expect("it began").outcome, TaskOutcome::Pass);
    assert_eq!(slack_requests(&lab), 0);
}

#[tokio::test(start_paused = true)]
async fn spec05_case_11_a_single_person_of_product_security_is_mentioned() {
    let lab = with_bugs(&[("OCPBUGS-1", &as_it_is)]).await;
    let change = |world: &mut World| {
        let image = world.errata.advisories.get_mut(&980_172).expect("the advisory");
        "rhsa".clone_into(&mut image.kind);
        image.security_approved = Some(true);
        // Its documentation was never approved: nothing is lost there.
        (image.doc_complete, image.text_ready) = (false, false);
    };
    lab.sandbox.change(change).expect("a change");
    drop_from(&lab, &errata(), Options::default()).await;
    let [request] = &told(&lab, "approvers-example")[..] else { panic!("one request") };
    assert!(request.starts_with("[4.98.17] <@U0SEC1> please approve"), "{request:?}");
    assert!(request.contains("|980172>") && !request.contains("S0DOCS"), "{request}");
}

#[tokio::test(start_paused = true)]
async fn spec05_case_05_a_group_that_is_not_there_is_named_and_the_message_sent() {
    let mut lab = Lab::of("openshift-4.98");
    use_slack(&mut lab, "ert-gone-example", &[]);
    let created = create_test_report::run(&lab.desk.context, &errata()).await.expect("created");
    assert!(created.written);
    let [message] = &told(&lab, "team-release-example")[..] else { panic!("one message") };
    assert!(message.contains("@ert-gone-example") && message.contains("|StateBox>"), "{message}");
    assert_eq!(created.warnings.len(), 1, "{:?}", created.warnings);
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_is_not_there_leaves_the_manager_out_with_a_warning() {
    let cve = |issue: &mut Issue| "CVE-2026-1000 foo: x".clone_into(&mut issue.summary);
    let lab = with_bugs(&[("OCPBUGS-1", &cve)]).await;
    let run = update_bug_list::run(&lab.desk.context, &errata(), Tell::Managers).await;
    let report = run.expect("it began");
    let [message] = &told(&lab, "forum-qe-example")[..] else { panic!("one message") };
    assert!(message.ends_with("|OCPBUGS-1>"), "{message:?}");
    let names: BTreeMap<bool, usize> =
        report.warnings.iter().fold(BTreeMap::new(), |mut counts, line| {
            *counts.entry(line.contains("manager")).or_default() += 1;
            counts
        });
    assert_eq!(names.get(&true), Some(&1), "{:?}", report.warnings);
}
