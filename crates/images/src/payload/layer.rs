//! Finds the files of a payload in a layer, while the layer arrives.

use std::io::{self, BufRead, BufReader, Read};

use bytes::Bytes;
use oar_registry::{Blob, RegistryError};
use tokio::sync::mpsc::{Receiver, channel};

/// The file that names the payload's images.
pub(super) const REFERENCES: &str = "release-manifests/image-references";
/// The file that names the release and the page of its advisory.
pub(super) const METADATA: &str = "release-manifests/release-metadata";

/// Longest of the files, bytes: references have some hundred entries.
const LONGEST_FILE: u64 = 4 * 1024 * 1024;
/// Longest metadata, bytes (spec 06 §3.4).
const LONGEST_METADATA: u64 = 1024 * 1024;
/// What a layer may decompress to, bytes.
const LONGEST_LAYER: u64 = 2 * 1024 * 1024 * 1024;
/// Files of a layer that are looked at.
const MOST_FILES: usize = 500_000;
/// Pieces of a layer that wait to be read.
const WAITING: usize = 4;
/// Up to this many bytes a layer is searched at once: quicker than a thread, and always in the same
/// order.
const SHORT: usize = 16 * 1024;

/// The files as far as they were found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) references: Option<Vec<u8>>,
    pub(super) metadata: Option<Vec<u8>>,
}

impl Found {
    pub(super) fn is_complete(&self) -> bool {
        self.references.is_some() && self.metadata.is_some()
    }

    /// What is found here hides what is found further down.
    pub(super) fn or(self, below: Self) -> Self {
        Self {
            references: self.references.or(below.references),
            metadata: self.metadata.or(below.metadata),
        }
    }
}

/// A layer could not be read.
#[derive(Debug)]
pub(super) enum LayerError {
    /// It did not arrive as it should.
    Registry(RegistryError),
    /// It is no layer.
    Malformed(String),
}

/// Reads a layer to its end; what was found counts only when the layer is what its digest names.
pub(super) async fn read(mut blob: Blob) -> Result<Found, LayerError> {
    let mut beginning = Vec::new();
    while beginning.len() <= SHORT {
        match blob.chunk().await.map_err(LayerError::Registry)? {
            Some(piece) => beginning.extend_from_slice(&piece),
            None => return search(beginning.as_slice()).map_err(malformed),
        }
    }
    let (pieces, waiting) = channel(WAITING);
    let beginning = Pieces { waiting, current: beginning.into() };
    let search = tokio::task::spawn_blocking(move || search(beginning));
    while let Some(piece) = blob.chunk().await.map_err(LayerError::Registry)? {
        // The search may have ended already; the digest still needs every byte.
        let _ended = pieces.send(piece).await;
    }
    drop(pieces);
    search.await.map_err(malformed)?.map_err(malformed)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn malformed(error: impl ToString) -> LayerError {
    LayerError::Malformed(error.to_string())
}

/// Pieces that arrive, as something to read from.
struct Pieces {
    waiting: Receiver<Bytes>,
    current: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.waiting.blocking_recv() {
                Some(piece) => self.current = piece,
                None => return Ok(0),
            }
        }
        let size = self.current.len().min(into.len());
        into[..size].copy_from_slice(&self.current.split_to(size));
        Ok(size)
    }
}

/// Finds the files in a layer that is compressed in any of the usual ways, or not at all.
fn search(layer: impl Read) -> io::Result<Found> {
    let mut layer = BufReader::with_capacity(64 * 1024, layer);
    let beginning = layer.fill_buf()?;
    if beginning.starts_with(&[0x1F, 0x8B]) {
        archive(flate2::bufread::MultiGzDecoder::new(layer))
    } else if beginning.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) {
        let decoder = ruzstd::decoding::StreamingDecoder::new(layer);
        archive(decoder.map_err(|error| io::Error::other(error.to_string()))?)
    } else {
        archive(layer)
    }
}

fn archive(layer: impl Read) -> io::Result<Found> {
    let mut archive = tar::Archive::new(layer.take(LONGEST_LAYER));
    let mut found = Found::default();
    for (number, entry) in archive.entries()?.enumerate() {
        let mut entry = entry?;
        if number >= MOST_FILES {
            return Err(io::Error::other("the layer has too many files"));
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path_bytes();
        let path = path.strip_prefix(b"./").unwrap_or(&path);
        let (place, limit) = match path {
            path if path == REFERENCES.as_bytes() => (&mut found.references, LONGEST_FILE),
            path if path == METADATA.as_bytes() => (&mut found.metadata, LONGEST_METADATA),
            _ => continue,
        };
        if entry.size() > limit {
            return Err(io::Error::other("a file of the payload is too long"));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        *place = Some(content);
        if found.is_complete() {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use oar_registry::Digest;

    use super::*;

    fn tarball(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append_data(&mut header, path, *content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(content: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn layer() -> Vec<u8> {
        tarball(&[
            ("release-manifests/0000_50_other.yaml", &vec![b'x'; 70_000]),
            ("./release-manifests/image-references", b"references"),
            ("elsewhere/release-manifests/release-metadata", b"no"),
            ("release-manifests/release-metadata", b"metadata"),
        ])
    }

    async fn found(content: Vec<u8>) -> Result<Found, LayerError> {
        read(Blob::at_hand(Digest::of(&content), content)).await
    }

    #[tokio::test]
    async fn the_files_are_found_however_the_layer_is_compressed() {
        for content in [layer(), gzip(&layer()), zstd(&layer())] {
            let found = found(content).await.unwrap();
            assert_eq!(found.references.as_deref(), Some(&b"references"[..]));
            assert_eq!(found.metadata.as_deref(), Some(&b"metadata"[..]));
        }
    }

    #[tokio::test]
    async fn a_layer_without_them_has_none_and_a_lower_one_fills_in() {
        let upper = found(gzip(&tarball(&[("etc/x", b"1"), (REFERENCES, b"new")]))).await.unwrap();
        assert!(!upper.is_complete());
        let both = upper.or(found(gzip(&layer())).await.unwrap());
        assert_eq!(both.references.as_deref(), Some(&b"new"[..]));
        assert!(both.is_complete());
        assert_eq!(found(tarball(&[])).await.unwrap(), Found::default());
    }

    #[tokio::test]
    async fn what_is_found_in_a_wrong_layer_does_not_count() {
        let blob = Blob::at_hand(Digest::of(b"other"), gzip(&layer()));
        let error = read(blob).await.unwrap_err();
        assert!(matches!(error, LayerError::Registry(RegistryError::WrongDigest { .. })));
    }

    #[tokio::test]
    async fn r29_broken_and_oversized_layers_are_errors() {
        let mut cut = gzip(&layer());
        cut.truncate(cut.len() / 2);
        let long = tarball(&[(METADATA, &vec![b'x'; 1024 * 1024 + 1])]);
        for content in [cut, long, b"neither tar nor compressed".repeat(100)] {
            assert!(matches!(found(content).await, Err(LayerError::Malformed(_))));
        }
    }

    #[tokio::test]
    async fn links_are_not_followed() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, METADATA, "/etc/passwd").unwrap();
        let found = found(builder.into_inner().unwrap()).await.unwrap();
        assert_eq!(found.metadata, None);
    }
}
