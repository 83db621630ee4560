//! The calls.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use jiff::SignedDuration;
use oar_release::ReleaseVersion;
use oar_transport::google::{GoogleTokens, ServiceAccount};
use oar_transport::pause::{Backoff, sleep};
use oar_transport::{
    HttpClient, HttpError, HttpErrorKind, Reply, Service, ServiceClient, encode_segment,
};
use serde::Deserialize;

use crate::error::WorksheetError;
use crate::operations::DOCUMENT;

/// The one right that is asked for.
const SCOPE: &str = "https://www.googleapis.com/auth/spreadsheets";
/// A token with less time left is renewed (spec 05 §5.1).
const RENEW: SignedDuration = SignedDuration::from_secs(225);
/// A 401 renews the token and sends again, this often (spec 05 §5.1).
const RENEWALS: u32 = 2;
/// A 403 for the rate is waited out this often: at most about two minutes in sum.
const RATE_WAITS: u32 = 6;

/// A release's report in a spreadsheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The page people open.
    pub url: String,
}

/// Reads from the spreadsheets of release reports.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WorksheetRead: Send + Sync {
    /// The report of `release` in the spreadsheet `document`; `None` when the spreadsheet has no
    /// sheet with exactly that title.
    async fn find(
        &self,
        document: &str,
        release: &ReleaseVersion,
    ) -> Result<Option<Report>, WorksheetError>;
}

/// Google Sheets, as a service account.
#[derive(Debug, Clone)]
pub struct HttpWorksheets {
    sheets: ServiceClient,
    tokens: Arc<GoogleTokens>,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    sheets: Vec<Sheet>,
}

#[derive(Deserialize)]
struct Sheet {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    sheet_id: i64,
    title: String,
}

impl HttpWorksheets {
    /// A client that sends through `http` as `account`.
    pub fn new(http: &HttpClient, account: ServiceAccount) -> Self {
        let tokens = Arc::new(GoogleTokens::new(http, account, SCOPE, RENEW));
        Self { sheets: http.service(Service::Sheets), tokens }
    }

    async fn document(&self, id: &str) -> Result<Document, WorksheetError> {
        let entropy = self.sheets.http().entropy();
        let mut backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(64));
        let (mut renewals, mut waits) = (0, 0);
        loop {
            match self.open(id).await {
                Ok(reply) => return Ok(reply.json().map_err(Box::new)?),
                Err(Refusal::Token(error)) => return Err(error),
                Err(Refusal::Sheets(error)) => match error.kind() {
                    HttpErrorKind::Unauthenticated if renewals < RENEWALS => {
                        renewals += 1;
                        self.tokens.forget().await;
                    }
                    HttpErrorKind::Forbidden if waits < RATE_WAITS && is_rate_limit(&error) => {
                        waits += 1;
                        sleep(backoff.next_wait(&*entropy)).await;
                    }
                    _ => return Err(self.told(id, error)),
                },
            }
        }
    }

    async fn open(&self, id: &str) -> Result<Reply, Refusal> {
        let token = self.tokens.get().await.map_err(|error| Refusal::Token(error.into()))?;
        let path = format!("v4/spreadsheets/{}", encode_segment(id));
        let call = self.sheets.call(DOCUMENT.name, Method::GET, path);
        let sent = call.query("includeGridData", "false").bearer(token).send().await;
        sent.map_err(|error| Refusal::Sheets(Box::new(error)))
    }

    fn told(&self, id: &str, source: Box<HttpError>) -> WorksheetError {
        let account = self.tokens.account().email().to_owned();
        match source.kind() {
            HttpErrorKind::NotFound | HttpErrorKind::Forbidden => {
                WorksheetError::Document { document: id.to_owned(), account, source }
            }
            HttpErrorKind::Unauthenticated => WorksheetError::Account { account, source },
            _ => WorksheetError::Http(source),
        }
    }
}

enum Refusal {
    Token(WorksheetError),
    Sheets(Box<HttpError>),
}

/// Sheets says "too many requests" also with a 403; its reason tells.
fn is_rate_limit(error: &HttpError) -> bool {
    let reasons = ["rateLimitExceeded", "userRateLimitExceeded"];
    error.body().is_some_and(|body| reasons.iter().any(|reason| body.contains(reason)))
}

#[async_trait]
impl WorksheetRead for HttpWorksheets {
    #[tracing::instrument(name = "worksheet.find", skip_all, fields(release = %release))]
    async fn find(
        &self,
        document: &str,
        release: &ReleaseVersion,
    ) -> Result<Option<Report>, WorksheetError> {
        let title = release.to_string();
        let sheets = self.document(document).await?.sheets;
        let found = sheets.into_iter().find(|sheet| sheet.properties.title == title);
        Ok(found.map(|sheet| {
            let gid = sheet.properties.sheet_id;
            let id = encode_segment(document);
            Report { url: format!("https://docs.google.com/spreadsheets/d/{id}#gid={gid}") }
        }))
    }
}
