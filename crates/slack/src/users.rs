//! People found by e-mail, remembered for the process's lifetime, misses too (spec 05 §2.3).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::types::UserId;

/// What Slack says of an address.
#[derive(Debug, Clone)]
pub(crate) enum Lookup {
    Found(UserId),
    Nobody,
}

impl Lookup {
    pub(crate) fn user(self) -> Option<UserId> {
        match self {
            Self::Found(user) => Some(user),
            Self::Nobody => None,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Users(Mutex<HashMap<String, Lookup>>);

impl Users {
    /// `None` when the address was never looked up.
    pub(crate) fn known(&self, email: &str) -> Option<Lookup> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(email).cloned()
    }

    pub(crate) fn remember(&self, email: &str, lookup: Lookup) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(email.to_owned(), lookup);
    }
}
