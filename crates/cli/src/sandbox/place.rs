//! What stands in a served sandbox's folder for the programs, and the environment that leads there.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use oar_config::{ConfigKey, jwe};
use oar_release::ErrorClass;
use oar_sandbox::seed::{CONFIG, STATE_REPO};
use oar_sandbox::serve::{endpoints, served};
use oar_sandbox::{CREDENTIAL, signatures};
use serde_json::json;

use crate::error::CliError;

/// The key of the sandbox's configuration: everybody may know it, it opens nothing else.
const KEY: &str = "sandbox-key-16-b";
/// Registries that have no service of their own.
const OTHER_REGISTRIES: [&str; 2] = ["registry.access.redhat.com", "registry.ci.openshift.org"];
/// Credentials; the sandbox believes every one.
const TOKENS: [&str; 8] = [
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "JIRA_TOKEN",
    "SLACK_BOT_TOKEN",
    "JENKINS_TOKEN",
    "APITOKEN",
    "RELEASE_PAYLOAD_MODIFIER_TOKEN",
    "JENKINS_USER",
];
/// No directory is served, and the real one is not to be asked: nobody listens there.
const NO_DIRECTORY: &str = "ldap://127.0.0.1:9";

/// Writes the files that programs read into `folder`, and answers the environment for the world at
/// `home`: nothing in it leads to the network.
pub(super) fn prepare(folder: &Path, home: &str) -> Result<BTreeMap<String, String>, CliError> {
    let of_folder = |name: &str| folder.join(name).display().to_string();
    let key = ConfigKey::parse(KEY)?;
    let config = jwe::encrypt(CONFIG.as_bytes(), &key)?;
    let program = std::env::current_exe().map_err(|error| failed(folder, &error))?;
    let files: [(&str, u32, Vec<u8>); 4] = [
        ("configstore.json", 0o600, config.into_bytes()),
        ("signature-key.gpg", 0o600, signatures::public_key()),
        ("oar.toml", 0o600, settings(home, &of_folder("signature-key.gpg")).into_bytes()),
        ("elliott", 0o700, elliott(&program, folder).into_bytes()),
    ];
    for (name, mode, content) in files {
        let path = folder.join(name);
        write(&path, mode, &content).map_err(|error| failed(&path, &error))?;
    }
    let mut environment: BTreeMap<String, String> = endpoints(home)
        .map(|(service, base)| (format!("OAR_ENDPOINT_{}", service.to_uppercase()), base))
        .collect();
    environment.extend(TOKENS.map(|name| (name.to_owned(), CREDENTIAL.to_owned())));
    environment.extend(
        [
            ("OAR_ENDPOINT_LDAP", NO_DIRECTORY),
            ("OAR_JWK", KEY),
            ("JIRA_USERNAME", "bot@example.com"),
            ("OAR_STATE_REPO", STATE_REPO),
            // A proxy of the machine is no way to the machine itself.
            ("NO_PROXY", "127.0.0.1"),
            ("no_proxy", "127.0.0.1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    environment.extend(
        [
            ("OAR_SETTINGS", "oar.toml"),
            ("OAR_CONFIG_FILE", "configstore.json"),
            ("OAR_ELLIOTT", "elliott"),
            ("OAR_STATE_DIR", ""),
        ]
        .map(|(name, file)| (name.to_owned(), of_folder(file).trim_end_matches('/').to_owned())),
    );
    Ok(environment)
}

/// What no variable says. A JSON text is a TOML text, too.
fn settings(home: &str, key: &str) -> String {
    let hosts: Vec<String> = OTHER_REGISTRIES
        .iter()
        .map(|host| format!("{} = {}\n", json!(host), json!(served(home, host))))
        .collect();
    format!(
        "# Written by `oarctl sandbox serve`.\n\
         [errata]\nkerberos_hosts = []\n\n\
         [signature]\nkeys = [{}]\n\n\
         [registry.hosts]\n{}",
        json!(key),
        hosts.concat()
    )
}

/// A program that programs take for elliott.
fn elliott(program: &Path, folder: &Path) -> String {
    let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
    let (program, folder) = (quoted(program), quoted(folder));
    format!("#!/bin/sh\nexec {program} --sandbox={folder} sandbox elliott -- \"$@\"\n")
}

fn write(path: &Path, mode: u32, content: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(mode).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    io::Write::write_all(&mut &file, content)
}

pub(super) fn failed(path: &Path, error: &io::Error) -> CliError {
    let text = format!("{} cannot be used: {error}", path.display());
    CliError::new(ErrorClass::NotConfigured, text)
}

#[cfg(test)]
mod tests {
    use oar_transport::Service;

    use super::*;

    #[test]
    fn every_service_leads_to_this_machine() {
        let folder = std::env::temp_dir().join(format!("oar-place-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let environment = prepare(&folder, "http://127.0.0.1:8080").expect("prepared");
        fs::remove_dir_all(&folder).expect("removed");
        for service in Service::ALL.into_iter().filter(|service| *service != Service::Registry) {
            let name = format!("OAR_ENDPOINT_{}", service.name().to_uppercase());
            let address = environment.get(&name).unwrap_or_else(|| panic!("{name}"));
            assert!(address.contains("://127.0.0.1:"), "{name}={address}");
        }
    }

    #[test]
    fn paths_with_odd_letters_survive_the_shell() {
        let script = elliott(Path::new("/a b/oarctl"), Path::new("/it's/world"));
        assert!(
            script.contains("exec '/a b/oarctl' --sandbox='/it'\\''s/world' sandbox"),
            "{script}"
        );
    }
}
