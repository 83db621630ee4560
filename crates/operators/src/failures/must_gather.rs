//! The archive of a cluster's state, unpacked where a person wants it and nowhere else.

use std::fs::{self, DirBuilder, File};
use std::io::{self, BufRead};
use std::path::{Component, Path, PathBuf};

use oar_prow_jobs::{ArtifactsError, RunFiles, RunPage};
use serde::Serialize;

use crate::report::error_chain;

/// Entries of an archive.
const MOST_ENTRIES: usize = 2_000_000;

/// What became of the archive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MustGather {
    /// Whether it is there for reading.
    pub available: bool,
    /// Where.
    #[serde(rename = "must_gather_dir", skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Whether it was unpacked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extracted: Option<bool>,
    /// Why it is not available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// More for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether there is an archive although it was not unpacked.
    #[serde(rename = "must_gather_downloaded", skip_serializing_if = "Option::is_none")]
    pub downloaded: Option<bool>,
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    /// An entry would be written elsewhere.
    #[error("the archive holds {path:?}, which leads out of its folder")]
    LeadsOut { path: String },
    /// The archive has too many entries.
    #[error("the archive has more than {limit} entries")]
    TooMany { limit: usize },
    /// It holds no file.
    #[error("the archive holds no file")]
    Empty,
    /// It cannot be read, or written here.
    #[error("the archive cannot be unpacked")]
    Io(#[from] io::Error),
}

/// Unpacks the run's archive into a fresh folder below `folder`; trouble is told, not fatal.
pub(super) async fn set_up(files: &dyn RunFiles, page: &RunPage, folder: &Path) -> MustGather {
    let unavailable = |error: &dyn std::error::Error| MustGather {
        reason: Some(error_chain(error)),
        ..MustGather::default()
    };
    let into = folder.join(format!("must-gather-{}", page.build_id()));
    match unpacked(files, page, &into).await {
        Ok(None) => MustGather {
            reason: Some("the run left no must-gather archive".to_owned()),
            note: Some("archives are gathered only when the cluster was up".to_owned()),
            ..MustGather::default()
        },
        Ok(Some(Ok(links))) => MustGather {
            available: true,
            folder: Some(into),
            extracted: Some(true),
            note: (links > 0).then(|| format!("{links} links and devices were left out")),
            ..MustGather::default()
        },
        Ok(Some(Err(error))) => {
            discard(&into);
            MustGather { downloaded: Some(true), ..unavailable(&error) }
        }
        Err(error) => {
            discard(&into);
            unavailable(&error)
        }
    }
}

type Unpacked = Option<Result<usize, UnpackError>>;

async fn unpacked(
    files: &dyn RunFiles,
    page: &RunPage,
    into: &Path,
) -> Result<Unpacked, ArtifactsError> {
    let found = files.find(page, "**/gather-must-gather/artifacts/must-gather.tar").await?;
    let Some(name) = found.first() else { return Ok(None) };
    let Some(stream) = files.open(page, name).await? else { return Ok(None) };
    let into = into.to_owned();
    stream.consume(move |source| unpack(source, &into)).await.map(Some)
}

/// Half an archive is none.
fn discard(into: &Path) {
    if let Err(error) = clear(into) {
        tracing::warn!("{} cannot be removed: {error}", into.display());
    }
}

