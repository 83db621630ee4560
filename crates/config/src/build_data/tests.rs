mod cache;
mod data;
mod source;

use oar_release::ReleaseVersion;

fn release(text: &str) -> ReleaseVersion {
    text.parse().unwrap()
}

/// A file with one assembly, `4.99.3`, whose `group` is this flow map.
fn file(group: &str) -> String {
    format!("releases:\n  4.99.3:\n    assembly:\n      group: {group}\n")
}
