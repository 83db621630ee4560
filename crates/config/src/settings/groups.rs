//! The groups of settings: what the rest of the program gets (spec 00 §c).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use oar_release::weekday::WorkCalendar;

/// Where the state repository is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateLocation {
    /// A GitHub repository.
    GitHub {
        /// Organisation or user.
        owner: String,
        /// Name of the repository.
        name: String,
    },
    /// A local folder.
    Directory(PathBuf),
}

/// The state repository and the folders of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSettings {
    /// Where it is.
    pub location: StateLocation,
    /// Branch of StateBoxes and tracking files.
    pub branch: String,
    /// Branch of test results.
    pub record_branch: String,
    /// Branch of the job registry.
    pub registry_branch: String,
    /// Folder of approvals, operations, logs and locks; `None` when there is no home.
    pub dir: Option<PathBuf>,
    /// Folder of caches; `None` when there is no home.
    pub cache_dir: Option<PathBuf>,
}

/// The approval job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalSettings {
    /// Between two looks.
    pub interval: Duration,
    /// After this the job gives up.
    pub timeout: Duration,
    /// Hosts on which the payload's page may be.
    pub page_hosts: Vec<String>,
    /// Channel of whoever asked.
    pub slack_channel: Option<String>,
    /// Thread of whoever asked.
    pub slack_thread: Option<String>,
}

/// The external programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElliottSettings {
    /// The program `elliott`.
    pub path: PathBuf,
    /// Its build data.
    pub data_path: String,
    /// Time limit of one run.
    pub timeout: Duration,
    /// The program `oc`, a fallback only.
    pub oc: PathBuf,
}

/// The Errata Tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrataSettings {
    /// Hosts that get Kerberos tokens; `None` means the hosts of the services that need them.
    pub kerberos_hosts: Option<Vec<String>>,
    /// Packages of the kernel stop-ship check.
    pub stop_ship_packages: Vec<String>,
    /// Tag of the kernel stop-ship check.
    pub stop_ship_tag: String,
}

/// The notificator.
#[derive(Debug, Clone)]
pub struct NotificatorSettings {
    /// Issues per search request.
    pub search_batch_size: u64,
    /// Only issues that became `ON_QA` after this date.
    pub from_date: Option<Date>,
    /// Target versions to search.
    pub versions: Vec<String>,
    /// Which hours count.
    pub calendar: WorkCalendar,
    /// Organisations whose pull requests are looked up.
    pub github_orgs: Vec<String>,
    /// Jira account ids under which notifications were posted before.
    pub former_accounts: Vec<String>,
}

/// Jira.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JiraSettings {
    /// Field ids by name, where they differ from the built-in ones.
    pub fields: BTreeMap<String, String>,
    /// Summaries of the QE subtasks of a release ticket.
    pub qe_subtask_summaries: Vec<String>,
}

/// GitLab and the shipment data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitlabSettings {
    /// Project of the shipment data.
    pub shipment_project: String,
    /// Fork to push to, if not the project itself.
    pub fork_project: Option<String>,
    /// User name of Git over HTTP.
    pub http_user: String,
    /// Hosts besides GitLab's own that advisory files may be on.
    pub advisory_hosts: Vec<String>,
}

/// Registries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrySettings {
    /// File with credentials, if named explicitly.
    pub config: Option<PathBuf>,
    /// Base address by registry host.
    pub hosts: BTreeMap<String, String>,
}

/// Signatures of release images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureSettings {
    /// Files with public keys; none means the built-in keys.
    pub keys: Vec<PathBuf>,
    /// Addresses of signature stores; none means the services' own.
    pub stores: Vec<String>,
}

/// Prow jobs and their results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProwSettings {
    /// Whether the job's name goes into the path (else into the body).
    pub job_name_in_path: bool,
    /// Prefix of the variables for s390x images.
    pub s390x_vars: String,
    /// Bucket of artifacts.
    pub bucket: String,
    /// Time limit of one aggregator pass.
    pub aggregator_deadline: Duration,
    /// Whether rejected builds get a label.
    pub label_rejected: bool,
    /// Days after its date for which a release stays active.
    pub keep_days: u64,
}

/// The registry updater's pull requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorSettings {
    /// Id of the GitHub App.
    pub app_id: Option<String>,
    /// Fork to push to.
    pub fork: Option<String>,
}

/// Failure analysis and artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureSettings {
    /// Failures listed for an assistant.
    pub max_for_ai: u64,
    /// Where must-gather archives are unpacked; `None` means a temporary folder.
    pub must_gather_dir: Option<PathBuf>,
    /// Where a job leaves its artifacts.
    pub artifact_dir: Option<PathBuf>,
}

/// Who may use the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotSettings {
    /// Channel ids.
    pub allowed_channels: Vec<String>,
    /// User ids.
    pub allowed_users: Vec<String>,
    /// User-group handles.
    pub allowed_groups: Vec<String>,
}

/// The model that answers questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// Base address without `/v1`.
    pub base: Option<String>,
    /// Name of the model.
    pub name: Option<String>,
    /// Whether it speaks the chat form (else completions).
    pub chat: bool,
}

/// The MCP server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the option of the same name in spec 06 §6.9")]
pub struct McpSettings {
    pub host: String,
    pub port: u16,
    pub path: String,
    pub stdio: bool,
    pub auth: String,
    pub allow_unauthenticated: bool,
    pub toolsets: Option<Vec<String>>,
    pub read_only: bool,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub trusted_proxy: Option<String>,
    pub tokens_file: Option<PathBuf>,
    pub oidc_issuer: Option<String>,
    pub public_url: Option<String>,
    pub allowed_hosts: Option<Vec<String>>,
    pub allowed_origins: Vec<String>,
    /// Operations at once; `None` means twice the number of processors.
    pub thread_pool_size: Option<usize>,
    pub tool_timeout: Duration,
    pub sync_wait: Duration,
    pub critical_confirm: String,
}

/// The dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DashboardSettings {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on.
    pub port: u16,
    /// Address of the MCP server.
    pub mcp_url: String,
}

/// The Konflux gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateSettings {
    /// The gate's own configuration file.
    pub config: PathBuf,
    /// Snapshot to test, if not the newest.
    pub snapshot: Option<String>,
}
