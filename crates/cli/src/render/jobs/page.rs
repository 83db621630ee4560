//! The table of builds as one web page without scripts (spec 04 §15.2).

use std::fmt::Write as _;

use oar_operators::test_jobs::status::{BuildStatus, JobStatus, Status};
use oar_prow_jobs::result_file::BuildVerdict;

const STYLE: &str = "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}\
td,th{padding:.3em .8em;text-align:left;border-bottom:1px solid #ccc}\
.S{color:#1a7f37}.F{color:#b42318}.P{color:#9a6700}a{text-decoration:none}";

/// The page.
pub fn page(status: &Status) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>Test results, {arch}</title><style>{STYLE}</style></head>\n\
         <body><h1>Test results, {arch}</h1>\n",
        arch = status.arch
    );
    let mut builds = status.builds.as_slice();
    while let Some(first) = builds.first() {
        let same = builds.iter().take_while(|build| build.release == first.release).count();
        let (of_release, rest) = builds.split_at(same);
        builds = rest;
        let _ = write!(
            page,
            "<h2>{}</h2>\n<table><tr><th>Build</th><th>Verdict</th><th>Jobs</th></tr>\n",
            first.release
        );
        for build in of_release {
            page.push_str(&row(build));
        }
        page.push_str("</table>\n");
    }
    for problem in &status.problems {
        let _ = writeln!(
            page,
            "<p class=\"F\">{}: {}</p>",
            escape(&problem.subject),
            escape(&problem.message)
        );
    }
    page.push_str("</body></html>\n");
    page
}

fn row(build: &BuildStatus) -> String {
    let class = match build.verdict {
        BuildVerdict::Accepted | BuildVerdict::AcceptedByHand => 'S',
        BuildVerdict::Rejected => 'F',
        BuildVerdict::Pending => 'P',
    };
    let jobs: Vec<String> = build.jobs.iter().map(letter).collect();
    format!(
        "<tr><td><a href=\"{}\">{}</a></td><td class=\"{class}\">{}</td><td>{}</td></tr>\n",
        escape(&build.page),
        build.build,
        build.verdict.words(),
        jobs.join(" ")
    )
}

/// The letter, linked to the newest run.
fn letter(job: &JobStatus) -> String {
    let (letter, name) = (job.letter.as_char(), escape(&job.job));
    let url = job.runs.iter().rev().find_map(|run| run.url.as_deref());
    // Text from outside becomes no link to anything but a page.
    match url.filter(|url| url.starts_with("https://")) {
        Some(url) => {
            format!("<a class=\"{letter}\" href=\"{}\" title=\"{name}\">{letter}</a>", escape(url))
        }
        None => format!("<span class=\"{letter}\" title=\"{name}\">{letter}</span>"),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter => escaped.push(letter),
        }
    }
    escaped
}
