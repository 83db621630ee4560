//! Credentials of registries in the files that container tools share (spec 03 §10.4).

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oar_transport::Secret;
use oar_transport::env::Environment;
use serde::Deserialize;

use crate::image_ref::Repository;

/// Longest file that is read, bytes.
const LONGEST: usize = 1024 * 1024;

/// User and password of a registry.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) user: Secret,
    pub(crate) password: Secret,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

/// A file of credentials cannot be used; its content is not part of the message.
#[derive(Debug, thiserror::Error)]
#[error("the registry credentials in {} cannot be used: {problem}", path.display())]
pub struct AuthFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: &'static str,
    /// Why it could not be read.
    #[source]
    pub source: Option<io::Error>,
}

/// Where credentials are looked for. The files are read when a registry asks for a credential, so
/// that a renewed one takes effect in a running agent.
#[derive(Debug, Clone, Default)]
pub struct AuthFiles {
    named: Option<PathBuf>,
    usual: Vec<PathBuf>,
}

impl AuthFiles {
    /// No files: anonymous everywhere.
    pub fn none() -> Self {
        Self::default()
    }

    /// The file `named` by a flag or `REGISTRY_AUTH_FILE`, then the usual places:
    /// `$XDG_RUNTIME_DIR/containers/auth.json`, `$DOCKER_CONFIG/config.json`,
    /// `~/.docker/config.json`. The first that has an entry for a repository counts.
    pub fn new(environment: &Environment, named: Option<PathBuf>) -> Self {
        let below = |variable: &str, file: &str| {
            environment.get(variable).map(|folder| Path::new(&folder).join(file))
        };
        let usual = [
            below("XDG_RUNTIME_DIR", "containers/auth.json"),
            below("DOCKER_CONFIG", "config.json"),
            below("HOME", ".docker/config.json"),
        ];
        let named = named.or_else(|| environment.get("REGISTRY_AUTH_FILE").map(PathBuf::from));
        Self { named, usual: usual.into_iter().flatten().collect() }
    }

    /// The credential for `repository`; the most specific path of a file wins.
    pub(crate) fn login(&self, repository: &Repository) -> Result<Option<Login>, AuthFileError> {
        for (path, must_exist) in
            self.named.iter().map(|p| (p, true)).chain(self.usual.iter().map(|p| (p, false)))
        {
            let content = match std::fs::read(path) {
                Ok(content) => content,
                Err(error) if !must_exist && error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    let problem = "it cannot be read";
                    return Err(AuthFileError { path: path.clone(), problem, source: Some(error) });
                }
            };
            let login = find(&content, repository).map_err(|problem| AuthFileError {
                path: path.clone(),
                problem,
                source: None,
            })?;
            if login.is_some() {
                return Ok(login);
            }
        }
        Ok(None)
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    auth: Option<String>,
}

fn find(content: &[u8], repository: &Repository) -> Result<Option<Login>, &'static str> {
    if content.len() > LONGEST {
        return Err("it is too long");
    }
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(content).map_err(|_| "it is no JSON object")?;
    let file: File = serde_json::from_value(object.into()).map_err(|_| "auths is not as usual")?;
    let entries: BTreeMap<&str, &Entry> =
        file.auths.iter().map(|(key, entry)| (plain(key), entry)).collect();
    let name = repository.to_string();
    let mut key = name.as_str();
    loop {
        // An entry without `auth` points to a helper program, which is not run.
        if let Some(auth) = entries.get(key).and_then(|entry| entry.auth.as_deref()) {
            return login(auth).map(Some);
        }
        match key.rsplit_once('/') {
            Some((shorter, _)) => key = shorter,
            None => return Ok(None),
        }
    }
}

/// Keys were addresses once: `https://quay.io/v1/`.
fn plain(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key)
}

