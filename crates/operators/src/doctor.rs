//! `doctor`: what is missing for which command, and how to get it.

use std::time::Duration;

use oar_prow_jobs::ReleaseController;
use oar_release::time::stamp;
use oar_state_repo::RepoPath;
use serde::Serialize;

use crate::context::Context;
use crate::report::error_chain;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// Works, but needs a look.
    Warning,
    /// Not set up; the commands named need it.
    Missing,
    /// Set up and not working.
    Failed,
}

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// How it ended.
    pub health: Health,
    /// What was found.
    pub detail: String,
    /// Commands that need it; empty means all.
    pub needed_by: Vec<&'static str>,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

impl Check {
    /// A check that found everything in order.
    pub fn ok(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(name, Health::Ok, detail)
    }

    /// A check that ended as `health`.
    pub fn new(name: impl Into<String>, health: Health, detail: impl Into<String>) -> Self {
        let (name, detail) = (name.into(), detail.into());
        Self { name, health, detail, needed_by: Vec::new(), remedy: None }
    }

    /// The same check, with the commands that need what it looks at.
    #[must_use]
    pub fn needed_by(mut self, commands: &[&'static str]) -> Self {
        self.needed_by = commands.to_vec();
        self
    }

    /// The same check with advice.
    #[must_use]
    pub fn remedy(mut self, text: impl Into<String>) -> Self {
        self.remedy = Some(text.into());
        self
    }
}

/// All checks.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// In the order a person would look.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    /// True when nothing is missing or failed.
    pub fn is_healthy(&self) -> bool {
        self.checks.iter().all(|c| matches!(c.health, Health::Ok | Health::Warning))
    }
}

/// A secret and what needs it (spec 01 §3, 00 §h).
#[derive(Debug, Clone, Copy)]
pub struct SecretNeed {
    /// The variable.
    pub variable: &'static str,
    /// Commands that need it; empty means all.
    pub needed_by: &'static [&'static str],
    /// How to get one.
    pub remedy: &'static str,
}

/// Commands that look into the Errata Tool.
pub const ERRATA: &[&str] = &[
    "take-ownership",
    "push-to-cdn-staging",
    "check-cve-tracker-bug",
    "check-rhcos-security-alerts",
    "update-bug-list",
    "check-greenwave-cvp-tests",
    "drop-bugs",
    "change-advisory-status",
    "approvals",
    "add-qe-approval",
    "is-shipped",
    "plan",
];
/// Commands that work with Jira.
pub const JIRA: &[&str] = &[
    "take-ownership",
    "check-cve-tracker-bug",
    "update-bug-list",
    "check-greenwave-cvp-tests",
    "drop-bugs",
    "change-advisory-status",
    "approvals",
    "add-qe-approval",
    "jira-notificator",
];
/// Commands that read or write the shipment on GitLab.
pub const GITLAB: &[&str] = &[
    "take-ownership",
    "check-cve-tracker-bug",
    "stage-testing",
    "image-consistency-check",
    "drop-bugs",
    "change-advisory-status",
    "approvals",
    "add-qe-approval",
    "is-shipped",
    "plan",
];
/// Commands that work with Jenkins; the image check only with `--backend jenkins`.
pub const JENKINS: &[&str] = &["stage-testing", "plan"];
/// Commands that start or follow Prow jobs.
pub const PROW: &[&str] = &["image-consistency-check", "plan"];
/// Commands that tell people on Slack.
pub const SLACK: &[&str] = &[
    "create-test-report",
    "start-release-detector",
    "take-ownership",
    "check-cve-tracker-bug",
    "stage-testing",
    "image-consistency-check",
    "update-bug-list",
    "check-greenwave-cvp-tests",
    "drop-bugs",
    "change-advisory-status",
    "approvals",
];
/// Commands that look for the payload in the registry.
pub const REGISTRY: &[&str] = &[
    "stage-testing",
    "image-consistency-check",
    "image-signed-check",
    "change-advisory-status",
    "approvals",
];
/// Commands that ask the company directory for managers.
pub const DIRECTORY: &[&str] = &["jira-notificator", "update-bug-list"];
/// Commands that wait for an advisory's public page.
pub const PAGES: &[&str] = &["change-advisory-status", "approvals"];
/// Commands that need ART's build data, and so the encrypted configuration.
pub const BUILD_DATA: &[&str] = &[
    "create-test-report",
    "start-release-detector",
    "take-ownership",
    "push-to-cdn-staging",
    "check-cve-tracker-bug",
    "check-rhcos-security-alerts",
    "stage-testing",
    "image-consistency-check",
    "analyze-candidate-build",
    "update-bug-list",
    "check-greenwave-cvp-tests",
    "drop-bugs",
    "change-advisory-status",
    "approvals",
    "add-qe-approval",
    "is-shipped",
    "plan",
];

