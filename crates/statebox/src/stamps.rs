//! Times in the log of a task run.

use jiff::Timestamp;
use oar_release::time::parse_stamp;

const LEVELS: [&str; 5] = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

/// The times of the first and the last log line of `log`.
///
/// Only the time that begins a log line counts (`2026-03-01T10:00:00Z: INFO: …`); times inside of
/// messages belong to other systems (spec 01 §7.4).
pub(crate) fn first_and_last(log: &str) -> Option<(Timestamp, Timestamp)> {
    let first = log.lines().find_map(log_time)?;
    let last = log.lines().rev().find_map(log_time)?;
    Some((first, last))
}

fn log_time(line: &str) -> Option<Timestamp> {
    // Cheap test first: most lines of a log are log lines, but continuations are not.
    if line.as_bytes().get(10) != Some(&b'T') {
        return None;
    }
    let (time, rest) = line.split_once(": ")?;
    let (level, _) = rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, "")))?;
    if LEVELS.contains(&level) { parse_stamp(time) } else { None }
}

#[cfg(test)]
mod tests {
    use oar_release::time::stamp;

    use super::*;

    fn times(log: &str) -> Option<(String, String)> {
        first_and_last(log).map(|(first, last)| (stamp(first), stamp(last)))
    }

    #[test]
    fn only_times_that_begin_a_log_line_count() {
        let log = "warm-up\n2026-01-01T10:00:00Z: INFO: a 2031-01-01T00:00:00Z\n\
                   2026-01-01T12:05:00.123456+02:00: ERROR: b\n  \"created\": \"2030-01-01T10:00:00Z: INFO: x\"\n\
                   2029-01-01T10:00:00Z: NOTE: x\n";
        let expected = ("2026-01-01T10:00:00Z".to_owned(), "2026-01-01T10:05:00Z".to_owned());
        assert_eq!(times(log), Some(expected));
    }

    #[test]
    fn a_text_without_log_lines_has_no_times() {
        assert_eq!(times(""), None);
        assert_eq!(times("done on 2026-01-01T10:00:00Z"), None);
        assert_eq!(times("2026-13-01T10:00:00Z: INFO: no such month"), None);
    }
}
