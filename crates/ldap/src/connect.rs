//! One connection: TLS that verifies, anonymous bind, searches with limits.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ldap3::controls::{Control, ControlType, PagedResults, RawControl};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, Scope};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::entry::{Entry, cookie};
use crate::error::DirectoryError;

/// Time to open a connection, TLS included (spec 02 §6).
const CONNECT: Duration = Duration::from_secs(5);
/// Time for one operation.
const OPERATION: Duration = Duration::from_secs(10);
/// Entries per page.
const PAGE: i32 = 500;
/// Pages of one answer; no group has a hundred thousand members (R34).
const MAX_PAGES: usize = 200;
/// Entries that are read of an answer that is not paged.
const MAX_ENTRIES: usize = 100_000;

/// What one search asks.
pub(crate) struct Search<'s> {
    /// For messages; without anybody's address.
    pub(crate) what: &'static str,
    pub(crate) base: &'s str,
    pub(crate) scope: Scope,
    pub(crate) filter: &'s str,
    pub(crate) attribute: &'s str,
}

/// What came back: a result code besides success is an error, but for "no such entry".
pub(crate) struct Found {
    pub(crate) entries: Vec<Entry>,
    /// Parts of the answer are on other servers, which are not asked.
    pub(crate) elsewhere: bool,
}

/// An open, bound connection.
pub(crate) struct Connection {
    ldap: Ldap,
    host: String,
}

impl Connection {
    /// Connects to `url` and binds anonymously.
    pub(crate) async fn open(url: &Url, bundles: &[PathBuf]) -> Result<Self, DirectoryError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let mut settings = LdapConnSettings::new();
        if url.scheme() == "ldaps" {
            settings = settings.set_config(tls_config(bundles.to_vec()).await?);
        }
        let opening = LdapConnAsync::from_url_with_settings(settings, url);
        let (connection, ldap) = in_time(CONNECT, &host, opening)
            .await?
            .map_err(|error| broken(error, &host, bundles))?;
        // Ends when the last handle is dropped. A panic over an unheard-of answer stays in there:
        // our side sees a closed connection.
        tokio::spawn(connection.drive());
        let mut open = Self { ldap, host };
        let bound = in_time(OPERATION, &open.host, open.ldap.simple_bind("", "")).await?;
        check("the anonymous bind", &bound.map_err(|error| broken(error, &open.host, bundles))?)?;
        Ok(open)
    }

    /// Whether the server hung up.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.ldap.is_closed()
    }

    /// One search with one answer.
    pub(crate) async fn search(&mut self, search: &Search<'_>) -> Result<Found, DirectoryError> {
        let mut found = Found { entries: Vec::new(), elsewhere: false };
        let result = self.one_page(search, None, &mut found).await?;
        match result.rc {
            // noSuchObject: nobody there.
            32 => Ok(Found { entries: Vec::new(), elsewhere: false }),
            _ => check(search.what, &result).map(|()| found),
        }
    }

    /// One search whose answer comes in pages (control 1.2.840.113556.1.4.319).
    pub(crate) async fn search_all(
        &mut self,
        search: &Search<'_>,
    ) -> Result<Found, DirectoryError> {
        let mut found = Found { entries: Vec::new(), elsewhere: false };
        let mut place = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = PagedResults { size: PAGE, cookie: place };
            let result = self.one_page(search, Some(page), &mut found).await?;
            check(search.what, &result)?;
            place = next_place(search.what, &result)?;
            if place.is_empty() {
                return Ok(found);
            }
        }
        let reason = format!("it has more than {MAX_PAGES} pages");
        Err(DirectoryError::Incomplete { what: search.what, reason })
    }

    async fn one_page(
        &mut self,
        search: &Search<'_>,
        page: Option<PagedResults>,
        found: &mut Found,
    ) -> Result<LdapResult, DirectoryError> {
        let Self { ldap, host } = self;
        let limit = MAX_ENTRIES;
        let reading = async {
            if let Some(page) = page {
                ldap.with_controls(RawControl::from(page));
            }
            let attributes = vec![search.attribute.to_owned()];
            let mut stream =
                ldap.streaming_search(search.base, search.scope, search.filter, attributes).await?;
            while let Some(item) = stream.next().await? {
                if item.is_ref() {
                    found.elsewhere = true;
                } else if !item.is_intermediate() {
                    match Entry::decode(item.0) {
                        Some(entry) if found.entries.len() < limit => found.entries.push(entry),
                        Some(_) => return Ok(Err(Trouble::TooMany)),
                        None => return Ok(Err(Trouble::NoEntry)),
                    }
                }
            }
            Ok(Ok(stream.finish().await))
        };
        let what = search.what;
        let done: Result<Result<LdapResult, Trouble>, LdapError> =
            in_time(OPERATION, host, reading).await?;
        match done.map_err(|error| broken(error, host, &[]))? {
            Ok(result) => Ok(result),
            Err(Trouble::NoEntry) => {
                Err(DirectoryError::Malformed { what, problem: "an entry is none" })
            }
            Err(Trouble::TooMany) => {
                Err(DirectoryError::Malformed { what, problem: "it has too many entries" })
            }
        }
    }
}

