//! The reads.

use std::collections::BTreeSet;

use async_trait::async_trait;
use http::Method;
use oar_transport::Reply;

use crate::client::{ErrataRead, HttpErrata};
use crate::error::AdvisoryError;
use crate::operations::{
    ALERTS, BUILDS, COMMENTS, CONTAINER_PAGE, CVP_TESTS, ERRATUM, GUARD_PAGE, ISSUE_ADVISORIES,
    PUSH_JOBS, USER,
};
use crate::types::{
    Build, Comment, CvpTest, Erratum, IssueAdvisory, PushJob, SecurityAlerts, StagePushGuard, User,
};
use crate::words::AdvisoryId;
use crate::{pages, request, wire};

/// Tests per page.
const PAGE_SIZE: u32 = 1000;
/// Pages of tests; no advisory has a million.
const MAX_PAGES: u32 = 1000;

#[async_trait]
impl ErrataRead for HttpErrata {
    #[tracing::instrument(name = "errata.erratum", skip_all, fields(%id))]
    async fn erratum(&self, id: AdvisoryId) -> Result<Erratum, AdvisoryError> {
        let call = self.call(ERRATUM, Method::GET, &request::erratum(id));
        self.read(call, || format!("advisory {id}"), |reply| wire::erratum(reply, id)).await
    }

    #[tracing::instrument(name = "errata.user", skip_all, fields(id))]
    async fn user(&self, id: u64) -> Result<User, AdvisoryError> {
        if let Some(user) = self.known_user(id) {
            return Ok(user);
        }
        let call = self.call(USER, Method::GET, &request::user(id));
        let user = self.read(call, || format!("account {id}"), wire::user).await?;
        self.remember_user(id, &user);
        Ok(user)
    }

    #[tracing::instrument(name = "errata.push_jobs", skip_all, fields(%id))]
    async fn push_jobs(&self, id: AdvisoryId) -> Result<Vec<PushJob>, AdvisoryError> {
        let call = self.call(PUSH_JOBS, Method::GET, &request::below(id, "push"));
        self.read(call, || format!("push jobs of advisory {id}"), wire::push_jobs).await
    }

    #[tracing::instrument(name = "errata.builds", skip_all, fields(%id))]
    async fn builds(&self, id: AdvisoryId) -> Result<Vec<Build>, AdvisoryError> {
        let call = self.call(BUILDS, Method::GET, &request::below(id, "builds"));
        self.read(call, || format!("builds of advisory {id}"), wire::builds).await
    }

    #[tracing::instrument(name = "errata.security_alerts", skip_all, fields(%id))]
    async fn security_alerts(&self, id: AdvisoryId) -> Result<SecurityAlerts, AdvisoryError> {
        let call = self.call(ALERTS, Method::GET, &request::below(id, "security_alerts"));
        self.read(call, || format!("security alerts of advisory {id}"), wire::alerts).await
    }

    #[tracing::instrument(name = "errata.cvp_tests", skip_all, fields(%id))]
    async fn cvp_tests(&self, id: AdvisoryId) -> Result<Vec<CvpTest>, AdvisoryError> {
        let what = || format!("container verification tests of advisory {id}");
        let mut tests: Vec<CvpTest> = Vec::new();
        let mut seen = BTreeSet::new();
        for number in 1..=MAX_PAGES {
            let call = self
                .call(CVP_TESTS, Method::GET, "api/v1/external_tests/")
                .query("filter[active]", true)
                .query("filter[errata_id]", id)
                .query("filter[test_type]", "greenwave_cvp")
                .query("page[number]", number)
                .query("page[size]", PAGE_SIZE);
            let page = self.read(call, what, wire::cvp_page).await?;
            let before = tests.len();
            tests.extend(page.into_iter().filter(|test| seen.insert(test.id)));
            // An empty page is the end; so is one that repeats what is known (R34).
            if tests.len() == before {
                return Ok(tests);
            }
        }
        Err(AdvisoryError::Endless { what: what() })
    }

    #[tracing::instrument(name = "errata.issue_advisories", skip_all, fields(key))]
    async fn issue_advisories(&self, key: &str) -> Result<Vec<IssueAdvisory>, AdvisoryError> {
        request::check_key(key)?;
        let call = self.call(ISSUE_ADVISORIES, Method::GET, &request::issue_advisories(key));
        match self.read(call, || format!("advisories of {key}"), wire::issue_advisories).await {
            // Unknown to the Errata Tool: attached nowhere.
            Err(AdvisoryError::NotFound { .. }) => Ok(Vec::new()),
            answer => answer,
        }
    }

    #[tracing::instrument(name = "errata.comments", skip_all, fields(%id))]
    async fn comments(&self, id: AdvisoryId) -> Result<Vec<Comment>, AdvisoryError> {
        let call = self
            .call(COMMENTS, Method::GET, "api/v1/comments")
            .query("filter[errata_id]", id)
            .query("page[size]", 100);
        self.read(call, || format!("comments on advisory {id}"), wire::comment_page).await
    }

    #[tracing::instrument(name = "errata.container_grade", skip_all, fields(%id))]
    async fn container_grade(&self, id: AdvisoryId) -> Result<Option<char>, AdvisoryError> {
        let call = self.call(CONTAINER_PAGE, Method::GET, &request::container_page(id));
        let answer = call.accept_type("text/html").send().await;
        let what = || format!("container page of advisory {id}");
        let reply = answer.map_err(|error| self.error(error, &what()))?;
        Ok(pages::container_grade(&text(&reply)))
    }

    #[tracing::instrument(name = "errata.stage_push_guard", skip_all, fields(%id))]
    async fn stage_push_guard(&self, id: AdvisoryId) -> Result<StagePushGuard, AdvisoryError> {
        let call = self.call(GUARD_PAGE, Method::GET, &request::guard_page(id));
        let answer = call.query("show_all", 1).accept_type("text/html").send().await;
        let what = || format!("state guards of advisory {id}");
        let reply = answer.map_err(|error| self.error(error, &what()))?;
        Ok(pages::stage_push_guard(&text(&reply)))
    }
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.body).into_owned()
}
