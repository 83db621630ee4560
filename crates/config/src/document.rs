//! The decrypted application configuration (spec 01 §4.2, spec 05 §1.1): typed, immutable, and
//! with errors that name the JSON path.

mod quick;
mod validate;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use oar_release::{ErrorClass, YStream};
use oar_transport::{EndpointError, Endpoints, Service};
use serde_json::Value;

pub use validate::{Finding, FindingKind, validate};

/// The configuration says something wrong, or not enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The text is no JSON; its content is not quoted, it may hold what people keep to themselves.
    #[error("the configuration is not valid JSON at line {line}, column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A key has a value of the wrong kind.
    #[error("the configuration's {path} must be {expected}")]
    WrongType {
        /// JSON path of the key.
        path: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A key that this call needs is absent.
    #[error("the configuration has no {path}")]
    Missing {
        /// JSON path of the key.
        path: String,
    },
}

impl DocumentError {
    /// Always a missing setting (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        ErrorClass::NotConfigured
    }
}

/// The application configuration. A missing key is an error only for the caller that needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppConfig {
    build_data_url: Option<String>,
    owners: BTreeMap<String, String>,
    slack: BTreeMap<String, BTreeMap<String, String>>,
    email: BTreeMap<String, String>,
    report_templates: BTreeMap<String, String>,
    urls: BTreeMap<&'static str, String>,
}

/// Keys that hold a base address, and the service they move (spec 00 §c).
const URL_KEYS: [(&str, Service); 5] = [
    ("jira_server", Service::Jira),
    ("jenkins_server", Service::Jenkins),
    ("gitlab_url", Service::Gitlab),
    ("release_url", Service::ReleaseController),
    ("signature_url", Service::Signatures),
];

/// The group to mention for a y-stream's release leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadHandle {
    /// User-group handle; `None` when not even a default is configured.
    pub handle: Option<String>,
    /// What to tell people when the y-stream has no handle of its own.
    pub warning: Option<String>,
}

impl AppConfig {
    /// Reads the decrypted bytes of the configuration file.
    pub fn parse(json: &[u8]) -> Result<Self, DocumentError> {
        if let Some(config) = quick::read(json) {
            return Ok(config);
        }
        let value: Value = serde_json::from_slice(json)
            .map_err(|e| DocumentError::Json { line: e.line(), column: e.column() })?;
        Self::from_value(&value)
    }

    fn from_value(value: &Value) -> Result<Self, DocumentError> {
        let root = Place { path: String::new(), value: Some(value) };
        if !value.is_object() {
            return Err(root.wrong("a map"));
        }
        let contacts = root.child("contacts");
        let slack = contacts.child("slack").entries()?;
        let slack =
            slack.map(|(team, place)| Ok((team, place.texts()?))).collect::<Result<_, _>>()?;
        let mut urls = BTreeMap::new();
        for (key, _) in URL_KEYS {
            if let Some(url) = root.child(key).url()? {
                urls.insert(key, url);
            }
        }
        Ok(Self {
            build_data_url: root.child("build_data_url").template()?,
            owners: root.child("owners").texts()?,
            slack,
            email: contacts.child("email").texts()?,
            report_templates: root.child("report_templates").texts()?,
            urls,
        })
    }

    /// URL template of ART's build data, with one `%s`.
    pub fn build_data_url(&self) -> Result<&str, DocumentError> {
        self.build_data_url.as_deref().ok_or_else(|| missing("build_data_url"))
    }

    /// Owner of the releases of `stream`: its own, else the default.
    pub fn owner(&self, stream: YStream) -> Result<&str, DocumentError> {
        let own = self.owners.get(&stream.to_string()).or_else(|| self.owners.get("default"));
        own.map(String::as_str).ok_or_else(|| missing(format!("owners.{stream} or owners.default")))
    }

    /// Slack channel of `team` (`qe-release`, `qe-forum`, `art`, `approver`).
    pub fn slack_channel(&self, team: &str) -> Result<&str, DocumentError> {
        self.slack_attribute(team, "channel")
    }

    /// Slack user-group handle of `team` (`art`, `qe`).
    pub fn slack_group(&self, team: &str) -> Result<&str, DocumentError> {
        self.slack_attribute(team, "id")
    }

    /// Handle of the release leads of `stream`. A y-stream without one of its own falls back to
    /// `contacts.slack.qe-release.default`, then `.id`, with a warning, so that a new y-stream never
    /// stops a command (R40).
    pub fn release_leads(&self, stream: YStream) -> LeadHandle {
        let team = self.slack.get("qe-release");
        let attribute = |name: &str| team.and_then(|team| team.get(name)).cloned();
        if let Some(handle) = attribute(&stream.to_string()) {
            return LeadHandle { handle: Some(handle), warning: None };
        }
        let handle = attribute("default").or_else(|| attribute("id"));
        let instead = match &handle {
            Some(handle) => format!("using {handle}"),
            None => "nobody is mentioned".to_owned(),
        };
        let warning =
            format!("the configuration has no contacts.slack.qe-release.{stream}; {instead}");
        LeadHandle { handle, warning: Some(warning) }
    }

