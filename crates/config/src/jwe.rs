//! The encrypted configuration file: JWE compact serialisation with a key shared by its users
//! (spec 01 §4.1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwe::{Dir, JweHeader};
use oar_release::ErrorClass;
use secrecy::{ExposeSecret, SecretSlice};
use serde::Deserialize;

/// Longest file that is decrypted, bytes.
pub const LARGEST_FILE: usize = 250 * 1024;

/// The variable that holds the key; errors name it.
const KEY_VARIABLE: &str = "OAR_JWK";

/// Why the configuration could not be decrypted or encrypted. No text holds key or plaintext.
#[derive(Debug, thiserror::Error)]
pub enum JweError {
    /// The key has a length that no supported cipher takes.
    #[error("{KEY_VARIABLE} has {found} bytes; it must have exactly 16 (A128GCM) or 32 (A256GCM)")]
    KeyLength {
        /// Bytes found, surrounding line ends not counted.
        found: usize,
    },
    /// The key begins with `{` and is no symmetric JSON Web Key.
    #[error(
        "{KEY_VARIABLE} looks like JSON but is not {{\"kty\":\"oct\",\"k\":\"<base64url>\"}}: {problem}"
    )]
    KeyForm {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The file is larger than any configuration.
    #[error("the encrypted configuration has {bytes} bytes; at most {LARGEST_FILE} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The file is not five parts separated by dots.
    #[error(
        "the encrypted configuration has {found} parts separated by dots; JWE compact form has 5"
    )]
    Parts {
        /// Parts found.
        found: usize,
    },
    /// One of the parts cannot be what it should be.
    #[error("the {part} of the encrypted configuration {problem}")]
    Part {
        /// Name of the part.
        part: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The header asks for a cipher that does not fit the key.
    #[error(
        "the encrypted configuration uses {enc}, which needs a key of {needed} bytes; {KEY_VARIABLE} has {found}"
    )]
    KeyMismatch {
        /// The cipher of the header.
        enc: &'static str,
        /// Bytes that the cipher needs.
        needed: usize,
        /// Bytes of the key.
        found: usize,
    },
    /// Header, ciphertext and tag do not belong together under this key.
    #[error(
        "authentication failed: {KEY_VARIABLE} is not the key this configuration was encrypted with, or the file was changed"
    )]
    Authentication,
    /// The library could not encrypt.
    #[error("the configuration could not be encrypted")]
    Encrypt(#[source] josekit::JoseError),
}

impl JweError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Encrypt(_) => ErrorClass::Internal,
            _ => ErrorClass::NotConfigured,
        }
    }
}

/// The key of the configuration file. Wiped when dropped, never shown.
#[derive(Clone)]
pub struct ConfigKey(SecretSlice<u8>);

impl ConfigKey {
    /// Reads the value of `OAR_JWK`: 16 or 32 bytes of text used as they are, or, when it begins
    /// with `{`, a symmetric JSON Web Key. Line ends around it are not part of it.
    pub fn parse(value: &str) -> Result<Self, JweError> {
        let value = value.trim_matches(['\r', '\n']);
        let bytes = if value.starts_with('{') {
            Self::from_json(value)?
        } else {
            value.as_bytes().to_vec()
        };
        match bytes.len() {
            16 | 32 => Ok(Self(bytes.into())),
            found => Err(JweError::KeyLength { found }),
        }
    }

    fn from_json(value: &str) -> Result<Vec<u8>, JweError> {
        #[derive(Deserialize)]
        struct Jwk {
            kty: String,
            k: String,
        }
        let problem = |problem| JweError::KeyForm { problem };
        // The parser's own message could quote the value, so it is not kept.
        let jwk: Jwk = serde_json::from_str(value)
            .map_err(|_| problem("it cannot be read, or \"kty\" or \"k\" is missing"))?;
        if jwk.kty != "oct" {
            return Err(problem("\"kty\" is not \"oct\""));
        }
        URL_SAFE_NO_PAD
            .decode(&jwk.k)
            .map_err(|_| problem("\"k\" is not base64url without padding"))
    }

    fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    fn cipher(&self) -> Cipher {
        if self.bytes().len() == 16 { Cipher::A128Gcm } else { Cipher::A256Gcm }
    }
}

impl fmt::Debug for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfigKey([SECRET_REDACTED])")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cipher {
    A128Gcm,
    A256Gcm,
}

impl Cipher {
    const fn name(self) -> &'static str {
        match self {
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A256Gcm => 32,
        }
    }
}

/// Decrypts `compact`, the content of the configuration file, to the bytes of its JSON document.
pub fn decrypt(compact: &str, key: &ConfigKey) -> Result<SecretSlice<u8>, JweError> {
    let compact = compact.trim();
    if compact.len() > LARGEST_FILE {
        return Err(JweError::TooLarge { bytes: compact.len() });
    }
    let parts: Vec<&str> = compact.split('.').collect();
    let [header, encrypted_key, iv, ciphertext, tag] = parts[..] else {
        return Err(JweError::Parts { found: parts.len() });
    };
    let cipher = read_header(header)?;
    if !encrypted_key.is_empty() {
        return Err(part("encrypted-key part", "is not empty; with \"alg\":\"dir\" it must be"));
    }
    check_length("initialisation vector", iv, Some(12))?;
    check_length("authentication tag", tag, Some(16))?;
    if cipher != key.cipher() {
        return Err(JweError::KeyMismatch {
            enc: cipher.name(),
            needed: cipher.key_bytes(),
            found: key.bytes().len(),
        });
    }
    let decrypter = Dir.decrypter_from_bytes(key.bytes()).map_err(|_| JweError::Authentication)?;
    let Ok((plaintext, _)) = josekit::jwe::deserialize_compact(compact, &decrypter) else {
        // Only now is it worth the time to look whether the long part can be right at all.
        check_length("ciphertext", ciphertext, None)?;
        return Err(JweError::Authentication);
    };
    Ok(plaintext.into())
}

/// Encrypts `plaintext` to compact form; the cipher follows from the key's length.
pub fn encrypt(plaintext: &[u8], key: &ConfigKey) -> Result<String, JweError> {
    let mut header = JweHeader::new();
    // In this order the header has the bytes of the existing files.
    header.set_algorithm("dir");
    header.set_content_encryption(key.cipher().name());
    let encrypter = Dir.encrypter_from_bytes(key.bytes()).map_err(JweError::Encrypt)?;
    let compact = josekit::jwe::serialize_compact(plaintext, &header, &encrypter)
        .map_err(JweError::Encrypt)?;
    if compact.len() > LARGEST_FILE {
        return Err(JweError::TooLarge { bytes: compact.len() });
    }
    Ok(compact)
}

fn part(part: &'static str, problem: impl Into<String>) -> JweError {
    JweError::Part { part, problem: problem.into() }
}

/// The header must say `dir` and a supported cipher, and nothing else.
fn read_header(text: &str) -> Result<Cipher, JweError> {
    const RIGHT: &str = "it must be {\"alg\":\"dir\",\"enc\":\"A128GCM\"} or the same with A256GCM";
    let wrong = |problem: &str| part("header", format!("{problem}; {RIGHT}"));
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong("is not base64url"))?;
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&bytes).map_err(|_| wrong("is not a JSON object"))?;
    if let Some(other) = header.keys().find(|key| !matches!(key.as_str(), "alg" | "enc")) {
        return Err(wrong(&format!("has the unsupported key {other:?}")));
    }
    let value = |key| header.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    match (value("alg"), value("enc")) {
        ("dir", "A128GCM") => Ok(Cipher::A128Gcm),
        ("dir", "A256GCM") => Ok(Cipher::A256Gcm),
        (alg, enc) => Err(wrong(&format!("says \"alg\":{alg:?}, \"enc\":{enc:?}"))),
    }
}

fn check_length(name: &'static str, text: &str, bytes: Option<usize>) -> Result<(), JweError> {
    let found = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| part(name, "is not base64url without padding"))?
        .len();
    match bytes {
        Some(bytes) if found != bytes => {
            Err(part(name, format!("has {found} bytes instead of {bytes}")))
        }
        None if found == 0 => Err(part(name, "is empty")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
