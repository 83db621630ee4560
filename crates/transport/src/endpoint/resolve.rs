//! From a service and a path, or an address that a service returned, to the address to ask.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use oar_release::ErrorClass;
use url::{Host, Origin, Url};

use super::service::Service;

/// An address that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// A setting names a service that does not exist.
    #[error("there is no service {name:?} to set an endpoint for")]
    UnknownService {
        /// The name found.
        name: String,
    },
    /// A setting is no URL with a host.
    #[error("the endpoint of {service} is not a usable URL: {problem}")]
    NotAUrl {
        /// Which service.
        service: Service,
        /// What is wrong with it.
        problem: String,
    },
    /// The service has no built-in address and none was configured.
    #[error("no address is configured for {service}; set OAR_ENDPOINT_{}", .service.name().to_uppercase())]
    NotConfigured {
        /// Which service.
        service: Service,
    },
    /// Plain text to another machine.
    #[error("{host} may only be reached encrypted")]
    Insecure {
        /// Which host.
        host: String,
    },
    /// The path climbs, or is no path.
    #[error("{path:?} is not a path of {service}")]
    BadPath {
        /// Which service.
        service: Service,
        /// The path.
        path: String,
    },
}

impl EndpointError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::NotConfigured { .. } => ErrorClass::NotConfigured,
            Self::UnknownService { .. }
            | Self::NotAUrl { .. }
            | Self::Insecure { .. }
            | Self::BadPath { .. } => ErrorClass::InvalidArgument,
        }
    }
}

/// The address of every service (spec 00 §c): an override, else what the encrypted configuration
/// says, else the production default.
#[derive(Debug, Clone, Default)]
pub struct Endpoints(Arc<Table>);

#[derive(Debug, Clone, Default)]
struct Table {
    overrides: BTreeMap<Service, String>,
    configured: BTreeMap<Service, String>,
    insecure_hosts: Vec<String>,
}

impl Endpoints {
    /// Endpoints with `overrides` (service name → base URL, as from `OAR_ENDPOINT_<NAME>`), and the
    /// hosts besides loopback that may be asked in plain text.
    pub fn new(
        overrides: &BTreeMap<String, String>,
        insecure_hosts: &[String],
    ) -> Result<Self, EndpointError> {
        let mut table = Table {
            insecure_hosts: insecure_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            ..Table::default()
        };
        for (name, base) in overrides {
            let service = Service::from_name(name)
                .ok_or_else(|| EndpointError::UnknownService { name: name.clone() })?;
            table.check_base(service, base)?;
            table.overrides.insert(service, base.clone());
        }
        Ok(Self(Arc::new(table)))
    }

    /// The same, with the address that the encrypted configuration gives `service`: it replaces the
    /// production default and yields to an override.
    pub fn with_configured(self, service: Service, base: &str) -> Result<Self, EndpointError> {
        let mut table = Arc::unwrap_or_clone(self.0);
        table.check_base(service, base)?;
        table.configured.insert(service, base.to_owned());
        Ok(Self(Arc::new(table)))
    }

    /// Whether an override moves `service` away from production.
    pub fn is_overridden(&self, service: Service) -> bool {
        self.0.overrides.contains_key(&service)
    }

    /// The base address of `service`, its placeholder filled with `variable`.
    pub fn base(&self, service: Service, variable: &str) -> Result<Url, EndpointError> {
        let template = self
            .0
            .overrides
            .get(&service)
            .map(String::as_str)
            .or_else(|| self.0.production(service, variable))
            .ok_or(EndpointError::NotConfigured { service })?;
        self.0.parse(service, &fill(template, variable))
    }

    /// The address of `path` at `service`; slashes at the seam do not matter. `path` may also be an
    /// absolute URL that a service returned: it follows the overrides when it points to the
    /// production address of any service.
    pub fn resolve(
        &self,
        service: Service,
        variable: &str,
        path: &str,
    ) -> Result<Url, EndpointError> {
        if let Some(url) = absolute(path) {
            let url = self.follow_override(service, variable, url)?;
            self.0.check_encrypted(&url)?;
            return Ok(url);
        }
        let bad = || EndpointError::BadPath { service, path: path.to_owned() };
        let (folders, _) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
        if folders.starts_with("//") || folders.contains('\\') || folders.split('/').any(climbs) {
            return Err(bad());
        }
        let base = self.base(service, variable)?;
        if path.is_empty() {
            return Ok(base);
        }
        let text =
            format!("{}/{}", base.as_str().trim_end_matches('/'), path.trim_start_matches('/'));
        Url::parse(&text).map_err(|_| bad())
    }

    /// Whether `url` belongs to the place that `service` is configured to be: only there may its
    /// credential go.
    pub fn is_home(&self, service: Service, variable: &str, url: &Url) -> bool {
        self.base(service, variable).is_ok_and(|base| base.origin() == url.origin())
    }