fn login(auth: &str) -> Result<Login, &'static str> {
    let problem = "an entry's auth is not base64 of user:password";
    let pair = STANDARD.decode(auth.trim()).map_err(|_| problem)?;
    let pair = String::from_utf8(pair).map_err(|_| problem)?;
    let (user, password) = pair.split_once(':').ok_or(problem)?;
    // Some tools pad the pair with zero bytes.
    let password = password.trim_end_matches('\0');
    Ok(Login { user: Secret::new(user), password: Secret::new(password) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(user: &str) -> serde_json::Value {
        json!({ "auth": STANDARD.encode(format!("{user}:canary:1")) })
    }

    fn user(content: &serde_json::Value, repository: &str) -> Option<String> {
        let login = find(content.to_string().as_bytes(), &repository.parse().unwrap()).unwrap()?;
        assert_eq!(login.password.expose(), "canary:1");
        Some(login.user.expose().to_owned())
    }

    #[test]
    fn the_most_specific_entry_wins_and_paths_are_whole() {
        let file = json!({ "auths": {
            "quay.io": entry("host"), "quay.io/group": entry("group"),
            "https://registry.example.com/v2/": entry("old"), "helper.example.com": {},
        } });
        assert_eq!(user(&file, "quay.io/group/name").as_deref(), Some("group"));
        assert_eq!(user(&file, "quay.io/group2/name").as_deref(), Some("host"));
        assert_eq!(user(&file, "registry.example.com/x").as_deref(), Some("old"));
        assert_eq!(user(&file, "helper.example.com/x"), None);
        assert_eq!(user(&file, "other.example.com/x"), None);
    }

    #[test]
    fn the_first_file_with_a_matching_entry_counts() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &serde_json::Value| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content.to_string()).unwrap();
            path
        };
        let named = write("named.json", &json!({ "auths": { "a.example.com": entry("named") } }));
        write("run/containers/auth.json", &json!({ "auths": { "b.example.com/x": entry("run") } }));
        write(
            "docker/config.json",
            &json!({ "auths": {
            "b.example.com": entry("docker"), "b.example.com/x/y": entry("never") } }),
        );
        let at = |part: &str| folder.path().join(part).to_str().unwrap().to_owned();
        let environment = Environment::from_map([
            ("REGISTRY_AUTH_FILE", "/nowhere/else.json".to_owned()),
            ("XDG_RUNTIME_DIR", at("run")),
            ("DOCKER_CONFIG", at("docker")),
            ("HOME", at("no-such-home")),
        ]);
        let files = AuthFiles::new(&environment, Some(named));
        let user = |name: &str| {
            let login = files.login(&name.parse().unwrap()).unwrap();
            login.map(|login| login.user.expose().to_owned())
        };
        assert_eq!(user("a.example.com/x").as_deref(), Some("named"));
        assert_eq!(user("b.example.com/x/y").as_deref(), Some("run"));
        assert_eq!(user("b.example.com/z").as_deref(), Some("docker"));
        assert_eq!(user("c.example.com/z"), None);
    }

    #[test]
    fn a_named_file_must_be_there() {
        let environment = Environment::from_map([("REGISTRY_AUTH_FILE", "/nowhere/else.json")]);
        let files = AuthFiles::new(&environment, None);
        let error = files.login(&"a.example.com/x".parse().unwrap()).unwrap_err();
        assert!(error.to_string().contains("/nowhere/else.json"), "{error}");
    }

    #[test]
    fn r04_a_broken_file_is_named_without_its_content() {
        let repository: Repository = "quay.io/x".parse().unwrap();
        for content in [
            "canary",
            "[\"canary\"]",
            r#"{"auths": "canary"}"#,
            r#"{"auths": {"quay.io": {"auth": "canary!"}}}"#,
            r#"{"auths": {"quay.io": {"auth": "Y2FuYXJ5"}}}"#,
        ] {
            let problem = find(content.as_bytes(), &repository).unwrap_err();
            assert!(!problem.contains("canary"), "{problem}");
        }
    }
}
