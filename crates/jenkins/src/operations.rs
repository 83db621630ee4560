//! The operations of this client, and how a lost answer of each is looked up (promise P4).

use oar_transport::Idempotency;
use oar_transport::probe::Operation;

pub(crate) const CRUMB: Operation = Operation::read("crumb");
pub(crate) const QUEUE: Operation = Operation::read("queue");
pub(crate) const QUEUE_ITEM: Operation = Operation::read("queue_item");
pub(crate) const BUILD: Operation = Operation::read("build");
pub(crate) const RECENT_BUILDS: Operation = Operation::read("recent_builds");

pub(crate) const TRIGGER: Operation = Operation {
    name: "trigger",
    idempotency: Idempotency::Never,
    probe: Some("queue and newest builds with our payload that were not there before the trigger"),
};

/// Every operation of this client.
pub const OPERATIONS: [Operation; 6] = [CRUMB, QUEUE, QUEUE_ITEM, BUILD, RECENT_BUILDS, TRIGGER];
