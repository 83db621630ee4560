//! What goes to stdout: one result, as text for people or as an object for programs.

mod approvals;
pub mod drive;
pub mod jobs;
pub mod manual;
pub mod plan;
pub mod reports;
pub mod status;
pub mod table;
pub mod work;

use std::io::{self, Write as _};

use serde::Serialize;

use crate::global::Format;

/// Something a command found, with both renderings.
pub trait Render: Serialize {
    /// For people; may carry colour, which is taken out where nobody sees it.
    fn text(&self) -> String;
}

/// Writes results to stdout.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    format: Format,
}

impl Printer {
    /// A printer for `format`.
    pub const fn new(format: Format) -> Self {
        Self { format }
    }

    /// The format asked for.
    pub const fn format(self) -> Format {
        self.format
    }

    /// Writes an error's object; text is not for stdout.
    pub fn print_object(self, object: &serde_json::Value) -> io::Result<()> {
        let text = match self.format {
            Format::Text => return Ok(()),
            Format::Json => format!("{object:#}\n"),
            Format::Yaml => serde_yaml::to_string(object).map_err(io::Error::other)?,
        };
        anstream::stdout().write_all(text.as_bytes())
    }

    /// Writes `result`. A closed pipe is no error: the reader has seen enough.
    pub fn print(self, result: &impl Render) -> io::Result<()> {
        let text = match self.format {
            Format::Text => result.text(),
            Format::Json => serde_json::to_string_pretty(result).map_err(io::Error::other)? + "\n",
            Format::Yaml => serde_yaml::to_string(result).map_err(io::Error::other)?,
        };
        let mut stdout = anstream::stdout();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }
}
