//! Files in the temporary folder that people of the former tool look for: a file with the job's process
//! number, and the log (spec 06 §3.5, §3.6). They decide nothing, apart from a checker of the former
//! tool that is still alive.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::{Pid, geteuid};
use oar_release::ReleaseVersion;

use super::error::ApprovalError;
use super::folder::ApprovalFolder;

/// Logs older than this are removed.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How the name of every log begins.
const LOG: &str = "metadata_checker_";

/// The file that shows the number of the job's process; removed when dropped.
#[derive(Debug)]
pub struct ShownPid(Option<PathBuf>);

impl ShownPid {
    /// Shows this process as the one that runs the job of `release`. Trouble is only logged: the file
    /// decides nothing.
    pub fn new(folder: &ApprovalFolder, release: &ReleaseVersion) -> Self {
        let path = folder.temp().join(format!("oar_scheduler_{release}.lock"));
        // One of a killed process: we hold the kernel's lock, so it is stale.
        if is_ours(&path) {
            let _gone = fs::remove_file(&path);
        }
        let show = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(0o600).open(&path)?;
            write!(file, "{}", std::process::id())
        };
        match show() {
            Ok(()) => Self(Some(path)),
            Err(error) => {
                tracing::debug!(%error, path = %path.display(), "the process is not shown");
                Self(None)
            }
        }
    }
}

impl Drop for ShownPid {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _gone = fs::remove_file(path);
        }
    }
}

/// The process of a checker of the former tool for the y-stream of `release`, if one is alive. The file
/// of a dead one is removed, unless `look_only`.
pub fn former_checker(
    folder: &ApprovalFolder,
    release: &ReleaseVersion,
    look_only: bool,
) -> Option<u32> {
    let path = folder.temp().join(format!("oar_scheduler_{}.lock", release.y_stream()));
    let text = fs::read_to_string(&path).ok()?;
    // The folder is open to everybody; somebody else's file holds nobody up.
    if !is_ours(&path) {
        tracing::warn!(path = %path.display(), "a lock file of somebody else is ignored");
        return None;
    }
    let pid: Option<u32> = text.trim().parse().ok();
    let alive = pid.filter(|pid| is_alive(*pid));
    if alive.is_none() && !look_only {
        let _gone = fs::remove_file(&path);
        tracing::info!(path = %path.display(), "the lock file of a dead checker is removed");
    }
    alive
}

/// Whether the process `pid` of this machine is alive.
pub fn is_alive(pid: u32) -> bool {
    let Ok(pid) = i32::try_from(pid) else { return false };
    // 0 and below name groups.
    pid > 0 && matches!(kill(Pid::from_raw(pid), None), Ok(()) | Err(Errno::EPERM))
}

/// A new log for the job of `release`, open for appending, with its head written; logs that are too old
/// are removed.
pub fn open_log(
    folder: &ApprovalFolder,
    release: &ReleaseVersion,
    now: Timestamp,
    command: &str,
) -> Result<(File, PathBuf), ApprovalError> {
    let logs = log_folder(folder)?;
    remove_old(&logs, now);
    let path = logs.join(format!("{LOG}{release}_{}.log", now.strftime("%Y%m%d_%H%M%S")));
    let open = || -> io::Result<File> {
        let mut options = OpenOptions::new();
        let mut file = options.append(true).create(true).mode(0o600).open(&path)?;
        let started = oar_release::time::stamp(now);
        let line = "-".repeat(60);
        write!(file, "Started: {started}\nCommand: {command}\nRelease: {release}\n{line}\n")?;
        Ok(file)
    };
    match open() {
        Ok(file) => Ok((file, path)),
        Err(source) => Err(ApprovalError::Io { path, source }),
    }
}

/// `oar_logs` in the temporary folder when it is ours, else `logs` in the state folder.
fn log_folder(folder: &ApprovalFolder) -> Result<PathBuf, ApprovalError> {
    let shared = folder.temp().join("oar_logs");
    let made = DirBuilder::new().mode(0o700).create(&shared);
    if made.is_ok() || is_our_folder(&shared) {
        return Ok(shared);
    }
    let own = folder.state().join("logs");
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&own);
    made.map_err(|source| ApprovalError::Io { path: own.clone(), source })?;
    Ok(own)
}

fn is_ours(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.uid() == geteuid().as_raw())
}

