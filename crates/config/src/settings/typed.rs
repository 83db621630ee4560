//! From the texts of settings to their groups, and the checks on what they say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use oar_release::Links;
use oar_release::weekday::WorkCalendar;
use oar_transport::env::Environment;
use oar_transport::real::{NetworkSettings, ProxyChoice};
use oar_transport::{EndpointError, Endpoints, Service};

use super::groups::{
    ApprovalSettings, BotSettings, DashboardSettings, ElliottSettings, ErrataSettings,
    FailureSettings, GateSettings, GitlabSettings, JiraSettings, McpSettings, ModelSettings,
    NotificatorSettings, ProwSettings, RegistrySettings, SelectorSettings, SignatureSettings,
    StateLocation, StateSettings,
};
use super::keys::Family;
use super::{SettingValue, Settings, SettingsError};

impl Settings {
    /// Base addresses that replace those of services.
    pub fn endpoint_overrides(&self) -> BTreeMap<String, String> {
        self.family(Family::Endpoints)
    }

    /// The address of every service; [`crate::AppConfig::configure`] adds the encrypted
    /// configuration's.
    pub fn endpoints(&self) -> Result<Endpoints, EndpointError> {
        Endpoints::new(&self.endpoint_overrides(), &self.list_of("transport.insecure_hosts"))
    }

    /// Proxies and certificate authorities. `environment` gives the variables that other programs
    /// read too (`REQUESTS_CA_BUNDLE`).
    pub fn network(&self, environment: &Environment, endpoints: &Endpoints) -> NetworkSettings {
        let mut network = NetworkSettings::from_environment(environment, endpoints);
        for (name, value) in self.family(Family::Proxies) {
            if let Some(service) = Service::from_name(&name) {
                let direct = value == "direct";
                let choice = if direct { ProxyChoice::Direct } else { ProxyChoice::Url(value) };
                network.proxies.insert(service, choice);
            }
        }
        let bundle = self.path("transport.ca_bundle");
        network.ca_bundles.extend(bundle.filter(|bundle| !network.ca_bundles.contains(bundle)));
        network
    }

    /// Pages for people.
    pub fn links(&self) -> Links {
        let fixed = Links::default();
        let link = |key: &str, fixed: String| self.text(key).map_or(fixed, ToOwned::to_owned);
        Links {
            jira: link("links.jira", fixed.jira),
            errata: link("links.errata", fixed.errata),
            github: link("links.github", fixed.github),
            sippy: link("links.sippy", fixed.sippy),
            gcsweb: link("links.gcsweb", fixed.gcsweb),
            sheets: link("links.sheets", fixed.sheets),
        }
    }

