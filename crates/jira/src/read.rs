//! The reading calls.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::Method;
use oar_transport::Call;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::{HttpJira, not_anonymous};
use crate::error::JiraError;
use crate::key::IssueKey;
use crate::operations::{
    COMMENT_PROPERTIES, COMMENTS, FIND_USERS, GET_ISSUE, GET_ISSUES, HISTORY, REMOTE_LINKS, SEARCH,
    TRANSITIONS, VERSIONS,
};
use crate::port::JiraRead;
use crate::request::{api, fields, issue_path, search_body};
use crate::types::{Account, Comment, Issue, Issues, Search, StatusChange, Transition};
use crate::wire::{
    BulkFetched, ChangeHistory, CommentPage, HistoryPage, Named, PropertyPage, RemoteLink,
    SearchPage, Transitions, WireIssue,
};

/// Issues per batch.
const BATCH: usize = 100;
/// Histories, and comments with properties, per batch.
const WIDE_BATCH: usize = 1000;
/// Batches at the same time; the client's own limit holds beyond this.
const AT_ONCE: usize = 8;
/// Most pages of one list (spec 08 R34).
const MAX_PAGES: usize = 1000;
/// Comments per page.
const COMMENTS_PER_PAGE: u64 = 100;

impl HttpJira {
    async fn ask<T: DeserializeOwned>(&self, what: &str, call: Call) -> Result<T, JiraError> {
        let reply = call.send().await.map_err(|error| JiraError::of(what, error))?;
        not_anonymous(&reply)?;
        reply.json().map_err(|error| JiraError::of(what, error))
    }

    /// The same about one issue.
    async fn ask_issue<T: DeserializeOwned>(
        &self,
        key: &IssueKey,
        what: &str,
        call: Call,
    ) -> Result<T, JiraError> {
        let reply = call.send().await.map_err(|error| JiraError::of_issue(key, what, error))?;
        not_anonymous(&reply)?;
        reply.json().map_err(|error| JiraError::of_issue(key, what, error))
    }

    /// One issue without proving anything first.
    async fn get_issue(&self, key: &IssueKey) -> Result<Issue, JiraError> {
        let list = format!("{},description", fields(self.fields()).join(","));
        let call = self.call(GET_ISSUE, Method::GET, issue_path(key, "")).query("fields", list);
        let wire: WireIssue = self.ask_issue(key, "read", call).await?;
        wire.read(self.fields()).ok_or_else(|| JiraError::NotVisible { key: key.clone() })
    }

