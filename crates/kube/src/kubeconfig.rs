//! Which server, whom to trust and who we are: what is read of a kubeconfig.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oar_release::ErrorClass;
use oar_transport::real::{ServiceTls, TlsMaterialError};
use oar_transport::{Secret, SecretSource};

use crate::kubeconfig_file::{ClusterPart, File, UserPart, find};

/// What a token of a kubeconfig is for, in messages.
const PURPOSE: &str = "the label of release payloads";

/// One context of a kubeconfig. There is a token or a client certificate, or both.
#[derive(Debug, Clone)]
pub struct Kubeconfig {
    /// Base URL of the server.
    pub server: String,
    /// The token; one from a file is read again on every use.
    pub token: Option<SecretSource>,
    /// The server's authority and our certificate.
    pub tls: ServiceTls,
}

/// A kubeconfig that cannot be used. What it holds is never shown: it holds secrets.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// The file, or one that it names, cannot be read.
    #[error("the kubeconfig's file {} cannot be read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no kubeconfig.
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
    /// A certificate, a key or an address in it cannot be used.
    #[error("the kubeconfig {} has a bad {what}: {problem}", path.display())]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// Which entry, as a noun.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It asks for something that is not done here.
    #[error("the kubeconfig {}: {what}; {instead}", path.display())]
    Refused {
        /// Which file.
        path: PathBuf,
        /// What it asks for, with the name of the entry.
        what: String,
        /// What to do instead.
        instead: &'static str,
    },
}

impl KubeconfigError {
    /// Always a setting that is missing or has to be another one (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        ErrorClass::NotConfigured
    }
}

impl Kubeconfig {
    /// Reads the context `context` of the file, or its current one.
    pub fn read(path: &Path, context: Option<&str>) -> Result<Self, KubeconfigError> {
        let reader = Reader { path };
        let text = text(path)?;
        let file: File = serde_yaml::from_str(&text)
            .map_err(|_| KubeconfigError::Malformed { path: path.to_owned() })?;
        let context = context.unwrap_or(&file.current_context);
        let of = find(&file.contexts, context)
            .ok_or_else(|| reader.missing(format!("context {context:?}")))?;
        let cluster = find(&file.clusters, &of.cluster)
            .ok_or_else(|| reader.missing(format!("cluster {:?}", of.cluster)))?;
        let user = find(&file.users, &of.user)
            .ok_or_else(|| reader.missing(format!("user {:?}", of.user)))?;
        let tls = reader.trust(cluster, &of.cluster)?;
        let (token, tls) = reader.credential(user, &of.user, tls)?;
        Ok(Self { server: cluster.server.clone(), token, tls })
    }
}

fn text(path: &Path) -> Result<String, KubeconfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| KubeconfigError::Unreadable { path: path.to_owned(), source })
}

/// The file, for the names in it.
struct Reader<'a> {
    path: &'a Path,
}

