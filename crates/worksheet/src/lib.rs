#![doc = include_str!("../README.md")]

mod account;
mod client;
mod error;
mod operations;
mod token;

pub use account::ServiceAccount;
pub use client::{HttpWorksheets, Report, WorksheetRead};
pub use error::WorksheetError;
pub use operations::OPERATIONS;

#[cfg(feature = "mock")]
pub use client::MockWorksheetRead;
