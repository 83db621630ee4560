//! One service of a kind on a machine: who holds the lock leads, the others wait.

use std::fs::{self, File, TryLockError};
use std::time::Duration;

use oar_release::ErrorClass;
use oar_transport::pause::sleep;

use crate::error::CliError;
use crate::wiring::Surroundings;

/// Between two tries for the lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// Leads while it lives; the kernel takes the lock back however the process ends.
#[derive(Debug)]
pub(super) struct Leads {
    _lock: Option<File>,
}

/// Waits until this process is the only service `name`. Nothing depends on it but requests: claims
/// in the state keep two leaders from starting anything twice.
pub(super) async fn lead(around: &Surroundings, name: &str) -> Result<Leads, CliError> {
    let folder = around.sandbox_folder().or_else(|| around.settings.state().dir);
    let Some(folder) = folder.map(|folder| folder.join("locks")) else {
        return Ok(Leads { _lock: None });
    };
    let path = folder.join(format!("jobctl-{name}.lock"));
    let failed = |error: std::io::Error| {
        let text = format!("the lock {} cannot be used: {error}", path.display());
        CliError::new(ErrorClass::NotConfigured, text)
    };
    fs::create_dir_all(&folder).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    let mut is_told = false;
    loop {
        match file.try_lock() {
            Ok(()) => {
                tracing::info!("this process leads ({})", path.display());
                return Ok(Leads { _lock: Some(file) });
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        if !is_told {
            tracing::info!("another process leads, waiting ({})", path.display());
            is_told = true;
        }
        sleep(PATIENCE).await;
    }
}
