#![doc = include_str!("../README.md")]

mod client;
mod error;
mod operations;

pub use client::{HttpWorksheets, Report, WorksheetRead};
pub use error::WorksheetError;
pub use oar_transport::google::ServiceAccount;
pub use operations::OPERATIONS;

#[cfg(feature = "mock")]
pub use client::MockWorksheetRead;
