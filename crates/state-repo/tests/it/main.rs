//! The adapters and the update loop from outside.

mod local;
mod update;
