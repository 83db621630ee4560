//! The operations of this client, and how a lost answer of each is looked up (promise P4).

use oar_transport::Idempotency;
use oar_transport::probe::Operation;

pub(crate) const WHO_AM_I: Operation = Operation::read("auth_test");
pub(crate) const USER_BY_EMAIL: Operation = Operation::read("user_by_email");
pub(crate) const LIST_GROUPS: Operation = Operation::read("list_groups");
pub(crate) const LIST_CHANNELS: Operation = Operation::read("list_channels");
pub(crate) const HISTORY: Operation = Operation::read("history");

pub(crate) const POST_MESSAGE: Operation = Operation {
    name: "post_message",
    idempotency: Idempotency::Never,
    probe: Some("history of the channel or thread, searched for the intent in the metadata"),
};

/// Every operation of this client.
pub const OPERATIONS: [Operation; 6] =
    [WHO_AM_I, USER_BY_EMAIL, LIST_GROUPS, LIST_CHANNELS, HISTORY, POST_MESSAGE];
