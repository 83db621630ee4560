//! Real files, where they are present: nothing is lost in reading and writing.

use std::path::{Path, PathBuf};

use oar_yaml::{Document, emit, rewrite};

fn data_folder() -> Option<PathBuf> {
    Some(oar_tests::production_data("z-stream")?.join("_releases"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("its entries are readable").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            found.push(path);
        }
    }
}

#[test]
fn spec01_case_09_every_stored_file_is_written_as_it_was_read() {
    let Some(folder) = data_folder() else { return };
    let mut found = Vec::new();
    files(&folder, &mut found);
    assert!(!found.is_empty(), "the folder is there but holds no file");
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        let document = Document::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let value = document.root().to_value();
        assert_eq!(rewrite(&document, &value), text, "{}", path.display());
        let whole = emit::document(&value);
        // One tracking file of the reference has no final line break.
        assert_eq!(whole.trim_end(), text.trim_end(), "{}", path.display());
        if path.parent().is_some_and(|p| p.ends_with("statebox")) {
            assert_eq!(whole, text, "{}", path.display());
        }
    }
}
