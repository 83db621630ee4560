//! `create-test-report`: makes the release's StateBox and tells the release leads (spec 01 §10.6).
//!
//! Creation is create-only, so two detectors cannot overwrite each other, and only the creator tells
//! anyone. The announcement is an intent: it is written down before the file is made and closed
//! after the message is out. A run that was killed in between leaves it open, and the next run looks
//! into the channel before it posts.

use oar_release::{ReleaseVersion, Task, TaskOutcome};
use oar_slack::{Message, SlackError};
use oar_statebox::{InitialState, Initialised, Who};
use oar_transport::journal::{Intent, IntentId, IntentJournal, OpenState, body_digest};

use crate::context::{Context, LegacyReport, Messenger};
use crate::error::OperatorError;
use crate::notify::mention;
use crate::report::error_chain;
use crate::turn::Turn;

/// The command's name.
pub const COMMAND: &str = "create-test-report";

/// What the command did.
#[derive(Debug)]
pub struct Created {
    /// `Pass` when it made the StateBox or finished an earlier run, `Unchanged` when it was there.
    pub outcome: TaskOutcome,
    /// Whether this run made the file.
    pub written: bool,
    /// Trouble that changed nothing, such as a failed message.
    pub warnings: Vec<String>,
}

/// Creates the StateBox of `release` unless it exists.
pub async fn run(context: &Context, release: &ReleaseVersion) -> Result<Created, OperatorError> {
    let page = context.links.statebox(release);
    let _turn = Turn::take(context, release, Task::CreateTestReport).await?;
    let journal = context.journal(release)?;
    let intent = announcement(release, &page);
    if context.boxes.load(release).await?.is_some() {
        tracing::info!("{release} has a StateBox: {page}");
        return finish_earlier_run(context, release, journal.as_ref(), &intent).await;
    }
    if let Some(url) = legacy_report(context, release).await? {
        tracing::info!("{release} has a legacy report: {url}");
        let reason = format!("{release} is tracked in a legacy report: {url}");
        let outcome = TaskOutcome::Unchanged { reason };
        return Ok(Created { outcome, written: false, warnings: Vec::new() });
    }
    let initial = initial_state(context, release).await?;
    journal.open(&intent).await?;
    let who = Who { intent: Some(intent.id.to_string()), ..context.who(COMMAND) };
    match context.boxes.initialise(&initial, &who).await? {
        Initialised::Created => {
            tracing::info!("created the StateBox of {release}: {page}");
            let warnings = announce(context, release, journal.as_ref(), &intent, false).await?;
            Ok(Created { outcome: TaskOutcome::Pass, written: !context.is_dry_run(), warnings })
        }
        Initialised::AlreadyExists => {
            journal.close(&intent.id, "somebody else created it").await?;
            Ok(unchanged(release, Vec::new()))
        }
    }
}

/// The intent to tell about the new StateBox; the same id on every host.
fn announcement(release: &ReleaseVersion, page: &str) -> Intent {
    Intent {
        id: IntentId::derive(&[&release.to_string(), COMMAND, "announce"]),
        kind: "slack.post_message".to_owned(),
        target: "release leads".to_owned(),
        body_digest: body_digest(page.as_bytes()),
        note: format!("tell that {release} has a StateBox"),
    }
}

fn unchanged(release: &ReleaseVersion, warnings: Vec<String>) -> Created {
    let reason = format!("{release} has a StateBox already");
    Created { outcome: TaskOutcome::Unchanged { reason }, written: false, warnings }
}

/// Tells the release leads what an earlier run was ended before it told them.
///
/// Nobody but this machine's journal is asked when there is nothing to tell. The StateBox must exist.
pub async fn finish(context: &Context, release: &ReleaseVersion) -> Result<Created, OperatorError> {
    let _turn = Turn::take(context, release, Task::CreateTestReport).await?;
    let journal = context.journal(release)?;
    let intent = announcement(release, &context.links.statebox(release));
    finish_earlier_run(context, release, journal.as_ref(), &intent).await
}

