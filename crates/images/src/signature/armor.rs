//! Takes public keys out of their armor (RFC 9580 §6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &str = "-----END PGP PUBLIC KEY BLOCK-----";

/// The content of each armored block of `text`, what stands around them skipped; none when it has
/// none. A block that is damaged is an error, and so is one whose checksum does not fit.
pub(super) fn blocks(text: &str) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while lines.any(|line| line == BEGIN) {
        let (mut content, mut checksum, mut in_headers) = (String::new(), None, true);
        loop {
            let line = lines.next().ok_or("an armored block has no end")?;
            match line {
                END => break,
                // Headers, such as Version and Comment, end with an empty line.
                "" => in_headers = false,
                header if in_headers && header.contains(": ") => {}
                sum if sum.starts_with('=') => checksum = Some(sum[1..].to_owned()),
                data if checksum.is_none() => {
                    in_headers = false;
                    content.push_str(data);
                }
                _ => return Err("something follows the checksum of an armored block"),
            }
        }
        let content = STANDARD.decode(content).map_err(|_| "an armored block is no base64")?;
        if let Some(checksum) = checksum {
            let sum = STANDARD.decode(checksum).map_err(|_| "a checksum is no base64")?;
            if sum != crc24(&content).to_be_bytes()[1..] {
                return Err("the checksum of an armored block does not fit");
            }
        }
        blocks.push(content);
    }
    Ok(blocks)
}

fn crc24(content: &[u8]) -> u32 {
    content.iter().fold(0x00B7_04CE, |sum, byte| {
        (0..8).fold(sum ^ (u32::from(*byte) << 16), |sum, _| {
            let sum = sum << 1;
            if sum & 0x0100_0000 == 0 { sum } else { (sum ^ 0x0186_4CFB) & 0x00FF_FFFF }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "about a key\n\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\nVersion: x\r\n\r\nAAEC\r\n\
                    AwQ=\r\n=tdmo\r\n-----END PGP PUBLIC KEY BLOCK-----\nmore\n\
                    -----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAA==\n-----END PGP PUBLIC KEY BLOCK-----\n";
        let sum = STANDARD.encode(&crc24(&[0, 1, 2, 3, 4]).to_be_bytes()[1..]);
        let blocks = blocks(&text.replace("tdmo", &sum)).unwrap();
        assert_eq!(blocks, [vec![0, 1, 2, 3, 4], vec![0]]);
    }

    #[test]
    fn the_checksum_is_the_documented_one() {
        // "123456789" is the usual check of a CRC.
        assert_eq!(crc24(b"123456789"), 0x0021_CF02);
    }

    #[test]
    fn damaged_blocks_are_errors() {
        let block = |inside: &str| format!("{BEGIN}\n\n{inside}\n{END}\n");
        for text in [
            block("AAE\u{fc}"),
            block("AAEC\n=AAAA"),
            block("AAEC\n=!"),
            format!("{BEGIN}\n\nAAEC\n"),
        ] {
            assert!(blocks(&text).is_err(), "{text}");
        }
        assert_eq!(blocks("no key here"), Ok(Vec::new()));
    }
}