/// A folder of ours, and no link; from now on nobody else can look into it.
fn is_our_folder(path: &Path) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else { return false };
    found.is_dir()
        && found.uid() == geteuid().as_raw()
        && (found.mode().trailing_zeros() >= 6
            || fs::set_permissions(path, fs::Permissions::from_mode(0o700)).is_ok())
}

fn remove_old(logs: &Path, now: Timestamp) {
    for entry in fs::read_dir(logs).into_iter().flatten().flatten() {
        let is_log = entry.file_name().to_string_lossy().starts_with(LOG);
        let written = entry.metadata().and_then(|found| found.modified()).ok();
        let written = written.and_then(|at| Timestamp::try_from(at).ok());
        if is_log && written.is_some_and(|at| now.duration_since(at) > KEPT) {
            let _gone = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, ApprovalFolder) {
        let place = tempfile::tempdir().unwrap();
        let folder = ApprovalFolder::new(place.path().join("state"), place.path());
        (place, folder)
    }

    fn release() -> ReleaseVersion {
        "4.99.3".parse().unwrap()
    }

    /// A process that has ended and was waited for: nobody has its number now.
    #[expect(clippy::disallowed_methods, reason = "the test needs a process that ended")]
    fn dead() -> u32 {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    }

    #[test]
    fn spec06_case_11_the_lock_file_of_a_dead_checker_is_removed_and_a_live_one_counts() {
        let (place, folder) = folder();
        let path = place.path().join("oar_scheduler_4.99.lock");
        assert_eq!(former_checker(&folder, &release(), false), None);
        fs::write(&path, dead().to_string()).unwrap();
        assert_eq!(former_checker(&folder, &release(), true), None);
        assert!(path.exists(), "a dry run removes nothing");
        assert_eq!(former_checker(&folder, &release(), false), None);
        assert!(!path.exists());
        let me = std::process::id();
        fs::write(&path, format!("{me}\n")).unwrap();
        assert_eq!(former_checker(&folder, &release(), false), Some(me));
        assert!(path.exists());
        for text in ["", "no number", "-1", "0", "99999999999"] {
            fs::write(&path, text).unwrap();
            assert_eq!(former_checker(&folder, &release(), false), None, "{text:?}");
        }
    }

    #[test]
    fn the_process_is_shown_while_it_runs_and_a_stale_number_is_replaced() {
        let (place, folder) = folder();
        let path = place.path().join("oar_scheduler_4.99.3.lock");
        fs::write(&path, "1").unwrap();
        let shown = ShownPid::new(&folder, &release());
        assert_eq!(fs::read_to_string(&path).unwrap(), std::process::id().to_string());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        drop(shown);
        assert!(!path.exists());
    }

    #[test]
    fn a_log_has_its_documented_place_and_head_and_old_logs_go() {
        let (place, folder) = folder();
        let now: Timestamp = "2026-03-10T10:00:00Z".parse().unwrap();
        let (_file, path) = open_log(&folder, &release(), now, "oarctl approvals run").unwrap();
        let name = "oar_logs/metadata_checker_4.99.3_20260310_100000.log";
        assert_eq!(path, place.path().join(name));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("Started: 2026-03-10T10:00:00Z\nCommand: oarctl"), "{text}");
        assert_eq!(fs::metadata(place.path().join("oar_logs")).unwrap().mode() & 0o777, 0o700);

        let other = place.path().join("oar_logs/notes.txt");
        fs::write(&other, "").unwrap();
        let written = Timestamp::try_from(fs::metadata(&path).unwrap().modified().unwrap());
        let later = written.unwrap() + SignedDuration::from_hours(14 * 24 - 1);
        open_log(&folder, &release(), later, "").unwrap();
        assert!(path.exists(), "not 14 days old");
        let later = later + SignedDuration::from_hours(2);
        open_log(&folder, &"4.99.4".parse().unwrap(), later, "").unwrap();
        assert!(!path.exists() && other.exists());
    }

    #[test]
    fn a_log_folder_that_is_not_ours_is_not_used() {
        let (place, folder) = folder();
        // A link where the folder should be could lead anywhere.
        std::os::unix::fs::symlink("/", place.path().join("oar_logs")).unwrap();
        let now: Timestamp = "2026-03-10T10:00:00Z".parse().unwrap();
        let (_file, path) = open_log(&folder, &release(), now, "").unwrap();
        assert!(path.starts_with(place.path().join("state/logs")), "{}", path.display());
    }
}