/// A run that created the file and was ended before it could tell left its intent open.
async fn finish_earlier_run(
    context: &Context,
    release: &ReleaseVersion,
    journal: &dyn IntentJournal,
    intent: &Intent,
) -> Result<Created, OperatorError> {
    match journal.look(&intent.id).await? {
        OpenState::New | OpenState::Done { .. } => Ok(unchanged(release, Vec::new())),
        OpenState::Pending { since } => {
            tracing::info!("an earlier run of {since} was ended before it told the release leads");
            let warnings = announce(context, release, journal, intent, true).await?;
            Ok(Created { outcome: TaskOutcome::Pass, written: false, warnings })
        }
    }
}

/// The page of the release's report from before StateBoxes, if it has one: then it is tracked there,
/// and a second record would divide it (spec 01 §10.6).
async fn legacy_report(
    context: &Context,
    release: &ReleaseVersion,
) -> Result<Option<String>, OperatorError> {
    match context.legacy_reports.find(release).await? {
        LegacyReport::None => Ok(None),
        LegacyReport::NotLookedUp => {
            tracing::warn!("GCP_SA_FILE is not set: taking it that {release} has no legacy report");
            Ok(None)
        }
        LegacyReport::Found { url } => Ok(Some(url)),
    }
}

/// The content of the new StateBox, from ART's build data.
async fn initial_state(
    context: &Context,
    release: &ReleaseVersion,
) -> Result<InitialState, OperatorError> {
    let data = context.build_data.release(release).await?;
    let id = |(kind, id): &(String, u64)| Some((kind.clone(), i64::try_from(*id).ok()?));
    Ok(InitialState {
        release: release.clone(),
        jira_ticket: data.jira_ticket.clone(),
        advisory_ids: data.advisories.iter().filter_map(id).collect(),
        release_date: data.release_date().map_err(std::sync::Arc::new)?,
        candidate_builds: data.candidate_builds.clone(),
        shipment_mr: data.flow.merge_request().map(ToString::to_string),
    })
}

/// Posts the message and closes the intent; a failure is a warning and leaves the intent open, so
/// that the next run tries again. `look_first`: an earlier run may have posted already.
async fn announce(
    context: &Context,
    release: &ReleaseVersion,
    journal: &dyn IntentJournal,
    intent: &Intent,
    look_first: bool,
) -> Result<Vec<String>, OperatorError> {
    let mut warnings = Vec::new();
    let messenger = match &context.messenger {
        Ok(messenger) => messenger,
        Err(why) => {
            tracing::warn!("nobody was told: {why}");
            warnings.push(format!("nobody was told: {why}"));
            journal.close(&intent.id, "no messenger").await?;
            return Ok(warnings);
        }
    };
    match tell(context, messenger, release, intent, look_first, &mut warnings).await {
        Ok(receipt) => journal.close(&intent.id, &receipt).await?,
        Err(error) => {
            let why = context.masker.mask(&error_chain(&error)).into_owned();
            tracing::warn!("the release leads were not told: {why}");
            warnings.push(format!("the release leads were not told: {why}"));
        }
    }
    Ok(warnings)
}

/// Posts the message unless it is in the channel; answers its time stamp.
async fn tell(
    context: &Context,
    messenger: &Messenger,
    release: &ReleaseVersion,
    intent: &Intent,
    look_first: bool,
    warnings: &mut Vec<String>,
) -> Result<String, SlackError> {
    let channel = &messenger.release_channel;
    let found = if look_first {
        messenger.read.find_post(channel, None, intent.id.as_str()).await?
    } else {
        None
    };
    if let Some(posted) = found {
        tracing::info!("the release leads had been told");
        return Ok(posted.ts);
    }
    let (handle, warning) = context.people.lead_group(release);
    if let Some(warning) = warning {
        tracing::warn!("{warning}");
        warnings.push(warning);
    }
    let mention = match &handle {
        Some(handle) => mention(messenger, handle, warnings).await,
        None => String::new(),
    };
    let link = oar_slack::text::link(&context.links.statebox(release), "StateBox");
    let text =
        format!("[{release}] {mention} {link} of {release} is ready: the release can start.");
    let mut message = Message::new(channel, text);
    message.intent = Some(intent.id.to_string());
    let posted = messenger.write.post(&message).await?;
    tracing::info!("told the release leads in {channel}");
    Ok(posted.ts)
}
