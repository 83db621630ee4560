//! elliott: which CVE trackers belong to a release (spec 02 §5.1, 03 §7; R36).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use oar_release::{ErrorClass, Flow, Masker, ReleaseVersion};
use oar_transport::env::Environment;
use oar_transport::{Secret, SecretError, SecretSource};
use serde::Serialize;

mod output;

use crate::process::{Ended, ProcessError, ProcessOutput, ProcessSpec, RunProcess};

/// How much of the end of standard error is shown, bytes.
const SHOWN: usize = 4 * 1024;
/// Warnings of a permissive run that are reported.
const MOST_WARNINGS: usize = 50;
/// Time for `--version`.
const VERSION: Duration = Duration::from_secs(30);
/// What elliott may see of our environment besides its credentials: where programs, homes and
/// tickets are, how to reach hosts and whom to trust.
const PASSED_ON: [&str; 27] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "KRB5CCNAME",
    "KRB5_CONFIG",
    "KRB5_CLIENT_KTNAME",
    "KRB5_KTNAME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "https_proxy",
    "http_proxy",
    "no_proxy",
    "JIRA_SERVER_URL",
    "GIT_SSL_CAINFO",
    "PYTHONPATH",
    "VIRTUAL_ENV",
];

/// Which builds elliott looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildSystem {
    /// Those of the advisories.
    Brew,
    /// Those of the shipment.
    Konflux,
}

impl BuildSystem {
    /// elliott's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Brew => "brew",
            Self::Konflux => "konflux",
        }
    }
}

/// CVE trackers by kind of advisory, in elliott's order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Trackers(pub Vec<(String, Vec<String>)>);

impl Trackers {
    /// Adds what `other` found, kind by kind; no key twice within a kind.
    pub fn unite(&mut self, other: Self) {
        for (kind, keys) in other.0 {
            let at = self.0.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
                self.0.push((kind, Vec::new()));
                self.0.len() - 1
            });
            for key in keys {
                if !self.0[at].1.contains(&key) {
                    self.0[at].1.push(key);
                }
            }
        }
    }
}

/// elliott did not say which trackers there are. Never to be taken for "none".
#[derive(Debug, thiserror::Error)]
pub enum ElliottError {
    /// A credential without which elliott answers with an empty list.
    #[error(
        "elliott needs {variable}: without it, it finds nothing and says so as if all were well"
    )]
    Credential {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        #[source]
        source: SecretError,
    },
    /// A folder to run in could not be made.
    #[error("there is no folder to run elliott in")]
    Folder(#[source] std::io::Error),
    /// It could not be run to its end.
    #[error("elliott ({}) did not finish", system.as_str())]
    Run {
        /// Which run.
        system: BuildSystem,
        /// Why.
        #[source]
        source: ProcessError,
    },
    /// It failed.
    #[error("elliott ({}) failed with {ended}: {stderr}", system.as_str())]
    Failed {
        /// Which run.
        system: BuildSystem,
        /// How it ended.
        ended: Ended,
        /// The end of its standard error, masked, at most 4 KiB.
        stderr: String,
    },
    /// It ended well and printed nothing that can be read.
    #[error("elliott ({}) ended well, but its answer {problem}; it said: {stderr}", system.as_str())]
    Answer {
        /// Which run.
        system: BuildSystem,
        /// What is wrong with the answer.
        problem: String,
        /// The end of its standard error, masked, at most 4 KiB.
        stderr: String,
    },
}

impl ElliottError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Credential { .. } => ErrorClass::NotConfigured,
            Self::Run { source, .. } => source.class(),
            Self::Folder(_) | Self::Failed { .. } | Self::Answer { .. } => ErrorClass::Undetermined,
        }
    }
}

/// What the runs for one release found.
#[derive(Debug, Default)]
pub struct TrackerReport {
    /// The trackers of all runs that succeeded, united.
    pub trackers: Trackers,
    /// The runs that failed. With one of these the task fails, and still tells what was found.
    pub failures: Vec<ElliottError>,
    /// What a permissive run warned about, masked.
    pub warnings: Vec<String>,
}

