//! The operations of this client, and how a lost answer of each is looked up (promise P4).

use oar_transport::Idempotency;
use oar_transport::probe::Operation;

pub(crate) const ERRATUM: Operation = Operation::read("erratum");
pub(crate) const USER: Operation = Operation::read("user");
pub(crate) const PUSH_JOBS: Operation = Operation::read("push_jobs");
pub(crate) const BUILDS: Operation = Operation::read("builds");
pub(crate) const ALERTS: Operation = Operation::read("security_alerts");
pub(crate) const CVP_TESTS: Operation = Operation::read("cvp_tests");
pub(crate) const COMMENTS: Operation = Operation::read("comments");
pub(crate) const ISSUE_ADVISORIES: Operation = Operation::read("issue_advisories");
pub(crate) const CONTAINER_PAGE: Operation = Operation::read("container_page");
pub(crate) const GUARD_PAGE: Operation = Operation::read("guard_page");
pub(crate) const BUILD_METADATA: Operation = Operation::read("build_metadata");
pub(crate) const LIST_TAGS: Operation = Operation::read("list_tags");

const fn write(name: &'static str, probe: &'static str) -> Operation {
    Operation { name, idempotency: Idempotency::Never, probe: Some(probe) }
}

pub(crate) const CHANGE_STATE: Operation =
    write("change_state", "read the erratum: its state is the one asked for");
pub(crate) const CHANGE_OWNER: Operation =
    write("change_owner", "read the erratum and the account it is assigned to");
pub(crate) const REQUEST_DOCS: Operation =
    write("request_docs", "read the erratum: the approval is asked for or given");
pub(crate) const REQUEST_PRODSEC: Operation =
    write("request_prodsec", "read the erratum: the approval is asked for or given");
pub(crate) const ADD_ISSUE: Operation =
    write("add_issue", "read the erratum: the issue is attached");
pub(crate) const REMOVE_ISSUE: Operation =
    write("remove_issue", "read the erratum: the issue is not attached");
pub(crate) const PUSH_STAGE: Operation =
    write("push_stage", "list the push jobs: one for staging is newer than those known before");
pub(crate) const ADD_COMMENT: Operation =
    write("add_comment", "list the comments, searched for the text");
/// Asks the Errata Tool to look again; twice is the same as once.
pub(crate) const REFRESH_ALERTS: Operation = Operation {
    name: "refresh_alerts",
    idempotency: Idempotency::Idempotent,
    probe: Some("read the security alerts"),
};
/// Asks the Errata Tool to read issues from Jira again; twice is the same as once.
pub(crate) const RESYNC_ISSUES: Operation =
    Operation { name: "resync_issues", idempotency: Idempotency::Idempotent, probe: None };

/// Every operation of this client.
pub const OPERATIONS: [Operation; 22] = [
    ERRATUM,
    USER,
    PUSH_JOBS,
    BUILDS,
    ALERTS,
    CVP_TESTS,
    COMMENTS,
    ISSUE_ADVISORIES,
    CONTAINER_PAGE,
    GUARD_PAGE,
    BUILD_METADATA,
    LIST_TAGS,
    CHANGE_STATE,
    CHANGE_OWNER,
    REQUEST_DOCS,
    REQUEST_PRODSEC,
    ADD_ISSUE,
    REMOVE_ISSUE,
    PUSH_STAGE,
    ADD_COMMENT,
    REFRESH_ALERTS,
    RESYNC_ISSUES,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_accounted_for_and_has_a_name_of_its_own() {
        let mut names: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len());
        assert!(OPERATIONS.iter().all(Operation::is_accounted_for));
    }
}
