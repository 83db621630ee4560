//! Mentions of people in a message (spec 05 §2.3). A failed look-up never suppresses a message: the
//! plain address stands in.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};

use crate::client::SlackRead;
use crate::text::{escape, lookup_address};

/// People looked up at the same time.
const AT_ONCE: usize = 5;

/// The people of one message, by the address they were asked for with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    mentions: BTreeMap<String, String>,
    /// One line per person who could not be looked up.
    pub warnings: Vec<String>,
}

impl People {
    /// Looks up everybody in `addresses`, each person once. What is no address (`Unknown`, empty) is
    /// not asked for.
    pub async fn look_up<'a>(
        slack: &dyn SlackRead,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let wanted: BTreeSet<String> = addresses.into_iter().filter_map(lookup_address).collect();
        let ask = |address: String| async move {
            let answer = slack.user_by_email(&address).await;
            (address, answer)
        };
        let mut asked = stream::iter(wanted).map(ask).buffered(AT_ONCE);
        let mut people = Self::default();
        while let Some((address, answer)) = asked.next().await {
            let problem = match answer {
                Ok(Some(user)) => {
                    people.mentions.insert(address, user.to_string());
                    continue;
                }
                Ok(None) => format!("Slack knows nobody with the address {address}"),
                Err(error) => format!("{address} could not be looked up in Slack: {error}"),
            };
            tracing::warn!("{problem}");
            people.warnings.push(problem);
        }
        people
    }

    /// What stands for `address` in a message: the mention, else the address without its tag, else
    /// the text as it was given, escaped.
    pub fn mention(&self, address: &str) -> String {
        match lookup_address(address) {
            None => escape(address),
            Some(plain) => self.mentions.get(&plain).cloned().unwrap_or_else(|| escape(&plain)),
        }
    }
}
