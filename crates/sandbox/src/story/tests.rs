//! What the world says before and after each deed and trouble.

use jiff::SignedDuration;

use super::*;
use crate::gitlab::{MergeRequest, SHIPMENT_DATA, SHIPMENT_MR};

const RELEASE: &str = "4.99.3";
const CANDIDATE: &str = "4.99.0-0.nightly-2026-03-01-045853";

fn begun(troubles: &[Trouble]) -> World {
    let mut world = World::seeded();
    world.begin_story(RELEASE, troubles);
    world
}

/// Lets time pass.
fn wait(world: &mut World, span: SignedDuration) {
    world.now += span;
    advance(world);
}

fn hours(world: &mut World, hours: i64) {
    wait(world, SignedDuration::from_hours(hours));
}

fn until(world: &mut World, at: &str) {
    world.now = at.parse().unwrap();
    advance(world);
}

fn result(world: &World, build: &str) -> Option<serde_json::Value> {
    let path = format!("_releases/ocp-test-result-{build}-amd64.json");
    Some(serde_json::from_str(&world.github.branch_file("record", &path)?).unwrap())
}

fn mr(world: &World) -> &MergeRequest {
    world.gitlab.merge_request(SHIPMENT_DATA, SHIPMENT_MR).unwrap()
}

fn stage_bridges(world: &World) -> Vec<&str> {
    let newest = mr(world).pipelines.iter().max().unwrap();
    let bridges = &world.gitlab.pipelines[newest].bridges;
    let of_stage = bridges.iter().filter(|bridge| bridge.stage == "stage-release-triggers");
    of_stage.map(|bridge| bridge.status.as_str()).collect()
}

fn is_promoted(world: &World) -> bool {
    world.releases.streams["4-stable"].contains_key(RELEASE)
}

fn is_signed(world: &World) -> bool {
    let digest = world.registry.payload(RELEASE, "x86_64");
    digest.is_some_and(|digest| world.signatures.files.contains_key(digest))
}

fn has_page(world: &World) -> bool {
    world.registry.pages.contains("https://access.redhat.com/errata/RHSA-2026:9903")
}

/// What our commands would have done by the end.
fn approve(world: &mut World) {
    for id in [990_031, 990_032] {
        "REL_PREP".clone_into(&mut world.errata.advisories.get_mut(&id).unwrap().state);
    }
    let me = world.gitlab.me;
    let source = world.gitlab.projects[&10].branches[&mr(world).source_branch].clone();
    let mr = world.gitlab.merge_request_mut(SHIPMENT_DATA, SHIPMENT_MR).unwrap();
    mr.approvals.push((me, source));
    advance(world);
}

#[test]
fn without_a_story_the_world_stands_still() {
    let mut world = World::seeded();
    world.now += SignedDuration::from_hours(1000);
    let before = world.clone();
    advance(&mut world);
    assert_eq!(world, before);
}

#[test]
fn nothing_that_others_do_is_an_effect_of_ours_and_looking_again_changes_nothing() {
    let mut world = begun(&Trouble::ALL);
    hours(&mut world, 48);
    approve(&mut world);
    hours(&mut world, 24 * 20);
    assert!(world.story.as_ref().unwrap().done_at(Deed::Merged).is_some());
    assert_eq!(world.effects, []);
    let before = world.clone();
    advance(&mut world);
    assert_eq!(world, before);
}

#[test]
fn one_long_step_and_many_short_ones_tell_the_same_story() {
    let (mut long, mut short) = (begun(&[]), begun(&[]));
    hours(&mut long, 72);
    for _ in 0..72 * 6 {
        wait(&mut short, SignedDuration::from_mins(10));
    }
    assert_eq!(long.story, short.story);
    assert_eq!(long.releases, short.releases);
    assert_eq!(long.signatures, short.signatures);
    assert_eq!(result(&long, RELEASE), result(&short, RELEASE));
    assert_eq!(result(&long, RELEASE).unwrap()["accepted"], true);
}

#[test]
fn the_candidate_is_tested() {
    let mut world = begun(&[]);
    assert_eq!(result(&world, CANDIDATE), None);
    hours(&mut world, 1);
    let running = result(&world, CANDIDATE).unwrap();
    assert_eq!(running.get("aggregated"), None);
    assert_eq!(running["build"]["name"], CANDIDATE);
    assert_eq!(running["result"][0]["firstJob"]["jobState"], "pending");
    hours(&mut world, 6);
    let ended = result(&world, CANDIDATE).unwrap();
    assert_eq!((&ended["aggregated"], &ended["accepted"]), (&true.into(), &true.into()));
}

