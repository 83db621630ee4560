//! The real network: the adapter of the port to reqwest.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryFutureExt as _};
use oar_release::Masker;
use oar_release::clock::{SystemClock, SystemEntropy};

use crate::client::HttpClient;
use crate::endpoint::{EndpointError, Endpoints, Service, is_loopback};
use crate::env::Environment;
use crate::port::{Body, HttpSend, Processed, Request, Response, SendError, SendErrorKind};

mod failure;
mod tls;

pub use tls::{ServiceTls, TlsMaterialError};

/// Time to open a connection (spec 00 §d).
const CONNECT: Duration = Duration::from_secs(10);
/// The corporate proxy before the staging catalogue.
const PYXIS_STAGE_PROXY: &str = "http://squid.corp.redhat.com:3128";

/// How one service is reached.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProxyChoice {
    /// As `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
    Environment,
    /// Without a proxy.
    Direct,
    /// Through this proxy.
    Url(String),
}

impl fmt::Debug for ProxyChoice {
    /// Not the address: it may carry a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "Environment",
            Self::Direct => "Direct",
            Self::Url(_) => "Url(..)",
        })
    }
}

/// What the network adapter needs to know; nothing is read or built until the first request.
#[derive(Debug, Clone, Default)]
pub struct NetworkSettings {
    /// Proxies of single services; the others follow the environment.
    pub proxies: BTreeMap<Service, ProxyChoice>,
    /// Bundles of certificate authorities (PEM) trusted besides the system's.
    pub ca_bundles: Vec<PathBuf>,
    /// Services with authorities or a client certificate of their own.
    pub tls: BTreeMap<Service, ServiceTls>,
}

impl NetworkSettings {
    /// The settings of spec 00 §c: `OAR_PROXY_<SERVICE>` (or `direct`), `OAR_CA_BUNDLE` and
    /// `REQUESTS_CA_BUNDLE`. `SSL_CERT_FILE` is honoured by the TLS library itself, where it replaces
    /// the system's store.
    pub fn from_environment(environment: &Environment, endpoints: &Endpoints) -> Self {
        let mut proxies = BTreeMap::new();
        if !endpoints.is_overridden(Service::PyxisStage) {
            proxies.insert(Service::PyxisStage, ProxyChoice::Url(PYXIS_STAGE_PROXY.to_owned()));
        }
        for (name, value) in environment.with_prefix("OAR_PROXY_") {
            if let Some(service) = Service::from_name(&name) {
                let choice = if value.eq_ignore_ascii_case("direct") {
                    ProxyChoice::Direct
                } else {
                    ProxyChoice::Url(value)
                };
                proxies.insert(service, choice);
            }
        }
        let bundles = ["OAR_CA_BUNDLE", "REQUESTS_CA_BUNDLE"];
        let ca_bundles =
            bundles.iter().filter_map(|name| environment.get(name)).map(PathBuf::from).collect();
        Self { proxies, ca_bundles, tls: BTreeMap::new() }
    }
}

/// Sends through the real network: one pooled client per proxy, rustls with aws-lc-rs, the
/// platform's certificate store plus the configured bundles, no redirects, no retries.
pub struct ReqwestSend {
    settings: NetworkSettings,
    by_environment: OnceLock<Result<reqwest::Client, String>>,
    direct: OnceLock<Result<reqwest::Client, String>>,
    by_proxy: BTreeMap<String, OnceLock<Result<reqwest::Client, String>>>,
    by_service: BTreeMap<Service, OnceLock<Result<reqwest::Client, String>>>,
}

impl ReqwestSend {
    /// An adapter; builds nothing yet, so that `--help` pays nothing.
    pub fn new(settings: NetworkSettings) -> Self {
        let by_proxy = settings
            .proxies
            .values()
            .filter_map(|choice| match choice {
                ProxyChoice::Url(url) => Some((url.clone(), OnceLock::new())),
                ProxyChoice::Environment | ProxyChoice::Direct => None,
            })
            .collect();
        let by_service = settings.tls.keys().map(|service| (*service, OnceLock::new())).collect();
        let (by_environment, direct) = (OnceLock::new(), OnceLock::new());
        Self { settings, by_environment, direct, by_proxy, by_service }
    }

    /// The TLS that a request to `url` of `service` has of its own.
    fn own_tls(&self, service: Option<Service>, url: &url::Url) -> Option<(Service, &ServiceTls)> {
        let service = service?;
        let tls = self.settings.tls.get(&service).filter(|tls| tls.is_for(url))?;
        Some((service, tls))
    }

    /// The client for a request to `url` of `service`. This machine is never asked through a proxy.
    fn client(&self, service: Option<Service>, url: &url::Url) -> Result<&reqwest::Client, String> {
        let choice = service.and_then(|service| self.settings.proxies.get(&service));
        let (slot, choice) = match choice {
            _ if is_loopback(url) => (&self.direct, &ProxyChoice::Direct),
            None | Some(ProxyChoice::Environment) => {
                (&self.by_environment, &ProxyChoice::Environment)
            }
            Some(ProxyChoice::Direct) => (&self.direct, &ProxyChoice::Direct),
            Some(choice @ ProxyChoice::Url(proxy)) => (&self.by_proxy[proxy], choice),
        };
        let own = self.own_tls(service, url);
        let slot = own.map_or(slot, |(service, _)| &self.by_service[&service]);
        slot.get_or_init(|| self.build(choice, own.map(|(_, tls)| tls)))
            .as_ref()
            .map_err(Clone::clone)
    }

