//! Discovery over a repository in memory.

use oar_release::ErrorClass;
use oar_release::clock::ManualClock;
use oar_state_repo::MemoryRepo;

use super::*;
use crate::{InitialState, path_of};

fn now() -> Timestamp {
    "2026-03-11T00:30:00Z".parse().expect("a time")
}

fn put_state(repo: &MemoryRepo, release: &str, date: &str) {
    let initial = InitialState {
        release: release.parse().expect("a version"),
        jira_ticket: None,
        advisory_ids: Vec::new(),
        release_date: date.parse().expect("a date"),
        candidate_builds: Vec::new(),
        shipment_mr: None,
    };
    repo.put(&path_of(&initial.release), &initial.state(now()).render());
}

fn put_tracking(repo: &MemoryRepo, stream: &str, releases: &[&str]) {
    let entries: Vec<String> = releases
        .iter()
        .map(|r| {
            format!("  {r}:\n    advisories:\n      rpm: 900001\n    release_jira: ART-10001\n")
        })
        .collect();
    repo.put(
        &format!("_releases/{stream}/{stream}.z.yaml"),
        &format!("releases:\n{}", entries.concat()),
    );
}

fn versions<'v>(found: impl IntoIterator<Item = &'v ReleaseVersion>) -> Vec<String> {
    found.into_iter().map(ToString::to_string).collect()
}

fn active(found: &Discovery) -> Vec<String> {
    versions(found.active.iter().map(|state| &state.release))
}

#[tokio::test]
async fn spec01_case_37_the_latest_release_is_the_highest_version() {
    let repo = MemoryRepo::new();
    put_tracking(&repo, "4.99", &["4.99.10", "4.99.3", "4.99.9"]);
    repo.put("_releases/5.0/5.0.z.yaml", "releases: {}");
    repo.put("_releases/4.98/4.98.z.yaml", "releases: null\n");
    repo.put("_releases/4.97/4.97.z.yaml", "");
    put_tracking(&repo, "4.9", &["4.9.1"]);
    for foreign in ["foo", "4.999"] {
        repo.put(&format!("_releases/{foreign}/{foreign}.z.yaml"), "releases: [broken");
    }
    repo.put("_releases/4.99/notes.yaml", "releases: [broken");
    let found = discover(&repo, now(), 1).await.expect("readable");
    let latest: Vec<_> = found
        .streams
        .iter()
        .map(|s| (s.stream.to_string(), s.latest().map(ToString::to_string)))
        .collect();
    let expected = [
        ("4.9", Some("4.9.1")),
        ("4.97", None),
        ("4.98", None),
        ("4.99", Some("4.99.10")),
        ("5.0", None),
    ];
    let expected = expected.map(|(s, l)| (s.to_owned(), l.map(str::to_owned)));
    assert_eq!(latest, expected);
    assert_eq!(found.broken, []);
    let tracked = &found.stream("4.99".parse().expect("a stream")).expect("found").tracked[0];
    assert_eq!(tracked.advisories, [("rpm".to_owned(), 900_001)]);
    assert_eq!(tracked.release_jira.as_deref(), Some("ART-10001"));
}

#[tokio::test]
async fn spec01_case_38_every_release_in_work_is_active() {
    let repo = MemoryRepo::new();
    put_state(&repo, "4.99.3", "2026-Mar-10");
    put_state(&repo, "4.99.4", "2026-Mar-17");
    put_state(&repo, "4.99.2", "2026-Mar-09");
    put_state(&repo, "4.100.0-rc.1", "2026-Apr-01");
    put_state(&repo, "4.98.30", "2026-Mar-11");
    let found = discover(&repo, now(), 1).await.expect("readable");
    assert_eq!(active(&found), ["4.98.30", "4.99.3", "4.99.4"]);
    assert_eq!(found.states.len(), 4, "a three-digit stream does not exist yet");
    put_state(&repo, "5.1.0-ec.2", "2026-Apr-01");
    let found = discover(&repo, now(), 2).await.expect("readable");
    assert_eq!(active(&found), ["4.98.30", "4.99.2", "4.99.3", "4.99.4", "5.1.0-ec.2"]);
}

#[tokio::test]
async fn announced_releases_without_a_statebox_are_named() {
    let repo = MemoryRepo::new();
    put_tracking(&repo, "4.99", &["4.99.1", "4.99.10", "4.99.2", "4.99.3", "4.99.9"]);
    put_state(&repo, "4.99.3", "2026-Mar-10");
    put_state(&repo, "4.99.2", "2026-Feb-10");
    put_tracking(&repo, "4.98", &["4.98.1", "4.98.2"]);
    let found = discover(&repo, now(), 1).await.expect("readable");
    let missing = versions(found.not_initialised.iter().map(|tracked| &tracked.release));
    // Those before the first StateBox are history.
    assert_eq!(missing, ["4.98.2", "4.99.9", "4.99.10"]);
}