    /// The encrypted configuration file; `None` when there is no home to look in.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.path("config.file")
    }

    /// The state repository and local folders.
    pub fn state(&self) -> StateSettings {
        StateSettings {
            location: location(self.required("state.repo")).expect("`check` has seen it"),
            branch: self.required("state.branch").to_owned(),
            record_branch: self.required("state.record_branch").to_owned(),
            registry_branch: self.required("state.registry_branch").to_owned(),
            dir: self.path("state.dir"),
            cache_dir: self.path("state.cache_dir"),
        }
    }

    /// The approval job.
    pub fn approval(&self) -> ApprovalSettings {
        ApprovalSettings {
            interval: self.duration("approval.interval"),
            timeout: self.duration("approval.timeout"),
            page_hosts: self.list_of("approval.page_hosts"),
            slack_channel: self.optional("approval.slack_channel"),
            slack_thread: self.optional("approval.slack_thread"),
        }
    }

    /// The external programs.
    pub fn elliott(&self) -> ElliottSettings {
        ElliottSettings {
            path: self.required("elliott.path").into(),
            data_path: self.required("elliott.data_path").to_owned(),
            timeout: self.duration("elliott.timeout"),
            oc: self.required("oc.path").into(),
        }
    }

    /// The Errata Tool.
    pub fn errata(&self) -> ErrataSettings {
        ErrataSettings {
            kerberos_hosts: self.optional_list("errata.kerberos_hosts"),
            stop_ship_packages: self.list_of("errata.stop_ship_packages"),
            stop_ship_tag: self.required("errata.stop_ship_tag").to_owned(),
        }
    }

    /// The notificator.
    pub fn notificator(&self) -> NotificatorSettings {
        let zone = zone(self.required("notificator.zone")).expect("`check` has seen it");
        let holidays = self.list_of("notificator.holidays");
        let holidays = holidays.iter().filter_map(|day| day.parse().ok());
        NotificatorSettings {
            search_batch_size: self.number("notificator.search_batch_size"),
            from_date: self.text("notificator.from_date").and_then(|day| day.parse().ok()),
            versions: self.list_of("notificator.versions"),
            calendar: WorkCalendar::new(zone, holidays),
            github_orgs: self.list_of("notificator.github_orgs"),
            former_accounts: self.list_of("notificator.former_accounts"),
        }
    }

    /// Jira.
    pub fn jira(&self) -> JiraSettings {
        JiraSettings {
            fields: self.family(Family::JiraFields),
            qe_subtask_summaries: self.list_of("jira.qe_subtask_summaries"),
        }
    }

    /// GitLab.
    pub fn gitlab(&self) -> GitlabSettings {
        GitlabSettings {
            shipment_project: self.required("gitlab.shipment_project").to_owned(),
            fork_project: self.optional("gitlab.fork_project"),
            http_user: self.required("gitlab.http_user").to_owned(),
            advisory_hosts: self.list_of("gitlab.advisory_hosts"),
        }
    }

    /// Registries.
    pub fn registry(&self) -> RegistrySettings {
        let hosts = self.family(Family::RegistryHosts);
        RegistrySettings { config: self.path("registry.config"), hosts }
    }

    /// Signatures.
    pub fn signature(&self) -> SignatureSettings {
        SignatureSettings {
            keys: self.list_of("signature.keys").into_iter().map(Into::into).collect(),
            stores: self.list_of("signature.stores"),
        }
    }

    /// Prow jobs and their results.
    pub fn prow(&self) -> ProwSettings {
        ProwSettings {
            job_name_in_path: self.required("gangway.job_name_in") == "path",
            s390x_vars: self.required("gangway.s390x_vars").trim_end_matches('*').to_owned(),
            bucket: self.required("gcs.bucket").to_owned(),
            aggregator_deadline: self.duration("aggregator.deadline"),
            label_rejected: self.flag("aggregator.label_rejected"),
            keep_days: self.number("discovery.keep_days"),
        }
    }

    /// The registry updater.
    pub fn selector(&self) -> SelectorSettings {
        let (app_id, fork) = (self.optional("selector.app_id"), self.optional("selector.fork"));
        SelectorSettings { app_id, fork }
    }

    /// Failure analysis.
    pub fn failures(&self) -> FailureSettings {
        FailureSettings {
            max_for_ai: self.number("failures.max_for_ai"),
            must_gather_dir: self.path("failures.must_gather_dir"),
            artifact_dir: self.path("failures.artifact_dir"),
        }
    }

    /// The bot.
    pub fn bot(&self) -> BotSettings {
        BotSettings {
            allowed_channels: self.list_of("bot.allowed_channels"),
            allowed_users: self.list_of("bot.allowed_users"),
            allowed_groups: self.list_of("bot.allowed_groups"),
        }
    }

    /// The model.
    pub fn model(&self) -> ModelSettings {
        ModelSettings {
            base: self.optional("model.api_base"),
            name: self.optional("model.api_name"),
            chat: self.required("model.api_style") == "chat",
        }
    }

    /// The MCP server.
    pub fn mcp(&self) -> McpSettings {
        let size = self.value("mcp.thread_pool_size").map(|_| self.number("mcp.thread_pool_size"));
        McpSettings {
            host: self.required("mcp.host").to_owned(),
            port: self.port("mcp.port"),
            path: self.required("mcp.path").to_owned(),
            stdio: self.flag("mcp.stdio"),
            auth: self.required("mcp.auth").to_owned(),
            allow_unauthenticated: self.flag("mcp.allow_unauthenticated"),
            toolsets: self.optional_list("mcp.toolsets"),
            read_only: self.flag("mcp.read_only"),
            tls_cert: self.path("mcp.tls_cert"),
            tls_key: self.path("mcp.tls_key"),
            trusted_proxy: self.optional("mcp.trusted_proxy"),
            tokens_file: self.path("mcp.tokens_file"),
            oidc_issuer: self.optional("mcp.oidc_issuer"),
            public_url: self.optional("mcp.public_url"),
            allowed_hosts: self.optional_list("mcp.allowed_hosts"),
            allowed_origins: self.list_of("mcp.allowed_origins"),
            thread_pool_size: size.and_then(|size| usize::try_from(size).ok()),
            tool_timeout: Duration::from_secs(self.number("mcp.tool_timeout_secs")),
            sync_wait: Duration::from_secs(self.number("mcp.sync_wait_secs")),
            critical_confirm: self.required("mcp.critical_confirm").to_owned(),
        }
    }

    /// The dashboard.
    pub fn dashboard(&self) -> DashboardSettings {
        DashboardSettings {
            host: self.required("dashboard.host").to_owned(),
            port: self.port("dashboard.port"),
            mcp_url: self.required("dashboard.mcp_url").to_owned(),
        }
    }

    /// The Konflux gate.
    pub fn gate(&self) -> GateSettings {
        let snapshot = self.optional("gate.snapshot");
        GateSettings { config: self.required("gate.config").into(), snapshot }
    }

    /// Checks what a single key's kind cannot say.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        const TOOLSETS: [&str; 5] = ["release", "state", "ci", "agents", "cache"];
        let bad = |key: &str, expected: &str| SettingsError::BadValue {
            key: key.to_owned(),
            expected: expected.to_owned(),
            origin: self.values[key].origin.clone(),
        };
        if location(self.required("state.repo")).is_none() {
            return Err(bad("state.repo", "owner/name or a path such as ./state"));
        }
        if zone(self.required("notificator.zone")).is_none() {
            return Err(bad("notificator.zone", "a time zone such as UTC or +02:00"));
        }
        let is_date = |day: &str| day.parse::<Date>().is_ok();
        if !self.list_of("notificator.holidays").iter().all(|day| is_date(day)) {
            return Err(bad("notificator.holidays", "dates such as 2026-12-25"));
        }
        if !self.text("notificator.from_date").is_none_or(is_date) {
            return Err(bad("notificator.from_date", "a date such as 2026-12-25"));
        }
        let toolsets = self.optional_list("mcp.toolsets").unwrap_or_default();
        if !toolsets.iter().all(|name| TOOLSETS.contains(&name.as_str())) {
            return Err(bad("mcp.toolsets", "some of release, state, ci, agents, cache"));
        }
        Ok(())
    }

    fn value(&self, key: &str) -> Option<&SettingValue> {
        self.values.get(key).and_then(|setting| setting.value.as_ref())
    }

    fn text(&self, key: &str) -> Option<&str> {
        match self.value(key) {
            Some(SettingValue::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn required(&self, key: &str) -> &str {
        self.text(key).unwrap_or_default()
    }

    fn optional(&self, key: &str) -> Option<String> {
        self.text(key).map(ToOwned::to_owned)
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    fn optional_list(&self, key: &str) -> Option<Vec<String>> {
        match self.value(key) {
            Some(SettingValue::List(items)) => Some(items.clone()),
            _ => None,
        }
    }

    fn list_of(&self, key: &str) -> Vec<String> {
        self.optional_list(key).unwrap_or_default()
    }

    fn duration(&self, key: &str) -> Duration {
        match self.value(key) {
            Some(SettingValue::Duration(span)) => *span,
            _ => Duration::ZERO,
        }
    }

    fn number(&self, key: &str) -> u64 {
        match self.value(key) {
            Some(SettingValue::Number(number)) => *number,
            _ => 0,
        }
    }

    fn port(&self, key: &str) -> u16 {
        u16::try_from(self.number(key)).unwrap_or_default()
    }

    fn flag(&self, key: &str) -> bool {
        matches!(self.value(key), Some(SettingValue::Flag(true)))
    }

    /// The members of `family` by their own names.
    fn family(&self, family: Family) -> BTreeMap<String, String> {
        let prefix = family.prefix();
        let members = self.values.iter().filter_map(|(key, setting)| {
            let name = key.strip_prefix(prefix)?;
            match &setting.value {
                Some(SettingValue::Text(text)) => Some((name.to_owned(), text.clone())),
                _ => None,
            }
        });
        members.collect()
    }
}

/// `owner/name`, or a path: absolute, or beginning with `.` or `~`.
fn location(text: &str) -> Option<StateLocation> {
    if Path::new(text).is_absolute() || text.starts_with(['.', '~']) {
        return Some(StateLocation::Directory(text.into()));
    }
    let name = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let (owner, repo) = text.split_once('/').filter(|(owner, repo)| name(owner) && name(repo))?;
    Some(StateLocation::GitHub { owner: owner.to_owned(), name: repo.to_owned() })
}

/// `UTC`, an offset such as `+02:00`, or a name of the system's time zone database.
fn zone(text: &str) -> Option<TimeZone> {
    if text.eq_ignore_ascii_case("utc") || text == "Z" {
        return Some(TimeZone::UTC);
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return TimeZone::get(text).ok(),
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "0"));
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if !(0..60).contains(&minutes) || !(0..=14).contains(&hours) {
        return None;
    }
    let offset = jiff::tz::Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?;
    Some(TimeZone::fixed(offset))
}
