//! How long a service asks us to wait: `Retry-After`, `X-RateLimit-Reset` and `RateLimit-Reset`,
//! whatever their form.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// The wait that `headers` ask for, `None` when they ask for none or make no sense (fault G11).
///
/// Points in time are measured against the service's own `Date` where it sends one, so a wrong
/// clock on either side does not matter (fault G21); else against `now`.
pub(super) fn wait_hint(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let now = text(headers, "date").and_then(http_date).unwrap_or(now);
    if let Some(retry_after) = text(headers, "retry-after") {
        return seconds(retry_after).or_else(|| Some(until(http_date(retry_after)?, now)));
    }
    let used_up = text(headers, "x-ratelimit-remaining").is_none_or(|left| left == "0");
    let reset = text(headers, "x-ratelimit-reset").or_else(|| text(headers, "ratelimit-reset"));
    let reset = reset.filter(|_| used_up)?;
    let reset = match reset.parse::<i64>() {
        // Some mean a span of seconds, others (GitLab) a point in time.
        Ok(span @ 0..1_000_000_000) => return u64::try_from(span).ok().map(Duration::from_secs),
        Ok(epoch) => Timestamp::from_second(epoch).ok()?,
        Err(_) => reset.parse().ok()?,
    };
    Some(until(reset, now))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Whole or broken seconds; a number too large for a `Duration` is the longest wait there is.
fn seconds(value: &str) -> Option<Duration> {
    let number = value.parse::<f64>().ok().filter(|number| !number.is_nan() && *number >= 0.0)?;
    Some(Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX))
}

fn http_date(value: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(value).ok()
}

fn until(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NOW: &str = "2026-03-11T08:00:00Z";

    #[rstest]
    #[case::seconds(&[("retry-after", "7")], Some(7))]
    #[case::zero(&[("retry-after", "0")], Some(0))]
    #[case::broken_seconds(&[("retry-after", "1.0")], Some(1))]
    #[case::negative(&[("retry-after", "-5")], None)]
    #[case::ten_days(&[("retry-after", "864000")], Some(864_000))]
    #[case::nonsense(&[("retry-after", "soon")], None)]
    #[case::absent(&[], None)]
    #[case::date(&[("retry-after", "Wed, 11 Mar 2026 08:00:30 GMT")], Some(30))]
    #[case::date_in_the_past(&[("retry-after", "Wed, 11 Mar 2026 07:00:00 GMT")], Some(0))]
    #[case::date_by_the_servers_clock(
        &[("retry-after", "Thu, 12 Mar 2026 08:00:30 GMT"), ("date", "Thu, 12 Mar 2026 08:00:00 GMT")],
        Some(30)
    )]
    #[case::reset_when_used_up(
        &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1773216060")],
        Some(60)
    )]
    #[case::reset_as_date(&[("x-ratelimit-reset", "2026-03-11T08:01:00Z")], Some(60))]
    #[case::reset_of_gitlab(&[("ratelimit-reset", "1773216060")], Some(60))]
    #[case::reset_as_span(&[("ratelimit-reset", "30")], Some(30))]
    #[case::reset_with_requests_left(
        &[("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "1773216060")],
        None
    )]
    #[case::reset_out_of_range(&[("x-ratelimit-reset", "99999999999999999")], None)]
    fn r35_the_service_says_how_long_to_wait(
        #[case] headers: &[(&'static str, &'static str)],
        #[case] expected: Option<u64>,
    ) {
        let map = headers
            .iter()
            .map(|(name, value)| {
                (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
            })
            .collect();
        assert_eq!(wait_hint(&map, NOW.parse().unwrap()), expected.map(Duration::from_secs));
    }

    #[test]
    fn an_absurd_number_is_the_longest_wait_not_a_panic() {
        let mut map = HeaderMap::new();
        map.insert("retry-after", "999999999999999999999999".parse().unwrap());
        assert_eq!(wait_hint(&map, NOW.parse().unwrap()), Some(Duration::MAX));
    }
}
