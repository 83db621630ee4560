use std::sync::Mutex;

use super::output::parse;
use super::*;

/// A program that is not run: it answers what it is told and remembers how it was called.
#[derive(Debug, Default)]
struct Fake {
    answers: Mutex<Vec<Answer>>,
    calls: Mutex<Vec<ProcessSpec>>,
}

impl Fake {
    fn calls(&self) -> Vec<ProcessSpec> {
        self.calls.lock().unwrap().clone()
    }
}

#[async_trait]
impl RunProcess for Fake {
    async fn run(&self, spec: ProcessSpec) -> Result<ProcessOutput, ProcessError> {
        assert!(spec.folder.is_dir(), "the folder exists while it runs");
        self.calls.lock().unwrap().push(spec);
        self.answers.lock().unwrap().remove(0)
    }
}

type Answer = Result<ProcessOutput, ProcessError>;

#[expect(clippy::unnecessary_wraps, reason = "it stands beside answers that are errors")]
fn output(code: i32, stdout: &str, stderr: &str) -> Answer {
    Ok(ProcessOutput { ended: Ended::Code(code), stdout: stdout.into(), stderr: stderr.into() })
}

const CREDENTIALS: [(&str, &str); 3] = [
    ("JIRA_USERNAME", "bot@example.com"),
    ("JIRA_TOKEN", "canary-jira-token"),
    ("GITLAB_TOKEN", "canary-gitlab-token"),
];

fn elliott(variables: &[(&str, &str)], answers: Vec<Answer>) -> (Arc<Fake>, Elliott) {
    let fake = Arc::new(Fake { answers: Mutex::new(answers), ..Fake::default() });
    let environment = Environment::from_map(variables.iter().copied());
    let masker = Masker::new(["canary-jira-token".to_owned()]);
    let processes: Arc<dyn RunProcess> = fake.clone();
    let elliott = Elliott::new(ElliottConfig::default(), environment, processes, Arc::new(masker));
    (fake, elliott)
}

fn release(text: &str) -> ReleaseVersion {
    text.parse().unwrap()
}

fn konflux() -> Flow {
    Flow::Konflux { mr: "https://gitlab.example.com/a/b/-/merge_requests/3".parse().unwrap() }
}

fn seen(spec: &ProcessSpec, name: &str) -> Option<String> {
    let found = spec.environment.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.expose().to_owned())
}

#[test]
fn spec02_case_30_the_assembly_of_a_candidate_is_its_suffix() {
    let (_, elliott) = elliott(&[], vec![]);
    let data = "https://github.com/openshift-eng/ocp-build-data.git";
    let head = |stream: &str, key: &str| {
        let group = format!("openshift-{stream}");
        ["--data-path", data, "--group", &group, "--assembly", key].map(str::to_owned).to_vec()
    };
    let with = |mut head: Vec<String>, rest: &[&str]| {
        head.extend(rest.iter().map(|word| (*word).to_owned()));
        head
    };
    let brew =
        ["--build-system", "brew", "find-bugs", "--cve-only", "--output", "json", "--permissive"];
    let konflux = ["--build-system", "konflux", "find-bugs", "--cve-only", "-o", "json"];
    for (version, stream, key) in [
        ("4.22.0-rc.4", "4.22", "rc.4"),
        ("4.99.0-ec.1", "4.99", "ec.1"),
        ("4.99.3", "4.99", "4.99.3"),
        ("5.0.0-rc.1", "5.0", "rc.1"),
        ("4.99.0-fc.2", "4.99", "4.99.0-fc.2"),
    ] {
        let release = release(version);
        let expected = with(head(stream, key), &brew);
        assert_eq!(elliott.arguments(&release, BuildSystem::Brew), expected);
        let expected = with(head(stream, key), &konflux);
        assert_eq!(elliott.arguments(&release, BuildSystem::Konflux), expected);
    }
}

