//! Whom a stage reaches (spec 02 §8.5, §8.7 "People").

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use oar_jira::{Account, Contact, Issue, JiraError, JiraRead, choose_account};
use oar_ldap::{DirectoryError, DirectoryRead};
use oar_release::ErrorClass;

use super::stage::Kind;
use super::words::Missing;
use crate::services::{NotSetUp, Reach};

/// Nobody can be told.
#[derive(Debug, thiserror::Error)]
pub(super) enum PeopleError {
    #[error(transparent)]
    Jira(#[from] JiraError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    NoDirectory(#[from] NotSetUp),
}

impl PeopleError {
    pub(super) fn class(&self) -> ErrorClass {
        match self {
            Self::Jira(error) => error.class(),
            Self::Directory(error) => error.class(),
            Self::NoDirectory(error) => error.class,
        }
    }
}

/// A notification's recipients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipients {
    /// What they are told: the stage, or a fallback.
    pub(super) kind: Kind,
    /// The first is the one who is asked; a manager may stand beside an assignee.
    pub(super) people: Vec<Account>,
    /// Whose absence the text explains.
    pub(super) missing: Missing,
}

/// Looks people up, each once in a run.
pub(super) struct People<'a> {
    jira: &'a dyn JiraRead,
    directory: &'a Reach<std::sync::Arc<dyn DirectoryRead>>,
    managers: Mutex<BTreeMap<String, Option<Account>>>,
}

impl<'a> People<'a> {
    pub(super) const fn new(
        jira: &'a dyn JiraRead,
        directory: &'a Reach<std::sync::Arc<dyn DirectoryRead>>,
    ) -> Self {
        Self { jira, directory, managers: Mutex::new(BTreeMap::new()) }
    }

    /// Who is told at `stage`; `None` when there is nobody at all.
    pub(super) async fn of(
        &self,
        stage: Kind,
        issue: &Issue,
    ) -> Result<Option<Recipients>, PeopleError> {
        let told = |kind, people, missing| Some(Recipients { kind, people, missing });
        match (stage, contact(issue)) {
            (Kind::QaContact | Kind::TeamLead, Some(account)) => {
                Ok(told(stage, vec![account.clone()], Missing::Nobody))
            }
            (Kind::Manager, Some(account)) => match self.manager_of(account).await? {
                Some(manager) => Ok(told(Kind::Manager, vec![manager], Missing::Nobody)),
                None => self.fallback(issue, Missing::Manager).await,
            },
            (Kind::Assignee | Kind::Reporter, Some(_)) => {
                self.fallback(issue, Missing::Manager).await
            }
            (_, None) => self.fallback(issue, Missing::QaContact).await,
        }
    }

    async fn fallback(
        &self,
        issue: &Issue,
        missing: Missing,
    ) -> Result<Option<Recipients>, PeopleError> {
        if let Some(assignee) = &issue.assignee {
            let mut people = vec![assignee.clone()];
            let manager = self.manager_of(assignee).await?;
            people.extend(manager.filter(|one| one.account_id != assignee.account_id));
            return Ok(Some(Recipients { kind: Kind::Assignee, people, missing }));
        }
        let reporter = issue.reporter.clone();
        let people = reporter.map(|reporter| vec![reporter]);
        Ok(people.map(|people| Recipients { kind: Kind::Reporter, people, missing }))
    }

    /// The account of somebody's manager; `None` also for a person whose address is hidden.
    async fn manager_of(&self, account: &Account) -> Result<Option<Account>, PeopleError> {
        let Some(email) = account.email_address.as_deref().filter(|email| !email.is_empty()) else {
            return Ok(None);
        };
        let known =
            self.managers.lock().unwrap_or_else(PoisonError::into_inner).get(email).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let directory = self.directory.as_ref().map_err(Clone::clone)?;
        let manager = match directory.manager_email(email).await? {
            None => None,
            Some(manager) => {
                let found = self.jira.find_users(&manager).await?;
                choose_account(&manager, &found).ok().cloned()
            }
        };
        let mut managers = self.managers.lock().unwrap_or_else(PoisonError::into_inner);
        managers.insert(email.to_owned(), manager.clone());
        Ok(manager)
    }
}

/// The QA contact, if it can be reached: an account that is no longer in use is nobody.
pub(super) fn contact(issue: &Issue) -> Option<&Account> {
    match issue.contact() {
        Contact::Known { account, .. } | Contact::Hidden { account } => Some(account),
        Contact::Inactive { .. } | Contact::Missing => None,
    }
}