/// Removes what is at `path`; of a link only the link.
fn clear(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Unpacks files and folders into `into`, which is made anew and belongs to us alone; answers how
/// many links and devices were left out. Links are never made, so none can be followed.
fn unpack(source: &mut dyn BufRead, into: &Path) -> Result<usize, UnpackError> {
    clear(into)?;
    if let Some(parent) = into.parent() {
        fs::create_dir_all(parent)?;
    }
    own_folder().create(into)?;
    let mut archive = tar::Archive::new(source);
    let (mut left_out, mut files) = (0, 0);
    for (number, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        if number >= MOST_ENTRIES {
            return Err(UnpackError::TooMany { limit: MOST_ENTRIES });
        }
        let kind = entry.header().entry_type();
        let path = within(&entry.path()?)?;
        if kind.is_dir() {
            fs::create_dir_all(into.join(path))?;
        } else if kind.is_file() {
            let path = into.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            io::copy(&mut entry, &mut File::create(&path)?)?;
            files += 1;
        } else {
            left_out += 1;
        }
    }
    if files == 0 { Err(UnpackError::Empty) } else { Ok(left_out) }
}

#[cfg(unix)]
fn own_folder() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;

    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn own_folder() -> DirBuilder {
    DirBuilder::new()
}

/// The entry's path when it stays within the folder.
fn within(path: &Path) -> Result<PathBuf, UnpackError> {
    let leads_out = || UnpackError::LeadsOut { path: path.display().to_string() };
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(leads_out());
            }
        }
    }
    Ok(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive with any names, also those that the library would not write.
    fn archive(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, kind, content) in entries {
            let mut header = tar::Header::new_gnu();
            let is_file = kind.is_file();
            header.set_entry_type(*kind);
            header.as_gnu_mut().expect("gnu").name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_mode(0o644);
            header.set_size(if is_file { content.len() as u64 } else { 0 });
            if !is_file && !kind.is_dir() {
                header.as_gnu_mut().expect("gnu").linkname[..content.len()]
                    .copy_from_slice(content.as_bytes());
            }
            header.set_cksum();
            let content = if is_file { content.as_bytes() } else { b"" };
            builder.append(&header, content).expect("an entry");
        }
        builder.into_inner().expect("an archive")
    }

    const FILE: tar::EntryType = tar::EntryType::Regular;

    #[test]
    fn spec04_case_39_entries_that_lead_out_refuse_the_archive() {
        let outer = tempfile::tempdir().unwrap();
        let into = outer.path().join("must-gather-1");
        for path in ["../evil", "/evil", "a/../../evil", "a/.."] {
            let bytes = archive(&[("good", FILE, "x"), (path, FILE, "evil")]);
            let error = unpack(&mut bytes.as_slice(), &into).unwrap_err();
            assert!(matches!(error, UnpackError::LeadsOut { .. }), "{path}: {error}");
            discard(&into);
            assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 0, "{path}");
        }
        assert!(!Path::new("/evil").exists());
    }

    #[test]
    fn links_are_neither_made_nor_followed() {
        let outer = tempfile::tempdir().unwrap();
        let target = outer.path().join("target");
        fs::create_dir(&target).unwrap();
        let into = outer.path().join("must-gather-1");
        let there = target.display().to_string();
        let bytes = archive(&[
            ("link", tar::EntryType::Symlink, &there),
            ("link/file", FILE, "inside"),
            ("hard", tar::EntryType::Link, &there),
        ]);
        assert_eq!(unpack(&mut bytes.as_slice(), &into).unwrap(), 2);
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
        assert_eq!(fs::read_to_string(into.join("link/file")).unwrap(), "inside");
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_made_anew_also_where_somebody_left_a_link() {
        let outer = tempfile::tempdir().unwrap();
        let (into, target) = (outer.path().join("must-gather-1"), outer.path().join("target"));
        fs::create_dir(&target).unwrap();
        std::os::unix::fs::symlink(&target, &into).unwrap();
        let bytes = archive(&[("./a/b", FILE, "x"), ("c/", tar::EntryType::Directory, "")]);
        unpack(&mut bytes.as_slice(), &into).unwrap();
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0, "not through the link");
        fs::write(into.join("old"), "old").unwrap();
        unpack(&mut bytes.as_slice(), &into).unwrap();
        assert!(!into.join("old").exists() && into.join("a/b").exists() && into.join("c").is_dir());
    }

    #[test]
    fn archives_that_are_none_or_empty_are_told() {
        let outer = tempfile::tempdir().unwrap();
        let into = outer.path().join("must-gather-1");
        assert!(unpack(&mut &[0; 1024][..], &into).is_err());
        assert!(unpack(&mut &b"<html>not found</html>"[..], &into).is_err());
        let whole = archive(&[("a", FILE, &"x".repeat(5_000))]);
        assert!(unpack(&mut &whole[..3_000], &into).is_err(), "cut off");
    }
}
