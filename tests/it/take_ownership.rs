//! Story: the release lead takes a release over (spec 02 §7.1).

use oar_sandbox::world::World;

use crate::harness::{Place, Run};

const TAKE: [&str; 5] = ["-r", "4.99.3", "take-ownership", "-e", "lead@example.com"];

/// A place with the StateBox of 4.99.3.
pub(crate) fn begun() -> Place {
    let place = Place::new();
    place.sandboxed("oar", &["-r", "4.99.3", "create-test-report"]).expect(0);
    place
}

fn take(place: &Place, more: &[&str]) -> Run {
    place.sandboxed("oar", &[&TAKE, more].concat())
}

/// Effects on everything but the state repository.
pub(crate) fn effects(world: &World) -> Vec<String> {
    let outside = world.effects.iter().filter(|effect| effect.service != "github");
    outside.map(|e| format!("{} {} {}", e.service, e.action, e.target)).collect()
}

/// The StateBox of 4.99.3.
pub(crate) fn statebox(place: &Place) -> String {
    let path = "_releases/4.99/statebox/4.99.3.yaml";
    place.sandbox().world(|w| w.github.branch_file("z-stream", path)).expect("a StateBox")
}

#[test]
fn a_lead_takes_advisories_subtasks_and_the_shipment_over() {
    let place = begun();
    let report = take(&place, &["--json"]).expect(0).json();
    assert_eq!(report["outcome"], "pass");
    assert_eq!(report["statebox"]["written"], true);
    assert_eq!(report["facts"]["advisories"]["changed"], serde_json::json!([990_031, 990_032]));
    assert_eq!(report["warnings"], serde_json::json!([]));
    let world = place.sandbox().world(Clone::clone);
    for id in [990_031, 990_032] {
        assert_eq!(world.errata.advisories[&id].assigned_to, 91);
    }
    for (key, status) in
        [("ART-99004", "In Progress"), ("ART-99005", "In Progress"), ("ART-99006", "New")]
    {
        let subtask = &world.jira.issues[key];
        assert_eq!((subtask.assignee.as_deref(), subtask.status.as_str()), (Some("lead"), status));
    }
    assert_eq!(world.jira.issues["ART-99007"].assignee, None, "ART's own subtask");
    let message = world.slack.messages.last().expect("a message");
    assert_eq!(message.channel, "team-release-example");
    for part in ["[4.99.3] <!subteam^S0499>", "lead@example.com", "|990031>", "ART-99004", "337"] {
        assert!(message.text.contains(part), "{part}: {}", message.text);
    }
    let stored = statebox(&place);
    assert!(stored.contains("name: take-ownership\n  status: Pass"), "{stored}");
    assert!(!stored.contains("lead@example.com"), "{stored}");

    // Again: nothing is done twice, nobody is told twice.
    let again = take(&place, &["--json"]).expect(0).json();
    assert_eq!(again["outcome"], "pass");
    assert_eq!(effects(&place.sandbox().world(Clone::clone)), effects(&world));
}

#[test]
fn spec02_case_07_a_malformed_address_is_a_usage_error_before_any_request() {
    let place = Place::new();
    let before = place.sandbox().world(Clone::clone);
    let run = place.sandboxed("oar", &["-r", "4.99.3", "take-ownership", "-e", "lead@example"]);
    let run = run.expect(2);
    assert!(run.stderr.contains("no e-mail address"), "{}", run.stderr);
    assert_eq!(place.sandbox().world(Clone::clone), before);
}

