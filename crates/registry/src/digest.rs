//! Digests: every byte that was named by one is checked against it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha512};

/// A text that is no digest of a kind that can be checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a digest such as sha256:<64 hexadecimal digits>")]
pub struct DigestError {
    /// What was given.
    pub text: String,
}

/// The digest of some content, `sha256:<64 lower-case hexadecimal digits>` or the same of sha512.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// The sha256 digest of `content`.
    pub fn of(content: &[u8]) -> Self {
        Self(format!("sha256:{}", hex::encode(Sha256::digest(content))))
    }

    /// The digest as text, algorithm included.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hexadecimal digits.
    pub fn hex(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, hex)| hex)
    }

    /// Whether it is a sha256 digest, the only kind that releases use.
    pub fn is_sha256(&self) -> bool {
        self.0.starts_with("sha256:")
    }

    /// Whether `content` is what the digest names.
    pub fn matches(&self, content: &[u8]) -> bool {
        let mut check = self.check();
        check.update(content);
        check.digest() == *self
    }

    /// A running check of content that arrives in pieces.
    pub(crate) fn check(&self) -> RunningDigest {
        if self.is_sha256() {
            RunningDigest::Sha256(Sha256::new())
        } else {
            RunningDigest::Sha512(Sha512::new())
        }
    }
}

/// A digest in the making.
#[derive(Clone)]
pub(crate) enum RunningDigest {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl RunningDigest {
    pub(crate) fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(piece),
            Self::Sha512(hash) => hash.update(piece),
        }
    }

    pub(crate) fn digest(self) -> Digest {
        Digest(match self {
            Self::Sha256(hash) => format!("sha256:{}", hex::encode(hash.finalize())),
            Self::Sha512(hash) => format!("sha512:{}", hex::encode(hash.finalize())),
        })
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    /// One colon, lower-case digits, the right number of them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || DigestError { text: text.chars().take(200).collect() };
        let (algorithm, hex) = text.split_once(':').ok_or_else(error)?;
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return Err(error()),
        };
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if hex.len() != length || !hex.bytes().all(digit) {
            return Err(error());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn content_is_known_by_its_digest() {
        let digest = Digest::of(b"");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!((digest.as_str(), digest.hex()), (format!("sha256:{empty}").as_str(), empty));
        assert!(digest.matches(b"") && !digest.matches(b"x"));
        let long: Digest = format!("sha512:{}", hex::encode(Sha512::digest(b"x"))).parse().unwrap();
        assert!(long.matches(b"x") && !long.matches(b"") && !long.is_sha256());
    }

    #[rstest]
    #[case("")]
    #[case("sha256")]
    #[case("sha256:")]
    #[case("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]
    #[case("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85")]
    #[case("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8555")]
    #[case("sha256:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b")]
    #[case(" sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    #[case("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n")]
    #[case("md5:d41d8cd98f00b204e9800998ecf8427e")]
    #[case("sha512:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    fn anything_else_is_none(#[case] text: &str) {
        assert!(text.parse::<Digest>().is_err(), "{text}");
    }
}
