//! People found by e-mail, remembered for the process's lifetime, misses too (spec 05 §2.3).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::types::UserId;

#[derive(Debug, Default)]
pub(crate) struct Users(Mutex<HashMap<String, Option<UserId>>>);

impl Users {
    /// `None` when the address was never looked up.
    pub(crate) fn known(&self, email: &str) -> Option<Option<UserId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(email).cloned()
    }

    pub(crate) fn remember(&self, email: &str, user: Option<UserId>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(email.to_owned(), user);
    }
}
