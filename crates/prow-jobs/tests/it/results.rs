//! Result files of production: each is read, and a rejected build has a job that failed.

use oar_prow_jobs::test_result::{JobRuns, read};
use oar_release::workflow::TestResult;
use oar_tests::production_data;

#[test]
fn every_production_file_has_a_verdict_that_its_jobs_explain() {
    let Some(folder) = production_data("record") else { return };
    let entries = std::fs::read_dir(folder.join("_releases")).expect("a folder");
    let (mut files, mut by_hand, mut rejected) = (0, 0, 0);
    for entry in entries {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let Some(build) = name.strip_prefix("ocp-test-result-") else { continue };
        let found = read(&std::fs::read(&path).expect("a file"));
        let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
        let spoken_of = found.build.as_deref().expect("a build");
        assert!(build.starts_with(spoken_of), "{name}: {spoken_of}");
        files += 1;
        match found.verdict {
            TestResult::Rejected => {
                rejected += 1;
                assert!(!found.jobs.iter().all(JobRuns::passed), "{name}");
            }
            TestResult::Accepted { manual: true } => by_hand += 1,
            _ => {}
        }
    }
    println!("{files} files, {rejected} rejected, {by_hand} promoted by hand");
    assert!(files > 0);
}
