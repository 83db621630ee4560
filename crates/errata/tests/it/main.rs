//! The client and the flows: against scripted answers, against the model of the world, and against
//! real programs.

#[cfg(test)]
mod approval;
#[cfg(test)]
mod brew;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod cvp;
#[cfg(test)]
mod fault_table;
#[cfg(test)]
mod issues;
#[cfg(test)]
mod owners;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod staging;
#[cfg(test)]
mod support;
#[cfg(test)]
mod working_set;
#[cfg(test)]
mod writes;
