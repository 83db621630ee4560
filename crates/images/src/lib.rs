#![doc = include_str!("../README.md")]

pub mod error;
pub mod grade;
pub mod health;
mod operations;
pub mod payload;
pub mod pyxis;
pub mod signature;
pub mod summary;

pub use error::PyxisError;
pub use operations::OPERATIONS;
