//! Where the jobs of this machine are kept: one record and two locks per release.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use oar_release::{ReleaseVersion, effect};
use serde_json::Value;

use super::error::ApprovalError;
use super::record::{JobRecord, SCHEMA};

/// Which lock of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Held as long as a process runs the job (`<release>.lock`).
    Job,
    /// Held by whoever decides about the job or writes its end into the StateBox: a command, from its
    /// start until its outcome is recorded, or the job while it ends (`<release>.command.lock`).
    Command,
}

/// A lock that is held until this is dropped, or the process ends however it ends.
#[derive(Debug)]
pub struct Held {
    _file: File,
}

/// The folder `approval` of the state folder, and the temporary folder with the files that people of
/// the former tool look for.
#[derive(Debug, Clone)]
pub struct ApprovalFolder {
    state: PathBuf,
    temp: PathBuf,
}

impl ApprovalFolder {
    /// The jobs kept below the state folder `state`; `temp` is the system's temporary folder. Does no
    /// input or output.
    pub fn new(state: impl Into<PathBuf>, temp: impl Into<PathBuf>) -> Self {
        Self { state: state.into(), temp: temp.into() }
    }

    /// The temporary folder.
    pub fn temp(&self) -> &Path {
        &self.temp
    }

    /// The state folder.
    pub fn state(&self) -> &Path {
        &self.state
    }

    fn folder(&self) -> PathBuf {
        self.state.join("approval")
    }

    fn file(&self, release: &ReleaseVersion, ending: &str) -> PathBuf {
        self.folder().join(format!("{release}.{ending}"))
    }

    /// Where the record of `release` is.
    pub fn record_path(&self, release: &ReleaseVersion) -> PathBuf {
        self.file(release, "json")
    }

    /// The job of `release`, whatever became of it; `None` when there never was one.
    pub fn load(&self, release: &ReleaseVersion) -> Result<Option<JobRecord>, ApprovalError> {
        read(&self.record_path(release))
    }

    /// All jobs, by release; a record that cannot be read does not hide the others.
    pub fn all(&self) -> Result<Vec<Result<JobRecord, ApprovalError>>, ApprovalError> {
        let folder = self.folder();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(ApprovalError::Io { path: folder, source }),
        };
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        let mut paths: Vec<PathBuf> =
            paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
        paths.sort();
        let mut records: Vec<_> = paths.iter().filter_map(|path| read(path).transpose()).collect();
        records.sort_by_key(|record| record.as_ref().ok().map(|record| record.release.clone()));
        Ok(records)
    }

    /// Stores a record in one step: whoever reads sees the old or the new one, also after a crash.
    pub fn save(&self, record: &JobRecord) -> Result<(), ApprovalError> {
        let path = self.record_path(&record.release);
        let io = |source| ApprovalError::Io { path: path.clone(), source };
        self.make_folder()?;
        let mut text = serde_json::to_vec_pretty(record).expect("a record has only text in it");
        text.push(b'\n');
        let fresh = self.file(&record.release, "json.new");
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file =
                options.write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            file.write_all(&text)?;
            file.sync_all()?;
            effect::point("approval.save.before_rename");
            fs::rename(&fresh, &path)?;
            File::open(self.folder())?.sync_all()?;
            effect::point("approval.save.after_rename");
            Ok(())
        };
        write().map_err(io)
    }

    /// Removes the record of a job that ended.
    pub fn forget(&self, release: &ReleaseVersion) -> Result<(), ApprovalError> {
        let path = self.record_path(release);
        fs::remove_file(&path).map_err(|source| ApprovalError::Io { path, source })
    }

    /// Takes a lock; `None` when somebody else has it. The kernel frees it with the process, and the
    /// file stays: a file says nothing (R10).
    pub fn lock(
        &self,
        release: &ReleaseVersion,
        which: Lock,
    ) -> Result<Option<Held>, ApprovalError> {
        self.make_folder()?;
        let path = self.lock_path(release, which);
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(false).mode(0o600).open(&path);
        try_lock(opened, path)
    }

    /// Whether somebody has the lock now. Changes nothing, also where there is no file.
    pub fn is_held(&self, release: &ReleaseVersion, which: Lock) -> Result<bool, ApprovalError> {
        let path = self.lock_path(release, which);
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            opened => Ok(try_lock(opened, path)?.is_none()),
        }
    }

    /// Asks the job of `release` to stop; whoever runs it looks at every step.
    pub fn ask_to_stop(&self, release: &ReleaseVersion, by: &str) -> Result<(), ApprovalError> {
        self.make_folder()?;
        let path = self.file(release, "stop");
        let mut options = OpenOptions::new();
        let opened = options.write(true).create(true).truncate(true).mode(0o600).open(&path);
        let written = opened.and_then(|mut file| file.write_all(by.as_bytes()));
        written.map_err(|source| ApprovalError::Io { path, source })
    }

    /// Who asked the job of `release` to stop, if somebody did.
    pub fn asked_to_stop(&self, release: &ReleaseVersion) -> Option<String> {
        fs::read_to_string(self.file(release, "stop")).ok()
    }

    /// Forgets that somebody asked.
    pub fn forget_to_stop(&self, release: &ReleaseVersion) {
        // Nobody asked: just as good.
        let _gone = fs::remove_file(self.file(release, "stop"));
    }

    fn lock_path(&self, release: &ReleaseVersion, which: Lock) -> PathBuf {
        match which {
            Lock::Job => self.file(release, "lock"),
            Lock::Command => self.file(release, "command.lock"),
        }
    }

    fn make_folder(&self) -> Result<(), ApprovalError> {
        let path = self.folder();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(|source| ApprovalError::Io { path, source })
    }
}

