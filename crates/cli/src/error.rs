//! Errors as people and programs meet them: what, why, and what to do.

use std::fmt::Write as _;

use oar_operators::OperatorError;
use oar_operators::report::error_chain;
use oar_release::ErrorClass;
use oar_release::Masker;
use oar_transport::EndpointError;
use serde_json::{Value, json};

use crate::exit::{Codes, Exit};
use crate::render::table::{BAD, BOLD, paint};
use crate::stop::Stop;

/// A command failed.
#[derive(Debug)]
pub struct CliError {
    class: ErrorClass,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    /// The exit code in both tables, where the class alone does not say it.
    code: Option<u8>,
}

impl CliError {
    /// An error that is fully said in one sentence.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), causes: Vec::new(), hint: None, code: None }
    }

    /// `error` with its causes.
    pub fn from_error(class: ErrorClass, error: &dyn std::error::Error) -> Self {
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        Self { class, message: error.to_string(), causes, hint: None, code: None }
    }

    /// The same error with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Wrong use of the command line: exit code 2 in both tables.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: Some(2), ..Self::new(ErrorClass::InvalidArgument, message) }
    }

    /// The program was told to stop by `stop`.
    pub fn stopped(stop: Stop) -> Self {
        let message = format!("{stop}; running the same command again continues safely");
        Self { code: Some(stop.exit_code()), ..Self::new(ErrorClass::Cancelled, message) }
    }

    /// The error's class.
    pub const fn class(&self) -> ErrorClass {
        self.class
    }

    /// The exit code in the table `codes`.
    pub fn exit_code(&self, codes: Codes) -> u8 {
        self.code.unwrap_or_else(|| Exit::of_error(self.class).error_code(codes))
    }

    /// Message and causes in one line.
    pub fn one_line(&self) -> String {
        let mut line = self.message.clone();
        for cause in &self.causes {
            if !line.contains(cause.as_str()) {
                line = format!("{line}: {cause}");
            }
        }
        line
    }

    /// For stderr.
    pub fn text(&self, masker: &Masker) -> String {
        let label = paint(BAD, &format!("error[{}]", self.class.code()));
        let mut text = format!("{label}: {}\n", masker.mask(&self.message));
        // Writing to a String cannot fail.
        for cause in &self.causes {
            let _infallible = writeln!(text, "  cause: {}", masker.mask(cause));
        }
        if let Some(hint) = &self.hint {
            let _infallible = writeln!(text, "  {}: {}", paint(BOLD, "help"), masker.mask(hint));
        }
        text
    }

    /// For stdout with `--output json` or `yaml`.
    pub fn object(&self, masker: &Masker, correlation_id: &str) -> Value {
        let message = self.one_line();
        json!({
            "schema": "oar.error/1",
            "success": false,
            "error": {
                "code": self.class.code(),
                "message": masker.mask(&message),
                "retryable": self.class.is_retryable(),
                "hint": self.hint.as_deref().map(|hint| masker.mask(hint)),
                "correlation_id": correlation_id,
            }
        })
    }
}

/// Turns a crate's own error into a [`CliError`], keeping its class and causes.
macro_rules! from_classed {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                Self::from_error(error.class(), &error)
            }
        }
    )*};
}

from_classed!(
    oar_config::DocumentError,
    oar_config::JweError,
    oar_config::SettingsError,
    oar_github::GitHubError,
    oar_state_repo::RepoError,
    oar_transport::SecretError,
);

impl From<OperatorError> for CliError {
    fn from(error: OperatorError) -> Self {
        let hint = error.hint();
        let mut cli = Self::from_error(error.class(), &error);
        cli.hint = hint;
        let is_usage =
            matches!(error, OperatorError::WrongFlow { .. } | OperatorError::NoSuchBuild { .. });
        if is_usage {
            cli.code = Some(2);
        }
        cli
    }
}

impl From<EndpointError> for CliError {
    fn from(error: EndpointError) -> Self {
        Self::from_error(ErrorClass::InvalidArgument, &error)
    }
}

/// One line with all causes, for warnings.
pub fn one_line(error: &dyn std::error::Error) -> String {
    error_chain(error)
}
