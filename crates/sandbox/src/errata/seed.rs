//! The advisories of the invented releases.

use std::collections::BTreeMap;

use super::{Advisory, Errata};

/// The account that owns everything before a lead takes over.
const NOBODY: u64 = 90;

fn advisory(kind: &str, state: &str, synopsis: &str, content: &str) -> Advisory {
    Advisory {
        kind: kind.to_owned(),
        state: state.to_owned(),
        synopsis: synopsis.to_owned(),
        content_types: vec![content.to_owned()],
        text_ready: true,
        doc_complete: true,
        assigned_to: NOBODY,
        is_signed: true,
        ..Advisory::default()
    }
}

fn keys(list: &[&str]) -> Vec<String> {
    list.iter().map(|key| (*key).to_owned()).collect()
}

/// The operating system's advisory: two architectures, one kernel.
fn rhcos(stream: &str) -> Advisory {
    let image = |arch: &str| format!("rhcos-{arch}-{stream}.202603010000-0");
    let builds = vec![image("aarch64"), image("x86_64"), "kernel-5.99.0-99.1".to_owned()];
    Advisory {
        builds: [("RHEL-99-OSE".to_owned(), builds)].into(),
        ..advisory("rhsa", "QE", "RHCOS update", "rpm")
    }
}

/// The Errata Tool as the invented world begins: `4.99.3` is in the Konflux flow with an `rpm` and
/// an `rhcos` advisory, the latter blocked by the former; `4.98.17` is in the Errata flow.
pub fn seeded() -> Errata {
    let mut advisories = BTreeMap::new();
    let rpm = Advisory {
        issues: keys(&["OCPBUGS-99031", "OCPBUGS-99032"]),
        cves: keys(&["CVE-2099-0031"]),
        security_approved: Some(true),
        ..advisory("rhsa", "QE", "OpenShift 4.99.3 packages", "rpm")
    };
    advisories.insert(990_031, rpm);
    let system =
        Advisory { issues: keys(&["OCPBUGS-99033"]), blocking: vec![990_031], ..rhcos("499.98") };
    advisories.insert(990_032, system);
    for id in [990_021, 990_022] {
        let past = advisory("rhba", "SHIPPED_LIVE", "OpenShift 4.99.2 packages", "rpm");
        advisories.insert(id, past);
    }
    for (id, what, content) in [
        (980_171, "extras", "docker"),
        (980_172, "image", "docker"),
        (980_173, "metadata", "docker"),
        (980_174, "rpm", "rpm"),
    ] {
        let synopsis = format!("OpenShift 4.98.17 {what}");
        let grade = (content == "docker").then_some('A');
        advisories.insert(id, Advisory { grade, ..advisory("rhba", "QE", &synopsis, content) });
    }
    if let Some(image) = advisories.get_mut(&980_172) {
        image.issues = keys(&["OCPBUGS-98171", "OCPBUGS-98172"]);
    }
    advisories.insert(980_175, rhcos("498.98"));
    let rpms = vec![
        ["bash", "5.99", "9"].map(str::to_owned),
        ["kernel", "5.99.0", "99.1"].map(str::to_owned),
    ];
    let images = ["499.98", "498.98"]
        .into_iter()
        .flat_map(|stream| ["aarch64", "x86_64"].map(|arch| (stream, arch)))
        .map(|(stream, arch)| (format!("rhcos-{arch}-{stream}.202603010000-0"), rpms.clone()))
        .collect();
    let trackers = |rhcos: &[&str], image: &[&str]| {
        let mut found: BTreeMap<String, Vec<String>> = ["rpm", "extras", "metadata", "microshift"]
            .map(|kind| (kind.to_owned(), vec![]))
            .into();
        found.insert("rhcos".to_owned(), keys(rhcos));
        found.insert("image".to_owned(), keys(image));
        found
    };
    let both = |rhcos: &[&str], image: &[&str]| {
        let found = trackers(rhcos, image);
        [("brew".to_owned(), found.clone()), ("konflux".to_owned(), found)].into()
    };
    Errata {
        advisories,
        users: [
            (NOBODY, "art-bot@example.com"),
            (91, "lead@example.com"),
            (92, "other@example.com"),
        ]
        .map(|(id, email)| (id, email.to_owned()))
        .into(),
        tests: BTreeMap::new(),
        images,
        tags: [("kernel-5.99.0-99.1".to_owned(), keys(&["rhel-99-candidate", "rhel-99-gate"]))]
            .into(),
        trackers: [
            ("4.99.3".to_owned(), both(&["OCPBUGS-99033"], &[])),
            ("4.98.17".to_owned(), both(&[], &[])),
        ]
        .into(),
        last_id: 700,
    }
}
