//! The stores of signatures, with files that are really signed: by a key of the sandbox's own.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use pgp::composed::{SignedKeyDetails, SignedPublicKey};
use pgp::crypto::ed25519::{Mode, SecretKey as Ed25519};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::errors::Result as PgpResult;
use pgp::packet::{
    LiteralData, OnePassSignature, PacketTrait, PubKeyInner, PublicKey, SecretKey, SignatureConfig,
    SignatureType, Subpacket, SubpacketData,
};
use pgp::ser::Serialize as _;
use pgp::types::{
    KeyDetails as _, KeyVersion, Password, PlainSecretParams, PublicParams, SecretParams, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// The seed of the sandbox's key: everybody may know it, nobody trusts it outside of the sandbox.
const SEED: [u8; 32] = *b"oar sandbox: nobody trusts this.";
/// When the key was made: 2026-01-01.
const MADE: u32 = 1_767_225_600;
const MADE_BY_US: &str = "the constants make a key, as the tests show";

/// Both stores; they hold the same files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Signatures {
    /// Digest (`sha256:...`) to its files in order, base64.
    pub files: BTreeMap<String, Vec<String>>,
}

impl Signatures {
    /// Publishes a signature: the sandbox's key vouches for `digest` under `reference`.
    pub fn publish(&mut self, digest: &str, reference: &str, at: jiff::Timestamp) {
        let file = signature_file(digest, reference, at);
        self.files.entry(digest.to_owned()).or_default().push(STANDARD.encode(file));
    }
}

/// The key that signs in the sandbox, for `TrustedKeys`-like readers: a binary OpenPGP public key.
pub fn public_key() -> Vec<u8> {
    make_public_key().expect(MADE_BY_US)
}

/// A signature file as release signing makes it: announcement, claim and signature, compressed.
pub fn signature_file(digest: &str, reference: &str, at: jiff::Timestamp) -> Vec<u8> {
    let claim = json!({
        "critical": {
            "type": "atomic container signature",
            "image": { "docker-manifest-digest": digest },
            "identity": { "docker-reference": reference },
        },
        "optional": { "creator": "OAR sandbox", "timestamp": at.as_second() },
    });
    sign(claim.to_string().as_bytes(), at).expect(MADE_BY_US)
}

fn secret_key() -> PgpResult<SecretKey> {
    let secret = Ed25519::try_from_bytes(SEED, Mode::Ed25519)?;
    let public = PublicParams::Ed25519((&secret).into());
    let (version, algorithm) = (KeyVersion::V4, PublicKeyAlgorithm::Ed25519);
    let inner = PubKeyInner::new(version, algorithm, Timestamp::from_secs(MADE), None, public)?;
    let secret = SecretParams::Plain(PlainSecretParams::Ed25519(secret));
    SecretKey::new(PublicKey::from_inner(inner)?, secret)
}

fn config(key: &SecretKey, kind: SignatureType, at: u32) -> PgpResult<SignatureConfig> {
    let mut config = SignatureConfig::v4(kind, key.algorithm(), HashAlgorithm::Sha256);
    let time = SubpacketData::SignatureCreationTime(Timestamp::from_secs(at));
    config.hashed_subpackets = vec![Subpacket::regular(time)?];
    let issuer = SubpacketData::IssuerKeyId(key.legacy_key_id());
    config.unhashed_subpackets = vec![Subpacket::regular(issuer)?];
    Ok(config)
}

fn make_public_key() -> PgpResult<Vec<u8>> {
    let key = secret_key()?;
    let own = config(&key, SignatureType::Key, MADE)?;
    let own = own.sign_key(&key, &Password::empty(), key.public_key())?;
    let details = SignedKeyDetails::new(Vec::new(), vec![own], Vec::new(), Vec::new());
    SignedPublicKey::new(key.public_key().clone(), details, Vec::new()).to_bytes()
}

fn sign(content: &[u8], at: jiff::Timestamp) -> PgpResult<Vec<u8>> {
    let key = secret_key()?;
    let (kind, hash) = (SignatureType::Binary, HashAlgorithm::Sha256);
    let at = u32::try_from(at.as_second()).unwrap_or(MADE);
    let signature = config(&key, kind, at)?.sign(&key, &Password::empty(), content)?;
    // The packet's own date is unsigned; the library would put the machine's time there.
    let mut literal = vec![b'b', 0];
    literal.extend_from_slice(&at.to_be_bytes());
    literal.extend_from_slice(content);
    let header = pgp::packet::PacketHeader::new_fixed(
        pgp::types::Tag::LiteralData,
        u32::try_from(literal.len()).unwrap_or(u32::MAX),
    );
    let literal = LiteralData::try_from_reader(header, &literal[..])?;
    let mut message = Vec::new();
    OnePassSignature::v3(kind, hash, key.algorithm(), key.legacy_key_id())
        .to_writer_with_header(&mut message)?;
    literal.to_writer_with_header(&mut message)?;
    signature.to_writer_with_header(&mut message)?;
    // An old packet of indeterminate length, compressed with raw DEFLATE.
    let mut packed =
        flate2::write::DeflateEncoder::new(vec![0xA3, 1], flate2::Compression::default());
    packed.write_all(&message)?;
    Ok(packed.finish()?)
}

/// Answers `.../sha256=<hex>/signature-<n>`, wherever the store keeps them.
pub(crate) fn answer(world: &World, incoming: &Incoming<'_>) -> Answer {
    let gone = || Answer::text(404, "text/html", "<html><title>404 Not Found</title></html>");
    let [.., digest, file] = incoming.path.as_slice() else { return gone() };
    let digest = digest.replacen('=', ":", 1);
    let number = file.strip_prefix("signature-").and_then(|number| number.parse::<usize>().ok());
    let files = world.signatures.files.get(&digest);
    let found = number.and_then(|number| files?.get(number.checked_sub(1)?));
    match found.and_then(|file| STANDARD.decode(file).ok()) {
        Some(file) if incoming.method == Method::GET => {
            Answer::text(200, "application/octet-stream", file)
        }
        _ => gone(),
    }
}
