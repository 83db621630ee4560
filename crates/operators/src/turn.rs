//! One command at a time works on a task of a release, on one machine.
//!
//! Commands are safe beside each other as far as jobs, files and states go: claims and versions see to
//! that, also between machines. What has no version (a message, a note) is looked for before it is
//! sent, and two who look at the same moment both find nothing. So the second waits for the first, and
//! then finds everything done.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::time::Duration;

use oar_release::{ErrorClass, ReleaseVersion, Task};
use oar_transport::pause;

use crate::context::Context;
use crate::error::Classed;

/// Between two tries.
const AGAIN: Duration = Duration::from_secs(1);
/// Tries before a command says that somebody else is at it: longer than the longest call.
const TRIES: u32 = 20 * 60;

/// The right to work on a task; given back when dropped, by the kernel also when the process dies.
#[derive(Debug)]
pub struct Turn {
    _file: Option<File>,
}

/// It is not this command's turn.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    /// Somebody else works on the task for a long time.
    #[error("another command works on {task} of {release} for more than 20 minutes")]
    Busy {
        /// The task.
        task: Task,
        /// The release.
        release: ReleaseVersion,
    },
    /// The lock's file cannot be used.
    #[error("{} cannot be locked", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Classed for TurnError {
    fn class_of(&self) -> ErrorClass {
        match self {
            Self::Busy { .. } => ErrorClass::Busy,
            Self::Io { .. } => ErrorClass::NotConfigured,
        }
    }
}

impl Turn {
    /// Waits for the turn. A dry run, and a machine without a state folder, take none.
    pub async fn take(
        context: &Context,
        release: &ReleaseVersion,
        task: Task,
    ) -> Result<Self, TurnError> {
        let Some(folder) = &context.turns else { return Ok(Self { _file: None }) };
        let path = folder.join(format!("{release}.{task}.lock"));
        let open = || {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)
        };
        let failed = |source| TurnError::Io { path: path.clone(), source };
        let file = open().map_err(failed)?;
        for number in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: Some(file) }),
                Err(TryLockError::Error(source)) => return Err(failed(source)),
                Err(TryLockError::WouldBlock) if number == 0 => {
                    tracing::info!("another command works on {task} of {release}: waiting for it");
                }
                Err(TryLockError::WouldBlock) => {}
            }
            pause::sleep(AGAIN).await;
        }
        Err(TurnError::Busy { task, release: release.clone() })
    }
}
