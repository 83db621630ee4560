//! Real programs: what is left of them, and what they can do to us.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use oar_errata::{
    Elliott, ElliottConfig, Ended, FindTrackers as _, LocalProcesses, ProcessError, ProcessSpec,
    RunProcess as _,
};
use oar_release::{ErrorClass, Flow, Masker};
use oar_transport::Secret;
use oar_transport::env::Environment;

/// A folder with one executable shell script.
struct Program {
    folder: tempfile::TempDir,
}

impl Program {
    async fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Self { folder };
        let path = program.path("program");
        let text = format!("#!/bin/sh\n[ \"$1\" = --probe ] && exit 0\n{script}\n");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        // The child of another test may hold the file open for writing until it becomes its own
        // program; as long as it does, the file cannot be run.
        while let Err(ProcessError::NotStarted { .. }) =
            LocalProcesses.run(program.spec(&["--probe"])).await
        {
            tokio::task::yield_now().await;
        }
        program
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn spec(&self, arguments: &[&str]) -> ProcessSpec {
        let path = ("PATH".to_owned(), Secret::new("/usr/bin:/bin"));
        let fifo = ("FIFO".to_owned(), Secret::new(self.path("fifo").to_str().unwrap()));
        ProcessSpec {
            program: self.path("program"),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            environment: vec![path, fifo],
            folder: self.folder.path().to_owned(),
            timeout: Duration::from_mins(8),
        }
    }

    /// A pipe by name, through which the program says that it runs and, by its end, that nobody who
    /// holds it is left.
    fn fifo(&self) -> Life {
        let path = self.path("fifo");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        Life(path)
    }
}

struct Life(PathBuf);

impl Life {
    /// Waits until the program said something, then hands out the open end.
    async fn begun(self) -> fs::File {
        let opening = tokio::task::spawn_blocking(move || {
            let mut end = fs::File::open(&self.0).unwrap();
            let mut word = [0; 6];
            end.read_exact(&mut word).unwrap();
            assert_eq!(&word, b"ready\n");
            end
        });
        opening.await.unwrap()
    }
}

/// Returns when everybody who held the pipe is gone; long before they would be by themselves.
async fn ended(mut end: fs::File) {
    let reading = tokio::task::spawn_blocking(move || {
        let mut rest = Vec::new();
        end.read_to_end(&mut rest).unwrap();
    });
    tokio::time::timeout(Duration::from_secs(20), reading).await.expect("left over").unwrap();
}

/// Starts a child that holds the pipe and ignores polite signals, says so, and waits for it.
const FAMILY: &str = "exec 3>\"$FIFO\"\ntrap '' TERM HUP\nsleep 60 &\necho ready >&3\nwait";

#[tokio::test]
async fn arguments_environment_and_folder_arrive_as_given() {
    let program =
        Program::new("printf '%s|' \"$@\"; env | sort | grep -v _=; pwd; echo no >&2; exit 3")
            .await;
    let output = LocalProcesses.run(program.spec(&["a b", "$(id)", "'", ""])).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("a b|$(id)|'||"), "no shell saw them: {text}");
    assert!(!text.contains("CARGO"), "nothing of our environment: {text}");
    let folder = fs::canonicalize(program.folder.path()).unwrap();
    assert!(text.contains(folder.to_str().unwrap()), "{text}");
    assert_eq!((output.ended, &output.stderr[..]), (Ended::Code(3), &b"no\n"[..]));
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let program = Program::new("").await;
    let mut spec = program.spec(&[]);
    spec.program = program.path("absent");
    let error = LocalProcesses.run(spec).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(error.to_string().contains("absent"), "{error}");
}

#[tokio::test]
async fn both_pipes_are_read_at_once_and_only_the_end_of_the_second_is_kept() {
    let script = "i=0; while [ $i -lt 40 ]; do \
                  head -c 65536 /dev/zero >&2; head -c 65536 /dev/zero; i=$((i+1)); done; echo end >&2";
    let output = LocalProcesses.run(Program::new(script).await.spec(&[])).await.unwrap();
    assert_eq!(output.stdout.len(), 40 * 65536);
    assert_eq!(output.stderr.len(), 64 * 1024);
    assert!(output.stderr.ends_with(b"end\n"));
}

