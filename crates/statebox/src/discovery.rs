//! Which releases there are (spec 01 §8.1, §8.2): announced ones from ART's tracking files, begun
//! ones from their StateBoxes, pre-releases included.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use oar_release::{Clock, ReleaseVersion, YStream};
use oar_state_repo::{Entry, FileVersion, RepoError, RepoPath, StateRepo};

use crate::error::StateBoxError;
use crate::model::StateBox;
use crate::tracking::{TrackedRelease, TrackingFile};

const FOLDER: &str = "_releases";

/// What the state repository holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// The y-streams, ascending.
    pub streams: Vec<Stream>,
    /// Every StateBox that could be read, by version ascending.
    pub states: Vec<Arc<StateBox>>,
    /// The releases still in work: today (UTC) is at most `keep_days` after the announced date.
    pub active: Vec<Arc<StateBox>>,
    /// Announced releases without a StateBox that are newer than every StateBox of their y-stream;
    /// of a y-stream without any StateBox only the newest.
    pub not_initialised: Vec<TrackedRelease>,
    /// Files that could not be read; they hide nothing else.
    pub broken: Vec<BrokenFile>,
}

/// A y-stream with a tracking file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Which one.
    pub stream: YStream,
    /// Its announced releases, ascending.
    pub tracked: Vec<TrackedRelease>,
}

impl Stream {
    /// The newest announced release.
    pub fn latest(&self) -> Option<&ReleaseVersion> {
        self.tracked.last().map(|tracked| &tracked.release)
    }
}

/// A file that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenFile {
    /// The file.
    pub path: String,
    /// Why, with field and line.
    pub problem: String,
}

impl Discovery {
    /// The y-stream's entry.
    pub fn stream(&self, stream: YStream) -> Option<&Stream> {
        self.streams.iter().find(|found| found.stream == stream)
    }
}

/// What a file of the releases folder is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Tracking(YStream),
    State(ReleaseVersion),
}

/// A file that was read before, good or bad.
#[derive(Debug, Clone)]
enum Content {
    Tracking(TrackingFile),
    State(Arc<StateBox>),
    Broken(String),
}

/// Discovers releases and remembers what it read: within the time to live nothing is asked at all,
/// after it only files whose content changed are read again.
#[derive(Debug)]
pub struct Discoverer {
    repo: Arc<dyn StateRepo>,
    clock: Arc<dyn Clock>,
    keep_days: i32,
    time_to_live: Duration,
    memory: tokio::sync::Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    files: HashMap<RepoPath, (FileVersion, Content)>,
    last: Option<(Timestamp, Discovery)>,
}

impl Discoverer {
    /// A discoverer over `repo`; releases stay active for `keep_days` days after their date, and an
    /// answer is good for a minute.
    pub fn new(repo: Arc<dyn StateRepo>, clock: Arc<dyn Clock>, keep_days: i32) -> Self {
        let time_to_live = Duration::from_mins(1);
        Self { repo, clock, keep_days, time_to_live, memory: tokio::sync::Mutex::default() }
    }

    /// The same discoverer with another time to live.
    #[must_use]
    pub fn with_time_to_live(self, time_to_live: Duration) -> Self {
        Self { time_to_live, ..self }
    }

    /// What the repository holds now, or held within the time to live.
    #[tracing::instrument(name = "statebox.discover", skip_all, err(level = "debug"))]
    pub async fn discover(&self) -> Result<Discovery, StateBoxError> {
        let now = self.clock.now();
        // Held across the requests: simultaneous callers share one look.
        let mut memory = self.memory.lock().await;
        if let Some((at, last)) = &memory.last {
            let age = Duration::try_from(now.duration_since(*at));
            if age.is_ok_and(|age| age < self.time_to_live) {
                return Ok(last.clone());
            }
        }
        let discovery = look(&*self.repo, now, self.keep_days, &mut memory.files).await?;
        memory.last = Some((now, discovery.clone()));
        Ok(discovery)
    }
}

/// What `repo` holds as of `now`; releases stay active for `keep_days` days after their date.
pub async fn discover(
    repo: &dyn StateRepo,
    now: Timestamp,
    keep_days: i32,
) -> Result<Discovery, StateBoxError> {
    look(repo, now, keep_days, &mut HashMap::new()).await
}

async fn look(
    repo: &dyn StateRepo,
    now: Timestamp,
    keep_days: i32,
    files: &mut HashMap<RepoPath, (FileVersion, Content)>,
) -> Result<Discovery, StateBoxError> {
    let failed = |source| StateBoxError::Repo { path: FOLDER.to_owned(), source };
    let folder = RepoPath::new(FOLDER).map_err(failed)?;
    let listed = repo.list(&folder).await.map_err(failed)?;
    let mut broken = Vec::new();
    let wanted: BTreeMap<RepoPath, (FileVersion, Kind)> = listed
        .into_iter()
        .filter_map(|Entry { path, version }| match kind_of(&path) {
            Ok(kind) => kind.map(|kind| (path, (version, kind))),
            Err(problem) => {
                broken.push(BrokenFile { path: path.to_string(), problem });
                None
            }
        })
        .collect();
    files.retain(|path, (known, _)| wanted.get(path).is_some_and(|(version, _)| version == known));
    let missing: Vec<RepoPath> =
        wanted.keys().filter(|path| !files.contains_key(path)).cloned().collect();
    read_new(repo, missing, &wanted, files, &mut broken).await.map_err(failed)?;
    Ok(sum_up(&wanted, files, broken, now, keep_days))
}

