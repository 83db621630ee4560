//! The calls.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderName, Method, StatusCode};
use oar_release::effect;
use oar_transport::pause::sleep;
use oar_transport::probe::Operation;
use oar_transport::{
    Call, HttpClient, HttpError, HttpErrorKind, Reply, SecretSource, Service, ServiceClient,
};

use crate::build::Build;
use crate::error::JenkinsError;
use crate::headers::ExtraHeaders;
use crate::operations::{BUILD, CRUMB, QUEUE, QUEUE_ITEM, RECENT_BUILDS, TRIGGER};
use crate::order::{BuildOrder, JenkinsJob};
use crate::queue::{Look, Pending, QueueItem, QueueState, queue_id};
use crate::types::{
    BUILD_TREE, Builds, Crumb, ITEM_TREE, QUEUE_TREE, Queue, RECENT, WireBuild, WireItem,
};

/// Between two reads of a queue item (spec 05 §6.4).
const POLL: Duration = Duration::from_secs(5);
/// Reads of a queue item: at once, then for 90 s.
const POLLS: u32 = 19;
/// Looks for a trigger whose answer was lost.
const LOOKS: u32 = 3;

/// Reads from Jenkins.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JenkinsRead: Send + Sync {
    /// What the queue and the 20 newest builds have about the payload of `order` (spec 05 §6.3).
    async fn look(&self, order: &BuildOrder) -> Result<Look, JenkinsError>;

    /// An item of the queue; `None` when it is gone: items live about five minutes after they left
    /// the queue.
    async fn queue_item(&self, id: u64) -> Result<Option<QueueItem>, JenkinsError>;

    /// A build. That it does not exist is an error: somebody said that it does.
    async fn build(&self, job: JenkinsJob, number: u64) -> Result<Build, JenkinsError>;

    /// Follows what was triggered out of the queue into its build, for at most 90 s; what still
    /// waits then is answered with what it waits for (spec 05 §6.4).
    async fn follow(&self, order: &BuildOrder, pending: &Pending) -> Result<Pending, JenkinsError>;
}

/// Starts builds.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait JenkinsWrite: Send + Sync {
    /// Triggers a build, once.
    ///
    /// `before` is what [`JenkinsRead::look`] answered for the same order: when that has something
    /// pending it is answered and nothing is triggered. When the answer is lost, queue and builds
    /// are looked at for something that was not there before; where that cannot be done the error
    /// is [`JenkinsError::Unknown`].
    async fn trigger(&self, order: &BuildOrder, before: &Look) -> Result<Pending, JenkinsError>;
}

/// Jenkins over HTTP with user and API token.
#[derive(Clone)]
pub struct HttpJenkins {
    jenkins: ServiceClient,
    user: SecretSource,
    token: SecretSource,
    extra: ExtraHeaders,
}

impl HttpJenkins {
    /// A client that proves its identity as `user` (`JENKINS_USER`) with `token`
    /// (`JENKINS_TOKEN`). The server's address comes from the configuration.
    pub fn new(http: &HttpClient, user: SecretSource, token: SecretSource) -> Self {
        let extra = ExtraHeaders::default();
        Self { jenkins: http.service(Service::Jenkins), user, token, extra }
    }

    /// The same, with headers that go with every request (`JENKINS_API_EXTRA_HEADERS`).
    #[must_use]
    pub fn extra_headers(mut self, extra: ExtraHeaders) -> Self {
        self.extra = extra;
        self
    }

    fn call(&self, operation: Operation, method: Method, path: String) -> Call {
        let call = self
            .jenkins
            .call(operation.name, method, path)
            .basic(self.user.clone(), self.token.clone())
            .idempotency(operation.idempotency);
        self.extra.add_to(call)
    }

    fn read(&self, operation: Operation, path: &str, tree: &str) -> Call {
        self.call(operation, Method::GET, format!("{path}/api/json")).query("tree", tree)
    }

    /// The address of a queue item, one slash at each seam.
    fn item_url(&self, id: u64) -> String {
        let base = self.jenkins.base().map(|base| base.to_string()).unwrap_or_default();
        format!("{}/queue/item/{id}/api/json", base.trim_end_matches('/'))
    }

    async fn queued(&self, order: &BuildOrder) -> Result<Vec<Pending>, JenkinsError> {
        let reply = self.read(QUEUE, "queue", QUEUE_TREE).send().await?;
        let queue: Queue = reply.json()?;
        let ours = queue.items.into_iter().filter(|item| {
            item.is_of(order.job()) && item.payload().as_deref() == Some(order.payload())
        });
        Ok(ours.map(|item| self.waiting(order.job(), item.id, item.why, true)).collect())
    }

