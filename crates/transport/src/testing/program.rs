//! A real server as a child process of a test.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a server may take until it says that it listens.
const READY: Duration = Duration::from_mins(1);

/// A server that stays in the foreground and logs to its standard error. It ends with this value.
#[derive(Debug)]
pub struct Program {
    child: Child,
    reader: Option<JoinHandle<Vec<String>>>,
}

impl Program {
    /// Starts it and waits for the first line of its log that contains `ready`. The error of a
    /// program that ended before, or said nothing for a minute, holds the log.
    pub fn start(command: &mut Command, ready: &'static str) -> io::Result<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = child.spawn()?;
        let (tell, told) = channel();
        let reader =
            child.stderr.take().map(|log| std::thread::spawn(move || read(log, ready, &tell)));
        let mut program = Self { child, reader };
        match told.recv_timeout(READY) {
            Ok(()) => Ok(program),
            Err(_) => Err(io::Error::other(program.stop().join("\n"))),
        }
    }

    /// Kills it, and gives its log once it is gone.
    pub fn stop(&mut self) -> Vec<String> {
        let _already_gone = self.child.kill();
        self.wait()
    }

    /// The log of a program that was told to end, once it and all its children are gone.
    pub fn wait(&mut self) -> Vec<String> {
        let log = self.reader.take().and_then(|reader| reader.join().ok());
        let _status = self.child.wait();
        log.unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Reads to the end, so that the program never waits for its reader.
fn read(log: ChildStderr, ready: &str, tell: &Sender<()>) -> Vec<String> {
    let mut lines = Vec::new();
    for line in BufReader::new(log).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.contains(ready) {
            let _told_before = tell.send(());
        }
        lines.push(line);
    }
    lines
}

/// A port of this machine that nobody listened on a moment ago: for servers that cannot choose one
/// and tell it.
pub fn free_port() -> io::Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
