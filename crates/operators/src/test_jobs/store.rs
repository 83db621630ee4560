//! Reading and writing the files of results, current builds and registries.

use std::collections::BTreeMap;
use std::path::PathBuf;

use oar_prow_jobs::result_file::MalformedResultFile;
use oar_prow_jobs::{
    FOLDER, JobRegistry, JobSpec, LatestName, MalformedRegistry, RegistryName, ResultFile,
    ResultName, StreamKind, ToldBuild,
};
use oar_release::{BuildName, ErrorClass, YStream};
use oar_state_repo::{
    BlobCache, Edit, FileEdit, FileNow, RepoError, RepoPath, StateRepo, StoredFile,
    read_folder_cached, update_files,
};

use super::{Desk, Problem};
use crate::error::Classed;

impl Classed for MalformedResultFile {
    fn class_of(&self) -> ErrorClass {
        ErrorClass::Undetermined
    }
}

impl Classed for MalformedRegistry {
    fn class_of(&self) -> ErrorClass {
        ErrorClass::NotConfigured
    }
}

/// A result file that is stored.
#[derive(Debug, Clone)]
pub(super) struct StoredResult {
    pub(super) name: ResultName,
    pub(super) path: RepoPath,
    pub(super) stored: StoredFile,
}

/// All files of the branch of records.
#[derive(Debug, Default)]
pub(super) struct Records(BTreeMap<String, StoredFile>);

impl Records {
    /// Reads the whole folder, as little of it as possible.
    pub(super) async fn read(desk: &Desk) -> Result<Self, RepoError> {
        Self::read_in(desk, FOLDER).await
    }

    /// The same from another folder.
    pub(super) async fn read_in(desk: &Desk, folder: &str) -> Result<Self, RepoError> {
        Ok(Self(read_folder(desk, &*desk.records, "records", folder).await?))
    }

    /// Every file, by path.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &StoredFile)> {
        self.0.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// The result files of the architecture, in the order of their names.
    pub(super) fn results(&self, desk: &Desk) -> Vec<StoredResult> {
        let result = |(path, stored): (&String, &StoredFile)| {
            let name = ResultName::of_path(path).filter(|name| name.arch == desk.arch)?;
            let path = RepoPath::new(path.clone()).ok()?;
            Some(StoredResult { name, path, stored: stored.clone() })
        };
        self.0.iter().filter_map(result).collect()
    }

    /// The file at `path`.
    pub(super) fn get(&self, path: &str) -> Option<&StoredFile> {
        self.0.get(path)
    }

    /// The last build seen of a stream.
    pub(super) fn current(
        &self,
        desk: &Desk,
        stream: YStream,
        kind: StreamKind,
    ) -> Option<Result<ToldBuild, String>> {
        let path = LatestName { stream, kind, arch: desk.arch }.path();
        let content = self.0.get(&path)?.content.clone();
        Some(ToldBuild::parse(content).map_err(|error| format!("{path}: {error}")))
    }
}

/// All registries of the architecture; `None` for one that cannot be read.
#[derive(Debug, Default)]
pub(super) struct Registries(BTreeMap<YStream, Option<JobRegistry>>);

impl Registries {
    /// Reads them; a malformed one is a problem, the others are there.
    pub(super) async fn read(desk: &Desk) -> Result<(Self, Vec<Problem>), RepoError> {
        let files = read_folder(desk, &*desk.registries, "registries", FOLDER).await?;
        let (mut registries, mut problems) = (Self::default(), Vec::new());
        for (path, stored) in files {
            let Some(name) = RegistryName::of_path(&path).filter(|name| name.arch == desk.arch)
            else {
                continue;
            };
            match JobRegistry::parse(&path, &stored.content) {
                Ok(registry) => {
                    registry.remarks.iter().for_each(|remark| tracing::warn!("{path}: {remark}"));
                    registries.0.insert(name.stream, Some(registry));
                }
                Err(error) => {
                    problems.push(desk.problem(&path, &error));
                    registries.0.insert(name.stream, None);
                }
            }
        }
        Ok((registries, problems))
    }

    /// The jobs for builds of a stream; `None` when the y-stream has no registry.
    pub(super) fn jobs(&self, stream: YStream, kind: StreamKind) -> Option<&[JobSpec]> {
        self.0.get(&stream)?.as_ref().map(|registry| registry.jobs(kind))
    }

    /// Whether the y-stream of `build` has a registry that cannot be read: which jobs it needs is not
    /// known then, which is not the same as no registry.
    pub(super) fn is_unreadable(&self, build: &BuildName) -> bool {
        self.0.get(&build.y_stream()).is_some_and(Option::is_none)
    }

    /// The jobs for one build.
    pub(super) fn of_build(&self, build: &BuildName) -> Option<&[JobSpec]> {
        self.jobs(build.y_stream(), StreamKind::of(build))
    }
}

async fn read_folder(
    desk: &Desk,
    repo: &dyn StateRepo,
    what: &str,
    folder: &str,
) -> Result<BTreeMap<String, StoredFile>, RepoError> {
    let mut cache = match cache_file(desk, repo, what) {
        Some(path) => BlobCache::open(&path),
        None => BlobCache::in_memory(),
    };
    let folder = RepoPath::new(folder)?;
    let files = read_folder_cached(repo, &folder, &mut cache).await?;
    Ok(files.into_iter().map(|(path, file)| (path.as_str().to_owned(), file)).collect())
}

/// One cache for each repository: its place is part of the name.
fn cache_file(desk: &Desk, repo: &dyn StateRepo, what: &str) -> Option<PathBuf> {
    let place = oar_state_repo::blob_id(repo.location().as_bytes()).0;
    Some(desk.cache.as_ref()?.join("prow-jobs").join(format!("{what}-{}.blobs", &place[..12])))
}

/// Changes one result file. `change` is a function of the freshest file and says whether to write;
/// a file that is not there or cannot be read stays as it is.
pub(super) fn result_edit<'d>(
    path: &RepoPath,
    before: Option<&StoredFile>,
    mut change: impl FnMut(&mut ResultFile) + Send + 'd,
) -> FileEdit<'d> {
    let decide = move |before: Option<&StoredFile>| {
        let Some(stored) = before else { return Edit::Keep };
        let Ok(mut file) = ResultFile::parse(&stored.content) else { return Edit::Keep };
        let as_it_was = file.clone();
        change(&mut file);
        // Only a changed content is written, never a changed layout.
        if file == as_it_was { Edit::Keep } else { Edit::Write(file.text().into_bytes()) }
    };
    FileEdit { path: path.clone(), before: before.cloned(), decide: Box::new(decide) }
}

/// Commits `edits` to the branch of records.
pub(super) async fn commit(
    desk: &Desk,
    command: &str,
    subject: String,
    details: &[String],
    edits: Vec<FileEdit<'_>>,
) -> Result<Vec<FileNow>, RepoError> {
    if edits.is_empty() {
        return Ok(Vec::new());
    }
    let message = desk.message(command, subject, details);
    oar_release::effect::point("test_jobs.commit.before");
    let now = update_files(&*desk.records, edits, &message, &desk.retry()).await?;
    oar_release::effect::point("test_jobs.commit.after");
    Ok(now)
}
