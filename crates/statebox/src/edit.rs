//! One change of one text: what every writer of a StateBox goes through.

use jiff::Timestamp;
use oar_release::time::stamp;
use oar_yaml::rewrite;

use crate::error::StateBoxError;
use crate::model::StateBox;
use crate::read;

/// What a change made of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited<T> {
    /// The new text; `None` when nothing changed, so that there is nothing to commit.
    pub text: Option<String>,
    /// The state afterwards.
    pub state: StateBox,
    /// What the change answered.
    pub outcome: T,
}

/// Applies `change` to the StateBox in `text` (the file at `path`) as of `now`.
///
/// Only the entries that differ are written anew and `updated_at` is set; when nothing else would
/// change the text stays as it is. An empty or corrupt file is an error and stays as it is, too.
pub fn edit<T>(
    path: &str,
    text: &str,
    now: Timestamp,
    change: impl FnOnce(&mut StateBox) -> Result<T, StateBoxError>,
) -> Result<Edited<T>, StateBoxError> {
    let document = read::parse_document(path, text)?;
    let mut state = read::read(path, &document)?;
    let updated_at = state.updated_at.clone();
    let outcome = change(&mut state)?;
    state.updated_at = updated_at;
    let mut value = state.to_value();
    if document.holds(&value) {
        return Ok(Edited { text: None, state, outcome });
    }
    state.updated_at = stamp(now);
    if let Some(root) = value.as_map_mut() {
        root.set("updated_at", state.updated_at.as_str());
    }
    let text = rewrite(&document, &value);
    Ok(Edited { text: Some(text), state, outcome })
}
