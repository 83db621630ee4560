//! The issues of the invented releases.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::{Account, Issue, Jira};

/// Monday before the invented world begins.
fn monday() -> Timestamp {
    "2026-02-23T10:00:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Jira as the invented world begins: tickets with QE subtasks, and bugs.
///
/// The bugs are those that shipment and advisories fix. Two are not verified: `OCPBUGS-99002` in the shipment and
/// `OCPBUGS-98172` in the Errata flow. `OCPBUGS-99033` tracks a CVE.
pub fn seeded() -> Jira {
    let mut jira = Jira { me: "bot".to_owned(), last_id: 50_000, ..Jira::default() };
    for (id, name) in
        [("bot", "OAR Bot"), ("lead", "Release Lead"), ("member", "Member"), ("boss", "Boss")]
    {
        let account = Account {
            name: name.to_owned(),
            email: format!("{id}@example.com"),
            shows_email: true,
            active: true,
        };
        jira.accounts.insert(id.to_owned(), account);
    }
    jira.versions =
        [("OCPBUGS".to_owned(), ["4.98.z", "4.99.z"].map(str::to_owned).to_vec())].into();
    jira.workflow = workflow();
    for (ticket, first) in [("ART-99003", 99_004), ("ART-98017", 98_018)] {
        add_ticket(&mut jira, ticket, first);
    }
    for (key, status, version) in [
        ("OCPBUGS-99001", "Verified", "4.99.z"),
        ("OCPBUGS-99002", "ON_QA", "4.99.z"),
        ("OCPBUGS-99003", "Verified", "4.99.z"),
        ("OCPBUGS-99031", "Verified", "4.99.z"),
        ("OCPBUGS-99032", "Verified", "4.99.z"),
        ("OCPBUGS-98171", "Verified", "4.98.z"),
        ("OCPBUGS-98172", "ON_QA", "4.98.z"),
    ] {
        let summary = format!("[{}] something is broken", version.trim_end_matches(".z"));
        add_bug(&mut jira, key, status, version, &summary);
    }
    add_bug(&mut jira, "OCPBUGS-99033", "Verified", "4.99.z", "CVE-2099-0033 kernel: example");
    if let Some(tracker) = jira.issues.get_mut("OCPBUGS-99033") {
        "Vulnerability".clone_into(&mut tracker.kind);
        tracker.labels = vec!["SecurityTracking".to_owned(), "CVE-2099-0033".to_owned()];
        tracker.cve_id = Some("CVE-2099-0033".to_owned());
    }
    jira
}

fn workflow() -> BTreeMap<String, Vec<(String, String, String)>> {
    let way = |id: &str, name: &str, to: &str| (id.to_owned(), name.to_owned(), to.to_owned());
    let begin = way("21", "Start work", "In Progress");
    let close = way("31", "Done", "Closed");
    let reopen = way("11", "Reopen", "New");
    let verify = way("41", "Verify", "Verified");
    [
        ("New", vec![begin, close.clone()]),
        ("In Progress", vec![reopen.clone(), close.clone()]),
        ("Closed", vec![reopen.clone()]),
        ("ON_QA", vec![verify, reopen]),
        ("Verified", vec![close]),
    ]
    .map(|(status, ways)| (status.to_owned(), ways))
    .into()
}

/// A ticket with three QE subtasks and one of ART, numbered from `first`.
fn add_ticket(jira: &mut Jira, ticket: &str, first: u64) {
    let summaries = [
        "[Mon-Wed] QE notifies ON_QA bugzilla owners and analyze ci failures",
        "[Wed-Fri] QE does release verification",
        "[Fri/Mon] QE moves advisories to REL_PREP",
        "[Mon] ART prepares the advisories",
    ];
    let mut subtasks = Vec::new();
    for (number, summary) in (first..).zip(summaries) {
        let key = format!("ART-{number}");
        let issue = Issue { kind: "Sub-task".to_owned(), ..issue(number, summary, "New") };
        jira.issues.insert(key.clone(), issue);
        subtasks.push(key);
    }
    let number = first - 1;
    let parent =
        Issue { subtasks, kind: "Story".to_owned(), ..issue(number, ticket, "In Progress") };
    jira.issues.insert(ticket.to_owned(), parent);
}

fn add_bug(jira: &mut Jira, key: &str, status: &str, version: &str, summary: &str) {
    let number = key.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(0);
    let bug = Issue {
        qa_contact: Some("member".to_owned()),
        assignee: Some("member".to_owned()),
        target_versions: vec![version.to_owned()],
        history: vec![(monday(), "MODIFIED".to_owned(), "ON_QA".to_owned())],
        ..issue(1_000_000 + number, summary, status)
    };
    jira.issues.insert(key.to_owned(), bug);
}

fn issue(id: u64, summary: &str, status: &str) -> Issue {
    Issue {
        id,
        summary: summary.to_owned(),
        kind: "Bug".to_owned(),
        status: status.to_owned(),
        priority: "Major".to_owned(),
        reporter: Some("boss".to_owned()),
        description: json!({ "type": "doc", "version": 1, "content": [] }),
        created: monday(),
        ..Issue::default()
    }
}
