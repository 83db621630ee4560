//! Whole-program stories live in `it/`; here is what they share with the tests of single rooms.

pub mod start;
pub mod usage;

use std::path::{Path, PathBuf};

/// The folder `name` (`z-stream`, `record`, `registry`) of real production files.
///
/// For tests and benchmarks that can use them. `OAR_TEST_DATA` names the folder that holds it; without the variable
/// a folder `data` in a neighbour of the clone will do. A machine without real files skips such
/// tests, and this function says so.
#[expect(clippy::print_stdout, reason = "a skipped test must say so")]
pub fn production_data(name: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests find their data by a variable")]
    let named = std::env::var_os("OAR_TEST_DATA").map(PathBuf::from);
    let found = named.into_iter().chain(neighbours()).map(|data| data.join(name));
    let found = found.into_iter().find(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: no real data; set OAR_TEST_DATA to a folder that holds {name}/");
    }
    found
}

/// Every `data` folder one step below the folder that the clone is in.
fn neighbours() -> Vec<PathBuf> {
    let clone = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let Some(around) = clone.and_then(Path::parent) else { return Vec::new() };
    let entries = std::fs::read_dir(around).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().join("data")).filter(|data| data.is_dir()).collect()
}

/// Copies the folder `from` to `to`, so that nothing is ever written beside an original.
///
/// # Panics
/// When a file cannot be read or written: the test cannot go on.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a scratch folder");
    for entry in std::fs::read_dir(from).expect("the folder is readable") {
        let entry = entry.expect("its entries are readable");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("they have a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("files can be copied");
        }
    }
}
