//! Completion scripts and manual pages, generated from the grammar.

use std::io;
use std::path::Path;

use clap::Command;
use clap_complete::Shell;

/// The completion script of `program` for `shell`.
pub fn completions(mut program: Command, shell: Shell) -> Vec<u8> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut script);
    script
}

/// Writes `program(1)` and one page per command into `folder`; answers the number of pages.
pub fn manual(program: &Command, folder: &Path) -> io::Result<usize> {
    let mut pages = Vec::new();
    let mut program = program.clone().disable_help_subcommand(true);
    program.build();
    collect(&program, program.get_name(), &mut pages);
    for (name, page) in &pages {
        std::fs::write(folder.join(format!("{name}.1")), page)?;
    }
    Ok(pages.len())
}

/// The page of `command`, then those of its commands, named `oar-issue-add`.
fn collect(command: &Command, name: &str, pages: &mut Vec<(String, Vec<u8>)>) {
    let mut page = Vec::new();
    // The title must outlive the call: clap keeps names for the whole run.
    let titled = command.clone().name(name.to_owned());
    if clap_mangen::Man::new(titled).render(&mut page).is_ok() {
        pages.push((name.to_owned(), page));
    }
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        collect(sub, &format!("{name}-{}", sub.get_name()), pages);
    }
}
