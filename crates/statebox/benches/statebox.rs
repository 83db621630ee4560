//! Time per StateBox file beside its goal, over invented files shaped like those of production
//! (150 files, 371 bytes to 40 kB, 16 kB in the mean) and over real ones where they are present.
//!
//! `cargo bench -p oar-statebox`; a figure above its goal is marked, nothing fails.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oar_release::clock::{ManualClock, SeededEntropy};
use oar_release::{Entropy, Masker, ReleaseVersion, Task, TaskStatus};
use oar_state_repo::{Actor, MemoryRepo, StateRepo};
use oar_statebox::{
    InitialState, NewIssue, StateBox, StateBoxStore, TaskUpdate, Who, edit, path_of,
};
use oar_yaml::Document;

/// How long each figure is measured at least.
const BUDGET: Duration = Duration::from_millis(800);

struct File {
    path: String,
    release: ReleaseVersion,
    text: String,
}

fn main() {
    let invented = invented();
    report("invented", &invented);
    match real() {
        Some(files) => report("real", &files),
        None => println!("real files: none"),
    }
}

fn report(what: &str, files: &[File]) {
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    let smallest = files.iter().map(|file| file.text.len()).min().unwrap_or_default();
    let largest = files.iter().map(|file| file.text.len()).max().unwrap_or_default();
    println!("{what}: {} files, {bytes} bytes, {smallest} to {largest}", files.len());
    let syntax = measure(files, |file| {
        Document::check(black_box(&file.text)).expect("valid");
    });
    let tree = measure(files, |file| {
        black_box(Document::parse(&file.text).expect("valid"));
    });
    let parse = measure(files, |file| {
        black_box(StateBox::parse(&file.path, &file.text).expect("valid"));
    });
    let now = "2026-03-01T12:00:00Z".parse().expect("a time");
    let masker = Masker::default();
    let result = log(12, &SeededEntropy::new(5));
    let update = TaskUpdate::status(Task::StageTesting, TaskStatus::Pass).with_result(result);
    let serialise = measure(files, |file| {
        let edited = edit(&file.path, &file.text, now, |state| {
            state.update_task(&update, now, &masker);
            Ok(())
        });
        black_box(edited.expect("valid"));
    });
    let save = measure_save(files, &update);
    println!("  syntax check                 {}", figure(syntax, bytes, files.len(), None));
    println!("  tree                         {}", figure(tree, bytes, files.len(), None));
    println!("  parse                        {}", figure(parse, bytes, files.len(), Some(0.06)));
    println!(
        "  parse + update + serialise   {}",
        figure(serialise, bytes, files.len(), Some(0.10))
    );
    println!("  save cycle in memory         {}", figure(save, bytes, files.len(), Some(0.10)));
}

/// Time for one pass over all files: the best of many.
fn measure(files: &[File], mut work: impl FnMut(&File)) -> Duration {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < BUDGET {
        let pass = Instant::now();
        files.iter().for_each(&mut work);
        best = best.min(pass.elapsed());
    }
    best
}

fn measure_save(files: &[File], update: &TaskUpdate) -> Duration {
    let repo = Arc::new(MemoryRepo::new());
    let now = "2026-03-01T12:00:00Z".parse().expect("a time");
    let store = StateBoxStore::new(
        Arc::clone(&repo) as Arc<dyn StateRepo>,
        Arc::new(ManualClock::new(now)),
        Arc::new(SeededEntropy::new(1)),
        Arc::new(|_| std::future::ready(())),
        Arc::new(Masker::default()),
    );
    let who =
        Who { actor: Actor::Person("lead".to_owned()), command: "bench".to_owned(), intent: None };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < BUDGET {
        for file in files {
            repo.put(&file.path, &file.text);
        }
        let pass = Instant::now();
        runtime.block_on(async {
            for file in files {
                let saved = store.update_task(&file.release, update, &who).await;
                assert!(saved.expect("saved").committed);
            }
        });
        best = best.min(pass.elapsed());
    }
    best
}

