//! The operations of this client, and how a lost answer of each is looked up (promise P4).

use oar_transport::Idempotency;
use oar_transport::probe::Operation;

pub(crate) const MYSELF: Operation = Operation::read("myself");
pub(crate) const FIELDS: Operation = Operation::read("fields");
pub(crate) const GET_ISSUE: Operation = Operation::read("get_issue");
pub(crate) const GET_ISSUES: Operation = Operation::read("get_issues");
pub(crate) const SEARCH: Operation = Operation::read("search");
pub(crate) const HISTORY: Operation = Operation::read("history");
pub(crate) const COMMENTS: Operation = Operation::read("comments");
pub(crate) const COMMENT_PROPERTIES: Operation = Operation::read("comment_properties");
pub(crate) const TRANSITIONS: Operation = Operation::read("transitions");
pub(crate) const FIND_USERS: Operation = Operation::read("find_users");
pub(crate) const REMOTE_LINKS: Operation = Operation::read("remote_links");
pub(crate) const VERSIONS: Operation = Operation::read("versions");

pub(crate) const COMMENT: Operation = Operation {
    name: "comment",
    idempotency: Idempotency::Never,
    probe: Some("own comments of the issue, searched for the intent among their properties"),
};
pub(crate) const TRANSITION: Operation = Operation {
    name: "transition",
    idempotency: Idempotency::Never,
    probe: Some("the issue's status"),
};
pub(crate) const ASSIGN: Operation = Operation {
    name: "assign",
    idempotency: Idempotency::Never,
    probe: Some("the issue's assignee"),
};
pub(crate) const EDIT: Operation = Operation {
    name: "edit",
    idempotency: Idempotency::Never,
    probe: Some("the fields that were to be changed"),
};
pub(crate) const CREATE: Operation = Operation {
    name: "create",
    idempotency: Idempotency::Never,
    probe: Some("search by summary; finding nothing proves nothing, the index lags"),
};

/// Every operation of this client.
pub const OPERATIONS: [Operation; 17] = [
    MYSELF,
    FIELDS,
    GET_ISSUE,
    GET_ISSUES,
    SEARCH,
    HISTORY,
    COMMENTS,
    COMMENT_PROPERTIES,
    TRANSITIONS,
    FIND_USERS,
    REMOTE_LINKS,
    VERSIONS,
    COMMENT,
    TRANSITION,
    ASSIGN,
    EDIT,
    CREATE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_says_what_a_lost_answer_means() {
        for operation in OPERATIONS {
            assert!(operation.is_accounted_for(), "{}", operation.name);
        }
    }
}
