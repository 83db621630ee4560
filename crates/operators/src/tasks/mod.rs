//! The tasks of a release: one module each.
//!
//! Each reads what it needs at the same time, decides by rules that need no network, writes through the
//! ports of [`crate::services`], and leaves recording and telling to [`crate::runner`].

pub mod analyze_build;
pub mod bugs;
pub mod change_advisory_status;
pub mod check_cve_tracker_bug;
pub mod image_consistency_check;
pub mod image_signed_check;
mod jenkins_job;
pub mod push_to_cdn_staging;
pub mod stage_testing;
mod support;
pub mod take_ownership;

pub(crate) use support::advisory_map;
