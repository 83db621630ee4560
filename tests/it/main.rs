//! Whole-program stories: the real programs against the sandbox.

mod bad_input;
mod concurrency;
mod corpus;
mod crash_sweep;
mod create_release;
mod github_crowd;
mod harness;
mod image_signed_check;
mod reports;
mod stop;
mod store;
mod take_ownership;