    /// User-group handle of the documentation approvers.
    pub fn documentation_approvers(&self) -> Result<&str, DocumentError> {
        self.slack_attribute("approver", "doc_id")
    }

    /// Product-security approvers: e-mail addresses, separated by commas in the file.
    pub fn security_approvers(&self) -> Result<Vec<&str>, DocumentError> {
        Ok(list(self.slack_attribute("approver", "prodsec_id")?))
    }

    /// E-mail addresses of `team` (`qe`, `trt`).
    pub fn emails(&self, team: &str) -> Result<Vec<&str>, DocumentError> {
        let emails =
            self.email.get(team).ok_or_else(|| missing(format!("contacts.email.{team}")))?;
        Ok(list(emails))
    }

    /// Spreadsheet of the legacy report of `stream`, if it has one (R2).
    pub fn report_template(&self, stream: YStream) -> Option<&str> {
        self.report_templates.get(&stream.to_string()).map(String::as_str)
    }

    /// Base address of `service` as this document gives it.
    pub fn base_url(&self, service: Service) -> Option<&str> {
        if service == Service::BuildData {
            return self.build_data_url.as_deref();
        }
        let (key, _) = URL_KEYS.iter().find(|(_, of)| *of == service)?;
        self.urls.get(key).map(String::as_str)
    }

    /// Base address of Jenkins, which has no built-in one.
    pub fn jenkins_server(&self) -> Result<&str, DocumentError> {
        self.base_url(Service::Jenkins).ok_or_else(|| missing("jenkins_server"))
    }

    /// `endpoints` with every address of this document; overrides still win.
    pub fn configure(&self, endpoints: Endpoints) -> Result<Endpoints, EndpointError> {
        let services = URL_KEYS.iter().map(|(_, service)| *service).chain([Service::BuildData]);
        services
            .filter_map(|service| Some((service, self.base_url(service)?)))
            .try_fold(endpoints, |endpoints, (service, base)| {
                endpoints.with_configured(service, base)
            })
    }

    fn slack_attribute(&self, team: &str, name: &str) -> Result<&str, DocumentError> {
        let path = || format!("contacts.slack.{team}");
        let attributes = self.slack.get(team).ok_or_else(|| missing(path()))?;
        let value = attributes.get(name).ok_or_else(|| missing(format!("{}.{name}", path())))?;
        Ok(value)
    }
}

fn missing(path: impl Into<String>) -> DocumentError {
    DocumentError::Missing { path: path.into() }
}

fn list(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// Scheme and host are there; the transport checks the rest when it needs the address.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    !host.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn is_template(text: &str) -> bool {
    is_url(text) && text.matches("%s").count() == 1
}

/// A value and where it stands; absent and `null` are the same.
struct Place<'v> {
    path: String,
    value: Option<&'v Value>,
}

impl<'v> Place<'v> {
    fn child(&self, key: &str) -> Place<'v> {
        let path =
            if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Place { path, value: self.value.and_then(|value| value.get(key)) }
    }

    fn wrong(&self, expected: &'static str) -> DocumentError {
        let path = if self.path.is_empty() { "top level" } else { &self.path };
        DocumentError::WrongType { path: path.to_owned(), expected }
    }

    fn text(&self) -> Result<Option<&'v str>, DocumentError> {
        match self.value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.wrong("text")),
        }
    }

    fn url(&self) -> Result<Option<String>, DocumentError> {
        let Some(text) = self.text()? else { return Ok(None) };
        if is_url(text) { Ok(Some(text.to_owned())) } else { Err(self.wrong("a URL with a host")) }
    }

    fn template(&self) -> Result<Option<String>, DocumentError> {
        let Some(text) = self.text()? else { return Ok(None) };
        if is_template(text) {
            Ok(Some(text.to_owned()))
        } else {
            Err(self.wrong("a URL with exactly one %s"))
        }
    }

    fn entries(
        &self,
    ) -> Result<impl Iterator<Item = (String, Place<'v>)> + use<'v>, DocumentError> {
        let map = match self.value {
            None | Some(Value::Null) => None,
            Some(Value::Object(map)) => Some(map),
            Some(_) => return Err(self.wrong("a map")),
        };
        let base = if self.path.is_empty() { String::new() } else { format!("{}.", self.path) };
        Ok(map.into_iter().flatten().map(move |(key, value)| {
            (key.clone(), Place { path: format!("{base}{key}"), value: Some(value) })
        }))
    }

    /// A map from text to text; empty texts count as absent.
    fn texts(&self) -> Result<BTreeMap<String, String>, DocumentError> {
        let mut texts = BTreeMap::new();
        for (key, place) in self.entries()? {
            if let Some(text) = place.text()? {
                texts.insert(key, text.to_owned());
            }
        }
        Ok(texts)
    }
}
