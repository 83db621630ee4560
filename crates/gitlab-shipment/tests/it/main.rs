//! The client and its flows against GitLab's answers.

#[cfg(test)]
mod advisories;
#[cfg(test)]
mod approvals;
#[cfg(test)]
mod bugs;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod fault_table;
#[cfg(test)]
mod merging;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod releases;
#[cfg(test)]
mod world;
