//! The program starts and answers without any setting (spec 01 case 29).

use std::process::Command;

#[expect(clippy::disallowed_methods, reason = "the test starts the program itself")]
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_oar"))
        .args(arguments)
        .env_clear()
        .output()
        .expect("the program was built beside this test");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn help_and_version_need_no_environment() {
    for arguments in [&["--help"][..], &["-h"], &["doctor", "--help"], &["help", "doctor"]] {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
        assert!(stdout.contains("Usage: oar"), "{stdout}");
    }
    let (code, stdout, _) = run(&["--version"]);
    assert_eq!(code, Some(0));
    assert_eq!(stdout.trim_end(), concat!("oar ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn an_unknown_command_is_a_usage_error_with_a_hint() {
    let (code, stdout, stderr) = run(&["doctr"]);
    assert_eq!(code, Some(2));
    assert!(stdout.is_empty());
    assert!(stderr.contains("doctor"), "{stderr}");
}
