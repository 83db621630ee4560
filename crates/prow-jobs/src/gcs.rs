//! Google Cloud Storage: what finished runs leave behind (spec 04 §7).

use std::fmt;
use std::io::Read as _;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Method, StatusCode};
use oar_transport::encode_segment;
use oar_transport::google::GoogleTokens;
use oar_transport::{
    Call, HttpClient, HttpError, HttpErrorKind, SecretSource, Service, ServiceClient,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::artifacts::{ArtifactsError, RunArtifacts};
use crate::operations::{OBJECT, OBJECTS};
use crate::qe_report;
use crate::run::{ProwRun, RunPage, RunSource};
use crate::run_files::{FileStream, RunFiles};
use crate::wire::{Finished, prow_job};

/// The one right that is needed.
pub const SCOPE: &str = "https://www.googleapis.com/auth/devstorage.read_only";

/// Longest ProwJob, summary or report that is read, bytes.
const LONGEST_TEXT: usize = 8 * 1024 * 1024;
/// Longest file that is streamed, bytes: archives of clusters are some hundred megabytes.
const LONGEST_FILE: usize = 16 * 1024 * 1024 * 1024;
/// Pages of one listing: each has up to 1,000 names.
const LONGEST_LISTING: usize = 100;
/// Where the report is below the folder of the test.
const QE_REPORT: &str = "openshift-e2e-test-qe-report/artifacts/test-results.yaml";

/// Who asks the storage.
#[derive(Debug, Clone)]
pub enum GcsAccess {
    /// Nobody in particular: public buckets only.
    Anonymous,
    /// Whoever owns this token.
    Token(SecretSource),
    /// A service account; clones share its token.
    Account(Arc<GoogleTokens>),
}

/// The storage over HTTP.
#[derive(Clone)]
pub struct HttpGcs {
    gcs: ServiceClient,
    access: GcsAccess,
}

impl HttpGcs {
    /// A client that asks as `access`.
    pub fn new(http: &HttpClient, access: GcsAccess) -> Self {
        Self { gcs: http.service(Service::Gcs), access }
    }

    /// `call` with a proof of who asks.
    async fn proven(&self, page: &RunPage, call: Call) -> Result<Call, ArtifactsError> {
        Ok(match &self.access {
            GcsAccess::Anonymous => call,
            GcsAccess::Token(token) => call.bearer(token.clone()),
            GcsAccess::Account(tokens) => {
                let token = tokens.get().await.map_err(|error| ArtifactsError {
                    page: page.to_string(),
                    class: error.class(),
                    source: Box::new(error),
                })?;
                call.bearer(token)
            }
        })
    }

    /// Whether a refused call is worth another one, with a token that was asked for again.
    async fn renewed(&self, error: &HttpError) -> bool {
        match &self.access {
            GcsAccess::Account(tokens) if *error.kind() == HttpErrorKind::Unauthenticated => {
                tokens.forget().await;
                true
            }
            _ => false,
        }
    }

    fn object(&self, page: &RunPage, name: &str) -> Call {
        let (bucket, object) = (page.bucket(), page.below(name));
        let path = format!("download/storage/v1/b/{bucket}/o/{}", encode_segment(&object));
        self.gcs.call(OBJECT.name, Method::GET, path).query("alt", "media").accept(&[404])
    }

    fn objects(&self, page: &RunPage, glob: &str, after: Option<&str>) -> Call {
        let path = format!("storage/v1/b/{}/o", page.bucket());
        let call = self.gcs.call(OBJECTS.name, Method::GET, path);
        let call = call
            .query("projection", "noAcl")
            .query("prefix", page.below(""))
            .query("matchGlob", page.below(glob))
            .query("fields", "items(name),nextPageToken")
            .query("prettyPrint", "false");
        match after {
            Some(token) => call.query("pageToken", token),
            None => call,
        }
    }

    async fn listing(
        &self,
        page: &RunPage,
        glob: &str,
        after: Option<&str>,
    ) -> Result<Listing, ArtifactsError> {
        let mut first = true;
        loop {
            let call = self.proven(page, self.objects(page, glob, after)).await?;
            match call.send().await {
                Ok(reply) => {
                    return reply.json().map_err(|error| ArtifactsError::http(page, error));
                }
                Err(error) if first && self.renewed(&error).await => first = false,
                Err(error) => return Err(ArtifactsError::http(page, error)),
            }
        }
    }

    async fn text(&self, page: &RunPage, name: &str) -> Result<Option<String>, ArtifactsError> {
        let Some(bytes) = self.read(page, name, LONGEST_TEXT).await? else { return Ok(None) };
        let text = String::from_utf8(bytes.into());
        Ok(Some(text.map_err(|error| ArtifactsError::nonsense(page, error))?))
    }
}

impl fmt::Debug for HttpGcs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpGcs")
    }
}

