//! A repository in memory, for tests: it can be told to fail and to be changed by others.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::blob::blob_id;
use crate::error::RepoError;
use crate::pause::Pause;
use crate::port::{
    Change, Commit, Committed, Entry, Expected, FILE_LIMIT, RepoPath, StateRepo, StoredFile,
};

/// What happens instead of, or before, the next commit.
#[derive(Debug)]
enum Plan {
    Fail(RepoError),
    /// The commit is made, its answer is lost.
    LoseReply,
    /// Another writer puts this text first.
    Interfere(String, String),
}

#[derive(Debug, Default)]
struct World {
    files: BTreeMap<String, StoredFile>,
    commits: Vec<Commit>,
    reads: usize,
    read_failures: VecDeque<RepoError>,
    commit_plans: VecDeque<Plan>,
}

/// A repository in memory.
#[derive(Debug, Default)]
pub struct MemoryRepo(Mutex<World>);

impl MemoryRepo {
    /// An empty repository.
    pub fn new() -> Self {
        Self::default()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a file there without a commit, as another writer would.
    pub fn put(&self, path: &str, text: &str) {
        self.world().files.insert(path.to_owned(), stored(text.as_bytes()));
    }

    /// The text of a file.
    pub fn text(&self, path: &str) -> Option<String> {
        let content = self.world().files.get(path)?.content.clone();
        Some(String::from_utf8(content).expect("tests store text"))
    }

    /// All commits that were made through the port.
    pub fn commits(&self) -> Vec<Commit> {
        self.world().commits.clone()
    }

    /// How many reads there were; each asked file counts.
    pub fn reads(&self) -> usize {
        self.world().reads
    }

    /// The next read fails.
    pub fn fail_read(&self, error: RepoError) {
        self.world().read_failures.push_back(error);
    }

    /// The next commit that has no other plan fails and changes nothing.
    pub fn fail_commit(&self, error: RepoError) {
        self.world().commit_plans.push_back(Plan::Fail(error));
    }

    /// The next commit that has no other plan is made, but its answer is lost.
    pub fn lose_reply(&self) {
        self.world().commit_plans.push_back(Plan::LoseReply);
    }

    /// Before the next commit that has no other plan, another writer puts this text at `path`.
    pub fn interfere(&self, path: &str, text: &str) {
        self.world().commit_plans.push_back(Plan::Interfere(path.to_owned(), text.to_owned()));
    }
}

fn stored(content: &[u8]) -> StoredFile {
    StoredFile { version: blob_id(content), content: content.to_vec() }
}

impl World {
    fn read(&mut self, path: &RepoPath) -> Result<Option<StoredFile>, RepoError> {
        self.reads += 1;
        if let Some(error) = self.read_failures.pop_front() {
            return Err(error);
        }
        let file = self.files.get(path.as_str());
        if file.is_some_and(|file| file.content.len() as u64 > FILE_LIMIT) {
            return Err(RepoError::TooLarge { path: path.to_string(), limit: FILE_LIMIT });
        }
        Ok(file.cloned())
    }

    fn check(&self, change: &Change) -> Result<(), RepoError> {
        let path = change.path.to_string();
        match (&change.expected, self.files.get(change.path.as_str())) {
            (Expected::Absent, Some(_)) => Err(RepoError::AlreadyExists { path }),
            (Expected::Version(version), Some(now)) if *version == now.version => Ok(()),
            (Expected::Absent, None) => Ok(()),
            (Expected::Version(_), _) => Err(RepoError::Conflict { path }),
        }
    }
}

#[async_trait]
impl StateRepo for MemoryRepo {
    async fn read(&self, path: &RepoPath) -> Result<Option<StoredFile>, RepoError> {
        self.world().read(path)
    }

    async fn list(&self, folder: &RepoPath) -> Result<Vec<Entry>, RepoError> {
        let inside = format!("{folder}/");
        let world = self.world();
        let below = world.files.iter().filter(|(path, _)| path.starts_with(&inside));
        below
            .map(|(path, file)| {
                Ok(Entry { path: RepoPath::new(path.clone())?, version: file.version.clone() })
            })
            .collect()
    }

    async fn read_many(
        &self,
        paths: &[RepoPath],
    ) -> Result<Vec<(RepoPath, StoredFile)>, RepoError> {
        let mut world = self.world();
        let mut found = Vec::new();
        for path in paths {
            found.extend(world.read(path)?.map(|file| (path.clone(), file)));
        }
        Ok(found)
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, RepoError> {
        let mut world = self.world();
        let plan = world.commit_plans.pop_front();
        let lost = matches!(plan, Some(Plan::LoseReply));
        match plan {
            Some(Plan::Fail(error)) => return Err(error),
            Some(Plan::Interfere(path, text)) => {
                world.files.insert(path, stored(text.as_bytes()));
            }
            Some(Plan::LoseReply) | None => {}
        }
        commit.changes.iter().try_for_each(|change| world.check(change))?;
        let mut versions = Vec::with_capacity(commit.changes.len());
        for Change { path, content, .. } in &commit.changes {
            let file = content.as_deref().map(stored);
            versions.push(file.as_ref().map(|file| file.version.clone()));
            match file {
                Some(file) => world.files.insert(path.to_string(), file),
                None => world.files.remove(path.as_str()),
            };
        }
        world.commits.push(commit.clone());
        if lost {
            let source = "the connection broke".into();
            return Err(RepoError::Unknown { location: self.location(), source });
        }
        Ok(Committed { versions })
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }
}

/// Notes how long it was asked to wait and does not wait.
#[derive(Debug, Default)]
pub struct RecordedPause(Mutex<Vec<Duration>>);

impl RecordedPause {
    /// The waits so far.
    pub fn waits(&self) -> Vec<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Pause for RecordedPause {
    async fn pause(&self, duration: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(duration);
    }
}
