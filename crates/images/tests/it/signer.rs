//! Makes keys, and signature files as release signing makes them.

use std::io::Write as _;
use std::sync::LazyLock;

use oar_images::signature::{SignatureQuestion, TrustedKeys};
use oar_registry::Digest;
use oar_release::Arch;
use pgp::composed::{SignedKeyDetails, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::ed25519::{Mode, SecretKey as Ed25519};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{
    KeyFlags, LiteralData, OnePassSignature, PacketTrait, PubKeyInner, PublicKey, PublicSubkey,
    RevocationCode, SecretKey, SecretSubkey, Signature, SignatureConfig, SignatureType, Subpacket,
    SubpacketData,
};
use pgp::ser::Serialize as _;
use pgp::types::{
    Duration, KeyVersion, Password, PlainSecretParams, PublicParams, SecretParams, SigningKey,
    Timestamp,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// When the keys of these tests were made: 2026-01-01.
pub(crate) const MADE: u32 = 1_767_225_600;
/// When their signatures were made: 2026-03-01.
pub(crate) const SIGNED: u32 = 1_772_323_200;

/// The payload of these tests.
pub(crate) fn payload() -> Digest {
    Digest::of(b"the payload of 4.99.3")
}

/// A question about release 4.99.3 for amd64.
pub(crate) fn question() -> SignatureQuestion {
    SignatureQuestion {
        release: "4.99.3".parse().expect("a release"),
        arch: Arch::Amd64,
        digest: payload(),
        now: oar_transport::testing::NOW.parse().expect("a time"),
    }
}

/// The claim that answers it.
pub(crate) fn claim() -> Value {
    json!({
        "critical": {
            "type": "atomic container signature",
            "image": { "docker-manifest-digest": payload() },
            "identity": { "docker-reference": "quay.io/openshift-release-dev/ocp-release:4.99.3-x86_64" },
        },
        "optional": { "creator": "tests", "timestamp": SIGNED },
    })
}

fn ed25519(seed: u8, made: u32) -> (PubKeyInner, SecretParams) {
    let secret = Ed25519::try_from_bytes([seed; 32], Mode::Ed25519).expect("32 bytes");
    let public = PublicParams::Ed25519((&secret).into());
    let made = Timestamp::from_secs(made);
    let inner = PubKeyInner::new(KeyVersion::V4, PublicKeyAlgorithm::Ed25519, made, None, public);
    (inner.expect("a key"), SecretParams::Plain(PlainSecretParams::Ed25519(secret)))
}

/// A primary key made from `seed` at `made`.
pub(crate) fn key(seed: u8, made: u32) -> SecretKey {
    let (inner, secret) = ed25519(seed, made);
    SecretKey::new(PublicKey::from_inner(inner).expect("a key"), secret).expect("a key")
}

/// The key that these tests trust.
pub(crate) fn trusted_key() -> SecretKey {
    key(1, MADE)
}

/// Trust in that key.
pub(crate) fn trust() -> TrustedKeys {
    keyring(&certificate(&trusted_key(), &[], &[], &[]))
}

pub(crate) fn keyring(key: &SignedPublicKey) -> TrustedKeys {
    let bytes = key.to_bytes().expect("bytes");
    TrustedKeys::read(&[("tests", &bytes)]).expect("a key")
}

/// `key` with what it says about itself, its revocations and subkeys.
pub(crate) fn certificate(
    key: &SecretKey,
    about: &[SubpacketData],
    revocations: &[Signature],
    subkeys: &[SignedPublicSubKey],
) -> SignedPublicKey {
    let own = config(key, SignatureType::Key, SIGNED - 1000, about, &[]);
    let own = own.sign_key(key, &Password::empty(), key.public_key()).expect("a signature");
    let details = SignedKeyDetails::new(revocations.to_vec(), vec![own], Vec::new(), Vec::new());
    SignedPublicKey::new(key.public_key().clone(), details, subkeys.to_vec())
}

/// A revocation of `key` by itself.
pub(crate) fn revocation(key: &SecretKey, at: u32, reason: RevocationCode) -> Signature {
    let reason = SubpacketData::RevocationReason(reason, "".into());
    let config = config(key, SignatureType::KeyRevocation, at, &[reason], &[]);
    config.sign_key(key, &Password::empty(), key.public_key()).expect("a signature")
}

/// A signing subkey made from `seed`, bound to `primary`; `answered` whether it agreed to that.
pub(crate) fn subkey(
    primary: &SecretKey,
    seed: u8,
    answered: bool,
) -> (SecretSubkey, SignedPublicSubKey) {
    let (inner, secret) = ed25519(seed, MADE);
    let public = PublicSubkey::from_inner(inner).expect("a key");
    let subkey = SecretSubkey::new(public.clone(), secret).expect("a key");
    let password = Password::empty();
    let mut flags = KeyFlags::default();
    flags.set_sign(true);
    let mut parts = vec![SubpacketData::KeyFlags(flags)];
    if answered {
        let back = config(&subkey, SignatureType::KeyBinding, MADE, &[], &[]);
        let back = back.sign_primary_key_binding(&subkey, &public, &password, primary.public_key());
        parts.push(SubpacketData::EmbeddedSignature(Box::new(back.expect("a signature"))));
    }
    let binding = config(primary, SignatureType::SubkeyBinding, MADE, &parts, &[]);
    let binding = binding
        .sign_subkey_binding(primary, primary.public_key(), &password, &public)
        .expect("a signature");
    (subkey, SignedPublicSubKey::new(public, vec![binding]))
}

/// A version 4 signature in the making.
pub(crate) fn config(
    key: &impl SigningKey,
    kind: SignatureType,
    at: u32,
    hashed: &[SubpacketData],
    critical: &[SubpacketData],
) -> SignatureConfig {
    let mut config = SignatureConfig::v4(kind, key.algorithm(), HashAlgorithm::Sha256);
    let time = SubpacketData::SignatureCreationTime(Timestamp::from_secs(at));
    let regular = std::iter::once(&time).chain(hashed).cloned().map(Subpacket::regular);
    let critical = critical.iter().cloned().map(Subpacket::critical);
    config.hashed_subpackets = regular.chain(critical).map(|part| part.expect("a part")).collect();
    // As release signing does it: the issuer is a hint outside of what is signed.
    let issuer = SubpacketData::IssuerKeyId(key.legacy_key_id());
    config.unhashed_subpackets = vec![Subpacket::regular(issuer).expect("a part")];
    config
}

pub(crate) fn lifetime(seconds: u32) -> SubpacketData {
    SubpacketData::SignatureExpirationTime(Duration::from_secs(seconds))
}

/// A signature over `content` made with `config`.
pub(crate) fn sign(key: &impl SigningKey, config: SignatureConfig, content: &[u8]) -> Signature {
    config.sign(key, &Password::empty(), content).expect("a signature")
}

/// The usual signature over `content`.
pub(crate) fn usual(key: &impl SigningKey, content: &[u8]) -> Signature {
    sign(key, config(key, SignatureType::Binary, SIGNED, &[], &[]), content)
}

/// A signature of version 3, as files up to 2022 have it. It is put together by hand: nothing makes
/// them any more. Signed are the content, the type and the time.
pub(crate) fn version_3(key: &impl SigningKey, content: &[u8]) -> Signature {
    let (kind, hash) = (SignatureType::Binary, HashAlgorithm::Sha256);
    let (time, issuer) = (Timestamp::from_secs(SIGNED), key.legacy_key_id());
    let config = SignatureConfig::v3(kind, key.algorithm(), hash, time, issuer);
    let signed = [content, &[0], &SIGNED.to_be_bytes()].concat();
    by_hand(key, config, &Sha256::digest(signed))
}

/// A signature of a type that this library does not make over documents.
pub(crate) fn of_type(key: &impl SigningKey, kind: SignatureType, content: &[u8]) -> Signature {
    let config = config(key, kind, SIGNED, &[], &[]);
    let mut hasher = config.hash_alg.new_hasher().expect("a hash");
    hasher.update(content);
    let length = config.hash_signature_data(&mut hasher).expect("bytes");
    hasher.update(&config.trailer(length).expect("bytes"));
    by_hand(key, config, &hasher.finalize())
}

fn by_hand(key: &impl SigningKey, config: SignatureConfig, hash: &[u8]) -> Signature {
    let signature = key.sign(&Password::empty(), config.hash_alg, hash).expect("a signature");
    Signature::from_config(config, [hash[0], hash[1]], signature).expect("a signature")
}

fn packet(packet: &impl PacketTrait) -> Vec<u8> {
    let mut bytes = Vec::new();
    packet.to_writer_with_header(&mut bytes).expect("bytes");
    bytes
}

/// The content of a message.
pub(crate) fn literal(content: &[u8]) -> Vec<u8> {
    let content = content.to_vec().into();
    packet(&LiteralData::from_bytes("_rpmsig-req-x.bin", content).expect("a packet"))
}

pub(crate) fn signature_packet(signature: &Signature) -> Vec<u8> {
    packet(signature)
}

/// One-pass announcement, content and signature, not compressed.
pub(crate) fn plain_file(key: &impl SigningKey, content: &[u8], signature: &Signature) -> Vec<u8> {
    let (kind, hash) = (SignatureType::Binary, HashAlgorithm::Sha256);
    let announced = OnePassSignature::v3(kind, hash, key.algorithm(), key.legacy_key_id());
    [packet(&announced), literal(content), signature_packet(signature)].concat()
}

/// The same as release signing writes it: compressed, in an old packet of indeterminate length.
pub(crate) fn compressed(message: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(vec![0xA3, 1], flate2::Compression::default());
    encoder.write_all(message).expect("bytes");
    encoder.finish().expect("bytes")
}

/// The file that release signing would make about `claim`.
pub(crate) fn file(key: &impl SigningKey, claim: &Value) -> Vec<u8> {
    let content = claim.to_string().into_bytes();
    compressed(&plain_file(key, &content, &usual(key, &content)))
}

/// An RSA key of 2,048 bits; made once, which takes a while.
pub(crate) static RSA: LazyLock<SecretKey> = LazyLock::new(|| {
    let random = rand_08::rngs::OsRng;
    let secret = pgp::crypto::rsa::SecretKey::generate(random, 2048).expect("a key");
    let public = PublicParams::RSA((&secret).into());
    let made = Timestamp::from_secs(MADE);
    let inner = PubKeyInner::new(KeyVersion::V4, PublicKeyAlgorithm::RSA, made, None, public);
    let public = PublicKey::from_inner(inner.expect("a key")).expect("a key");
    SecretKey::new(public, SecretParams::Plain(PlainSecretParams::RSA(secret))).expect("a key")
});