#[test]
fn rejected_tests_name_what_failed() {
    let mut world = begun(&[Trouble::RejectedCandidate]);
    hours(&mut world, 40);
    let ended = result(&world, CANDIDATE).unwrap();
    assert_eq!((&ended["aggregated"], &ended["accepted"]), (&true.into(), &false.into()));
    assert_eq!(ended["result"][0]["retriedJobs"].as_array().unwrap().len(), 2);
    assert_eq!(result(&world, RELEASE).unwrap()["accepted"], true, "the other build is fine");

    let mut world = begun(&[Trouble::RejectedBuildTests]);
    hours(&mut world, 40);
    assert_eq!(result(&world, CANDIDATE).unwrap()["accepted"], true);
    assert_eq!(result(&world, RELEASE).unwrap()["accepted"], false);
}

#[test]
fn a_result_file_of_somebody_else_is_left_alone() {
    let mut world = begun(&[]);
    let path = format!("_releases/ocp-test-result-{CANDIDATE}-amd64.json");
    world.github.foreign_write("record", &path, "{\"theirs\":true}");
    hours(&mut world, 24);
    assert_eq!(result(&world, CANDIDATE).unwrap(), serde_json::json!({ "theirs": true }));
}

#[test]
fn the_shipment_is_released_to_stage() {
    let mut world = begun(&[]);
    assert!(!mr(&world).labels.contains("stage-release-success"));
    assert_eq!(stage_bridges(&world), ["running", "running"]);
    hours(&mut world, 4);
    assert!(mr(&world).labels.contains("stage-release-success"));
    assert_eq!(stage_bridges(&world), ["success", "success"]);
    assert_eq!(mr(&world).pipelines, [7001]);
}

#[test]
fn a_failed_release_to_stage_is_repaired_in_a_pipeline_of_its_own() {
    let mut world = begun(&[Trouble::StageReleaseFailsOnce]);
    hours(&mut world, 4);
    assert!(!mr(&world).labels.contains("stage-release-success"));
    assert_eq!(stage_bridges(&world), ["failed", "failed"]);
    hours(&mut world, 9);
    assert!(mr(&world).labels.contains("stage-release-success"));
    assert_eq!(stage_bridges(&world), ["success", "success"]);
    assert_eq!(mr(&world).pipelines, [7001, 7002]);
    let first = &world.gitlab.pipelines[&7001];
    assert_eq!((first.status.as_str(), first.bridges[0].status.as_str()), ("failed", "failed"));
}

#[test]
fn the_build_is_promoted_then_signed_then_tested() {
    let mut world = begun(&[]);
    hours(&mut world, 19);
    assert!(!is_promoted(&world) && !is_signed(&world));
    hours(&mut world, 1);
    assert!(is_promoted(&world) && !is_signed(&world));
    hours(&mut world, 1);
    assert!(is_signed(&world));
    assert_eq!(result(&world, RELEASE), None);
    hours(&mut world, 1);
    assert_eq!(result(&world, RELEASE).unwrap().get("aggregated"), None);
    hours(&mut world, 6);
    assert_eq!(result(&world, RELEASE).unwrap()["accepted"], true);
    assert!(!has_page(&world));
}

#[test]
fn a_build_that_is_promoted_already_is_not_promoted_or_signed_again() {
    let mut world = begun(&[]);
    world.promote(RELEASE, "RHSA-2026:9903");
    let (payload, signatures) = (world.registry.clone(), world.signatures.clone());
    hours(&mut world, 24);
    assert_eq!((&world.registry, &world.signatures), (&payload, &signatures));
}

#[test]
fn the_page_is_published_the_day_before_or_late() {
    let mut world = begun(&[]);
    until(&mut world, "2026-03-09T08:59:59Z");
    assert!(!has_page(&world));
    until(&mut world, "2026-03-09T09:00:00Z");
    assert!(has_page(&world));

    let mut world = begun(&[Trouble::LateMetadataUrl]);
    until(&mut world, "2026-03-10T04:59:59Z");
    assert!(!has_page(&world));
    until(&mut world, "2026-03-10T05:00:00Z");
    assert!(has_page(&world));
}

#[test]
fn what_is_approved_is_shipped_and_merged() {
    let mut world = begun(&[]);
    until(&mut world, "2026-03-09T10:00:00Z");
    let state = |world: &World| world.errata.advisories[&990_031].state.clone();
    approve(&mut world);
    until(&mut world, "2026-03-10T11:59:59Z");
    assert_eq!(state(&world), "REL_PREP", "not before its day");
    until(&mut world, "2026-03-10T12:00:00Z");
    assert_eq!(state(&world), "SHIPPED_LIVE");
    assert!(mr(&world).labels.contains("prod-release-success"));
    assert_eq!(mr(&world).state, "opened");
    hours(&mut world, 3);
    assert_eq!(mr(&world).state, "merged");
    let shipped = world.gitlab.file(SHIPMENT_DATA, "main", "README.md");
    assert!(shipped.is_some());
}