#[tokio::test]
async fn a_program_that_prints_without_end_is_ended() {
    let error =
        LocalProcesses.run(Program::new("exec cat /dev/zero").await.spec(&[])).await.unwrap_err();
    assert!(matches!(error, ProcessError::TooMuch { .. }), "{error}");
}

#[tokio::test]
async fn at_the_time_limit_the_whole_family_is_ended() {
    let program = Program::new(FAMILY).await;
    let life = program.fifo();
    let run = tokio::spawn(LocalProcesses.run(program.spec(&[])));
    let end = life.begun().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_mins(8)).await;
    tokio::time::resume();
    let error = run.await.unwrap().unwrap_err();
    assert!(matches!(error, ProcessError::Timeout { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::Timeout);
    ended(end).await;
}

#[tokio::test]
async fn who_stops_waiting_ends_the_whole_family() {
    let program = Program::new(FAMILY).await;
    let life = program.fifo();
    let run = tokio::spawn(LocalProcesses.run(program.spec(&[])));
    let end = life.begun().await;
    run.abort();
    assert!(run.await.unwrap_err().is_cancelled());
    ended(end).await;
}

#[tokio::test]
async fn a_child_that_outlives_the_program_does_not_keep_us_waiting() {
    let program =
        Program::new("exec 3>\"$FIFO\"\nsleep 60 &\necho ready >&3\necho done\nexit 0").await;
    let life = program.fifo();
    let run = tokio::spawn(LocalProcesses.run(program.spec(&[])));
    let end = life.begun().await;
    let output = run.await.unwrap().unwrap();
    assert_eq!((output.ended, &output.stdout[..]), (Ended::Code(0), &b"done\n"[..]));
    ended(end).await;
}

#[tokio::test]
async fn a_program_that_is_shot_is_told_by_its_signal() {
    let output = LocalProcesses.run(Program::new("kill -9 $$").await.spec(&[])).await.unwrap();
    assert_eq!(output.ended, Ended::Signal(9));
}

fn elliott(program: &Path) -> Elliott {
    let environment = Environment::from_map([
        ("PATH", "/usr/bin:/bin"),
        ("JIRA_USERNAME", "bot@example.com"),
        ("JIRA_TOKEN", "canary-jira-token"),
        ("GITLAB_TOKEN", "canary-gitlab-token"),
    ]);
    let config = ElliottConfig { program: program.to_owned(), ..ElliottConfig::default() };
    let masker = Masker::new(["canary-jira-token".to_owned()]);
    Elliott::new(config, environment, Arc::new(LocalProcesses), Arc::new(masker))
}

#[tokio::test]
async fn elliott_is_run_for_both_sides_at_the_same_time() {
    // Each waits for the other: one after the other would never end.
    let script = "case \"$*\" in\n\
        *konflux*) echo x > \"$0.konflux\"; other=\"$0.brew\"; kind=image; key=OCPBUGS-2;;\n\
        *) echo x > \"$0.brew\"; other=\"$0.konflux\"; kind=rhcos; key=OCPBUGS-1;;\nesac\n\
        while [ ! -e \"$other\" ]; do :; done\n\
        echo \"token $JIRA_TOKEN\" >&2\n\
        echo 'noise'\nprintf '{\\n    \"%s\": [\"%s\"]\\n}\\n' $kind $key";
    let program = Program::new(script).await;
    let flow = crate::support::konflux();
    let release = "4.99.3".parse().unwrap();
    let report = elliott(&program.path("program")).trackers(&release, &flow).await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let kinds: Vec<&str> = report.trackers.0.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["rhcos", "image"]);
}

#[tokio::test]
async fn spec02_case_30_elliott_that_fails_or_is_silent_is_a_failure() {
    let release = "4.99.3".parse().unwrap();
    for (script, text) in [
        ("echo \"no ticket for $JIRA_TOKEN\" >&2; exit 1", "no ticket for [SECRET_REDACTED]"),
        ("exit 0", "is empty"),
    ] {
        let program = Program::new(script).await;
        let report = elliott(&program.path("program")).trackers(&release, &Flow::Errata).await;
        let [failure] = report.failures.as_slice() else { panic!("{report:?}") };
        assert!(failure.to_string().contains(text), "{failure}");
    }
}
