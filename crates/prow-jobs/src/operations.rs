//! The operations of these clients, and how a lost answer of each is looked up (promise P4).

use oar_transport::Idempotency;
use oar_transport::google::TOKEN;
use oar_transport::probe::Operation;

pub(crate) const LATEST: Operation = Operation::read("latest");
pub(crate) const TAGS: Operation = Operation::read("tags");
pub(crate) const ALL_STREAMS: Operation = Operation::read("all_streams");
pub(crate) const ONE_TAG: Operation = Operation::read("one_tag");
pub(crate) const ONE_TAG_WITH_CHANGES: Operation = Operation::read("one_tag_with_changes");
pub(crate) const DECK_RUN: Operation = Operation::read("run");
pub(crate) const EXECUTION: Operation = Operation::read("execution");
pub(crate) const EXECUTIONS: Operation = Operation::read("executions");
pub(crate) const ARTEFACT: Operation = Operation::read("artefact");
pub(crate) const SIPPY_HEALTH: Operation = Operation::read("sippy_health");
pub(crate) const SIPPY_JOBS: Operation = Operation::read("sippy_jobs");
pub(crate) const SIPPY_TESTS: Operation = Operation::read("sippy_tests");
pub(crate) const SIPPY_COMPONENTS: Operation = Operation::read("sippy_components");
pub(crate) const SIPPY_VARIANTS: Operation = Operation::read("sippy_variants");
pub(crate) const SIPPY_RISK: Operation = Operation::read("sippy_risk");
pub(crate) const OBJECT: Operation = Operation::read("object");
pub(crate) const OBJECTS: Operation = Operation::read("objects");

pub(crate) const START: Operation = Operation {
    name: "start",
    idempotency: Idempotency::Never,
    probe: Some(
        "executions of the job, each read from Deck, searched for the attempt's annotation",
    ),
};

/// Every operation of these clients.
pub const OPERATIONS: [Operation; 19] = [
    LATEST,
    TAGS,
    ALL_STREAMS,
    ONE_TAG,
    ONE_TAG_WITH_CHANGES,
    DECK_RUN,
    EXECUTION,
    EXECUTIONS,
    ARTEFACT,
    SIPPY_HEALTH,
    SIPPY_JOBS,
    SIPPY_TESTS,
    SIPPY_COMPONENTS,
    SIPPY_VARIANTS,
    SIPPY_RISK,
    OBJECT,
    OBJECTS,
    TOKEN,
    START,
];
