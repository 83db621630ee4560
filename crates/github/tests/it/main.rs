//! The adapter against GitHub's answers, over loopback and over a scripted network.

#[cfg(test)]
mod account;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod fault_table;
#[cfg(test)]
mod many_files;
mod many_files_commit;
#[cfg(test)]
mod one_file;
#[cfg(test)]
mod one_file_lost;
#[cfg(test)]
mod proposal;
#[cfg(test)]
mod proposal_lost;
