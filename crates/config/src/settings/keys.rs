//! The table of every key (spec 00 §c).

use oar_transport::Service;

use super::value::Kind;

/// One key of the settings.
#[derive(Debug)]
pub(super) struct Key {
    /// As the settings file spells it: `state.repo`.
    pub(super) name: &'static str,
    /// Environment variables, the first wins; none means the general form `OAR_STATE__REPO`.
    pub(super) env: &'static [&'static str],
    /// What it takes.
    pub(super) kind: Kind,
    /// Built-in value.
    pub(super) default: Option<&'static str>,
    /// False for values of one call or one process, which no file may fix.
    pub(super) in_file: bool,
    /// A wrong value in the environment is a warning.
    pub(super) lenient: bool,
}

impl Key {
    const fn of(name: &'static str, kind: Kind) -> Self {
        Self { name, env: &[], kind, default: None, in_file: true, lenient: false }
    }

    const fn env(mut self, env: &'static [&'static str]) -> Self {
        self.env = env;
        self
    }

    const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    const fn call_only(mut self) -> Self {
        self.in_file = false;
        self
    }

    const fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// The variables that set the key.
    pub(super) fn variables(&self) -> Vec<String> {
        if self.env.is_empty() {
            let general = self.name.replacen('.', "__", 1).replace('.', "_");
            return vec![format!("OAR_{}", general.to_ascii_uppercase())];
        }
        self.env.iter().map(|name| (*name).to_owned()).collect()
    }
}

use Kind::{Duration, Flag, List, Number, OneOf, Text, Url};

