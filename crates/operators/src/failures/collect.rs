//! The result files of a run, read while they arrive.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use futures_util::StreamExt as _;
use futures_util::stream;
use oar_prow_jobs::junit::{self, Counts, JunitError, JunitFile};
use oar_prow_jobs::{ArtifactsError, RunFiles, RunPage};

use super::{Failure, SuiteCounts, UnreadableFile};
use crate::report::error_chain;

/// Where test results are (spec 04 §7.2).
const GLOBS: [&str; 4] = [
    "**/junit**import-**xml",
    "**/junit**TEST-features-**xml",
    "**/gui_test**console-cypress.xml",
    "**/cucushift-e2e/artifacts/junit_cucushift-e2e-combined**.xml",
];
/// Files that are read at the same time.
const AT_ONCE: usize = 4;

/// All that the result files say.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Files that were read.
    pub(super) names: Vec<String>,
    pub(super) counts: Counts,
    pub(super) suites: Vec<SuiteCounts>,
    pub(super) failures: Vec<Failure>,
    /// Failures that are counted but not kept.
    pub(super) unlisted: usize,
    pub(super) unreadable: Vec<UnreadableFile>,
}

/// Reads all result files. One that is malformed is told and skipped.
pub(super) async fn collect(
    files: &dyn RunFiles,
    page: &RunPage,
) -> Result<Collected, ArtifactsError> {
    let lists =
        futures_util::future::try_join_all(GLOBS.map(|glob| files.find(page, glob))).await?;
    let mut names = lists.concat();
    names.sort_unstable();
    names.dedup();
    let read = stream::iter(names).map(|name| async move {
        let file = one(files, page, &name).await;
        file.map(|file| (name, file))
    });
    let read: Vec<_> = read.buffered(AT_ONCE).collect().await;
    let mut all = Vec::new();
    let mut collected = Collected::default();
    for file in read {
        match file? {
            (_, None) => {}
            (name, Some(Ok(file))) => all.push((name, file)),
            (source_file, Some(Err(error))) => {
                let problem = error_chain(&error);
                tracing::warn!("{source_file}: {problem}");
                collected.unreadable.push(UnreadableFile { source_file, problem });
            }
        }
    }
    for (name, file) in told_once(all) {
        add(&mut collected, name, file);
    }
    Ok(collected)
}

type Read = Option<Result<JunitFile, JunitError>>;

async fn one(files: &dyn RunFiles, page: &RunPage, name: &str) -> Result<Read, ArtifactsError> {
    // A file that went since it was listed is none.
    let Some(stream) = files.open(page, name).await? else { return Ok(None) };
    stream.consume(|source| junit::read(source)).await.map(Some)
}

/// Cucushift writes one file for each feature, and all of them again into a combined one.
fn told_once(files: Vec<(String, JunitFile)>) -> Vec<(String, JunitFile)> {
    let is_combined = |name: &str| name.contains("junit_cucushift-e2e-combined");
    let is_feature = |name: &str| name.contains("TEST-features-");
    let has_combined = files.iter().any(|(name, _)| is_combined(name));
    let keeps = |name: &str| !has_combined || !is_feature(name) || is_combined(name);
    files.into_iter().filter(|(name, _)| keeps(name)).collect()
}

fn add(collected: &mut Collected, name: String, file: JunitFile) {
    collected.counts.add(&file.counts);
    collected.unlisted += usize::try_from(file.unlisted).unwrap_or(usize::MAX);
    collected.suites.extend(file.suites.into_iter().map(|suite| SuiteCounts {
        name: suite.name,
        tests: suite.counts.tests,
        failures: suite.counts.failures,
        errors: suite.counts.errors,
        skipped: suite.counts.skipped,
        source_file: name.clone(),
    }));
    collected.failures.extend(file.failed.into_iter().map(|case| Failure::new(case, &name)));
    collected.names.push(name);
}

/// The last `characters` of a text; `None` when it is not there.
pub(super) async fn end_of(
    files: &dyn RunFiles,
    page: &RunPage,
    name: &str,
    characters: usize,
) -> Result<Option<String>, ArtifactsError> {
    let Some(stream) = files.open(page, name).await? else { return Ok(None) };
    // A character has up to four bytes.
    let tail = stream.consume(move |source| tail(source, characters * 4)).await?;
    let tail = tail.map_err(|error| ArtifactsError::nonsense(page, error))?;
    let text = String::from_utf8_lossy(&tail);
    let skipped = text.chars().count().saturating_sub(characters);
    Ok(Some(text.chars().skip(skipped).collect()))
}

fn tail(source: &mut dyn BufRead, bytes: usize) -> io::Result<Vec<u8>> {
    let mut tail = VecDeque::new();
    loop {
        let piece = source.fill_buf()?;
        if piece.is_empty() {
            return Ok(tail.into());
        }
        let size = piece.len();
        tail.extend(&piece[size.saturating_sub(bytes)..]);
        let over = tail.len().saturating_sub(bytes);
        tail.drain(..over);
        source.consume(size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_not_counted_again_beside_the_combined_file() {
        let names = |names: &[&str]| -> Vec<String> {
            let files = names.iter().map(|name| ((*name).to_owned(), JunitFile::default()));
            told_once(files.collect()).into_iter().map(|(name, _)| name).collect()
        };
        let (feature, combined) =
            ("a/junit-TEST-features-x.xml", "b/junit_cucushift-e2e-combined.xml");
        assert_eq!(names(&[feature, combined, "c/import-1.xml"]), [combined, "c/import-1.xml"]);
        assert_eq!(names(&[feature, "c/import-1.xml"]), [feature, "c/import-1.xml"]);
    }

    #[test]
    fn the_end_of_a_text_is_kept() {
        let text = "0123456789".repeat(10_000);
        let mut source = io::BufReader::with_capacity(7, text.as_bytes());
        assert_eq!(tail(&mut source, 12).unwrap(), b"890123456789");
        assert_eq!(tail(&mut &b"abc"[..], 12).unwrap(), b"abc");
    }
}
