#![doc = include_str!("../README.md")]

pub mod approval;
pub mod commands;
pub mod context;
pub mod doctor;
pub mod drive;
pub mod dry_run;
pub mod error;
pub mod facts;
pub mod failures;
pub mod job;
pub mod notificator;
pub mod notify;
pub mod progress;
pub mod report;
pub mod runner;
pub mod services;
pub mod task_log;
pub mod tasks;
pub mod test_jobs;
pub mod turn;

pub use context::Context;
pub use error::OperatorError;