impl Reader<'_> {
    /// What a cluster says about its certificate.
    fn trust(&self, cluster: &ClusterPart, name: &str) -> Result<ServiceTls, KubeconfigError> {
        if cluster.insecure_skip_tls_verify {
            let what =
                format!("the cluster {name:?} is not to be verified (insecure-skip-tls-verify)");
            return Err(self.refused(
                what,
                "give it a certificate-authority or use --ca-file: certificates are always verified",
            ));
        }
        let tls = ServiceTls::new(&cluster.server)
            .map_err(|error| self.unusable(format!("server of cluster {name:?}"), &error))?;
        let what = || format!("certificate-authority of cluster {name:?}");
        let data = cluster.certificate_authority_data.as_deref();
        match self.material(data, cluster.certificate_authority.as_deref(), what)? {
            Some(pem) => tls.trusting(&pem).map_err(|error| self.unusable(what(), &error)),
            None => Ok(tls),
        }
    }

    /// Who a user is: a token, a certificate, or both.
    fn credential(
        &self,
        user: &UserPart,
        name: &str,
        tls: ServiceTls,
    ) -> Result<(Option<SecretSource>, ServiceTls), KubeconfigError> {
        if user.acts_as_another() {
            return Err(self.refused(
                format!("the user {name:?} acts as somebody else (as)"),
                "name a user of its own",
            ));
        }
        let token = self.token(user)?;
        let what = |part: &str| format!("client-{part} of user {name:?}");
        let certificate = self.material(
            user.client_certificate_data.as_ref().map(Secret::expose),
            user.client_certificate.as_deref(),
            || what("certificate"),
        )?;
        let key = self.material(
            user.client_key_data.as_ref().map(Secret::expose),
            user.client_key.as_deref(),
            || what("key"),
        )?;
        let tls = match (certificate, key) {
            (Some(certificate), Some(key)) => {
                let key = String::from_utf8(key).map(Secret::new);
                let key = key.map_err(|_| self.unusable(what("key"), &TlsMaterialError::NoKey))?;
                tls.showing(&certificate, &key)
                    .map_err(|error| self.unusable(what("certificate"), &error))?
            }
            (Some(_), None) => return Err(self.missing(what("key"))),
            (None, Some(_)) => return Err(self.missing(what("certificate"))),
            (None, None) => tls,
        };
        if token.is_none() && !tls.shows_certificate() {
            return Err(self.no_credential(user, name));
        }
        Ok((token, tls))
    }

    fn token(&self, user: &UserPart) -> Result<Option<SecretSource>, KubeconfigError> {
        if let Some(token) = &user.token
            && !token.expose().trim().is_empty()
        {
            return Ok(Some(Secret::new(token.expose().trim()).into()));
        }
        let Some(file) = &user.token_file else { return Ok(None) };
        let file = self.beside(file);
        // Found out now, and read again on every use: such tokens are replaced while we run.
        if text(&file)?.trim().is_empty() {
            return Err(self.missing(format!("token in its file {}", file.display())));
        }
        Ok(Some(SecretSource::file(file, PURPOSE)))
    }

    fn no_credential(&self, user: &UserPart, name: &str) -> KubeconfigError {
        let instead = "no program is started for it: put a token there, as `oc login --token` does, \
                       or set RELEASE_PAYLOAD_MODIFIER_TOKEN";
        if user.exec.is_some() {
            return self.refused(format!("the user {name:?} logs in by a program (exec)"), instead);
        }
        if user.auth_provider.is_some() {
            let what = format!("the user {name:?} logs in by a provider (auth-provider)");
            return self.refused(what, instead);
        }
        self.missing(format!("token and no client certificate of {name:?}"))
    }

    /// Certificates or a key: those in the file win over those in a file that it names.
    fn material(
        &self,
        data: Option<&str>,
        file: Option<&Path>,
        what: impl Fn() -> String,
    ) -> Result<Option<Vec<u8>>, KubeconfigError> {
        if let Some(data) = data.filter(|data| !data.trim().is_empty()) {
            let data: String = data.split_ascii_whitespace().collect();
            let bytes = STANDARD.decode(data);
            return bytes.map(Some).map_err(|_| self.unusable(what(), &"it is no base64"));
        }
        let Some(file) = file.filter(|file| !file.as_os_str().is_empty()) else {
            return Ok(None);
        };
        let file = self.beside(file);
        let bytes = std::fs::read(&file);
        bytes.map(Some).map_err(|source| KubeconfigError::Unreadable { path: file, source })
    }

    /// Names are relative to the kubeconfig, as kubectl has it.
    fn beside(&self, file: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new(".")).join(file)
    }

    fn missing(&self, what: String) -> KubeconfigError {
        KubeconfigError::Missing { path: self.path.to_owned(), what }
    }

    fn unusable(&self, what: String, problem: &impl ToString) -> KubeconfigError {
        let problem = problem.to_string();
        KubeconfigError::Unusable { path: self.path.to_owned(), what, problem }
    }

    fn refused(&self, what: String, instead: &'static str) -> KubeconfigError {
        KubeconfigError::Refused { path: self.path.to_owned(), what, instead }
    }
}
