#![doc = include_str!("../README.md")]

mod channels;
mod client;
mod error;
mod groups;
mod mentions;
mod operations;
mod pace;
mod request;
pub mod text;
mod types;
mod users;

pub use client::{HttpSlack, SlackRead, SlackWrite};
pub use error::SlackError;
pub use mentions::People;
pub use operations::OPERATIONS;
pub use types::{Bot, GroupId, Message, Posted, Topic, UserId};

#[cfg(feature = "mock")]
pub use client::{MockSlackRead, MockSlackWrite};
