//! Contents that were read before, on disk, by their git id: a file whose id is known need not be
//! read again (spec 04 §3).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::blob::blob_id;
use crate::error::RepoError;
use crate::port::{Entry, FileVersion, RepoPath, StateRepo, StoredFile};

/// First line of the file; another one starts an empty cache.
const HEAD: &[u8] = b"oar-blobs 1\n";

/// Contents by id, kept in one file. A damaged file, or a content that does not have its id, is as
/// good as none.
#[derive(Debug, Default)]
pub struct BlobCache {
    path: Option<PathBuf>,
    blobs: BTreeMap<String, Vec<u8>>,
}

impl BlobCache {
    /// A cache that ends with the process.
    pub fn in_memory() -> Self {
        Self::default()
    }

    /// The cache kept in the file `path`; empty when there is none.
    pub fn open(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_default();
        Self { path: Some(path.to_owned()), blobs: decoded(&bytes).unwrap_or_default() }
    }

    /// Number of contents.
    pub fn len(&self) -> usize {
        self.blobs.len()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.blobs.is_empty()
    }

    fn take(&mut self, version: &FileVersion) -> Option<StoredFile> {
        let content = self.blobs.remove(&version.0)?;
        let is_whole = blob_id(&content) == *version;
        is_whole.then(|| StoredFile { content, version: version.clone() })
    }

    /// Keeps exactly `files` from now on.
    fn keep<'f>(&mut self, files: impl Iterator<Item = &'f StoredFile>) {
        self.blobs = files.map(|file| (file.version.0.clone(), file.content.clone())).collect();
        // A cache that cannot be written costs requests the next time, nothing else.
        if let Err(error) = self.save() {
            tracing::warn!("the cache cannot be written: {error}");
        }
    }

    fn save(&self) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut bytes = HEAD.to_vec();
        for (id, content) in &self.blobs {
            bytes.extend_from_slice(format!("{id} {}\n", content.len()).as_bytes());
            bytes.extend_from_slice(content);
            bytes.push(b'\n');
        }
        // Readers see the old file or the new one; two writers leave one of theirs.
        let fresh = path.with_extension(format!("{}.new", std::process::id()));
        std::fs::write(&fresh, bytes)?;
        std::fs::rename(&fresh, path)
    }
}

fn decoded(bytes: &[u8]) -> Option<BTreeMap<String, Vec<u8>>> {
    let mut rest = bytes.strip_prefix(HEAD)?;
    let mut blobs = BTreeMap::new();
    while !rest.is_empty() {
        let end = rest.iter().take(64).position(|byte| *byte == b'\n')?;
        let (line, after) = rest.split_at(end);
        let (id, length) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        let (content, after) = after.get(1..)?.split_at_checked(length.parse().ok()?)?;
        blobs.insert(id.to_owned(), content.to_vec());
        rest = after.strip_prefix(b"\n")?;
    }
    Some(blobs)
}

/// All files directly in `folder`, sorted by path. A warm cache costs one listing and the files that
/// changed; a cold one is filled in as few requests as the adapter can.
pub async fn read_folder_cached(
    repo: &dyn StateRepo,
    folder: &RepoPath,
    cache: &mut BlobCache,
) -> Result<Vec<(RepoPath, StoredFile)>, RepoError> {
    let files = if cache.is_empty() {
        repo.read_folder(folder).await?
    } else {
        let listed = repo.list_direct(folder).await?;
        from_cache(repo, listed, cache).await?
    };
    cache.keep(files.iter().map(|(_, file)| file));
    Ok(files)
}

async fn from_cache(
    repo: &dyn StateRepo,
    listed: Vec<Entry>,
    cache: &mut BlobCache,
) -> Result<Vec<(RepoPath, StoredFile)>, RepoError> {
    let (mut files, mut unknown) = (Vec::with_capacity(listed.len()), Vec::new());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for Entry { path, version } in listed {
        // Two files of one content have one id.
        if let Some(at) = seen.get(&version.0) {
            let (_, file): &(RepoPath, StoredFile) = &files[*at];
            files.push((path, file.clone()));
        } else if let Some(file) = cache.take(&version) {
            seen.insert(version.0, files.len());
            files.push((path, file));
        } else {
            unknown.push(path);
        }
    }
    if !unknown.is_empty() {
        files.extend(repo.read_many(&unknown).await?);
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    Ok(files)
}

/// Those of `entries` that are no deeper than `folder`.
pub fn directly_in(folder: &RepoPath, entries: Vec<Entry>) -> Vec<Entry> {
    let depth = folder.as_str().split('/').count() + 1;
    entries.into_iter().filter(|entry| entry.path.as_str().split('/').count() == depth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_cache_is_an_empty_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("below/cache");
        let file = StoredFile { content: b"a\nb".to_vec(), version: blob_id(b"a\nb") };
        let mut cache = BlobCache::open(&path);
        assert!(cache.is_empty());
        cache.keep([&file].into_iter());
        assert_eq!(BlobCache::open(&path).take(&file.version), Some(file.clone()));
        let whole = std::fs::read(&path).expect("it was written");
        for end in 0..whole.len() {
            std::fs::write(&path, &whole[..end]).expect("a file");
            let mut cut = BlobCache::open(&path);
            assert_eq!(cut.take(&file.version), None, "cut at {end}");
        }
        let mut other = whole.clone();
        *other.iter_mut().rev().nth(1).expect("bytes") = b'x';
        std::fs::write(&path, other).expect("a file");
        assert_eq!(BlobCache::open(&path).take(&file.version), None, "another content");
    }
}
