//! The program starts and answers without any setting; wrong use is told before anything is sent.

use std::process::Command;

const PAYLOAD: &str = "quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64";

#[expect(clippy::disallowed_methods, reason = "the test starts the program itself")]
fn run(arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_job"))
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
    for arguments in [&["--help"][..], &["run_stage_testing", "--help"], &["help", "get_results"]] {
        let (code, stdout, stderr) = run(arguments, &[]);
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        assert!(stdout.contains("Usage: job"), "{stdout}");
    }
    let (code, stdout, _) = run(&["--version"], &[]);
    assert_eq!(code, Some(0));
    assert_eq!(stdout.trim_end(), concat!("job ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn spec04_case_30_what_is_no_payload_or_merge_request_is_a_usage_error() {
    let repository = "quay.io/openshift-release-dev/ocp-release";
    for payload in [
        &format!("{repository}:4.19.1-aarch64"),
        &format!("{repository}:4.19.1-ppc64le"),
        "registry.example.com/openshift-release-dev/ocp-release:4.19.1-x86_64",
        &format!("{repository}:4.19.1"),
        &format!("{repository}:4.19-x86_64"),
        &format!("{PAYLOAD}\n"),
        &format!("{PAYLOAD} "),
        "",
    ] {
        for command in ["run_stage_testing", "run_image_consistency_check"] {
            let mr: &[&str] = if command.contains("image") { &["-m", "1"] } else { &[] };
            let arguments = [&[command, "-p", payload], mr].concat();
            let (code, stdout, stderr) = run(&arguments, &[]);
            assert_eq!((code, stdout.as_str()), (Some(2), ""), "{payload:?}: {stderr}");
        }
    }
    for number in ["0", "-1", "one", ""] {
        let arguments = ["run_image_consistency_check", "-p", PAYLOAD, "-m", number];
        let (code, _, stderr) = run(&arguments, &[]);
        assert_eq!(code, Some(2), "{number:?}: {stderr}");
    }
    // What is valid gets as far as the token.
    for (payload, number) in [("4.19.1-rc.0-x86_64", "1"), ("4.19.1-x86_64", "999999")] {
        let payload = format!("{repository}:{payload}");
        let arguments = ["run_image_consistency_check", "-p", &payload, "-m", number];
        let (code, _, stderr) = run(&arguments, &[]);
        assert_eq!(code, Some(1), "{stderr}");
        assert!(stderr.contains("APITOKEN"), "{stderr}");
    }
}

#[test]
fn spec04_case_28_and_32_wrong_use_comes_before_a_missing_token() {
    let all = ["--payload", "a", "--upgrade_from", "b", "--upgrade_to", "c"];
    let (code, stdout, stderr) = run(&[&["run", "X"], &all[..]].concat(), &[]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    for token in [&[][..], &[("APITOKEN", "")], &[("APITOKEN", " ")]] {
        let (code, stdout, stderr) = run(&["run", "periodic-ci-x"], token);
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains("APITOKEN"), "{stderr}");
    }
    for arguments in [
        &["get_payloads", "4.99.1", "--push", "true"][..],
        &["run_required", "--channel", "4.99", "--file", "/no/such/file", "--version", "4.99.3"],
        &["run_required", "--channel", "4.99", "--file", "/dev/null", "--version", "4.99"],
        &["get_results", "not/an id"],
        &["list", "--component", "nothing"],
        &["run-stage-testing"],
    ] {
        let (code, stdout, stderr) = run(arguments, &[("GITHUB_TOKEN", "a-token")]);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{arguments:?}: {stderr}");
    }
}