/// Reads files into `files`; one that the repository cannot serve is reported and left out.
async fn read_new(
    repo: &dyn StateRepo,
    mut missing: Vec<RepoPath>,
    wanted: &BTreeMap<RepoPath, (FileVersion, Kind)>,
    files: &mut HashMap<RepoPath, (FileVersion, Content)>,
    broken: &mut Vec<BrokenFile>,
) -> Result<(), RepoError> {
    // Each round without an answer has one file less.
    while !missing.is_empty() {
        match repo.read_many(&missing).await {
            Ok(read) => {
                for (path, file) in read {
                    if let Some((_, kind)) = wanted.get(&path) {
                        let content = parse(&path, kind, file.content);
                        files.insert(path, (file.version, content));
                    }
                }
                return Ok(());
            }
            Err(error @ RepoError::TooLarge { .. }) => {
                let RepoError::TooLarge { path, .. } = &error else { return Err(error) };
                let Some(at) = missing.iter().position(|asked| asked.as_str() == path) else {
                    return Err(error);
                };
                missing.remove(at);
                broken.push(BrokenFile { path: path.clone(), problem: error.to_string() });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What a file is by its path; `None` for files of no interest.
fn kind_of(path: &RepoPath) -> Result<Option<Kind>, String> {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    let (stream, rest) = match parts.as_slice() {
        [FOLDER, stream, rest @ ..] => (stream.parse::<YStream>(), rest),
        _ => return Ok(None),
    };
    // Folders that are no y-streams belong to someone else.
    let Ok(stream) = stream else { return Ok(None) };
    match rest {
        [name] if *name == format!("{stream}.z.yaml") => Ok(Some(Kind::Tracking(stream))),
        ["statebox", name] => {
            let Some(stem) = name.strip_suffix(".yaml") else { return Ok(None) };
            let release: ReleaseVersion = stem.parse().map_err(|error| format!("{error}"))?;
            if release.y_stream() == stream {
                Ok(Some(Kind::State(release)))
            } else {
                Err(format!("release {release} does not belong to {stream}"))
            }
        }
        _ => Ok(None),
    }
}

fn parse(path: &RepoPath, kind: &Kind, content: Vec<u8>) -> Content {
    let read = || -> Result<Content, String> {
        let text = String::from_utf8(content).map_err(|error| error.to_string())?;
        match kind {
            Kind::Tracking(_) => TrackingFile::parse(path.as_str(), &text)
                .map(Content::Tracking)
                .map_err(|error| error.to_string()),
            Kind::State(release) => {
                let state = StateBox::parse(path.as_str(), &text);
                let state = state.map_err(|error| error.to_string())?;
                if state.release == *release {
                    Ok(Content::State(Arc::new(state)))
                } else {
                    Err(format!("the file speaks of {}", state.release))
                }
            }
        }
    };
    read().unwrap_or_else(Content::Broken)
}

fn sum_up(
    wanted: &BTreeMap<RepoPath, (FileVersion, Kind)>,
    files: &HashMap<RepoPath, (FileVersion, Content)>,
    mut broken: Vec<BrokenFile>,
    now: Timestamp,
    keep_days: i32,
) -> Discovery {
    let (mut streams, mut states, mut begun) = (Vec::new(), Vec::new(), Vec::new());
    for (path, (_, kind)) in wanted {
        // A StateBox that cannot be read exists all the same.
        if let Kind::State(release) = kind {
            begun.push(release);
        }
        match (kind, files.get(path).map(|(_, content)| content)) {
            (Kind::Tracking(stream), Some(Content::Tracking(file))) => {
                broken.extend(file.skipped.iter().map(|problem| BrokenFile {
                    path: path.to_string(),
                    problem: problem.clone(),
                }));
                streams.push(Stream { stream: *stream, tracked: file.releases.clone() });
            }
            (_, Some(Content::State(state))) => states.push(Arc::clone(state)),
            (_, Some(Content::Broken(problem))) => {
                broken.push(BrokenFile { path: path.to_string(), problem: problem.clone() });
            }
            // Reported already, or deleted between listing and reading.
            _ => {}
        }
    }
    streams.sort_by_key(|stream| stream.stream);
    states.sort_by(|a, b| a.release.cmp(&b.release));
    let not_initialised = streams.iter().flat_map(|stream| uninitialised(stream, &begun)).collect();
    let active = states.iter().filter(|state| is_active(state, now, keep_days));
    let active = active.cloned().collect();
    Discovery { streams, states, active, not_initialised, broken }
}

fn uninitialised(stream: &Stream, begun: &[&ReleaseVersion]) -> Vec<TrackedRelease> {
    let own = begun.iter().filter(|release| release.y_stream() == stream.stream);
    match own.max() {
        Some(newest) => {
            let newer = stream.tracked.iter().filter(|tracked| tracked.release > **newest);
            newer.cloned().collect()
        }
        None => stream.tracked.last().cloned().into_iter().collect(),
    }
}

/// True while the release is in work; one without a readable date is not.
fn is_active(state: &StateBox, now: Timestamp, keep_days: i32) -> bool {
    let Some(date) = state.metadata.release_date() else {
        tracing::debug!(release = %state.release, "no readable release date, so not active");
        return false;
    };
    date.days_from(now) >= -keep_days
}

#[cfg(test)]
mod tests;