fn try_lock(opened: io::Result<File>, path: PathBuf) -> Result<Option<Held>, ApprovalError> {
    let file = match opened {
        Ok(file) => file,
        Err(source) => return Err(ApprovalError::Io { path, source }),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(Held { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(ApprovalError::Io { path, source }),
    }
}

fn read(path: &Path) -> Result<Option<JobRecord>, ApprovalError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ApprovalError::Io { path: path.to_owned(), source }),
    };
    let damaged = |source| ApprovalError::Damaged { path: path.to_owned(), source };
    let document: Value = serde_json::from_slice(&text).map_err(damaged)?;
    match document.get("schema").and_then(Value::as_u64) {
        Some(found) if found > u64::from(SCHEMA) => {
            Err(ApprovalError::NewerSchema { path: path.to_owned(), found })
        }
        _ => serde_json::from_value(document).map(Some).map_err(damaged),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

    use super::super::record::{JobStatus, NewJob};
    use super::*;

    fn folder() -> (tempfile::TempDir, ApprovalFolder) {
        let place = tempfile::tempdir().unwrap();
        let folder = ApprovalFolder::new(place.path().join("state"), place.path());
        (place, folder)
    }

    fn record(release: &str) -> JobRecord {
        let now: jiff::Timestamp = "2026-03-10T10:00:00.7Z".parse().unwrap();
        JobRecord::new(NewJob {
            id: "0123".to_owned(),
            release: release.parse().unwrap(),
            flow: "konflux",
            now,
            deadline: now + Duration::from_hours(48),
            interval: Duration::from_mins(30),
            slack: None,
            allow_draft: false,
        })
    }

    #[test]
    fn a_record_comes_back_as_it_was_and_only_its_owner_can_read_it() {
        let (_place, folder) = folder();
        let record = record("4.99.3");
        assert_eq!(folder.load(&record.release).unwrap(), None);
        folder.save(&record).unwrap();
        assert_eq!(folder.load(&record.release).unwrap(), Some(record.clone()));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.record_path(&record.release)), 0o600);
        assert_eq!(mode(&folder.folder()), 0o700);
        let text = fs::read_to_string(folder.record_path(&record.release)).unwrap();
        for part in [
            "\"schema\": 1",
            "\"status\": \"waiting\"",
            "\"started_at\": \"2026-03-10T10:00:00Z\"",
            "\"deadline\": \"2026-03-12T10:00:00Z\"",
            "\"interval_s\": 1800",
            "\"next_check_at\"",
            "\"checks\": 0",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    /// P12: the record of an older program is read, that of a newer one is refused in words.
    #[test]
    fn an_old_record_is_read_and_a_newer_one_is_left_alone() {
        let (_place, folder) = folder();
        let release: ReleaseVersion = "4.99.3".parse().unwrap();
        let old = r#"{"schema":1,"id":"7","release":"4.99.3","flow":"konflux","status":"applying",
            "started_at":"2026-03-10T10:00:00Z","deadline":"2026-03-12T10:00:00Z",
            "interval_s":1800,"next_check_at":"2026-03-10T10:30:00Z","checks":4,
            "some_key_of_the_future":true}"#;
        folder.make_folder().unwrap();
        fs::write(folder.record_path(&release), old).unwrap();
        let read = folder.load(&release).unwrap().unwrap();
        assert_eq!((read.status, read.checks, read.recorded), (JobStatus::Applying, 4, false));

        fs::write(folder.record_path(&release), old.replace("\"schema\":1", "\"schema\":2"))
            .unwrap();
        let error = folder.load(&release).unwrap_err();
        assert!(error.to_string().contains("newer version (schema 2)"), "{error}");
        fs::write(folder.record_path(&release), &old[..40]).unwrap();
        assert!(matches!(folder.load(&release), Err(ApprovalError::Damaged { .. })));
    }

    #[test]
    fn all_records_are_listed_and_a_damaged_one_hides_none() {
        let (_place, folder) = folder();
        assert!(folder.all().unwrap().is_empty());
        for release in ["4.99.10", "4.99.3"] {
            folder.save(&record(release)).unwrap();
        }
        fs::write(folder.folder().join("4.99.4.json"), "{").unwrap();
        let all = folder.all().unwrap();
        let (sound, damaged): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
        let sound: Vec<_> = sound.into_iter().map(|r| r.unwrap().release.to_string()).collect();
        assert_eq!((sound, damaged.len()), (vec!["4.99.3".to_owned(), "4.99.10".to_owned()], 1));
    }

    #[test]
    fn r10_a_lock_is_the_kernel_s_and_a_file_alone_says_nothing() {
        let (_place, folder) = folder();
        let release: ReleaseVersion = "4.99.3".parse().unwrap();
        assert!(!folder.is_held(&release, Lock::Job).unwrap());
        assert!(!folder.folder().exists(), "looking makes nothing");
        let held = folder.lock(&release, Lock::Job).unwrap().expect("it is free");
        assert!(folder.lock(&release, Lock::Job).unwrap().is_none());
        assert!(folder.is_held(&release, Lock::Job).unwrap());
        assert!(folder.lock(&release, Lock::Command).unwrap().is_some(), "another lock");
        assert!(folder.lock(&"4.99.4".parse().unwrap(), Lock::Job).unwrap().is_some());
        drop(held);
        // The file is still there.
        assert!(folder.lock_path(&release, Lock::Job).exists());
        assert!(!folder.is_held(&release, Lock::Job).unwrap());
        assert!(folder.lock(&release, Lock::Job).unwrap().is_some());
    }
}
