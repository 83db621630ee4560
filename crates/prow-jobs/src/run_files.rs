//! The port to the files of a run, and a file that is read while it arrives.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use async_trait::async_trait;
use bytes::{Buf as _, Bytes};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::sync::mpsc;

use crate::artifacts::ArtifactsError;
use crate::run::RunPage;

/// Pieces that wait for the reader, each at most 64 KiB.
const WAITING: usize = 8;

/// Reads the files below a run's folder.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RunFiles: Send + Sync {
    /// Names, below the run's folder and in order, of the files that match `glob`: `*` stays within
    /// one folder, `**` does not.
    async fn find(&self, page: &RunPage, glob: &str) -> Result<Vec<String>, ArtifactsError>;

    /// The whole of a file of at most `limit` bytes, decoded; `None` when it is not there.
    async fn read(
        &self,
        page: &RunPage,
        name: &str,
        limit: usize,
    ) -> Result<Option<Bytes>, ArtifactsError>;

    /// A file as it arrives; `None` when it is not there.
    async fn open(&self, page: &RunPage, name: &str) -> Result<Option<FileStream>, ArtifactsError>;
}

/// A file that is still arriving.
pub struct FileStream {
    page: RunPage,
    is_gzip: bool,
    pieces: BoxStream<'static, Result<Bytes, ArtifactsError>>,
}

impl fmt::Debug for FileStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStream").field("page", &self.page).finish_non_exhaustive()
    }
}

impl FileStream {
    /// A file of the run `page` in pieces; `is_gzip` when they are still compressed.
    pub fn new(
        page: RunPage,
        is_gzip: bool,
        pieces: BoxStream<'static, Result<Bytes, ArtifactsError>>,
    ) -> Self {
        Self { page, is_gzip, pieces }
    }

    /// Runs `work` over the decoded bytes, on a thread of its own, while they arrive. Only a few
    /// pieces are in memory at a time. Trouble on the way is an error, whatever `work` made of it.
    pub async fn consume<T: Send + 'static>(
        mut self,
        work: impl FnOnce(&mut dyn BufRead) -> T + Send + 'static,
    ) -> Result<T, ArtifactsError> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let pieces = Pieces { receiver, pending: Bytes::new() };
        let is_gzip = self.is_gzip;
        let worker = tokio::task::spawn_blocking(move || {
            if is_gzip {
                work(&mut BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(pieces)))
            } else {
                work(&mut { pieces })
            }
        });
        let mut trouble = None;
        while let Some(piece) = self.pieces.next().await {
            let piece = piece.map_err(|error| {
                trouble = Some(error);
                io::Error::from(io::ErrorKind::ConnectionAborted)
            });
            // Nobody listens any more when the work ended before the file did.
            if sender.send(piece).await.is_err() || trouble.is_some() {
                break;
            }
        }
        drop(sender);
        let done = worker.await;
        match (trouble, done) {
            (Some(error), _) => Err(error),
            (None, Ok(done)) => Ok(done),
            (None, Err(error)) => Err(ArtifactsError::nonsense(&self.page, error)),
        }
    }
}

/// The pieces as something to read from.
struct Pieces {
    receiver: mpsc::Receiver<io::Result<Bytes>>,
    pending: Bytes,
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.pending.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.pending = piece?,
                None => break,
            }
        }
        Ok(&self.pending)
    }

    fn consume(&mut self, amount: usize) {
        self.pending.advance(amount);
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let size = available.len().min(into.len());
        into[..size].copy_from_slice(&available[..size]);
        BufRead::consume(self, size);
        Ok(size)
    }
}
