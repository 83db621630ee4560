//! The port to the directory, and the client behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ldap3::Scope;
use oar_transport::real::NetworkSettings;
use oar_transport::{Endpoints, Service};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::connect::{Connection, Found, Search};
use crate::error::DirectoryError;
use crate::query::{ANY, Layout, lookup_address};

/// How long an unreachable directory is not tried again: a batch of hundreds of look-ups must not
/// wait for the time limit hundreds of times.
const PAUSE: Duration = Duration::from_secs(30);

/// Reads from the company directory (spec 02 §6).
///
/// "Nobody" is an answer and a directory that cannot be asked is an error: who falls back to other
/// people must know which of the two it is.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DirectoryRead: Send + Sync {
    /// The address of the manager of the person with this address; `None` when the directory knows
    /// no such person, no manager, or no address of the manager. A `+suffix` is ignored, and so is
    /// a blank address. Answers are remembered.
    async fn manager_email(&self, email: &str) -> Result<Option<String>, DirectoryError>;

    /// The addresses of the members of the group with this name; none when there is no such group.
    /// Answers are remembered.
    async fn group_emails(&self, group: &str) -> Result<BTreeSet<String>, DirectoryError>;
}

/// The directory over LDAP: anonymous, encrypted (loopback apart), one connection, one question at
/// a time, no question twice. Clones share all of that; one run has one.
#[derive(Clone)]
pub struct LdapDirectory {
    endpoints: Endpoints,
    bundles: Arc<[PathBuf]>,
    layout: Arc<Layout>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    down: Option<(Instant, String)>,
    managers: BTreeMap<String, Option<String>>,
    groups: BTreeMap<String, BTreeSet<String>>,
}

impl LdapDirectory {
    /// A client of the directory at the address of [`Service::Ldap`], which trusts the system's
    /// authorities and the network's bundles. No I/O: it connects when it is first asked.
    pub fn new(endpoints: &Endpoints, network: &NetworkSettings) -> Self {
        Self {
            endpoints: endpoints.clone(),
            bundles: network.ca_bundles.clone().into(),
            layout: Arc::default(),
            state: Arc::default(),
        }
    }

    /// The same for a directory that is laid out differently.
    #[must_use]
    pub fn with_layout(mut self, layout: Layout) -> Self {
        self.layout = Arc::new(layout);
        self
    }

    /// Asks over the one connection; opens it when there is none or the server hung up.
    async fn ask(
        &self,
        state: &mut State,
        search: &Search<'_>,
        in_pages: bool,
    ) -> Result<Found, DirectoryError> {
        let mut connection = match still_open(state.connection.take()) {
            Some(connection) => connection,
            None => self.connect(state).await?,
        };
        let found = if in_pages {
            connection.search_all(search).await
        } else {
            connection.search(search).await
        };
        if found.as_ref().err().is_none_or(|error| !error.ends_connection()) {
            state.connection = Some(connection);
        }
        found
    }

    async fn connect(&self, state: &mut State) -> Result<Connection, DirectoryError> {
        if let Some((since, problem)) = &state.down
            && since.elapsed() < PAUSE
        {
            return Err(DirectoryError::StillUnreachable { problem: problem.clone() });
        }
        let url = self.endpoints.base(Service::Ldap, "")?;
        tracing::debug!(host = url.host_str(), "connecting to the directory");
        let opened = Connection::open(&url, &self.bundles).await;
        state.down = opened.as_ref().err().map(|error| (Instant::now(), error.to_string()));
        opened
    }

    async fn find_manager(
        &self,
        state: &mut State,
        email: &str,
    ) -> Result<Option<String>, DirectoryError> {
        let what = "the look-up of a manager";
        let filter = self.layout.person(email);
        let (base, attribute) = (&*self.layout.base, &*self.layout.manager);
        let search = Search { what, base, scope: Scope::Subtree, filter: &filter, attribute };
        let person = self.ask(state, &search, false).await?;
        // The first entry wins.
        let Some(manager) = first(what, &person, attribute)? else { return Ok(None) };
        // By name: no second search, and nothing in the name can change the question.
        let attribute = &*self.layout.mail;
        let search = Search { what, base: &manager, scope: Scope::Base, filter: ANY, attribute };
        match self.ask(state, &search, false).await {
            Ok(entry) => first(what, &entry, attribute),
            // invalidDNSSyntax: the name in the person's entry is none, so there is no manager.
            Err(DirectoryError::Refused { code: 34, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn find_members(
        &self,
        state: &mut State,
        group: &str,
    ) -> Result<BTreeSet<String>, DirectoryError> {
        let what = "the look-up of a group";
        let filter = self.layout.members(group);
        let (base, attribute) = (&*self.layout.base, &*self.layout.mail);
        let search = Search { what, base, scope: Scope::Subtree, filter: &filter, attribute };
        let found = self.ask(state, &search, true).await?;
        if found.elsewhere {
            let reason = "parts of it are on another server".to_owned();
            return Err(DirectoryError::Incomplete { what, reason });
        }
        let mails = found.entries.iter().filter_map(|entry| entry.first(attribute));
        Ok(mails.map(str::to_owned).collect())
    }
}

/// The attribute of the first entry; an answer that is only elsewhere is none.
fn first(
    what: &'static str,
    found: &Found,
    attribute: &str,
) -> Result<Option<String>, DirectoryError> {
    match found.entries.first() {
        Some(entry) => Ok(entry.first(attribute).map(str::to_owned)),
        None if found.elsewhere => {
            let reason = "the entry may be on another server".to_owned();
            Err(DirectoryError::Incomplete { what, reason })
        }
        None => Ok(None),
    }
}

fn still_open(connection: Option<Connection>) -> Option<Connection> {
    connection.and_then(|mut connection| (!connection.is_closed()).then_some(connection))
}

impl fmt::Debug for LdapDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LdapDirectory")
    }
}

#[async_trait]
impl DirectoryRead for LdapDirectory {
    #[tracing::instrument(name = "ldap.manager_email", skip_all)]
    async fn manager_email(&self, email: &str) -> Result<Option<String>, DirectoryError> {
        let Some(address) = lookup_address(email) else { return Ok(None) };
        let key = address.to_ascii_lowercase();
        let mut state = self.state.lock().await;
        if let Some(known) = state.managers.get(&key) {
            return Ok(known.clone());
        }
        let manager = self.find_manager(&mut state, &address).await?;
        tracing::debug!(email, ?manager, "looked up a manager");
        state.managers.insert(key, manager.clone());
        Ok(manager)
    }

    #[tracing::instrument(name = "ldap.group_emails", skip_all, fields(group))]
    async fn group_emails(&self, group: &str) -> Result<BTreeSet<String>, DirectoryError> {
        let group = group.trim();
        if group.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut state = self.state.lock().await;
        if let Some(known) = state.groups.get(group) {
            return Ok(known.clone());
        }
        let members = self.find_members(&mut state, group).await?;
        state.groups.insert(group.to_owned(), members.clone());
        Ok(members)
    }
}
