//! How the file of a y-stream is fetched (spec 01 §5.1).

use std::fmt;

use async_trait::async_trait;
use http::{Method, StatusCode, header};
use oar_release::YStream;
use oar_transport::{HttpClient, HttpErrorKind, Service};
use tracing::instrument;

use super::BuildDataError;

/// What a fetch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The file is as it was when the tag was handed out.
    NotModified,
    /// The file.
    Text {
        /// Its text.
        text: String,
        /// Tag to ask with the next time.
        etag: Option<String>,
    },
}

/// Where build data comes from.
#[async_trait]
pub trait BuildDataSource: Send + Sync + fmt::Debug {
    /// The file of `stream`, unless it still is what `etag` stands for.
    async fn fetch(&self, stream: YStream, etag: Option<&str>) -> Result<Fetched, BuildDataError>;
}

/// Build data over HTTP: no credential; time limits and retries are those of the transport.
#[derive(Debug, Clone)]
pub struct HttpBuildData {
    http: HttpClient,
}

impl HttpBuildData {
    /// A source that asks through `http`, whose endpoints know the address template
    /// ([`crate::AppConfig::configure`]).
    pub fn new(http: HttpClient) -> Self {
        Self { http }
    }
}

#[async_trait]
impl BuildDataSource for HttpBuildData {
    #[instrument(name = "build_data.fetch", skip_all, fields(%stream), err(level = "debug"))]
    async fn fetch(&self, stream: YStream, etag: Option<&str>) -> Result<Fetched, BuildDataError> {
        let service = self.http.service_for(Service::BuildData, &format!("openshift-{stream}"));
        let mut call = service.call("fetch", Method::GET, "");
        if let Some(etag) = etag {
            call = call.header(header::IF_NONE_MATCH, etag).accept(&[304]);
        }
        let reply = call.send().await.map_err(|source| match source.kind() {
            HttpErrorKind::NotFound => {
                BuildDataError::UnknownStream { stream, url: source.url().to_owned(), source }
            }
            _ => BuildDataError::Download { stream, source },
        })?;
        if reply.status == StatusCode::NOT_MODIFIED {
            return Ok(Fetched::NotModified);
        }
        let etag = reply.header("etag").map(ToOwned::to_owned);
        let text =
            String::from_utf8(reply.body.into()).map_err(|_| BuildDataError::NotText { stream })?;
        Ok(Fetched::Text { text, etag })
    }
}
