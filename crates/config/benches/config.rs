//! Figures of the configuration beside their goals: `cargo bench -p oar-config`.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use oar_config::{AppConfig, ConfigKey, ReleaseData, jwe};
use oar_release::{Arch, ReleaseVersion};
use secrecy::ExposeSecret;

/// Median time of one call.
fn median(runs: usize, mut call: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[runs / 2]
}

fn report(name: &str, found: Duration, goal: Duration) {
    let met = if found <= goal { "met" } else { "MISSED" };
    println!("{name:<52} {found:>12.2?}   goal {goal:>9.2?}   {met}");
}

/// An invented configuration of the size and shape of a real one, 1.7 kB.
fn document() -> String {
    let (mut leads, mut templates) = (String::new(), String::new());
    for minor in 12..=22 {
        write!(leads, ", \"4.{minor}\": \"release-leads-4{minor}\"").expect("memory");
        let comma = if minor == 12 { "" } else { ", " };
        write!(templates, "{comma}\"4.{minor}\": \"{minor:0>44}\"").expect("memory");
    }
    format!(
        r##"{{"build_data_url": "https://data.example.com/ocp-build-data/%s/releases.yml",
  "owners": {{"default": "lead@example.com", "4.20": "lead420@example.com"}},
  "contacts": {{
    "slack": {{
      "qe": {{"channel": "#forum-qe-example", "id": "qe-all-example"}},
      "qe-forum": {{"channel": "#forum-qe-example"}},
      "qe-release": {{"channel": "#team-release-example"{leads}}},
      "art": {{"channel": "#art-example", "id": "release-artists-example"}},
      "approver": {{"channel": "#approvers", "doc_id": "docs", "prodsec_id": "a@example.com,b@example.com"}}
    }},
    "email": {{"qe": "qe@example.com", "trt": "trt@example.com"}}
  }},
  "report_templates": {{{templates}}},
  "jira_server": "https://jira.example.com",
  "jenkins_server": "https://jenkins.example.com",
  "gitlab_url": "https://gitlab.example.com",
  "release_url": "https://releases.example.com/",
  "signature_url": "https://mirror.example.com/signatures/openshift/release/"}}"##
    )
}

/// Invented build data: `assemblies` releases of about 40 KB, most of it members that nobody reads.
fn build_data(assemblies: usize) -> String {
    let mut text = "releases:\n".to_owned();
    for patch in (1..=assemblies).rev() {
        write!(
            text,
            "  4.99.{patch}:\n    assembly:\n      type: standard\n      basis:\n        time: \"2026-03-01T01:45:11+00:00\"\n"
        )
        .expect("memory");
        if patch > 1 && patch % 5 != 0 {
            writeln!(text, "        assembly: 4.99.{}", patch - 1).expect("memory");
        }
        write!(
            text,
            "        reference_releases:\n          x86_64: 4.99.0-0.nightly-2026-03-01-045853\n      group:\n        \
             advisories: {{rpm: {}, rhcos: {}}}\n        release_jira: ART-{patch}\n        release_date: 2026-Mar-10\n",
            900_000 + patch,
            910_000 + patch
        )
        .expect("memory");
        text.push_str("      members:\n        images:\n");
        for image in 0..260 {
            write!(
                text,
                "        - distgit_key: openshift-enterprise-image-{image}\n          why: Pinned for release 4.99.{patch}\n          \
                 metadata:\n            is:\n              nvr: image-{image}-container-v4.99.0-202603010145.p2.gabcdef{image}\n"
            )
            .expect("memory");
        }
    }
    text
}

fn main() {
    let key = ConfigKey::parse("0123456789abcdef").expect("sixteen bytes");
    let compact = jwe::encrypt(document().as_bytes(), &key).expect("it encrypts");
    let decrypt = || jwe::decrypt(black_box(&compact), &key).expect("it decrypts");
    let found = median(2001, || {
        black_box(AppConfig::parse(decrypt().expose_secret()).expect("it is good"));
    });
    report("configuration: decrypt and read", found, Duration::from_micros(10));

    let found = median(2001, || {
        black_box(decrypt());
    });
    report("  of this: decrypt", found, Duration::from_micros(6));
    let plain = document();
    let found = median(2001, || {
        black_box(AppConfig::parse(black_box(plain.as_bytes())).expect("it is good"));
    });
    report("  of this: read", found, Duration::from_micros(4));
    let release: ReleaseVersion = "4.99.68".parse().expect("a version");
    for (assemblies, runs, goal) in [(70, 41, 25), (7, 101, 4)] {
        let text = build_data(assemblies);
        let wanted =
            if assemblies == 7 { "4.99.4".parse().expect("a version") } else { release.clone() };
        let found = median(runs, || {
            black_box(ReleaseData::parse(&wanted, black_box(&text)).expect("it is good"));
        });
        #[expect(clippy::cast_precision_loss, reason = "a size for people")]
        let size = text.len() as f64 / 1e6;
        let name = format!("build data: construct from {size:.1} MB, all checked");
        report(&name, found, Duration::from_millis(goal));
    }

    let data = ReleaseData::parse(&release, &build_data(70)).expect("it is good");
    let found = median(2001, || {
        let data = black_box(&data);
        black_box((data.advisory("rpm"), data.candidate(Arch::Amd64), data.date, &data.flow));
    });
    report("build data: four reads", found, Duration::from_nanos(500));
}