fn figure(pass: Duration, bytes: usize, files: usize, goal: Option<f64>) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let (bytes, files) = (bytes as f64, files as f64);
    let each = pass.as_secs_f64() * 1e3 / files;
    let rate = bytes / pass.as_secs_f64() / 1e6;
    let goal = goal.map_or_else(String::new, |goal| {
        let verdict = if each <= goal { "ok" } else { "MISSED" };
        format!("  goal {goal:.2} ms  {verdict}")
    });
    format!("{each:.4} ms/file  {rate:7.0} MB/s{goal}")
}

/// A log of `lines` lines as commands write it.
fn log(lines: usize, entropy: &dyn Entropy) -> String {
    let words =
        ["advisory", "checking", "push job for target <cdn_stage> is", "READY", "image", "→"];
    let line = |number: usize| {
        let pick = |shift: u32| {
            let at = usize::try_from(entropy.next_u64() >> shift & 0xFF).unwrap_or_default();
            words[at % words.len()]
        };
        format!(
            "2026-02-{:02}T10:{:02}:00Z: INFO: {} {} {number}: {} {}",
            number / 60 % 28 + 1,
            number % 60,
            pick(3),
            pick(9),
            pick(17),
            pick(23),
        )
    };
    (0..lines).map(line).collect::<Vec<_>>().join("\n")
}

/// 150 invented files whose sizes spread like those of production.
fn invented() -> Vec<File> {
    let entropy = SeededEntropy::new(7);
    let masker = Masker::default();
    let now = "2026-02-01T10:00:00Z".parse().expect("a time");
    (0..150_usize)
        .map(|number| {
            let release: ReleaseVersion =
                format!("4.{}.{}", 90 + number % 10, number + 1).parse().expect("a version");
            let initial = InitialState {
                release: release.clone(),
                jira_ticket: Some(format!("ART-{}", 10_000 + number)),
                advisory_ids: vec![("rpm".to_owned(), 900_001), ("rhcos".to_owned(), 900_002)],
                release_date: "2026-Mar-10".parse().expect("a date"),
                candidate_builds: vec![("x86_64".to_owned(), "4.99.0-0.nightly-2026-01-28-010203".to_owned())],
                shipment_mr: Some("https://gitlab.example.com/a/b/-/merge_requests/1".to_owned()),
            };
            let mut state = initial.state(now);
            // The first is as small as they come, the last as large.
            let lines = number * number / 52 + usize::from(number > 0);
            let tasks = if number == 0 { 0 } else { 9 };
            for task in &Task::WORKFLOW[..tasks] {
                let share = if *task == Task::ChangeAdvisoryStatus { lines / 2 } else { lines / 16 };
                let result = match *task {
                    Task::AnalyzeCandidateBuild => "All blocking jobs passed; two of them only in the second of three attempts, because of cloud quota".to_owned(),
                    _ => log(share + 3, &entropy),
                };
                let update = TaskUpdate::status(*task, TaskStatus::Pass).with_result(result);
                state.update_task(&update, now, &masker);
            }
            if number % 2 == 1 {
                let issue = NewIssue::blocker("Advisory 900001 is in an abnormal state: it's NEW_FILES", &["push-to-cdn-staging"]);
                state.add_issue(&issue, now, &masker).expect("a new issue");
            }
            File { path: path_of(&release), release, text: state.render() }
        })
        .collect()
}

/// Real files, where they are present.
fn real() -> Option<Vec<File>> {
    let folder = oar_tests::production_data("z-stream")?.join("_releases");
    let mut files = Vec::new();
    for stream in std::fs::read_dir(folder).ok()?.flatten() {
        let Ok(states) = std::fs::read_dir(stream.path().join("statebox")) else { continue };
        for path in states.flatten().map(|entry| entry.path()) {
            let text = std::fs::read_to_string(&path).ok()?;
            let release: ReleaseVersion = path.file_stem()?.to_str()?.parse().ok()?;
            files.push(File { path: path_of(&release), release, text });
        }
    }
    Some(files).filter(|files| !files.is_empty())
}