    /// Whether `url` points to a configured service at all: a redirect may lead there.
    pub fn is_known(&self, variable: &str, url: &Url) -> bool {
        Service::ALL.into_iter().any(|service| self.is_home(service, variable, url))
    }

    /// Whether `url` is encrypted, loopback or listed as allowed in plain text.
    pub fn is_encrypted_or_local(&self, url: &Url) -> bool {
        self.0.check_encrypted(url).is_ok()
    }

    /// Moves a URL below a service's production address to that service's override.
    fn follow_override(
        &self,
        asking: Service,
        variable: &str,
        url: Url,
    ) -> Result<Url, EndpointError> {
        let origin = url.origin();
        // The longest production path wins, because services share hosts (`quay`, `quay_api`); on a
        // tie the service that asks.
        let best = Service::ALL
            .into_iter()
            .filter_map(|service| self.0.production_match(service, variable, &origin, &url))
            .filter(|found| found.covered || self.is_overridden(found.service))
            .max_by_key(|found| (found.covered, found.prefix.len(), found.service == asking));
        let Some(found) = best.filter(|found| self.is_overridden(found.service)) else {
            return Ok(url);
        };
        let base = self.base(found.service, variable)?;
        let rest = url.path()[found.prefix.len()..].trim_start_matches('/');
        let mut moved = base.clone();
        moved.set_path(&format!("{}/{rest}", base.path().trim_end_matches('/')));
        moved.set_query(url.query());
        Ok(moved)
    }
}

/// A service whose production address covers a URL.
struct Match {
    service: Service,
    /// Whether the URL is below the address, not only on its host.
    covered: bool,
    /// The part of the URL's path that the production address covers.
    prefix: String,
}

impl Table {
    /// The configured or built-in address; a configured one without a placeholder speaks for its
    /// own architecture only.
    fn production(&self, service: Service, variable: &str) -> Option<&str> {
        let built_in = match service {
            // The caller knows where it is.
            Service::Registry => Some("%s"),
            other => other.production(),
        };
        match self.configured.get(&service) {
            Some(base) if has_placeholder(base) || matches!(variable, "" | "amd64") => Some(base),
            Some(base) => built_in.filter(|base| has_placeholder(base)).or(Some(base)),
            None => built_in,
        }
    }

    fn production_match(
        &self,
        service: Service,
        variable: &str,
        origin: &Origin,
        url: &Url,
    ) -> Option<Match> {
        let base = Url::parse(&fill(self.production(service, variable)?, variable)).ok()?;
        if base.origin() != *origin || !origin.is_tuple() {
            return None;
        }
        let prefix = base.path().trim_end_matches('/');
        let covered = url.path().strip_prefix(prefix);
        let covered = covered.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let prefix = if covered { prefix.to_owned() } else { String::new() };
        Some(Match { service, covered, prefix })
    }

    fn check_base(&self, service: Service, base: &str) -> Result<(), EndpointError> {
        self.parse(service, &fill(base, "placeholder")).map(drop)
    }

    fn parse(&self, service: Service, text: &str) -> Result<Url, EndpointError> {
        let not_a_url = |problem: &str| EndpointError::NotAUrl { service, problem: problem.into() };
        let url = Url::parse(text.trim()).map_err(|error| not_a_url(&error.to_string()))?;
        if url.host().is_none() || !matches!(url.scheme(), "http" | "https" | "ldap" | "ldaps") {
            return Err(not_a_url("it needs http, https or ldaps, and a host"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(not_a_url("user and password do not belong there"));
        }
        self.check_encrypted(&url)?;
        Ok(url)
    }

    fn check_encrypted(&self, url: &Url) -> Result<(), EndpointError> {
        let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
        let encrypted = matches!(url.scheme(), "https" | "ldaps");
        let plain = matches!(url.scheme(), "http" | "ldap");
        if encrypted || (plain && (is_loopback(url) || self.insecure_hosts.contains(&host))) {
            return Ok(());
        }
        Err(EndpointError::Insecure { host })
    }
}

/// Whether the URL stays on this machine, by its literal host: names are not looked up.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        // In `ldap` URLs the parser takes an address for a name.
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn absolute(text: &str) -> Option<Url> {
    let scheme = text.split_once("://")?.0;
    scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()).then(|| Url::parse(text).ok())?
}

fn has_placeholder(base: &str) -> bool {
    base.contains("{arch}") || base.contains("%s")
}

fn fill(template: &str, variable: &str) -> String {
    template.replace("{arch}", variable).replace("%s", variable)
}

/// `.` and `..`, also in the spellings that URL parsers treat alike.
fn climbs(segment: &str) -> bool {
    let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
    matches!(decoded.as_str(), "." | "..")
}

/// Percent-encodes one path segment: everything but letters, digits, `-`, `.`, `_` and `~`.
///
/// ```
/// assert_eq!(oar_transport::encode_segment("a b/ü"), "a%20b%2F%C3%BC");
/// ```
pub fn encode_segment(segment: &str) -> String {
    let mut encoded = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
