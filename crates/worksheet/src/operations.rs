//! The operations of this client; all of them only read.

use oar_transport::Idempotency;
use oar_transport::probe::Operation;

pub(crate) const DOCUMENT: Operation = Operation::read("document");

/// A token is no change of the world: asking twice gives two.
pub(crate) const TOKEN: Operation =
    Operation { name: "token", idempotency: Idempotency::Safe, probe: None };

/// Every operation of this client.
pub const OPERATIONS: [Operation; 2] = [DOCUMENT, TOKEN];
