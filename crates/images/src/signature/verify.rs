//! Whether a file is a signature of a release (spec 03 §12.6). Nothing is believed before the
//! signature over it was verified with a key that is trusted for this release.

use jiff::{SignedDuration, Timestamp};
use oar_registry::Digest;
use oar_release::{Arch, ReleaseVersion};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    Signature, SignatureConfig, SignatureType, SignatureVersion, Subpacket, SubpacketData,
};

use super::claim::{self, NotAClaim};
use super::key_state::{KeyProblem, Signer, signers};
use super::keys::TrustedKeys;
use super::message::{self, NotAMessage};

/// Longest signature file, bytes (spec 03 §12.3).
pub const LONGEST_FILE: usize = 50 * 1024;
/// How far a signer's clock may be ahead of ours.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What a signature must be about, and whom it may come from.
#[derive(Debug, Clone)]
pub struct SignatureQuestion {
    /// The release.
    pub release: ReleaseVersion,
    /// The architecture of its payload.
    pub arch: Arch,
    /// The digest of its payload.
    pub digest: Digest,
    /// The time of the check.
    pub now: Timestamp,
}

impl SignatureQuestion {
    /// The name that the signer must vouch for.
    pub fn reference(&self) -> String {
        let arch = self.arch.rpm_name();
        format!("quay.io/openshift-release-dev/ocp-release:{}-{arch}", self.release)
    }
}

/// A signature that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSignature {
    /// The whole fingerprint of the key, upper case.
    pub fingerprint: String,
    /// When it was made.
    pub created: Timestamp,
    /// The image name that the signer vouches for.
    pub reference: String,
    /// The digest that the signer vouches for.
    pub digest: Digest,
    /// The program that made it, by its own account.
    pub creator: Option<String>,
}

