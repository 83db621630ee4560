//! One module per command.

pub mod active_releases;
pub mod approvals;
pub mod create_test_report;
pub mod decide;
pub mod is_shipped;
pub mod issues;
pub mod plan;
pub mod qe_approval;
pub mod release_detector;
pub mod rhcos_alerts;
pub mod scan_secrets;
pub mod set_task;
pub mod status;