#[tokio::test]
async fn a_broken_file_hides_nothing_else() {
    let repo = MemoryRepo::new();
    put_state(&repo, "4.99.3", "2026-Mar-10");
    repo.put("_releases/4.99/statebox/4.99.4.yaml", "release: 4.99.4\n\tx: 1\n");
    repo.put("_releases/4.99/statebox/4.99.5.yaml", "");
    repo.put("_releases/4.99/statebox/4.98.6.yaml", "release: 4.98.6\n");
    repo.put("_releases/4.99/statebox/latest.yaml", "release: 4.99.7\n");
    repo.put("_releases/4.98/4.98.z.yaml", "- no map\n");
    put_tracking(&repo, "4.99", &["4.99.x", "4.99.4", "4.99.5"]);
    let large = "x".repeat(2 << 20);
    repo.put("_releases/4.99/statebox/4.99.8.yaml", &large);
    let mut wrong = InitialState {
        release: "4.99.9".parse().expect("a version"),
        jira_ticket: None,
        advisory_ids: Vec::new(),
        release_date: "2026-Mar-10".parse().expect("a date"),
        candidate_builds: Vec::new(),
        shipment_mr: None,
    };
    let path = path_of(&wrong.release);
    wrong.release = "4.99.1".parse().expect("a version");
    repo.put(&path, &wrong.state(now()).render());
    let found = discover(&repo, now(), 1).await.expect("one bad file is no failure");
    assert_eq!(active(&found), ["4.99.3"]);
    let problem = |name: &str| {
        let broken = found.broken.iter().find(|broken| broken.path.ends_with(name));
        broken.unwrap_or_else(|| panic!("{name} is not among {:?}", found.broken)).problem.clone()
    };
    assert!(problem("4.99.4.yaml").contains("line 2"), "{}", problem("4.99.4.yaml"));
    assert!(problem("4.99.5.yaml").contains("empty"), "{}", problem("4.99.5.yaml"));
    assert!(problem("4.98.6.yaml").contains("does not belong"), "{}", problem("4.98.6.yaml"));
    assert!(problem("latest.yaml").contains("not a release version"), "{}", problem("latest.yaml"));
    assert!(problem("4.98.z.yaml").contains("expected a map"), "{}", problem("4.98.z.yaml"));
    assert!(problem("4.99.z.yaml").contains("4.99.x"), "{}", problem("4.99.z.yaml"));
    assert!(problem("4.99.8.yaml").contains("larger"), "{}", problem("4.99.8.yaml"));
    assert!(problem("4.99.9.yaml").contains("4.99.1"), "{}", problem("4.99.9.yaml"));
    assert_eq!(found.broken.len(), 8, "{:?}", found.broken);
    // Unreadable is not absent.
    assert_eq!(found.not_initialised, []);
}

#[tokio::test]
async fn an_unreachable_repository_is_an_error() {
    let repo = MemoryRepo::new();
    put_state(&repo, "4.99.3", "2026-Mar-10");
    repo.fail_read(RepoError::Forbidden { location: "r".to_owned() });
    let error = discover(&repo, now(), 1).await.expect_err("no answer is no empty answer");
    assert_eq!(error.class(), ErrorClass::ForbiddenUpstream);
}

#[tokio::test]
async fn a_discoverer_reads_only_what_changed() {
    let repo = Arc::new(MemoryRepo::new());
    put_state(&repo, "4.99.3", "2026-Mar-10");
    put_state(&repo, "4.99.4", "2026-Mar-17");
    let clock = Arc::new(ManualClock::new(now()));
    let discoverer = Discoverer::new(
        Arc::clone(&repo) as Arc<dyn StateRepo>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        1,
    );
    assert_eq!(active(&discoverer.discover().await.expect("readable")), ["4.99.3", "4.99.4"]);
    assert_eq!(repo.reads(), 2);
    put_state(&repo, "4.99.5", "2026-Mar-17");
    assert_eq!(active(&discoverer.discover().await.expect("readable")).len(), 2, "still good");
    clock.advance(jiff::SignedDuration::from_secs(61));
    assert_eq!(active(&discoverer.discover().await.expect("readable")).len(), 3);
    assert_eq!(repo.reads(), 3, "only the new file is read");
    put_state(&repo, "4.99.4", "2026-Mar-01");
    clock.advance(jiff::SignedDuration::from_secs(61));
    assert_eq!(active(&discoverer.discover().await.expect("readable")), ["4.99.3", "4.99.5"]);
    assert_eq!(repo.reads(), 4);
}