#[test]
fn what_is_not_wholly_approved_is_not_shipped() {
    for forget in ["an advisory", "the shipment"] {
        let mut world = begun(&[]);
        approve(&mut world);
        if forget == "an advisory" {
            "QE".clone_into(&mut world.errata.advisories.get_mut(&990_032).unwrap().state);
        } else {
            let mr = world.gitlab.merge_request_mut(SHIPMENT_DATA, SHIPMENT_MR).unwrap();
            mr.approvals.clear();
        }
        until(&mut world, "2026-03-20T00:00:00Z");
        assert_eq!(world.errata.advisories[&990_031].state, "REL_PREP", "{forget}");
    }
}

#[test]
fn a_brisk_story_ends_within_a_day_and_a_half() {
    let mut world = World::seeded();
    world.begin_brisk_story(RELEASE, &[]);
    assert_eq!(world.now.to_string(), "2026-03-08T20:00:00Z");
    let start = world.now;
    hours(&mut world, 13);
    let story = world.story.clone().unwrap();
    for deed in [Deed::PromotedTestsEnded, Deed::Signed, Deed::StageReleased, Deed::PagePublished] {
        assert!(story.done_at(deed).is_some(), "{deed:?}");
    }
    approve(&mut world);
    hours(&mut world, 3);
    hours(&mut world, 1);
    let merged = world.story.as_ref().unwrap().done_at(Deed::Merged).unwrap();
    assert!(merged.duration_since(start) < SignedDuration::from_hours(36), "{merged}");
}

#[test]
fn the_errata_flow_has_a_story_without_a_shipment() {
    let mut world = World::seeded();
    world.begin_story("4.98.17", &[Trouble::StageReleaseFailsOnce]);
    hours(&mut world, 30);
    let story = world.story.clone().unwrap();
    assert!(story.done_at(Deed::PromotedTestsEnded).is_some());
    assert_eq!(story.done_at(Deed::StageReleaseFailed), None);
    assert_eq!(mr(&world).labels, World::seeded().gitlab.merge_requests[1].labels, "not its own");
    for id in 980_171..=980_175 {
        "REL_PREP".clone_into(&mut world.errata.advisories.get_mut(&id).unwrap().state);
    }
    advance(&mut world);
    until(&mut world, "2026-03-13T00:00:00Z");
    assert_eq!(world.errata.advisories[&980_175].state, "SHIPPED_LIVE");
}

#[test]
fn a_missed_tracker_is_attached_hours_later() {
    let mut world = begun(&[Trouble::MissedCveBug]);
    let found = &world.errata.trackers[RELEASE]["konflux"]["rhcos"];
    assert_eq!(found, &["OCPBUGS-99033", "OCPBUGS-99034"]);
    assert!(world.jira.issues.contains_key("OCPBUGS-99034"));
    let attached = |world: &World| world.errata.advisories[&990_032].issues.clone();
    assert_eq!(attached(&world), ["OCPBUGS-99033"]);
    hours(&mut world, 9);
    assert_eq!(attached(&world), ["OCPBUGS-99033", "OCPBUGS-99034"]);
}

#[test]
fn troubles_are_called_by_their_names() {
    for trouble in Trouble::ALL {
        assert_eq!(trouble.to_string().parse(), Ok(trouble));
        let told = serde_json::to_value(trouble).unwrap();
        assert_eq!(told, trouble.name(), "the same name in a file");
        assert!(!trouble.description().is_empty());
    }
    let error = "flaky-pull".parse::<Trouble>().unwrap_err().to_string();
    assert!(error.contains("flaky-pull") && error.contains("flaky-push"), "{error}");
}

#[test]
fn a_world_with_a_story_is_kept_and_one_without_is_still_read() {
    let mut world = begun(&[Trouble::FlakyPush]);
    hours(&mut world, 30);
    let text = serde_json::to_string(&world).unwrap();
    assert_eq!(serde_json::from_str::<World>(&text).unwrap(), world);
    let mut old = serde_json::to_value(World::seeded()).unwrap();
    old.as_object_mut().unwrap().remove("story");
    assert_eq!(serde_json::from_value::<World>(old).unwrap(), World::seeded());
}

/// The answer to a request with a credential of every kind.
fn ask(world: &mut World, method: http::Method, url: &str) -> (u16, serde_json::Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(url)
        .header("authorization", "Negotiate ticket")
        .header("private-token", "token")
        .body(bytes::Bytes::new())
        .unwrap();
    let answer = crate::answer::answer(world, &request).unwrap();
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status.as_u16(), body)
}

