//! Any bytes into the reader of JUnit files: it never panics, and what it keeps is bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The module alone: the rest of the crate would have to be built with the sanitizer, too.
#[allow(dead_code, unreachable_pub, reason = "not everything of the module is used here")]
#[path = "../../src/junit/mod.rs"]
mod junit;

/// What is kept of one text, as the reader promises.
const KEPT: usize = 8 * 1024;
/// What is kept of all failures, with one failure on top that was the last to fit.
const KEPT_IN_SUM: usize = 32 * 1024 * 1024 + 7 * KEPT;
/// Suites of one file.
const SUITES: usize = 20_000;

fuzz_target!(|bytes: &[u8]| {
    // In pieces, as from the network: a tag may begin in one and end in the next.
    let pieces = std::io::BufReader::with_capacity(7, bytes);
    let whole = junit::read(bytes);
    match (whole, junit::read(pieces)) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(whole, pieces, "the same bytes in pieces are the same file");
            check(&whole, bytes.len());
        }
        (Err(_), Err(_)) => {}
        (whole, pieces) => panic!("whole: {whole:?}, in pieces: {pieces:?}"),
    }
});

fn check(file: &junit::JunitFile, size: usize) {
    let listed = file.failed.len() as u64;
    let failed = file.counts.failures.saturating_add(file.counts.errors);
    assert!(failed >= listed.saturating_add(file.unlisted), "every failure is counted");
    assert!(file.counts.tests >= listed, "no more failures than tests");
    assert!(file.suites.len() <= SUITES);
    // No element is shorter than `<a/>`, so no more of them are found than fit.
    assert!(file.failed.len() <= size / 4 + 1);
    let mut sum = 0;
    for case in &file.failed {
        let time = case.time.as_deref().unwrap_or_default();
        let texts = [
            &case.name,
            &case.classname,
            &case.suite,
            time,
            &case.error_type,
            &case.message,
            &case.details,
        ];
        assert!(texts.iter().all(|text| text.len() <= KEPT));
        sum += texts.iter().map(|text| text.len()).sum::<usize>();
    }
    assert!(sum <= KEPT_IN_SUM, "{sum} bytes are kept");
    assert!(file.name.len() <= KEPT);
}
