#![doc = include_str!("../README.md")]

mod client;
mod error;
mod types;

pub use client::{HttpReleaseController, OPERATIONS, ReleaseController};
pub use error::ReleaseControllerError;
pub use types::{Phase, Promotion, Tag};

#[cfg(feature = "mock")]
pub use client::MockReleaseController;
