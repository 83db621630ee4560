//! Who asks the storage of artefacts (spec 04 §7.1).

use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use oar_prow_jobs::{GcsAccess, HttpGcs, SCOPE};
use oar_transport::google::{GoogleTokens, ServiceAccount};

use crate::error::CliError;
use crate::wiring::Surroundings;

/// The variable with the path of the key file.
const KEY_FILE: &str = "GCS_CRED_FILE";
/// A token with less time left is renewed.
const RENEW: SignedDuration = SignedDuration::from_mins(5);

impl Surroundings {
    /// The storage, asked as the service account of `GCS_CRED_FILE`; without one only public buckets
    /// answer. One client, and so one token, for the life of this process.
    pub(crate) fn storage(&self) -> Result<HttpGcs, CliError> {
        if let Some(storage) = self.storage.get() {
            return Ok(storage.clone());
        }
        let http = self.http_at(self.settings.endpoints()?);
        let key_file = self.environment.get(KEY_FILE).filter(|path| !path.trim().is_empty());
        let access = match key_file.map(PathBuf::from) {
            _ if self.sandbox.is_some() => {
                GcsAccess::Token(self.secret(KEY_FILE, "artefacts of runs"))
            }
            Some(path) => {
                let account = ServiceAccount::read(KEY_FILE, &path)
                    .map_err(|error| CliError::from_error(error.class(), &error))?;
                GcsAccess::Account(Arc::new(GoogleTokens::new(&http, account, SCOPE, RENEW)))
            }
            None => GcsAccess::Anonymous,
        };
        Ok(self.storage.get_or_init(|| HttpGcs::new(&http, access)).clone())
    }
}
