//! What this machine must have: settings, configuration, secrets, a folder to write to.

use oar_operators::doctor::{BUILD_DATA, Check, Health, SECRETS};
use oar_transport::SecretSource;

use crate::wiring::Surroundings;

/// Everything that is known without the network.
pub(super) fn checks(around: &Surroundings) -> Vec<Check> {
    let mut checks = vec![settings(around), configuration(around)];
    if around.sandbox.is_none() {
        checks.extend(secrets(around));
    }
    checks.push(state_folder(around));
    checks
}

fn settings(around: &Surroundings) -> Check {
    match around.settings.file() {
        Some(file) => Check::ok("settings file", file.display().to_string()),
        None => Check::ok("settings file", "none; defaults and environment are used"),
    }
}

fn configuration(around: &Surroundings) -> Check {
    match around.config() {
        Ok(_) => Check::ok("configuration", "decrypted and read"),
        Err(error) => Check::new("configuration", Health::Missing, error.one_line())
            .remedy("set OAR_CONFIG_FILE and OAR_JWK; `oarctl config validate` says more"),
    }
    .needed_by(BUILD_DATA)
}

fn secrets(around: &Surroundings) -> impl Iterator<Item = Check> {
    SECRETS.iter().map(|need| {
        let source = SecretSource::variable(&around.environment, need.variable, "doctor");
        let check = match source.read() {
            Ok(_) => Check::ok(need.variable, "set"),
            Err(error) => {
                Check::new(need.variable, Health::Missing, error.to_string()).remedy(need.remedy)
            }
        };
        check.needed_by(need.needed_by)
    })
}

fn state_folder(around: &Surroundings) -> Check {
    let Some(folder) = around.settings.state().dir else {
        return Check::new("state folder", Health::Missing, "there is no home folder")
            .remedy("set OAR_STATE_DIR");
    };
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Check::ok("state folder", folder.display().to_string()),
        Err(error) => {
            Check::new("state folder", Health::Failed, format!("{}: {error}", folder.display()))
                .remedy("set OAR_STATE_DIR to a folder that can be written")
        }
    }
}
