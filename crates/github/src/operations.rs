//! The operations of this client, and how a lost answer of each is looked up (promise P4).

use oar_transport::Idempotency;
use oar_transport::probe::Operation;

pub(crate) const READ_FILE: Operation = Operation::read("read_file");
pub(crate) const READ_REF: Operation = Operation::read("read_ref");
pub(crate) const READ_COMMIT: Operation = Operation::read("read_commit");
pub(crate) const READ_TREE: Operation = Operation::read("read_tree");
pub(crate) const READ_BLOB: Operation = Operation::read("read_blob");
pub(crate) const GRAPHQL: Operation = Operation::read("graphql");
pub(crate) const VIEWER: Operation = Operation::read("viewer");
pub(crate) const LIMITS: Operation = Operation::read("limits");
pub(crate) const REPOSITORY: Operation = Operation::read("repository");
pub(crate) const PULL_REQUEST: Operation = Operation::read("pull_request");
pub(crate) const INSTALLATION: Operation = Operation::read("installation");
pub(crate) const LIST_PULLS: Operation = Operation::read("list_pulls");
/// A token is no change of the world: asking twice gives two.
pub(crate) const APP_TOKEN: Operation =
    Operation { name: "app_token", idempotency: Idempotency::Safe, probe: None };

pub(crate) const WRITE_FILE: Operation = Operation {
    name: "write_file",
    idempotency: Idempotency::Never,
    probe: Some("read the file and compare its bytes with those sent"),
};
pub(crate) const DELETE_FILE: Operation = Operation {
    name: "delete_file",
    idempotency: Idempotency::Never,
    probe: Some("read the file: absent means deleted"),
};
/// Blobs, trees and commits are named by their content and visible to nobody until a branch points
/// to them.
pub(crate) const CREATE_OBJECT: Operation =
    Operation { name: "create_object", idempotency: Idempotency::Idempotent, probe: None };
/// The head that it expects lets it through once at most, also when it is sent again.
pub(crate) const COMMIT_FILES: Operation = Operation {
    name: "commit_files",
    idempotency: Idempotency::Never,
    probe: Some("read the head; when it moved, compare the changed files"),
};
pub(crate) const CREATE_BRANCH: Operation = Operation {
    name: "create_branch",
    idempotency: Idempotency::Never,
    probe: Some("read the branch: it is there when it points to our commit"),
};
/// The branch is ours, named after its content: pointing it to the same commit twice is once.
pub(crate) const REPLACE_BRANCH: Operation =
    Operation { name: "replace_branch", idempotency: Idempotency::Idempotent, probe: None };
pub(crate) const OPEN_PULL: Operation = Operation {
    name: "open_pull",
    idempotency: Idempotency::Never,
    probe: Some("list the open pull requests of the branch: there is at most one"),
};
/// A label that is there stays one label.
pub(crate) const ADD_LABELS: Operation =
    Operation { name: "add_labels", idempotency: Idempotency::Idempotent, probe: None };

/// Every operation of this client.
pub const OPERATIONS: [Operation; 21] = [
    READ_FILE,
    READ_REF,
    READ_COMMIT,
    READ_TREE,
    READ_BLOB,
    GRAPHQL,
    VIEWER,
    LIMITS,
    REPOSITORY,
    PULL_REQUEST,
    WRITE_FILE,
    DELETE_FILE,
    CREATE_OBJECT,
    COMMIT_FILES,
    INSTALLATION,
    LIST_PULLS,
    APP_TOKEN,
    CREATE_BRANCH,
    REPLACE_BRANCH,
    OPEN_PULL,
    ADD_LABELS,
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
