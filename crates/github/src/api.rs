//! octocrab on our transport: it builds the requests, [`Gateway`] lets them out under our policy.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderName, Method};
use http_body_util::{BodyExt as _, Full};
use oar_transport::probe::Operation;
use oar_transport::{HttpClient, Reply, SecretSource, Service, ServiceClient};
use octocrab::OctoBody;
use octocrab::{AuthState, Octocrab, OctocrabBuilder};
use serde::Serialize;

use crate::error::GitHubError;

const MEDIA_TYPE: &str = "application/vnd.github+json";
const API_VERSION: (HeaderName, &str) =
    (HeaderName::from_static("x-github-api-version"), "2022-11-28");

/// The way to GitHub with one token. Cheap to clone; nothing is sent before the first call.
#[derive(Clone)]
pub struct HttpGitHub {
    gateway: Gateway,
    octocrab: Arc<OnceLock<Octocrab>>,
}

impl HttpGitHub {
    /// A client that sends through `http` and proves its identity with `token`.
    pub fn new(http: &HttpClient, token: SecretSource) -> Self {
        let gateway = Gateway { github: http.service(Service::GithubApi), token };
        Self { gateway, octocrab: Arc::default() }
    }

    /// A request without a body.
    pub(crate) async fn get(&self, operation: Operation, path: &str) -> Result<Reply, GitHubError> {
        self.request(operation, Method::GET, path, None::<&()>).await
    }

    /// A request with a JSON body.
    pub(crate) async fn send<B: Serialize>(
        &self,
        operation: Operation,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<Reply, GitHubError> {
        self.request(operation, method, path, Some(body)).await
    }

    async fn request<B: Serialize>(
        &self,
        operation: Operation,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Reply, GitHubError> {
        let octocrab = self.octocrab();
        let builder = http::Request::builder().method(method).uri(path).extension(operation);
        let request = octocrab.build_request(builder, body).map_err(client_error)?;
        let mut answer = octocrab.execute(request).await.map_err(client_error)?;
        answer.extensions_mut().remove::<Reply>().ok_or_else(|| GitHubError::Client {
            problem: "the answer did not come through our gateway".to_owned(),
        })
    }

    /// Built when first needed, because its queue runs on the runtime of the first call.
    fn octocrab(&self) -> &Octocrab {
        self.octocrab.get_or_init(|| {
            OctocrabBuilder::new_empty()
                .with_service(self.gateway.clone())
                .with_auth(AuthState::None)
                .build()
                .unwrap_or_else(|never| match never {})
        })
    }
}

impl fmt::Debug for HttpGitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpGitHub")
    }
}

fn client_error(error: octocrab::Error) -> GitHubError {
    match error {
        octocrab::Error::Service { source, .. } => match source.downcast() {
            Ok(http) => GitHubError::Http(http),
            Err(other) => GitHubError::Client { problem: other.to_string() },
        },
        other => GitHubError::Client { problem: other.to_string() },
    }
}

/// The tower service under octocrab: one request in, one call of ours out. Retries, limits,
/// credential and masking are the transport's; octocrab's own are not in this stack.
#[derive(Clone)]
struct Gateway {
    github: ServiceClient,
    token: SecretSource,
}

impl tower::Service<http::Request<OctoBody>> for Gateway {
    type Response = http::Response<Full<Bytes>>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // Places in flight are counted by the transport, per attempt.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<OctoBody>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let operation = parts.extensions.get::<Operation>().copied();
            let operation = operation.unwrap_or(Operation::read("other"));
            let body = body.collect().await?.to_bytes();
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let mut call = this
                .github
                .call(operation.name, parts.method, path)
                .bearer(this.token)
                .idempotency(operation.idempotency)
                .accept_type(MEDIA_TYPE)
                .header(API_VERSION.0, API_VERSION.1);
            if let Some(media_type) = parts.headers.get(CONTENT_TYPE) {
                call = call.bytes(media_type.to_str()?, body);
            }
            let reply = call.send().await?;
            let mut answer = http::Response::new(Full::new(reply.body.clone()));
            *answer.status_mut() = reply.status;
            answer.headers_mut().clone_from(&reply.headers);
            // The reply goes along whole: its errors name address, type and field.
            answer.extensions_mut().insert(reply);
            Ok(answer)
        })
    }
}
