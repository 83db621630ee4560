//! To whom Kerberos tokens are sent (spec 02 §3.1).

use std::fmt;
use std::sync::Arc;

use oar_transport::env::Environment;
use oar_transport::negotiate::NegotiateTokens;
use oar_transport::{Call, ServiceClient};

/// Makes Kerberos tokens for the hosts that may have them, and for no other.
///
/// A token leaves only encrypted (loopback apart), only to the configured address of the service
/// that is called, and only when that address's host is on the list.
#[derive(Clone)]
pub struct Kerberos {
    tokens: Arc<dyn NegotiateTokens>,
    hosts: Option<Arc<[String]>>,
    cache: Arc<str>,
}

impl Kerberos {
    /// Tokens from `tokens`. `hosts` is the setting `errata.kerberos_hosts`; `None` stands for the
    /// hosts of the services that this crate calls with a token, an empty list for nobody.
    /// The environment only tells which credential cache to name in messages.
    pub fn new(
        tokens: Arc<dyn NegotiateTokens>,
        hosts: Option<Vec<String>>,
        environment: &Environment,
    ) -> Self {
        let cache = match environment.get("KRB5CCNAME") {
            Some(name) => format!("credential cache {name}"),
            None => "the default credential cache".to_owned(),
        };
        let lower =
            |hosts: Vec<String>| hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { tokens, hosts: hosts.map(lower), cache: cache.into() }
    }

    /// `call` to `service` with a token, if its host may have one.
    pub(crate) fn sign(&self, service: &ServiceClient, call: Call) -> Call {
        if self.allows(service) { call.negotiate(Arc::clone(&self.tokens)) } else { call }
    }

    /// Whether the host of `service` may have a token.
    pub(crate) fn allows(&self, service: &ServiceClient) -> bool {
        let Some(hosts) = &self.hosts else { return true };
        let host =
            service.base().ok().and_then(|base| base.host_str().map(str::to_ascii_lowercase));
        host.is_some_and(|host| hosts.contains(&host))
    }

    /// Which credentials a call to `service` used, in words for a message.
    pub(crate) fn describe(&self, service: &ServiceClient) -> String {
        if self.allows(service) {
            self.cache.to_string()
        } else {
            "no token was sent: the host is not in errata.kerberos_hosts".to_owned()
        }
    }
}

impl fmt::Debug for Kerberos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kerberos").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
