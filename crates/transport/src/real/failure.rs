//! reqwest's errors in the words of the port.

use std::error::Error;
use std::fmt::Write as _;

use crate::port::{Processed, SendError, SendErrorKind};

/// A request that brought no answer from `host`; `store` names the certificate store in use.
pub(super) fn send_error(error: reqwest::Error, host: &str, store: &str) -> SendError {
    // The address may carry what the masker does not know; the caller has a masked one.
    let error = error.without_url();
    let processed = if error.is_connect() { Processed::No } else { Processed::Unknown };
    let (kind, message) = if let Some(problem) = tls_problem(&error) {
        let message = format!("{host} did not pass: {problem}; checked against {store}");
        (SendErrorKind::Tls, message)
    } else if error.is_timeout() {
        (SendErrorKind::Timeout, format!("{host} did not answer in time"))
    } else if is_proxy(&error) {
        (SendErrorKind::Proxy, format!("on the way to {host}: {}", chain(&error)))
    } else if error.is_connect() {
        (SendErrorKind::Connect, format!("no connection to {host}: {}", chain(&error)))
    } else {
        (SendErrorKind::Interrupted, format!("{host} broke off: {}", chain(&error)))
    };
    // Verification happens before anything is sent, also when it is reported late.
    let processed = if kind == SendErrorKind::Tls { Processed::No } else { processed };
    SendError { kind, processed, message, source: Some(Box::new(error)) }
}

/// A body that broke off.
pub(super) fn body_error(error: reqwest::Error, host: &str) -> SendError {
    let error = error.without_url();
    SendError {
        kind: SendErrorKind::Interrupted,
        processed: Processed::Unknown,
        message: format!("the answer of {host} broke off: {}", chain(&error)),
        source: Some(Box::new(error)),
    }
}

/// The error and its causes, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.ends_with(&inner_text) {
            write!(text, ": {inner_text}").expect("writing to a string cannot fail");
        }
        cause = inner.source();
    }
    text
}

/// What the TLS library found wrong, if it was that.
fn tls_problem(error: &reqwest::Error) -> Option<String> {
    causes(error).find_map(|cause| Some(describe(tls_error(cause)?)))
}

/// The TLS library's error in `error`. I/O errors hide what they wrap from `source`, and wrap each
/// other.
fn tls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    if let Some(found) = error.downcast_ref::<rustls::Error>() {
        return Some(found);
    }
    tls_error(error.downcast_ref::<std::io::Error>()?.get_ref()?)
}

fn describe(error: &rustls::Error) -> String {
    use rustls::CertificateError as Certificate;
    let rustls::Error::InvalidCertificate(problem) = error else { return error.to_string() };
    match problem {
        Certificate::Expired => "the certificate has expired".to_owned(),
        Certificate::ExpiredContext { not_after, .. } => {
            let end = i64::try_from(not_after.as_secs()).ok();
            let end = end.and_then(|second| jiff::Timestamp::from_second(second).ok());
            let end = end.map_or_else(|| "an unknown time".to_owned(), |end| end.to_string());
            format!("the certificate expired at {end}")
        }
        Certificate::UnknownIssuer => "the certificate's issuer is not trusted".to_owned(),
        _ => problem.to_string(),
    }
}

/// The proxy has no error type of its own: it is told by the connector's words.
fn is_proxy(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let text = cause.to_string();
        text.contains("tunnel") || text.contains("proxy")
    })
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: Option<&(dyn Error + 'static)> = error.source();
    std::iter::successors(first, |cause: &&(dyn Error + 'static)| (*cause).source())
}
