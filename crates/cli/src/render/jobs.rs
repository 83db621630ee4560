//! Results of `jobctl` as text, and the table of builds as a web page.

mod page;

use std::fmt::Write as _;

use anstyle::Style;
use oar_operators::test_jobs::Problem;
use oar_operators::test_jobs::aggregator::{AggregatorReport, BuildReport};
use oar_operators::test_jobs::checker::Checked;
use oar_operators::test_jobs::controller::{ControllerReport, Done};
use oar_operators::test_jobs::history::History;
use oar_operators::test_jobs::repair::Repaired;
use oar_operators::test_jobs::status::{BuildStatus, JobStatus, Letter, Status};
use oar_prow_jobs::result_file::BuildVerdict;

use super::Render;
use super::reports::changes;
use super::table::{BAD, BOLD, Cell, DIM, GOOD, WARN, columns, paint};

pub use page::page;

// Writing to a String cannot fail; the results of `write!` are dropped throughout this file.

pub(super) fn problems(problems: &[Problem]) -> String {
    let mut text = String::new();
    for problem in problems {
        let _ = writeln!(text, "{} {}: {}", paint(BAD, "error:"), problem.subject, problem.message);
    }
    text
}

impl Render for ControllerReport {
    fn text(&self) -> String {
        let rows: Vec<Vec<Cell>> = self
            .streams
            .iter()
            .map(|stream| {
                let (style, words) = done(stream.done);
                vec![
                    Cell::from(format!("{} {}", stream.release, stream.stream)),
                    Cell::styled(words, style),
                    Cell::from(stream.build.clone().unwrap_or_else(|| "-".to_owned())),
                    Cell::from(stream.started.len().to_string()),
                ]
            })
            .collect();
        let mut text = columns(&["STREAM", "DONE", "BUILD", "RUNS"], &rows);
        for started in self.streams.iter().flat_map(|stream| &stream.started) {
            let how = if started.adopted { "found" } else { "started" };
            let _ = writeln!(text, "{how} {} {}", started.id, started.job);
        }
        text + &changes(&self.planned_changes) + &problems(&self.problems)
    }
}

const fn done(done: Done) -> (Style, &'static str) {
    match done {
        Done::NoBuild => (DIM, "no build yet"),
        Done::NoChange => (DIM, "nothing to do"),
        Done::NoRegistry => (WARN, "no registry, not tested"),
        Done::Older => (WARN, "older than recorded"),
        Done::Recorded => (WARN, "recorded, not tested"),
        Done::Started => (GOOD, "tests started"),
        Done::HeldBack => (WARN, "somebody else is starting them"),
        Done::Unknown => (BAD, "unknown"),
    }
}

impl Render for AggregatorReport {
    fn text(&self) -> String {
        let mut text = format!(
            "{}: {} builds, {} decided before\n",
            self.arch, self.files, self.decided_before
        );
        if !self.builds.is_empty() {
            let rows: Vec<Vec<Cell>> = self.builds.iter().map(aggregated).collect();
            text.push_str(&columns(&["BUILD", "VERDICT", "PASSED", "OPEN", "STARTED"], &rows));
        }
        for build in &self.builds {
            for remark in &build.remarks {
                let _ = writeln!(text, "{} {}: {remark}", paint(WARN, "note:"), build.build);
            }
        }
        for build in &self.recycled {
            let _ = writeln!(text, "recycled: {build}");
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "{} {warning}", paint(WARN, "warning:"));
        }
        for left in &self.left_undone {
            let _ = writeln!(text, "{} {left}", paint(WARN, "left for the next pass:"));
        }
        text + &changes(&self.planned_changes) + &problems(&self.problems)
    }
}

fn aggregated(build: &BuildReport) -> Vec<Cell> {
    let (style, word) = match (build.accepted, build.promoted) {
        (Some(true), _) => (GOOD, "accepted"),
        (_, true) => (GOOD, "promoted"),
        (Some(false), _) => (BAD, "rejected"),
        (None, _) => (WARN, "pending"),
    };
    let word = if build.closed { word.to_owned() } else { format!("{word}, open") };
    let counts = build.counts;
    vec![
        Cell::from(build.build.clone()),
        Cell::styled(word, style),
        Cell::from(format!("{}/{}", counts.success, counts.total)),
        Cell::from(counts.pending.to_string()),
        Cell::from(build.started.len().to_string()),
    ]
}