/// One page of names.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listing {
    #[serde(default)]
    items: Vec<Item>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    name: String,
}

/// Whether the body is still compressed: the network's own client undoes that, others do not.
fn is_gzip(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip")
}

fn decoded(page: &RunPage, body: &[u8], limit: usize) -> Result<Bytes, ArtifactsError> {
    let mut plain = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(body).take(most).read_to_end(&mut plain);
    read.map_err(|error| ArtifactsError::nonsense(page, error))?;
    if plain.len() > limit {
        let problem = format!("unpacked it is longer than {limit} bytes");
        return Err(ArtifactsError::nonsense(page, problem));
    }
    Ok(plain.into())
}

#[async_trait]
impl RunFiles for HttpGcs {
    #[tracing::instrument(name = "gcs.find", skip_all, fields(glob))]
    async fn find(&self, page: &RunPage, glob: &str) -> Result<Vec<String>, ArtifactsError> {
        let root = page.below("");
        let (mut names, mut after) = (Vec::new(), None::<String>);
        for _ in 0..LONGEST_LISTING {
            let listing = self.listing(page, glob, after.as_deref()).await?;
            let items = listing.items.into_iter();
            names.extend(items.filter_map(|item| Some(item.name.strip_prefix(&root)?.to_owned())));
            match listing.next_page_token.filter(|token| !token.is_empty()) {
                None => {
                    names.sort_unstable();
                    return Ok(names);
                }
                same if same == after => {
                    return Err(ArtifactsError::nonsense(page, "the list of files repeats itself"));
                }
                next => after = next,
            }
        }
        Err(ArtifactsError::nonsense(page, "the list of files has no end"))
    }

    #[tracing::instrument(name = "gcs.read", skip_all, fields(name))]
    async fn read(
        &self,
        page: &RunPage,
        name: &str,
        limit: usize,
    ) -> Result<Option<Bytes>, ArtifactsError> {
        let mut first = true;
        loop {
            let call = self.proven(page, self.object(page, name)).await?;
            match call.body_limit(limit).send().await {
                Ok(reply) if reply.status == StatusCode::NOT_FOUND => return Ok(None),
                Ok(reply) if is_gzip(&reply.headers) => {
                    return decoded(page, &reply.body, limit).map(Some);
                }
                Ok(reply) => return Ok(Some(reply.body)),
                Err(error) if first && self.renewed(&error).await => first = false,
                Err(error) => return Err(ArtifactsError::http(page, error)),
            }
        }
    }

    #[tracing::instrument(name = "gcs.open", skip_all, fields(name))]
    async fn open(&self, page: &RunPage, name: &str) -> Result<Option<FileStream>, ArtifactsError> {
        let mut first = true;
        let reply = loop {
            let call = self.proven(page, self.object(page, name)).await?;
            match call.body_limit(LONGEST_FILE).send_streaming().await {
                Ok(reply) if reply.status == StatusCode::NOT_FOUND => return Ok(None),
                Ok(reply) => break reply,
                Err(error) if first && self.renewed(&error).await => first = false,
                Err(error) => return Err(ArtifactsError::http(page, error)),
            }
        };
        let is_gzip = is_gzip(&reply.headers);
        let pieces = stream::try_unfold(reply, |mut reply| async move {
            Ok(reply.chunk().await?.map(|piece| (piece, reply)))
        });
        let of = page.clone();
        let pieces =
            pieces.map(move |piece| piece.map_err(|error| ArtifactsError::http(&of, error)));
        Ok(Some(FileStream::new(page.clone(), is_gzip, pieces.boxed())))
    }
}

