//! The adapters and the update loop from outside.

mod crash;
mod local;
mod update;
mod update_many;

use oar_state_repo::{
    Actor, Change, Commit, CommitMessage, Expected, FileVersion, RepoPath, blob_id,
};

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).expect("the test's path is valid")
}

fn message(subject: &str) -> CommitMessage {
    CommitMessage {
        subject: subject.to_owned(),
        actor: Actor::Person("lead".to_owned()),
        command: "test".to_owned(),
        intent: None,
    }
}

fn create(at: &str, text: &str) -> Change {
    Change { path: path(at), content: Some(text.into()), expected: Expected::Absent }
}

fn replace(at: &str, before: &str, text: &str) -> Change {
    Change { content: Some(text.into()), expected: expect(before), path: path(at) }
}

fn delete(at: &str, before: &str) -> Change {
    Change { path: path(at), content: None, expected: expect(before) }
}

fn expect(before: &str) -> Expected {
    Expected::Version(version(before))
}

fn version(text: &str) -> FileVersion {
    blob_id(text.as_bytes())
}

fn commit(subject: &str, changes: Vec<Change>) -> Commit {
    Commit { message: message(subject), changes }
}
