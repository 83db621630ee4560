//! Reads bodies, up to a limit.

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;

use crate::port::{Body, SendError};

/// The announced length, bytes.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Why a body could not be read to its end.
pub(super) enum Unread {
    /// It is longer than allowed; this is its beginning.
    TooLong(Bytes),
    /// It broke off.
    Broken(SendError),
}

pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, Unread> {
    let mut pieces = match body {
        Body::Full(bytes) if bytes.len() > limit => {
            return Err(Unread::TooLong(bytes.slice(..limit)));
        }
        Body::Full(bytes) => return Ok(bytes),
        Body::Stream(pieces) => pieces,
    };
    let mut whole = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(Unread::Broken)?;
        if whole.len() + piece.len() > limit {
            whole.extend_from_slice(&piece[..limit - whole.len()]);
            return Err(Unread::TooLong(whole.freeze()));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}
