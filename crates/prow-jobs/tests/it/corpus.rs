//! Every real file is read and rewritten byte for byte, and the rules agree with the verdicts that
//! were stored. Skipped where there are no real files.

use std::path::Path;

use oar_prow_jobs::verdict::judge_build;
use oar_prow_jobs::{
    Build, JobRegistry, JobSpec, LatestName, RegistryName, ResultFile, ResultName, StreamKind,
    check_registry_change, json_text,
};
use oar_tests::production_data;

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("the folder is readable");
    let paths = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file());
    paths
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(path).expect("a file"))
        })
        .collect()
}

#[test]
fn every_result_file_is_read_and_rewritten_byte_for_byte() {
    let Some(record) = production_data("record") else { return };
    let (mut results, mut builds) = (0, 0);
    for (name, content) in files(&record.join("_releases")) {
        if let Some(result) = ResultName::of_path(&name) {
            let file = ResultFile::parse(&content).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(file.text().as_bytes(), content, "{name}");
            assert_eq!(file.build_name(), result.build.to_string(), "{name}");
            assert_eq!(result.path(), format!("_releases/{name}"));
            assert!(ResultFile::is_final(&content).is_ok());
            results += 1;
        } else {
            let latest = LatestName::of_path(&name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(latest.path(), format!("_releases/{name}"));
            let build = Build::parse(&content).unwrap_or_else(|e| panic!("{name}: {e}"));
            let text = json_text(&serde_json::to_value(&build).expect("a build")) + "\n";
            assert_eq!(text.as_bytes(), content, "{name}");
            builds += 1;
        }
    }
    assert!(results > 100 && builds > 20, "{results} results, {builds} builds");
}

#[test]
fn every_registry_is_read_without_a_remark_but_the_one_known() {
    let Some(folder) = production_data("registry") else { return };
    let mut registries = 0;
    for (name, content) in files(&folder) {
        let Some(parsed) = RegistryName::of_path(&name) else {
            assert_eq!(name, "ocp-4.x-test-jobs-amd64.json");
            continue;
        };
        let registry = JobRegistry::parse(&name, &content).expect("a registry");
        assert!(registry.remarks.len() <= 1, "{name}: {:?}", registry.remarks);
        assert!(!registry.jobs(StreamKind::Stable).is_empty(), "{name}");
        // What is there could be proposed.
        let change = check_registry_change(&parsed, &content, None).expect("good content");
        assert_eq!(change.warnings.len(), registry.remarks.len(), "{name}: {change:?}");
        assert_eq!(parsed.path(), format!("_releases/{name}"));
        registries += 1;
    }
    assert!(registries > 10);
}

/// With the jobs of the file as registry, so that jobs that failed to start do not count, the
/// stored verdicts are ours, except where one retry of two was missing: the tie that counted once.
#[test]
fn the_rules_give_the_stored_verdicts() {
    let Some(record) = production_data("record") else { return };
    let now = "2040-01-01T00:00:00Z".parse().expect("a time");
    let (mut same, mut ties) = (0, 0);
    for (name, content) in files(&record.join("_releases")) {
        if ResultName::of_path(&name).is_none() {
            continue;
        }
        let file = ResultFile::parse(&content).expect("a file");
        let jobs = file.jobs();
        let registry: Vec<JobSpec> = jobs.iter().map(|job| JobSpec::new(&job.job)).collect();
        let standing = judge_build(&jobs, &registry, now);
        let Some(stored) = file.accepted() else { continue };
        if standing.accepted == Some(stored) {
            same += 1;
        } else {
            assert!(stored, "{name}: we never accept what was rejected");
            assert!(jobs.iter().any(|job| job.retries.len() % 2 == 1), "{name}");
            ties += 1;
        }
    }
    assert!(same > 100, "{same} alike, {ties} ties");
}
