//! The one classification of errors that every crate maps its own errors to (spec 00 §e).

/// What kind of trouble an error is; decides exit code, retry offer and what is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// Usage, validation, wrong flow for the command.
    InvalidArgument,
    /// A secret, setting or key is missing; the StateBox is not initialised.
    NotConfigured,
    /// A release, build, merge request or file is absent.
    NotFound,
    /// The service does not know who we are (401, no Kerberos ticket).
    UnauthenticatedUpstream,
    /// The service knows us and refuses (403).
    ForbiddenUpstream,
    /// The optimistic lock was lost too often, or another run holds the place.
    Conflict,
    /// Something must happen first: stage release, promotion, gate, blocker.
    PreconditionFailed,
    /// Network trouble, 5xx, rate limit used up.
    UpstreamUnavailable,
    /// A deadline passed.
    Timeout,
    /// Something could not be looked up, so there is no verdict.
    Undetermined,
    /// A signal ended the work.
    Cancelled,
    /// A limit of ours is reached.
    Busy,
    /// A bug of ours.
    Internal,
}

impl ErrorClass {
    /// The stable code in JSON output (`error.code`).
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::NotConfigured => "not_configured",
            Self::NotFound => "not_found",
            Self::UnauthenticatedUpstream => "unauthenticated_upstream",
            Self::ForbiddenUpstream => "forbidden_upstream",
            Self::Conflict => "conflict",
            Self::PreconditionFailed => "precondition_failed",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::Timeout => "timeout",
            Self::Undetermined => "undetermined",
            Self::Cancelled => "cancelled",
            Self::Busy => "busy",
            Self::Internal => "internal",
        }
    }

    /// Whether the same call may succeed later without anybody changing the input.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Conflict
                | Self::PreconditionFailed
                | Self::UpstreamUnavailable
                | Self::Timeout
                | Self::Undetermined
                | Self::Cancelled
                | Self::Busy
        )
    }
}
