use rstest::rstest;

use super::*;
use crate::run::RunSource;

const PAYLOAD: &str = "quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64";

fn check() -> ConsistencyCheck {
    ConsistencyCheck::new(PAYLOAD.parse().unwrap(), 337).unwrap()
}

fn run(job: &str, env: &[(&str, &str)]) -> ProwRun {
    ProwRun {
        id: None,
        job: job.to_owned(),
        state: None,
        url: None,
        started_at: None,
        completed_at: None,
        env: env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        annotations: BTreeMap::new(),
        source: RunSource::Deck,
    }
}

#[rstest]
#[case("4.99.1-x86_64")]
#[case("4.99.1-rc.0-x86_64")]
#[case("4.100.0-ec.12-x86_64")]
#[case("5.0.0-fc.2-x86_64")]
#[case("4.99.1-assembly.art.12-x86_64")]
#[case("4.99.1-rc.0-assembly.x-x86_64")]
fn spec04_case_30_payloads_of_releases_are_taken(#[case] tag: &str) {
    let url = format!("{REPOSITORY}{tag}");
    let stream = url.parse::<PayloadUrl>().map(|payload| payload.y_stream());
    // A minor of three digits is no y-stream.
    assert_eq!(stream.is_ok(), !tag.starts_with("4.100"), "{url}");
}

#[rstest]
#[case("quay.io/openshift-release-dev/ocp-release:4.99.1-aarch64")]
#[case("quay.io/openshift-release-dev/ocp-release:4.99.1-ppc64le")]
#[case("docker.io/openshift-release-dev/ocp-release:4.99.1-x86_64")]
#[case("quay.io/openshift-release-dev/ocp-release-nightly:4.99.1-x86_64")]
#[case("quay.io/openshift-release-dev/ocp-release:4.99.1")]
#[case("quay.io/openshift-release-dev/ocp-release:4.99-x86_64")]
#[case("quay.io/openshift-release-dev/ocp-release:4.99.1 -x86_64")]
#[case("quay.io/openshift-release-dev/ocp-release:4.99.1-x86_64\n")]
#[case("quay.io/openshift-release-dev/ocp-release:4.99.1/..-x86_64")]
#[case("quay.io/openshift-release-dev/ocp-release:4.99.1-xx.1-x86_64")]
#[case("quay.io/openshift-release-dev/ocp-release:4.99.1-assembly.-x86_64")]
#[case(" quay.io/openshift-release-dev/ocp-release:4.99.1-x86_64")]
#[case("")]
fn spec03_case_34_other_payloads_are_refused(#[case] url: &str) {
    let error = url.parse::<PayloadUrl>().unwrap_err();
    assert_eq!(error.text, url);
}

#[test]
fn spec03_case_34_merge_requests_are_numbered_from_one() {
    let payload: PayloadUrl = PAYLOAD.parse().unwrap();
    assert_eq!(ConsistencyCheck::new(payload.clone(), 0), Err(OrderError::NoMergeRequest));
    for number in [1, 999_999] {
        assert!(ConsistencyCheck::new(payload.clone(), number).is_ok());
    }
}

#[test]
fn spec04_case_31_the_check_carries_payload_and_merge_request_as_text() {
    let order = check().order("claim-1").unwrap();
    assert_eq!(order.job(), CONSISTENCY_JOB);
    assert_eq!(order.envs()["MULTISTAGE_PARAM_OVERRIDE_PAYLOAD_URL"], PAYLOAD);
    assert_eq!(order.envs()["MULTISTAGE_PARAM_OVERRIDE_MERGE_REQUEST_ID"], "337");
    assert_eq!(order.annotations()[ATTEMPT_ANNOTATION], "claim-1");
}

#[rstest]
#[case("4.19.1", "release-4.19-stage-testing-e2e-aws-ipi")]
#[case("4.20.0-rc.1", "release-4.20-stage-testing-e2e-aws-ipi")]
fn spec04_case_29_stage_testing_is_named_after_the_y_stream(
    #[case] release: &str,
    #[case] end: &str,
) {
    let payload = PayloadUrl::of_release(&release.parse().unwrap()).unwrap();
    let order = RunOrder::stage_testing(&payload, "a").unwrap();
    let prefix = "periodic-ci-openshift-openshift-tests-private-";
    assert_eq!(order.job(), format!("{prefix}{end}"));
    assert_eq!(order.envs()["RELEASE_IMAGE_LATEST"], payload.as_str());
}

#[test]
fn what_gangway_would_refuse_is_not_ordered() {
    assert!(RunOrder::new("", "a").is_err());
    assert!(RunOrder::new("../x", "a").is_err());
    assert!(RunOrder::new("a/b", "a").is_err());
    assert!(RunOrder::new("job", "").is_err(), "without an attempt nothing can be found again");
    let order = RunOrder::new("job", "a").unwrap();
    assert!(order.clone().env("", "x").is_err());
    assert!(order.env("A", "").is_err());
}

#[test]
fn spec03_case_32_a_run_of_another_release_never_decides() {
    let ours = [(PAYLOAD_ENV, PAYLOAD), (MERGE_REQUEST_ENV, "337")];
    assert_eq!(check().belongs(&run(CONSISTENCY_JOB, &ours)), Ok(Belongs::Surely));
    let foreign = [
        run("periodic-other", &ours),
        run(CONSISTENCY_JOB, &[]),
        run(CONSISTENCY_JOB, &[(PAYLOAD_ENV, PAYLOAD), (MERGE_REQUEST_ENV, "33")]),
        run(
            CONSISTENCY_JOB,
            &[
                (PAYLOAD_ENV, "quay.io/openshift-release-dev/ocp-release:4.99.30-x86_64"),
                (MERGE_REQUEST_ENV, "337"),
            ],
        ),
    ];
    for foreign in foreign {
        assert!(check().belongs(&foreign).is_err(), "{foreign:?}");
    }
    // Later values win, as they do in the container.
    let twice = [(PAYLOAD_ENV, "old"), (PAYLOAD_ENV, PAYLOAD), (MERGE_REQUEST_ENV, "337")];
    assert_eq!(check().belongs(&run(CONSISTENCY_JOB, &twice)), Ok(Belongs::Surely));
}

#[test]
fn what_is_left_of_an_old_run_tells_its_job_only() {
    let left = ProwRun { source: RunSource::FinishedFile, ..run(CONSISTENCY_JOB, &[]) };
    assert_eq!(check().belongs(&left), Ok(Belongs::JobOnly));
    let foreign = ProwRun { job: "periodic-other".to_owned(), ..left };
    assert!(check().belongs(&foreign).is_err());
}
