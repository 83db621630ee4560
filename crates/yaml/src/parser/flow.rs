//! Flow collections: `[a, b]`, `{a: b}`. Indentation does not matter inside of them.

use std::borrow::Cow;

use super::{Parsed, Parser, Text};
use crate::error::{Fail, Problem};
use crate::node::{Data, Entry, Item, Node, Span, Style};

impl<'a> Parser<'a, '_> {
    /// Skips blanks, line breaks and comments inside of the collection opened at `open`.
    fn flow_blanks(&mut self, open: usize) -> Parsed<()> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.pos += 1,
                Some(b'\n' | b'\r') => {
                    self.next_line();
                    if self.marker_here(b"---") || self.marker_here(b"...") {
                        return Err(unclosed(open));
                    }
                }
                Some(b'#') if self.at_line_end() => self.pos = self.line_end(self.pos).0,
                Some(_) => return Ok(()),
                None => return Err(unclosed(open)),
            }
        }
    }

    /// The list whose `[` is at `pos`.
    pub(super) fn flow_seq(&mut self) -> Parsed<Node<'a>> {
        self.enter()?;
        let open = self.pos;
        self.pos += 1;
        let mut items = Vec::new();
        loop {
            self.flow_blanks(open)?;
            if self.peek() == Some(b']') {
                break;
            }
            let dash = self.pos;
            let value = self.flow_item(open)?;
            if self.build {
                items.push(Item { dash, value });
            }
            self.flow_blanks(open)?;
            match self.peek() {
                Some(b',') => self.pos += 1,
                Some(b']') => break,
                _ => return Err(self.unexpected()),
            }
        }
        self.pos += 1;
        self.depth -= 1;
        Ok(self.collection(open, self.pos, Data::Seq { items, flow: true }))
    }

    /// One item: a node, or a single `key: value` without braces.
    fn flow_item(&mut self, open: usize) -> Parsed<Node<'a>> {
        let start = self.pos;
        let line = self.line_start;
        let node = self.flow_node(open)?;
        let end = self.pos;
        self.skip_spaces();
        let is_pair = self.line_start == line && self.flow_colon(&node);
        if !is_pair {
            self.pos = end;
            return Ok(node);
        }
        self.enter()?;
        let Some(key) = flow_key(node) else {
            return Err(Fail::new(
                start,
                Problem::Unsupported { what: "keys that are no scalars" },
            ));
        };
        let mut scope = self.keys.open();
        self.unique(&mut scope, key.0.clone(), key.1, key.2)?;
        self.keys.close(&scope);
        let entry = self.flow_entry(open, key)?;
        self.depth -= 1;
        let end = entry.value.span.end;
        Ok(self.collection(start, end, Data::Map { entries: vec![entry], flow: true }))
    }

    /// True when the colon behind a key stands at `pos`: behind quotes it needs no blank.
    fn flow_colon(&self, key: &Node<'_>) -> bool {
        let quoted = matches!(
            key.data,
            Data::Scalar { style: Style::SingleQuoted | Style::DoubleQuoted, .. }
        );
        let next = self.pos + 1;
        let ends = self.ends_word(next)
            || matches!(self.bytes.get(next), Some(b',' | b'[' | b']' | b'{' | b'}'));
        self.peek() == Some(b':') && (quoted || ends)
    }

    /// The map whose `{` is at `pos`.
    pub(super) fn flow_map(&mut self) -> Parsed<Node<'a>> {
        self.enter()?;
        let open = self.pos;
        self.pos += 1;
        let mut scope = self.keys.open();
        let mut entries = Vec::new();
        loop {
            self.flow_blanks(open)?;
            if self.peek() == Some(b'}') {
                break;
            }
            let entry = self.flow_map_entry(open, &mut scope)?;
            if self.build {
                entries.push(entry);
            }
            self.flow_blanks(open)?;
            match self.peek() {
                Some(b',') => self.pos += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected()),
            }
        }
        self.keys.close(&scope);
        self.pos += 1;
        self.depth -= 1;
        Ok(self.collection(open, self.pos, Data::Map { entries, flow: true }))
    }

    fn flow_map_entry(
        &mut self,
        open: usize,
        scope: &mut super::keys::Scope<'a>,
    ) -> Parsed<Entry<'a>> {
        let start = self.pos;
        let build = std::mem::replace(&mut self.build, true);
        let node = self.flow_node(open);
        self.build = build;
        let node = node?;
        let after = self.pos;
        self.flow_blanks(open)?;
        let has_value = self.flow_colon(&node);
        if !has_value {
            self.pos = after;
        }
        let Some(key) = flow_key(node) else {
            return Err(Fail::new(
                start,
                Problem::Unsupported { what: "keys that are no scalars" },
            ));
        };
        self.unique(scope, key.0.clone(), key.1, key.2)?;
        if has_value {
            return self.flow_entry(open, key);
        }
        let value = self.null(after);
        Ok(Entry { key: key.0, key_style: key.1, key_span: key.2, value })
    }

    /// The value behind the colon at `pos`.
    fn flow_entry(&mut self, open: usize, key: FlowKey<'a>) -> Parsed<Entry<'a>> {
        self.pos += 1;
        let after_colon = self.pos;
        self.flow_blanks(open)?;
        let (key, key_style, key_span) = key;
        let value = if matches!(self.peek(), Some(b',' | b'}' | b']')) {
            self.pos = after_colon;
            self.null(after_colon)
        } else {
            self.selected(&key, |parser| parser.flow_node(open))?
        };
        Ok(Entry { key, key_style, key_span, value })
    }

    fn flow_node(&mut self, open: usize) -> Parsed<Node<'a>> {
        let start = self.pos;
        match self.peek() {
            Some(b'[') => self.flow_seq(),
            Some(b'{') => self.flow_map(),
            Some(b'*') => self.alias(),
            Some(b'&') => {
                let name = self.anchor_name()?;
                self.anchored(name, |parser| {
                    parser.flow_blanks(open)?;
                    parser.flow_node(open)
                })
            }
            Some(b'!') => Err(self.fail(Problem::Unsupported { what: "tags" })),
            Some(b'?') if self.ends_word(start + 1) => {
                Err(self.fail(Problem::Unsupported { what: "explicit keys ('? ')" }))
            }
            Some(quote @ (b'"' | b'\'')) => {
                let (text, style) = self.quoted(quote)?;
                let span = Span { start, end: self.pos };
                Ok(self.scalar(text, style, span))
            }
            _ => self.flow_plain(open),
        }
    }

    fn flow_plain(&mut self, open: usize) -> Parsed<Node<'a>> {
        let start = self.pos;
        match self.peek() {
            Some(
                b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'%'
                | b'@' | b'`',
            )
            | None => return Err(self.unexpected()),
            Some(b'-' | b':') if self.flow_word_ends(start + 1) => return Err(self.unexpected()),
            _ => {}
        }
        let mut end = self.flow_plain_line(start);
        let mut text = Cow::Borrowed(&self.text[start..end]);
        // A text goes on over line breaks until something of the collection stands there.
        while matches!(self.peek(), Some(b'\n' | b'\r')) {
            let before = (self.pos, self.line_start);
            let mut blank_lines = 0;
            self.next_line();
            loop {
                while matches!(self.peek(), Some(b' ' | b'\t')) {
                    self.pos += 1;
                }
                if !matches!(self.peek(), Some(b'\n' | b'\r')) {
                    break;
                }
                blank_lines += 1;
                self.next_line();
            }
            let from = self.pos;
            let ends = match self.peek() {
                None | Some(b',' | b'[' | b']' | b'{' | b'}' | b'#') => true,
                Some(b':') => self.flow_word_ends(from + 1),
                Some(b'-' | b'.') => {
                    self.pos = self.line_start;
                    let marker = self.marker_here(b"---") || self.marker_here(b"...");
                    self.pos = from;
                    marker
                }
                _ => false,
            };
            if ends {
                (self.pos, self.line_start) = before;
                break;
            }
            end = self.flow_plain_line(from);
            if self.build {
                let mut longer = Text { text: text.into_owned(), keep: true };
                longer.fold(blank_lines);
                longer.push(&self.text[from..end]);
                text = longer.finish();
            }
        }
        if self.pos >= self.bytes.len() {
            return Err(unclosed(open));
        }
        let span = Span { start, end };
        self.pos = self.pos.max(end);
        Ok(self.scalar(text, Style::Plain, span))
    }

    fn flow_word_ends(&self, at: usize) -> bool {
        self.ends_word(at) || matches!(self.bytes[at], b',' | b'[' | b']' | b'{' | b'}')
    }

    /// Moves to the end of the plain text on this line; answers the end of its last word.
    fn flow_plain_line(&mut self, from: usize) -> usize {
        let mut end = from;
        for at in from..=self.bytes.len() {
            self.pos = at;
            match self.bytes.get(at) {
                None | Some(b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}') => break,
                Some(b':') if self.flow_word_ends(at + 1) => break,
                Some(b'#') if at > from && matches!(self.bytes[at - 1], b' ' | b'\t') => break,
                Some(b' ' | b'\t') => {}
                Some(_) => end = at + 1,
            }
        }
        end
    }
}

type FlowKey<'a> = (Cow<'a, str>, Style, Span);

fn flow_key(node: Node<'_>) -> Option<FlowKey<'_>> {
    match node.data {
        Data::Scalar { text, style } if !node.aliased => Some((text, style, node.span)),
        _ => None,
    }
}

const fn unclosed(open: usize) -> Fail {
    Fail::new(open, Problem::Unclosed { what: "a list or map" })
}