/// Finds the CVE trackers of a release.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait FindTrackers: Send + Sync {
    /// The trackers that belong to `release`: those of the advisories, and in the Konflux flow at
    /// the same time those of the shipment.
    async fn trackers(&self, release: &ReleaseVersion, flow: &Flow) -> TrackerReport;

    /// What elliott calls itself; a stale one has cost a release before.
    async fn version(&self) -> Result<String, ElliottError>;
}

/// Where elliott is and what it works on (the settings `elliott.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElliottConfig {
    /// The program.
    pub program: PathBuf,
    /// ART's build data, a repository's address.
    pub data_path: String,
    /// Time limit of one run.
    pub timeout: Duration,
}

impl Default for ElliottConfig {
    fn default() -> Self {
        Self {
            program: "elliott".into(),
            data_path: "https://github.com/openshift-eng/ocp-build-data.git".to_owned(),
            timeout: Duration::from_mins(8),
        }
    }
}

/// elliott as a program on this machine.
#[derive(Clone)]
pub struct Elliott {
    config: ElliottConfig,
    environment: Environment,
    processes: Arc<dyn RunProcess>,
    masker: Arc<Masker>,
}

impl Elliott {
    /// elliott with its credentials from `environment`; `masker` hides secrets in what it says.
    pub fn new(
        config: ElliottConfig,
        environment: Environment,
        processes: Arc<dyn RunProcess>,
        masker: Arc<Masker>,
    ) -> Self {
        Self { config, environment, processes, masker }
    }

    /// The argument vector of the search of `release` in `system` (spec 02 §5.1).
    pub fn arguments(&self, release: &ReleaseVersion, system: BuildSystem) -> Vec<String> {
        let group = format!("openshift-{}", release.y_stream());
        let assembly = assembly(release);
        let mut arguments: Vec<String> =
            ["--data-path", &self.config.data_path, "--group", &group, "--assembly", &assembly]
                .map(str::to_owned)
                .into();
        let search: &[&str] = match system {
            BuildSystem::Brew => &[
                "--build-system",
                "brew",
                "find-bugs",
                "--cve-only",
                "--output",
                "json",
                "--permissive",
            ],
            BuildSystem::Konflux => {
                &["--build-system", "konflux", "find-bugs", "--cve-only", "-o", "json"]
            }
        };
        arguments.extend(search.iter().map(|argument| (*argument).to_owned()));
        arguments
    }

