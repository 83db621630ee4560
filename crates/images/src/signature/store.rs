//! The public stores of signatures (spec 03 §12.3). They are not trusted: only what verifies counts.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use oar_registry::Digest;
use oar_release::ErrorClass;
use oar_transport::{HttpClient, HttpError, HttpErrorKind, Service};

use super::keys::TrustedKeys;
use super::verify::{LONGEST_FILE, Rejection, SignatureQuestion, VerifiedSignature, verify};
use crate::operations::SIGNATURE;

/// Signatures of one payload that are looked at in one store.
const MOST: u32 = 9;

/// A store could not be asked for one signature.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is longer than any signature; it was not read to its end.
    #[error("the file is longer than {LONGEST_FILE} bytes")]
    TooLong,
    /// The call brought no usable answer.
    #[error("the signature store did not answer as needed")]
    Http(#[source] Box<HttpError>),
}

impl StoreError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::TooLong => ErrorClass::Undetermined,
            Self::Http(source) => source.class(),
        }
    }

    /// Whether the store as a whole cannot be reached, so that asking on makes no sense.
    fn is_silence(&self) -> bool {
        match self {
            Self::TooLong => false,
            Self::Http(source) => source.status().is_none(),
        }
    }

    fn one_line(&self) -> String {
        match self {
            Self::TooLong => self.to_string(),
            Self::Http(source) => source.to_string(),
        }
    }
}

/// Reads signature files.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait SignatureStores: Send + Sync {
    /// The names of the stores, in the order in which they are asked.
    fn stores(&self) -> Vec<String>;

    /// File `number`, from 1, about `digest` in store `store`, counted from 0; `None` when there is
    /// none.
    async fn signature(
        &self,
        store: usize,
        digest: &Digest,
        number: u32,
    ) -> Result<Option<Bytes>, StoreError>;
}

/// The stores over HTTP; anonymous.
#[derive(Clone)]
pub struct HttpSignatureStores {
    http: HttpClient,
    stores: Vec<Store>,
}

#[derive(Clone)]
enum Store {
    Known(Service),
    At(String),
}

impl HttpSignatureStores {
    /// The stores at the addresses `given`; the two official ones when none are given.
    pub fn new(http: &HttpClient, given: Vec<String>) -> Self {
        let stores = if given.is_empty() {
            vec![Store::Known(Service::Signatures), Store::Known(Service::Signatures2)]
        } else {
            given.into_iter().map(Store::At).collect()
        };
        Self { http: http.clone(), stores }
    }
}

impl fmt::Debug for HttpSignatureStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpSignatureStores")
    }
}

#[async_trait]
impl SignatureStores for HttpSignatureStores {
    fn stores(&self) -> Vec<String> {
        let name = |store: &Store| match store {
            Store::At(address) => self.http.masker().mask(address).into_owned(),
            Store::Known(service) => {
                let base = self.http.service(*service).base();
                base.map_or_else(|_| service.to_string(), |base| base.to_string())
            }
        };
        self.stores.iter().map(name).collect()
    }

    #[tracing::instrument(name = "signatures.signature", skip_all, fields(digest = %digest, number))]
    async fn signature(
        &self,
        store: usize,
        digest: &Digest,
        number: u32,
    ) -> Result<Option<Bytes>, StoreError> {
        let file = format!("sha256={}/signature-{number}", digest.hex());
        let (service, path) = match self.stores.get(store) {
            Some(Store::Known(service)) => (*service, file),
            Some(Store::At(base)) => {
                (Service::Signatures, format!("{}/{file}", base.trim_end_matches('/')))
            }
            None => return Ok(None),
        };
        let call = self.http.service(service).call(SIGNATURE.name, Method::GET, path);
        match call.accept(&[404]).body_limit(LONGEST_FILE).send().await {
            Ok(reply) if reply.status == StatusCode::NOT_FOUND => Ok(None),
            Ok(reply) => Ok(Some(reply.body)),
            Err(error) if matches!(error.kind(), HttpErrorKind::TooLarge { .. }) => {
                Err(StoreError::TooLong)
            }
            Err(error) => Err(StoreError::Http(Box::new(error))),
        }
    }
}

