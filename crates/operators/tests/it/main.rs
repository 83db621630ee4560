//! Commands and the task runner over scripted ports.

#[cfg(test)]
mod approval_job;
#[cfg(test)]
mod approval_lab;
#[cfg(test)]
mod bugs;
#[cfg(test)]
mod change_advisory_status;
#[cfg(test)]
mod create_test_report;
#[cfg(test)]
mod cve_trackers;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod detector;
#[cfg(test)]
mod image_signed_check;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod operator_cases;
#[cfg(test)]
mod runner;
#[cfg(test)]
mod test_jobs;
