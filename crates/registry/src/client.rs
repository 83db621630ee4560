//! The calls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use oar_transport::pause::{Backoff, sleep};
use oar_transport::probe::Operation;
use oar_transport::{Call, HttpClient, HttpError, Redirects, Reply, StreamingReply};
use serde::Deserialize;

use crate::auth_file::AuthFiles;
use crate::blob::Blob;
use crate::challenge;
use crate::digest::Digest;
use crate::error::RegistryError;
use crate::hosts::Hosts;
use crate::image_ref::{ImageRef, Repository};
use crate::manifest::{
    ACCEPT, Descriptor, ImageConfig, ImageManifest, Manifest, NotAManifest, Platform, choose,
};
use crate::operations::{GET_BLOB, GET_MANIFEST, HEAD_MANIFEST, LIST_TAGS};
use crate::token::{Issuer, NONE_FOUND, NOT_TAKEN, Pass, Tokens};

/// Longest manifest, and longest configuration of an image, bytes (spec 00 §d).
const LONGEST_MANIFEST: usize = 4 * 1024 * 1024;
/// Longest layer, bytes (spec 00 §d).
const LONGEST_LAYER: usize = 256 * 1024 * 1024;
/// Tries when an answer was damaged on the way: a body that is no JSON, or not what its digest
/// names (spec 03 §10.4).
const TRIES: u32 = 3;
/// Indexes within indexes that are followed.
const DEEPEST_INDEX: u32 = 3;
/// Pages of tags that are read; 1,000 tags a page.
const MOST_PAGES: usize = 200;

/// A manifest as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its bytes.
    pub bytes: Bytes,
    /// What they say.
    pub manifest: Manifest,
}

/// One image for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Where it is.
    pub repository: Repository,
    /// The digest of its manifest.
    pub digest: Digest,
    /// The digest of the index it was chosen from, when there is one.
    pub list_digest: Option<Digest>,
    /// Its manifest.
    pub manifest: ImageManifest,
}

/// Reads from container registries.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RegistryRead: Send + Sync {
    /// The digest that `image` has now, without its content; `None` when it does not exist.
    async fn digest(&self, image: &ImageRef) -> Result<Option<Digest>, RegistryError>;

    /// The manifest of `image`: checked against the digest in its name, and against the one that
    /// the registry tells.
    async fn pull(&self, image: &ImageRef) -> Result<Pulled, RegistryError>;

    /// The image for `platform` that `image` leads to, through an index if there is one.
    async fn image(&self, image: &ImageRef, platform: &Platform) -> Result<Image, RegistryError>;

    /// The configuration of an image: its labels among other things.
    async fn config(&self, image: &Image) -> Result<ImageConfig, RegistryError>;

    /// The content that `descriptor` points to, at most 256 MiB, as it arrives.
    async fn blob(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
    ) -> Result<Blob, RegistryError>;

    /// All tags of a repository, in the order in which the registry tells them.
    async fn tags(&self, repository: &Repository) -> Result<Vec<String>, RegistryError>;
}

/// Registries over HTTP. Clones share tokens; one process has one.
#[derive(Clone)]
pub struct HttpRegistry {
    http: HttpClient,
    hosts: Hosts,
    files: AuthFiles,
    tokens: Arc<Tokens>,
}

impl HttpRegistry {
    /// A client that asks `hosts` and looks for credentials in `files`.
    pub fn new(http: &HttpClient, hosts: Hosts, files: AuthFiles) -> Self {
        Self { http: http.clone(), hosts, files, tokens: Arc::default() }
    }

    fn call(
        &self,
        operation: Operation,
        method: Method,
        repository: &Repository,
        path: &str,
    ) -> Result<Call, RegistryError> {
        let way = self.hosts.registry(&self.http, repository.host())?;
        // A page of tags is an absolute address or path of its own.
        let path = match path.strip_prefix("/v2/") {
            Some(_) => path.to_owned(),
            None => format!("v2/{}/{path}", repository.name()),
        };
        Ok(way.call(operation.name, method, path))
    }

