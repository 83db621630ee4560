//! Turns a text into one that holds another value and leaves every other byte alone.

use std::ops::Range;

use crate::emit;
use crate::node::{Data, Document, Entry, Item, Node, Style};
use crate::scalar::{ScalarKind, resolve};
use crate::value::{Map, Value};

/// The text of `document` changed so that it holds `value`.
///
/// Only the entries and items that differ are written anew (as [`emit`] writes them, at the columns
/// they have); order, quoting, comments and unknown keys elsewhere stay as they are. For a text that
/// [`emit::document`] wrote the result is the same as writing `value` as a whole. Where the layout
/// does not allow a local change (flow collections, aliases), the smallest enclosing entry is
/// written anew; the result always reads back as `value`.
pub fn rewrite(document: &Document<'_>, value: &Value) -> String {
    let mut edits = Edits { source: document.source(), list: Vec::new() };
    if same(document.root(), value) {
        return document.source().to_owned();
    }
    if edits.node(document.root(), value) {
        let text = edits.apply();
        let reads_back = Document::parse(&text).is_ok_and(|read| same(read.root(), value));
        if reads_back && !ends_open(document.source()) && !ends_open(&text) {
            return text;
        }
    }
    emit::document(value)
}

impl Document<'_> {
    /// True when the text holds exactly this value: same types, same order of keys.
    pub fn holds(&self, value: &Value) -> bool {
        same(self.root(), value)
    }
}

/// True when the text's last node may keep line breaks, where the end of the text matters.
fn ends_open(text: &str) -> bool {
    text.ends_with("\n\n") || text.ends_with("\n...\n")
}

/// True when the node holds this value, with the same types and the same order of keys.
fn same(node: &Node<'_>, value: &Value) -> bool {
    match (&node.data, value) {
        (Data::Scalar { text, style }, value) => same_scalar(text, *style, value),
        (Data::Seq { items, .. }, Value::Seq(values)) => {
            items.len() == values.len()
                && items.iter().zip(values).all(|(item, value)| same(&item.value, value))
        }
        (Data::Map { entries, .. }, Value::Map(map)) => {
            entries.len() == map.len()
                && entries
                    .iter()
                    .zip(map.iter())
                    .all(|(entry, (key, value))| same_key(entry, key) && same(&entry.value, value))
        }
        _ => false,
    }
}

fn same_key(entry: &Entry<'_>, key: &Value) -> bool {
    same_scalar(&entry.key, entry.key_style, key)
}

fn same_scalar(text: &str, style: Style, value: &Value) -> bool {
    let kind = || resolve(text, style);
    match value {
        // Texts first: they are many and long, and a plain one is compared before it is resolved.
        Value::String(other) => text == other && kind() == ScalarKind::String,
        Value::Null => kind() == ScalarKind::Null,
        Value::Bool(other) => kind() == ScalarKind::Bool(*other),
        Value::Int(other) => text == other && kind() == ScalarKind::Int,
        Value::Float(other) => text == other && kind() == ScalarKind::Float,
        Value::Special(other) => {
            text == other && matches!(kind(), ScalarKind::Time | ScalarKind::Other)
        }
        Value::Map(_) | Value::Seq(_) => false,
    }
}

/// Replacements in the order of the text.
struct Edits<'s> {
    source: &'s str,
    list: Vec<(Range<usize>, String)>,
}

