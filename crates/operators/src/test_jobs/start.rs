//! Starting runs: each at most once, whatever happens (spec 04 §9, §10.3, §16).
//!
//! A claim is committed first. Its id is part of the attempt under which Gangway starts the run, so
//! a run that was started by a program that died is found by whoever finds the claim. The ids are
//! committed as soon as they are known. Somebody else's claim holds us back for 15 minutes.

mod parts;

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use oar_prow_jobs::result_file::Slot;
use oar_prow_jobs::verdict::CLAIM_VALID;
use oar_prow_jobs::{
    Build, Claim, Images, ProwError, RecordedJob, ResultFile, ResultName, RunId, RunOrder,
    StreamKind, image_variables, starts_from_stable,
};
use oar_release::ErrorClass;
use oar_state_repo::{Edit, FileEdit, FileNow, RepoPath, StoredFile};

use self::parts::StartError;
use super::Desk;
use super::store::{self, Records};

pub use self::parts::Started;
pub(super) use self::parts::{Outcome, Place, Want};

/// Runs that are started at the same time.
const AT_ONCE: usize = 4;

/// The build whose runs are started, and its file.
pub(super) struct Target<'a> {
    pub(super) command: &'static str,
    pub(super) name: &'a ResultName,
    /// The file as it was read; `None` when there is none yet.
    pub(super) stored: Option<StoredFile>,
    /// What the file is made from when there is none.
    pub(super) build: &'a Build,
    pub(super) records: &'a Records,
}