/// A file that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedFile {
    /// The store.
    pub store: String,
    /// Its number in the store.
    pub number: u32,
    /// Why it does not count.
    pub reason: Rejection,
}

impl fmt::Display for RejectedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signature-{} of {}: {}", self.number, self.store, self.reason)
    }
}

/// Whether a release is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureAnswer {
    /// It is.
    Signed {
        /// The signature.
        signature: VerifiedSignature,
        /// Where it was found.
        store: String,
        /// Its number there.
        number: u32,
        /// Files before it that do not count.
        rejected: Vec<RejectedFile>,
    },
    /// Every store was asked, and no file in them counts.
    NotSigned {
        /// The files, each with its reason.
        rejected: Vec<RejectedFile>,
    },
    /// Every store was asked, and none has a file. Usually one appears within hours of promotion.
    NotPublished,
    /// No file counts, and not everything could be asked for.
    Undetermined {
        /// The files that do not count.
        rejected: Vec<RejectedFile>,
        /// What could not be asked for, in one line each.
        problems: Vec<String>,
    },
}

/// Looks through the stores for a signature that answers `question`; the first one ends the search.
#[tracing::instrument(name = "images.signature", skip_all, fields(digest = %question.digest))]
pub async fn find_signature(
    stores: &dyn SignatureStores,
    keys: &TrustedKeys,
    question: &SignatureQuestion,
) -> SignatureAnswer {
    let (mut rejected, mut problems) = (Vec::new(), Vec::new());
    for (at, store) in stores.stores().into_iter().enumerate() {
        for number in 1..=MOST {
            let file = match stores.signature(at, &question.digest, number).await {
                Ok(Some(file)) if file.is_empty() => continue,
                Ok(Some(file)) => file,
                Ok(None) => break,
                Err(StoreError::TooLong) => {
                    let (store, reason) = (store.clone(), Rejection::TooLong);
                    rejected.push(RejectedFile { store, number, reason });
                    continue;
                }
                Err(error) => {
                    problems.push(format!("signature-{number} of {store}: {}", error.one_line()));
                    if error.is_silence() {
                        break;
                    }
                    continue;
                }
            };
            match verify(&file, keys, question) {
                Ok(signature) => {
                    return SignatureAnswer::Signed { signature, store, number, rejected };
                }
                Err(reason) => {
                    rejected.push(RejectedFile { store: store.clone(), number, reason });
                }
            }
        }
    }
    if !problems.is_empty() {
        SignatureAnswer::Undetermined { rejected, problems }
    } else if rejected.is_empty() {
        SignatureAnswer::NotPublished
    } else {
        SignatureAnswer::NotSigned { rejected }
    }
}

/// The digest of a release, from two who should know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseDigest {
    /// It is this one.
    Known {
        /// The digest.
        digest: Digest,
        /// Whether both said so; with one of them silent, say which in the result.
        by_both: bool,
    },
    /// The tag in the registry and the release controller disagree: the check's answer is no.
    Disagree {
        /// The release controller's.
        controller: Digest,
        /// The registry's.
        registry: Digest,
    },
    /// Nobody knows it.
    Unknown,
}

/// Brings together what the release controller and the registry say.
pub fn agree(controller: Option<Digest>, registry: Option<Digest>) -> ReleaseDigest {
    match (controller, registry) {
        (Some(controller), Some(registry)) if controller != registry => {
            ReleaseDigest::Disagree { controller, registry }
        }
        (Some(digest), other) | (other, Some(digest)) => {
            ReleaseDigest::Known { digest, by_both: other.is_some() }
        }
        (None, None) => ReleaseDigest::Unknown,
    }
}
