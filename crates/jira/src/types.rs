//! The words of this client.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::adf::Adf;
use crate::key::IssueKey;

/// A person or an app.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// What mentions and assignments go by.
    pub account_id: String,
    /// The name that is shown.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The address; hidden for most.
    #[serde(default)]
    pub email_address: Option<String>,
    /// Whether the account is in use.
    #[serde(default)]
    pub active: bool,
    /// `atlassian` for people.
    #[serde(default)]
    pub account_type: Option<String>,
}

impl Account {
    /// The name for people: never an address.
    pub fn name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.account_id)
    }

    /// Whether the address is visible and equal, whatever the case of its letters.
    pub fn has_email(&self, email: &str) -> bool {
        self.email_address.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(email))
    }
}

/// What is known about the person who should verify a bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact<'i> {
    /// Reachable.
    Known {
        /// Who.
        account: &'i Account,
        /// The address.
        email: &'i str,
    },
    /// There, but the address is hidden: mention the account, do not look up anything by address.
    Hidden {
        /// Who.
        account: &'i Account,
    },
    /// The account is no longer in use: as good as nobody.
    Inactive {
        /// Who.
        account: &'i Account,
    },
    /// Nobody.
    Missing,
}

/// An issue, as far as OAR reads it. Fields that the account may not see are `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its number; histories are listed by it.
    pub id: String,
    /// Its key today; another than asked for when it was moved.
    pub key: IssueKey,
    /// Name of its status, exactly as Jira spells it.
    pub status: String,
    /// Summary.
    pub summary: Option<String>,
    /// Name of its type: `Bug`, `Vulnerability`, `Sub-task`.
    pub issue_type: Option<String>,
    /// Name of its priority.
    pub priority: Option<String>,
    /// Labels.
    pub labels: Option<Vec<String>>,
    /// Who works on it.
    pub assignee: Option<Account>,
    /// Who reported it.
    pub reporter: Option<Account>,
    /// Who verifies it.
    pub qa_contact: Option<Account>,
    /// Value of Release Blocker; `None` when it is not set.
    pub release_blocker: Option<String>,
    /// Whether customers are affected: the fields are not readable, that they are set is.
    pub has_customer_case: bool,
    /// Who is asked for information.
    pub need_info: Vec<Account>,
    /// The CVE, if the field is set.
    pub cve_id: Option<String>,
    /// Names of the versions it is to be fixed in.
    pub target_versions: Vec<String>,
    /// Keys of its subtasks.
    pub subtasks: Vec<IssueKey>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Its description, if it was asked for with the issue.
    pub description: Value,
}

impl Issue {
    /// The summary, or an empty text.
    pub fn title(&self) -> &str {
        self.summary.as_deref().unwrap_or_default()
    }

    /// What is known about the QA contact (spec 02 §4.3).
    pub fn contact(&self) -> Contact<'_> {
        match &self.qa_contact {
            None => Contact::Missing,
            Some(account) if !account.active => Contact::Inactive { account },
            Some(account) => account
                .email_address
                .as_deref()
                .filter(|email| !email.is_empty())
                .map_or(Contact::Hidden { account }, |email| Contact::Known { account, email }),
        }
    }
}

/// Issues that were asked for by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Issues {
    /// Those that came, in the order of the keys.
    pub found: Vec<Issue>,
    /// Keys of those that did not: embargoed, deleted, or never there. They are skipped and counted,
    /// and nothing may be concluded about them (spec 08 R33).
    pub not_visible: Vec<IssueKey>,
}

/// One change of an issue's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// When.
    pub at: Timestamp,
    /// From which status.
    pub from: Option<String>,
    /// To which status.
    pub to: Option<String>,
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: String,
    /// Who wrote it; `None` when the account is gone.
    pub author: Option<Account>,
    /// When.
    pub created: Timestamp,
    /// Its text without form.
    pub text: String,
    /// The addresses it links to.
    pub links: Vec<String>,
}

/// A way out of an issue's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Its number.
    pub id: String,
    /// Its name: `Done`.
    pub name: String,
    /// The status it leads to: `Closed`.
    pub to: String,
    /// Whether it wants a resolution.
    pub wants_resolution: bool,
}

/// What to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The query; values in it are quoted with [`crate::jql::quote`].
    pub jql: String,
    /// Issues per page, 1 to 100.
    pub page_size: u16,
}

impl Search {
    /// A search with the largest pages.
    pub fn new(jql: impl Into<String>) -> Self {
        Self { jql: jql.into(), page_size: 100 }
    }
}

/// A comment to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewComment {
    /// What it says.
    pub body: Adf,
    /// The intent it fulfils: travels hidden along, and finds the comment when the answer is lost.
    pub intent: String,
    /// Another hidden value under a key of its own, such as `oar.notification`.
    pub property: Option<(String, Value)>,
}

impl NewComment {
    /// A comment.
    pub fn new(body: Adf, intent: impl Into<String>) -> Self {
        Self { body, intent: intent.into(), property: None }
    }
}

/// A way to take, with where it should lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Number of the transition.
    pub transition: String,
    /// The status after it; what a lost answer is looked up by.
    pub target: String,
    /// The resolution to set.
    pub resolution: Option<String>,
}

/// An issue to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIssue {
    /// Key of the project.
    pub project: String,
    /// Name of the type.
    pub issue_type: String,
    /// Name of the priority.
    pub priority: String,
    /// Summary; also what finds the issue again.
    pub summary: String,
    /// Description.
    pub description: Adf,
}
