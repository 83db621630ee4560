//! The result files of builds as the machinery of tests writes them (spec 04 §2.3).

use serde_json::{Value, json};

use crate::world::World;

/// What stands in a result file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The tests run.
    Running,
    /// They are aggregated.
    Ended {
        /// The verdict.
        accepted: bool,
    },
}

/// Which tests a build gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of a nightly build.
    Candidate,
    /// Of a promoted build.
    Promoted,
}

/// Writes the file of `build`, unless somebody else takes care of it.
pub(super) fn publish(world: &mut World, build: &str, kind: Kind, stage: Stage) {
    let path = format!("_releases/ocp-test-result-{build}-amd64.json");
    let present = world.github.branch_file("record", &path);
    let before = (stage != Stage::Running).then(|| text(build, kind, Stage::Running));
    if present == before {
        world.github.foreign_write("record", &path, &text(build, kind, stage));
    }
}

fn text(build: &str, kind: Kind, stage: Stage) -> String {
    let jobs: &[&str] = match kind {
        Kind::Candidate => &["install-aws", "install-gcp"],
        Kind::Promoted => &["upgrade-from-stable-aws", "install-gcp"],
    };
    let minor: String = build.split('.').take(2).collect::<Vec<_>>().join(".");
    let results = jobs.iter().zip(1..).map(|(job, number)| {
        let name = format!("periodic-ci-example-tests-release-{minor}-{job}");
        entry(&name, number, stage, number == 1)
    });
    let mut file = json!({
        "result": results.collect::<Vec<_>>(),
        "build": {
            "name": build, "phase": "Accepted",
            "pullSpec": format!("registry.ci.openshift.org/ocp/release:{build}"),
            "downloadURL": format!("https://openshift-release-artifacts.example.com/{build}"),
        },
    });
    if let Stage::Ended { accepted } = stage {
        file["aggregated"] = json!(true);
        file["accepted"] = json!(accepted);
    }
    format!("{file:#}")
}

/// One job: rejected builds lose the first one in all three runs.
fn entry(job: &str, number: u32, stage: Stage, is_first: bool) -> Value {
    let run = |attempt: u32, state: &str| {
        let id = format!("{number:08}-0000-4000-8000-{attempt:012}");
        let url = format!(
            "https://prow.ci.openshift.org/view/gs/test-platform-results/logs/{job}/{number}{attempt}"
        );
        let failed = u32::from(state == "failure");
        let mut suite = json!({ "total": 90, "failures": failed, "errors": 0, "skipped": 12 });
        if failed > 0 {
            suite["failingScenarios"] = json!(["volumes survive a restart"]);
        }
        let mut run = json!({ "jobID": id, "jobURL": url, "jobState": state });
        if state != "pending" {
            run["testResultSummary"] = json!({ "openshift-extended-test": suite });
        }
        run
    };
    match stage {
        Stage::Running => json!({ "jobName": job, "firstJob": run(1, "pending") }),
        Stage::Ended { accepted: false } if is_first => {
            let retried = [run(2, "failure"), run(3, "failure")];
            json!({ "jobName": job, "firstJob": run(1, "failure"), "retriedJobs": retried })
        }
        Stage::Ended { .. } => {
            json!({ "jobName": job, "firstJob": run(1, "success"), "retriedJobs": [] })
        }
    }
}
