//! What is done about one bug.

use oar_jira::{Account, Issue, IssueKey, JiraError, with_need_info};
use oar_release::ErrorClass;
use oar_release::time::stamp;
use oar_transport::journal::{Intent, IntentId, JournalError, OpenState, body_digest};

use super::people::{People, PeopleError, Recipients, contact};
use super::stage::{Kind, Next, Standing};
use super::verified::SignOffs;
use super::{Bug, Notificator, PENDING_LABEL, notified_since, ours, words};

/// A bug could not be dealt with.
#[derive(Debug, thiserror::Error)]
pub(super) enum BugError {
    #[error(transparent)]
    People(#[from] PeopleError),
    #[error(transparent)]
    Jira(#[from] JiraError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the comment is there, the question to the people it mentions is not")]
    NeedInfo(#[source] JiraError),
}

impl BugError {
    pub(super) fn class(&self) -> ErrorClass {
        match self {
            Self::People(error) => error.class(),
            Self::Jira(error) | Self::NeedInfo(error) => error.class(),
            Self::Journal(error) => error.class(),
        }
    }
}

/// What became of a bug.
pub(super) struct Outcome {
    pub(super) key: IssueKey,
    /// What was asked for, and the names of those who were asked.
    pub(super) told: Option<(Kind, Vec<String>)>,
    /// Whether the mark was added (`true`) or removed.
    pub(super) marked: Option<bool>,
    pub(super) skipped: Option<String>,
    pub(super) failed: Option<BugError>,
}

/// What one run shares between bugs.
pub(super) struct Work<'a> {
    desk: &'a Notificator,
    people: People<'a>,
    sign_offs: SignOffs<'a>,
}

impl<'a> Work<'a> {
    pub(super) fn new(desk: &'a Notificator) -> Self {
        let jira = &*desk.jira.read;
        let organisations = &desk.scope.organisations;
        Self {
            desk,
            people: People::new(jira, &desk.directory),
            sign_offs: SignOffs::new(jira, &desk.pulls, organisations),
        }
    }

    /// Does what is due about `bug`.
    pub(super) async fn on(&self, bug: &Bug) -> Outcome {
        let key = bug.issue.key.clone();
        let mut outcome = Outcome { key, told: None, marked: None, skipped: None, failed: None };
        outcome.failed = self.deal_with(bug, &mut outcome).await.err();
        outcome
    }

    async fn deal_with(&self, bug: &Bug, outcome: &mut Outcome) -> Result<(), BugError> {
        self.complete(bug).await?;
        let standing = standing(bug);
        let next = standing.next(self.desk.clock.now(), &self.desk.scope.calendar);
        let is_marked = has_label(&bug.issue, PENDING_LABEL);
        let is_stale = is_marked && standing.is_fresh();
        let is_due = match next {
            Next::Wait { .. } => false,
            Next::Mark => !is_marked,
            Next::Tell(_) => true,
        };
        if !is_due && !is_stale {
            outcome.skipped = Some(match next {
                Next::Wait { until } => format!("nothing is due before {}", stamp(until)),
                _ => "everybody was told, and it is marked".to_owned(),
            });
            return Ok(());
        }
        if self.sign_offs.is_verified(&bug.issue.key).await {
            outcome.skipped = Some("it was verified before its merge".to_owned());
            return Ok(());
        }
        if is_stale {
            self.mark(&bug.issue, false).await?;
            outcome.marked = Some(false);
        }
        match next {
            Next::Mark if is_due => self.mark_waiting(bug, outcome).await?,
            Next::Tell(stage) => self.tell(bug, stage, outcome).await?,
            Next::Mark | Next::Wait { .. } => {}
        }
        Ok(())
    }

    /// The manager is missing, and the assignee or reporter was told before: nobody is told again,
    /// the bug is marked when the time of this stage is over.
    async fn without_manager(&self, bug: &Bug, outcome: &mut Outcome) -> Result<(), BugError> {
        let standing = Standing { lacks_manager: true, ..standing(bug) };
        let next = standing.next(self.desk.clock.now(), &self.desk.scope.calendar);
        if next == Next::Mark && !has_label(&bug.issue, PENDING_LABEL) {
            self.mark_waiting(bug, outcome).await?;
        } else {
            outcome.skipped = Some("there is no manager, and everybody else was told".to_owned());
        }
        Ok(())
    }

    /// Marks a bug that still waits; somebody may have verified it since the search.
    async fn mark_waiting(&self, bug: &Bug, outcome: &mut Outcome) -> Result<(), BugError> {
        if self.desk.jira.read.issue(&bug.issue.key).await?.is_on_qa() {
            self.mark(&bug.issue, true).await?;
            outcome.marked = Some(true);
        } else {
            outcome.skipped = Some("it has changed since it was searched for".to_owned());
        }
        Ok(())
    }

    async fn mark(&self, issue: &Issue, add: bool) -> Result<(), JiraError> {
        let label = [PENDING_LABEL.to_owned()];
        let (add, remove): (&[String], &[String]) = if add { (&label, &[]) } else { (&[], &label) };
        self.desk.jira.write.edit_labels(&issue.key, add, remove).await
    }

    /// Tells whom `stage` reaches, unless the bug is no longer as it was read.
    async fn tell(&self, bug: &Bug, stage: Kind, outcome: &mut Outcome) -> Result<(), BugError> {
        let Some(bug) = self.still_due(bug, stage).await? else {
            outcome.skipped = Some("it has changed since it was searched for".to_owned());
            return Ok(());
        };
        let Some(recipients) = self.people.of(stage, &bug.issue).await? else {
            tracing::warn!("{}: it has no contact, no assignee and no reporter", bug.issue.key);
            outcome.skipped = Some("there is nobody who could be told".to_owned());
            return Ok(());
        };
        let was_told = bug.notified.iter().any(|known| known.kind.is_fallback());
        if stage == Kind::Manager && recipients.kind.is_fallback() && was_told {
            return self.without_manager(&bug, outcome).await;
        }
        let intent = intent(&bug, recipients.kind);
        if let OpenState::Done { .. } = self.desk.journal.open(&intent).await? {
            outcome.skipped = Some("its notification was posted before and is gone".to_owned());
            return Ok(());
        }
        let on_qa = stamp(bug.on_qa);
        let Recipients { kind, people, missing } = &recipients;
        let comment = words::comment(*kind, people, *missing, &on_qa, intent.id.as_str());
        let posted = self.desk.jira.write.comment(&bug.issue.key, &comment).await?;
        let names: Vec<String> = people.iter().map(|account| account.name().to_owned()).collect();
        tracing::info!("{}: {} to {}", bug.issue.key, kind.label(), names.join(" and "));
        outcome.told = Some((*kind, names));
        self.ask(&bug.issue.key, people).await?;
        self.desk.journal.close(&intent.id, &posted).await?;
        Ok(())
    }

    /// The bug as it is now, if `stage` is still due.
    async fn still_due(&self, bug: &Bug, stage: Kind) -> Result<Option<Bug>, JiraError> {
        let jira = &*self.desk.jira.read;
        let key = &bug.issue.key;
        let (issue, comments) = tokio::try_join!(jira.issue(key), jira.comments(key))?;
        if !issue.is_on_qa() {
            return Ok(None);
        }
        let comments = ours(comments, &self.desk.accounts().await?);
        let hidden = self.desk.hidden(comments.iter()).await?;
        let notified = notified_since(bug.on_qa, &comments, &hidden);
        let now = Bug { issue, on_qa: bug.on_qa, notified };
        let next = standing(&now).next(self.desk.clock.now(), &self.desk.scope.calendar);
        Ok((next == Next::Tell(stage)).then_some(now))
    }

    /// Asks `people` for information, in the list that Jira keeps for that.
    async fn ask(&self, key: &IssueKey, people: &[Account]) -> Result<(), BugError> {
        let fresh = self.desk.jira.read.issue(key).await.map_err(BugError::NeedInfo)?;
        let ids: Vec<&str> = people.iter().map(|account| account.account_id.as_str()).collect();
        if let Some(list) = with_need_info(&fresh.need_info, &ids) {
            let set = self.desk.jira.write.set_need_info(key, &list).await;
            set.map_err(BugError::NeedInfo)?;
        }
        Ok(())
    }

    /// Asks the people of a notification whose run was ended between the comment and the question.
    async fn complete(&self, bug: &Bug) -> Result<(), BugError> {
        for notified in &bug.notified {
            let id = intent(bug, notified.kind).id;
            let OpenState::Pending { since } = self.desk.journal.look(&id).await? else { continue };
            tracing::info!("{}: completing what a run began at {since}", bug.issue.key);
            if let Some(recipients) = self.people.of(notified.kind, &bug.issue).await? {
                self.ask(&bug.issue.key, &recipients.people).await?;
            }
            self.desk.journal.close(&id, &notified.comment).await?;
        }
        Ok(())
    }
}

fn standing(bug: &Bug) -> Standing<'_> {
    let has_contact = contact(&bug.issue).is_some();
    Standing { on_qa: bug.on_qa, notified: &bug.notified, has_contact, lacks_manager: false }
}

fn has_label(issue: &Issue, label: &str) -> bool {
    issue.labels.as_ref().is_some_and(|labels| labels.iter().any(|one| one == label))
}

/// The intent to notify about a bug as it became `ON_QA`; the same in every run.
fn intent(bug: &Bug, kind: Kind) -> Intent {
    let (key, on_qa) = (bug.issue.key.to_string(), stamp(bug.on_qa));
    let content = format!("{} {on_qa}", kind.word());
    Intent {
        id: IntentId::derive(&["jira-notificator", &key, &kind.word(), &on_qa]),
        kind: "jira.comment".to_owned(),
        note: format!("{} on {key}", kind.label()),
        target: key,
        body_digest: body_digest(content.as_bytes()),
    }
}