/// Every key with a fixed name, grouped as in spec 00 §c.
pub(super) static KEYS: &[Key] = &[
    Key::of("config.file", Text).env(&["OAR_CONFIG_FILE"]),
    Key::of("transport.ca_bundle", Text).env(&["OAR_CA_BUNDLE"]),
    Key::of("transport.insecure_hosts", List).default(""),
    Key::of("links.jira", Url),
    Key::of("links.errata", Url),
    Key::of("links.github", Url),
    Key::of("links.sippy", Url),
    Key::of("links.gcsweb", Url),
    Key::of("links.sheets", Url),
    Key::of("state.repo", Text).env(&["OAR_STATE_REPO"]).default("openshift/release-tests"),
    Key::of("state.branch", Text).env(&["OAR_STATE_BRANCH"]).default("z-stream"),
    Key::of("state.record_branch", Text).env(&["OAR_RECORD_BRANCH"]).default("record"),
    Key::of("state.registry_branch", Text).env(&["OAR_REGISTRY_BRANCH"]).default("main"),
    Key::of("state.dir", Text).env(&["OAR_STATE_DIR"]),
    Key::of("state.cache_dir", Text).env(&["OAR_CACHE_DIR"]),
    Key::of("approval.interval", Duration).env(&["OAR_APPROVAL_INTERVAL"]).default("30m"),
    Key::of("approval.timeout", Duration).env(&["OAR_APPROVAL_TIMEOUT"]).default("48h"),
    Key::of("approval.page_hosts", List).default("access.redhat.com"),
    Key::of("approval.slack_channel", Text).env(&["OAR_SLACK_CHANNEL"]).call_only(),
    Key::of("approval.slack_thread", Text).env(&["OAR_SLACK_THREAD"]).call_only(),
    Key::of("elliott.path", Text).env(&["OAR_ELLIOTT"]).default("elliott"),
    Key::of("elliott.data_path", Text)
        .default("https://github.com/openshift-eng/ocp-build-data.git"),
    Key::of("elliott.timeout", Duration).default("8m"),
    Key::of("oc.path", Text).env(&["OAR_OC"]).default("oc"),
    Key::of("errata.kerberos_hosts", List),
    Key::of("errata.stop_ship_packages", List).default("kernel,kernel-rt"),
    Key::of("errata.stop_ship_tag", Text).default("early-kernel-stop-ship"),
    Key::of("notificator.search_batch_size", Number(1, 1000)).default("100").call_only(),
    Key::of("notificator.from_date", Text).call_only(),
    Key::of("notificator.versions", List)
        .default("4.12.z,4.13.z,4.14.z,4.15.z,4.16.z,4.17.z,4.18.z,4.19.z,4.20.z,4.21.z,4.22.z"),
    Key::of("notificator.zone", Text).default("UTC"),
    Key::of("notificator.holidays", List).default(""),
    Key::of("notificator.github_orgs", List).default("openshift"),
    Key::of("notificator.former_accounts", List).default(""),
    Key::of("jira.qe_subtask_summaries", List).default(
        "[Wed-Fri] QE does release verification,\
         [Mon-Wed] QE notifies ON_QA bugzilla owners and analyze ci failures,\
         [Fri/Mon] QE moves advisories to REL_PREP",
    ),
    Key::of("gitlab.shipment_project", Text).default("hybrid-platforms/art/ocp-shipment-data"),
    Key::of("gitlab.fork_project", Text),
    Key::of("gitlab.http_user", Text).default("oauth2"),
    Key::of("gitlab.advisory_hosts", List)
        .default("errata.devel.redhat.com,errata.stage.engineering.redhat.com"),
    Key::of("registry.config", Text).env(&["REGISTRY_AUTH_FILE"]).call_only(),
    Key::of("signature.keys", List).default(""),
    Key::of("signature.stores", List).default(""),
    Key::of("gangway.job_name_in", OneOf(&["path", "body"])).default("path"),
    Key::of("gangway.s390x_vars", Text).default("RELEASE_IMAGE_S390X_"),
    Key::of("gcs.bucket", Text).default("qe-private-deck"),
    Key::of("aggregator.deadline", Duration).default("15m"),
    Key::of("aggregator.label_rejected", Flag).default("false"),
    Key::of("discovery.keep_days", Number(0, 365)).default("1"),
    Key::of("selector.app_id", Text),
    Key::of("selector.fork", Text),
    Key::of("failures.max_for_ai", Number(1, 10_000))
        .env(&["MAX_FAILURES_FOR_AI"])
        .default("50")
        .call_only(),
    Key::of("failures.must_gather_dir", Text).env(&["MUST_GATHER_EXTRACT_DIR"]).call_only(),
    Key::of("failures.artifact_dir", Text).env(&["ARTIFACT_DIR"]).call_only(),
    Key::of("bot.allowed_channels", List).env(&["OAR_BOT_ALLOWED_CHANNELS"]).default(""),
    Key::of("bot.allowed_users", List).env(&["OAR_BOT_ALLOWED_USERS"]).default(""),
    Key::of("bot.allowed_groups", List).env(&["OAR_BOT_ALLOWED_GROUPS"]).default(""),
    Key::of("model.api_base", Url).env(&["MODEL_API_BASE"]),
    Key::of("model.api_name", Text).env(&["MODEL_API_NAME"]),
    Key::of("model.api_style", OneOf(&["chat", "completions"]))
        .env(&["MODEL_API_STYLE"])
        .default("chat"),
    Key::of("mcp.host", Text).env(&["MCP_HOST"]).default("127.0.0.1"),
    Key::of("mcp.port", Number(0, 65_535)).env(&["MCP_PORT"]).default("8000"),
    Key::of("mcp.path", Text).default("/mcp"),
    Key::of("mcp.stdio", Flag).default("false"),
    Key::of("mcp.auth", OneOf(&["none", "token", "oidc"])).env(&["MCP_AUTH"]).default("none"),
    Key::of("mcp.allow_unauthenticated", Flag).default("false"),
    Key::of("mcp.toolsets", List),
    Key::of("mcp.read_only", Flag).default("false"),
    Key::of("mcp.tls_cert", Text),
    Key::of("mcp.tls_key", Text),
    Key::of("mcp.trusted_proxy", Text),
    Key::of("mcp.tokens_file", Text).env(&["MCP_TOKENS_FILE"]),
    Key::of("mcp.oidc_issuer", Url).env(&["MCP_OIDC_ISSUER"]),
    Key::of("mcp.public_url", Url).env(&["MCP_PUBLIC_URL"]),
    Key::of("mcp.allowed_hosts", List).env(&["MCP_ALLOWED_HOSTS"]),
    Key::of("mcp.allowed_origins", List).env(&["MCP_ALLOWED_ORIGINS"]).default(""),
    Key::of("mcp.thread_pool_size", Number(1, 100_000)).env(&["MCP_THREAD_POOL_SIZE"]).lenient(),
    Key::of("mcp.tool_timeout_secs", Number(1, 86_400))
        .env(&["MCP_TOOL_TIMEOUT_SECS"])
        .default("600"),
    Key::of("mcp.sync_wait_secs", Number(0, 86_400)).env(&["MCP_SYNC_WAIT_SECS"]).default("55"),
    Key::of("mcp.critical_confirm", OneOf(&["elicit", "token", "none"])).default("token"),
    Key::of("dashboard.host", Text).default("127.0.0.1"),
    Key::of("dashboard.port", Number(0, 65_535)).default("8501"),
    Key::of("dashboard.mcp_url", Url).env(&["MCP_SERVER_URL"]).default("http://localhost:8000/mcp"),
    Key::of("gate.config", Text).env(&["GATE_CONFIG"]).default("release-gate.yaml").call_only(),
    Key::of("gate.snapshot", Text).env(&["SNAPSHOT"]).call_only(),
];