    async fn recent(&self, order: &BuildOrder) -> Result<Vec<Build>, JenkinsError> {
        let job = order.job();
        let tree = format!("builds[{BUILD_TREE}]{{0,{RECENT}}}");
        let call = self.read(RECENT_BUILDS, &job.path(), &tree);
        let reply = found(call.accept(&[404]).send().await, || format!("job {job}"))?;
        let builds = reply.json::<Builds>()?.builds.into_iter().take(RECENT);
        let builds = builds.map(|build| build.into_build(job));
        Ok(builds.filter(|build| build.payload.as_deref() == Some(order.payload())).collect())
    }

    fn waiting(&self, job: JenkinsJob, id: u64, why: Option<String>, adopted: bool) -> Pending {
        let url = self.item_url(id);
        Pending { job, queue_id: Some(id), number: None, url, why, adopted }
    }

    async fn post(&self, order: &BuildOrder) -> Result<Reply, HttpError> {
        let path = format!("{}/buildWithParameters", order.job().path());
        let call = || {
            let call = self.call(TRIGGER, Method::POST, path.clone());
            order.parameters().iter().fold(call, |call, (name, value)| call.query(name, value))
        };
        effect::point("jenkins.trigger.before");
        let sent = match call().send().await {
            // An API token needs no crumb; a proxy or an old server may want one all the same.
            Err(error) if wants_crumb(&error) => match self.crumb().await? {
                Some(crumb) => crumb.add_to(call()).send().await,
                None => Err(error),
            },
            sent => sent,
        };
        effect::point("jenkins.trigger.after");
        sent
    }

    async fn crumb(&self) -> Result<Option<SessionCrumb>, HttpError> {
        let call = self.call(CRUMB, Method::GET, "crumbIssuer/api/json".to_owned());
        let reply = call.accept(&[404]).send().await?;
        if reply.status == StatusCode::NOT_FOUND || reply.body.is_empty() {
            return Ok(None);
        }
        let crumb: Crumb = reply.json()?;
        let name = HeaderName::try_from(crumb.crumb_request_field.as_str())
            .map_err(|_| reply.malformed("crumb", "crumbRequestField", "it is no header"))?;
        Ok(Some(SessionCrumb { name, value: crumb.crumb, cookies: cookies(&reply) }))
    }

    /// The answer to a trigger was lost: looks for something that was not there before.
    async fn look_up(
        &self,
        order: &BuildOrder,
        before: &Look,
        lost: Option<HttpError>,
    ) -> Result<Pending, JenkinsError> {
        let (job, mut lost) = (order.job(), lost.map(Box::new));
        for look in 1..=LOOKS {
            match self.look(order).await {
                Ok(now) => {
                    if let Some(pending) = now.since(before) {
                        return Ok(pending);
                    }
                }
                Err(_) => return Err(JenkinsError::Unknown { job, source: lost.take() }),
            }
            if look < LOOKS {
                sleep(POLL).await;
            }
        }
        match lost {
            Some(source) => Err(JenkinsError::Unavailable { retry_after: None, source }),
            None => Err(JenkinsError::Unknown { job, source: None }),
        }
    }

    /// An item left the queue and was forgotten: its build is among the newest.
    async fn built(&self, order: &BuildOrder, id: u64) -> Result<Pending, JenkinsError> {
        let look = self.look(order).await?;
        let build = look.of_item(id);
        build.map_or_else(
            || Err(JenkinsError::NotFound { what: format!("queue item or build of item {id}") }),
            |build| {
                Ok(Pending {
                    number: Some(build.number),
                    url: build.url.clone(),
                    ..self.waiting(order.job(), id, None, false)
                })
            },
        )
    }
}

/// A crumb with the cookies it is bound to.
struct SessionCrumb {
    name: HeaderName,
    value: String,
    cookies: String,
}

impl SessionCrumb {
    fn add_to(&self, call: Call) -> Call {
        let call = call.header(self.name.clone(), &self.value);
        if self.cookies.is_empty() { call } else { call.header(COOKIE, &self.cookies) }
    }
}

fn cookies(reply: &Reply) -> String {
    let values = reply.headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs: Vec<&str> = values.filter_map(|cookie| cookie.split(';').next()).collect();
    pairs.join("; ")
}

fn wants_crumb(error: &HttpError) -> bool {
    matches!(error.kind(), HttpErrorKind::Forbidden)
        && error.body().is_some_and(|body| body.to_ascii_lowercase().contains("crumb"))
}

fn found(
    sent: Result<Reply, HttpError>,
    what: impl FnOnce() -> String,
) -> Result<Reply, JenkinsError> {
    let reply = sent?;
    if reply.status == StatusCode::NOT_FOUND {
        return Err(JenkinsError::NotFound { what: what() });
    }
    Ok(reply)
}