#[tokio::test]
async fn spec02_case_30_the_address_for_jira_is_the_user_name_unless_it_is_set() {
    let (fake, program) = elliott(&CREDENTIALS, vec![output(0, "{}", "")]);
    let report = program.trackers(&release("4.22.0-rc.4"), &Flow::Errata).await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let calls = fake.calls();
    assert_eq!(calls.len(), 1, "the Errata flow has no shipment to look at");
    assert_eq!(seen(&calls[0], "JIRA_EMAIL").as_deref(), Some("bot@example.com"));
    assert!(!calls[0].folder.exists(), "nothing is left behind");

    let mut own = CREDENTIALS.to_vec();
    own.push(("JIRA_EMAIL", "own@example.com"));
    let (fake, program) = elliott(&own, vec![output(0, "{}", "")]);
    program.trackers(&release("4.99.3"), &Flow::Errata).await;
    let calls = fake.calls();
    assert_eq!(seen(&calls[0], "JIRA_EMAIL").as_deref(), Some("own@example.com"));
}

#[tokio::test]
async fn spec02_case_30_r36_without_a_credential_there_is_no_child_and_an_error() {
    for missing in ["JIRA_USERNAME", "JIRA_TOKEN", "GITLAB_TOKEN"] {
        let variables: Vec<_> =
            CREDENTIALS.into_iter().filter(|(name, _)| *name != missing).collect();
        let (fake, program) = elliott(&variables, vec![]);
        let report = program.trackers(&release("4.99.3"), &konflux()).await;
        assert_eq!(report.failures.len(), 2);
        for failure in &report.failures {
            assert_eq!(failure.class(), ErrorClass::NotConfigured);
            assert!(failure.to_string().contains(missing), "{failure}");
        }
        assert!(fake.calls().is_empty());
    }
}

#[tokio::test]
async fn the_environment_is_clean_and_hides_its_values() {
    let mut variables = CREDENTIALS.to_vec();
    variables.extend([
        ("PATH", "/usr/bin"),
        ("KRB5CCNAME", "FILE:/tmp/cc"),
        ("SLACK_BOT_TOKEN", "canary-slack"),
        ("OAR_JWK", "canary-key"),
        ("LD_PRELOAD", "/tmp/evil.so"),
    ]);
    let (fake, program) = elliott(&variables, vec![output(0, "{}", "")]);
    program.trackers(&release("4.99.3"), &Flow::Errata).await;
    let calls = fake.calls();
    let mut names: Vec<&str> = calls[0].environment.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    let expected = [
        "GITLAB_TOKEN",
        "JIRA_EMAIL",
        "JIRA_TOKEN",
        "JIRA_USERNAME",
        "KRB5CCNAME",
        "PATH",
        "TMPDIR",
    ];
    assert_eq!(names, expected);
    let folder = calls[0].folder.to_str().map(str::to_owned);
    assert_eq!(seen(&calls[0], "TMPDIR"), folder);
    let shown = format!("{:?} {program:?}", calls[0]);
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn in_the_konflux_flow_both_run_and_their_lists_are_united() {
    let brew = r#"{"rpm":["OCPBUGS-1"],"image":["OCPBUGS-2"]}"#;
    let konflux_found = r#"{"image":["OCPBUGS-2","OCPBUGS-3"],"extras":[]}"#;
    let said = "x INFO fine\nx WARNING no build for OCPBUGS-9 canary-jira-token\n";
    let (fake, program) =
        elliott(&CREDENTIALS, vec![output(0, brew, said), output(0, konflux_found, "")]);
    let report = program.trackers(&release("4.99.3"), &konflux()).await;
    let list = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        report.trackers.0,
        [
            ("rpm".to_owned(), list(&["OCPBUGS-1"])),
            ("image".to_owned(), list(&["OCPBUGS-2", "OCPBUGS-3"])),
            ("extras".to_owned(), list(&[])),
        ]
    );
    assert_eq!(report.warnings, ["x WARNING no build for OCPBUGS-9 [SECRET_REDACTED]"]);
    let calls = fake.calls();
    assert_ne!(calls[0].folder, calls[1].folder, "each in a folder of its own");
}