    /// Makes a call with the pass at hand; when the registry wants another one, gets it and makes
    /// the call once more.
    async fn ask<A: Answered>(
        &self,
        repository: &Repository,
        what: &str,
        call: impl Fn() -> Result<Call, RegistryError>,
    ) -> Result<A, RegistryError> {
        let now = self.http.clock().now();
        let pass = self.tokens.at_hand(repository, now).await;
        let answer = A::of(with(call()?, pass.as_ref()), what).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return answer.there(what);
        }
        let denied = |problem| RegistryError::Denied { what: what.to_owned(), problem };
        let Some(challenge) = answer.challenge() else { return Err(denied(NONE_FOUND)) };
        let issuer = Issuer { http: &self.http, hosts: &self.hosts, files: &self.files, challenge };
        let Some(fresh) = self.tokens.renew(repository, pass.as_ref(), &issuer).await? else {
            return Err(denied(NONE_FOUND));
        };
        let answer = A::of(with(call()?, Some(&fresh)), what).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Err(denied(NOT_TAKEN));
        }
        answer.there(what)
    }

    /// Tries again what came damaged.
    async fn undamaged<T, F: Future<Output = Result<T, RegistryError>> + Send>(
        &self,
        fetch: impl Fn() -> F + Send,
    ) -> Result<T, RegistryError> {
        let entropy = self.http.entropy();
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
        for _ in 1..TRIES {
            match fetch().await {
                Err(error) if error.is_damaged() => {
                    tracing::debug!(%error, "the answer was damaged, asking again");
                    sleep(backoff.next_wait(&*entropy)).await;
                }
                done => return done,
            }
        }
        fetch().await
    }

    async fn pull_once(&self, image: &ImageRef) -> Result<Pulled, RegistryError> {
        let (repository, what) = (image.repository(), image.to_string());
        let path = format!("manifests/{}", image.reference());
        let reply: Reply = self
            .ask(repository, &what, || {
                let call = self.call(GET_MANIFEST, Method::GET, repository, &path)?;
                Ok(call.accept_type(ACCEPT).body_limit(LONGEST_MANIFEST))
            })
            .await?;
        let http = |error| RegistryError::of(what.clone(), error);
        let found = match image.digest() {
            Some(expected) => checked(&what, expected, &reply.body)?,
            None => match told(&reply) {
                Some(expected) => checked(&what, &expected, &reply.body)?,
                None => Digest::of(&reply.body),
            },
        };
        let manifest = Manifest::read(&reply.body, reply.header("content-type"));
        let manifest = manifest.map_err(|problem| match problem {
            NotAManifest::Malformed(problem) => http(reply.malformed("manifest", ".", &problem)),
            NotAManifest::Unsupported(problem) => {
                RegistryError::Unsupported { what: what.clone(), problem }
            }
        })?;
        Ok(Pulled { digest: found, bytes: reply.body, manifest })
    }

    async fn config_once(&self, image: &Image) -> Result<ImageConfig, RegistryError> {
        let digest = &image.manifest.config.digest;
        let what = format!("the configuration {digest} of {}", image.repository);
        let path = format!("blobs/{digest}");
        let reply: Reply = self
            .ask(&image.repository, &what, || {
                let call = self.call(GET_BLOB, Method::GET, &image.repository, &path)?;
                Ok(call.redirects(Redirects::AnyHost).body_limit(LONGEST_MANIFEST))
            })
            .await?;
        checked(&what, digest, &reply.body)?;
        ImageConfig::read(&reply.body).map_err(|problem| {
            RegistryError::of(what, reply.malformed("image configuration", ".", &problem))
        })
    }
}

fn with(call: Call, pass: Option<&Pass>) -> Call {
    match pass.cloned() {
        None => call,
        Some(Pass::Bearer(token)) => call.bearer(token),
        Some(Pass::Basic(login)) => call.basic(login.user, login.password),
    }
}

fn checked(what: &str, expected: &Digest, content: &[u8]) -> Result<Digest, RegistryError> {
    if expected.matches(content) {
        return Ok(expected.clone());
    }
    let (what, found) = (what.to_owned(), Digest::of(content));
    Err(RegistryError::WrongDigest { what, expected: expected.clone(), found })
}

/// The digest that the registry tells of its answer.
fn told(reply: &Reply) -> Option<Digest> {
    reply.header("docker-content-digest")?.parse().ok()
}

/// An answer, whole or arriving.
trait Answered: Sized {
    async fn of(call: Call, what: &str) -> Result<Self, RegistryError>;
    fn status(&self) -> StatusCode;
    fn challenge(&self) -> Option<challenge::Challenge>;

    fn there(self, what: &str) -> Result<Self, RegistryError> {
        if self.status() == StatusCode::NOT_FOUND {
            return Err(RegistryError::NotFound { what: what.to_owned() });
        }
        Ok(self)
    }
}

fn offered(headers: &http::HeaderMap) -> Option<challenge::Challenge> {
    let values = headers.get_all(http::header::WWW_AUTHENTICATE).iter();
    let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    challenge::read(&texts.join(", "))
}

impl Answered for Reply {
    async fn of(call: Call, what: &str) -> Result<Self, RegistryError> {
        let sent: Result<Self, HttpError> = call.accept(&[401, 404]).send().await;
        sent.map_err(|error| RegistryError::of(what.to_owned(), error))
    }

    fn status(&self) -> StatusCode {
        self.status
    }

    fn challenge(&self) -> Option<challenge::Challenge> {
        offered(&self.headers)
    }
}

impl Answered for StreamingReply {
    async fn of(call: Call, what: &str) -> Result<Self, RegistryError> {
        let sent = call.accept(&[401, 404]).send_streaming().await;
        sent.map_err(|error| RegistryError::of(what.to_owned(), error))
    }

    fn status(&self) -> StatusCode {
        self.status
    }

    fn challenge(&self) -> Option<challenge::Challenge> {
        offered(&self.headers)
    }
}

impl fmt::Debug for HttpRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpRegistry")
    }
}