/// Starts `wants` and stores their ids.
pub(super) async fn start(desk: &Desk, target: Target<'_>, wants: Vec<Want>) -> Outcome {
    let mut outcome = Outcome { stored: target.stored.clone(), ..Outcome::default() };
    let path = match RepoPath::new(target.name.path()) {
        Ok(path) => path,
        Err(error) => {
            outcome.problems.push(desk.problem(&target.name.path(), &error));
            return outcome;
        }
    };
    let work = Work { desk, target, path };
    let claim = Claim { at: desk.clock.now(), by: desk.entropy.id() };
    let (adopted, wants) = work.look_for_lost(wants, &mut outcome).await;
    if wants.is_empty() && adopted.is_empty() && outcome.stored.is_some() {
        return outcome;
    }
    let Some(mine) = work.claim(&claim, &wants, &adopted, &mut outcome).await else {
        return outcome;
    };
    let results: Vec<(Want, Result<RunId, StartError>)> = futures_util::stream::iter(mine)
        .map(|want| async {
            let started = work.start_one(&want, &claim).await;
            (want, started)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    work.store(&claim, results, &mut outcome).await;
    outcome
}

struct Work<'a> {
    desk: &'a Desk,
    target: Target<'a>,
    path: RepoPath,
}

impl Work<'_> {
    fn subject(&self, want: &Want) -> String {
        format!("{} {}", self.target.name.build, want.spec.job)
    }

    /// Old claims first: what was started under them is adopted. Fresh ones hold us back.
    async fn look_for_lost(
        &self,
        wants: Vec<Want>,
        outcome: &mut Outcome,
    ) -> (Vec<(Want, RunId)>, Vec<Want>) {
        let stored = self.target.stored.as_ref();
        let file = stored.and_then(|stored| ResultFile::parse(&stored.content).ok());
        let (mut adopted, mut open) = (Vec::new(), Vec::new());
        let jobs = file.as_ref().map(ResultFile::jobs).unwrap_or_default();
        let mut known: Vec<String> =
            jobs.iter().flat_map(RecordedJob::runs).map(|run| run.id.clone()).collect();
        for want in wants {
            let Some(claim) = file.as_ref().and_then(|file| claim_at(file, want.claimed_at()))
            else {
                open.push(want);
                continue;
            };
            if is_fresh(&claim, self.desk.clock.now()) {
                tracing::info!("{}: somebody else is starting it", self.subject(&want));
                outcome.held_back = true;
                continue;
            }
            match self.find_lost(&want, &claim.by, &known).await {
                Ok(Some(id)) => {
                    tracing::warn!(id = %id, "{}: a lost run was found", self.subject(&want));
                    known.push(id.to_string());
                    adopted.push((want, id));
                }
                Ok(None) => open.push(want),
                // Unknown is no permission to start it again.
                Err(error) => {
                    outcome.held_back = true;
                    outcome.problems.push(self.desk.problem(&self.subject(&want), &error));
                }
            }
        }
        (adopted, open)
    }

    /// The run that was started for `want` under the lost claim `by`. A retry whose run the file has
    /// already is not it: when an earlier one is lost, a later one is stored in its place.
    async fn find_lost(
        &self,
        want: &Want,
        by: &str,
        known: &[String],
    ) -> Result<Option<RunId>, ProwError> {
        let is_retry = matches!(want.place, Place::Retry(_));
        for attempt in want.attempts(by) {
            let found = self.desk.prow.read.find_attempt(&want.spec.job, &attempt).await?;
            let id = found.and_then(|run| run.id);
            let id = id.filter(|id| !is_retry || known.iter().all(|known| known != id.as_str()));
            if id.is_some() {
                return Ok(id);
            }
        }
        Ok(None)
    }

    /// Commits the claim, creating the file if there is none; answers what may be started under it.
    async fn claim(
        &self,
        claim: &Claim,
        wants: &[Want],
        adopted: &[(Want, RunId)],
        outcome: &mut Outcome,
    ) -> Option<Vec<Want>> {
        let now = self.desk.clock.now();
        let decide = |before: Option<&StoredFile>| {
            let mut file = match before.map(|stored| ResultFile::parse(&stored.content)) {
                None => ResultFile::new(self.target.build),
                Some(Ok(file)) => file,
                Some(Err(_)) => return Edit::Keep,
            };
            for (want, id) in adopted {
                add(&mut file, want, id, now);
                let old = claim_at(&file, want.claimed_at()).filter(|held| !is_fresh(held, now));
                if let Some(old) = old {
                    file.unclaim(want.claimed_at(), &old.by);
                }
            }
            for want in wants {
                let held = claim_at(&file, want.claimed_at());
                let is_free = held.is_none_or(|held| held.by == claim.by || !is_fresh(&held, now));
                if is_free && is_wanted(&file, want) {
                    file.claim(want.claimed_at(), claim);
                }
            }
            Edit::Write(file.text().into_bytes())
        };
        let edit = FileEdit {
            path: self.path.clone(),
            before: self.target.stored.clone(),
            decide: Box::new(decide),
        };
        let subject = format!("Start tests of {}", self.target.name.build);
        let details: Vec<String> = wants.iter().map(|want| want.spec.job.clone()).collect();
        let file = self.commit(subject, &details, edit, outcome).await?;
        outcome.started.extend(adopted.iter().map(|(want, id)| started(want, id, true)));
        let is_mine = |want: &&Want| {
            claim_at(&file, want.claimed_at()).is_some_and(|held| held.by == claim.by)
                && is_wanted(&file, want)
        };
        let mine: Vec<Want> = wants.iter().filter(is_mine).cloned().collect();
        outcome.held_back |= mine.len() < wants.len();
        Some(mine)
    }

    async fn start_one(&self, want: &Want, claim: &Claim) -> Result<RunId, StartError> {
        let order = self.order(want, &want.attempt(&claim.by)).await?;
        let started = self.desk.prow.write.start(&order).await?;
        tracing::info!(id = %started.id, "{}: started", self.subject(want));
        Ok(started.id)
    }

    async fn order(&self, want: &Want, attempt: &str) -> Result<RunOrder, StartError> {
        let (build, desk) = (&self.target.name.build, self.desk);
        let pull_spec = self.target.build.pull_spec();
        let stream = build.y_stream();
        let from = if want.spec.upgrade
            && build.nightly().is_some()
            && starts_from_stable(&want.spec.job, stream)
        {
            let from = self.stable_pull_spec().await?;
            tracing::info!(from, to = pull_spec, "{}: upgrade", want.spec.job);
            Some(from)
        } else {
            None
        };
        let images = match &from {
            _ if !want.spec.upgrade => Images::Payload(pull_spec),
            from => Images::Upgrade { from: from.as_deref(), to: pull_spec },
        };
        let mut order = RunOrder::new(&want.spec.job, attempt)?;
        for (name, value) in image_variables(images, desk.arch, &desk.s390x_vars)? {
            order = order.env(&name, &value)?;
        }
        let number = match want.place {
            Place::First | Place::Anew => 0,
            Place::Retry(number) => number,
        };
        Ok(order
            .annotation("oar.openshift.io/build", &build.to_string())?
            .annotation("oar.openshift.io/arch", desk.arch.go_name())?
            .annotation("oar.openshift.io/retry", &number.to_string())?
            .annotation("oar.openshift.io/version", env!("CARGO_PKG_VERSION"))?)
    }

    /// The recorded stable build of the stream, else the newest one (spec 04 §9).
    async fn stable_pull_spec(&self) -> Result<String, StartError> {
        let stream = self.target.name.build.y_stream();
        match self.target.records.current(self.desk, stream, StreamKind::Stable) {
            Some(Ok(told)) => return Ok(told.build.pull_spec().to_owned()),
            Some(Err(problem)) => return Err(StartError::NoStable(problem)),
            None => {}
        }
        match self.desk.releases.latest_build(stream, StreamKind::Stable).await {
            Ok(Some(told)) => Ok(told.build.pull_spec().to_owned()),
            Ok(None) => Err(StartError::NoStable(format!("{stream} has none"))),
            Err(error) => Err(StartError::NoStable(crate::report::error_chain(&error))),
        }
    }

    /// Commits the ids. What cannot be stored is told in full: a person can put it in.
    async fn store(
        &self,
        claim: &Claim,
        results: Vec<(Want, Result<RunId, StartError>)>,
        outcome: &mut Outcome,
    ) {
        let at = self.desk.clock.now();
        let mut keep_claim = BTreeMap::new();
        let mut runs = Vec::new();
        for (want, result) in results {
            let place = want.claimed_at().map(str::to_owned);
            // A run that may exist is looked for under this claim later.
            let lost = result.as_ref().is_err_and(StartError::may_have_started);
            *keep_claim.entry(place).or_insert(false) |= lost;
            match result {
                Ok(id) => runs.push((want, id)),
                Err(error) => {
                    outcome.problems.push(self.desk.problem(&self.subject(&want), &error));
                }
            }
        }
        let decide = |before: Option<&StoredFile>| {
            let file = before.map(|stored| ResultFile::parse(&stored.content));
            let mut file = match file {
                Some(Ok(file)) => file,
                // Somebody removed the file meanwhile: the runs are worth more.
                None => ResultFile::new(self.target.build),
                Some(Err(_)) => return Edit::Keep,
            };
            let as_it_was = file.clone();
            for (want, id) in &runs {
                add(&mut file, want, id, at);
            }
            for (place, keep) in &keep_claim {
                if !keep {
                    file.unclaim(place.as_deref(), &claim.by);
                }
            }
            if file == as_it_was { Edit::Keep } else { Edit::Write(file.text().into_bytes()) }
        };
        let edit = FileEdit {
            path: self.path.clone(),
            before: outcome.stored.clone(),
            decide: Box::new(decide),
        };
        let subject = format!("Store {} runs of {}", runs.len(), self.target.name.build);
        let details: Vec<String> =
            runs.iter().map(|(want, id)| format!("{} {id}", want.spec.job)).collect();
        let stored = self.commit(subject, &details, edit, outcome).await.is_some();
        for (want, id) in &runs {
            if !stored {
                let told = format!("run {id} was started and could not be stored");
                let subject = self.subject(want);
                outcome.problems.push(self.desk.problem_of(&subject, ErrorClass::Conflict, &told));
            }
            outcome.started.push(started(want, id, false));
        }
    }

    async fn commit(
        &self,
        subject: String,
        details: &[String],
        edit: FileEdit<'_>,
        outcome: &mut Outcome,
    ) -> Option<ResultFile> {
        let command = self.target.command;
        let now = store::commit(self.desk, command, subject, details, vec![edit]).await;
        let stored = match now.map(|now| now.into_iter().next()) {
            Ok(Some(FileNow { file: Some(stored), .. })) => stored,
            Ok(_) => return None,
            Err(error) => {
                outcome.problems.push(self.desk.problem(self.path.as_str(), &error));
                return None;
            }
        };
        match ResultFile::parse(&stored.content) {
            Ok(file) => {
                outcome.stored = Some(stored);
                Some(file)
            }
            Err(error) => {
                outcome.problems.push(self.desk.problem(self.path.as_str(), &error));
                None
            }
        }
    }
}