/// The secrets that the commands of this version use.
pub const SECRETS: &[SecretNeed] = &[
    SecretNeed {
        variable: "GITHUB_TOKEN",
        needed_by: &[],
        remedy: "create a token with write access to the state repository (scope `repo`)",
    },
    SecretNeed {
        variable: "OAR_JWK",
        needed_by: BUILD_DATA,
        remedy: "ask the team for the key of the encrypted configuration",
    },
    SecretNeed {
        variable: "SLACK_BOT_TOKEN",
        needed_by: SLACK,
        remedy: "take the bot token of the Slack app (scopes chat:write, users:read.email, usergroups:read)",
    },
    SecretNeed {
        variable: "JIRA_USERNAME",
        needed_by: JIRA,
        remedy: "set the e-mail address of the Jira account",
    },
    SecretNeed {
        variable: "JIRA_TOKEN",
        needed_by: JIRA,
        remedy: "create an API token in the profile of the Jira account",
    },
    SecretNeed {
        variable: "GITLAB_TOKEN",
        needed_by: GITLAB,
        remedy: "create an access token with scope `api` at GitLab",
    },
    SecretNeed {
        variable: "JENKINS_USER",
        needed_by: JENKINS,
        remedy: "set the name of the Jenkins account",
    },
    SecretNeed {
        variable: "JENKINS_TOKEN",
        needed_by: JENKINS,
        remedy: "create an API token in the profile of the Jenkins account",
    },
    SecretNeed {
        variable: "APITOKEN",
        needed_by: &["image-consistency-check"],
        remedy: "take the token of the CI cluster that may start Prow jobs",
    },
];

/// More than this between us and a service is worth a warning (RELIABILITY G21).
const MAX_SKEW: Duration = Duration::from_mins(1);

/// Checks what a command's own context holds: the state repository and the messenger.
pub async fn services(context: &Context) -> Vec<Check> {
    let (repository, messenger, jira, gitlab, elliott, directory) = tokio::join!(
        state_repository(context),
        messenger(context),
        jira(context),
        gitlab(context),
        elliott(context),
        directory(context),
    );
    let signed_in = [repository, messenger].into_iter().chain(jira).chain(gitlab);
    signed_in.chain([elliott, directory]).collect()
}

/// An address that nobody has: any answer shows that the directory can be asked.
const NOBODY: &str = "oar-doctor@example.com";

/// Whether the company directory answers. A warning: only messages to managers need it.
async fn directory(context: &Context) -> Check {
    let name = "company directory";
    let check = match &context.services.directory {
        Err(missing) => Check::new(name, Health::Missing, missing.to_string()),
        Ok(directory) => match directory.manager_email(NOBODY).await {
            Ok(_) => Check::ok(name, "answers"),
            Err(error) => Check::new(name, Health::Warning, error_chain(&error))
                .remedy("check the network, the VPN and OAR_ENDPOINT_LDAP"),
        },
    };
    check.needed_by(DIRECTORY)
}

/// Whether the token signs in; one that is missing is told with the secrets.
async fn jira(context: &Context) -> Option<Check> {
    let name = "Jira account";
    let jira = context.services.jira.as_ref().ok()?;
    let check = match jira.ports.read.myself().await {
        Ok(_) => Check::ok(name, "signed in"),
        Err(error) => Check::new(name, Health::Failed, error_chain(&error))
            .remedy("check JIRA_USERNAME and JIRA_TOKEN"),
    };
    Some(check.needed_by(JIRA))
}

