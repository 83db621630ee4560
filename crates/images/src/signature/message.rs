//! The OpenPGP message of a signature file, taken apart (spec 03 §12.4, §12.6 item 1).

use std::io::Read as _;

use pgp::packet::{Packet, PacketHeader, Signature};
use pgp::types::{PacketLength, Tag};

/// Longest content after decompression, bytes.
const LONGEST: usize = 64 * 1024;
/// Compressed packets within compressed packets.
const DEEPEST: u32 = 4;
/// Signatures of one message that are looked at.
const MOST_SIGNATURES: usize = 8;

/// Why a file is no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAMessage {
    /// It is not made of OpenPGP packets: a web page, a text, an armored or damaged file.
    #[error("it is no OpenPGP message: {problem}")]
    Malformed {
        /// What the reader says.
        problem: String,
    },
    /// It ends before it should.
    #[error("it is cut off")]
    Truncated,
    /// Something follows the message.
    #[error("something follows the message")]
    TrailingData,
    /// It has a part that a signature file has not: encrypted data, a key.
    #[error("it has a part that no signature file has ({tag})")]
    UnexpectedPart {
        /// Which one.
        tag: String,
    },
    /// Not exactly one signed content.
    #[error("it has {contents} contents, not one")]
    NotOneContent {
        /// How many.
        contents: usize,
    },
    /// Nobody signed it.
    #[error("it has no signature")]
    NoSignature,
    /// More signatures than are looked at, or not as many as were announced.
    #[error("it has an odd number of signatures")]
    OddSignatures,
    /// It decompresses to more than any signature is long.
    #[error("its content is longer than {LONGEST} bytes")]
    TooLong,
    /// Compressed in compressed in compressed.
    #[error("it is nested too deeply")]
    TooDeep,
}

/// A message: what was signed, and by which signatures.
#[derive(Debug)]
pub(crate) struct SignedMessage {
    pub(crate) content: Vec<u8>,
    pub(crate) signatures: Vec<Signature>,
}

#[derive(Default)]
struct Parts {
    contents: Vec<Vec<u8>>,
    signatures: Vec<Signature>,
    announced: usize,
}

/// Takes a file apart. Nothing of it is believed yet.
pub(crate) fn read(file: &[u8]) -> Result<SignedMessage, NotAMessage> {
    let mut parts = Parts::default();
    packets(file, DEEPEST, &mut parts)?;
    let Parts { mut contents, signatures, announced } = parts;
    if contents.len() != 1 {
        return Err(NotAMessage::NotOneContent { contents: contents.len() });
    }
    if signatures.is_empty() {
        return Err(NotAMessage::NoSignature);
    }
    if signatures.len() > MOST_SIGNATURES || ![0, signatures.len()].contains(&announced) {
        return Err(NotAMessage::OddSignatures);
    }
    Ok(SignedMessage { content: contents.remove(0), signatures })
}

