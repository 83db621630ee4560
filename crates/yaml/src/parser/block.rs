//! Block collections and whatever stands inside of them.

use std::borrow::Cow;

use super::{Parsed, Parser};
use crate::error::{Fail, Problem, excerpt};
use crate::node::{Data, Entry, Item, Node, Span, Style};

/// A scalar that may turn out to be a key.
struct Key<'a> {
    text: Cow<'a, str>,
    style: Style,
    span: Span,
}

/// What stands at the start of a block node.
enum Head<'a> {
    /// A key; `pos` is at its colon.
    Key(Key<'a>),
    /// A whole node.
    Node(Node<'a>),
}

impl<'a> Parser<'a, '_> {
    /// The node behind a `:`, `-` or `---` that was just read.
    ///
    /// `indentless` allows a list at the enclosing map's own column; `compact` allows a collection
    /// to begin on this line.
    pub(super) fn node(&mut self, min: usize, indentless: bool, compact: bool) -> Parsed<Node<'a>> {
        let after_indicator = self.pos;
        self.skip_spaces();
        if self.at_line_end() {
            return self.node_below(min, indentless, after_indicator);
        }
        if self.peek() == Some(b'&') {
            return self.anchored_content(min, indentless, compact);
        }
        self.content(min, compact)
    }

    /// `&name` before a node: alone on its line it belongs to what is below, else to the scalar or
    /// flow collection beside it, also when that is the first key of a map.
    fn anchored_content(
        &mut self,
        min: usize,
        indentless: bool,
        compact: bool,
    ) -> Parsed<Node<'a>> {
        let start = self.pos;
        let name = self.anchor_name()?;
        if self.at_line_end() {
            let at = self.pos;
            return self.anchored(name, |parser| parser.node_below(min, indentless, at));
        }
        let before = self.weight;
        match self.building(|parser| parser.head(min))? {
            Head::Node(node) => {
                let weight = self.weight - before;
                self.remember(name, &node, weight)?;
                let data = if self.build { node.data } else { Data::Skipped };
                Ok(Node { data, ..node })
            }
            Head::Key(key) if compact => {
                self.remember_key(name, &key)?;
                self.block_map(start - self.line_start, start, key)
            }
            Head::Key(_) => Err(self.fail(Problem::KeyNotAllowed)),
        }
    }

    fn remember_key(&mut self, name: &'a str, key: &Key<'a>) -> Parsed<()> {
        let before = self.weight;
        let node = self.scalar(key.text.clone(), key.style, key.span);
        self.remember(name, &node, self.weight - before)
    }

    /// The node on the lines below; null, standing at `null_at`, when there is none.
    pub(super) fn node_below(
        &mut self,
        min: usize,
        indentless: bool,
        null_at: usize,
    ) -> Parsed<Node<'a>> {
        match self.next_content()? {
            Some(column) if column >= min => {
                self.pos = self.line_start + column;
                if self.peek() == Some(b'&') {
                    return self.anchored_content(min, false, true);
                }
                self.content(min, true)
            }
            Some(column) if indentless && column + 1 == min && self.dash_at(column) => {
                self.pos = self.line_start + column;
                self.block_seq(column)
            }
            _ => Ok(self.null(null_at)),
        }
    }

    fn dash_at(&self, column: usize) -> bool {
        let at = self.line_start + column;
        self.bytes.get(at) == Some(&b'-') && self.ends_word(at + 1)
    }

    /// The node whose first character is at `pos`.
    fn content(&mut self, min: usize, compact: bool) -> Parsed<Node<'a>> {
        let start = self.pos;
        let column = start - self.line_start;
        if self.dash_at(column) {
            if !compact {
                return Err(self.fail(Problem::ItemNotAllowed));
            }
            return self.block_seq(column);
        }
        match self.head(min)? {
            Head::Node(node) => Ok(node),
            Head::Key(key) if compact => self.block_map(column, start, key),
            Head::Key(_) => Err(self.fail(Problem::KeyNotAllowed)),
        }
    }

    /// A key with its colon ahead, or a node that is no block collection.
    fn head(&mut self, min: usize) -> Parsed<Head<'a>> {
        let start = self.pos;
        let node = match self.peek() {
            Some(b'|' | b'>') => return Ok(Head::Node(self.text_block(min)?)),
            Some(b'[') => self.flow_seq()?,
            Some(b'{') => self.flow_map()?,
            Some(b'*') => self.alias()?,
            Some(b'!') => return Err(self.fail(Problem::Unsupported { what: "tags" })),
            Some(quote @ (b'"' | b'\'')) => {
                let line = self.line_start;
                let (text, style) = self.quoted(quote)?;
                let span = Span { start, end: self.pos };
                if self.colon_follows() {
                    if self.line_start != line {
                        return Err(Fail::new(start, Problem::ExpectedKey));
                    }
                    return Ok(Head::Key(Key { text, style, span }));
                }
                return Ok(Head::Node(self.scalar(text, style, span)));
            }
            Some(b'?') if self.ends_word(start + 1) => {
                return Err(self.fail(Problem::Unsupported { what: "explicit keys ('? ')" }));
            }
            _ => return self.plain_head(min),
        };
        if self.colon_follows() {
            return Err(Fail::new(
                start,
                Problem::Unsupported { what: "keys that are no scalars" },
            ));
        }
        Ok(Head::Node(node))
    }

    fn plain_head(&mut self, min: usize) -> Parsed<Head<'a>> {
        let start = self.pos;
        let line = self.plain_line()?;
        let span = Span { start, end: line.end };
        if line.is_key {
            let text = Cow::Borrowed(&self.text[start..line.end]);
            return Ok(Head::Key(Key { text, style: Style::Plain, span }));
        }
        let (text, span) = self.plain_lines(min, span, line.commented)?;
        Ok(Head::Node(self.scalar(text, Style::Plain, span)))
    }

    /// Skips spaces; true when a key's colon stands there.
    fn colon_follows(&mut self) -> bool {
        let end = self.pos;
        self.skip_spaces();
        let colon = self.peek() == Some(b':') && self.ends_word(self.pos + 1);
        if !colon {
            self.pos = end;
        }
        colon
    }

    /// The key at the start of a line of a map.
    fn key_at(&mut self, column: usize) -> Parsed<Key<'a>> {
        self.pos = self.line_start + column;
        if self.dash_at(column) {
            return Err(self.fail(Problem::ItemNotAllowed));
        }
        let anchor = if self.peek() == Some(b'&') { Some(self.anchor_name()?) } else { None };
        let start = self.pos;
        let key = match self.peek() {
            Some(b'|' | b'>') => None,
            // A key ends on its line, so looking for a whole node costs nothing twice.
            _ => match self.head(usize::MAX)? {
                Head::Key(key) => Some(key),
                Head::Node(_) => None,
            },
        };
        let key = key.ok_or(Fail::new(start, Problem::ExpectedKey))?;
        if let Some(name) = anchor {
            self.remember_key(name, &key)?;
        }
        Ok(key)
    }

    /// The map at `column`, whose first key is read; `pos` is at its colon.
    fn block_map(&mut self, column: usize, start: usize, first: Key<'a>) -> Parsed<Node<'a>> {
        self.enter()?;
        let mut scope = self.keys.open();
        let mut entries = Vec::new();
        let mut key = first;
        let end = loop {
            self.unique(&mut scope, key.text.clone(), key.style, key.span)?;
            self.pos += 1;
            let value = self.selected(&key.text, |parser| parser.node(column + 1, true, false))?;
            let end = value.span.end;
            if self.build {
                let Key { text, style, span } = key;
                entries.push(Entry { key: text, key_style: style, key_span: span, value });
            }
            match self.next_content()? {
                Some(next) if next == column => key = self.key_at(column)?,
                Some(next) if next > column => {
                    return Err(self.fail_at_content(Problem::Indentation));
                }
                _ => break end,
            }
        };
        self.keys.close(&scope);
        self.depth -= 1;
        Ok(self.collection(start, end, Data::Map { entries, flow: false }))
    }

    /// Refuses a key that the map has already, and merge keys.
    pub(super) fn unique(
        &mut self,
        scope: &mut super::keys::Scope<'a>,
        key: Cow<'a, str>,
        style: Style,
        span: Span,
    ) -> Parsed<()> {
        if style == Style::Plain && key == "<<" {
            return Err(Fail::new(span.start, Problem::Unsupported { what: "merge keys" }));
        }
        match self.keys.add(scope, key, span.start) {
            None => Ok(()),
            Some((key, first)) => {
                let first = self.position(first);
                Err(Fail::new(span.start, Problem::DuplicateKey { key: excerpt(&key), first }))
            }
        }
    }

    /// The list whose first dash is at `column` of this line.
    fn block_seq(&mut self, column: usize) -> Parsed<Node<'a>> {
        self.enter()?;
        let start = self.pos;
        let mut items = Vec::new();
        let end = loop {
            let dash = self.pos;
            self.pos += 1;
            let value = self.node(column + 1, false, true)?;
            let end = value.span.end;
            if self.build {
                items.push(Item { dash, value });
            }
            match self.next_content()? {
                Some(next) if next == column && self.dash_at(column) => {
                    self.pos = self.line_start + column;
                }
                Some(next) if next > column => {
                    return Err(self.fail_at_content(Problem::Indentation));
                }
                _ => break end,
            }
        };
        self.depth -= 1;
        Ok(self.collection(start, end, Data::Seq { items, flow: false }))
    }
}
