//! Which hosts are asked, and where they are.

use std::collections::BTreeMap;

use oar_transport::{HttpClient, Service, ServiceClient};
use url::Url;

use crate::error::RegistryError;

/// Registries that releases are known to use.
const KNOWN: [&str; 5] = [
    "quay.io",
    "registry.redhat.io",
    "registry.stage.redhat.io",
    "registry.access.redhat.com",
    "registry.ci.openshift.org",
];
/// Hosts that issue tokens for other hosts' registries.
const ISSUERS: [&str; 2] = ["sso.redhat.com", "sso.stage.redhat.com"];

/// The registries that may be asked. Names of images come from data that others write, so that a
/// host that is not known here is not contacted.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    mapped: BTreeMap<String, String>,
}

impl Hosts {
    /// The known registries, and those of the setting `registry.hosts`: host to base address. Names
    /// of images keep their host wherever it is mapped to.
    pub fn new(mapped: BTreeMap<String, String>) -> Self {
        let lower = |(host, base): (String, String)| (host.to_ascii_lowercase(), base);
        Self { mapped: mapped.into_iter().map(lower).collect() }
    }

    /// The way to the registry at `host`.
    pub(crate) fn registry(
        &self,
        http: &HttpClient,
        host: &str,
    ) -> Result<ServiceClient, RegistryError> {
        if !self.mapped.contains_key(host) && !KNOWN.contains(&host) {
            return Err(RegistryError::UnknownHost { host: host.to_owned() });
        }
        Ok(self.way(http, host))
    }

    /// The way to the issuer of tokens at `realm`, an address that the registry at `host` gave, and
    /// the address to ask there.
    pub(crate) fn issuer(
        &self,
        http: &HttpClient,
        host: &str,
        realm: &str,
    ) -> Result<(ServiceClient, String), RegistryError> {
        let unknown = || RegistryError::UnknownRealm {
            registry: host.to_owned(),
            realm: realm.chars().take(200).collect(),
        };
        let url = Url::parse(realm).map_err(|_| unknown())?;
        let domain = url.host_str().ok_or_else(unknown)?;
        let at = url.port().map_or(domain.to_owned(), |port| format!("{domain}:{port}"));
        let registry = self.way(http, host);
        // Also a registry that was moved names itself by its new address.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unknown());
        }
        let home = registry.base().is_ok_and(|base| base.origin() == url.origin());
        if home {
            return Ok((registry, realm.to_owned()));
        }
        let ours = host.ends_with(".redhat.io") || host.ends_with(".redhat.com");
        let belongs =
            at == host || self.mapped.contains_key(&at) || (ours && ISSUERS.contains(&at.as_str()));
        if url.scheme() != "https" || !belongs {
            return Err(unknown());
        }
        let way = self.way(http, &at);
        let path = match self.mapped.get(&at) {
            Some(_) => url[url::Position::BeforePath..url::Position::AfterQuery]
                .trim_start_matches('/')
                .to_owned(),
            None => realm.to_owned(),
        };
        Ok((way, path))
    }

    fn way(&self, http: &HttpClient, host: &str) -> ServiceClient {
        if let Some(base) = self.mapped.get(host) {
            return http.service_for(Service::Registry, base);
        }
        match host {
            "quay.io" => http.service(Service::Quay),
            "registry.redhat.io" => http.service(Service::RegistryRedhat),
            "registry.stage.redhat.io" => http.service(Service::RegistryStage),
            other => http.service_for(Service::Registry, &format!("https://{other}")),
        }
    }
}
