//! The operations of this client, and how a lost answer of each is looked up (promise P4).

use oar_transport::Idempotency;
use oar_transport::probe::Operation;

pub(crate) const READ_FILE: Operation = Operation::read("read_file");
pub(crate) const READ_REF: Operation = Operation::read("read_ref");
pub(crate) const READ_TREE: Operation = Operation::read("read_tree");
pub(crate) const READ_BLOB: Operation = Operation::read("read_blob");
pub(crate) const GRAPHQL: Operation = Operation::read("graphql");
pub(crate) const VIEWER: Operation = Operation::read("viewer");
pub(crate) const LIMITS: Operation = Operation::read("limits");
pub(crate) const REPOSITORY: Operation = Operation::read("repository");
pub(crate) const PULL_REQUEST: Operation = Operation::read("pull_request");

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
/// The head that it expects lets it through once at most, also when it is sent again.
pub(crate) const COMMIT_FILES: Operation = Operation {
    name: "commit_files",
    idempotency: Idempotency::Never,
    probe: Some("read the head; when it moved, compare the changed files"),
};

/// Every operation of this client.
pub const OPERATIONS: [Operation; 12] = [
    READ_FILE,
    READ_REF,
    READ_TREE,
    READ_BLOB,
    GRAPHQL,
    VIEWER,
    LIMITS,
    REPOSITORY,
    PULL_REQUEST,
    WRITE_FILE,
    DELETE_FILE,
    COMMIT_FILES,
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