#[tokio::test]
async fn spec02_case_30_a_failed_run_is_a_failure_and_the_other_is_still_told() {
    let timeout = || Err(ProcessError::Timeout { limit: Duration::from_mins(8) });
    let killed = ProcessOutput { ended: Ended::Signal(9), stdout: b"{}".to_vec(), stderr: vec![] };
    for (bad, class, text) in [
        (output(1, "{}", "no ticket canary-jira-token"), ErrorClass::Undetermined, "no ticket"),
        (output(0, "", "quiet"), ErrorClass::Undetermined, "is empty"),
        (output(0, " \n", ""), ErrorClass::Undetermined, "is empty"),
        (output(0, "[]", ""), ErrorClass::Undetermined, "no whole JSON object"),
        (
            output(0, r#"{"rpm": ["OCPBUGS-1""#, ""),
            ErrorClass::Undetermined,
            "no whole JSON object",
        ),
        (output(0, r#"{"rpm": "OCPBUGS-1"}"#, ""), ErrorClass::Undetermined, "no list"),
        (output(0, r#"{"rpm": [1]}"#, ""), ErrorClass::Undetermined, "else than keys"),
        (Ok(killed), ErrorClass::Undetermined, "signal 9"),
        (timeout(), ErrorClass::Timeout, "did not finish"),
    ] {
        let answers = vec![output(0, r#"{"rpm":["OCPBUGS-1"]}"#, ""), bad];
        let (_, program) = elliott(&CREDENTIALS, answers);
        let report = program.trackers(&release("4.99.3"), &konflux()).await;
        assert_eq!(report.trackers.0.len(), 1, "{text}: what was found is told");
        let [failure] = report.failures.as_slice() else { panic!("{text}: {report:?}") };
        assert_eq!(failure.class(), class, "{failure}");
        assert!(failure.to_string().contains(text), "{failure}");
        assert!(!failure.to_string().contains("canary"), "{failure}");
    }
}

#[test]
fn the_last_whole_object_counts_whatever_is_printed_around_it() {
    let keys = |text: &str| parse(text.as_bytes()).map(|trackers| trackers.0);
    let rpm = |key: &str| Ok(vec![("rpm".to_owned(), vec![key.to_owned()])]);
    assert_eq!(keys("noise {\n    \"rpm\": [\"A-1\"]\n}\nbye"), rpm("A-1"));
    assert_eq!(keys(r#"{"rpm":["A-1"]} {"rpm":["A-2"]} {"rpm":["A"#), rpm("A-2"));
    assert_eq!(keys(r#"{"x" {"rpm":["A-1"]}"#), rpm("A-1"));
    assert!(parse(b"\xff{}").is_err());
    assert!(keys(&"{".repeat(20_000)).is_err());
    assert!(keys(&"{\"a\":".repeat(20_000)).is_err());
}

#[tokio::test]
async fn only_the_end_of_a_long_complaint_is_shown() {
    let long = format!("{}the end", "ä".repeat(10_000));
    let (_, program) = elliott(&CREDENTIALS, vec![output(2, "", &long)]);
    let report = program.trackers(&release("4.99.3"), &Flow::Errata).await;
    let text = report.failures[0].to_string();
    assert!(text.ends_with("the end") && text.len() < 4200, "{}", text.len());
}

#[tokio::test]
async fn the_version_needs_no_credential() {
    let (fake, program) = elliott(&[("PATH", "/usr/bin")], vec![output(0, "elliott 9.9\n", "")]);
    assert_eq!(program.version().await.unwrap(), "elliott 9.9");
    assert_eq!(fake.calls()[0].arguments, ["--version"]);
    let (_, program) = elliott(&[], vec![output(0, "", "")]);
    assert!(program.version().await.is_err());
}
