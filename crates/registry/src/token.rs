//! Tokens of registries: one for each repository, asked for once, renewed before they end.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use oar_transport::{HttpClient, Secret};
use serde::Deserialize;

use crate::auth_file::{AuthFiles, Login};
use crate::challenge::Challenge;
use crate::error::RegistryError;
use crate::hosts::Hosts;
use crate::image_ref::Repository;
use crate::operations::TOKEN;
use http::Method;

/// What the specification gives a token that does not say.
const USUAL_LIFE: i64 = 60;
/// Tokens are not used in their last seconds: a request takes its time.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);
/// No token is believed to live longer.
const LONGEST_LIFE: i64 = 3600;

/// What proves identity to a registry.
#[derive(Clone)]
pub(crate) enum Pass {
    /// A token.
    Bearer(Secret),
    /// User and password themselves.
    Basic(Login),
}

#[derive(Clone)]
struct Issued {
    pass: Pass,
    until: Timestamp,
}

type Slot = Arc<tokio::sync::Mutex<Option<Issued>>>;

/// The tokens of a process.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, Slot>>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

/// An issuer's answer; the two names are two traditions.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<i64>,
}

impl Tokens {
    fn slot(&self, repository: &Repository) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(repository.to_string()).or_default())
    }

    /// The pass that is at hand for `repository`.
    pub(crate) async fn at_hand(&self, repository: &Repository, now: Timestamp) -> Option<Pass> {
        let slot = self.slot(repository);
        let issued = slot.lock().await;
        issued.as_ref().filter(|issued| now < issued.until).map(|issued| issued.pass.clone())
    }

    /// A fresh pass after the registry refused `used`; those who wait together share one request.
    pub(crate) async fn renew(
        &self,
        repository: &Repository,
        used: Option<&Pass>,
        office: &Issuer<'_>,
    ) -> Result<Option<Pass>, RegistryError> {
        let slot = self.slot(repository);
        let mut issued = slot.lock().await;
        let now = office.http.clock().now();
        if let Some(other) = issued.as_ref().filter(|issued| now < issued.until)
            && !used.is_some_and(|used| used.is(&other.pass))
        {
            return Ok(Some(other.pass.clone()));
        }
        *issued = office.issue(repository, now).await?;
        Ok(issued.as_ref().map(|issued| issued.pass.clone()))
    }
}

impl Pass {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bearer(one), Self::Bearer(two)) => one.expose() == two.expose(),
            (Self::Basic(one), Self::Basic(two)) => {
                one.user.expose() == two.user.expose()
                    && one.password.expose() == two.password.expose()
            }
            _ => false,
        }
    }
}

/// Who issues passes, as the registry's challenge says.
pub(crate) struct Issuer<'a> {
    pub(crate) http: &'a HttpClient,
    pub(crate) hosts: &'a Hosts,
    pub(crate) files: &'a AuthFiles,
    pub(crate) challenge: Challenge,
}

impl Issuer<'_> {
    async fn issue(
        &self,
        repository: &Repository,
        now: Timestamp,
    ) -> Result<Option<Issued>, RegistryError> {
        let login = self.files.login(repository)?;
        let (realm, service) = match &self.challenge {
            Challenge::Bearer { realm, service } => (realm, service),
            Challenge::Basic => {
                let until = now + SignedDuration::from_secs(LONGEST_LIFE);
                return Ok(login.map(|login| Issued { pass: Pass::Basic(login), until }));
            }
        };
        let (way, address) = self.hosts.issuer(self.http, repository.host(), realm)?;
        let what = || format!("a token for {repository}");
        // The scope is ours, whatever the challenge says: reading this repository.
        let mut call = way
            .call(TOKEN.name, Method::GET, address)
            .query("scope", format_args!("repository:{}:pull", repository.name()));
        if let Some(service) = service {
            call = call.query("service", service);
        }
        let anonymous = login.is_none();
        if let Some(Login { user, password }) = login {
            call = call.basic(user, password);
        }
        let reply = call.accept(&[401, 403]).send().await;
        let reply = reply.map_err(|error| RegistryError::of(what(), error))?;
        if !reply.status.is_success() {
            let problem = if anonymous { NONE_FOUND } else { NOT_TAKEN };
            return Err(RegistryError::Denied { what: repository.to_string(), problem });
        }
        let answer: Answer = reply.json().map_err(|error| RegistryError::of(what(), error))?;
        let filled = |token: Option<String>| token.filter(|token| !token.is_empty());
        let token = filled(answer.token).or_else(|| filled(answer.access_token));
        let token = token.ok_or_else(|| {
            RegistryError::of(what(), reply.malformed("token", "token", "it is missing"))
        })?;
        let life = answer.expires_in.unwrap_or(USUAL_LIFE).clamp(0, LONGEST_LIFE);
        let until = now + SignedDuration::from_secs(life) - MARGIN;
        Ok(Some(Issued { pass: Pass::Bearer(Secret::new(token)), until }))
    }
}

/// No file has a credential.
pub(crate) const NONE_FOUND: &str =
    "none of the credential files has one (REGISTRY_AUTH_FILE, ~/.docker/config.json)";
/// The credential is wrong or expired.
pub(crate) const NOT_TAKEN: &str = "the one at hand is not taken";
