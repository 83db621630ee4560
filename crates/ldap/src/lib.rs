#![doc = include_str!("../README.md")]

mod client;
mod connect;
mod entry;
mod error;
mod query;

pub use client::{DirectoryRead, LdapDirectory};
pub use error::DirectoryError;
pub use query::Layout;

#[cfg(feature = "mock")]
pub use client::MockDirectoryRead;