fn started(want: &Want, id: &RunId, adopted: bool) -> Started {
    Started { job: want.spec.job.clone(), id: id.to_string(), adopted }
}

fn add(file: &mut ResultFile, want: &Want, id: &RunId, at: Timestamp) {
    match want.place {
        Place::First => file.add_run(&want.spec.job, Slot::First, id, at),
        Place::Retry(_) => file.add_run(&want.spec.job, Slot::Retry, id, at),
        Place::Anew => file.start_anew(&want.spec.job, id, at),
    }
    // A finished file with a new run is not finished.
    file.reopen();
}

/// Whether the run is still missing, now that somebody else may have written the file.
fn is_wanted(file: &ResultFile, want: &Want) -> bool {
    let job = file.jobs().into_iter().find(|job| job.job == want.spec.job);
    match want.place {
        Place::First => job.is_none(),
        Place::Retry(number) => {
            job.is_some_and(|job| u32::try_from(job.retries.len()).is_ok_and(|n| n < number))
        }
        Place::Anew => true,
    }
}

fn claim_at(file: &ResultFile, place: Option<&str>) -> Option<Claim> {
    match place {
        None => file.start_claim(),
        Some(job) => file.jobs().into_iter().find(|entry| entry.job == job)?.claim,
    }
}

fn is_fresh(claim: &Claim, now: Timestamp) -> bool {
    // A claim from the future is from a clock that is wrong: looked into like an old one.
    now.duration_since(claim.at).abs() < CLAIM_VALID
}
