//! The operations of this client. All of them only read.

use oar_transport::probe::Operation;

pub(crate) const HEAD_MANIFEST: Operation = Operation::read("head_manifest");
pub(crate) const GET_MANIFEST: Operation = Operation::read("get_manifest");
pub(crate) const GET_BLOB: Operation = Operation::read("get_blob");
pub(crate) const LIST_TAGS: Operation = Operation::read("list_tags");
pub(crate) const TOKEN: Operation = Operation::read("token");

/// Every operation of this client.
pub const OPERATIONS: [Operation; 5] = [HEAD_MANIFEST, GET_MANIFEST, GET_BLOB, LIST_TAGS, TOKEN];
