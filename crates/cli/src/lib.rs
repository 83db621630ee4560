#![doc = include_str!("../README.md")]

pub mod error;
pub mod exit;
pub mod global;
pub mod job;
pub mod jobctl;
pub mod log;
pub mod oar;
pub mod oarctl;
pub mod pages;
pub mod progress;
pub mod render;
pub mod wiring;

mod approvals;
mod config;
mod doctor;
mod drive;
mod jobs;
mod manual;
mod notificator;
mod run;
mod sandbox;
mod services;
mod sources;
mod stand_in;
mod stop;
mod tasks;

pub use run::{job, jobctl, oar, oarctl};

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    /// Every command without subcommands: its path and its help.
    fn leaves(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
        let path = format!("{path} {}", command.get_name());
        if command.get_subcommands().next().is_none() {
            found.push((path, command.clone().render_long_help().to_string()));
        } else {
            command.get_subcommands().for_each(|below| leaves(below, &path, found));
        }
    }

    #[test]
    fn every_command_shows_examples_in_its_help() {
        let mut found = Vec::new();
        leaves(&crate::oar::Oar::command(), "", &mut found);
        leaves(&crate::oarctl::Oarctl::command(), "", &mut found);
        leaves(&crate::jobctl::Jobctl::command(), "", &mut found);
        leaves(&crate::job::Job::command(), "", &mut found);
        assert!(found.len() > 15);
        for (command, help) in found {
            assert!(help.contains("Examples:"), "{command} has no example:\n{help}");
        }
    }

    #[test]
    fn doctor_names_only_commands_that_there_are() {
        let mut found = Vec::new();
        leaves(&crate::oar::Oar::command(), "", &mut found);
        leaves(&crate::oarctl::Oarctl::command(), "", &mut found);
        let known =
            |name: &str| found.iter().any(|(path, _)| path.split(' ').any(|one| one == name));
        for need in oar_operators::doctor::SECRETS {
            for command in need.needed_by {
                assert!(known(command), "{}: {command}", need.variable);
            }
        }
    }

    #[test]
    fn the_grammars_are_sound() {
        crate::oar::Oar::command().debug_assert();
        crate::oarctl::Oarctl::command().debug_assert();
        crate::jobctl::Jobctl::command().debug_assert();
        crate::job::Job::command().debug_assert();
    }
}
