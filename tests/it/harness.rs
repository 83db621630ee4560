//! Starts the programs in a world of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use oar_sandbox::Sandbox;
use serde_json::Value;
use tempfile::TempDir;

/// What a program left behind.
#[derive(Debug)]
pub struct Run {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Fails the test unless the exit code is `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Standard output as one JSON object.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("{error}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr),
        }
    }
}

/// A folder with a sandbox, a state folder and nothing of the machine around it.
pub struct Place {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Place {
    /// A fresh place.
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a scratch folder"), variables: Vec::new() }
    }

    /// The same place with one more environment variable.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// A path inside the place.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The world of this place's `--sandbox`.
    pub fn sandbox(&self) -> Sandbox {
        Sandbox::in_folder(&self.path("world")).expect("the world of the sandbox")
    }

    /// What changed outside of the state repository, how often.
    pub fn changes(&self) -> BTreeMap<String, usize> {
        let mut counted = BTreeMap::new();
        for effect in self.sandbox().world(|world| world.effects.clone()) {
            if effect.service != "github" {
                let name = format!("{} {} {}", effect.service, effect.action, effect.target);
                *counted.entry(name).or_default() += 1;
            }
        }
        counted
    }

    /// Runs `program` with `--sandbox`.
    pub fn sandboxed(&self, program: &str, arguments: &[&str]) -> Run {
        let world = format!("--sandbox={}", self.path("world").display());
        let mut all = vec![world.as_str()];
        all.extend_from_slice(arguments);
        self.run(program, &all)
    }

    /// Runs `program` with `--sandbox`, to be killed at effect point `crash_at`, or to `count` them.
    pub fn sandboxed_with(&self, program: &str, arguments: &[&str], crash_at: &str) -> Run {
        let world = format!("--sandbox={}", self.path("world").display());
        let mut all = vec![world.as_str()];
        all.extend_from_slice(arguments);
        self.run_with(program, &all, &[(oar_sandbox::crash::SETTING, crash_at)])
    }

    /// Runs `program` with an environment of only this place's variables.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Run {
        self.run_with(program, arguments, &[])
    }

    /// As [`Place::run`], with more variables for this run alone.
    #[expect(clippy::disallowed_methods, reason = "the harness starts the programs itself")]
    pub fn run_with(&self, program: &str, arguments: &[&str], more: &[(&str, &str)]) -> Run {
        let output = Command::new(program_path(program))
            .args(arguments)
            .env_clear()
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("USER", "tester")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(more.iter().copied())
            .current_dir(self.folder.path())
            .output()
            .expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Run {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}

/// Where cargo put the program: beside this test's own folder.
pub fn program_path(program: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test's own path");
    let folder = test.parent().and_then(Path::parent).expect("target/<profile>/deps");
    let path = folder.join(program);
    assert!(
        path.exists(),
        "build the programs first: cargo build --workspace ({})",
        path.display()
    );
    path
}
