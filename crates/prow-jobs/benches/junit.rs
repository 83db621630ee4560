//! JUnit files of 1, 10 and 50 MB: time and peak, each in a process of its own:
//! `cargo bench -p oar-prow-jobs --bench junit`.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use oar_prow_jobs::junit;
use oar_tests::usage::{cpu_time, peak};

/// Megabytes and the goal in milliseconds.
const SIZES: [(usize, f64); 3] = [(1, 0.7), (10, 7.0), (50, 40.0)];
const ROUNDS: usize = 7;

#[expect(clippy::disallowed_methods, reason = "the benchmark starts itself for each figure")]
fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.as_slice() {
        [_, mode, size] if mode == "time" => return time(size.parse().expect("megabytes")),
        [_, mode, path] if mode == "peak" => return read_file(path.as_ref()),
        _ => {}
    }
    let own = std::env::current_exe().expect("this benchmark's own path");
    let figure = |mode: &str, what: &str| {
        let output = Command::new(&own).args([mode, what]).output().expect("it starts");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    for (size, goal) in SIZES {
        let path =
            std::env::temp_dir().join(format!("oar-junit-{}-{size}.xml", std::process::id()));
        let written =
            File::create(&path).and_then(|mut file| file.write_all(sample(size).as_bytes()));
        written.expect("a scratch file");
        let time = figure("time", &size.to_string());
        let peak = figure("peak", &path.display().to_string());
        println!("{size:>2} MB  {time}  (goal {goal} ms), from a file: {peak}");
        let _left_behind = std::fs::remove_file(&path);
    }
}

/// CPU time of the reader alone: the text is in memory, in pieces as they arrive from the network.
fn time(size: usize) {
    let text = sample(size);
    let one = || {
        let begun = cpu_time();
        let source = BufReader::with_capacity(64 * 1024, text.as_bytes());
        let found = junit::read(source).expect("a JUnit file");
        assert!(found.counts.tests > 0 && found.counts.failures > 0);
        cpu_time().saturating_sub(begun)
    };
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| one()).collect();
    times.sort_unstable();
    let time = times[ROUNDS / 2].as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let rate = text.len() as f64 / 1e6 / time;
    println!("{:>7.2} ms {rate:>6.0} MB/s", time * 1e3);
}

/// The peak of a process that reads a file, and the time with the file system's share in it.
fn read_file(path: &Path) {
    let idle = peak();
    let begun = Instant::now();
    let file = BufReader::with_capacity(64 * 1024, File::open(path).expect("the file"));
    let found = junit::read(file).expect("a JUnit file");
    assert!(found.counts.failures > 0);
    let time = begun.elapsed();
    println!("{:.1} ms, peak {} KiB ({idle} before)", time.as_secs_f64() * 1e3, peak());
}

/// Results as test frameworks write them: some output with every test, one failure in twenty.
fn sample(megabytes: usize) -> String {
    let size = megabytes * 1_000_000;
    let mut text = String::with_capacity(size + 4_096);
    text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    let line =
        "I0302 08:00:00.000000 1 controller.go:42] reconciling the object again, all is well\n";
    for suite in 0_usize.. {
        let _ = writeln!(text, "<testsuite name=\"suite {suite}\" tests=\"40\" failures=\"2\">");
        for case in 0..40 {
            let _ = write!(
                text,
                "<testcase name=\"[sig-{suite}] case {case} works\" classname=\"tests\" time=\"1.5\">"
            );
            if case % 20 == 7 {
                let _ = write!(
                    text,
                    "<failure message=\"expected &lt;{case}&gt;\" type=\"Assertion\">"
                );
                text.push_str(&line.repeat(8));
                text.push_str("</failure>");
            }
            text.push_str("<system-out>");
            text.push_str(&line.repeat(24));
            text.push_str("</system-out></testcase>\n");
        }
        text.push_str("</testsuite>\n");
        if text.len() >= size {
            break;
        }
    }
    text.push_str("</testsuites>\n");
    text
}
