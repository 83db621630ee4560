//! TLS of one service that is not everybody's: a cluster has an authority of its own, and may know
//! its users by certificate.

use std::fmt;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use secrecy::zeroize::Zeroizing;
use url::{Origin, Url};

use crate::secret::Secret;

/// Who vouches for one service, and who we are to it. It counts for exactly one origin: a redirect or
/// an override elsewhere meets neither.
#[derive(Clone)]
pub struct ServiceTls {
    origin: Origin,
    authorities: Vec<reqwest::Certificate>,
    identity: Option<reqwest::Identity>,
}

/// Certificates or keys that cannot be used. Their text is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsMaterialError {
    /// The address has no origin.
    #[error("the address is not a usable URL")]
    NotAUrl,
    /// No certificate of an authority.
    #[error("there is no certificate in it")]
    NoAuthority,
    /// No certificate of ours.
    #[error("there is no client certificate in it")]
    NoCertificate,
    /// No private key, or an encrypted one.
    #[error("there is no unencrypted private key in it")]
    NoKey,
    /// The key belongs to another certificate, or cannot be used for TLS.
    #[error("key and certificate do not fit together")]
    Mismatch,
}

impl ServiceTls {
    /// For the service at `base`: the usual authorities, no certificate of ours.
    pub fn new(base: &str) -> Result<Self, TlsMaterialError> {
        let url = Url::parse(base).map_err(|_| TlsMaterialError::NotAUrl)?;
        if !url.has_host() {
            return Err(TlsMaterialError::NotAUrl);
        }
        Ok(Self { origin: url.origin(), authorities: Vec::new(), identity: None })
    }

    /// Trusts only the authorities in `pem`, and what the user's own bundle adds.
    pub fn trusting(mut self, pem: &[u8]) -> Result<Self, TlsMaterialError> {
        let bundle = reqwest::Certificate::from_pem_bundle(pem);
        self.authorities = bundle.map_err(|_| TlsMaterialError::NoAuthority)?;
        if self.authorities.is_empty() {
            return Err(TlsMaterialError::NoAuthority);
        }
        Ok(self)
    }

    /// Shows the certificate chain `certificate` (PEM), proven with `key` (PEM).
    pub fn showing(mut self, certificate: &[u8], key: &Secret) -> Result<Self, TlsMaterialError> {
        let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|_| TlsMaterialError::NoCertificate)?;
        if chain.is_empty() {
            return Err(TlsMaterialError::NoCertificate);
        }
        let private = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
            .map_err(|_| TlsMaterialError::NoKey)?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        CertifiedKey::from_der(chain, private, &provider)
            .map_err(|_| TlsMaterialError::Mismatch)?;
        let both = Zeroizing::new([certificate, b"\n", key.expose().as_bytes()].concat());
        let identity = reqwest::Identity::from_pem(&both);
        self.identity = Some(identity.map_err(|_| TlsMaterialError::NoCertificate)?);
        Ok(self)
    }

    /// Whether a certificate of ours is shown.
    pub const fn shows_certificate(&self) -> bool {
        self.identity.is_some()
    }

    pub(super) fn is_for(&self, url: &Url) -> bool {
        self.origin == url.origin()
    }

    pub(super) fn has_authorities(&self) -> bool {
        !self.authorities.is_empty()
    }

    /// `builder` with all of this; `bundles` are trusted as well.
    pub(super) fn apply(
        &self,
        builder: reqwest::ClientBuilder,
        bundles: Vec<reqwest::Certificate>,
    ) -> reqwest::ClientBuilder {
        let builder = if self.has_authorities() {
            builder.tls_certs_only(self.authorities.iter().cloned().chain(bundles))
        } else {
            builder.tls_certs_merge(bundles)
        };
        match &self.identity {
            Some(identity) => builder.identity(identity.clone()),
            None => builder,
        }
    }
}

impl fmt::Debug for ServiceTls {
    /// Not the certificates, and never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTls")
            .field("origin", &self.origin.ascii_serialization())
            .field("authorities", &self.authorities.len())
            .field("shows_certificate", &self.shows_certificate())
            .finish_non_exhaustive()
    }
}
