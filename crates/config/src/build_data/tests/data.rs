use oar_release::{Arch, ErrorClass, Flow};
use proptest::prelude::*;

use super::super::{BuildDataError, ReleaseData};
use super::{file, release};

fn parse(text: &str) -> Result<ReleaseData, BuildDataError> {
    ReleaseData::parse(&release("4.99.3"), text)
}

fn data(text: &str) -> ReleaseData {
    parse(text).unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)))
}

fn group(group: &str) -> ReleaseData {
    data(&file(group))
}

/// `4.99.3` over `4.99.2` over `4.99.1`; each argument is the flow map of one assembly.
fn family(child: &str, parent: &str, grandparent: &str) -> ReleaseData {
    data(&format!(
        "releases:\n  4.99.3:\n    assembly: {child}\n  4.99.2:\n    assembly: {parent}\n  \
         4.99.1:\n    assembly: {grandparent}\n"
    ))
}

fn advisories(data: &ReleaseData) -> Vec<(&str, u64)> {
    data.advisories.iter().map(|(kind, id)| (kind.as_str(), *id)).collect()
}

#[test]
fn spec01_case_02_releases_that_are_none_are_refused_before_anything_is_asked() {
    for text in ["", "4.", "4.12", "v4.12.1", "4.12.011"] {
        assert!(text.parse::<oar_release::ReleaseVersion>().is_err(), "{text}");
    }
    let text = "releases: {rc.1: {assembly: {group: {advisories: {rpm: 1}}}}, \
                fc.0: {assembly: {group: {advisories: {rpm: 2}}}}}";
    let read = |name: &str| ReleaseData::parse(&release(name), text).unwrap().advisory("rpm");
    assert_eq!(read("4.22.0-rc.1"), Some(1));
    assert_eq!(read("4.12.0-fc.0"), Some(2));
}

#[test]
fn spec01_case_03_advisories_are_layered_over_parent_and_grandparent() {
    let parent = "{group: {advisories: {extras: 1, rpm: 2}}}";
    let over = |child: &str| {
        let child = format!("{{basis: {{assembly: 4.99.2}}, group: {child}}}");
        family(&child, parent, "{}")
    };
    assert_eq!(advisories(&over("{advisories: {rpm: 5}}")), [("extras", 1), ("rpm", 5)]);
    assert_eq!(advisories(&over("{\"advisories!\": {rpm: 5}}")), [("rpm", 5)]);
    assert_eq!(advisories(&over("{advisories: {\"extras-\": }}")), [("rpm", 2)]);
    let grand = family(
        "{basis: {assembly: 4.99.2}}",
        "{basis: {assembly: 4.99.1}}",
        "{group: {advisories: {rpm: 9}}}",
    );
    assert_eq!(advisories(&grand), [("rpm", 9)]);
}

#[test]
fn spec01_case_04_builds_can_be_emptied_and_circles_are_errors() {
    let parent = "{basis: {reference_releases: {x86_64: 4.99.0-0.nightly-2026-03-01-045853}}}";
    let emptied = family("{basis: {assembly: 4.99.2, \"reference_releases!\": {}}}", parent, "{}");
    assert_eq!(emptied.candidate_builds, []);
    let inherited = family("{basis: {assembly: 4.99.2}}", parent, "{}");
    assert_eq!(inherited.candidate(Arch::Amd64), Some("4.99.0-0.nightly-2026-03-01-045853"));
    assert_eq!(inherited.candidate(Arch::Arm64), None);

    let alone = family("{group: {advisories: {rpm: 3}}}", "{}", "{}");
    assert_eq!(advisories(&alone), [("rpm", 3)]);

    let circle = "releases:\n  4.99.3: {assembly: {basis: {assembly: 4.99.2}}}\n  \
                  4.99.2: {assembly: {basis: {assembly: 4.99.3}}}\n";
    let error = parse(circle).unwrap_err();
    assert!(matches!(error, BuildDataError::Cycle { .. }));
    assert!(error.to_string().ends_with("4.99.3 -> 4.99.2 -> 4.99.3"), "{error}");
}

