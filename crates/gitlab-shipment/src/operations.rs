//! The operations of this client, and how a lost answer of each is looked up (promise P4).

use oar_transport::Idempotency;
use oar_transport::probe::Operation;

pub(crate) const CURRENT_USER: Operation = Operation::read("current_user");
pub(crate) const MERGE_REQUEST: Operation = Operation::read("merge_request");
pub(crate) const CHANGED_FILES: Operation = Operation::read("changed_files");
pub(crate) const READ_FILE: Operation = Operation::read("read_file");
pub(crate) const LIST_NOTES: Operation = Operation::read("list_notes");
pub(crate) const APPROVALS: Operation = Operation::read("approvals");
pub(crate) const LIST_PIPELINES: Operation = Operation::read("list_pipelines");
pub(crate) const LIST_JOBS: Operation = Operation::read("list_jobs");
pub(crate) const FIND_MERGE_REQUESTS: Operation = Operation::read("find_merge_requests");
pub(crate) const FIND_USERS: Operation = Operation::read("find_users");
pub(crate) const LIST_BRANCHES: Operation = Operation::read("list_branches");
pub(crate) const READ_BRANCH: Operation = Operation::read("read_branch");
pub(crate) const READ_ADVISORY: Operation = Operation::read("read_advisory");

pub(crate) const APPROVE: Operation = Operation {
    name: "approve",
    idempotency: Idempotency::Never,
    probe: Some("the merge request's approvals, searched for the token's user"),
};
pub(crate) const ADD_NOTE: Operation = Operation {
    name: "add_note",
    idempotency: Idempotency::Never,
    probe: Some("notes of the token's user, searched for the hidden marker"),
};
pub(crate) const UPDATE_NOTE: Operation =
    Operation { name: "update_note", idempotency: Idempotency::Idempotent, probe: None };
pub(crate) const SUGGEST: Operation = Operation {
    name: "suggest",
    idempotency: Idempotency::Never,
    probe: Some("notes of the token's user, searched for the hidden marker"),
};
pub(crate) const CREATE_MERGE_REQUEST: Operation = Operation {
    name: "create_merge_request",
    idempotency: Idempotency::Never,
    probe: Some("open merge requests of the two branches, compared by title"),
};
pub(crate) const SET_AUTO_MERGE: Operation = Operation {
    name: "set_auto_merge",
    idempotency: Idempotency::Idempotent,
    probe: Some("the merge request: merged, or to be merged when the pipeline succeeds"),
};
pub(crate) const COMMIT: Operation = Operation {
    name: "commit",
    idempotency: Idempotency::Never,
    probe: Some("the branch's newest commit, searched for the intent in its message"),
};

/// Every operation of this client.
pub const OPERATIONS: [Operation; 20] = [
    CURRENT_USER,
    MERGE_REQUEST,
    CHANGED_FILES,
    READ_FILE,
    LIST_NOTES,
    APPROVALS,
    LIST_PIPELINES,
    LIST_JOBS,
    FIND_MERGE_REQUESTS,
    FIND_USERS,
    LIST_BRANCHES,
    READ_BRANCH,
    READ_ADVISORY,
    APPROVE,
    ADD_NOTE,
    UPDATE_NOTE,
    SUGGEST,
    CREATE_MERGE_REQUEST,
    SET_AUTO_MERGE,
    COMMIT,
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
