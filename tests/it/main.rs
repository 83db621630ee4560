//! Whole-program stories: the real programs against the sandbox.

mod bad_input;
mod concurrency;
mod corpus;
mod crash_sweep;
mod create_release;
mod cve_trackers;
mod github_crowd;
mod harness;
mod image_consistency;
mod image_signed_check;
mod nightly;
mod nightly_service;
mod plan_facts;
mod push_and_alerts;
mod qe_approval;
mod reports;
mod stage_testing;
mod stop;
mod store;
mod take_ownership;