impl Edits<'_> {
    fn apply(&self) -> String {
        let mut text = String::with_capacity(
            self.source.len() + self.list.iter().map(|(_, new)| new.len()).sum::<usize>(),
        );
        let mut from = 0;
        for (range, new) in &self.list {
            text.push_str(&self.source[from..range.start]);
            text.push_str(new);
            from = range.end;
        }
        text.push_str(&self.source[from..]);
        text
    }

    /// Changes inside of `node`; false when it has to be written anew as a whole.
    fn node(&mut self, node: &Node<'_>, value: &Value) -> bool {
        if same(node, value) {
            return true;
        }
        if node.aliased {
            return false;
        }
        let before = self.list.len();
        let done = match (&node.data, value) {
            (Data::Map { entries, flow: false }, Value::Map(map)) => self.map(entries, map),
            (Data::Seq { items, flow: false }, Value::Seq(values)) => self.seq(items, values),
            _ => false,
        };
        if !done {
            self.list.truncate(before);
        }
        done
    }

    /// Kept keys must keep their order, new ones stand at the end.
    fn map(&mut self, entries: &[Entry<'_>], map: &Map) -> bool {
        let column = self.column(entries[0].key_span.start);
        let mut values = map.iter().peekable();
        for (number, entry) in entries.iter().enumerate() {
            match values.next_if(|(key, _)| same_key(entry, key)) {
                Some((key, value)) => self.entry(column, entry, key, value),
                // The first key may share its line with a dash.
                None if number > 0 => self.remove(entry.key_span.start, &entry.value),
                None => return false,
            }
        }
        let last = &entries[entries.len() - 1].value;
        for (key, value) in values {
            if entries.iter().any(|entry| same_key(entry, key)) {
                return false;
            }
            self.insert_behind(last, column, &emit::entry(column, key, value));
        }
        true
    }

    fn entry(&mut self, column: usize, entry: &Entry<'_>, key: &Value, value: &Value) {
        if !self.node(&entry.value, value) {
            let new = emit::entry(column, key, value);
            self.replace(entry.key_span.start, &entry.value, value, new);
        }
    }

    /// Items are matched from both ends; what is between is changed, removed or added.
    fn seq(&mut self, items: &[Item<'_>], values: &[Value]) -> bool {
        if values.is_empty() {
            return false;
        }
        let pairs = items.iter().zip(values);
        let head = pairs.take_while(|(item, value)| same(&item.value, value)).count();
        let pairs = items[head..].iter().rev().zip(values[head..].iter().rev());
        let tail = pairs.take_while(|(item, value)| same(&item.value, value)).count();
        let old = &items[head..items.len() - tail];
        let new = &values[head..values.len() - tail];
        let column = self.column(items[0].dash);
        for (item, value) in old.iter().zip(new) {
            if !self.node(&item.value, value) {
                self.replace(item.dash, &item.value, value, emit::item(column, value));
            }
        }
        if old.len() > new.len() {
            // The first dash may share its line with another one.
            if new.is_empty() && head == 0 && !self.starts_line(items[0].dash) {
                return false;
            }
            for item in &old[new.len()..] {
                self.remove(item.dash, &item.value);
            }
        }
        for value in new.iter().skip(old.len()) {
            let text = emit::item(column, value);
            match (head + old.len()).checked_sub(1) {
                Some(before) => self.insert_behind(&items[before].value, column, &text),
                None => return false,
            }
        }
        true
    }

    /// Puts `new` in place of what stands from `start` to the end of `node`.
    fn replace(&mut self, start: usize, node: &Node<'_>, value: &Value, mut new: String) {
        let end = node.span.end;
        if end > start && self.at_line_start(end) {
            // The old value took its line break with it.
            end_line(&mut new);
            return self.list.push((start..end, new));
        }
        let is_block = match value {
            Value::Map(map) => !map.is_empty(),
            Value::Seq(items) => !items.is_empty(),
            _ => new.ends_with('\n'),
        };
        if !is_block {
            // A comment behind the old value stays behind the new one.
            return self.list.push((start..end, new));
        }
        let comment = self.source[end..self.line_end(end)].trim_end();
        new.insert_str(new.find('\n').unwrap_or(new.len()), comment);
        end_line(&mut new);
        self.list.push((start..self.next_line(end), new));
    }

    /// Takes out whole lines.
    fn remove(&mut self, start: usize, node: &Node<'_>) {
        let from = self.line_start(start);
        let to = self.next_line(node.span.end);
        self.list.push((from..to, String::new()));
    }

    /// A new line at `column` behind the lines of `node`.
    fn insert_behind(&mut self, node: &Node<'_>, column: usize, new: &str) {
        let at = self.next_line(node.span.end);
        let unended = at == self.source.len() && !self.source.ends_with('\n');
        let before = if unended { "\n" } else { "" };
        let mut line = format!("{before}{:column$}{new}", "");
        end_line(&mut line);
        self.list.push((at..at, line));
    }

    fn line_start(&self, at: usize) -> usize {
        memchr::memrchr(b'\n', &self.source.as_bytes()[..at]).map_or(0, |end| end + 1)
    }

    fn at_line_start(&self, at: usize) -> bool {
        self.line_start(at) == at
    }

    fn starts_line(&self, at: usize) -> bool {
        self.source[self.line_start(at)..at].bytes().all(|b| b == b' ')
    }

    fn line_end(&self, at: usize) -> usize {
        let rest = &self.source.as_bytes()[at..];
        memchr::memchr(b'\n', rest).map_or(self.source.len(), |length| at + length)
    }

    /// The start of the line behind the one that ends with byte `end`.
    fn next_line(&self, end: usize) -> usize {
        if self.at_line_start(end) { end } else { (self.line_end(end) + 1).min(self.source.len()) }
    }

    fn column(&self, at: usize) -> usize {
        at - self.line_start(at)
    }
}

fn end_line(text: &mut String) {
    if !text.ends_with('\n') {
        text.push('\n');
    }
}
