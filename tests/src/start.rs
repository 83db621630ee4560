//! Start time and peak memory of a program, beside their goals.

use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

const RUNS: usize = 200;

/// Starts `program --help` many times and prints the figures: at most 3 ms and 6 MiB.
///
/// # Panics
/// When the program does not start.
#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
pub fn report(name: &str, program: &str) {
    start(program);
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            start(program);
            begin.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let peak_kib = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    println!("{name} --help  wall median {:.2} ms (goal 3 ms)", times[RUNS / 2]);
    println!("{name} --help  wall p90    {:.2} ms", times[RUNS * 9 / 10]);
    println!("{name} --help  peak        {peak_kib} KiB (goal 6144 KiB)");
}

#[expect(clippy::disallowed_methods, reason = "the benchmark starts the program itself")]
fn start(program: &str) {
    let status = Command::new(program)
        .arg("--help")
        .env_clear()
        .stdout(Stdio::null())
        .status()
        .expect("the program was built beside this benchmark");
    assert!(status.success());
}
