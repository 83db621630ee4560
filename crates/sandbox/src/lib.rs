#![doc = include_str!("../README.md")]

pub mod crash;
pub mod directory;
pub mod elliott;
pub mod errata;
pub mod fault;
pub mod gcs;
pub mod github;
pub mod gitlab;
pub mod jenkins;
pub mod jira;
pub mod kube;
pub mod prow;
pub mod pyxis;
pub mod registry;
pub mod release_controller;
pub mod seed;
pub mod send;
pub mod serve;
pub mod shared_time;
pub mod signatures;
pub mod slack;
pub mod store;
pub mod story;
pub mod world;

mod answer;

/// What the programs use as every credential while they are in the sandbox. It opens nothing, and it
/// must be hidden like a real one.
pub const CREDENTIAL: &str = "sandbox-credential-4tq9";

pub use send::{Sandbox, SandboxClock};
pub use store::StoreError;
