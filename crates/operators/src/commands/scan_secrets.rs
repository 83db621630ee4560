//! `scan-secrets`: what masking would remove from the stored state today (R4).

use oar_state_repo::RepoPath;
use serde::Serialize;

use crate::context::Context;
use crate::error::OperatorError;

/// What the scan found.
#[derive(Debug, Serialize)]
pub struct Scan {
    /// Name and version of this object's shape.
    pub schema: &'static str,
    /// Files read.
    pub files: usize,
    /// Lines that hold something they should not.
    pub leaks: Vec<Leak>,
}

/// One line that holds an address or a secret.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Leak {
    /// Which file.
    pub path: String,
    /// Which line, from 1.
    pub line: usize,
    /// The line, masked.
    pub masked: String,
}

/// Reads every file below `_releases` of the state branch.
pub async fn run(context: &Context) -> Result<Scan, OperatorError> {
    let folder = RepoPath::new("_releases")?;
    let paths: Vec<RepoPath> =
        context.state.list(&folder).await?.into_iter().map(|entry| entry.path).collect();
    let files = context.state.read_many(&paths).await?;
    let mut leaks = Vec::new();
    for (path, file) in &files {
        let text = String::from_utf8_lossy(&file.content);
        for (at, line) in text.lines().enumerate() {
            let masked = context.masker.mask(line);
            if masked != line {
                let masked = masked.trim().chars().take(120).collect();
                leaks.push(Leak { path: path.to_string(), line: at + 1, masked });
            }
        }
    }
    Ok(Scan { schema: "oar.scan/1", files: files.len(), leaks })
}