enum Trouble {
    NoEntry,
    TooMany,
}

async fn in_time<T>(
    limit: Duration,
    host: &str,
    work: impl Future<Output = T>,
) -> Result<T, DirectoryError> {
    let timeout = |_| DirectoryError::Timeout { host: host.to_owned(), limit };
    tokio::time::timeout(limit, work).await.map_err(timeout)
}

/// Where the next page begins; empty at the end, also when the server does not page.
fn next_place(what: &'static str, result: &LdapResult) -> Result<Vec<u8>, DirectoryError> {
    let is_ours = |control: &&Control| matches!(control.0, Some(ControlType::PagedResults));
    let Some(Control(_, raw)) = result.ctrls.iter().find(is_ours) else { return Ok(Vec::new()) };
    let problem = "the mark of the next page is none";
    raw.val.as_deref().and_then(cookie).ok_or(DirectoryError::Malformed { what, problem })
}

/// Result codes (RFC 4511 §4.1.9).
fn check(what: &'static str, result: &LdapResult) -> Result<(), DirectoryError> {
    let incomplete =
        |reason: &str| Err(DirectoryError::Incomplete { what, reason: reason.to_owned() });
    match result.rc {
        0 => Ok(()),
        3 => incomplete("the directory's time limit"),
        4 => incomplete("the directory's size limit"),
        10 => incomplete("it refers to another server"),
        11 => incomplete("an administrative limit"),
        code => Err(DirectoryError::Refused { what, code, text: result.text.clone() }),
    }
}

/// The library's error in our words.
fn broken(error: LdapError, host: &str, bundles: &[PathBuf]) -> DirectoryError {
    let host = host.to_owned();
    match tls_problem(&error) {
        Some(problem) => DirectoryError::Tls { host, problem, store: store(bundles) },
        None => DirectoryError::Unreachable { host, source: Box::new(error) },
    }
}

fn tls_problem(error: &LdapError) -> Option<String> {
    use rustls::CertificateError as Certificate;
    let found = match error {
        LdapError::Rustls { source } => source,
        LdapError::Io { source } => inner_tls(source)?,
        LdapError::DNSName { .. } => return Some("its name is no host name".to_owned()),
        _ => return None,
    };
    Some(match found {
        rustls::Error::InvalidCertificate(
            Certificate::Expired | Certificate::ExpiredContext { .. },
        ) => "the certificate has expired".to_owned(),
        rustls::Error::InvalidCertificate(Certificate::UnknownIssuer) => {
            "the certificate's issuer is not trusted".to_owned()
        }
        other => other.to_string(),
    })
}

/// I/O errors hide what they wrap from `source`.
fn inner_tls(error: &std::io::Error) -> Option<&rustls::Error> {
    let inner: &(dyn Error + 'static) = error.get_ref()?;
    inner
        .downcast_ref::<rustls::Error>()
        .or_else(|| inner_tls(inner.downcast_ref::<std::io::Error>()?))
}

fn store(bundles: &[PathBuf]) -> String {
    let names: Vec<String> = bundles.iter().map(|path| path.display().to_string()).collect();
    match names.as_slice() {
        [] => "the system's certificate store".to_owned(),
        _ => format!("the system's certificate store and {}", names.join(", ")),
    }
}

/// Trusts the system's authorities and those in `bundles`. Verification is never turned off.
async fn tls_config(bundles: Vec<PathBuf>) -> Result<Arc<ClientConfig>, DirectoryError> {
    let reading = tokio::task::spawn_blocking(move || roots(&bundles));
    let roots = reading.await.map_err(|error| DirectoryError::Unreachable {
        host: "this machine".to_owned(),
        source: Box::new(error),
    })??;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the suites of the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn roots(bundles: &[PathBuf]) -> Result<RootCertStore, DirectoryError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    for path in bundles {
        let unusable = |problem: String| DirectoryError::CaBundle { path: path.clone(), problem };
        let certificates = CertificateDer::pem_file_iter(path)
            .map_err(|error| unusable(error.to_string()))?
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| unusable(error.to_string()))?;
        if certificates.is_empty() {
            return Err(unusable("it holds no certificate".to_owned()));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
    }
    Ok(roots)
}
