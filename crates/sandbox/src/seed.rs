//! The invented releases of the sandbox: one in the Konflux flow, one in the Errata flow.

use std::collections::BTreeMap;

use crate::directory::{Directory, Person};
use crate::github::GitHub;
use crate::release_controller::ReleaseController;
use crate::slack::Slack;
use crate::world::World;

/// The Konflux-flow release that the documentation uses.
pub const KONFLUX_RELEASE: &str = "4.99.3";
/// The Errata-flow release.
pub const ERRATA_RELEASE: &str = "4.98.17";
/// The state repository.
pub const STATE_REPO: &str = "openshift/release-tests";

/// The decrypted application configuration of the sandbox.
pub const CONFIG: &str = include_str!("seed/config.json");

const BUILD_DATA_4_99: &str = include_str!("seed/openshift-4.99.yml");
const BUILD_DATA_4_98: &str = include_str!("seed/openshift-4.98.yml");
/// The test jobs of 4.99.
const TEST_JOBS: &str = include_str!("seed/4.99-test-jobs.json");
/// A nightly build of 4.99, three hours old when the world begins.
pub const NIGHTLY: &str = "4.99.0-0.nightly-2026-03-02-060000";
const TRACKING_4_99: &str = include_str!("seed/4.99.z.yaml");
const TRACKING_4_98: &str = include_str!("seed/4.98.z.yaml");

/// A fresh world on 2026-03-02, eight days before the invented releases are due.
pub fn world() -> World {
    let mut github = GitHub::default();
    github.seed_branch(
        STATE_REPO,
        "z-stream",
        &[
            ("README.md", "State of z-stream releases.\n"),
            ("_releases/4.98/4.98.z.yaml", TRACKING_4_98),
            ("_releases/4.99/4.99.z.yaml", TRACKING_4_99),
        ],
    );
    github.seed_branch(STATE_REPO, "record", &[("README.md", "Test results.\n")]);
    github.seed_branch(
        STATE_REPO,
        "main",
        &[
            ("README.md", "Job registries.\n"),
            ("_releases/ocp-4.99-test-jobs-amd64.json", TEST_JOBS),
        ],
    );
    let text_map = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let stable = text_map(&[
        ("4.98.16", "Accepted"),
        ("4.99.1", "Accepted"),
        ("4.99.2", "Accepted"),
        ("4.9.8", "Accepted"),
    ]);
    let mut world = World {
        now: jiff::civil::date(2026, 3, 2)
            .at(9, 0, 0, 0)
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map_or(jiff::Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp()),
        looked_at: None,
        actors: BTreeMap::new(),
        github,
        build_data: text_map(&[
            ("openshift-4.99", BUILD_DATA_4_99),
            ("openshift-4.98", BUILD_DATA_4_98),
        ]),
        releases: ReleaseController {
            streams: [
                ("4-stable".to_owned(), stable),
                ("4.99.0-0.nightly".to_owned(), text_map(&[(NIGHTLY, "Accepted")])),
            ]
            .into(),
        },
        slack: Slack {
            users: text_map(&[
                ("lead@example.com", "U0LEAD"),
                ("member@example.com", "U0MEMBER"),
                ("sec1@example.com", "U0SEC1"),
                ("sec2@example.com", "U0SEC2"),
            ]),
            groups: text_map(&[
                ("ert-498-example", "S0498"),
                ("ert-499-example", "S0499"),
                ("release-artists-example", "S0ART"),
                ("docs-example", "S0DOCS"),
            ]),
            channels: [
                "team-release-example",
                "forum-qe-example",
                "art-example",
                "approvers-example",
            ]
            .map(str::to_owned)
            .into(),
            messages: Vec::new(),
        },
        errata: crate::errata::seeded(),
        directory: directory(),
        gitlab: crate::gitlab::seeded(),
        jira: crate::jira::seeded(),
        prow: crate::prow::seeded(),
        jenkins: crate::jenkins::seeded(),
        pyxis: crate::pyxis::seeded(),
        registry: crate::registry::Registry::default(),
        kube: kube(),
        signatures: crate::signatures::Signatures::default(),
        story: None,
        effects: Vec::new(),
    };
    // What was released before; the releases of the documentation are promoted later.
    for (release, advisory) in [("4.98.16", "RHSA-2026:9816"), ("4.99.2", "RHSA-2026:9902")] {
        world.promote(release, advisory);
        world.publish_page(advisory);
    }
    world
}

/// The CI cluster with the payloads of the builds that may be tested.
fn kube() -> crate::kube::Kube {
    let mut kube = crate::kube::Kube::default();
    for build in ["4.99.1", "4.99.2", NIGHTLY] {
        kube.add_payload("ocp", build);
    }
    kube
}

/// Four people: a lead, two members of the lead's team, and the lead's manager.
fn directory() -> Directory {
    let person = |manager: Option<&str>, groups: &[&str]| Person {
        manager: manager.map(str::to_owned),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
    };
    let people = [
        ("boss@example.com", person(None, &[])),
        ("lead@example.com", person(Some("boss@example.com"), &["release-leads-example"])),
        ("member@example.com", person(Some("lead@example.com"), &["qe-all-example"])),
        ("other@example.com", person(Some("lead@example.com"), &["qe-all-example"])),
    ];
    let people = people.map(|(email, person)| (email.to_owned(), person)).into();
    Directory { people, is_down: false }
}
