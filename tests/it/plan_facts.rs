//! The planner sees what the outside systems say (spec 01 §12.3), and says what it could not see.

use serde_json::Value;

use crate::harness::Place;
use crate::take_ownership::begun;

fn row(place: &Place, task: &str) -> Value {
    let plan = place.sandboxed("oar", &["-r", "4.99.3", "plan", "--json"]).expect(0).json();
    let rows = plan["tasks"].as_array().expect("tasks").clone();
    rows.into_iter().find(|row| row["task"] == task).expect("the task")
}

fn set(place: &Place, task: &str) {
    place.sandboxed("oar", &["-r", "4.99.3", "task", "set", task, "Pass"]).expect(0);
}

#[test]
fn stage_release_and_alerts_are_facts_of_the_plan() {
    let place = begun();
    for task in ["take-ownership", "check-cve-tracker-bug"] {
        set(&place, task);
    }
    let changed = place.sandbox().change(|world| world.promote("4.99.3", "RHSA-2026:9903"));
    changed.expect("a change");
    assert_eq!(row(&place, "stage-testing")["verdict"], "run");
    let alerts = row(&place, "check-rhcos-security-alerts");
    assert_eq!(alerts["verdict"], "done", "{alerts}");

    let changed = place.sandbox().change(|world| {
        let mr = world.gitlab.merge_requests.iter_mut().find(|mr| mr.iid == 337);
        mr.expect("the shipment").labels.clear();
        for bridge in &mut world.gitlab.pipelines.get_mut(&7001).expect("a pipeline").bridges {
            "running".clone_into(&mut bridge.status);
            bridge.downstream = None;
        }
    });
    changed.expect("a change");
    assert_eq!(row(&place, "stage-testing")["verdict"], "waiting");
}

#[test]
fn a_running_job_is_polled_and_its_state_is_shown() {
    let place = begun();
    let changed = place.sandbox().change(|world| {
        world.promote("4.99.3", "RHSA-2026:9903");
        (world.jenkins.waits, world.jenkins.takes) = (0, 3600);
    });
    changed.expect("a change");
    place.sandboxed("oar", &["-r", "4.99.3", "stage-testing"]).expect(0);
    let shown = row(&place, "stage-testing");
    assert_eq!(shown["verdict"], "poll", "{shown}");
    assert!(shown["reason"].to_string().contains("running"), "{shown}");
}