/// A page of tags.
#[derive(Deserialize)]
struct TagPage {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// The address of the next page, when there is one: `</v2/x/tags/list?last=a&n=1000>; rel="next"`.
fn next_page(reply: &Reply) -> Option<String> {
    let links = reply.header("link")?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let address = next.split('>').next()?.trim().strip_prefix('<')?;
    // It stays with the registry that gave it.
    address.starts_with("/v2/").then(|| address.to_owned())
}

#[async_trait]
impl RegistryRead for HttpRegistry {
    #[tracing::instrument(name = "registry.digest", skip_all, fields(image = %image))]
    async fn digest(&self, image: &ImageRef) -> Result<Option<Digest>, RegistryError> {
        let (repository, what) = (image.repository(), image.to_string());
        let path = format!("manifests/{}", image.reference());
        let head: Result<Reply, _> = self
            .ask(repository, &what, || {
                let call = self.call(HEAD_MANIFEST, Method::HEAD, repository, &path)?;
                Ok(call.accept_type(ACCEPT))
            })
            .await;
        let head = match head {
            Err(error) if error.is_not_found() => return Ok(None),
            head => head?,
        };
        match (told(&head), image.digest()) {
            (Some(found), Some(expected)) if found != *expected => {
                Err(RegistryError::WrongDigest { what, expected: expected.clone(), found })
            }
            (Some(found), _) => Ok(Some(found)),
            // A registry that does not tell is asked for the content.
            (None, _) => match self.pull(image).await {
                Ok(pulled) => Ok(Some(pulled.digest)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    #[tracing::instrument(name = "registry.pull", skip_all, fields(image = %image))]
    async fn pull(&self, image: &ImageRef) -> Result<Pulled, RegistryError> {
        self.undamaged(|| self.pull_once(image)).await
    }

    #[tracing::instrument(name = "registry.image", skip_all, fields(image = %image))]
    async fn image(&self, image: &ImageRef, platform: &Platform) -> Result<Image, RegistryError> {
        let repository = image.repository().clone();
        let (mut at, mut list_digest) = (image.clone(), None);
        for _ in 0..=DEEPEST_INDEX {
            let pulled = self.pull(&at).await?;
            match pulled.manifest {
                Manifest::Image(manifest) => {
                    return Ok(Image { repository, digest: pulled.digest, list_digest, manifest });
                }
                Manifest::Index(entries) => {
                    let entry = choose(&entries, platform).ok_or_else(|| {
                        let (what, platform) = (at.to_string(), platform.to_string());
                        RegistryError::NoPlatform { what, platform }
                    })?;
                    list_digest.get_or_insert(pulled.digest);
                    at = repository.digest(entry.digest.clone());
                }
            }
        }
        let problem = "indexes point to indexes".to_owned();
        Err(RegistryError::Unsupported { what: image.to_string(), problem })
    }

    #[tracing::instrument(name = "registry.config", skip_all, fields(digest = %image.digest))]
    async fn config(&self, image: &Image) -> Result<ImageConfig, RegistryError> {
        self.undamaged(|| self.config_once(image)).await
    }

    #[tracing::instrument(name = "registry.blob", skip_all, fields(digest = %descriptor.digest))]
    async fn blob(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
    ) -> Result<Blob, RegistryError> {
        let digest = descriptor.digest.clone();
        let what = format!("{repository}@{digest}");
        let path = format!("blobs/{digest}");
        // What is longer than promised cannot be right: it is not read to its end.
        let limit = match usize::try_from(descriptor.size) {
            Ok(0) => LONGEST_LAYER,
            Ok(size) if size <= LONGEST_LAYER => size,
            _ => {
                let problem = format!("it is longer than {LONGEST_LAYER} bytes");
                return Err(RegistryError::Unsupported { what, problem });
            }
        };
        let reply: StreamingReply = self
            .ask(repository, &what, || {
                let call = self.call(GET_BLOB, Method::GET, repository, &path)?;
                Ok(call.redirects(Redirects::AnyHost).body_limit(limit))
            })
            .await?;
        Ok(Blob::arriving(what, digest, reply))
    }

    #[tracing::instrument(name = "registry.tags", skip_all, fields(repository = %repository))]
    async fn tags(&self, repository: &Repository) -> Result<Vec<String>, RegistryError> {
        let what = format!("the tags of {repository}");
        let mut tags = Vec::new();
        let mut path = "tags/list?n=1000".to_owned();
        for _ in 0..MOST_PAGES {
            let reply: Reply = self
                .ask(repository, &what, || self.call(LIST_TAGS, Method::GET, repository, &path))
                .await?;
            let http = |error| RegistryError::of(what.clone(), error);
            let page: serde_json::Map<String, serde_json::Value> = reply.json().map_err(http)?;
            let page: TagPage = serde_json::from_value(page.into())
                .map_err(|error| http(reply.malformed("tags", "tags", &error.to_string())))?;
            let before = tags.len();
            tags.extend(page.tags.unwrap_or_default());
            match next_page(&reply) {
                Some(next) if next != path && tags.len() > before => path = next,
                Some(_) => {
                    let problem = "its pages do not come to an end".to_owned();
                    return Err(RegistryError::Unsupported { what, problem });
                }
                None => return Ok(tags),
            }
        }
        Err(RegistryError::Unsupported { what, problem: "it has too many tags".to_owned() })
    }
}
