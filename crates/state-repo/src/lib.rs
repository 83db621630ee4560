#![doc = include_str!("../README.md")]

mod error;
mod port;

pub use error::RepoError;
pub use port::{
    Actor, Change, Commit, CommitMessage, Committed, Entry, Expected, FileVersion, RepoPath,
    StateRepo, StoredFile,
};
