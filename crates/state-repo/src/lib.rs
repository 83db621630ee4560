#![doc = include_str!("../README.md")]

mod blob;
mod cache;
mod error;
mod local;
#[cfg(feature = "testing")]
pub mod memory;
mod pause;
mod port;
mod update;
mod update_many;

pub use blob::blob_id;
pub use cache::{BlobCache, directly_in, read_folder_cached};
pub use error::RepoError;
pub use local::LocalRepo;
#[cfg(feature = "testing")]
pub use memory::MemoryRepo;
pub use pause::{Pause, Retry};
pub use port::{
    Actor, Change, Commit, CommitMessage, Committed, Entry, Exclusive, Expected, FILE_LIMIT,
    FileVersion, RepoPath, StateRepo, StoredFile,
};
pub use update::{Decision, UpdateError, Updated, update_file};
pub use update_many::{Decide, Edit, FileEdit, FileNow, update_files};
