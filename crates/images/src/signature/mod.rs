//! Signatures of release payloads: who signed what, and whether that counts (spec 03 §12).

mod armor;
mod claim;
mod key_state;
mod keys;
mod message;
mod store;
mod verify;

pub use claim::NotAClaim;
pub use key_state::KeyProblem;
pub use keys::{KeysError, TrustedKeys};
pub use message::NotAMessage;
#[cfg(feature = "mock")]
pub use store::MockSignatureStores;
pub use store::{
    HttpSignatureStores, RejectedFile, ReleaseDigest, SignatureAnswer, SignatureStores, StoreError,
    agree, find_signature,
};
pub use verify::{LONGEST_FILE, Rejection, SignatureQuestion, VerifiedSignature, verify};
