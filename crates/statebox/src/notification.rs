//! Remembering which messages were sent, so that a rerun does not repeat them (spec 05 §3).

use jiff::Timestamp;
use oar_release::time::stamp;

use crate::model::{Notification, StateBox};

impl StateBox {
    /// True when the last message of this kind had this content.
    pub fn was_notified(&self, kind: &str, hash: &str) -> bool {
        self.notifications.iter().any(|sent| sent.kind == kind && sent.hash == hash)
    }

    /// Remembers a message of `kind` with the content hash `hash` as sent at `now`. The same message
    /// again changes nothing.
    pub fn record_notification(&mut self, kind: &str, hash: &str, now: Timestamp) {
        if self.was_notified(kind, hash) {
            return;
        }
        let at = self.notifications.iter().position(|sent| sent.kind == kind);
        let at = at.unwrap_or_else(|| {
            self.notifications.push(Notification {
                kind: kind.to_owned(),
                hash: String::new(),
                sent_at: String::new(),
                raw: oar_yaml::Map::new(),
            });
            self.notifications.len() - 1
        });
        hash.clone_into(&mut self.notifications[at].hash);
        self.notifications[at].sent_at = stamp(now);
    }
}
