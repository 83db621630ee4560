//! Start time and peak memory of `oar --help`: at most 3 ms and 6 MiB.

use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

const RUNS: usize = 200;

#[expect(clippy::disallowed_methods, reason = "the benchmark starts the program itself")]
fn start() {
    let status = Command::new(env!("CARGO_BIN_EXE_oar"))
        .arg("--help")
        .env_clear()
        .stdout(Stdio::null())
        .status()
        .expect("the program was built beside this benchmark");
    assert!(status.success());
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    start();
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            start();
            begin.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let peak_kib = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    println!("oar --help  wall median {:.2} ms (goal 3 ms)", times[RUNS / 2]);
    println!("oar --help  wall p90    {:.2} ms", times[RUNS * 9 / 10]);
    println!("oar --help  peak        {peak_kib} KiB (goal 6144 KiB)");
}
