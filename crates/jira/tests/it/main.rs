//! The client and its flows against Jira's answers.

#[cfg(test)]
mod cvp;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod fault_table;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod subtasks;
#[cfg(test)]
mod world;
#[cfg(test)]
mod writing;