impl fmt::Debug for HttpJenkins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpJenkins")
    }
}

#[async_trait]
impl JenkinsRead for HttpJenkins {
    #[tracing::instrument(name = "jenkins.look", skip_all, fields(job = %order.job()))]
    async fn look(&self, order: &BuildOrder) -> Result<Look, JenkinsError> {
        // The queue first: what leaves it meanwhile is then among the builds.
        let queued = self.queued(order).await?;
        let builds = self.recent(order).await?;
        Ok(Look { job: order.job(), payload: order.payload().to_owned(), queued, builds })
    }

    #[tracing::instrument(name = "jenkins.queue_item", skip_all, fields(id))]
    async fn queue_item(&self, id: u64) -> Result<Option<QueueItem>, JenkinsError> {
        let call = self.read(QUEUE_ITEM, &format!("queue/item/{id}"), ITEM_TREE);
        let reply = call.accept(&[404]).send().await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let item: WireItem = reply.json()?;
        if item.id != id {
            let problem = format!("asked for item {id}, got {}", item.id);
            return Err(reply.malformed("queue item", "id", &problem).into());
        }
        Ok(Some(item.into_item()))
    }

    #[tracing::instrument(name = "jenkins.build", skip_all, fields(job = %job, number))]
    async fn build(&self, job: JenkinsJob, number: u64) -> Result<Build, JenkinsError> {
        let call = self.read(BUILD, &format!("{}/{number}", job.path()), BUILD_TREE);
        let reply = found(call.accept(&[404]).send().await, || format!("build {number} of {job}"))?;
        let build: WireBuild = reply.json()?;
        if build.number != number {
            let problem = format!("asked for build {number}, got {}", build.number);
            return Err(reply.malformed("build", "number", &problem).into());
        }
        Ok(build.into_build(job))
    }

    #[tracing::instrument(name = "jenkins.follow", skip_all, fields(job = %order.job()))]
    async fn follow(&self, order: &BuildOrder, pending: &Pending) -> Result<Pending, JenkinsError> {
        let (Some(id), None) = (pending.queue_id, pending.number) else {
            return Ok(pending.clone());
        };
        let mut waits_for = pending.why.clone();
        for poll in 1..=POLLS {
            match self.queue_item(id).await?.map(|item| item.state) {
                Some(QueueState::Building { number, url }) => {
                    return Ok(Pending { number: Some(number), url, why: None, ..pending.clone() });
                }
                Some(QueueState::Cancelled) => {
                    let item_url = self.item_url(id);
                    return Err(JenkinsError::Cancelled { job: order.job(), item_url });
                }
                Some(QueueState::Waiting { why }) => waits_for = why,
                None => {
                    let adopted = pending.adopted;
                    return self.built(order, id).await.map(|found| Pending { adopted, ..found });
                }
            }
            if poll < POLLS {
                sleep(POLL).await;
            }
        }
        Ok(Pending { why: waits_for, ..pending.clone() })
    }
}

#[async_trait]
impl JenkinsWrite for HttpJenkins {
    #[tracing::instrument(name = "jenkins.trigger", skip_all, fields(job = %order.job()))]
    async fn trigger(&self, order: &BuildOrder, before: &Look) -> Result<Pending, JenkinsError> {
        let job = order.job();
        if before.job != job || before.payload != order.payload() {
            return Err(JenkinsError::NotLooked { job });
        }
        if let Some(pending) = before.pending() {
            return Ok(pending);
        }
        let reply = match self.post(order).await {
            Ok(reply) => reply,
            Err(error) if error.outcome_is_unknown() => {
                return self.look_up(order, before, Some(error)).await;
            }
            Err(error) => {
                return Err(match error.kind() {
                    HttpErrorKind::NotFound => {
                        JenkinsError::NotFound { what: format!("job {job}") }
                    }
                    HttpErrorKind::Rejected { status } if status.is_client_error() => {
                        JenkinsError::Refused { job, source: Box::new(error) }
                    }
                    HttpErrorKind::Conflict | HttpErrorKind::Unprocessable => {
                        JenkinsError::Refused { job, source: Box::new(error) }
                    }
                    // Too long an answer is one to a request that went through.
                    HttpErrorKind::TooLarge { .. } => {
                        return self.look_up(order, before, Some(error)).await;
                    }
                    _ => error.into(),
                });
            }
        };
        let item = reply.header("location").and_then(queue_id);
        match item.filter(|_| reply.status == StatusCode::CREATED) {
            Some(id) => Ok(self.waiting(job, id, None, false)),
            // It says yes and not where, or it is a web page that says nothing.
            None => self.look_up(order, before, None).await,
        }
    }
}
