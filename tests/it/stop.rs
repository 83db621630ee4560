//! Told to stop while waiting: the documented exit code, and nothing half done.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::harness::{Place, program_path};

#[test]
#[expect(clippy::disallowed_methods, reason = "the test sends signals to a real process")]
fn sigterm_and_sigint_end_a_waiting_command_with_their_codes() {
    let place = Place::new();
    let folder = place.path("repo");
    std::fs::create_dir(&folder).expect("a folder");
    let repo = folder.display().to_string();
    let create = ["--state-repo", &repo, "-r", "4.99.3", "create-test-report"];
    place.sandboxed("oar", &create).expect(0);
    let file = folder.join("_releases/4.99/statebox/4.99.3.yaml");
    let before = std::fs::read(&file).expect("the StateBox");

    // Somebody else holds the folder: the command waits for its turn.
    let lock = File::options().write(true).open(folder.join(".oar/update-lock")).expect("the lock");
    lock.lock().expect("held");
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut child = Command::new(program_path("oar"))
            .args(["--state-repo", &repo, "-r", "4.99.3", "issue", "add", "a remark"])
            .args(["--no-blocker", "--debug"])
            .env_clear()
            .env("XDG_STATE_HOME", place.path("state"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        // The line that it writes before it waits is the sync point.
        let mut stderr = std::io::BufReader::new(child.stderr.take().expect("its stderr"));
        let mut line = String::new();
        while !line.contains("waiting") {
            line.clear();
            let read = std::io::BufRead::read_line(&mut stderr, &mut line).expect("a line");
            assert!(read > 0, "it ended before it waited");
        }
        let pid = child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill");
        assert!(sent.success());
        assert_eq!(child.wait().expect("its end").code(), Some(code), "SIG{signal}");
    }
    assert_eq!(std::fs::read(&file).expect("the StateBox"), before);
}
