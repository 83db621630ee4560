#![doc = include_str!("../README.md")]

pub mod approval;
pub mod build;
pub mod clock;
pub mod effect;
pub mod email;
pub mod error;
pub mod flow;
pub mod links;
pub mod marker;
pub mod mask;
pub mod merge_request;
pub mod outcome;
pub mod split;
pub mod task;
pub mod time;
pub mod version;
pub mod weekday;
pub mod workflow;

pub use build::{Arch, BuildName};
pub use clock::{Clock, Entropy};
pub use error::ErrorClass;
pub use flow::Flow;
pub use links::Links;
pub use mask::Masker;
pub use merge_request::MergeRequest;
pub use outcome::{JobRef, JobSystem, TaskOutcome};
pub use task::{Task, TaskStatus};
pub use time::ReleaseDate;
pub use version::{ReleaseVersion, YStream};