const PUSHES: &str = "https://errata.devel.redhat.com/api/v1/erratum/990031/push";

fn push(world: &mut World) -> u16 {
    ask(world, http::Method::POST, &format!("{PUSHES}?defaults=stage")).0
}

fn pushes(world: &mut World) -> Vec<String> {
    let (_, list) = ask(world, http::Method::GET, PUSHES);
    let jobs = list.as_array().unwrap().iter();
    jobs.map(|job| job["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_push_goes_on_with_time_and_not_by_being_looked_at() {
    let mut world = begun(&[]);
    assert_eq!(push(&mut world), 201);
    for _ in 0..10 {
        assert_eq!(pushes(&mut world), ["QUEUED"]);
    }
    wait(&mut world, SignedDuration::from_mins(32));
    assert_eq!(pushes(&mut world), ["RUNNING"]);
    wait(&mut world, SignedDuration::from_mins(32));
    assert_eq!(pushes(&mut world), ["POST_PUSH_PROCESSING"]);
    wait(&mut world, SignedDuration::from_mins(1));
    assert_eq!(pushes(&mut world), ["COMPLETE"]);
}

#[test]
fn a_flaky_push_fails_once() {
    let mut world = begun(&[Trouble::FlakyPush]);
    push(&mut world);
    hours(&mut world, 2);
    assert_eq!(pushes(&mut world), ["FAILED"]);
    assert_eq!(push(&mut world), 201);
    hours(&mut world, 2);
    assert_eq!(pushes(&mut world), ["FAILED", "COMPLETE"]);
}

#[test]
fn an_expired_token_is_renewed() {
    const ME: &str = "https://gitlab.example.com/api/v4/user";
    let get = |world: &mut World| ask(world, http::Method::GET, ME).0;
    let mut world = begun(&[Trouble::ExpiredToken]);
    hours(&mut world, 19);
    assert_eq!(get(&mut world), 200);
    hours(&mut world, 1);
    assert_eq!(get(&mut world), 401);
    assert_eq!(pushes(&mut world), [""; 0], "only GitLab's");
    hours(&mut world, 5);
    assert_eq!(get(&mut world), 200);
}

#[test]
fn flaky_services_fail_every_seventh_read_and_no_write() {
    let mut world = begun(&[Trouble::FlakyServices]);
    let statuses: Vec<u16> =
        (0..21).map(|_| ask(&mut world, http::Method::GET, PUSHES).0).collect();
    let failed: Vec<usize> =
        (1..).zip(&statuses).filter(|(_, status)| **status == 503).map(|(at, _)| at).collect();
    assert_eq!(failed, [7, 14, 21]);
    for _ in 0..20 {
        assert_ne!(push(&mut world), 503);
    }
}

#[test]
fn an_approval_is_seen_when_it_is_given() {
    let mut world = begun(&[]);
    until(&mut world, "2026-03-12T00:00:00Z");
    let me = world.gitlab.me;
    let source = world.gitlab.projects[&10].branches[&mr(&world).source_branch].clone();
    let mr = world.gitlab.merge_request_mut(SHIPMENT_DATA, SHIPMENT_MR).unwrap();
    mr.approvals.push((me, source));
    "REL_PREP".clone_into(&mut world.errata.advisories.get_mut(&990_031).unwrap().state);
    let url = "https://errata.devel.redhat.com/api/v1/erratum/990032/change_state";
    let request = http::Request::builder()
        .method("POST")
        .uri(url)
        .header("authorization", "Negotiate ticket")
        .body(bytes::Bytes::from("new_state=REL_PREP"))
        .unwrap();
    let seen = |world: &World| world.story.as_ref().unwrap().done_at(Deed::ApprovalSeen);
    assert_eq!(seen(&world), None);
    assert_eq!(crate::answer::answer(&mut world, &request).unwrap().status, 201);
    assert_eq!(seen(&world), Some(world.now));
}

#[test]
fn a_story_of_today_is_announced_for_a_day_to_come() {
    for (now, pace, date) in [
        ("2026-03-02T09:00:00Z", Pace::Real, "2026-Mar-10"),
        ("2026-03-08T20:00:00Z", Pace::Brisk, "2026-Mar-10"),
        ("2031-11-21T21:42:10Z", Pace::Brisk, "2031-Nov-23"),
    ] {
        let mut world = World::seeded();
        world.begin_story_at(now.parse().unwrap(), RELEASE, pace, &[]);
        assert_eq!(world.now.to_string(), now);
        assert!(world.build_data["openshift-4.99"].contains(&format!("release_date: {date}")));
        assert_eq!(world.story.as_ref().unwrap().start, world.now);
        hours(&mut world, 10 * 24);
        assert!(has_page(&world) && is_signed(&world));
    }
}
