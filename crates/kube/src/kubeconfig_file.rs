//! The parts of a kubeconfig that matter, as they are written.

use std::path::PathBuf;

use oar_transport::Secret;
use serde::{Deserialize, Deserializer};
use serde_yaml::Value;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) current_context: String,
    #[serde(default)]
    pub(crate) contexts: Vec<Named<ContextPart>>,
    #[serde(default)]
    pub(crate) clusters: Vec<Named<ClusterPart>>,
    #[serde(default)]
    pub(crate) users: Vec<Named<UserPart>>,
}

#[derive(Deserialize)]
pub(crate) struct Named<T> {
    name: String,
    #[serde(alias = "context", alias = "cluster", alias = "user")]
    part: T,
}

#[derive(Deserialize)]
pub(crate) struct ContextPart {
    pub(crate) cluster: String,
    pub(crate) user: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct ClusterPart {
    pub(crate) server: String,
    #[serde(default)]
    pub(crate) insecure_skip_tls_verify: bool,
    #[serde(default)]
    pub(crate) certificate_authority: Option<PathBuf>,
    #[serde(default)]
    pub(crate) certificate_authority_data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct UserPart {
    #[serde(default, deserialize_with = "secret")]
    pub(crate) token: Option<Secret>,
    #[serde(default, rename = "tokenFile")]
    pub(crate) token_file: Option<PathBuf>,
    #[serde(default)]
    pub(crate) client_certificate: Option<PathBuf>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) client_certificate_data: Option<Secret>,
    #[serde(default)]
    pub(crate) client_key: Option<PathBuf>,
    #[serde(default, deserialize_with = "secret")]
    pub(crate) client_key_data: Option<Secret>,
    #[serde(default)]
    pub(crate) exec: Option<Value>,
    #[serde(default)]
    pub(crate) auth_provider: Option<Value>,
    #[serde(default, rename = "as")]
    as_user: Option<String>,
    #[serde(default)]
    as_uid: Option<String>,
    #[serde(default)]
    as_groups: Option<Vec<String>>,
}

impl UserPart {
    /// Whether requests are to be made in the name of somebody else.
    pub(crate) fn acts_as_another(&self) -> bool {
        let is_named = |name: &Option<String>| name.as_ref().is_some_and(|name| !name.is_empty());
        let has_groups = self.as_groups.as_ref().is_some_and(|groups| !groups.is_empty());
        is_named(&self.as_user) || is_named(&self.as_uid) || has_groups
    }
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Secret::new))
}

/// The entry of this name.
pub(crate) fn find<'a, T>(list: &'a [Named<T>], name: &str) -> Option<&'a T> {
    list.iter().find(|named| named.name == name).map(|named| &named.part)
}
