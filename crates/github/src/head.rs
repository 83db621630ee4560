//! The head of the branch and some of its files, in one query: what a commit has to build on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures_util::future::try_join_all;
use http::Method;
use oar_state_repo::{FileVersion, RepoError, RepoPath, StateRepo as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::name::RepoName;
use crate::operations::GRAPHQL;
use crate::repo::GitHubRepo;
use crate::request::alias;
use crate::types::GraphqlProblem;

/// Files per query; each is one entry of a tree, without its content.
const FILES_PER_QUERY: usize = 100;

/// The branch at one moment.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) commit: String,
    /// The asked files as they are in that commit; `None` for one that is not there.
    pub(crate) files: BTreeMap<RepoPath, Option<FileVersion>>,
}

impl GitHubRepo {
    /// The head and what it has at `paths`, all of one commit.
    pub(crate) async fn head_with(&self, paths: &[RepoPath]) -> Result<Head, RepoError> {
        let parts = paths.chunks(FILES_PER_QUERY).map(|part| self.ask_head(part));
        let mut parts = try_join_all(parts).await?.into_iter();
        let mut head = match parts.next() {
            Some(head) => head,
            None => self.ask_head(&[]).await?,
        };
        for part in parts {
            if part.commit != head.commit {
                return Err(self.branch_moved());
            }
            head.files.extend(part.files);
        }
        self.saw_branch();
        let seen = head.files.iter().map(|(path, version)| (path.clone(), version.clone()));
        self.seen().learn(head.commit.clone(), seen);
        Ok(head)
    }

    async fn ask_head(&self, paths: &[RepoPath]) -> Result<Head, RepoError> {
        let body = head_query(&self.repo, &self.branch, paths);
        let reply = self.github.send(GRAPHQL, Method::POST, "/graphql", &body).await;
        let answer: Answer =
            reply.and_then(|reply| Ok(reply.json()?)).map_err(|error| self.failed_branch(error))?;
        // Half an answer is none: a file that failed must not look absent.
        if let Some(problem) = answer.errors.iter().find(|problem| !problem.is("NOT_FOUND")) {
            tracing::debug!("no head: {}", problem.message);
            return Err(self.no_repository(&answer.errors));
        }
        let repository = answer.data.and_then(|data| data.repository);
        let Some(target) = repository.and_then(|found| found.head).and_then(|head| head.target)
        else {
            return Err(RepoError::NotAccessible { location: self.location() });
        };
        let Some(mut entries) = target.entries() else {
            return Err(self.malformed("the branch does not point to a commit"));
        };
        let file = |(number, path): (usize, &RepoPath)| {
            (path.clone(), entries.remove(&alias(number)).map(FileVersion))
        };
        let files = paths.iter().enumerate().map(file).collect();
        Ok(Head { commit: target.oid, files })
    }

    pub(crate) fn branch_moved(&self) -> RepoError {
        RepoError::Conflict { path: format!("branch {}", self.branch) }
    }
}

/// `POST /graphql` for the head of `branch` and its entries at `paths`. The entries are fields of the
/// commit that the branch points to, so head and files are of one moment, whatever happens meanwhile.
fn head_query(repo: &RepoName, branch: &str, paths: &[RepoPath]) -> Value {
    let mut head = String::from("query($owner:String!,$name:String!,$ref:String!");
    let mut fields = String::new();
    let mut variables = Map::new();
    variables.insert("owner".to_owned(), json!(repo.owner()));
    variables.insert("name".to_owned(), json!(repo.name()));
    variables.insert("ref".to_owned(), json!(format!("refs/heads/{branch}")));
    for (number, path) in paths.iter().enumerate() {
        write!(head, ",$p{number}:String!").expect("writing to a string cannot fail");
        write!(fields, " {}:file(path:$p{number}){{oid}}", alias(number))
            .expect("writing to a string cannot fail");
        variables.insert(format!("p{number}"), json!(path.as_str()));
    }
    let commit = format!("... on Commit{{__typename{fields}}}");
    let query = format!(
        "{head}){{repository(owner:$owner,name:$name){{\
         head:ref(qualifiedName:$ref){{target{{oid {commit}}}}}}}}}"
    );
    json!({ "query": query, "variables": variables })
}

#[derive(Debug, Deserialize)]
struct Answer {
    data: Option<Data>,
    #[serde(default)]
    errors: Vec<GraphqlProblem>,
}

#[derive(Debug, Deserialize)]
struct Data {
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    head: Option<Reference>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reference {
    pub(crate) target: Option<Target>,
}

/// What a branch points to: its id, and the asked entries of its tree.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) oid: String,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Target {
    /// The id of the entry that was asked for under `alias`, if it is there.
    pub(crate) fn entry(&self, alias: &str) -> Option<&str> {
        self.rest.get(alias)?.get("oid")?.as_str()
    }

    /// The ids of the entries that are there, by alias; `None` if it is no commit.
    fn entries(&self) -> Option<BTreeMap<String, String>> {
        if self.rest.get("__typename")? != "Commit" {
            return None;
        }
        let entry = |alias: &String| Some((alias.clone(), self.entry(alias)?.to_owned()));
        Some(self.rest.keys().filter_map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_and_its_files_are_one_query_with_variables() {
        let path = RepoPath::new("a\"){evil}").unwrap();
        let body = head_query(&"o/r".parse().unwrap(), "z", &[path]);
        assert_eq!(body["variables"]["ref"], "refs/heads/z");
        assert_eq!(body["variables"]["p0"], "a\"){evil}");
        assert_eq!(
            body["query"],
            "query($owner:String!,$name:String!,$ref:String!,$p0:String!)\
             {repository(owner:$owner,name:$name){head:ref(qualifiedName:$ref)\
             {target{oid ... on Commit{__typename f0:file(path:$p0){oid}}}}}}"
        );
    }
}