static ENDPOINT: Key = Key::of("endpoints", Url);
static PROXY: Key = Key::of("proxy", Kind::Proxy);
static REGISTRY_HOST: Key = Key::of("registry.hosts", Url);
static JIRA_FIELD: Key = Key::of("jira.fields", Text);

/// Keys whose last part is a name of the outside world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// `endpoints.<service>`.
    Endpoints,
    /// `proxy.<service>`.
    Proxies,
    /// `registry.hosts."<host>"`.
    RegistryHosts,
    /// `jira.fields.<name>`.
    JiraFields,
}

impl Family {
    pub(super) const ALL: [Self; 4] =
        [Self::Endpoints, Self::Proxies, Self::RegistryHosts, Self::JiraFields];

    /// What the names begin with, dot included.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Endpoints => "endpoints.",
            Self::Proxies => "proxy.",
            Self::RegistryHosts => "registry.hosts.",
            Self::JiraFields => "jira.fields.",
        }
    }

    /// What the environment variables begin with.
    pub(super) const fn variables(self) -> Option<&'static str> {
        match self {
            Self::Endpoints => Some("OAR_ENDPOINT_"),
            Self::Proxies => Some("OAR_PROXY_"),
            Self::RegistryHosts => None,
            Self::JiraFields => Some("OAR_JIRA__FIELDS_"),
        }
    }

    /// What the members take.
    pub(super) fn key(self) -> &'static Key {
        match self {
            Self::Endpoints => &ENDPOINT,
            Self::Proxies => &PROXY,
            Self::RegistryHosts => &REGISTRY_HOST,
            Self::JiraFields => &JIRA_FIELD,
        }
    }

    /// Whether `member` may stand behind the prefix.
    fn takes(self, member: &str) -> bool {
        match self {
            Self::Endpoints | Self::Proxies => Service::from_name(member).is_some(),
            Self::RegistryHosts | Self::JiraFields => !member.is_empty(),
        }
    }

    /// The family that `name` belongs to by its prefix.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| name.starts_with(family.prefix()))
    }
}

/// The key called `name`, if it exists.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return Some(key);
    }
    let family = Family::of(name)?;
    family.takes(&name[family.prefix().len()..]).then(|| family.key())
}

/// Every name that may be written, for suggestions.
pub(super) fn names() -> impl Iterator<Item = String> {
    let services = [Family::Endpoints, Family::Proxies].into_iter().flat_map(|family| {
        Service::ALL.into_iter().map(move |service| format!("{}{service}", family.prefix()))
    });
    KEYS.iter().filter(|key| key.in_file).map(|key| key.name.to_owned()).chain(services)
}