    /// What elliott is given: its credentials, and what [`PASSED_ON`] lists.
    fn variables(&self, folder: &str) -> Result<Vec<(String, Secret)>, ElliottError> {
        let credential = |variable: &'static str| {
            SecretSource::variable(&self.environment, variable, "elliott")
                .read()
                .map_err(|source| ElliottError::Credential { variable, source })
        };
        let user = credential("JIRA_USERNAME")?;
        let email = self.environment.get("JIRA_EMAIL").map_or_else(|| user.clone(), Secret::new);
        let mut variables = vec![
            ("JIRA_USERNAME".to_owned(), user),
            ("JIRA_EMAIL".to_owned(), email),
            ("JIRA_TOKEN".to_owned(), credential("JIRA_TOKEN")?),
            ("GITLAB_TOKEN".to_owned(), credential("GITLAB_TOKEN")?),
            // Whatever it unpacks stays in the folder that is removed with the run.
            ("TMPDIR".to_owned(), Secret::new(folder)),
        ];
        variables.extend(self.passed_on());
        Ok(variables)
    }

    fn passed_on(&self) -> impl Iterator<Item = (String, Secret)> {
        PASSED_ON
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), Secret::new(self.environment.get(name)?))))
    }

    /// One search: the trackers, and what it warned about.
    async fn search(
        &self,
        release: &ReleaseVersion,
        system: BuildSystem,
    ) -> Result<(Trackers, Vec<String>), ElliottError> {
        let folder = scratch()?;
        let place = folder.path().to_string_lossy().into_owned();
        let spec = ProcessSpec {
            program: self.config.program.clone(),
            arguments: self.arguments(release, system),
            environment: self.variables(&place)?,
            folder: folder.path().to_owned(),
            timeout: self.config.timeout,
        };
        tracing::info!(arguments = ?spec.arguments, "running elliott");
        let output = self.processes.run(spec).await;
        let output = output.map_err(|source| ElliottError::Run { system, source })?;
        self.read(system, &output)
    }

    fn read(
        &self,
        system: BuildSystem,
        output: &ProcessOutput,
    ) -> Result<(Trackers, Vec<String>), ElliottError> {
        let said = String::from_utf8_lossy(&output.stderr);
        // Masked before it is cut, so that no secret loses the part it is known by.
        let said = self.masker.mask(&said);
        let end = said.floor_char_boundary(said.len().saturating_sub(SHOWN));
        let stderr = said[end..].trim().to_owned();
        if output.ended != Ended::Code(0) {
            return Err(ElliottError::Failed { system, ended: output.ended, stderr });
        }
        let trackers = output::parse(&output.stdout).map_err(|problem| ElliottError::Answer {
            system,
            problem,
            stderr,
        })?;
        let warnings = said.lines().filter(|line| line.contains("WARNING"));
        Ok((trackers, warnings.take(MOST_WARNINGS).map(|line| line.trim().to_owned()).collect()))
    }
}

impl fmt::Debug for Elliott {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Elliott").field("config", &self.config).finish_non_exhaustive()
    }
}

#[async_trait]
impl FindTrackers for Elliott {
    #[tracing::instrument(name = "elliott.trackers", skip_all, fields(%release, %flow))]
    async fn trackers(&self, release: &ReleaseVersion, flow: &Flow) -> TrackerReport {
        let konflux = async {
            if flow.is_konflux() {
                Some(self.search(release, BuildSystem::Konflux).await)
            } else {
                None
            }
        };
        let (brew, konflux) = tokio::join!(self.search(release, BuildSystem::Brew), konflux);
        let mut report = TrackerReport::default();
        for found in [Some(brew), konflux].into_iter().flatten() {
            match found {
                Ok((trackers, warnings)) => {
                    report.trackers.unite(trackers);
                    report.warnings.extend(warnings);
                }
                Err(error) => report.failures.push(error),
            }
        }
        report
    }

    #[tracing::instrument(name = "elliott.version", skip_all)]
    async fn version(&self) -> Result<String, ElliottError> {
        let system = BuildSystem::Brew;
        let folder = scratch()?;
        let spec = ProcessSpec {
            program: self.config.program.clone(),
            arguments: vec!["--version".to_owned()],
            environment: self.passed_on().collect(),
            folder: folder.path().to_owned(),
            timeout: VERSION,
        };
        let output = self.processes.run(spec).await;
        let output = output.map_err(|source| ElliottError::Run { system, source })?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        match (output.ended, text.is_empty()) {
            (Ended::Code(0), false) => Ok(text),
            (ended, _) => {
                let stderr = String::from_utf8_lossy(&output.stderr);
                let stderr = self.masker.mask(stderr.trim()).into_owned();
                Err(ElliottError::Failed { system, ended, stderr })
            }
        }
    }
}

/// A folder of the run's own, for its owner only; removed when it is dropped.
fn scratch() -> Result<tempfile::TempDir, ElliottError> {
    tempfile::Builder::new().prefix("oar-elliott-").tempdir().map_err(ElliottError::Folder)
}

/// The name of the assembly: of engineering and release candidates the suffix alone.
fn assembly(release: &ReleaseVersion) -> String {
    use oar_release::version::Candidate;
    match release.candidate() {
        Some(Candidate::Engineering | Candidate::Release) => release.assembly_key(),
        _ => release.to_string(),
    }
}

#[cfg(test)]
mod tests;
