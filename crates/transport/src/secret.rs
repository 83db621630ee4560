//! Secrets: values that no log, error or `Debug` output can show.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oar_release::ErrorClass;
use secrecy::{ExposeSecret, SecretString};

use crate::env::Environment;

/// A secret value. Wiped from memory when dropped; `Debug` and `Display` show a placeholder.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes `value` into custody.
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value, for the one place that hands it to its service.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[SECRET_REDACTED]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[SECRET_REDACTED]")
    }
}

/// A secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Neither the variable nor its `_FILE` companion has a value.
    #[error("{name} (or {name}_FILE) is not set; {purpose} needs it")]
    Missing {
        /// The variable.
        name: String,
        /// What needs it, as a noun: "the state repository".
        purpose: String,
    },
    /// `<NAME>_FILE` names a file that cannot be read or is empty.
    #[error("{name}_FILE names {path:?}, which {problem}; {purpose} needs it")]
    File {
        /// The variable without `_FILE`.
        name: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
        /// What needs it.
        purpose: String,
        /// The reason, when the file could not be read.
        #[source]
        source: Option<std::io::Error>,
    },
    /// A file with a secret, named elsewhere than in a variable, cannot be read or is empty.
    #[error("{path:?} {problem}; {purpose} needs it")]
    OwnFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
        /// What needs it.
        purpose: String,
        /// The reason, when the file could not be read.
        #[source]
        source: Option<std::io::Error>,
    },
}

impl SecretError {
    /// Always a missing setting (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        ErrorClass::NotConfigured
    }

    /// The variable that should have held the secret, where it was to come from one.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Missing { name, .. } | Self::File { name, .. } => Some(name),
            Self::OwnFile { .. } => None,
        }
    }
}

/// Where a secret comes from. It is read again on every use, so a rotated token takes effect in a
/// running agent (spec 01 §3).
#[derive(Debug, Clone)]
pub struct SecretSource(Arc<Origin>);

#[derive(Debug)]
enum Origin {
    Environment { environment: Environment, name: String, purpose: String },
    File { path: PathBuf, purpose: String },
    Fixed(Secret),
}

impl SecretSource {
    /// The secret in `<name>_FILE` (a path, wins) or `<name>`, needed by `purpose`.
    pub fn variable(environment: &Environment, name: &str, purpose: &str) -> Self {
        Self(Arc::new(Origin::Environment {
            environment: environment.clone(),
            name: name.to_owned(),
            purpose: purpose.to_owned(),
        }))
    }

    /// The secret in the file `path`, needed by `purpose`.
    pub fn file(path: impl Into<PathBuf>, purpose: &str) -> Self {
        Self(Arc::new(Origin::File { path: path.into(), purpose: purpose.to_owned() }))
    }

    /// Reads the secret now, trimmed.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match &*self.0 {
            Origin::File { path, purpose } => read_own_file(path, purpose),
            Origin::Fixed(secret) => Ok(secret.clone()),
            Origin::Environment { environment, name, purpose } => {
                read_variable(environment, name, purpose)
            }
        }
    }
}

impl From<Secret> for SecretSource {
    fn from(secret: Secret) -> Self {
        Self(Arc::new(Origin::Fixed(secret)))
    }
}

fn read_variable(env: &Environment, name: &str, purpose: &str) -> Result<Secret, SecretError> {
    let value = match env.get(&format!("{name}_FILE")) {
        Some(path) => read_file(PathBuf::from(path), name, purpose)?,
        None => env.get(name).unwrap_or_default(),
    };
    let value = value.trim();
    if value.is_empty() {
        return Err(SecretError::Missing { name: name.to_owned(), purpose: purpose.to_owned() });
    }
    Ok(Secret::new(value))
}

fn read_own_file(path: &Path, purpose: &str) -> Result<Secret, SecretError> {
    let failed = |problem, source| SecretError::OwnFile {
        path: path.to_owned(),
        problem,
        purpose: purpose.to_owned(),
        source,
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| failed("cannot be read", Some(error)))?;
    match text.trim() {
        "" => Err(failed("is empty", None)),
        value => Ok(Secret::new(value)),
    }
}

fn read_file(path: PathBuf, name: &str, purpose: &str) -> Result<String, SecretError> {
    let failed = |path, problem, source| SecretError::File {
        name: name.to_owned(),
        path,
        problem,
        purpose: purpose.to_owned(),
        source,
    };
    match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().is_empty() => Err(failed(path, "is empty", None)),
        Ok(text) => Ok(text),
        Err(error) => Err(failed(path, "cannot be read", Some(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(variables: &[(&str, &str)]) -> SecretSource {
        let environment = Environment::from_map(variables.iter().copied());
        SecretSource::variable(&environment, "GITHUB_TOKEN", "the state repository")
    }

    #[test]
    fn a_missing_secret_names_the_variable_and_what_needs_it() {
        for variables in [&[][..], &[("GITHUB_TOKEN", "")], &[("GITHUB_TOKEN", " \n")]] {
            let error = source(variables).read().unwrap_err();
            assert_eq!(
                error.to_string(),
                "GITHUB_TOKEN (or GITHUB_TOKEN_FILE) is not set; the state repository needs it"
            );
            assert_eq!(error.class(), ErrorClass::NotConfigured);
        }
    }

    #[test]
    fn the_file_wins_is_trimmed_and_is_read_again_on_every_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "first\n").unwrap();
        let source =
            source(&[("GITHUB_TOKEN", "plain"), ("GITHUB_TOKEN_FILE", path.to_str().unwrap())]);
        assert_eq!(source.read().unwrap().expose(), "first");
        std::fs::write(&path, "  second  \n").unwrap();
        assert_eq!(source.read().unwrap().expose(), "second");
        std::fs::write(&path, "\n").unwrap();
        assert!(source.read().unwrap_err().to_string().contains("is empty"));
        std::fs::remove_file(&path).unwrap();
        assert!(source.read().unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn a_file_of_its_own_is_read_again_on_every_use() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let source = SecretSource::file(&path, "the label");
        let error = source.read().unwrap_err();
        assert!(error.to_string().contains("cannot be read; the label needs it"), "{error}");
        assert_eq!((error.class(), error.variable()), (ErrorClass::NotConfigured, None));
        for (text, expected) in
            [("first\n", Some("first")), ("second", Some("second")), ("\n", None)]
        {
            std::fs::write(&path, text).unwrap();
            assert_eq!(source.read().ok().as_ref().map(Secret::expose), expected);
        }
    }

    #[test]
    fn no_rendering_shows_the_value() {
        let secret = Secret::new("canary-0002");
        let source = SecretSource::from(secret.clone());
        for shown in [format!("{secret}"), format!("{secret:?}"), format!("{source:?}")] {
            assert!(!shown.contains("canary"), "{shown}");
        }
    }
}
