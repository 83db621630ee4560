//! What the cucushift log says about a scenario (spec 04 §15.3), found in one pass over the log.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read as _};

use oar_prow_jobs::{ArtifactsError, RunFiles, RunPage};
use serde::Serialize;

use super::Failure;

/// Lines before the scenario's name.
const BEFORE: usize = 50;
/// Lines after it.
const AFTER: usize = 500;
/// Longest line that is kept, bytes.
const LINE: u64 = 4 * 1024;
/// Longest trace, characters.
const TRACE: usize = 5_000;
/// Lines of the snippet.
const SNIPPET: usize = 10;
/// Words by which a line tells trouble.
const TROUBLE: [&str; 5] = ["error", "fail", "panic", "exception", "traceback"];

/// A piece of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// The lines around the scenario.
    #[serde(rename = "full_trace")]
    pub lines: String,
    /// Those that tell trouble.
    pub error_snippet: String,
    /// The feature's file.
    pub feature_file: Option<String>,
    /// The line in it.
    pub line_number: Option<u64>,
}

/// Adds what the log says, where there is one.
pub(super) async fn add(
    files: &dyn RunFiles,
    page: &RunPage,
    failures: &mut [Failure],
) -> Result<(), ArtifactsError> {
    let logs = files.find(page, "**/cucushift-e2e/build-log.txt").await?;
    let Some(log) = logs.first() else { return Ok(()) };
    let Some(stream) = files.open(page, log).await? else { return Ok(()) };
    let names: Vec<String> = failures.iter().map(|failure| failure.test_name.clone()).collect();
    let found = stream.consume(move |source| search(source, &names)).await?;
    let found = found.map_err(|error| ArtifactsError::nonsense(page, error))?;
    for (failure, lines) in failures.iter_mut().zip(found) {
        failure.cucushift_trace = lines.map(|lines| trace(&lines));
    }
    Ok(())
}

/// The lines around the first line that holds each name.
fn search(source: &mut dyn BufRead, names: &[String]) -> io::Result<Vec<Option<Vec<String>>>> {
    let mut found: Vec<Option<Vec<String>>> = vec![None; names.len()];
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut before: VecDeque<String> = VecDeque::with_capacity(BEFORE);
    while let Some(line) = line(source)? {
        let is_next = line.trim_start().starts_with("Scenario:");
        open.retain_mut(|(at, left)| {
            if is_next || *left == 0 {
                return false;
            }
            *left -= 1;
            if let Some(lines) = &mut found[*at] {
                lines.push(line.clone());
            }
            true
        });
        for (at, name) in names.iter().enumerate() {
            if found[at].is_none() && !name.is_empty() && line.contains(name.as_str()) {
                let lines = before.iter().cloned().chain([line.clone()]);
                found[at] = Some(lines.collect());
                open.push((at, AFTER));
            }
        }
        if before.len() == BEFORE {
            before.pop_front();
        }
        before.push_back(line);
    }
    Ok(found)
}

/// The next line, its beginning when it is very long; `None` at the end.
fn line(source: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if source.take(LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        source.skip_until(b'\n')?;
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
}

fn trace(lines: &[String]) -> Trace {
    let tells = |line: &&String| {
        let line = line.to_ascii_lowercase();
        TROUBLE.iter().any(|word| line.contains(word))
    };
    let snippet: Vec<&str> = lines.iter().filter(tells).take(SNIPPET).map(String::as_str).collect();
    let place = lines.iter().find_map(|line| place(line));
    Trace {
        lines: lines.join("\n").chars().take(TRACE).collect(),
        error_snippet: snippet.join("\n"),
        feature_file: place.map(|(file, _)| file.to_owned()),
        line_number: place.map(|(_, line)| line),
    }
}

/// `cucumber features/x.feature:12`: the file and the line.
fn place(line: &str) -> Option<(&str, u64)> {
    let (_, rest) = line.split_once("cucumber features/")?;
    let start = line.len() - rest.len() - "features/".len();
    let (file, number) = line[start..].split_once(':')?;
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    Some((file, number[..digits].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_lines_around_a_scenario_are_found_and_end_before_the_next() {
        let mut log = String::new();
        (0..80).for_each(|at| writeln!(log, "before {at}").expect("a string"));
        log.push_str("  Scenario: OCP-1 first\n  step\n  An ERROR here\n");
        log.push_str(
            "cucumber features/web/a.feature:42 # OCP-1\n  Scenario: OCP-2 second\n  fails\n",
        );
        (0..600).for_each(|at| writeln!(log, "after {at}").expect("a string"));
        let names = ["OCP-1 first", "OCP-2 second", "OCP-3", ""].map(str::to_owned);
        let found = search(&mut log.as_bytes(), &names).unwrap();
        let first = found[0].as_ref().expect("found");
        assert_eq!((first.len(), first[0].as_str()), (54, "before 30"));
        let told = trace(first);
        assert_eq!(told.feature_file.as_deref(), Some("features/web/a.feature"));
        assert_eq!(told.line_number, Some(42));
        assert_eq!(told.error_snippet, "  An ERROR here");
        assert!(!told.lines.contains("OCP-2"));
        assert_eq!(found[1].as_ref().map(Vec::len), Some(BEFORE + 1 + AFTER));
        assert_eq!((&found[2], &found[3]), (&None, &None));
    }

    #[test]
    fn endless_lines_are_cut() {
        let log = format!("{}\nnext OCP-1\n", "x".repeat(1_000_000));
        let found = search(&mut log.as_bytes(), &["OCP-1".to_owned()]).unwrap();
        let lines = found[0].as_ref().expect("found");
        assert_eq!((lines.len(), lines[0].len()), (2, 4096));
    }
}
