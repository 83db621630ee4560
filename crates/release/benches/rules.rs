//! Time of the rules that every posted log passes, beside their goals: masking and splitting of
//! 5 MB, the same for hostile input, and weekday hours.
//!
//! `cargo bench -p oar-release`; a figure above its goal is marked, nothing fails.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use oar_release::Masker;
use oar_release::split::{Unit, split};
use oar_release::weekday::more_than_weekday_hours;

const SIZE: usize = 5_000_000;
const RUNS: usize = 21;

fn main() {
    let masker = Masker::new((0..20).map(|number| format!("invented-secret-{number:04}")));
    let log = log();
    figure("split a 5 MB log", 0.1, median(|| drop(black_box(split(&log, 3900, Unit::Chars)))));
    let mask = |text: &str| {
        black_box(masker.mask(text));
    };
    figure("mask a 5 MB log", 9.0, median(|| mask(&log)));
    figure(
        "mask and split a 5 MB log",
        9.5,
        median(|| drop(black_box(split(&masker.mask(&log), 3900, Unit::Chars)))),
    );
    for (what, piece) in [
        ("letters and no @", "abcdefgh."),
        ("nothing but @", "@"),
        ("half addresses", "a@"),
        ("scheme words", "Bearer "),
        ("half URLs", "://"),
        ("token prefixes", "ghp_"),
        ("dashes", "-----BEGIN "),
    ] {
        let text = piece.repeat(SIZE / piece.len());
        figure(&format!("mask 5 MB of {what}"), 10.0, median(|| mask(&text)));
        let half = &text[..text.len() / 2];
        let (one, two) = (median(|| mask(half)), median(|| mask(&text)));
        println!("  {:.2} times the time of half of it (linear: 2)", two / one);
    }
    weekdays();
}

/// A log as commands write it: a time, a level, words; now and then an address or a URL.
fn log() -> String {
    let mut text = String::with_capacity(SIZE + 200);
    let mut number = 0;
    while text.len() < SIZE {
        number += 1;
        let _infallible = match number % 40 {
            0 => writeln!(text, "2026-03-01T10:00:00Z: INFO: assigned to lead{number}@example.com"),
            20 => writeln!(
                text,
                "2026-03-01T10:00:00Z: INFO: see https://example.com/browse/ISSUE-{number}"
            ),
            _ => writeln!(
                text,
                "2026-03-01T10:00:00Z: INFO: image {number} of component-operator is healthy"
            ),
        };
    }
    text
}

/// Half of the pairs are older than three days.
fn weekdays() {
    let start: Timestamp = "2026-03-01T10:00:00Z".parse().expect("a time");
    let pairs: Vec<(Timestamp, Timestamp)> =
        (0..1000).map(|hours| (start, start + SignedDuration::from_mins(hours * 10))).collect();
    let all = median(|| {
        for (from, now) in &pairs {
            black_box(more_than_weekday_hours(*from, *now, 48));
        }
    });
    let each = all * 1_000_000.0 / 1000.0;
    println!("weekday hours, one decision: {each:.0} ns (goal 20 ns){}", mark(each, 20.0));
}

/// Median of the time of `work`, milliseconds.
fn median(work: impl Fn()) -> f64 {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2].as_secs_f64() * 1000.0
}

fn figure(what: &str, goal: f64, took: f64) {
    println!("{what}: {took:.2} ms (goal {goal} ms){}", mark(took, goal));
}

fn mark(took: f64, goal: f64) -> &'static str {
    if took > goal { "  ABOVE THE GOAL" } else { "" }
}
