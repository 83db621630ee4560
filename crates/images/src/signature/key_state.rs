//! Whether a trusted key, or a subkey that it vouches for, could sign at a given time
//! (spec 03 §12.6 items 3 and 5).

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{RevocationCode, Signature, SignatureType};
use pgp::ser::Serialize as _;
use pgp::types::{EddsaLegacyPublicParams, Fingerprint, KeyDetails, KeyId, PublicParams, Tag};

use super::keys::TrustedKey;
use super::verify::moment;

/// Shortest RSA key, bits.
const SHORTEST_RSA: u16 = 2048;

/// Why a trusted key could not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyProblem {
    /// It was made later than the signature.
    NotYetValid,
    /// Its time was over.
    Expired,
    /// Its owner had taken it back.
    Revoked,
    /// It is too short, or of a kind that is not taken.
    Weak,
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotYetValid => "did not exist when the signature was made",
            Self::Expired => "had expired when the signature was made",
            Self::Revoked => "was revoked",
            Self::Weak => "is too weak",
        })
    }
}

/// A key that may have made a signature.
pub(super) struct Signer<'k> {
    primary: &'k SignedPublicKey,
    subkey: Option<&'k SignedPublicSubKey>,
}

/// The primary key, and those of its subkeys that it has bound for signing.
pub(super) fn signers(trusted: &TrustedKey) -> Vec<Signer<'_>> {
    let primary = &trusted.key;
    let bound = primary.public_subkeys.iter().filter(|subkey| binding(primary, subkey).is_some());
    std::iter::once(Signer { primary, subkey: None })
        .chain(bound.map(|subkey| Signer { primary, subkey: Some(subkey) }))
        .collect()
}

/// The newest signature that binds `subkey` for signing: made by the primary key, and answered by
/// the subkey itself, so that nobody can adopt a key of others.
fn binding<'k>(primary: &SignedPublicKey, subkey: &'k SignedPublicSubKey) -> Option<&'k Signature> {
    let binds = |signature: &&Signature| {
        signature.typ() == Some(SignatureType::SubkeyBinding)
            && signature.key_flags().sign()
            && signature.verify_subkey_binding(&primary.primary_key, &subkey.key).is_ok()
            && signature.embedded_signature().is_some_and(|back| {
                back.verify_primary_key_binding(&subkey.key, &primary.primary_key).is_ok()
            })
    };
    subkey.signatures.iter().filter(binds).max_by_key(|signature| signature.created())
}

impl Signer<'_> {
    fn details(&self) -> &dyn KeyDetails {
        match self.subkey {
            Some(subkey) => &subkey.key,
            None => &self.primary.primary_key,
        }
    }

    pub(super) fn fingerprint(&self) -> String {
        format!("{:X}", self.details().fingerprint())
    }

    pub(super) fn has_id(&self, id: KeyId) -> bool {
        self.details().legacy_key_id() == id
    }

    pub(super) fn has_fingerprint(&self, fingerprint: &Fingerprint) -> bool {
        self.details().fingerprint() == *fingerprint
    }

    /// Whether this key made `signature` over `content`.
    pub(super) fn made(&self, signature: &Signature, content: &[u8]) -> bool {
        match self.subkey {
            Some(subkey) => signature.verify(&subkey.key, content).is_ok(),
            None => signature.verify(&self.primary.primary_key, content).is_ok(),
        }
    }

    /// What is wrong with the key for a signature made at `at`.
    pub(super) fn problem_at(&self, at: Timestamp) -> Option<KeyProblem> {
        let primary = &self.primary.primary_key;
        let problem = problem(primary, self_signature(self.primary), at)
            .or_else(|| revoked(&self.primary.details.revocation_signatures, at));
        let Some(subkey) = self.subkey else { return problem };
        let revocations: Vec<&Signature> = subkey
            .signatures
            .iter()
            .filter(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation))
            .collect();
        problem
            .or_else(|| self::problem(&subkey.key, binding(self.primary, subkey), at))
            .or_else(|| revoked(revocations, at))
    }
}

/// The newest signature of a key about itself: it tells until when the key is valid.
fn self_signature(key: &SignedPublicKey) -> Option<&Signature> {
    let primary = &key.primary_key;
    let direct = key.details.direct_signatures.iter().filter(|own| own.verify_key(primary).is_ok());
    let of_users = key.details.users.iter().flat_map(|user| {
        let own = |signature: &&Signature| {
            signature.is_certification()
                && signature.typ() != Some(SignatureType::CertRevocation)
                && signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
        };
        user.signatures.iter().filter(own)
    });
    direct.chain(of_users).max_by_key(|signature| signature.created())
}

fn problem(
    key: &impl KeyDetails,
    about_it: Option<&Signature>,
    at: Timestamp,
) -> Option<KeyProblem> {
    let Some(made) = moment(key.created_at()) else { return Some(KeyProblem::NotYetValid) };
    let life = about_it.and_then(Signature::key_expiration_time);
    let life = life.map_or(0, pgp::types::Duration::as_secs);
    let end = made + SignedDuration::from_secs(i64::from(life));
    if is_weak(key.public_params()) {
        Some(KeyProblem::Weak)
    } else if at < made {
        Some(KeyProblem::NotYetValid)
    } else if life > 0 && end <= at {
        Some(KeyProblem::Expired)
    } else {
        None
    }
}

/// A revocation counts whoever seems to have made it, which can only make us stricter. One that says
/// no more than that the key was replaced or retired counts from its own time on.
fn revoked<'s>(
    revocations: impl IntoIterator<Item = &'s Signature>,
    at: Timestamp,
) -> Option<KeyProblem> {
    let counts = |signature: &Signature| {
        let soft = matches!(
            signature.revocation_reason_code(),
            Some(RevocationCode::KeySuperseded | RevocationCode::KeyRetired)
        );
        !soft || signature.created().and_then(moment).is_none_or(|since| since <= at)
    };
    revocations.into_iter().any(counts).then_some(KeyProblem::Revoked)
}

fn is_weak(params: &PublicParams) -> bool {
    match params {
        PublicParams::RSA(rsa) => {
            let mut bytes = Vec::new();
            // The modulus comes first, its length in bits before it.
            let written = rsa.to_writer(&mut bytes);
            let bits = bytes.first_chunk().map_or(0, |bits| u16::from_be_bytes(*bits));
            written.is_err() || bits < SHORTEST_RSA
        }
        PublicParams::Ed25519(_)
        | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) => false,
        _ => true,
    }
}
