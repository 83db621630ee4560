//! The operations of this client, and how a lost answer of each is looked up (promise P4).

use oar_transport::Idempotency;
use oar_transport::probe::Operation;

pub(crate) const READ_PAYLOAD: Operation = Operation::read("read_payload");

/// A merge patch of one label says how the object shall be, not what is to be added.
pub(crate) const LABEL_PAYLOAD: Operation = Operation {
    name: "label_payload",
    idempotency: Idempotency::Idempotent,
    probe: Some("read the payload and compare its label"),
};

/// Every operation of this client.
pub const OPERATIONS: [Operation; 2] = [READ_PAYLOAD, LABEL_PAYLOAD];
