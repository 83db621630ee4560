//! What our credentials may do, and whether our clock is right.

use std::time::Duration;

use futures_util::future::join5;
use oar_config::build_data::BuildDataSource as _;
use oar_config::settings::StateLocation;
use oar_config::{BuildDataError, HttpBuildData};
use oar_github::{GitHubRead, HttpGitHub, RepoName};
use oar_operators::doctor::{BUILD_DATA, Check, ERRATA, Health, clock_check, release_controller};
use oar_prow_jobs::HttpReleaseController;
use oar_release::{Arch, YStream};
use oar_transport::negotiate::{Gssapi, NegotiateError, NegotiateTokens as _};
use oar_transport::{HttpClient, Service};

use crate::error::one_line;
use crate::wiring::Surroundings;

/// How long the ticket server may take.
const TICKET_TIME: Duration = Duration::from_secs(10);

/// Everything that is asked over the network, at the same time.
pub(super) async fn checks(around: &Surroundings) -> Vec<Check> {
    let config = around.config().ok();
    let http = match around.http(config.as_ref()) {
        Ok(http) => http,
        Err(error) => return vec![Check::new("endpoints", Health::Failed, error.one_line())],
    };
    let releases = HttpReleaseController::new(&http, Arch::Amd64);
    let (mut checks, releases, build_data, ticket, reach) = join5(
        github(around, &http),
        release_controller(&releases),
        build_data(&http, config.is_some()),
        ticket(around, &http),
        super::reach::checks(&http),
    )
    .await;
    checks.push(releases);
    checks.extend(build_data);
    checks.extend(ticket);
    checks.extend(reach);
    checks
}

/// What the token may do, and whether our clock agrees with GitHub's.
async fn github(around: &Surroundings, http: &HttpClient) -> Vec<Check> {
    let token = around.secret("GITHUB_TOKEN", "doctor");
    if token.read().is_err() {
        return Vec::new();
    }
    let github = HttpGitHub::new(http, token);
    let mut checks: Vec<Check> = match github.limits().await {
        Ok(limits) => {
            let detail = format!("{} of {} requests left", limits.remaining, limits.limit);
            let clock = limits.server_time.map(|theirs| clock_check(around.clock.now(), theirs));
            std::iter::once(Check::ok("GitHub token", detail)).chain(clock).collect()
        }
        Err(error) => {
            let failed = Check::new("GitHub token", Health::Failed, one_line(&error));
            return vec![failed.remedy("create a new token")];
        }
    };
    if let StateLocation::GitHub { owner, name } = around.settings.state().location
        && let Ok(repo) = format!("{owner}/{name}").parse::<RepoName>()
    {
        checks.push(push_access(&github, &repo).await);
    }
    checks
}

/// Found here and not at the first write of a release.
async fn push_access(github: &impl GitHubRead, repo: &RepoName) -> Check {
    let name = "Git access";
    let remedy = "use a token whose owner may push to it (scope `repo`, or contents: write)";
    match github.repository(repo).await.map(|access| access.push) {
        Ok(Some(true)) => Check::ok(name, format!("may push to {repo}")),
        Ok(Some(false)) => {
            Check::new(name, Health::Failed, format!("may only read {repo}")).remedy(remedy)
        }
        Ok(None) => Check::new(
            name,
            Health::Warning,
            format!("GitHub does not say whether it may push to {repo}"),
        ),
        Err(error) => Check::new(name, Health::Failed, one_line(&error)).remedy(remedy),
    }
}

/// Asks for a y-stream that never was: "no such stream" proves the way without megabytes.
async fn build_data(http: &HttpClient, configured: bool) -> Option<Check> {
    if !configured {
        return None;
    }
    let name = "ART's build data";
    let asked = HttpBuildData::new(http.clone()).fetch(YStream::new(4, 0), None).await;
    let check = match asked {
        Ok(_) | Err(BuildDataError::UnknownStream { .. }) => Check::ok(name, "answers"),
        Err(error) => Check::new(name, Health::Failed, one_line(&error))
            .remedy("check the network and build_data_url of the configuration"),
    };
    Some(check.needed_by(BUILD_DATA))
}

/// Asks the ticket server for a real token, as the Errata Tool will want one. A warning: whoever has no
/// ticket now may have one when it is needed.
async fn ticket(around: &Surroundings, http: &HttpClient) -> Option<Check> {
    if around.sandbox.is_some() {
        return None;
    }
    let base = http.service(Service::Errata).base().ok()?;
    let host = base.host_str()?.to_owned();
    let library = Gssapi::new();
    let asking = library.token(&host);
    let warning = |detail: String| Check::new("Kerberos", Health::Warning, detail);
    let check = match tokio::time::timeout(TICKET_TIME, asking).await {
        Ok(Ok(_)) => Check::ok("Kerberos", format!("a ticket for {host}")),
        Ok(Err(error @ NegotiateError::LibraryMissing { .. })) => {
            warning(error.to_string()).remedy("install krb5-libs (libgssapi-krb5-2 on Debian)")
        }
        Ok(Err(error)) => warning(error.to_string()).remedy("run kinit, or set KRB5_CLIENT_KTNAME"),
        Err(_) => warning("the ticket server does not answer".to_owned())
            .remedy("check the network, the VPN and KRB5_CONFIG"),
    };
    Some(check.needed_by(ERRATA))
}

#[cfg(test)]
mod tests {
    use oar_github::{GitHubError, MockGitHubRead, RepositoryAccess};

    use super::*;

    async fn access(push: Result<Option<bool>, GitHubError>) -> Check {
        let mut github = MockGitHubRead::new();
        github.expect_repository().return_once(|_| push.map(|push| RepositoryAccess { push }));
        push_access(&github, &"example/state".parse().unwrap()).await
    }

    #[tokio::test]
    async fn a_token_that_may_only_read_is_found_before_the_first_write() {
        assert_eq!(access(Ok(Some(true))).await.health, Health::Ok);
        let read_only = access(Ok(Some(false))).await;
        assert_eq!(read_only.health, Health::Failed);
        assert!(read_only.remedy.is_some() && read_only.detail.contains("example/state"));
        assert_eq!(access(Ok(None)).await.health, Health::Warning);
    }
}