/// The folder of the job's test below the artefacts, where the job's name tells it.
fn test_folder(job: &str) -> Option<&str> {
    let rest = job.strip_prefix("periodic-ci-openshift-openshift-tests-private-release-")?;
    let (stream, rest) = rest.split_once('-')?;
    stream.parse::<oar_release::YStream>().ok()?;
    rest.strip_prefix("automated-release-").filter(|test| !test.is_empty())
}

#[async_trait]
impl RunArtifacts for HttpGcs {
    #[tracing::instrument(name = "gcs.run", skip_all)]
    async fn run(&self, page: &RunPage) -> Result<Option<ProwRun>, ArtifactsError> {
        let nonsense = |problem: String| ArtifactsError::nonsense(page, problem);
        let job = self.text(page, "prowjob.json").await?;
        let job = job.map(|text| prow_job(&text, RunSource::ProwJobFile)).transpose();
        let job = job.map_err(nonsense)?;
        // The copy may be older than the end of the run: then the summary knows more.
        if job.as_ref().is_some_and(|job| job.completed_at.is_some()) {
            return Ok(job);
        }
        let end = self.text(page, "finished.json").await?;
        let end = end.map(|text| serde_json::from_str::<Finished>(&text)).transpose();
        let end = end.map_err(|error| ArtifactsError::nonsense(page, error))?;
        Ok(match (job, end.and_then(|end| end.into_run(page))) {
            (Some(job), Some(end)) => {
                Some(ProwRun { state: end.state, completed_at: end.completed_at, ..job })
            }
            (job, end) => job.or(end),
        })
    }

    #[tracing::instrument(name = "gcs.test_summary", skip_all)]
    async fn test_summary(
        &self,
        page: &RunPage,
    ) -> Result<Option<Map<String, Value>>, ArtifactsError> {
        let exact = test_folder(page.job()).map(|test| format!("artifacts/{test}/{QE_REPORT}"));
        let mut text = match exact {
            Some(name) => self.text(page, &name).await?,
            None => None,
        };
        if text.is_none() {
            let found = self.find(page, &format!("artifacts/**/{QE_REPORT}")).await?;
            if let Some(name) = found.first() {
                text = self.text(page, name).await?;
            }
        }
        let Some(text) = text else { return Ok(None) };
        qe_report::test_summary(&text).map_err(|error| ArtifactsError::nonsense(page, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_the_test_is_the_rest_of_the_job_s_name() {
        let job = "periodic-ci-openshift-openshift-tests-private-release-4.30-automated-release-aws-ipi-f999";
        assert_eq!(test_folder(job), Some("aws-ipi-f999"));
        for job in [
            "periodic-ci-openshift-openshift-tests-private-release-4.30-amd64-nightly-aws",
            "periodic-ci-openshift-openshift-tests-private-release-4.30-automated-release-",
            "periodic-ci-openshift-openshift-tests-private-release-x-automated-release-a",
            "periodic-ci-openshift-release-main-ci-4.30-e2e-aws",
            "",
        ] {
            assert_eq!(test_folder(job), None, "{job}");
        }
    }

    #[test]
    fn what_is_small_packed_may_not_grow_without_end() {
        use std::io::Write as _;

        let page = RunPage::new("b", "job", "1").unwrap();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![0; 100_000]).unwrap();
        let small = packer.finish().unwrap();
        assert_eq!(decoded(&page, &small, 100_000).unwrap().len(), 100_000);
        assert!(decoded(&page, &small, 99_999).is_err());
        assert!(decoded(&page, &small[..small.len() - 9], 100_000).is_err(), "cut off");
        assert!(decoded(&page, b"no gzip", 100).is_err());
    }
}
