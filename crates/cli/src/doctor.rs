//! `doctor` on the command line: files and secrets of this machine, then the services.

use oar_github::{GitHubRead as _, HttpGitHub};
use oar_operators::doctor::{Check, Diagnosis, Health, SECRETS, clock_check, services};
use oar_transport::SecretSource;

use crate::error::CliError;
use crate::render::Printer;
use crate::run::{Ended, print};
use crate::wiring::Surroundings;

/// Checks everything and prints the diagnosis.
pub(crate) async fn run(around: &Surroundings, printer: Printer) -> Result<Ended, CliError> {
    let mut checks = vec![settings(around), configuration(around)];
    if around.sandbox.is_none() {
        checks.extend(SECRETS.iter().map(|need| {
            let source = SecretSource::variable(&around.environment, need.variable, "doctor");
            let check = match source.read() {
                Ok(_) => Check::ok(need.variable, "set"),
                Err(error) => Check::new(need.variable, Health::Missing, error.to_string()),
            };
            check.needed_by(need.needed_by).remedy(need.remedy)
        }));
    }
    checks.push(state_folder(around));
    checks.push(kerberos(around));
    match around.context(false) {
        Ok(context) => {
            checks.extend(services(&context).await);
            checks.extend(github(around).await);
        }
        Err(error) => checks.push(Check::new("services", Health::Failed, error.one_line())),
    }
    let diagnosis = Diagnosis { schema: "oar.doctor/1", checks };
    print(printer, &diagnosis)?;
    Ok(if diagnosis.is_healthy() { Ended::done() } else { Ended::found_trouble() })
}

fn settings(around: &Surroundings) -> Check {
    match around.settings.file() {
        Some(file) => Check::ok("settings file", file.display().to_string()),
        None => Check::ok("settings file", "none; defaults and environment are used"),
    }
}

fn configuration(around: &Surroundings) -> Check {
    let commands = ["create-test-report", "start-release-detector", "plan", "config"];
    match around.config() {
        Ok(_) => Check::ok("configuration", "decrypted and read"),
        Err(error) => Check::new("configuration", Health::Missing, error.one_line())
            .remedy("set OAR_CONFIG_FILE and OAR_JWK; `oarctl config validate` says more"),
    }
    .needed_by(&commands)
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

/// Only whether a ticket cache or keytab is named: no command of this version uses Kerberos.
fn kerberos(around: &Surroundings) -> Check {
    let named = ["KRB5CCNAME", "KRB5_CLIENT_KTNAME"]
        .into_iter()
        .find_map(|name| Some(format!("{name}={}", around.environment.get(name)?)));
    match named {
        Some(named) => Check::ok("Kerberos", named),
        None => Check::new("Kerberos", Health::Warning, "no ticket cache or keytab is named")
            .remedy("run kinit, or set KRB5_CLIENT_KTNAME; commands on advisories need it"),
    }
}

/// What the token may do, and whether our clock agrees with GitHub's.
async fn github(around: &Surroundings) -> Vec<Check> {
    let Ok(http) = around.http(None) else { return Vec::new() };
    let token = around.secret("GITHUB_TOKEN", "doctor");
    if token.read().is_err() {
        return Vec::new();
    }
    match HttpGitHub::new(&http, token).limits().await {
        Ok(limits) => {
            let detail = format!("{} of {} requests left", limits.remaining, limits.limit);
            let mut checks = vec![Check::ok("GitHub token", detail)];
            let theirs = limits.server_time;
            checks.extend(theirs.map(|theirs| clock_check(around.clock.now(), theirs)));
            checks
        }
        Err(error) => {
            let text = crate::error::one_line(&error);
            vec![Check::new("GitHub token", Health::Failed, text).remedy("create a new token")]
        }
    }
}