#[test]
fn spec01_case_05_the_shipment_decides_the_flow() {
    let pending = group("{shipment: {advisories: [{kind: image}]}}");
    assert_eq!(pending.flow, Flow::KonfluxPending);
    assert_eq!(group("{release_jira: ART-1}").flow, Flow::Errata);
    let url = "https://gitlab.example.com/grp/ocp-shipment-data/-/merge_requests/337";
    let konflux = group(&format!("{{shipment: {{url: \"{url}\"}}}}"));
    assert_eq!(konflux.flow.merge_request().unwrap().iid(), 337);
    assert_eq!(konflux.shipment_url(), url);
    assert_eq!(pending.shipment_url(), "");
    let replaced = group(&format!("{{\"shipment!\": {{url: \"{url}\"}}}}"));
    assert_eq!(replaced.flow, konflux.flow);
}

#[test]
fn spec01_case_06_advisories_that_are_not_created_are_kept_apart_with_one_warning() {
    let data =
        group("{advisories: {rpm: 900001, microshift: -1, rhcos: 0}, release_date: 2026-Mar-10}");
    assert_eq!(advisories(&data), [("rpm", 900_001)]);
    assert_eq!(data.not_created, ["microshift", "rhcos"]);
    let findings: Vec<&str> = data.findings.iter().map(|found| found.message.as_str()).collect();
    assert_eq!(findings, ["not created yet: microshift, rhcos"]);
}

#[test]
fn suffixes_act_at_every_level() {
    let parent = "{group: {shipment: {url: \"https://g.example.com/a/b/-/merge_requests/1\", env: prod}, \
                   advisories: {rpm: 1, image: 2}, release_date: 2026-Mar-10}}";
    let over = |group: &str| {
        family(&format!("{{basis: {{assembly: 4.99.2}}, group: {group}}}"), parent, "{}")
    };
    assert_eq!(over("{\"shipment-\": }").flow, Flow::Errata);
    assert_eq!(over("{shipment: {\"url-\": }}").flow, Flow::KonfluxPending);
    assert_eq!(over("{shipment: {env: stage}}").flow.merge_request().unwrap().iid(), 1);
    assert_eq!(
        advisories(&over("{advisories: {\"rpm?\": 9, \"extras?\": 3}}")),
        [("rpm", 1), ("image", 2), ("extras", 3)]
    );
    assert_eq!(over("{\"release_date!\": 2026-Apr-1}").date.unwrap().to_string(), "2026-Apr-01");
    // A key with a suffix in a parent is seen like any other.
    let grand = family("{basis: {assembly: 4.99.2}}", "{group: {\"advisories!\": {rpm: 7}}}", "{}");
    assert_eq!(advisories(&grand), [("rpm", 7)]);
}

#[test]
fn a_suffix_at_the_top_of_an_assembly_is_an_error_except_on_basis() {
    let error = parse("releases: {4.99.3: {assembly: {\"group!\": {}}}}").unwrap_err();
    assert!(matches!(&error, BuildDataError::Suffix { key, .. } if key == "group!"), "{error}");
    let parent = "{basis: {reference_releases: {x86_64: 4.99.0-0.nightly-2026-03-01-045853}}}";
    let alone = family("{\"basis!\": {assembly: 4.99.2}, group: {}}", parent, "{}");
    assert_eq!(alone.candidate_builds, []);
}

#[test]
fn a_missing_parent_and_a_release_that_is_not_announced_are_told_apart() {
    let error = parse("releases: {4.99.3: {assembly: {basis: {assembly: 4.99.0}}}}").unwrap_err();
    assert!(
        matches!(&error, BuildDataError::NoParent { child, parent, .. } if child == "4.99.3" && parent == "4.99.0")
    );
    let error = parse("releases: {4.99.2: {}}").unwrap_err();
    assert!(matches!(&error, BuildDataError::NotReady { key, .. } if key == "4.99.3"));
    assert_eq!(error.class(), ErrorClass::NotFound);
}

#[test]
fn placeholders_and_absent_values_are_values() {
    let data = group("{release_jira: ART-0}");
    assert_eq!(data.jira_ticket, None);
    assert_eq!(group("{release_jira: ART-10001}").jira_ticket.as_deref(), Some("ART-10001"));
    let error = data.release_date().unwrap_err();
    assert!(error.to_string().contains("4.99.3"), "{error}");
    let empty = parse("releases: {4.99.3: }").unwrap();
    assert_eq!((empty.advisories.len(), empty.flow), (0, Flow::Errata));
    // Both widths of the day are in use.
    assert_eq!(
        group("{release_date: 2026-Feb-3}").release_date().unwrap().to_string(),
        "2026-Feb-03"
    );
}

