//! The one home of environment reads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The variables a process was started with, or an invented set in tests.
///
/// An empty value counts as unset (spec 00 §c). Reads of the real environment are not cached, so a
/// caller that looks again sees a change.
#[derive(Clone)]
pub struct Environment(Arc<Source>);

enum Source {
    Process,
    Map(BTreeMap<String, String>),
}

impl Environment {
    /// The environment of this process.
    pub fn from_process() -> Self {
        Self(Arc::new(Source::Process))
    }

    /// An invented environment; nothing of the real one shines through.
    pub fn from_map<K: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let map = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self(Arc::new(Source::Map(map)))
    }

    /// The value of `name`, or `None` when it is absent or empty.
    ///
    /// Bytes that are not UTF-8 are replaced: no setting of ours has a use for them.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match &*self.0 {
            Source::Process => process_variable(name)?,
            Source::Map(map) => map.get(name)?.clone(),
        };
        (!value.is_empty()).then_some(value)
    }

    /// Whether `name` is present with an empty value: only that can empty a list whose default is
    /// not empty (spec 00 §c).
    pub fn is_set_empty(&self, name: &str) -> bool {
        match &*self.0 {
            Source::Process => process_variable(name).is_some_and(|value| value.is_empty()),
            Source::Map(map) => map.get(name).is_some_and(String::is_empty),
        }
    }

    /// All non-empty variables that begin with `prefix`, keyed by the rest of their name in lower
    /// case: `with_prefix("OAR_ENDPOINT_")` answers `{"github_api": …}`.
    pub fn with_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        let pick = |(name, value): (String, String)| {
            let rest = name.strip_prefix(prefix)?.to_ascii_lowercase();
            (!rest.is_empty() && !value.is_empty()).then_some((rest, value))
        };
        match &*self.0 {
            Source::Process => process_variables().filter_map(pick).collect(),
            Source::Map(map) => map.clone().into_iter().filter_map(pick).collect(),
        }
    }
}

impl fmt::Debug for Environment {
    /// Never the values: half of them are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Source::Process => f.write_str("Environment(process)"),
            Source::Map(map) => f.debug_set().entries(map.keys()).finish(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one home of environment reads")]
fn process_variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn process_variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_unset_and_prefixes_give_lower_case_keys() {
        let environment = Environment::from_map([
            ("OAR_ENDPOINT_GITHUB_API", "http://127.0.0.1:1"),
            ("OAR_ENDPOINT_SLACK", ""),
            ("OTHER", "x"),
        ]);
        assert_eq!(environment.get("OAR_ENDPOINT_SLACK"), None);
        let endpoints = environment.with_prefix("OAR_ENDPOINT_");
        assert_eq!(
            endpoints.into_iter().collect::<Vec<_>>(),
            [("github_api".to_owned(), "http://127.0.0.1:1".to_owned())]
        );
    }

    #[test]
    fn debug_output_shows_names_but_no_values() {
        let shown = format!("{:?}", Environment::from_map([("GITHUB_TOKEN", "canary-0001")]));
        assert!(shown.contains("GITHUB_TOKEN"));
        assert!(!shown.contains("canary"));
    }
}
