//! The public page of a release's advisory: is it there? (spec 06 §3.4 step 8).

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use http::header::LOCATION;
use oar_transport::{HttpClient, HttpErrorKind, Service, ServiceClient};
use url::Url;

use crate::operations::ERRATA_PAGE;

/// Redirects that are followed.
const HOPS: usize = 5;
/// Time for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of the page is read, bytes: enough to see what it is about.
const LONGEST: usize = 4 * 1024 * 1024;

/// Whether the page is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageAnswer {
    /// It is, and it is about the advisory.
    Accessible,
    /// It is not, or not yet: another status, another host, or a page about something else.
    NotYet {
        /// The status of the answer.
        status: u16,
        /// Why, in one line.
        why: String,
    },
    /// The payload names no page.
    NoUrl,
    /// It could not be asked.
    Error {
        /// Why, in one line.
        cause: String,
        /// Whether trying later may help: the address itself is not the problem.
        retryable: bool,
    },
}

/// Looks at the pages of advisories.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AdvisoryPages: Send + Sync {
    /// Whether the page at `url`, as a payload names it, is there for everybody.
    async fn page(&self, url: Option<String>) -> PageAnswer;
}

/// The pages over HTTP; anonymous.
#[derive(Clone)]
pub struct HttpAdvisoryPages {
    pages: ServiceClient,
    hosts: Vec<String>,
}

impl HttpAdvisoryPages {
    /// Pages on `hosts` only (setting `approval.page_hosts`): the address comes from data.
    pub fn new(http: &HttpClient, hosts: Vec<String>) -> Self {
        Self { pages: http.service(Service::ErrataPage), hosts }
    }

    fn is_allowed(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        url.scheme() == "https"
            && url.port().is_none()
            && url.username().is_empty()
            && self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }
}

impl fmt::Debug for HttpAdvisoryPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpAdvisoryPages")
    }
}

#[async_trait]
impl AdvisoryPages for HttpAdvisoryPages {
    #[tracing::instrument(name = "errata_page.page", skip_all)]
    async fn page(&self, url: Option<String>) -> PageAnswer {
        let Some(text) = url.filter(|url| !url.trim().is_empty()) else {
            return PageAnswer::NoUrl;
        };
        let final_error = |cause: String| PageAnswer::Error { cause, retryable: false };
        let Ok(mut url) = Url::parse(text.trim()) else {
            return final_error(format!("{text:?} is no address"));
        };
        if !self.is_allowed(&url) {
            return final_error(format!("{url} is not on a host for advisories"));
        }
        let advisory = last_segment(&url);
        for _ in 0..=HOPS {
            let call = self.pages.call(ERRATA_PAGE.name, Method::GET, url.as_str());
            let call = call.accept(&[301, 302, 303, 307, 308]).timeout(PATIENCE);
            let reply = match call.body_limit(LONGEST).send().await {
                Ok(reply) => reply,
                Err(error) => {
                    return match (error.kind(), error.status()) {
                        (
                            HttpErrorKind::Unavailable { .. } | HttpErrorKind::RateLimited { .. },
                            _,
                        )
                        | (_, None) => {
                            PageAnswer::Error { cause: error.to_string(), retryable: true }
                        }
                        (_, Some(status)) => {
                            let status = status.as_u16();
                            not_yet(status, format!("{url} answers {status}"))
                        }
                    };
                }
            };
            let status = reply.status.as_u16();
            if reply.status.is_redirection() {
                let location = reply.header(LOCATION.as_str()).unwrap_or_default();
                match url.join(location) {
                    Ok(next) if self.is_allowed(&next) => url = next,
                    // A login page, for instance.
                    Ok(next) => {
                        let host = next.host_str().unwrap_or_default();
                        return not_yet(status, format!("{url} leads to {host}"));
                    }
                    Err(_) => return not_yet(status, format!("{url} leads nowhere")),
                }
                continue;
            }
            if reply.status != http::StatusCode::OK {
                return not_yet(status, format!("{url} answers {status}"));
            }
            // There are pages that say "not found" with a 200.
            let is_about_it = advisory
                .as_deref()
                .is_some_and(|advisory| String::from_utf8_lossy(&reply.body).contains(advisory));
            if is_about_it {
                return PageAnswer::Accessible;
            }
            return not_yet(status, format!("{url} is not about the advisory"));
        }
        not_yet(302, format!("{url} leads in a circle"))
    }
}

fn not_yet(status: u16, why: String) -> PageAnswer {
    PageAnswer::NotYet { status, why }
}

/// The advisory's name at the end of its page's address: `RHSA-2026:0001`.
fn last_segment(url: &Url) -> Option<String> {
    let segment = url.path_segments()?.rfind(|segment| !segment.is_empty())?;
    let name = segment.replace("%3A", ":").replace("%3a", ":");
    (!name.is_empty()).then_some(name)
}
