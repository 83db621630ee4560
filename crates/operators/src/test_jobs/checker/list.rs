//! The local file that remembers which rejections were told: `release,file,unix time[,version]`.

use std::io;
use std::path::{Path, PathBuf};

use oar_state_repo::FileVersion;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notified {
    pub(super) release: String,
    pub(super) file: String,
    pub(super) at: String,
    /// The content that was rejected; older lines do not tell it and hold for every content.
    pub(super) version: Option<String>,
}

/// The file.
#[derive(Debug)]
pub(super) struct NotifiedList {
    path: PathBuf,
    lines: Vec<Notified>,
    /// There was no file: nothing was ever told from here.
    pub(super) is_first: bool,
    is_saved: bool,
}

impl NotifiedList {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (text, is_first) = match std::fs::read_to_string(path) {
            Ok(text) => (text, false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), true),
            Err(error) => return Err(error),
        };
        let lines = text.lines().filter_map(parse).collect();
        Ok(Self { path: path.to_owned(), lines, is_first, is_saved: !is_first })
    }

    pub(super) fn has(&self, file: &str, version: &FileVersion) -> bool {
        self.lines.iter().any(|line| {
            line.file == file && line.version.as_ref().is_none_or(|told| *told == version.0)
        })
    }

    pub(super) fn add(&mut self, line: Notified) {
        self.lines.push(line);
        self.is_saved = false;
    }

    /// Replaces the file in one step.
    pub(super) fn save(&mut self, is_dry: bool) -> io::Result<()> {
        if self.is_saved || is_dry {
            return Ok(());
        }
        let text: String = self.lines.iter().map(render).collect();
        let mut fresh = self.path.clone().into_os_string();
        fresh.push(".new");
        std::fs::write(&fresh, text)?;
        std::fs::rename(&fresh, &self.path)?;
        self.is_saved = true;
        Ok(())
    }
}

/// A line that is none is skipped.
fn parse(line: &str) -> Option<Notified> {
    let parts: Vec<&str> = line.trim().split(',').collect();
    let (release, file, at, version) = match parts.as_slice() {
        [release, file, at] => (release, file, at, None),
        [release, file, at, version] => (release, file, at, Some(*version)),
        _ => return None,
    };
    let is_whole = !file.is_empty() && at.parse::<f64>().is_ok();
    is_whole.then(|| Notified {
        release: (*release).to_owned(),
        file: (*file).to_owned(),
        at: (*at).to_owned(),
        version: version.filter(|version| !version.is_empty()).map(str::to_owned),
    })
}

fn render(line: &Notified) -> String {
    let Notified { release, file, at, version } = line;
    match version {
        Some(version) => format!("{release},{file},{at},{version}\n"),
        None => format!("{release},{file},{at}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_lines_hold_and_malformed_ones_are_skipped() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("list.txt");
        let text =
            "4.99,a.json,1900000000.5\nnonsense\n,,\n4.99,b.json,1900000000,v1\n4.99,c.json,soon\n";
        std::fs::write(&path, text).expect("a file");
        let mut list = NotifiedList::open(&path).expect("a list");
        let has = |list: &NotifiedList, file: &str, version: &str| {
            list.has(file, &FileVersion(version.to_owned()))
        };
        assert!(has(&list, "a.json", "any") && has(&list, "b.json", "v1"));
        assert!(!has(&list, "b.json", "v2") && !has(&list, "c.json", "v"));
        let line = Notified {
            release: "4.99".to_owned(),
            file: "b.json".to_owned(),
            at: "1".to_owned(),
            version: Some("v2".to_owned()),
        };
        list.add(line);
        list.save(true).expect("a dry run");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), text);
        list.save(false).expect("saved");
        let again = NotifiedList::open(&path).expect("a list");
        assert!(has(&again, "b.json", "v2") && !again.is_first);
        assert_eq!(again.lines.len(), 3);
    }
}
