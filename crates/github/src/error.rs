//! What can go wrong with GitHub.

use oar_release::ErrorClass;
use oar_state_repo::RepoError;
use oar_transport::{HttpError, HttpErrorKind};

/// GitHub could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitHubError {
    /// The call brought no usable answer.
    #[error("GitHub did not answer as needed")]
    Http(#[source] Box<HttpError>),
    /// GraphQL answered with errors instead of data.
    #[error("GitHub's GraphQL refused: {problem}")]
    Graphql {
        /// Its words, masked.
        problem: String,
        /// Whether it wants fewer queries.
        rate_limited: bool,
    },
    /// No repository name.
    #[error("{text:?} is not a repository; write owner/name")]
    BadName {
        /// What was given.
        text: String,
    },
    /// The app has no rights in a repository.
    #[error("the GitHub App is not installed in {repo}")]
    NotInstalled {
        /// Which repository.
        repo: String,
    },
    /// The app's key cannot sign.
    #[error("the private key of the GitHub App {app} cannot sign")]
    AppKey {
        /// The app.
        app: String,
    },
    /// A branch that must be there is not, or the token may not see it.
    #[error("{repo} has no branch {branch}, or the token may not see it")]
    NoBranch {
        /// The repository.
        repo: String,
        /// The branch.
        branch: String,
    },
    /// A branch of this name appeared meanwhile.
    #[error("the branch {branch} of {repo} was made by somebody else meanwhile")]
    BranchTaken {
        /// The repository.
        repo: String,
        /// The branch.
        branch: String,
    },
    /// An answer that cannot be meant.
    #[error("GitHub's answer is unusable: {problem}")]
    Malformed {
        /// What is wrong with it.
        problem: String,
    },
    /// The client library failed by itself.
    #[error("the GitHub client failed: {problem}")]
    Client {
        /// What it said.
        problem: String,
    },
}

impl GitHubError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Http(error) => error.class(),
            Self::Graphql { rate_limited: true, .. } => ErrorClass::UpstreamUnavailable,
            Self::Graphql { .. } | Self::Malformed { .. } => ErrorClass::Undetermined,
            Self::BadName { .. } => ErrorClass::InvalidArgument,
            Self::NotInstalled { .. } => ErrorClass::ForbiddenUpstream,
            Self::AppKey { .. } => ErrorClass::NotConfigured,
            Self::NoBranch { .. } => ErrorClass::NotFound,
            Self::BranchTaken { .. } => ErrorClass::Conflict,
            Self::Client { .. } => ErrorClass::Internal,
        }
    }

    /// What the transport says went wrong, if it was that.
    pub fn http(&self) -> Option<&HttpErrorKind> {
        match self {
            Self::Http(error) => Some(error.kind()),
            _ => None,
        }
    }

    /// Whether a write may have happened although no answer says so.
    pub fn outcome_is_unknown(&self) -> bool {
        matches!(self.http(), Some(HttpErrorKind::Unknown))
    }

    /// The beginning of the answer, in lower case, to tell apart what shares a status.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Http(error) => error.body().unwrap_or_default().to_ascii_lowercase(),
            _ => String::new(),
        }
    }
}

impl From<HttpError> for GitHubError {
    fn from(error: HttpError) -> Self {
        Self::Http(Box::new(error))
    }
}

/// `error` in the words of the state repository; `what` is the file or branch concerned.
pub(crate) fn repo_error(error: GitHubError, location: &str, what: &str) -> RepoError {
    let location = location.to_owned();
    let path = what.to_owned();
    match error.http() {
        Some(HttpErrorKind::Unauthenticated) => RepoError::Unauthenticated { location },
        Some(HttpErrorKind::Forbidden) => RepoError::Forbidden { location },
        Some(HttpErrorKind::NotFound) => RepoError::NotAccessible { location },
        Some(HttpErrorKind::NotConfigured) => {
            RepoError::NotConfigured { location, source: Box::new(error) }
        }
        Some(HttpErrorKind::Conflict) => RepoError::Conflict { path },
        Some(HttpErrorKind::TooLarge { limit }) => {
            RepoError::TooLarge { path, limit: *limit as u64 }
        }
        Some(HttpErrorKind::Unknown) => RepoError::Unknown { location, source: Box::new(error) },
        Some(
            HttpErrorKind::Malformed { .. }
            | HttpErrorKind::Rejected { .. }
            | HttpErrorKind::Unprocessable
            | HttpErrorKind::RedirectRefused { .. }
            | HttpErrorKind::InvalidRequest { .. },
        ) => RepoError::Malformed { location, problem: with_cause(&error) },
        Some(_) => RepoError::Unavailable { location, source: Box::new(error) },
        None if error.class() == ErrorClass::UpstreamUnavailable => {
            RepoError::Unavailable { location, source: Box::new(error) }
        }
        None => RepoError::Malformed { location, problem: error.to_string() },
    }
}

/// The error and its cause in one line: this variant of the port's error carries no source.
fn with_cause(error: &GitHubError) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let said = match error {
        GitHubError::Http(http) => http.body().unwrap_or_default(),
        _ => "",
    };
    format!("{cause} {said}").trim().to_owned()
}
