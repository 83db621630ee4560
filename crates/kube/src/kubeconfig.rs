//! Which server, and which token: what is read of a kubeconfig.

use std::path::{Path, PathBuf};

use oar_release::ErrorClass;
use oar_transport::{Secret, SecretSource};
use serde::Deserialize;

/// The server and the token of one context.
#[derive(Debug, Clone)]
pub struct Kubeconfig {
    /// Base URL of the server.
    pub server: String,
    /// The token.
    pub token: SecretSource,
}

/// A kubeconfig that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// The file cannot be read.
    #[error("the kubeconfig {} cannot be read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no kubeconfig. Its content is not shown: it holds secrets.
    #[error("{} is no kubeconfig", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
    /// Something that is needed is not in it.
    #[error("the kubeconfig {} has no {what}", path.display())]
    Missing {
        /// Which file.
        path: PathBuf,
        /// What is missing, as a noun.
        what: String,
    },
}

impl KubeconfigError {
    /// Always a missing setting (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        ErrorClass::NotConfigured
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    #[serde(default)]
    current_context: String,
    #[serde(default)]
    contexts: Vec<Named<ContextPart>>,
    #[serde(default)]
    clusters: Vec<Named<ClusterPart>>,
    #[serde(default)]
    users: Vec<Named<UserPart>>,
}

#[derive(Deserialize)]
struct Named<T> {
    name: String,
    #[serde(alias = "context", alias = "cluster", alias = "user")]
    part: T,
}

#[derive(Deserialize)]
struct ContextPart {
    cluster: String,
    user: String,
}

#[derive(Deserialize)]
struct ClusterPart {
    server: String,
}

#[derive(Deserialize)]
struct UserPart {
    #[serde(default)]
    token: Option<String>,
    #[serde(default, rename = "tokenFile")]
    token_file: Option<PathBuf>,
}

impl Kubeconfig {
    /// Reads the context `context` of the file, or its current one.
    pub fn read(path: &Path, context: Option<&str>) -> Result<Self, KubeconfigError> {
        let unreadable =
            |path: &Path, source| KubeconfigError::Unreadable { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(|source| unreadable(path, source))?;
        let file: File = serde_yaml::from_str(&text)
            .map_err(|_| KubeconfigError::Malformed { path: path.to_owned() })?;
        let missing = |what: String| KubeconfigError::Missing { path: path.to_owned(), what };
        let context = context.unwrap_or(&file.current_context);
        let of =
            find(&file.contexts, context).ok_or_else(|| missing(format!("context {context:?}")))?;
        let cluster = find(&file.clusters, &of.cluster)
            .ok_or_else(|| missing(format!("cluster {:?}", of.cluster)))?;
        let user =
            find(&file.users, &of.user).ok_or_else(|| missing(format!("user {:?}", of.user)))?;
        let token = match (&user.token, &user.token_file) {
            (Some(token), _) if !token.trim().is_empty() => token.trim().to_owned(),
            (_, Some(file)) => {
                // Relative to the kubeconfig, as kubectl has it.
                let file = path.parent().unwrap_or(Path::new(".")).join(file);
                let text = std::fs::read_to_string(&file).map_err(|e| unreadable(&file, e))?;
                text.trim().to_owned()
            }
            _ => String::new(),
        };
        if token.is_empty() {
            return Err(missing(format!("token of {:?}", of.user)));
        }
        Ok(Self { server: cluster.server.clone(), token: Secret::new(token).into() })
    }
}

fn find<'a, T>(list: &'a [Named<T>], name: &str) -> Option<&'a T> {
    list.iter().find(|named| named.name == name).map(|named| &named.part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "apiVersion: v1
kind: Config
current-context: ci
contexts:
- name: ci
  context: {cluster: one, user: me, namespace: ocp}
- name: other
  context: {cluster: one, user: nobody}
clusters:
- name: one
  cluster: {server: 'https://api.example.com:6443', insecure-skip-tls-verify: true}
users:
- name: me
  user: {tokenFile: token}
- name: nobody
  user: {client-certificate-data: QQ==}
";

    #[test]
    fn server_and_token_come_from_the_current_context() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, FILE).unwrap();
        std::fs::write(folder.path().join("token"), "canary-1\n").unwrap();
        let config = Kubeconfig::read(&path, None).unwrap();
        assert_eq!(config.server, "https://api.example.com:6443");
        assert_eq!(config.token.read().unwrap().expose(), "canary-1");
        let said = |context| Kubeconfig::read(&path, Some(context)).unwrap_err().to_string();
        assert!(said("other").ends_with("has no token of \"nobody\""), "{}", said("other"));
        assert!(said("third").ends_with("has no context \"third\""));
        assert!(!format!("{config:?}").contains("canary"));
        std::fs::write(&path, "- canary-2").unwrap();
        let error = Kubeconfig::read(&path, None).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
