//! The loop for many files, against a repository that fails and is changed by others.

use oar_release::clock::SeededEntropy;
use oar_state_repo::memory::RecordedPause;
use oar_state_repo::{
    BlobCache, Edit, FileEdit, FileNow, MemoryRepo, RepoError, Retry, StateRepo as _, StoredFile,
    read_folder_cached, update_files,
};

use crate::{message, path};

/// Appends `line` unless it is there.
fn append(before: Option<&StoredFile>, line: &str) -> Edit {
    let text = before.map_or(String::new(), |file| String::from_utf8_lossy(&file.content).into());
    if text.contains(line) { Edit::Keep } else { Edit::Write(format!("{text}{line}").into_bytes()) }
}

async fn add(repo: &MemoryRepo, names: &[&str]) -> Result<Vec<FileNow>, RepoError> {
    let mut edits = Vec::new();
    for name in names {
        let before = repo.read(&path(name)).await?;
        let decide = Box::new(|before: Option<&StoredFile>| append(before, "ours\n"));
        edits.push(FileEdit { path: path(name), before, decide });
    }
    let pause = RecordedPause::default();
    let retry = Retry { entropy: &SeededEntropy::new(1), pause: &pause };
    update_files(repo, edits, &message("add"), &retry).await
}

#[tokio::test]
async fn many_files_are_one_commit_and_no_change_is_none() {
    let repo = MemoryRepo::new();
    repo.put("a", "x\n");
    let now = add(&repo, &["a", "b"]).await.expect("written");
    assert!(now.iter().all(|now| now.changed));
    assert_eq!(now[0].file.as_ref().expect("a file").content, b"x\nours\n");
    let again = add(&repo, &["a", "b"]).await.expect("nothing to do");
    assert!(again.iter().all(|now| !now.changed && now.file.is_some()));
    assert_eq!(repo.commits().len(), 1);
}

#[tokio::test]
async fn others_changes_survive_a_lost_answer_doubles_nothing() {
    let repo = MemoryRepo::new();
    repo.put("a", "x\n");
    repo.interfere("a", "x\ntheirs\n");
    repo.fail_commit(RepoError::Conflict { path: "branch".to_owned() });
    repo.lose_reply();
    add(&repo, &["a", "b"]).await.expect("written");
    assert_eq!(repo.text("a").as_deref(), Some("x\ntheirs\nours\n"));
    assert_eq!(repo.text("b").as_deref(), Some("ours\n"));
    assert_eq!(repo.commits().len(), 1);
}

#[tokio::test]
async fn five_conflicts_are_enough_and_other_trouble_ends_at_once() {
    let repo = MemoryRepo::new();
    for _ in 0..5 {
        repo.fail_commit(RepoError::Conflict { path: "branch".to_owned() });
    }
    assert!(matches!(add(&repo, &["a"]).await, Err(RepoError::Conflict { .. })));
    repo.fail_commit(RepoError::Forbidden { location: "here".to_owned() });
    assert!(matches!(add(&repo, &["a"]).await, Err(RepoError::Forbidden { .. })));
    assert!(repo.commits().is_empty());
}

#[tokio::test]
async fn a_file_is_deleted_only_as_it_was_read() {
    let repo = MemoryRepo::new();
    for (theirs, left) in [(None, None), (Some("new"), Some("new"))] {
        repo.put("a", "old");
        let before = repo.read(&path("a")).await.expect("read");
        let version = before.as_ref().expect("there").version.clone();
        if let Some(text) = theirs {
            repo.interfere("a", text);
        }
        let decide = Box::new(move |now: Option<&StoredFile>| match now {
            Some(now) if now.version == version => Edit::Delete,
            _ => Edit::Keep,
        });
        let edit = FileEdit { path: path("a"), before, decide };
        let retry = Retry { entropy: &SeededEntropy::new(1), pause: &RecordedPause::default() };
        update_files(&repo, vec![edit], &message("delete"), &retry).await.expect("done");
        assert_eq!(repo.text("a").as_deref(), left);
    }
}

#[tokio::test]
async fn a_warm_cache_reads_only_what_changed() {
    let (repo, mut cache) = (MemoryRepo::new(), BlobCache::in_memory());
    for name in ["f/a", "f/b", "f/c", "f/below/d", "g/e"] {
        repo.put(name, "same");
    }
    repo.put("f/c", "other");
    let cold = read_folder_cached(&repo, &path("f"), &mut cache).await.expect("read");
    assert_eq!((cold.len(), repo.reads()), (3, 3));
    let warm = read_folder_cached(&repo, &path("f"), &mut cache).await.expect("read");
    assert_eq!((&warm, repo.reads()), (&cold, 3));
    repo.put("f/b", "new");
    let changed = read_folder_cached(&repo, &path("f"), &mut cache).await.expect("read");
    assert_eq!((changed[1].1.content.as_slice(), repo.reads()), (b"new".as_slice(), 4));
}
