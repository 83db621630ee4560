//! Channel ids by name: histories are read by id, while posts are addressed by name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::request::is_id;

/// Pages of channels that are read at most; 1,000 channels a page.
pub(crate) const MAX_PAGES: usize = 20;

/// The ids that were looked up in this process.
#[derive(Debug, Default)]
pub(crate) struct Channels(Mutex<HashMap<String, String>>);

impl Channels {
    /// The id of `channel` as far as it is known: an id is its own.
    pub(crate) fn known(&self, channel: &str) -> Option<String> {
        if is_id(channel) {
            return Some(channel.to_owned());
        }
        let name = channel.trim_start_matches('#');
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn remember(&self, name: String, id: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, id);
    }
}
