//! The fault story (promises P2, P3, P4, P9): each command meets each kind of trouble at each service
//! it talks to. Whatever happens, it claims nothing that is not so, does nothing twice, says in the
//! StateBox what it says to the caller, shows no credential, and converges when the trouble is over.

use std::collections::BTreeMap;

use http::Method;
use oar_sandbox::CREDENTIAL;
use oar_sandbox::fault::{Kind, Rule};

use crate::scenes::{SCENES, Scene};
use crate::trial::{Told, Trial};

/// Every kind of trouble, by name.
fn troubles() -> Vec<(&'static str, Kind)> {
    vec![
        ("401", Kind::Status(401)),
        ("403", Kind::Status(403)),
        ("404", Kind::Status(404)),
        ("409", Kind::Status(409)),
        ("422", Kind::Status(422)),
        ("429", Kind::RateLimited(2)),
        ("500", Kind::Echo(500)),
        ("503", Kind::Status(503)),
        ("reset before", Kind::ResetBefore),
        ("reset after", Kind::ResetAfter),
        ("stall", Kind::Stall),
        ("truncated body", Kind::Truncated),
        ("login page", Kind::LoginPage),
        ("an echo of the request", Kind::Echo(400)),
    ]
}

/// Trouble that hits a single write, wherever it is in the row.
fn passing_troubles() -> Vec<(&'static str, Kind)> {
    vec![
        ("409 once", Kind::Status(409)),
        ("429 once", Kind::RateLimited(2)),
        ("500 once", Kind::Status(500)),
        ("502 after the effect", Kind::StatusAfter(502)),
        ("reset before, once", Kind::ResetBefore),
        ("reset after, once", Kind::ResetAfter),
        ("stall once", Kind::Stall),
        ("truncated once", Kind::Truncated),
        ("login page once", Kind::LoginPage),
    ]
}

/// What an undisturbed run leaves, once and twice.
struct Calm {
    requests: BTreeMap<String, usize>,
    told: Told,
    /// What it says when it is run again.
    again: String,
    deeds: BTreeMap<String, usize>,
    /// The same after the second run: after a verdict `Fail` it starts another job.
    deeds_again: BTreeMap<String, usize>,
    messages: usize,
}

impl Calm {
    fn of(scene: &Scene, start: &Trial) -> Self {
        let trial = start.copy();
        let told = trial.run(scene.work);
        assert_eq!(told.outcome, scene.outcome, "{}: {}", scene.name, told.text);
        let (requests, deeds) = (trial.sandbox().requests(), trial.deeds());
        trial.calm_down();
        let again = trial.run(scene.work).outcome;
        let (deeds_again, messages) = (trial.deeds(), trial.messages().values().sum());
        Self { requests, told, again, deeds, deeds_again, messages }
    }
}

/// Lets `scene` meet `rule` and answers what does not hold.
fn meet(scene: &Scene, start: &Trial, calm: &Calm, rule: Rule) -> Vec<String> {
    let mut broken = Vec::new();
    let trial = start.copy();
    trial.sandbox().plant(rule);
    let told = trial.run(scene.work);

    // P3: what is not so is not claimed; a pass has done what passing takes.
    if told.is_pass() {
        if !scene.is_well() {
            broken.push("a false pass".to_owned());
        }
        let deeds = trial.deeds();
        let is_required = |deed: &&String| scene.required.iter().any(|s| deed.starts_with(s));
        let undone =
            calm.deeds.keys().filter(is_required).filter(|deed| !deeds.contains_key(*deed));
        broken.extend(undone.map(|deed| format!("a hollow pass without {deed}")));
    }
    // A refusal in the service's own words is an answer.
    let refused = ["planted by the sandbox", "cannot serve"].iter().any(|w| told.text.contains(w));
    let is_no = told.outcome == "fail" && told.error.is_none() && !refused;
    if scene.outcome != "fail" && is_no {
        broken.push("a false verdict".to_owned());
    }
    // P2: nothing more than in calm.
    broken.extend(surplus(&trial, &calm.deeds, calm.messages));
    broken.extend(unrecorded(scene, &trial, &told));
    // P9: no credential in what is told, stored or posted.
    let posted = trial.messages().into_keys().map(|(_, text)| text);
    for text in posted.chain([told.text.clone(), trial.statebox_text().unwrap_or_default()]) {
        if text.contains(CREDENTIAL) || text.contains("Authorization") {
            broken.push(format!("a credential: {text}"));
        }
    }
    // P5: it ends like an undisturbed run.
    trial.calm_down();
    let end = trial.run(scene.work);
    if ![&calm.told.outcome, &calm.again].contains(&&end.outcome) {
        broken.push(format!("it then ends with {}", end.text));
    }
    let made_up = |deeds: &BTreeMap<String, usize>| -> BTreeMap<String, usize> {
        let is_made_up = |deed: &str| scene.made_up.iter().any(|service| deed.starts_with(service));
        deeds.iter().filter(|(deed, _)| is_made_up(deed)).map(|(d, n)| (d.clone(), *n)).collect()
    };
    let end_deeds = made_up(&trial.deeds());
    if ![made_up(&calm.deeds), made_up(&calm.deeds_again)].contains(&end_deeds) {
        broken.push(format!("it ends with {:?} instead of {:?}", trial.deeds(), calm.deeds));
    }
    broken.extend(surplus(&trial, &calm.deeds_again, calm.messages));
    if !broken.is_empty() {
        broken.push(told.text);
    }
    broken
}

