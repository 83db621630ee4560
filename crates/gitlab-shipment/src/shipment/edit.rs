//! Takes issues out of a shipment file and leaves every other byte alone (spec 03 §4.2).

use std::collections::BTreeSet;

use oar_yaml::{Document, Entry, Map, Node, Value, rewrite};

use super::error::ShipmentError;
use super::issues::is_jira_source;

/// A file without some of its issues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The new text; the old one when nothing was removed.
    pub text: String,
    /// The keys that were removed, sorted.
    pub keys: Vec<String>,
}

const PATH: [&str; 4] = ["shipment", "data", "releaseNotes", "issues"];

/// `text`, the content of `file`, without the fixed Jira issues whose key is in `droppable`.
///
/// Items go by whole lines. When the list becomes empty the `issues` node goes with it, unless
/// something else is in there. The result is read again: anything but the removed entries that
/// differs is an error, and nothing may be written.
pub fn without_issues(
    file: &str,
    text: &str,
    droppable: &BTreeSet<String>,
) -> Result<Dropped, ShipmentError> {
    let data = |reason: String| ShipmentError::Data { file: file.to_owned(), reason };
    let mut current = text.to_owned();
    let mut keys = BTreeSet::new();
    // One at a time: then the writer removes exactly the item's lines, and nothing between two.
    while let Some((key, next)) = without_first(&current, droppable).map_err(data)? {
        keys.insert(key);
        current = next;
    }
    Ok(Dropped { text: current, keys: keys.into_iter().collect() })
}

/// The key of the first droppable item, and the text without it.
fn without_first(
    text: &str,
    droppable: &BTreeSet<String>,
) -> Result<Option<(String, String)>, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let Some(issues) = issues_entry(document.root()) else { return Ok(None) };
    let Some(fixed) = issues.value.get("fixed") else { return Ok(None) };
    let found = fixed.items().iter().enumerate().find_map(|(at, item)| {
        let key = item.value.get("id").and_then(Node::text)?;
        let source = item.value.get("source").and_then(Node::as_str)?;
        (droppable.contains(key) && is_jira_source(source)).then(|| (at, key.to_owned()))
    });
    let Some((at, key)) = found else { return Ok(None) };
    let (wanted, place) = removed(document.root(), at);
    let new = rewrite(&document, &wanted);
    check(&document, &new, &wanted, issues, place)?;
    Ok(Some((key, new)))
}

/// What an edit may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The item's own lines.
    Item,
    /// The entry `issues`, which went as a whole.
    Issues,
}

/// The value of the whole document without the `at`-th fixed issue.
fn removed(root: &Node<'_>, at: usize) -> (Value, Place) {
    let mut value = root.to_value();
    let mut place = Place::Item;
    let parent =
        PATH[..3].iter().try_fold(&mut value, |value, key| value.as_map_mut()?.get_mut(key));
    if let Some(parent) = parent.and_then(Value::as_map_mut)
        && let Some(issues) = parent.get_mut(PATH[3]).and_then(Value::as_map_mut)
    {
        let others = issues.entries().any(|(key, _)| key != "fixed");
        if without_item(issues, at) {
            place = Place::Issues;
            if !others {
                parent.remove(PATH[3]);
            }
        }
    }
    (value, place)
}

/// Takes the item out of `fixed`; true when the list would be empty and went as a whole.
fn without_item(issues: &mut Map, at: usize) -> bool {
    let Some(Value::Seq(items)) = issues.get_mut("fixed") else { return false };
    items.remove(at);
    let empty = items.is_empty();
    if empty {
        issues.remove("fixed");
    }
    empty
}

/// Re-reads the new text: it must hold exactly the wanted value, and be the old text outside the
/// lines of the `issues` entry; inside, only whole lines may be gone.
fn check(
    document: &Document<'_>,
    new: &str,
    wanted: &Value,
    issues: &Entry<'_>,
    place: Place,
) -> Result<(), String> {
    let read = Document::parse(new).map_err(|error| format!("the edit broke it: {error}"))?;
    if !read.holds(wanted) {
        return Err("the edit would change more than the issue".to_owned());
    }
    let old = document.source();
    let start = old[..issues.key_span.start].rfind('\n').map_or(0, |end| end + 1);
    let end = line_end(old, issues.value.span.end);
    let tail = &old[end..];
    let outside = new.starts_with(&old[..start]) && new.ends_with(tail);
    if !outside || new.len() < start + tail.len() {
        return Err("the edit would touch lines outside the list of issues".to_owned());
    }
    let is_flow = is_flow(&issues.value);
    let (before, after) = (&old[start..end], &new[start..new.len() - tail.len()]);
    if place == Place::Item && !is_flow && !is_made_by_removing_lines(before, after) {
        return Err("the edit would change other lines of the list of issues".to_owned());
    }
    Ok(())
}

/// The end of the line that byte `at` ends, or `at` itself when it starts a line.
fn line_end(text: &str, at: usize) -> usize {
    if at == 0 || text[..at].ends_with('\n') {
        return at;
    }
    text[at..].find('\n').map_or(text.len(), |length| at + length + 1)
}

fn is_flow(issues: &Node<'_>) -> bool {
    use oar_yaml::Data;
    let flow = |node: &Node<'_>| {
        matches!(node.data, Data::Map { flow: true, .. } | Data::Seq { flow: true, .. })
    };
    flow(issues) || issues.get("fixed").is_some_and(flow)
}

fn is_made_by_removing_lines(before: &str, after: &str) -> bool {
    let mut kept = after.split_inclusive('\n').peekable();
    for line in before.split_inclusive('\n') {
        kept.next_if_eq(&line);
    }
    kept.peek().is_none()
}

/// The entry `issues` of the release notes.
fn issues_entry<'n, 'a>(root: &'n Node<'a>) -> Option<&'n Entry<'a>> {
    let notes = PATH[..3].iter().try_fold(root, |node, key| node.get(key))?;
    notes.entries().iter().find(|entry| entry.key == PATH[3])
}

#[cfg(test)]
mod tests;