impl Render for Repaired {
    fn text(&self) -> String {
        let mut text = format!("{}: {}\n", self.build, self.done);
        if !self.changed {
            text.push_str("The file was so already.\n");
        }
        let _ = writeln!(text, "Verdict: {}", self.verdict.words());
        text + &changes(&self.planned_changes) + &problems(&self.problems)
    }
}

impl Render for Checked {
    fn text(&self) -> String {
        let mut text = format!("{} files, {} new rejections told\n", self.files, self.told.len());
        if self.marked_as_seen > 0 {
            let _ = writeln!(text, "{} older ones are marked as seen", self.marked_as_seen);
        }
        for told in &self.told {
            let _ = writeln!(text, "  {} ({})", told.build, told.arch);
        }
        text + &changes(&self.planned_changes) + &problems(&self.problems)
    }
}

const fn verdict_style(verdict: BuildVerdict) -> Style {
    match verdict {
        BuildVerdict::Accepted | BuildVerdict::AcceptedByHand => GOOD,
        BuildVerdict::Rejected => BAD,
        BuildVerdict::Pending => WARN,
    }
}

const fn letter_style(letter: Letter) -> Style {
    match letter {
        Letter::S => GOOD,
        Letter::F => BAD,
        Letter::P => WARN,
    }
}

fn letters(build: &BuildStatus) -> String {
    build.jobs.iter().map(|job| job.letter.as_char()).collect()
}

impl Render for Status {
    fn text(&self) -> String {
        let text = match self.builds.as_slice() {
            [] => "No test results.\n".to_owned(),
            [build] => one(build),
            builds => {
                let row = |build: &BuildStatus| {
                    vec![
                        Cell::from(build.build.to_string()),
                        Cell::styled(build.verdict.words(), verdict_style(build.verdict)),
                        Cell::from(letters(build)),
                    ]
                };
                columns(&["BUILD", "VERDICT", "JOBS"], &builds.iter().map(row).collect::<Vec<_>>())
            }
        };
        text + &problems(&self.problems)
    }
}

fn one(build: &BuildStatus) -> String {
    let words = paint(verdict_style(build.verdict), build.verdict.words());
    let mut text = format!("{} {words}\n", paint(BOLD, &build.build.to_string()));
    if let Some(expected) = build.expected {
        let word = if expected { "accepted" } else { "not accepted" };
        let _ = writeln!(text, "  will be {word} when the last run has ended");
    }
    for job in &build.jobs {
        text.push_str(&job_lines(job));
    }
    let _ = writeln!(text, "{}", build.page);
    text
}

fn job_lines(job: &JobStatus) -> String {
    let letter = paint(letter_style(job.letter), &job.letter.as_char().to_string());
    let optional = if job.optional { " (optional)" } else { "" };
    let gone = if job.in_registry { "" } else { " (not in the registry)" };
    let mut text = format!("  {letter} {}{optional}{gone}\n", job.job);
    if job.runs.is_empty() {
        text.push_str("      not started\n");
    }
    for run in &job.runs {
        let page = run.url.as_deref().unwrap_or(&run.id);
        let _ = writeln!(text, "      {} {page}", run.state);
    }
    text
}

impl Render for History {
    fn text(&self) -> String {
        let rows: Vec<Vec<Cell>> = self
            .jobs
            .iter()
            .map(|job| {
                let failed = if job.failed > 0 { BAD } else { Style::new() };
                vec![
                    Cell::from(job.job.clone()),
                    Cell::from(job.at_once.to_string()),
                    Cell::from(job.rescued.to_string()),
                    Cell::styled(job.failed.to_string(), failed),
                    Cell::from(job.letters.clone()),
                ]
            })
            .collect();
        let (release, stream, builds) = (self.release, self.stream, self.builds.len());
        let head = format!("{release} {stream}, {builds} builds, the newest first\n");
        head + &columns(&["JOB", "PASSED", "RESCUED", "FAILED", "BUILDS"], &rows)
            + &problems(&self.problems)
    }
}
