//! Job definitions in `openshift/release`: which job a text means, which tests a component has.

use oar_state_repo::{RepoPath, StateRepo};
use oar_yaml::Document;
use serde::Serialize;

use super::JobError;

/// Where the periodic jobs of the tests are.
const PERIODICS: &str = "ci-operator/jobs/openshift/openshift-tests-private";
/// Jobs that are named when a text is ambiguous.
const EXAMPLES: usize = 5;

/// One test of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedJob {
    /// The file.
    pub file: String,
    /// The test.
    pub test: String,
}

/// The tests of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobList {
    /// The component.
    pub component: String,
    /// The branch that was read.
    pub branch: String,
    /// How many files define tests.
    pub files: usize,
    /// The tests.
    pub jobs: Vec<ListedJob>,
    /// Files that cannot be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// The periodic job that `text` means: a full name is taken as it is; any other text must be in the
/// name of exactly one job, or the first one is taken.
pub async fn find(repo: &dyn StateRepo, text: &str, first: bool) -> Result<String, JobError> {
    let text = text.trim();
    if text.starts_with("periodic-ci-") {
        return Ok(text.to_owned());
    }
    if text.is_empty() {
        return Err(JobError::Usage { problem: "the job's name is empty".to_owned() });
    }
    let files = read(repo, PERIODICS, |name| name.contains("periodics")).await?;
    let mut found = Vec::new();
    for (path, content) in &files {
        for name in
            names(content, "periodics", "name").map_err(|problem| malformed(path, problem))?
        {
            if name.contains(text) && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    match found.as_slice() {
        [] => Err(JobError::NoJob { text: text.to_owned() }),
        [one] => Ok(one.clone()),
        [one, ..] if first => Ok(one.clone()),
        _ => Err(JobError::Ambiguous {
            text: text.to_owned(),
            count: found.len(),
            examples: found.into_iter().take(EXAMPLES).collect(),
        }),
    }
}

/// The tests of `component` (`openshift/openshift-tests-private`) as `repo` defines them.
pub async fn list(
    repo: &dyn StateRepo,
    component: &str,
    branch: &str,
) -> Result<JobList, JobError> {
    let usual = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    if component.split('/').count() != 2 || !component.bytes().all(usual) {
        let problem = format!("{component:?} is no component such as openshift/hive");
        return Err(JobError::Usage { problem });
    }
    let files = read(repo, &format!("ci-operator/config/{component}"), |_| true).await?;
    let mut list = JobList {
        component: component.to_owned(),
        branch: branch.to_owned(),
        files: files.len(),
        jobs: Vec::new(),
        problems: Vec::new(),
    };
    for (path, content) in files {
        let file = path.rsplit('/').next().unwrap_or(&path).to_owned();
        match names(&content, "tests", "as") {
            Ok(names) => list
                .jobs
                .extend(names.into_iter().map(|test| ListedJob { file: file.clone(), test })),
            Err(problem) => list.problems.push(malformed(&path, problem).to_string()),
        }
    }
    if list.files == 0 {
        return Err(JobError::NoJob { text: component.to_owned() });
    }
    Ok(list)
}

fn malformed(path: &str, problem: String) -> JobError {
    JobError::Malformed { path: path.to_owned(), problem }
}

/// The YAML files directly in `folder` whose names are wanted, in order.
async fn read(
    repo: &dyn StateRepo,
    folder: &str,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<(String, Vec<u8>)>, JobError> {
    let folder = RepoPath::new(folder)?;
    let files = repo.list(&folder).await?.into_iter().map(|entry| entry.path);
    let is_wanted = |path: &RepoPath| {
        let name = path.as_str().strip_prefix(folder.as_str()).unwrap_or_default();
        let name = name.trim_start_matches('/');
        name.strip_suffix(".yaml").is_some() && !name.contains('/') && wanted(name)
    };
    let paths: Vec<RepoPath> = files.filter(is_wanted).collect();
    let found = repo.read_many(&paths).await?;
    Ok(found.into_iter().map(|(path, file)| (path.to_string(), file.content)).collect())
}

/// The texts `key` of the items of the list `list`.
fn names(content: &[u8], list: &str, key: &str) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(content).map_err(|error| error.to_string())?;
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let items = document.root().get(list).map(oar_yaml::Node::items).unwrap_or_default();
    let names = items.iter().filter_map(|item| item.value.get(key)?.text().map(str::to_owned));
    Ok(names.collect())
}

#[cfg(test)]
mod tests {
    use oar_state_repo::MemoryRepo;

    use super::*;

    fn repo() -> MemoryRepo {
        let repo = MemoryRepo::new();
        let base = "openshift-openshift-tests-private-release";
        repo.put(
            &format!("{PERIODICS}/{base}-4.99-periodics.yaml"),
            "periodics:\n- name: periodic-ci-x-4.99-aws-f7\n- name: periodic-ci-x-4.99-aws-f14\n",
        );
        repo.put(&format!("{PERIODICS}/{base}-4.99-presubmits.yaml"), "periodics:\n- name: no\n");
        repo.put("ci-operator/config/a/b/a-b-main.yaml", "tests:\n- as: unit\n- as: e2e\n");
        repo.put("ci-operator/config/a/b/a-b-old.yaml", "tests: [\n");
        repo.put("ci-operator/config/a/bc/other.yaml", "tests:\n- as: other\n");
        repo
    }

    #[tokio::test]
    async fn a_text_means_one_job_or_none() {
        let repo = repo();
        assert_eq!(find(&repo, " periodic-ci-any ", false).await.unwrap(), "periodic-ci-any");
        assert_eq!(find(&repo, "aws-f14", false).await.unwrap(), "periodic-ci-x-4.99-aws-f14");
        let error = find(&repo, "aws", false).await.unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("aws-f7"), "{error}");
        assert_eq!(find(&repo, "aws", true).await.unwrap(), "periodic-ci-x-4.99-aws-f7");
        assert!(matches!(find(&repo, "no", false).await.unwrap_err(), JobError::NoJob { .. }));
        assert!(find(&repo, " ", false).await.unwrap_err().is_usage());
    }

    #[tokio::test]
    async fn tests_of_one_component_are_listed_and_broken_files_told() {
        let found = list(&repo(), "a/b", "main").await.unwrap();
        let tests: Vec<_> = found.jobs.iter().map(|job| job.test.as_str()).collect();
        assert_eq!((found.files, tests), (2, vec!["unit", "e2e"]));
        assert_eq!(found.problems.len(), 1);
        for component in ["a", "a/../b", "a/b/c", "a b/c", ""] {
            assert!(list(&repo(), component, "main").await.is_err(), "{component}");
        }
    }
}