#[test]
fn spec02_case_07_an_advisory_in_new_files_is_taken_over_and_blocks_the_push() {
    let place = begun();
    let moved = place.sandbox().change(|world| {
        let advisory = world.errata.advisories.get_mut(&990_031).expect("the advisory");
        "NEW_FILES".clone_into(&mut advisory.state);
    });
    moved.expect("a change");
    let report = take(&place, &["--json"]).expect(0).json();
    assert_eq!(report["outcome"], "pass");
    assert_eq!(report["facts"]["advisories"]["abnormal"][0]["id"], 990_031);
    let output = report["output"].as_str().expect("an output");
    let end = output.lines().last().expect("a line");
    assert!(end.ends_with("task [Take Ownership] status is changed to [Pass]"), "{end}");
    let world = place.sandbox().world(Clone::clone);
    assert_eq!(world.errata.advisories[&990_031].assigned_to, 91);
    let to_art: Vec<_> =
        world.slack.messages.iter().filter(|m| m.channel == "art-example").collect();
    assert_eq!(to_art.len(), 1);
    assert!(to_art[0].text.contains("<!subteam^S0ART>"), "{}", to_art[0].text);
    let stored = statebox(&place);
    for part in ["990031", "NEW_FILES", "blocker: true", "push-to-cdn-staging"] {
        assert!(stored.contains(part), "{part}: {stored}");
    }

    // When ART has moved it, the next run resolves what this one reported.
    let moved = place.sandbox().change(|world| {
        let advisory = world.errata.advisories.get_mut(&990_031).expect("the advisory");
        "QE".clone_into(&mut advisory.state);
    });
    moved.expect("a change");
    take(&place, &[]).expect(0);
    let list =
        place.sandboxed("oar", &["-r", "4.99.3", "issue", "list", "--json"]).expect(0).json();
    assert_eq!(list["issues"], serde_json::json!([]));
}

#[test]
fn spec02_case_25_without_a_ticket_the_subtasks_are_skipped_with_a_warning() {
    let place = begun();
    let changed = place.sandbox().change(|world| {
        let data = world.build_data.get_mut("openshift-4.99").expect("the data");
        *data = data.replace("ART-99003", "ART-0");
    });
    changed.expect("a change");
    let report = take(&place, &["--json"]).expect(0).json();
    assert_eq!(report["outcome"], "pass");
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("subtasks are skipped"), "{warnings}");
    let world = place.sandbox().world(Clone::clone);
    assert_eq!(world.errata.advisories[&990_031].assigned_to, 91);
    assert_eq!(world.jira.issues["ART-99004"].assignee, None);
}

#[test]
fn a_refused_owner_fails_the_task_and_leaves_the_other_steps_done() {
    let place = begun();
    let changed = place.sandbox().change(|world| drop(world.errata.users.remove(&91)));
    changed.expect("a change");
    let report = take(&place, &["--json"]).expect(1).json();
    assert_eq!(report["outcome"], "fail");
    let message = report["error"]["message"].as_str().expect("a message");
    assert!(message.contains("990031") && message.contains("is not a valid user"), "{message}");
    let world = place.sandbox().world(Clone::clone);
    assert_eq!(world.jira.issues["ART-99004"].assignee.as_deref(), Some("lead"));
    assert!(statebox(&place).contains("name: take-ownership\n  status: Fail"));
}

#[test]
fn the_errata_flow_has_no_merge_request_and_needs_none() {
    let place = Place::new();
    place.sandboxed("oar", &["-r", "4.98.17", "create-test-report"]).expect(0);
    let run = ["-r", "4.98.17", "take-ownership", "-e", "lead@example.com", "--json"];
    let report = place.sandboxed("oar", &run).expect(0).json();
    assert_eq!(report["outcome"], "pass");
    let world = place.sandbox().world(Clone::clone);
    assert_eq!(world.count("errata", "change-owner"), 5);
    assert!(!effects(&world).iter().any(|effect| effect.starts_with("gitlab")));
}

#[test]
fn a_dry_run_lists_every_change_and_makes_none() {
    let place = begun();
    let before = place.sandbox().world(|w| w.effects.clone());
    let report = take(&place, &["--dry-run", "--json"]).expect(0).json();
    assert_eq!(place.sandbox().world(|w| w.effects.clone()), before);
    let changes = report["planned_changes"].as_array().expect("changes");
    let count = |system: &str| changes.iter().filter(|c| c["system"] == system).count();
    assert_eq!((count("errata"), count("gitlab"), count("slack")), (2, 1, 1), "{changes:?}");
    assert_eq!(count("jira"), 5, "three assignments, two begun: {changes:?}");
    assert!(count("state") >= 1);
    assert!(!statebox(&place).contains("take-ownership"));
}
