//! Messages of a job: its end to the release leads and to the thread of whoever asked, each on its own
//! (spec 05 §3 N18, §3.1; 06 §3.6). Neither suppresses the other, and no failure changes an outcome.

use oar_release::ReleaseVersion;
use oar_release::time::stamp;
use oar_slack::Message;
use oar_slack::text::{escape, fenced, link, notification};
use oar_transport::journal::{Intent, IntentId, OpenState, body_digest};

use super::record::{JobRecord, JobStatus, Thread};
use crate::context::{Context, Messenger};
use crate::notify::{self, Audience, Notice};
use crate::report::error_chain;

/// Posts of one log (spec 05 §4.7).
const MOST: usize = 12;
/// Of a longer log: so many from its start, and `TAIL` from its end.
const HEAD: usize = 2;
/// See `HEAD`.
const TAIL: usize = 8;

/// The message about the end of a job; nobody is told about a job that a person stopped.
///
/// Its text depends on nothing but the job, so a repeated run finds that it is out.
pub(super) fn end(context: &Context, record: &JobRecord) -> Option<Notice> {
    let since = stamp(record.started_at);
    let conclusion = escape(record.conclusion.as_deref().unwrap_or_default());
    let text = match record.status {
        JobStatus::Done => {
            let links: Vec<String> = record
                .advisories
                .iter()
                .map(|one| {
                    let id = one.errata_id;
                    link(&context.links.advisory(id), &id.to_string())
                })
                .collect();
            let which =
                if links.is_empty() { String::new() } else { format!(": {}", links.join(", ")) };
            format!(
                "release approval is completed: the advisory's page is public and the advisories \
                 are in REL_PREP{which} (waited since {since})"
            )
        }
        JobStatus::Failed => {
            format!("release approval failed: {conclusion} (waited since {since})")
        }
        JobStatus::TimedOut => format!(
            "release approval timed out at {}: {conclusion} (waited since {since}). Run `oar -r {} \
             change-advisory-status` to start anew.",
            stamp(record.deadline),
            record.release
        ),
        JobStatus::Waiting | JobStatus::Applying | JobStatus::Cancelled => return None,
    };
    Some(notice("approval", text))
}

/// Five checks in a row brought nothing.
pub(super) fn trouble(record: &JobRecord) -> Notice {
    let since = record.trouble_since.map(stamp).unwrap_or_default();
    let what = record.last.as_ref().and_then(|check| check.error.as_deref()).unwrap_or_default();
    let text = format!(
        "the approval job cannot find out since {since} whether the advisory's page is public: {}. \
         It goes on trying.",
        escape(what)
    );
    notice("approval-trouble", text)
}

/// The checks work again.
pub(super) fn recovered(record: &JobRecord) -> Notice {
    let since = record.trouble_since.map(stamp).unwrap_or_default();
    notice("approval-trouble", format!("the approval job works again (it did not since {since})"))
}

/// There is no ticket.
pub(super) fn ticket(record: &JobRecord, problem: &str) -> Notice {
    let since = stamp(record.started_at);
    let text = format!(
        "the advisory's page is public, but the advisories cannot be moved without a Kerberos \
         ticket: {}. Renew it where the approval job runs (waiting since {since}); it goes on by \
         itself.",
        escape(problem)
    );
    notice("approval-ticket", text)
}

/// A security alert forbids it.
pub(super) fn alert(record: &JobRecord, problem: &str) -> Notice {
    let since = stamp(record.started_at);
    let text = format!(
        "the advisory's page is public, but a security alert blocks the approval: {} (waiting \
         since {since}). The approval job goes on when it is settled.",
        escape(problem)
    );
    notice("approval-alert", text)
}

/// The job's process had ended, and nobody looked for longer than two intervals (promise P14). The same
/// silence is told once.
pub(crate) fn silence(record: &JobRecord) -> Notice {
    let since = stamp(record.last.as_ref().map_or(record.started_at, |check| check.at));
    let text = format!(
        "the approval job did not look since {since}: its process had ended. It is started again and \
         waits until {}.",
        stamp(record.deadline)
    );
    notice("approval-silence", text)
}

