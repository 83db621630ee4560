//! Tells a channel about rejected builds, each rejection once (spec 04 §15.1).

mod list;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use oar_prow_jobs::result_file::{BuildVerdict, RecordedJob, ResultFile};
use oar_prow_jobs::verdict::{JobVerdict, judge_job};
use oar_prow_jobs::{JobSpec, ResultName, StreamKind};
use oar_release::{Arch, BuildName, ErrorClass};
use oar_slack::text::escape;
use oar_slack::{Message, SlackError, SlackRead, SlackWrite};
use oar_state_repo::{FileVersion, RepoError};
use oar_transport::journal::body_digest;
use serde::Serialize;

use self::list::{Notified, NotifiedList};
use super::store::Records;
use super::{Desk, Problem};
use crate::dry_run::Change;
use crate::error::{Classed, OperatorError};

/// What to look for, and whom to tell.
pub struct Options {
    /// The repository, for links: `owner/name`.
    pub repo: String,
    /// The branch, for links.
    pub branch: String,
    /// The folder of the files.
    pub folder: String,
    /// The channel.
    pub channel: String,
    /// The file that remembers who was told what.
    pub list: PathBuf,
    /// Messages of the first run, when nothing is remembered yet.
    pub limit: usize,
    /// Only builds of this kind.
    pub kind: Option<StreamKind>,
    /// Looks for messages that were sent before.
    pub slack_read: Arc<dyn SlackRead>,
    /// Sends messages; a recorder in a dry run.
    pub slack_write: Arc<dyn SlackWrite>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// A rejected build that the channel was told about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The build.
    pub build: BuildName,
    /// The architecture.
    pub arch: Arch,
    /// The text.
    pub text: String,
}

/// What the checker did.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// `oar.result-checker/1`.
    pub schema: &'static str,
    /// Result files looked at.
    pub files: usize,
    /// Messages that were sent.
    pub told: Vec<Told>,
    /// Rejections from before the first run, which nobody is told about.
    pub marked_as_seen: usize,
    /// What went wrong.
    pub problems: Vec<Problem>,
    /// What a dry run would have changed.
    pub planned_changes: Vec<Change>,
}

impl Classed for SlackError {
    fn class_of(&self) -> ErrorClass {
        self.class()
    }
}

impl Classed for std::io::Error {
    fn class_of(&self) -> ErrorClass {
        ErrorClass::NotConfigured
    }
}

struct Rejected {
    name: ResultName,
    file_name: String,
    version: FileVersion,
    file: ResultFile,
}

/// One look at all result files.
pub async fn run(desk: &Desk, options: &Options) -> Result<Checked, OperatorError> {
    let mut list = NotifiedList::open(&options.list)
        .map_err(|source| OperatorError::LocalFile { path: options.list.clone(), source })?;
    let (rejected, files, mut problems) = rejected(desk, options).await?;
    let is_new = |found: &Rejected| !list.has(&found.file_name, &found.version);
    let mut new: Vec<Rejected> = rejected.into_iter().filter(is_new).collect();
    // The newest first: on the first run the others are old news.
    new.sort_by(|a, b| b.name.cmp(&a.name));
    let seen = if list.is_first { new.split_off(new.len().min(options.limit)) } else { Vec::new() };
    let is_dry = desk.recorder.is_some();
    let mut told = Vec::new();
    for found in &new {
        let text = text(options, found);
        match tell(options, found, &text).await {
            Ok(()) => {
                list.add(line(desk, found));
                told.push(Told { build: found.name.build.clone(), arch: found.name.arch, text });
            }
            Err(error) => problems.push(desk.problem(&found.file_name, &error)),
        }
        if let Err(error) = list.save(is_dry) {
            problems.push(desk.problem(&options.list.display().to_string(), &error));
            break;
        }
    }
    // What was not told on the first run must not become news on the second.
    for found in &seen {
        list.add(line(desk, found));
    }
    if let Err(error) = list.save(is_dry) {
        problems.push(desk.problem(&options.list.display().to_string(), &error));
    }
    Ok(Checked {
        schema: "oar.result-checker/1",
        files,
        told,
        marked_as_seen: seen.len(),
        problems,
        planned_changes: desk.planned_changes(),
    })
}

async fn rejected(
    desk: &Desk,
    options: &Options,
) -> Result<(Vec<Rejected>, usize, Vec<Problem>), RepoError> {
    let records = Records::read_in(desk, &options.folder).await?;
    let (mut rejected, mut files, mut problems) = (Vec::new(), 0, Vec::new());
    for (path, stored) in records.all() {
        let Some(name) = ResultName::of_path(path) else { continue };
        if options.kind.is_some_and(|kind| kind != StreamKind::of(&name.build)) {
            continue;
        }
        files += 1;
        match ResultFile::parse(&stored.content) {
            Ok(file) if file.verdict() == BuildVerdict::Rejected => {
                let file_name = path.rsplit('/').next().unwrap_or(path).to_owned();
                let version = stored.version.clone();
                rejected.push(Rejected { name, file_name, version, file });
            }
            Ok(_) => {}
            Err(error) => problems.push(desk.problem(path, &error)),
        }
    }
    Ok((rejected, files, problems))
}

/// Sends the message, unless the channel has it: the last run may have ended before it wrote that
/// down.
async fn tell(options: &Options, found: &Rejected, text: &str) -> Result<(), SlackError> {
    let intent =
        body_digest(format!("rejected {} {}", found.file_name, found.version.0).as_bytes());
    match options.slack_read.find_post(&options.channel, None, &intent).await {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => {}
        // Without the right to read the channel it is written to all the same.
        Err(error) => tracing::debug!("the channel cannot be searched: {error}"),
    }
    let message = Message { intent: Some(intent), ..Message::new(&options.channel, text) };
    options.slack_write.post(&message).await.map(drop)
}

fn line(desk: &Desk, found: &Rejected) -> Notified {
    Notified {
        release: found.name.build.y_stream().to_string(),
        file: found.file_name.clone(),
        at: desk.clock.now().as_second().to_string(),
        version: Some(found.version.0.clone()),
    }
}

/// Slack's markup.
fn text(options: &Options, found: &Rejected) -> String {
    let Options { repo, branch, folder, .. } = options;
    let file = &found.file_name;
    let link = format!("https://github.com/{repo}/blob/{branch}/{folder}/{file}");
    let jobs = found.file.jobs();
    let passed = |job: &&RecordedJob| verdict(job) == JobVerdict::Success;
    let mut text = format!(
        "Rejected build detected: *{}* ({}), {} of {} jobs passed, see <{link}|{file}>",
        escape(&found.name.build.to_string()),
        found.name.arch,
        jobs.iter().filter(passed).count(),
        jobs.len(),
    );
    for job in jobs.iter().filter(|job| !passed(job)) {
        let runs = job.runs().count();
        let good = job.runs().filter(|run| run.is_success()).count();
        let name = escape(&job.job);
        // Writing to a String cannot fail.
        let _infallible = match job.runs().last().and_then(|run| run.url.as_deref()) {
            Some(url) => write!(text, "\n• <{url}|{name}>: {good} of {runs} runs passed"),
            None => write!(text, "\n• {name}: {good} of {runs} runs passed"),
        };
    }
    text.chars().take(oar_slack::text::LIMIT).collect()
}

/// A job of a decided build, by its own runs.
fn verdict(job: &RecordedJob) -> JobVerdict {
    judge_job(job, &JobSpec::new(&job.job), jiff::Timestamp::MAX).verdict
}
