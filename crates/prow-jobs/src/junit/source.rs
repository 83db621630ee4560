//! A source that gives at most so many bytes between two tags.

use std::io::{self, BufRead, Read};

/// Lets `left` bytes through, then fails.
#[derive(Debug)]
pub(super) struct Metered<R> {
    source: R,
    /// Bytes that may still be taken.
    pub(super) left: usize,
    /// Whether the limit was met.
    pub(super) is_exhausted: bool,
}

impl<R> Metered<R> {
    pub(super) const fn new(source: R) -> Self {
        Self { source, left: 0, is_exhausted: false }
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let available = self.source.fill_buf()?;
        if self.left == 0 && !available.is_empty() {
            self.is_exhausted = true;
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(&available[..available.len().min(self.left)])
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount);
        self.source.consume(amount);
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let size = available.len().min(into.len());
        into[..size].copy_from_slice(&available[..size]);
        self.consume(size);
        Ok(size)
    }
}