    #[expect(clippy::disallowed_methods, reason = "the one home of HTTP clients")]
    fn build(
        &self,
        choice: &ProxyChoice,
        tls: Option<&ServiceTls>,
    ) -> Result<reqwest::Client, String> {
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tls_backend_rustls()
            .referer(false);
        let bundles = self.certificates()?;
        let builder = match tls {
            Some(tls) => tls.apply(builder, bundles),
            None => builder.tls_certs_merge(bundles),
        };
        let builder = match choice {
            ProxyChoice::Environment => builder,
            ProxyChoice::Direct => builder.no_proxy(),
            ProxyChoice::Url(url) => {
                let proxy = reqwest::Proxy::all(url.as_str())
                    .map_err(|_| "the proxy's address is not usable".to_owned())?;
                builder.proxy(proxy)
            }
        };
        builder.build().map_err(|error| failure::chain(&error))
    }

    fn certificates(&self) -> Result<Vec<reqwest::Certificate>, String> {
        let mut certificates = Vec::new();
        for path in &self.settings.ca_bundles {
            let unusable = |problem: String| format!("CA bundle {}: {problem}", path.display());
            let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
            let bundle = reqwest::Certificate::from_pem_bundle(&pem)
                .map_err(|error| unusable(failure::chain(&error)))?;
            if bundle.is_empty() {
                return Err(unusable("it holds no certificate".to_owned()));
            }
            certificates.extend(bundle);
        }
        Ok(certificates)
    }

    /// The certificate store in words, for messages.
    fn store(&self, tls: Option<&ServiceTls>) -> String {
        let store = match tls {
            Some(tls) if tls.has_authorities() => "the authorities in its own configuration",
            _ => "the system's certificate store",
        };
        let bundles: Vec<String> =
            self.settings.ca_bundles.iter().map(|path| path.display().to_string()).collect();
        match bundles.as_slice() {
            [] => store.to_owned(),
            _ => format!("{store} and {}", bundles.join(", ")),
        }
    }
}

impl fmt::Debug for ReqwestSend {
    /// Not the proxies: their addresses may carry a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestSend")
            .field("ca_bundles", &self.settings.ca_bundles)
            .finish_non_exhaustive()
    }
}

impl HttpClient {
    /// A client on the real network as the environment alone describes it: for examples, and for
    /// tools that link a single client crate. Nothing is sent or opened yet.
    pub fn from_environment(environment: &Environment) -> Result<Self, EndpointError> {
        let endpoints = Endpoints::new(&environment.with_prefix("OAR_ENDPOINT_"), &[])?;
        let network = NetworkSettings::from_environment(environment, &endpoints);
        let send = Arc::new(ReqwestSend::new(network));
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Ok(Self::new(send, clock, entropy, endpoints, Masker::default()))
    }
}

#[async_trait]
impl HttpSend for ReqwestSend {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let service = request.extensions().get::<Service>().copied();
        let (parts, body) = request.into_parts();
        let never_sent = |message: String| SendError {
            kind: SendErrorKind::Connect,
            processed: Processed::No,
            message,
            source: None,
        };
        let url = url::Url::parse(&parts.uri.to_string())
            .map_err(|error| never_sent(format!("the address is no URL: {error}")))?;
        let client = self.client(service, &url).map_err(|problem| SendError {
            kind: SendErrorKind::Tls,
            ..never_sent(format!("no client can be built: {problem}"))
        })?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let store = self.store(self.own_tls(service, &url).map(|(_, tls)| tls));
        let mut outgoing = reqwest::Request::new(parts.method, url);
        *outgoing.headers_mut() = parts.headers;
        if !body.is_empty() {
            *outgoing.body_mut() = Some(body.into());
        }
        let answer = client
            .execute(outgoing)
            .map_err(|error| failure::send_error(error, &host, &store))
            .await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let pieces = answer
            .bytes_stream()
            .map(move |piece| piece.map_err(|error| failure::body_error(error, &host)));
        Ok(Response { status, headers, body: Body::Stream(pieces.boxed()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::endpoints_at;

    fn settings(variables: &[(&str, &str)], endpoints: &Endpoints) -> NetworkSettings {
        NetworkSettings::from_environment(
            &Environment::from_map(variables.iter().copied()),
            endpoints,
        )
    }

    #[test]
    fn the_staging_catalogue_is_behind_its_proxy_unless_it_is_moved_or_told_otherwise() {
        let choice = |variables: &[_], endpoints: &Endpoints| {
            settings(variables, endpoints).proxies.get(&Service::PyxisStage).cloned()
        };
        let production = Endpoints::default();
        let built_in = Some(ProxyChoice::Url(PYXIS_STAGE_PROXY.to_owned()));
        assert_eq!(choice(&[], &production), built_in);
        let direct = [("OAR_PROXY_PYXIS_STAGE", "direct")];
        assert_eq!(choice(&direct, &production), Some(ProxyChoice::Direct));
        let moved = endpoints_at(Service::PyxisStage, "http://127.0.0.1:1");
        assert_eq!(choice(&[], &moved), None);
        let own = [("OAR_PROXY_PYXIS_STAGE", "http://proxy.example.com:3128")];
        let expected = Some(ProxyChoice::Url("http://proxy.example.com:3128".to_owned()));
        assert_eq!(choice(&own, &moved), expected);
    }

    #[test]
    fn both_bundles_are_trusted() {
        let variables = [("OAR_CA_BUNDLE", "/a.pem"), ("REQUESTS_CA_BUNDLE", "/b.pem")];
        let found = settings(&variables, &Endpoints::default()).ca_bundles;
        assert_eq!(found, [PathBuf::from("/a.pem"), PathBuf::from("/b.pem")]);
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        let variables = [("OAR_PROXY_JIRA", "http://me:canary@proxy.example.com")];
        let settings = settings(&variables, &Endpoints::default());
        assert!(!format!("{settings:?}").contains("canary"));
        assert!(!format!("{:?}", ReqwestSend::new(settings)).contains("canary"));
    }
}
