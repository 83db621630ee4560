#![doc = include_str!("../README.md")]

mod client;
mod error;
pub mod test_result;
mod types;

pub use client::{HttpReleaseController, OPERATIONS, ReleaseController};
pub use error::ReleaseControllerError;
pub use types::{Phase, Promotion, Tag};

#[cfg(feature = "mock")]
pub use client::MockReleaseController;