    /// One batch: the issues by the key that was asked for.
    async fn batch(&self, keys: &[IssueKey]) -> Result<HashMap<IssueKey, Issue>, JiraError> {
        let names: Vec<&str> = keys.iter().map(IssueKey::as_str).collect();
        let body = json!({ "issueIdsOrKeys": names, "fields": fields(self.fields()) });
        let call = self.call(GET_ISSUES, Method::POST, api("issue/bulkfetch")).json(&body);
        let answer: BulkFetched = self.ask("read issues", call).await?;
        let issues = answer.issues.into_iter().filter_map(|wire| wire.read(self.fields()));
        let wanted: HashSet<&IssueKey> = keys.iter().collect();
        let (asked, moved): (Vec<Issue>, Vec<Issue>) =
            issues.partition(|issue| wanted.contains(&issue.key));
        let mut found: HashMap<IssueKey, Issue> =
            asked.into_iter().map(|issue| (issue.key.clone(), issue)).collect();
        if moved.is_empty() {
            return Ok(found);
        }
        // Something came under a key that nobody asked for: one of the missing ones was moved.
        for key in keys {
            if found.contains_key(key) {
                continue;
            }
            match self.get_issue(key).await {
                Ok(issue) => drop(found.insert(key.clone(), issue)),
                Err(JiraError::NotVisible { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl JiraRead for HttpJira {
    #[tracing::instrument(name = "jira.myself", skip_all)]
    async fn myself(&self) -> Result<Account, JiraError> {
        self.account().await
    }

    #[tracing::instrument(name = "jira.check_fields", skip_all)]
    async fn check_fields(&self) -> Result<(), JiraError> {
        self.prove().await
    }

    #[tracing::instrument(name = "jira.issue", skip_all, fields(key = %key))]
    async fn issue(&self, key: &IssueKey) -> Result<Issue, JiraError> {
        self.prove().await?;
        self.get_issue(key).await
    }

    #[tracing::instrument(name = "jira.issues", skip_all, fields(count = keys.len()))]
    async fn issues(&self, keys: &[IssueKey]) -> Result<Issues, JiraError> {
        let mut seen = BTreeSet::new();
        let keys: Vec<IssueKey> = keys.iter().filter(|key| seen.insert(*key)).cloned().collect();
        if keys.is_empty() {
            return Ok(Issues::default());
        }
        self.prove().await?;
        let batches: Vec<Vec<IssueKey>> = keys.chunks(BATCH).map(<[IssueKey]>::to_vec).collect();
        let fetch = |batch: Vec<IssueKey>| async move { self.batch(&batch).await };
        let fetched: Vec<HashMap<IssueKey, Issue>> =
            stream::iter(batches).map(fetch).buffered(AT_ONCE).try_collect().await?;
        let mut fetched: HashMap<IssueKey, Issue> = fetched.into_iter().flatten().collect();
        let mut issues = Issues::default();
        for key in keys {
            match fetched.remove(&key) {
                Some(issue) => issues.found.push(issue),
                None => issues.not_visible.push(key),
            }
        }
        if !issues.not_visible.is_empty() {
            let hidden: Vec<&str> = issues.not_visible.iter().map(IssueKey::as_str).collect();
            tracing::warn!(keys = hidden.join(" "), "issues are not visible and are skipped");
        }
        Ok(issues)
    }

    #[tracing::instrument(name = "jira.search", skip_all, fields(jql = search.jql))]
    async fn search(&self, search: &Search) -> Result<Vec<Issue>, JiraError> {
        self.prove().await?;
        let what = "search";
        let (mut issues, mut seen, mut tokens) = (Vec::new(), HashSet::new(), HashSet::new());
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let body = search_body(search, self.fields(), token.as_deref());
            let call = self.call(SEARCH, Method::POST, api("search/jql")).json(&body);
            let page: SearchPage = self.ask(what, call).await?;
            for wire in page.issues {
                let key = wire.key.clone();
                match wire.read(self.fields()) {
                    Some(issue) if seen.insert(issue.id.clone()) => issues.push(issue),
                    Some(_) => {}
                    None => tracing::warn!(key, "an issue is not visible and is skipped"),
                }
            }
            let next = page.next_page_token.filter(|token| !token.is_empty());
            let next = next.filter(|_| page.is_last != Some(true));
            let Some(next) = next else { return Ok(issues) };
            // A page that was asked for already leads in a circle.
            if !tokens.insert(next.clone()) {
                break;
            }
            token = Some(next);
        }
        Err(JiraError::Endless { what: what.to_owned() })
    }

    #[tracing::instrument(name = "jira.status_history", skip_all, fields(count = ids.len()))]
    async fn status_history(
        &self,
        ids: &[String],
    ) -> Result<BTreeMap<String, Vec<StatusChange>>, JiraError> {
        let what = "read histories";
        let mut histories: BTreeMap<String, Vec<StatusChange>> = BTreeMap::new();
        for batch in ids.chunks(WIDE_BATCH) {
            let (mut token, mut tokens) = (None::<String>, HashSet::new());
            let mut left = MAX_PAGES;
            loop {
                let mut body = json!({ "issueIdsOrKeys": batch, "fieldIds": ["status"],
                                       "maxResults": WIDE_BATCH });
                if let Some(token) = &token {
                    body["nextPageToken"] = json!(token);
                }
                let call = self.call(HISTORY, Method::POST, api("changelog/bulkfetch")).json(&body);
                let page: HistoryPage = self.ask(what, call).await?;
                for issue in page.issue_change_logs {
                    let changes = histories.entry(issue.issue_id).or_default();
                    let of_status = issue.change_histories.into_iter();
                    changes.extend(of_status.filter_map(ChangeHistory::status_changes).flatten());
                }
                let Some(next) = page.next_page_token.filter(|token| !token.is_empty()) else {
                    break;
                };
                left -= 1;
                if left == 0 || !tokens.insert(next.clone()) {
                    return Err(JiraError::Endless { what: what.to_owned() });
                }
                token = Some(next);
            }
        }
        for changes in histories.values_mut() {
            changes.sort_by_key(|change| change.at);
        }
        Ok(histories)
    }

    #[tracing::instrument(name = "jira.comments", skip_all, fields(key = %key))]
    async fn comments(&self, key: &IssueKey) -> Result<Vec<Comment>, JiraError> {
        let what = format!("read the comments of {key}");
        let (mut comments, mut seen, mut start) = (Vec::new(), HashSet::new(), 0);
        for _ in 0..MAX_PAGES {
            let call = self
                .call(COMMENTS, Method::GET, issue_path(key, "/comment"))
                .query("startAt", start)
                .query("maxResults", COMMENTS_PER_PAGE)
                .query("orderBy", "created");
            let page: CommentPage = self.ask_issue(key, "read the comments of", call).await?;
            let came = page.comments.len() as u64;
            start += came;
            for wire in page.comments {
                if seen.insert(wire.id.clone()) {
                    comments.extend(wire.read());
                }
            }
            if start >= page.total {
                return Ok(comments);
            }
            // More are announced and none came.
            if came == 0 {
                break;
            }
        }
        Err(JiraError::Endless { what })
    }

    #[tracing::instrument(name = "jira.comment_properties", skip_all, fields(count = ids.len()))]
    async fn comment_properties(
        &self,
        ids: &[String],
    ) -> Result<BTreeMap<String, BTreeMap<String, Value>>, JiraError> {
        let mut all = BTreeMap::new();
        for batch in ids.chunks(WIDE_BATCH) {
            let numbers: Vec<u64> = batch.iter().filter_map(|id| id.parse().ok()).collect();
            let call = self
                .call(COMMENT_PROPERTIES, Method::POST, api("comment/list"))
                .query("expand", "properties")
                .json(&json!({ "ids": numbers }));
            let page: PropertyPage = self.ask("read the properties of comments", call).await?;
            all.extend(page.values.into_iter().map(|one| (one.id.clone(), one.map())));
        }
        Ok(all)
    }

    #[tracing::instrument(name = "jira.transitions", skip_all, fields(key = %key))]
    async fn transitions(&self, key: &IssueKey) -> Result<Vec<Transition>, JiraError> {
        let call = self
            .call(TRANSITIONS, Method::GET, issue_path(key, "/transitions"))
            .query("expand", "transitions.fields");
        let what = "read the transitions of";
        let answer: Transitions = self.ask_issue(key, what, call).await?;
        Ok(answer.transitions.into_iter().map(crate::wire::WireTransition::read).collect())
    }

    #[tracing::instrument(name = "jira.find_users", skip_all)]
    async fn find_users(&self, text: &str) -> Result<Vec<Account>, JiraError> {
        let call = self
            .call(FIND_USERS, Method::GET, api("user/search"))
            .query("query", text)
            .query("maxResults", 50);
        let found: Vec<Account> = self.ask("search for a user", call).await?;
        Ok(found.into_iter().filter(|account| account.active).collect())
    }

    #[tracing::instrument(name = "jira.remote_links", skip_all, fields(key = %key))]
    async fn remote_links(&self, key: &IssueKey) -> Result<Vec<String>, JiraError> {
        let call = self.call(REMOTE_LINKS, Method::GET, issue_path(key, "/remotelink"));
        let links: Vec<RemoteLink> = self.ask_issue(key, "read the links of", call).await?;
        Ok(links.into_iter().map(|link| link.object.url).collect())
    }

    #[tracing::instrument(name = "jira.versions", skip_all, fields(project))]
    async fn versions(&self, project: &str) -> Result<Vec<String>, JiraError> {
        let project = oar_transport::encode_segment(project);
        let path = api(&format!("project/{project}/versions"));
        let call = self.call(VERSIONS, Method::GET, path);
        let versions: Vec<Named> = self.ask("list the versions of the project", call).await?;
        Ok(versions.into_iter().map(|version| version.name).collect())
    }
}
