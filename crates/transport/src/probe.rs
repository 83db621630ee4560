//! What a client declares about each of its operations: whether it may be repeated, and how to find
//! out what became of one whose answer was lost.
//!
//! The declarations are constants next to the calls, so that the documentation and the tests list
//! the same table that the code follows (promise P4).

use crate::client::Idempotency;

/// One operation of one client.
///
/// ```
/// use oar_transport::{Idempotency, probe::Operation};
///
/// const POST: Operation = Operation {
///     name: "post_message",
///     idempotency: Idempotency::Never,
///     probe: Some("history of the channel, searched for the intent in the message's metadata"),
/// };
/// assert!(POST.is_accounted_for());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Its name in spans, counters and errors, without the service.
    pub name: &'static str,
    /// What happens when it is made twice.
    pub idempotency: Idempotency,
    /// How the effect of a lost answer is looked up; `None` where there is nothing to look up.
    pub probe: Option<&'static str>,
}

impl Operation {
    /// An operation that only reads.
    pub const fn read(name: &'static str) -> Self {
        Self { name, idempotency: Idempotency::Safe, probe: None }
    }

    /// Whether a lost answer has an answer: it only reads, or may be repeated, or can be looked up.
    pub const fn is_accounted_for(&self) -> bool {
        self.probe.is_some() || !matches!(self.idempotency, Idempotency::Never)
    }
}
