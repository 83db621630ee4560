#![doc = include_str!("../README.md")]

pub mod error;
pub mod exit;
pub mod global;
pub mod log;
pub mod oar;
pub mod oarctl;
pub mod pages;
pub mod render;
pub mod wiring;

mod config;
mod doctor;
mod run;
mod services;
mod sources;
mod stand_in;
mod stop;
mod tasks;

pub use run::{oar, oarctl};

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_grammars_are_sound() {
        crate::oar::Oar::command().debug_assert();
        crate::oarctl::Oarctl::command().debug_assert();
    }
}
