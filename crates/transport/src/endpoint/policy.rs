//! How each service is treated: limits of time, attempts, concurrency and size (spec 00 §d).

use std::time::Duration;

use super::service::Service;

/// Which answers to a write prove that the service did not act on it, so that the write may be sent
/// again. A request that never left always counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotProcessed {
    /// Nothing else: after any answer the write is not sent again.
    NeverSentOnly,
    /// 429.
    TooManyRequests,
    /// 429, and 503 with a `Retry-After`.
    TooManyRequestsOrRetryAfter,
    /// 429 and any 503.
    TooManyRequestsOrUnavailable,
    /// Not even a request that never left: the caller decides (Jenkins triggers).
    Nothing,
}

/// A budget of requests that all callers of a service share in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests a minute in the long run.
    pub per_minute: u32,
    /// Requests that may leave at once after a pause.
    pub burst: u32,
}

/// The limits of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Time to open a connection.
    pub connect: Duration,
    /// Time for one attempt, from the first byte sent to the last byte of the body.
    pub total: Duration,
    /// Attempts of a read, the first one included.
    pub attempts: u32,
    /// Attempts when the service says "too many requests"; reads, and writes where
    /// [`Policy::not_processed`] allows it.
    pub rate_limit_attempts: u32,
    /// First wait between attempts; doubles, ±50 %.
    pub first_wait: Duration,
    /// All waits of one call in sum; a longer demand is reported instead of waited for.
    pub wait_sum: Duration,
    /// Requests at the same time.
    pub in_flight: usize,
    /// Writes at the same time, within `in_flight`.
    pub writes_in_flight: usize,
    /// Longest body that is read, bytes.
    pub body_limit: usize,
    /// When a write may be sent again.
    pub not_processed: NotProcessed,
    /// Statuses beyond 429, 500, 502, 503 and 504 that mean "try again" for a read.
    pub also_transient: &'static [u16],
    /// Words in the answer by which a 409 is no conflict of content but a lock that somebody holds
    /// for a moment (GitLab): "try again" for a call that may be repeated.
    pub lock_words: Option<&'static str>,
    /// Whether a 403 may be a rate limit in disguise (GitHub).
    pub forbidden_is_rate_limit: bool,
    /// How many requests may leave in a time, every attempt counted; `None` for as many as there
    /// are places in flight.
    pub rate: Option<Rate>,
}

const DEFAULT: Policy = Policy {
    connect: Duration::from_secs(10),
    total: Duration::from_secs(30),
    attempts: 3,
    rate_limit_attempts: 3,
    first_wait: Duration::from_secs(1),
    wait_sum: Duration::from_mins(1),
    in_flight: 8,
    writes_in_flight: 8,
    body_limit: 16 * 1024 * 1024,
    not_processed: NotProcessed::TooManyRequests,
    also_transient: &[],
    lock_words: None,
    forbidden_is_rate_limit: false,
    rate: None,
};

impl Policy {
    /// The policy of `service`.
    pub const fn of(service: Service) -> Self {
        match service {
            Service::GithubApi => Self {
                in_flight: 6,
                writes_in_flight: 6,
                wait_sum: Duration::from_mins(2),
                forbidden_is_rate_limit: true,
                ..DEFAULT
            },
            Service::Errata => Self { total: Duration::from_mins(2), attempts: 5, ..DEFAULT },
            Service::BrewDownload | Service::BrewHub => {
                Self { total: Duration::from_mins(1), ..DEFAULT }
            }
            Service::Jira => Self {
                total: Duration::from_mins(1),
                wait_sum: Duration::from_mins(2),
                not_processed: NotProcessed::TooManyRequestsOrUnavailable,
                ..DEFAULT
            },
            Service::Ldap => Self {
                connect: Duration::from_secs(5),
                total: Duration::from_secs(10),
                attempts: 1,
                in_flight: 1,
                ..DEFAULT
            },
            Service::Pyxis | Service::PyxisStage | Service::PyxisInternal => {
                Self { in_flight: 20, ..DEFAULT }
            }
            Service::Quay
            | Service::QuayApi
            | Service::RegistryRedhat
            | Service::RegistryStage
            | Service::Registry => Self { total: Duration::from_mins(1), in_flight: 16, ..DEFAULT },
            Service::ReleaseController | Service::BuildData => Self { in_flight: 4, ..DEFAULT },
            Service::Signatures | Service::Signatures2 => {
                Self { total: Duration::from_mins(2), in_flight: 2, ..DEFAULT }
            }
            Service::Gangway => Self {
                attempts: 4,
                rate_limit_attempts: 4,
                writes_in_flight: 4,
                not_processed: NotProcessed::TooManyRequestsOrUnavailable,
                // What its gateway grants one address before it answers 429.
                rate: Some(Rate { per_minute: 9, burst: 5 }),
                ..DEFAULT
            },
            Service::Gcs => {
                Self { total: Duration::from_mins(1), also_transient: &[408], ..DEFAULT }
            }
            Service::KubeCi => Self {
                attempts: 5,
                not_processed: NotProcessed::TooManyRequestsOrRetryAfter,
                ..DEFAULT
            },
            Service::Jenkins => Self {
                total: Duration::from_mins(1),
                in_flight: 4,
                not_processed: NotProcessed::Nothing,
                ..DEFAULT
            },
            Service::Slack => Self {
                attempts: 4,
                rate_limit_attempts: 6,
                wait_sum: Duration::from_mins(5),
                in_flight: 5,
                ..DEFAULT
            },
            Service::Sheets => Self {
                total: Duration::from_mins(1),
                attempts: 8,
                rate_limit_attempts: 8,
                wait_sum: Duration::from_mins(3),
                in_flight: 1,
                ..DEFAULT
            },
            Service::Gitlab
            | Service::ErrataPage
            | Service::Deck
            | Service::Sippy
            | Service::GoogleOauth
            | Service::StatusBoard => DEFAULT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_is_usable() {
        for service in Service::ALL {
            let policy = Policy::of(service);
            assert!(policy.attempts >= 1 && policy.rate_limit_attempts >= 1, "{service}");
            assert!(policy.in_flight >= 1 && policy.writes_in_flight >= 1, "{service}");
            assert!(policy.connect <= policy.total, "{service}");
        }
    }

    #[test]
    fn the_figures_that_differ_from_the_default_are_the_ones_agreed() {
        assert_eq!(Policy::of(Service::GithubApi).wait_sum, Duration::from_mins(2));
        assert_eq!(Policy::of(Service::GithubApi).in_flight, 6);
        assert_eq!(Policy::of(Service::Errata).attempts, 5);
        assert_eq!(Policy::of(Service::Jenkins).not_processed, NotProcessed::Nothing);
        assert_eq!(Policy::of(Service::Gangway).writes_in_flight, 4);
        assert_eq!(Policy::of(Service::Gcs).also_transient, [408]);
    }
}