/// Why a file does not count as a signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is longer than any signature.
    #[error("it is longer than {LONGEST_FILE} bytes")]
    TooLong,
    /// It is no signature file at all.
    #[error(transparent)]
    Message(#[from] NotAMessage),
    /// A version of signatures that is not taken.
    #[error("its signature has version {version}, not 3 or 4")]
    Version {
        /// Which one.
        version: u8,
    },
    /// A signature of another type: over a key, for instance.
    #[error("its signature is not one over a document")]
    Kind,
    /// A digest that can be forged.
    #[error("its signature uses {hash}")]
    WeakHash {
        /// Which one.
        hash: String,
    },
    /// No trusted key made it.
    #[error("it was made by a key that is not trusted ({issuer})")]
    UntrustedKey {
        /// Whom it names as its issuer.
        issuer: String,
    },
    /// A trusted key made it that signs other releases.
    #[error("key {fingerprint} does not sign {release}")]
    KeyOfOtherReleases {
        /// The key.
        fingerprint: String,
        /// The release.
        release: ReleaseVersion,
    },
    /// The trusted key was not valid then.
    #[error("key {fingerprint} {problem}")]
    Key {
        /// The key.
        fingerprint: String,
        /// Why not.
        problem: KeyProblem,
    },
    /// It does not say when it was made.
    #[error("it does not say when it was made")]
    NoTime,
    /// It was made after now.
    #[error("it was made at {created}, in the future")]
    FromTheFuture {
        /// When.
        created: Timestamp,
    },
    /// Its own time is over.
    #[error("it expired at {end}")]
    Expired {
        /// When.
        end: Timestamp,
    },
    /// It has a part that must be understood and is not.
    #[error("it has a critical part that is not known")]
    CriticalPart,
    /// The signature is not one over this content.
    #[error("its signature does not fit its content")]
    BadSignature,
    /// What was signed is no claim about an image.
    #[error(transparent)]
    Claim(#[from] NotAClaim),
    /// It is about another digest: another release, or another build.
    #[error("it is about {found}")]
    OtherDigest {
        /// Which one.
        found: Digest,
    },
    /// It vouches for another name: another release, architecture or repository.
    #[error("it was signed for another reference: {found}")]
    OtherReference {
        /// Which one.
        found: String,
    },
}

/// Whether `file` is a signature that answers `question`.
pub fn verify(
    file: &[u8],
    keys: &TrustedKeys,
    question: &SignatureQuestion,
) -> Result<VerifiedSignature, Rejection> {
    if file.len() > LONGEST_FILE {
        return Err(Rejection::TooLong);
    }
    let message = message::read(file)?;
    let mut rejection = None;
    for signature in &message.signatures {
        match signed(signature, &message.content, keys, question) {
            Ok((fingerprint, created)) => {
                return claimed(&message.content, question, fingerprint, created);
            }
            Err(reason) => rejection = rejection.or(Some(reason)),
        }
    }
    Err(rejection.unwrap_or(Rejection::Message(NotAMessage::NoSignature)))
}

/// Who signed `content`, and when.
fn signed(
    signature: &Signature,
    content: &[u8],
    keys: &TrustedKeys,
    question: &SignatureQuestion,
) -> Result<(String, Timestamp), Rejection> {
    let created = acceptable(signature, question.now)?;
    let issuer = || {
        let ids = signature.issuer_key_id().into_iter().map(|id| id.to_string().to_uppercase());
        let names = signature.issuer_fingerprint().into_iter().map(|print| format!("{print:X}"));
        names.chain(ids).next().unwrap_or_else(|| "it names nobody".to_owned())
    };
    let mut rejection = Rejection::UntrustedKey { issuer: issuer() };
    for key in keys.iter() {
        for signer in signers(key) {
            if !names(signature, &signer) {
                continue;
            }
            if !signer.made(signature, content) {
                rejection = Rejection::BadSignature;
                continue;
            }
            let fingerprint = signer.fingerprint();
            if !key.may_sign(&question.release) {
                let release = question.release.clone();
                return Err(Rejection::KeyOfOtherReleases { fingerprint, release });
            }
            return match signer.problem_at(created) {
                Some(problem) => Err(Rejection::Key { fingerprint, problem }),
                None => Ok((fingerprint, created)),
            };
        }
    }
    Err(rejection)
}

/// Checks what can be told without a key; the time at which the signature was made.
fn acceptable(signature: &Signature, now: Timestamp) -> Result<Timestamp, Rejection> {
    if !matches!(signature.version(), SignatureVersion::V3 | SignatureVersion::V4) {
        return Err(Rejection::Version { version: signature.version().into() });
    }
    let Some(config) = signature.config() else {
        return Err(Rejection::Version { version: signature.version().into() });
    };
    if !matches!(config.typ, SignatureType::Binary | SignatureType::Text) {
        return Err(Rejection::Kind);
    }
    if !matches!(
        config.hash_alg,
        HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512
    ) {
        return Err(Rejection::WeakHash { hash: config.hash_alg.to_string() });
    }
    if config.hashed_subpackets().any(is_critical_and_unknown) {
        return Err(Rejection::CriticalPart);
    }
    // Only what is signed itself counts: times in the unsigned part are nobody's word.
    let created = signature.created().and_then(moment).ok_or(Rejection::NoTime)?;
    if created > now + CLOCK_SKEW {
        return Err(Rejection::FromTheFuture { created });
    }
    let life = signature.signature_expiration_time().map_or(0, pgp::types::Duration::as_secs);
    let end = created + SignedDuration::from_secs(i64::from(life));
    if life > 0 && end <= now {
        return Err(Rejection::Expired { end });
    }
    Ok(created)
}

fn is_critical_and_unknown(part: &Subpacket) -> bool {
    let known = matches!(
        part.data,
        SubpacketData::SignatureCreationTime(_)
            | SubpacketData::SignatureExpirationTime(_)
            | SubpacketData::IssuerKeyId(_)
            | SubpacketData::IssuerFingerprint(_)
            | SubpacketData::SignersUserID(_)
            | SubpacketData::PolicyURI(_)
    );
    part.is_critical && !known
}

/// Whether the signature can be the signer's by what it says of its issuer: nothing, or one hint
/// that fits, and no signed word against it.
fn names(signature: &Signature, signer: &Signer<'_>) -> bool {
    let ids = signature.issuer_key_id();
    let prints = signature.issuer_fingerprint();
    let hinted = (ids.is_empty() && prints.is_empty())
        || ids.iter().any(|id| signer.has_id(**id))
        || prints.iter().any(|print| signer.has_fingerprint(print));
    let parts = signature.config().into_iter().flat_map(SignatureConfig::hashed_subpackets);
    let denied = parts.into_iter().any(|part| match &part.data {
        SubpacketData::IssuerFingerprint(print) => !signer.has_fingerprint(print),
        SubpacketData::IssuerKeyId(id) => !signer.has_id(*id),
        _ => false,
    });
    hinted && !denied
}

fn claimed(
    content: &[u8],
    question: &SignatureQuestion,
    fingerprint: String,
    created: Timestamp,
) -> Result<VerifiedSignature, Rejection> {
    let claim = claim::read(content)?;
    if claim.digest != question.digest {
        return Err(Rejection::OtherDigest { found: claim.digest });
    }
    if claim.reference != question.reference() {
        let found = claim.reference.chars().take(300).collect();
        return Err(Rejection::OtherReference { found });
    }
    let (digest, reference, creator) = (claim.digest, claim.reference, claim.creator);
    Ok(VerifiedSignature { fingerprint, created, reference, digest, creator })
}

pub(super) fn moment(at: pgp::types::Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(i64::from(at.as_secs())).ok()
}