/// The same for GitLab.
async fn gitlab(context: &Context) -> Option<Check> {
    let name = "GitLab account";
    let gitlab = context.services.gitlab.as_ref().ok()?;
    let check = match gitlab.read.current_user().await {
        Ok(user) => Check::ok(name, format!("signed in as {}", user.username)),
        Err(error) => {
            Check::new(name, Health::Failed, error_chain(&error)).remedy("check GITLAB_TOKEN")
        }
    };
    Some(check.needed_by(GITLAB))
}

/// Whether the one program that is not ours is there.
async fn elliott(context: &Context) -> Check {
    let check = match context.services.trackers.version().await {
        Ok(version) => Check::ok("elliott", version),
        Err(error) => Check::new("elliott", Health::Missing, error_chain(&error))
            .remedy("install elliott, or name it with OAR_ELLIOTT"),
    };
    check.needed_by(&["check-cve-tracker-bug"])
}

async fn state_repository(context: &Context) -> Check {
    let name = "state repository";
    let location = context.state.location();
    let folder = match RepoPath::new("_releases") {
        Ok(folder) => folder,
        Err(error) => return Check::new(name, Health::Failed, error_chain(&error)),
    };
    match context.state.list(&folder).await {
        Ok(files) if files.is_empty() => {
            Check::new(name, Health::Warning, format!("{location} has no _releases folder"))
                .remedy("check state.repo and state.branch")
        }
        Ok(files) => Check::ok(name, format!("{location}, {} files", files.len())),
        Err(error) => Check::new(name, Health::Failed, error_chain(&error))
            .remedy("check GITHUB_TOKEN, state.repo and the network"),
    }
}

/// Whether the release controller answers; any answer will do.
pub async fn release_controller(releases: &dyn ReleaseController) -> Check {
    let name = "release controller";
    let commands = ["start-release-detector", "plan"];
    let stream = oar_release::YStream::new(4, 20);
    match releases.latest_stable(stream).await {
        Ok(_) => Check::ok(name, "answers").needed_by(&commands),
        Err(error) => Check::new(name, Health::Failed, error_chain(&error))
            .needed_by(&commands)
            .remedy("check the network and OAR_ENDPOINT_RELEASE_CONTROLLER"),
    }
}

async fn messenger(context: &Context) -> Check {
    let name = "Slack";
    let commands = SLACK;
    let messenger = match &context.messenger {
        Ok(messenger) => messenger,
        Err(why) => {
            return Check::new(name, Health::Missing, why.clone())
                .needed_by(commands)
                .remedy("without it the work is done and nobody is told");
        }
    };
    match messenger.read.who_am_i().await {
        Ok(bot) => Check::ok(name, format!("signed in as {}", bot.user.unwrap_or(bot.user_id.0)))
            .needed_by(commands),
        Err(error) => Check::new(name, Health::Failed, error_chain(&error))
            .needed_by(commands)
            .remedy("check SLACK_BOT_TOKEN and that the bot is in the channels"),
    }
}

/// Compares our clock with a service's; certificates and tokens depend on it (promise P13).
pub fn clock_check(ours: jiff::Timestamp, theirs: jiff::Timestamp) -> Check {
    let skew = ours.duration_since(theirs).unsigned_abs();
    let detail = format!("{} here, {} at GitHub", stamp(ours), stamp(theirs));
    if skew > MAX_SKEW {
        Check::new("clock", Health::Warning, detail)
            .remedy("set the clock: start time synchronisation")
    } else {
        Check::ok("clock", detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_by_more_than_a_minute_is_a_warning() {
        let ours: jiff::Timestamp = "2026-03-01T10:01:01Z".parse().unwrap();
        let theirs: jiff::Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        assert_eq!(clock_check(ours, theirs).health, Health::Warning);
        assert_eq!(clock_check(theirs, ours).health, Health::Warning);
        assert_eq!(clock_check(theirs, theirs).health, Health::Ok);
    }
}
