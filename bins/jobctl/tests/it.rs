//! The program starts and answers without any setting; what is missing is told by name.

use std::process::Command;

#[expect(clippy::disallowed_methods, reason = "the test starts the program itself")]
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_jobctl"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .expect("the program was built beside this test");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn help_and_version_need_no_environment() {
    for arguments in
        [&["--help"][..], &["-h"], &["start-aggregator", "--help"], &["help", "status"]]
    {
        let (code, stdout, stderr) = run(arguments, &[]);
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        assert!(stdout.contains("Usage: jobctl"), "{stdout}");
    }
    let (code, stdout, _) = run(&["--version"], &[]);
    assert_eq!(code, Some(0));
    assert_eq!(stdout.trim_end(), concat!("jobctl ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn spec04_case_32_all_missing_variables_are_told_at_once() {
    let controller = ["start-controller", "-r", "4.99"];
    for token in [&[][..], &[("APITOKEN", "")], &[("APITOKEN", " ")]] {
        let variables = [&[("GITHUB_TOKEN", "a-token")][..], token].concat();
        let (code, stdout, stderr) = run(&controller, &variables);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains("APITOKEN") && !stderr.contains("GITHUB_TOKEN"), "{stderr}");
    }
    let (code, _, stderr) = run(&["start-aggregator"], &[]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("GITHUB_TOKEN, APITOKEN, GCS_CRED_FILE, "), "{stderr}");
    // Credentials of the cluster are looked for before the pass as well.
    assert!(stderr.contains("RELEASE_PAYLOAD_MODIFIER_TOKEN"), "{stderr}");
    let (code, _, stderr) = run(&["promote-test-results", "--build", "4.99.7"], &[]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("GITHUB_TOKEN") && !stderr.contains("APITOKEN"), "{stderr}");
}

#[test]
fn what_is_no_version_or_id_is_a_usage_error() {
    let replace =
        ["update-retried-job-run", "--build", "4.99.7", "--job-name", "a", "--current-job-id", "x"];
    for arguments in [
        &["start-controller", "-r", "4"][..],
        &["start-controller", "-r", "4.999"],
        &["start-controller"],
        &["start-controller", "-r", "4.99", "--arch", "x86"],
        &["start-controller", "-r", "4.99", "--trigger-prow-job", "maybe"],
        &["trigger-jobs-for-build", "--build", "4.16"],
        &["promote-test-results", "--build", "newest"],
        &["start-aggregator", "--interval", "soon"],
        &[&replace[..], &["--new-job-id", "not-a-uuid"]].concat(),
        &["strat-controller"],
    ] {
        let (code, stdout, stderr) = run(arguments, &[]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
    }
}
