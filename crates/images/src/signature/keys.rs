//! The keys that may sign releases (spec 03 §12.5).

use oar_release::version::Candidate;
use oar_release::{ErrorClass, ReleaseVersion};
use pgp::composed::{Deserializable as _, SignedPublicKey};
use pgp::types::KeyDetails as _;

use super::armor;

/// The keys of clusters, armored as published: release key 2 and beta key 2.
const BUILT_IN: &[u8] = include_bytes!("../../keys/redhat-release.asc");
/// Signs releases and release candidates.
const RELEASE_KEY: &str = "567E347AD0044ADE55BA8A5F199E2F91FD431D51";
/// Signs development previews only.
const BETA_KEY: &str = "B08B659EE86AF623BC90E8DB938A80CAF21541EB";
/// Longest file of keys, bytes.
const LONGEST: usize = 1024 * 1024;

/// Keys cannot be used; without a key nothing is verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the public keys in {origin} cannot be used: {problem}")]
pub struct KeysError {
    /// Which file.
    pub origin: String,
    /// What is wrong.
    pub problem: String,
}

impl KeysError {
    /// Always a missing setting (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        ErrorClass::NotConfigured
    }
}

/// A key that is trusted, known by its whole fingerprint.
#[derive(Debug, Clone)]
pub(crate) struct TrustedKey {
    pub(crate) fingerprint: String,
    pub(crate) key: SignedPublicKey,
}

impl TrustedKey {
    /// Whether the key may sign `release`: the beta key signs development previews only.
    pub(crate) fn may_sign(&self, release: &ReleaseVersion) -> bool {
        self.fingerprint != BETA_KEY || release.candidate() == Some(Candidate::Engineering)
    }
}

/// The keys that are trusted. They never come from the payload or from the place of a signature.
#[derive(Debug, Clone)]
pub struct TrustedKeys(Vec<TrustedKey>);

impl TrustedKeys {
    /// The keys that are part of the program, each checked against its fingerprint.
    pub fn built_in() -> Result<Self, KeysError> {
        let keys = Self::read(&[("this program", BUILT_IN)])?;
        let pinned = |key: &TrustedKey| [RELEASE_KEY, BETA_KEY].contains(&key.fingerprint.as_str());
        if keys.0.len() != 2 || !keys.0.iter().all(pinned) {
            let problem = "a fingerprint is not the pinned one".to_owned();
            return Err(KeysError { origin: "this program".to_owned(), problem });
        }
        Ok(keys)
    }

    /// The keys in files given by name and content: armored blocks, possibly several and with text
    /// before them, or binary. Every file must have a key.
    pub fn read(files: &[(&str, &[u8])]) -> Result<Self, KeysError> {
        let mut keys = Vec::new();
        for (origin, content) in files {
            let error = |problem: String| KeysError { origin: (*origin).to_owned(), problem };
            if content.len() > LONGEST {
                return Err(error("it is too long".to_owned()));
            }
            let found = file(content).map_err(error)?;
            if found.is_empty() {
                return Err(error("it holds no public key".to_owned()));
            }
            keys.extend(found);
        }
        if keys.is_empty() {
            let problem = "there are none".to_owned();
            return Err(KeysError { origin: "the settings".to_owned(), problem });
        }
        Ok(Self(keys))
    }

    /// The whole fingerprints, upper case.
    pub fn fingerprints(&self) -> Vec<&str> {
        self.0.iter().map(|key| key.fingerprint.as_str()).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &TrustedKey> {
        self.0.iter()
    }
}

fn file(content: &[u8]) -> Result<Vec<TrustedKey>, String> {
    let blocks = std::str::from_utf8(content).map_or(Ok(Vec::new()), armor::blocks)?;
    if blocks.is_empty() {
        return trusted(content);
    }
    let keys: Result<Vec<_>, _> = blocks.iter().map(|block| trusted(block)).collect();
    Ok(keys?.into_iter().flatten().collect())
}

fn trusted(packets: &[u8]) -> Result<Vec<TrustedKey>, String> {
    let keys = SignedPublicKey::from_bytes_many(packets).map_err(|error| error.to_string())?;
    keys.map(|key| {
        let key = key.map_err(|error| error.to_string())?;
        let fingerprint = format!("{:X}", key.fingerprint());
        Ok(TrustedKey { fingerprint, key })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_the_program_are_the_pinned_ones() {
        let keys = TrustedKeys::built_in().unwrap();
        assert_eq!(keys.fingerprints(), [RELEASE_KEY, BETA_KEY]);
    }

    #[test]
    fn spec03_case_38_the_beta_key_signs_previews_only() {
        let keys = TrustedKeys::built_in().unwrap();
        let may_sign = |release: &str| -> Vec<bool> {
            let release = release.parse().unwrap();
            keys.iter().map(|key| key.may_sign(&release)).collect()
        };
        assert_eq!(may_sign("4.99.3"), [true, false]);
        assert_eq!(may_sign("4.99.0-rc.1"), [true, false]);
        assert_eq!(may_sign("4.99.0-ec.1"), [true, true]);
    }

    #[test]
    fn text_before_the_armor_several_blocks_and_binary_files_are_read() {
        let mut twice = b"4096R/FD431D51 some text\n\n".to_vec();
        twice.extend_from_slice(BUILT_IN);
        twice.extend_from_slice(b"\nmore text\n");
        twice.extend_from_slice(BUILT_IN);
        assert_eq!(TrustedKeys::read(&[("x", &twice)]).unwrap().fingerprints().len(), 4);
        let mut binary = Vec::new();
        for key in TrustedKeys::built_in().unwrap().iter() {
            pgp::ser::Serialize::to_writer(&key.key, &mut binary).unwrap();
        }
        let keys = TrustedKeys::read(&[("x", &binary)]).unwrap();
        assert_eq!(keys.fingerprints(), [RELEASE_KEY, BETA_KEY]);
    }

    #[test]
    fn no_usable_key_is_an_error_that_names_the_file() {
        let mut damaged = BUILT_IN.to_vec();
        // One letter in the middle of the first key.
        let at = damaged.iter().position(|byte| *byte == b'/').unwrap();
        damaged[at] = b'0';
        for content in [&b""[..], b"hello", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxx", &damaged]
        {
            let error = TrustedKeys::read(&[("keys/x.asc", content)]).unwrap_err();
            assert!(error.to_string().contains("keys/x.asc"), "{error}");
            assert_eq!(error.class(), ErrorClass::NotConfigured);
        }
        assert!(TrustedKeys::read(&[]).is_err());
    }
}