#[test]
fn r15_missing_and_renamed_keys_are_findings_before_work_starts() {
    let paths = |data: &ReleaseData| -> Vec<String> {
        data.findings.iter().map(|found| found.path.clone()).collect()
    };
    let data = group("{advisories: {extra: 1}, shipment: {env: prod}, release_jira: ART-0}");
    assert_eq!(
        paths(&data),
        [
            "group.advisories.extra",
            "group.release_jira",
            "group.release_date",
            "group.shipment.url"
        ]
    );
    assert!(data.findings[0].message.contains("did they mean \"extras\"?"));
    assert_eq!(paths(&group("{release_date: soon}")), ["group.advisories", "group.release_date"]);
}

#[test]
fn r16_what_names_another_release_is_found() {
    let data = data(
        "releases: {4.99.3: {assembly: {basis: {reference_releases: \
         {x86_64: 4.98.0-0.nightly-2026-03-01-045853, z80: x}}}}}",
    );
    let found: Vec<(&str, &str)> =
        data.findings.iter().map(|found| (found.path.as_str(), found.message.as_str())).collect();
    assert!(found.contains(&(
        "basis.reference_releases.x86_64",
        "4.98.0-0.nightly-2026-03-01-045853 is no build of 4.99"
    )));
    assert!(found.contains(&("basis.reference_releases.z80", "unknown architecture")));
    let error = parse(&file("{shipment: {url: \"https://gitlab.example.com/x\"}}")).unwrap_err();
    assert!(error.to_string().contains("group.shipment.url must be a merge request"), "{error}");
}

#[test]
fn wrong_kinds_are_named_with_their_place() {
    for (text, expected) in [
        (file("{advisories: [1]}"), "group.advisories must be a map"),
        (file("{advisories: {rpm: soon}}"), "group.advisories.rpm must be a number"),
        (file("{shipment: yes}"), "group.shipment must be a map"),
        (file("[]"), "4.99.3.assembly.group must be a map"),
        (String::new(), "has no map \"releases\""),
        ("releases: []".to_owned(), "has no map \"releases\""),
        ("<!DOCTYPE html>".to_owned(), "has no map \"releases\""),
    ] {
        let error = parse(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

/// A mistake in a part that nobody reads is still a mistake of the file.
#[test]
fn broken_yaml_is_found_wherever_it_is_with_line_and_column() {
    let text = format!("{}  4.99.1:\n    assembly:\n      members: [1, 2\n", file("{}"));
    let error = parse(&text).unwrap_err();
    let BuildDataError::Syntax { source, .. } = &error else { panic!("{error}") };
    assert!(source.line >= 7 && source.column >= 1, "{source}");
    assert!(!error.to_string().contains("line"), "a display text never repeats its source");
}

proptest! {
    /// The order of assemblies in the file does not matter.
    #[test]
    fn order_of_assemblies_does_not_matter(swap: bool, rpm in 1_u64..1000) {
        let child = "  4.99.3: {assembly: {basis: {assembly: 4.99.2}}}\n";
        let parent = format!("  4.99.2: {{assembly: {{group: {{advisories: {{rpm: {rpm}}}}}}}}}\n");
        let (first, second) = if swap { (child, &*parent) } else { (&*parent, child) };
        let data = data(&format!("releases:\n{first}{second}"));
        prop_assert_eq!(data.advisory("rpm"), Some(rpm));
    }

    /// Outside input never panics.
    #[test]
    fn any_text_is_data_or_an_error(text in "[a-z0-9.:!?{}\\[\\] \n-]{0,120}") {
        drop(parse(&format!("releases:\n  4.99.3:\n    assembly:\n{text}")));
    }
}

#[test]
fn reserved_numbers_of_the_shipment_are_read_by_kind() {
    let shipment = |advisories: &str| group(&format!("{{shipment: {{advisories: {advisories}}}}}"));
    let found = shipment("[{kind: image, live_id: 1555}, {kind: fbc}, {kind: extras, live_id: 7}]");
    let expected = [("image".to_owned(), 1555), ("extras".to_owned(), 7)];
    assert_eq!(found.live_ids, expected);
    assert!(found.findings.iter().all(|one| !one.path.contains("shipment.advisories")));
    for odd in ["{image: 1}", "[image]", "[{live_id: 3}]", "[{kind: image, live_id: soon}]"] {
        let found = shipment(odd);
        assert_eq!(found.live_ids, []);
        let told = found.findings.iter().filter(|one| one.path.contains("shipment.advisories"));
        assert_eq!(told.count(), 1, "{odd}");
    }
    assert_eq!(group("{release_jira: ART-1}").live_ids, []);
}
