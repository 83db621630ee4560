//! `createCommitOnBranch`: many files in one commit, if the branch points to the expected head.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Repo;
use super::graphql::{commit, select};
use super::query::Field;
use crate::answer::Answer;
use crate::world::World;

/// Why a commit is not made: GitHub's type of the error, if it has one, and its words.
struct Refused {
    kind: Option<&'static str>,
    message: String,
}

fn refused(kind: &'static str, message: impl Into<String>) -> Refused {
    Refused { kind: Some(kind), message: message.into() }
}

fn failed(alias: &str, refused: &Refused) -> Answer {
    let mut error = json!({ "path": [alias], "message": refused.message });
    if let Some(kind) = refused.kind {
        error["type"] = json!(kind);
    }
    Answer::json(200, &json!({ "data": { alias: null }, "errors": [error] }))
}

/// Answers a mutation; `createCommitOnBranch` is the only one.
pub(super) fn answer(world: &mut World, fields: &[Field]) -> Answer {
    let [field] = fields else {
        return invalid("one mutation at a time");
    };
    if field.name != "createCommitOnBranch" {
        return invalid(&format!("Field '{}' doesn't exist on type 'Mutation'", field.name));
    }
    let Some(input) = field.arguments.get("input").and_then(Input::read) else {
        return invalid(
            "Variable $input of type CreateCommitOnBranchInput! was provided invalid value",
        );
    };
    let Some(repo) = world.github.repos.get_mut(&input.repo) else {
        let message = format!("Could not resolve to a Repository with the name '{}'.", input.repo);
        return failed(&field.alias, &refused("NOT_FOUND", message));
    };
    let id = match input.commit(repo) {
        Ok(id) => id,
        Err(problem) => return failed(&field.alias, &problem),
    };
    let payload = select(&field.fields, |field| match field.name.as_str() {
        "commit" => Some(commit(repo, &id, &field.fields)),
        _ => None,
    });
    let data: Map<String, Value> = [(field.alias.clone(), payload)].into_iter().collect();
    world.record("github", "create-commit-on-branch", input.branch);
    Answer::json(200, &json!({ "data": data }))
}

/// What the schema refuses: nothing is executed, there is no data.
fn invalid(message: &str) -> Answer {
    let error =
        json!({ "message": message, "extensions": { "code": "argumentLiteralsIncompatible" } });
    Answer::json(200, &json!({ "errors": [error] }))
}

/// `CreateCommitOnBranchInput`.
struct Input {
    repo: String,
    branch: String,
    headline: String,
    body: String,
    expected_head: String,
    additions: Vec<(String, String)>,
    deletions: Vec<String>,
}

impl Input {
    fn read(input: &Value) -> Option<Self> {
        let text = |at: &str| input.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let list = |at: &str| input.pointer(at).and_then(Value::as_array).into_iter().flatten();
        let field = |of: &Value, name: &str| Some(of.get(name)?.as_str()?.to_owned());
        let branch = text("/branch/branchName")?;
        Some(Self {
            repo: text("/branch/repositoryNameWithOwner")?,
            branch: branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned(),
            headline: text("/message/headline")?,
            body: text("/message/body").unwrap_or_default(),
            expected_head: text("/expectedHeadOid")?,
            additions: list("/fileChanges/additions")
                .map(|file| Some((field(file, "path")?, field(file, "contents")?)))
                .collect::<Option<_>>()?,
            deletions: list("/fileChanges/deletions")
                .map(|file| field(file, "path"))
                .collect::<Option<_>>()?,
        })
    }

    /// All of it or nothing; answers the commit's id.
    fn commit(&self, repo: &mut Repo) -> Result<String, Refused> {
        let Some(head) = repo.branches.get(&self.branch).cloned() else {
            let message = format!("A branch with the name {:?} was not found.", self.branch);
            return Err(refused("NOT_FOUND", message));
        };
        if head != self.expected_head {
            let message = format!(
                "Expected branch to point to \"{}\" but it did not.  Pull and try again.",
                self.expected_head
            );
            return Err(refused("STALE_DATA", message));
        }
        let mut files: BTreeMap<String, String> = repo.files(&head).cloned().unwrap_or_default();
        for path in &self.deletions {
            if files.remove(path).is_none() {
                let message = format!(
                    "A path was requested for deletion which does not exist as of commit oid `{head}`"
                );
                return Err(refused("UNPROCESSABLE", message));
            }
        }
        let contents: Vec<(&String, Vec<u8>)> = self
            .additions
            .iter()
            .map(|(path, contents)| Some((path, STANDARD.decode(contents).ok()?)))
            .collect::<Option<_>>()
            .ok_or_else(|| refused("UNPROCESSABLE", "contents is not valid base64"))?;
        for (path, content) in contents {
            files.insert(path.clone(), repo.add_blob(&content));
        }
        let message = match self.body.as_str() {
            "" => self.headline.clone(),
            body => format!("{}\n\n{body}", self.headline),
        };
        let commit = repo.add_commit(files, vec![head], &message);
        repo.branches.insert(self.branch.clone(), commit.clone());
        Ok(commit)
    }
}
