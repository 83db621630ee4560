#![doc = include_str!("../README.md")]

pub mod adf;
pub mod classify;
mod client;
mod error;
mod fields;
mod flow;
pub mod jql;
mod key;
mod operations;
mod people;
mod port;
mod read;
mod request;
mod types;
mod wire;
mod workflow;
mod write;

pub use client::HttpJira;
pub use error::JiraError;
pub use fields::{Field, FieldIds};
pub use flow::{
    CvpOutcome, CvpTest, SubtaskReport, Summaries, close_subtasks, cvp_description, cvp_summary,
    report_cvp, take_subtasks,
};
pub use key::{IssueKey, KeyError};
pub use operations::OPERATIONS;
pub use people::{NoAccount, choose_account, with_need_info};
pub use port::{JiraRead, JiraWrite};
pub use types::{
    Account, Comment, Contact, Issue, Issues, Move, NewComment, NewIssue, Search, StatusChange,
    Transition,
};
pub use workflow::step_to;

#[cfg(feature = "mock")]
pub use port::{MockJiraRead, MockJiraWrite};
