//! The operations of this client; all of them only read.

use oar_transport::google::TOKEN;
use oar_transport::probe::Operation;

pub(crate) const DOCUMENT: Operation = Operation::read("document");

/// Every operation of this client.
pub const OPERATIONS: [Operation; 2] = [DOCUMENT, TOKEN];