fn packets(mut rest: &[u8], depth: u32, parts: &mut Parts) -> Result<(), NotAMessage> {
    if rest.is_empty() {
        return Err(NotAMessage::Truncated);
    }
    while !rest.is_empty() {
        let after_something = parts.announced + parts.signatures.len() + parts.contents.len() > 0;
        let malformed = |problem: String| {
            if after_something {
                NotAMessage::TrailingData
            } else {
                NotAMessage::Malformed { problem }
            }
        };
        let header = PacketHeader::try_from_reader(&mut rest)
            .map_err(|error| malformed(error.to_string()))?;
        let tag = header.tag();
        let known = [Tag::CompressedData, Tag::OnePassSignature, Tag::LiteralData, Tag::Signature];
        if !known.contains(&tag) {
            return Err(NotAMessage::UnexpectedPart { tag: format!("{tag:?}") });
        }
        let body = body(&header, &mut rest)?;
        let mut unread = &body[..];
        let packet = Packet::from_reader(header, &mut unread);
        let packet =
            packet.map_err(|error| NotAMessage::Malformed { problem: error.to_string() })?;
        if !unread.is_empty() {
            return Err(NotAMessage::TrailingData);
        }
        match packet {
            Packet::OnePassSignature(_) => parts.announced += 1,
            Packet::LiteralData(literal) => parts.contents.push(literal.data().to_vec()),
            Packet::Signature(signature) => parts.signatures.push(signature),
            Packet::CompressedData(compressed) => {
                let depth = depth.checked_sub(1).ok_or(NotAMessage::TooDeep)?;
                let problem = |problem: String| NotAMessage::Malformed { problem };
                let mut stream =
                    compressed.decompress().map_err(|error| problem(error.to_string()))?;
                let mut content = Vec::new();
                let limit = u64::try_from(LONGEST).unwrap_or(u64::MAX) + 1;
                (&mut stream)
                    .take(limit)
                    .read_to_end(&mut content)
                    .map_err(|error| problem(error.to_string()))?;
                if content.len() > LONGEST {
                    return Err(NotAMessage::TooLong);
                }
                if !stream.into_inner().is_empty() {
                    return Err(NotAMessage::TrailingData);
                }
                packets(&content, depth, parts)?;
            }
            other => return Err(NotAMessage::UnexpectedPart { tag: format!("{other:?}") }),
        }
    }
    Ok(())
}

/// The body of a packet whose header was read; all of it must be there.
fn body(header: &PacketHeader, rest: &mut &[u8]) -> Result<Vec<u8>, NotAMessage> {
    match header.packet_length() {
        PacketLength::Fixed(length) => Ok(take(rest, length as usize)?.to_vec()),
        PacketLength::Indeterminate => Ok(std::mem::take(rest).to_vec()),
        PacketLength::Partial(first) => {
            let mut whole = take(rest, first as usize)?.to_vec();
            loop {
                let (length, is_last) = length(rest)?;
                whole.extend_from_slice(take(rest, length)?);
                if is_last {
                    return Ok(whole);
                }
            }
        }
    }
}

fn take<'r>(rest: &mut &'r [u8], length: usize) -> Result<&'r [u8], NotAMessage> {
    let (taken, left) = rest.split_at_checked(length).ok_or(NotAMessage::Truncated)?;
    *rest = left;
    Ok(taken)
}

/// A length in the new format, and whether it is the last one (RFC 9580 §4.2.1).
fn length(rest: &mut &[u8]) -> Result<(usize, bool), NotAMessage> {
    let byte = |rest: &mut &[u8]| Ok(usize::from(take(rest, 1)?[0]));
    let first = byte(rest)?;
    Ok(match first {
        0..=191 => (first, true),
        192..=223 => (((first - 192) << 8) + byte(rest)? + 192, true),
        224..=254 => (1 << (first & 0x1f), false),
        _ => {
            let mut length = 0;
            for _ in 0..4 {
                length = (length << 8) | byte(rest)?;
            }
            (length, true)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pages_texts_and_nothing_are_no_messages() {
        for file in [
            &b"<!DOCTYPE html><html>Sign in</html>"[..],
            b"{\"critical\":{}}",
            b"-----BEGIN PGP MESSAGE-----\n\n",
            b"\n",
        ] {
            assert!(matches!(read(file), Err(NotAMessage::Malformed { .. })), "{file:?}");
        }
        assert_eq!(read(b"").unwrap_err(), NotAMessage::Truncated);
    }

    #[test]
    fn encrypted_data_and_keys_are_not_looked_into() {
        // New-format headers of encrypted data (18), a session key (1), a public key (6).
        for tag in [18_u8, 1, 6, 5] {
            let file = [0xC0 | tag, 2, 1, 0];
            assert!(matches!(read(&file), Err(NotAMessage::UnexpectedPart { .. })), "{tag}");
        }
    }

    proptest! {
        /// No file makes the reader fail, and none is long enough to be a signature.
        #[test]
        fn any_file_is_read(file in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _message = read(&file);
        }
    }
}