/// What is told is stored, or said to be missing.
fn unrecorded(scene: &Scene, trial: &Trial, told: &Told) -> Option<String> {
    let task = scene.work.task()?;
    let Some(status) = told.written else {
        let is_lost = told.outcome == "fail" && told.not_saved.is_none();
        return is_lost.then(|| "the verdict is nowhere".to_owned());
    };
    let stored = trial.statebox().expect("a StateBox");
    let record = stored.task(task).expect("the task");
    if record.status != status {
        return Some(format!("{:?} is stored", record.status));
    }
    let (_, message) = told.error.as_ref()?;
    let result = record.result.as_deref().unwrap_or_default();
    let cause = message.split(": ").next().unwrap_or_default();
    (!result.contains(cause)).then(|| format!("no cause in {result}"))
}

/// What was done or posted more often than allowed.
fn surplus(trial: &Trial, allowed: &BTreeMap<String, usize>, messages: usize) -> Vec<String> {
    let mut found = Vec::new();
    for (deed, times) in trial.deeds() {
        let allowed = allowed.get(&deed).copied().unwrap_or(0);
        if times > allowed {
            found.push(format!("{deed} {times} times instead of {allowed}"));
        }
    }
    for (message, times) in trial.messages() {
        if times > 1 {
            found.push(format!("posted {times} times: {message:?}"));
        }
    }
    // What a disturbed run tells differs from what the next one does, and a job that waits tells of
    // trouble and of its end; more than that is chatter.
    let posted: usize = trial.messages().values().sum();
    if posted > messages + 2 {
        found.push(format!("{posted} messages instead of {messages}: {:?}", trial.messages()));
    }
    found
}

/// The services and verbs that a scene uses, from `github GET` and the like.
fn uses(calm: &Calm) -> Vec<(&'static str, Method, usize)> {
    let known = |word: &str| -> &'static str { Box::leak(word.to_owned().into_boxed_str()) };
    let parts = calm.requests.iter().filter_map(|(use_, count)| {
        let (service, verb) = use_.split_once(' ')?;
        Some((known(service), verb.parse().ok()?, *count))
    });
    parts.collect()
}

/// Fails with every rule that some trouble breaks.
fn hold(names: &[&str]) {
    let mut broken = Vec::new();
    for name in names {
        let scene = SCENES.iter().find(|scene| scene.name == *name).expect("a scene");
        let start = scene.set();
        let calm = Calm::of(scene, &start);
        let mut meet = |what: String, rule: Rule| {
            let found = meet(scene, &start, &calm, rule);
            if !found.is_empty() {
                broken.push(format!("{name}, {what}: {}", found.join("\n    ")));
            }
        };
        for (service, verb, count) in uses(&calm) {
            for (trouble, kind) in troubles() {
                let rule = Rule::once(service, kind).method(verb.clone()).times(u32::MAX);
                meet(format!("{service} {verb}: {trouble}"), rule);
            }
            if verb == Method::GET {
                continue;
            }
            for nth in 0..u32::try_from(count).expect("few requests") {
                for (trouble, kind) in passing_troubles() {
                    let rule = Rule::once(service, kind).method(verb.clone()).skip(nth);
                    meet(format!("{service} {verb} number {}: {trouble}", nth + 1), rule);
                }
            }
        }
    }
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

#[test]
fn ownership_survives_every_trouble() {
    hold(&["take ownership"]);
}

#[test]
fn the_tracker_check_survives_every_trouble() {
    hold(&["no tracker is missed", "a tracker is missed"]);
}

#[test]
fn the_alert_check_survives_every_trouble() {
    hold(&["no alert", "a blocking alert"]);
}

#[test]
fn the_push_survives_every_trouble() {
    hold(&["push to staging"]);
}

#[test]
fn the_approval_of_the_shipment_survives_every_trouble() {
    hold(&["approve the shipment"]);
}

#[test]
fn stage_testing_survives_every_trouble() {
    hold(&["start the stage tests", "the stage tests passed", "the stage tests failed"]);
}

#[test]
fn image_consistency_survives_every_trouble() {
    hold(&[
        "start the image consistency check",
        "the images are consistent and healthy",
        "an image is not healthy",
        "the images are not consistent",
    ]);
}

#[test]
fn the_signature_check_survives_every_trouble() {
    hold(&["the payload is signed", "the payload is not signed"]);
}

#[test]
fn the_way_back_to_jenkins_survives_every_trouble() {
    hold(&["start the image consistency check on Jenkins", "the check on Jenkins failed"]);
}

#[test]
fn the_analysis_of_builds_survives_every_trouble() {
    hold(&["the tests were accepted", "the tests were rejected", "the candidate has no results"]);
}

#[test]
fn the_question_whether_it_is_shipped_survives_every_trouble() {
    hold(&["the release is shipped", "the release is not shipped"]);
}

#[test]
fn final_approval_survives_every_trouble() {
    hold(&["approve the release", "the page is not public", "an alert blocks the approval"]);
}

#[test]
fn the_approval_job_survives_every_trouble() {
    hold(&["the job sees the page"]);
}

#[test]
fn dropping_bugs_survives_every_trouble() {
    hold(&["drop bugs from advisories and shipment"]);
}
