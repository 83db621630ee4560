//! Commands and the task runner over scripted ports.

#[cfg(test)]
mod create_test_report;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod detector;
#[cfg(test)]
mod image_signed_check;
#[cfg(test)]
mod runner;
#[cfg(test)]
mod test_jobs;
