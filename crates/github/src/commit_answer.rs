//! What GraphQL says to a commit. Its status is 200 whatever it says, also to a refusal.

use serde::Deserialize;

use crate::types::GraphqlProblem;

/// Answer of `createCommitOnBranch`.
#[derive(Debug, Deserialize)]
pub(crate) struct CommitAnswer {
    data: Option<Data>,
    #[serde(default)]
    errors: Vec<GraphqlProblem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    create_commit_on_branch: Option<Payload>,
}

#[derive(Debug, Deserialize)]
struct Payload {
    commit: Option<NewCommit>,
}

#[derive(Debug, Deserialize)]
struct NewCommit {
    oid: String,
}

/// What became of the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the head now; its id.
    Done(String),
    /// The branch points elsewhere than expected; nothing was done.
    Stale,
    /// Certainly not done.
    Refused {
        /// Why, as far as it makes a difference.
        why: Refusal,
        /// GitHub's words.
        problem: String,
    },
    /// It may have been done or not.
    Unknown(String),
}

/// Kinds of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No such repository or branch, or hidden from the token.
    NotFound,
    /// The token or a rule of the branch does not allow it.
    Forbidden,
    /// Too many requests.
    RateLimited,
    /// It makes no sense to GitHub.
    Invalid,
}

impl CommitAnswer {
    /// Only what names a known reason counts as a refusal: of "something went wrong" nobody knows
    /// whether it went wrong before or after the commit.
    pub(crate) fn verdict(self) -> Verdict {
        let was_executed = self.data.is_some();
        let payload = self.data.and_then(|data| data.create_commit_on_branch);
        if let Some(commit) = payload.and_then(|payload| payload.commit) {
            return Verdict::Done(commit.oid);
        }
        let problem = self.errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>();
        let problem = problem.join("; ");
        let is_stale = |error: &GraphqlProblem| {
            error.kind.as_deref() == Some("STALE_DATA")
                || error.message.to_ascii_lowercase().contains("expected branch to point to")
        };
        if self.errors.iter().any(is_stale) {
            return Verdict::Stale;
        }
        if let Some(why) = self.errors.iter().find_map(|error| refusal(error, was_executed)) {
            return Verdict::Refused { why, problem };
        }
        Verdict::Unknown(if problem.is_empty() {
            "neither data nor errors".into()
        } else {
            problem
        })
    }
}

fn refusal(error: &GraphqlProblem, was_executed: bool) -> Option<Refusal> {
    match error.kind.as_deref() {
        Some("NOT_FOUND") => Some(Refusal::NotFound),
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES" | "BRANCH_PROTECTION_RULE_VIOLATION") => {
            Some(Refusal::Forbidden)
        }
        Some("RATE_LIMITED" | "RATE_LIMIT") => Some(Refusal::RateLimited),
        Some("UNPROCESSABLE" | "BAD_USER_INPUT") => Some(Refusal::Invalid),
        // What the schema refuses is not executed, and says so with a code.
        None if error.extensions.is_some() && !was_executed => Some(Refusal::Invalid),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn verdict(answer: Value) -> Verdict {
        serde_json::from_value::<CommitAnswer>(answer).unwrap().verdict()
    }

    fn failed(kind: Option<&str>, message: &str) -> Value {
        let path = ["createCommitOnBranch"];
        json!({
            "data": { "createCommitOnBranch": null },
            "errors": [{ "type": kind, "path": path, "message": message }],
        })
    }

    #[test]
    fn a_commit_with_an_id_is_done_whatever_else_went_wrong() {
        let commit = json!({ "createCommitOnBranch": { "commit": { "oid": "c" } } });
        assert_eq!(verdict(json!({ "data": commit })), Verdict::Done("c".into()));
        let errors = [json!({ "message": "x", "type": "FORBIDDEN" })];
        assert_eq!(verdict(json!({ "data": commit, "errors": errors })), Verdict::Done("c".into()));
    }

    #[test]
    fn another_head_is_known_by_its_type_or_its_words() {
        let words = "Expected branch to point to \"0123\" but it did not.  Pull and try again.";
        assert_eq!(verdict(failed(Some("STALE_DATA"), "moved")), Verdict::Stale);
        assert_eq!(verdict(failed(None, words)), Verdict::Stale);
    }

    #[test]
    fn refusals_have_a_reason() {
        for (kind, why) in [
            ("NOT_FOUND", Refusal::NotFound),
            ("FORBIDDEN", Refusal::Forbidden),
            ("INSUFFICIENT_SCOPES", Refusal::Forbidden),
            ("RATE_LIMITED", Refusal::RateLimited),
            ("UNPROCESSABLE", Refusal::Invalid),
        ] {
            let problem = "some words".to_owned();
            assert_eq!(
                verdict(failed(Some(kind), "some words")),
                Verdict::Refused { why, problem }
            );
        }
        let schema = json!({ "errors": [{ "message": "Field 'x' doesn't exist",
            "extensions": { "code": "undefinedField" } }] });
        assert!(matches!(verdict(schema), Verdict::Refused { why: Refusal::Invalid, .. }));
    }

    #[test]
    fn what_names_no_reason_is_unknown() {
        let went_wrong = "Something went wrong while executing your query.";
        for answer in [
            failed(None, went_wrong),
            failed(Some("INTERNAL"), went_wrong),
            json!({ "data": null, "errors": [{ "message": went_wrong }] }),
            json!({ "errors": [{ "message": went_wrong }] }),
            json!({ "data": { "createCommitOnBranch": null } }),
            json!({ "data": { "createCommitOnBranch": { "commit": null } } }),
            json!({ "data": null }),
            json!({}),
        ] {
            assert!(matches!(verdict(answer.clone()), Verdict::Unknown(_)), "{answer}");
        }
    }
}