/// Tells the release leads and remembers it; trouble is a line in the log.
pub(crate) async fn send(context: &Context, release: &ReleaseVersion, notice: Notice) {
    let told = notify::send(context, release, vec![notice]).await;
    for (kind, hash) in &told.sent {
        let who = context.who("notify");
        let kept = context.boxes.record_notification(release, kind, hash, &who).await;
        if let Err(error) = kept {
            tracing::warn!("the message is not remembered: {}", error_chain(&error));
        }
    }
}

const fn notice(kind: &'static str, text: String) -> Notice {
    Notice { kind, to: Audience::ReleaseLeads, text }
}

/// Posts the job's log, or `summary` when there is none, to the thread of whoever asked. Answers what
/// went wrong. A repeated run posts only what is missing.
pub(super) async fn thread(
    context: &Context,
    record: &JobRecord,
    thread: &Thread,
    summary: &str,
    log: &str,
) -> Vec<String> {
    let posts = posts(context, record, summary, log);
    let messenger = match &context.messenger {
        Ok(messenger) => messenger,
        Err(why) => return vec![format!("the thread was not told: {why}")],
    };
    let release = record.release.to_string();
    let intent = Intent {
        id: IntentId::derive(&[&release, "approval-thread", &record.id]),
        kind: "slack.post_message".to_owned(),
        target: thread.channel.clone(),
        // Not of the text: the log of a resumed job is another one, its end is the same.
        body_digest: body_digest(record.id.as_bytes()),
        note: format!("tell the thread about the approval of {release}"),
    };
    let journal = match context.journal(&record.release) {
        Ok(journal) => journal,
        Err(error) => return vec![format!("the thread was not told: {}", error_chain(&error))],
    };
    let look_first = match journal.open(&intent).await {
        Ok(OpenState::Done { .. }) => return Vec::new(),
        Ok(opened) => matches!(opened, OpenState::Pending { .. }),
        Err(error) => return vec![format!("the thread was not told: {}", error_chain(&error))],
    };
    let mut problems = Vec::new();
    for (number, text) in posts.into_iter().enumerate() {
        let id = format!("{}-{number}", intent.id);
        if let Err(problem) = post(messenger, thread, text, id, look_first).await {
            problems.push(format!("post {} to the thread: {problem}", number + 1));
        }
    }
    if problems.is_empty()
        && let Err(error) = journal.close(&intent.id, &thread.thread).await
    {
        problems.push(error_chain(&error));
    }
    problems
}

/// The texts for the thread: the log in fences, cut at line ends, masked; of a long one its start and
/// its end.
fn posts(context: &Context, record: &JobRecord, summary: &str, log: &str) -> Vec<String> {
    if log.trim().is_empty() {
        return notification(&format!("[{}]", record.release), summary);
    }
    let mut posts = fenced(&context.masker.mask(log));
    if posts.len() > MOST {
        let left_out = posts.len() - HEAD - TAIL;
        let tail = posts.split_off(posts.len() - TAIL);
        posts.truncate(HEAD);
        let place = record.log_path.as_deref().unwrap_or("the job's log");
        posts.push(format!("_{left_out} more posts are left out; see {}_", escape(place)));
        posts.extend(tail);
    }
    posts
}

async fn post(
    messenger: &Messenger,
    thread: &Thread,
    text: String,
    intent: String,
    look_first: bool,
) -> Result<(), String> {
    if look_first {
        let in_thread = Some(thread.thread.clone());
        let found = messenger.read.find_post(&thread.channel, in_thread, &intent).await;
        if found.map_err(|error| error_chain(&error))?.is_some() {
            return Ok(());
        }
    }
    let mut message = Message::new(&thread.channel, text);
    message.thread = Some(thread.thread.clone());
    message.intent = Some(intent);
    messenger.write.post(&message).await.map(drop).map_err(|error| error_chain(&error))
}
