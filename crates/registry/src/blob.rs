//! Content that arrives in pieces and is checked when it has ended.

use std::fmt;

use bytes::Bytes;
use oar_transport::StreamingReply;

use crate::digest::{Digest, RunningDigest};
use crate::error::RegistryError;

/// A blob on its way. Nothing may be made of its pieces before [`Blob::chunk`] has answered `None`:
/// only then is it known to be what its digest names.
pub struct Blob {
    what: String,
    expected: Digest,
    check: Option<RunningDigest>,
    wrong: Option<Digest>,
    source: Source,
}

enum Source {
    Arriving(Box<StreamingReply>),
    AtHand(Option<Bytes>),
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob").field("digest", &self.expected).finish_non_exhaustive()
    }
}

impl Blob {
    pub(crate) fn arriving(what: String, expected: Digest, reply: StreamingReply) -> Self {
        let check = Some(expected.check());
        Self { what, expected, check, wrong: None, source: Source::Arriving(Box::new(reply)) }
    }

    /// A blob whose content is at hand; for tests of dependents.
    pub fn at_hand(expected: Digest, content: impl Into<Bytes>) -> Self {
        let (what, check) = (expected.to_string(), Some(expected.check()));
        Self { what, expected, check, wrong: None, source: Source::AtHand(Some(content.into())) }
    }

    /// The digest that is promised.
    pub const fn digest(&self) -> &Digest {
        &self.expected
    }

    /// The next piece, `None` at the end. Fails at the end when the content is not what the digest
    /// names, and when it breaks off or grows too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let next = match &mut self.source {
            Source::AtHand(content) => content.take().filter(|content| !content.is_empty()),
            Source::Arriving(reply) => {
                let next = reply.chunk().await;
                next.map_err(|error| RegistryError::of(self.what.clone(), error))?
            }
        };
        match next {
            Some(piece) => {
                if let Some(check) = &mut self.check {
                    check.update(&piece);
                }
                Ok(Some(piece))
            }
            None => self.judge().map(|()| None),
        }
    }

    /// Once the content has ended: whether it was the right one, however often that is asked.
    fn judge(&mut self) -> Result<(), RegistryError> {
        let found = self.check.take().map(RunningDigest::digest);
        self.wrong = self.wrong.take().or_else(|| found.filter(|found| *found != self.expected));
        match &self.wrong {
            None => Ok(()),
            Some(found) => Err(RegistryError::WrongDigest {
                what: self.what.clone(),
                expected: self.expected.clone(),
                found: found.clone(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_tells_whether_it_was_the_right_content() {
        let digest = Digest::of(b"content");
        let mut blob = Blob::at_hand(digest.clone(), &b"content"[..]);
        assert_eq!(blob.chunk().await.unwrap().as_deref(), Some(&b"content"[..]));
        assert_eq!(blob.chunk().await.unwrap(), None);
        assert_eq!(blob.chunk().await.unwrap(), None);

        let mut blob = Blob::at_hand(digest, &b"c0ntent"[..]);
        assert!(blob.chunk().await.unwrap().is_some());
        for _ in 0..2 {
            let error = blob.chunk().await.unwrap_err();
            assert!(matches!(error, RegistryError::WrongDigest { .. }), "{error}");
        }

        let mut empty = Blob::at_hand(Digest::of(b""), Bytes::new());
        assert_eq!(empty.chunk().await.unwrap(), None);
    }
}
