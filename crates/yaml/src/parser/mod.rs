//! The reader: one pass over the text, by recursive descent on indentation.
//!
//! Positions are byte offsets. `min` is everywhere the smallest column at which a node's content may
//! stand (the enclosing collection's column + 1, or 0 at the root). Functions that look ahead for the
//! next content leave `pos` at the start of its line, so that whoever takes it finds it again.

mod block;
mod flow;
mod keys;
mod plain;
mod quoted;
mod text_block;

use std::borrow::Cow;
use std::collections::HashMap;

use memchr::memchr;

use crate::error::{Fail, Position, Problem, excerpt};
use crate::node::{Data, Node, Span, Style};

/// Collections inside of collections; also bounds the recursion.
const DEPTH_LIMIT: usize = 128;
/// What all aliases of a text may add to it, bytes of the tree.
const ALIAS_LIMIT: usize = 16 << 20;
/// What a node weighs in that account beside its text.
const NODE_WEIGHT: usize = 64;

pub(crate) type Parsed<T> = Result<T, Fail>;

/// Asks whether the value at a path of keys is wanted.
pub(crate) type Want<'a, 'w> = &'w mut dyn FnMut(&[Cow<'a, str>]) -> bool;

/// A node that an alias may repeat.
struct Anchor<'a> {
    node: Node<'a>,
    weight: usize,
}

/// The state of reading one text.
pub(crate) struct Parser<'a, 'w> {
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    /// Where the current line starts; columns count from here.
    line_start: usize,
    depth: usize,
    /// False while a part is checked that nobody wants.
    build: bool,
    want: Option<Want<'a, 'w>>,
    path: Vec<Cow<'a, str>>,
    keys: keys::Keys<'a>,
    anchors: HashMap<&'a str, Anchor<'a>>,
    /// Weight of all nodes so far; differences give a node's weight.
    weight: usize,
    /// Weight of all nodes that aliases added.
    expanded: usize,
}

impl<'a, 'w> Parser<'a, 'w> {
    pub(crate) fn new(text: &'a str, want: Option<Want<'a, 'w>>) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            line_start: 0,
            depth: 0,
            build: true,
            want,
            path: Vec::new(),
            keys: keys::Keys::default(),
            anchors: HashMap::new(),
            weight: 0,
            expanded: 0,
        }
    }

    /// Reads the one document of the text.
    pub(crate) fn document(mut self) -> Parsed<Node<'a>> {
        self.refuse_control_characters()?;
        if self.text.starts_with('\u{FEFF}') {
            self.pos = '\u{FEFF}'.len_utf8();
            self.line_start = self.pos;
        }
        let content = self.next_content()?;
        if content == Some(0) && self.peek() == Some(b'%') {
            return Err(self.fail(Problem::Unsupported { what: "directives" }));
        }
        let root = if content.is_none() && self.marker_here(b"---") {
            self.pos += 3;
            self.node(0, false, false)?
        } else {
            self.node_below(0, false, self.pos)?
        };
        self.finish()?;
        Ok(root)
    }

    /// Behind the root there may be `...` and comments, nothing else.
    fn finish(&mut self) -> Parsed<()> {
        if self.next_content()?.is_some() {
            return Err(self.fail_at_content(Problem::Indentation));
        }
        if self.marker_here(b"...") {
            self.pos += 3;
            if self.next_content()?.is_some() {
                return Err(self.fail_at_content(Problem::SeveralDocuments));
            }
        }
        if self.pos < self.bytes.len() {
            return Err(self.fail(Problem::SeveralDocuments));
        }
        Ok(())
    }

    /// No control characters but tab and line break, and carriage returns only before line breaks.
    fn refuse_control_characters(&self) -> Parsed<()> {
        let suspicious = |b: &u8| matches!(*b, 0..=8 | 0x0B..=0x1F | 0x7F);
        // Chunks without an early exit are compared many bytes at a time.
        let chunk_is_bad = |chunk: &[u8]| chunk.iter().fold(false, |bad, b| bad | suspicious(b));
        if !self.bytes.chunks(1024).any(chunk_is_bad) {
            return Ok(());
        }
        for (at, byte) in self.bytes.iter().enumerate().filter(|(_, b)| suspicious(b)) {
            if *byte != b'\r' || self.bytes.get(at + 1) != Some(&b'\n') {
                return Err(Fail::new(at, Problem::ControlCharacter { code: u32::from(*byte) }));
            }
        }
        Ok(())
    }

    fn fail(&self, problem: Problem) -> Fail {
        Fail::new(self.pos, problem)
    }

    /// A failure at the first character of the line that was looked ahead to.
    fn fail_at_content(&self, problem: Problem) -> Fail {
        let spaces = self.bytes[self.pos..].iter().take_while(|b| **b == b' ').count();
        Fail::new(self.pos + spaces, problem)
    }

    /// The character at `pos` stands where it cannot.
    fn unexpected(&self) -> Fail {
        match self.text.get(self.pos..).and_then(|rest| rest.chars().next()) {
            None => self.fail(Problem::UnexpectedEnd),
            Some('\t') => self.fail(Problem::Tab),
            Some(found) => self.fail(Problem::Unexpected { found }),
        }
    }

    fn position(&self, offset: usize) -> Position {
        Position::of(self.text, offset)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    /// True when `at` is the end of the text, a blank or a line end.
    fn ends_word(&self, at: usize) -> bool {
        matches!(self.bytes.get(at), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.pos += 1;
        }
    }

    /// The end of the line's content and the start of the next line.
    fn line_end(&self, from: usize) -> (usize, usize) {
        match memchr(b'\n', &self.bytes[from..]) {
            None => (self.bytes.len(), self.bytes.len()),
            Some(length) => {
                let end = from + length;
                let content =
                    if end > from && self.bytes[end - 1] == b'\r' { end - 1 } else { end };
                (content, end + 1)
            }
        }
    }

    /// True when nothing but a comment follows on this line.
    fn at_line_end(&self) -> bool {
        match self.peek() {
            None | Some(b'\n' | b'\r') => true,
            Some(b'#') => {
                self.pos == self.line_start || matches!(self.bytes[self.pos - 1], b' ' | b'\t')
            }
            _ => false,
        }
    }

    fn next_line(&mut self) {
        self.pos = self.line_end(self.pos).1;
        self.line_start = self.pos;
    }

    /// True when a document marker stands at `pos`.
    fn marker_here(&self, marker: &[u8]) -> bool {
        self.pos == self.line_start
            && self.bytes[self.pos..].starts_with(marker)
            && self.ends_word(self.pos + 3)
    }

    /// Goes to the next line with content and answers its column; `None` at the end of the document.
    /// What is left of the current line must be blank or a comment.
    fn next_content(&mut self) -> Parsed<Option<usize>> {
        loop {
            if self.marker_here(b"---") || self.marker_here(b"...") {
                return Ok(None);
            }
            let at_start = self.pos == self.line_start;
            self.skip_spaces();
            let Some(byte) = self.peek() else { return Ok(None) };
            if byte == b'\t' {
                let blanks =
                    self.bytes[self.pos..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
                if !matches!(self.bytes.get(self.pos + blanks), None | Some(b'\n' | b'\r' | b'#')) {
                    return Err(self.fail(Problem::Tab));
                }
            } else if !self.at_line_end() {
                if !at_start {
                    return Err(self.unexpected());
                }
                let column = self.pos - self.line_start;
                self.pos = self.line_start;
                return Ok(Some(column));
            }
            self.next_line();
        }
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: Style, span: Span) -> Node<'a> {
        let owned = if let Cow::Owned(text) = &text { text.len() } else { 0 };
        self.weight += NODE_WEIGHT + owned;
        Node { span, data: Data::Scalar { text, style }, aliased: false }
    }

    fn null(&mut self, at: usize) -> Node<'a> {
        self.scalar(Cow::Borrowed(""), Style::Plain, Span { start: at, end: at })
    }

    /// A finished collection, or its shell when nobody wants it.
    fn collection(&mut self, start: usize, end: usize, data: Data<'a>) -> Node<'a> {
        self.weight += NODE_WEIGHT;
        let data = if self.build { data } else { Data::Skipped };
        Node { span: Span { start, end }, data, aliased: false }
    }

    fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            return Err(self.fail(Problem::TooDeep { limit: DEPTH_LIMIT }));
        }
        Ok(())
    }

    /// Reads the value of the entry `key` with `read`, building it only if it is wanted.
    fn selected(
        &mut self,
        key: &Cow<'a, str>,
        read: impl FnOnce(&mut Self) -> Parsed<Node<'a>>,
    ) -> Parsed<Node<'a>> {
        let (true, Some(want)) = (self.build, self.want.as_mut()) else {
            return read(self);
        };
        self.path.push(key.clone());
        self.build = want(&self.path);
        let mut value = read(self)?;
        if !self.build {
            value.data = Data::Skipped;
        }
        self.build = true;
        self.path.pop();
        Ok(value)
    }

    /// The name behind `&` or `*` at `pos`.
    fn name(&mut self) -> Parsed<&'a str> {
        self.pos += 1;
        let start = self.pos;
        let length = self.bytes[start..]
            .iter()
            .take_while(|b| {
                !matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}')
            })
            .count();
        if length == 0 {
            return Err(self.unexpected());
        }
        self.pos += length;
        Ok(&self.text[start..self.pos])
    }

    /// The name of the anchor at `pos`; moves to what it belongs to.
    fn anchor_name(&mut self) -> Parsed<&'a str> {
        let name = self.name()?;
        if !self.ends_word(self.pos) {
            return Err(self.unexpected());
        }
        self.skip_spaces();
        if matches!(self.peek(), Some(b'&' | b'*')) {
            return Err(self.unexpected());
        }
        Ok(name)
    }

    /// Reads an anchored node with `read`. It is always built: an alias in a wanted part may refer
    /// to it.
    fn anchored(
        &mut self,
        name: &'a str,
        read: impl FnOnce(&mut Self) -> Parsed<Node<'a>>,
    ) -> Parsed<Node<'a>> {
        let before = self.weight;
        let mut node = self.building(read)?;
        self.remember(name, &node, self.weight - before)?;
        if !self.build {
            node.data = Data::Skipped;
        }
        Ok(node)
    }

    /// Reads with `read` as if everything were wanted.
    fn building<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let (build, want) = (std::mem::replace(&mut self.build, true), self.want.take());
        let read = read(self);
        (self.build, self.want) = (build, want);
        read
    }

    /// Remembering costs a copy, so it is accounted like an alias.
    fn remember(&mut self, name: &'a str, node: &Node<'a>, weight: usize) -> Parsed<()> {
        self.expand(weight)?;
        self.anchors.insert(name, Anchor { node: node.clone(), weight });
        Ok(())
    }

    fn expand(&mut self, weight: usize) -> Parsed<()> {
        self.expanded += weight;
        self.weight += weight;
        if self.expanded > ALIAS_LIMIT {
            return Err(self.fail(Problem::AliasExpansion { limit: ALIAS_LIMIT }));
        }
        Ok(())
    }

    /// `*name`
    fn alias(&mut self) -> Parsed<Node<'a>> {
        let start = self.pos;
        let name = self.name()?;
        let Some(weight) = self.anchors.get(name).map(|anchor| anchor.weight) else {
            return Err(Fail::new(start, Problem::UnknownAlias { name: excerpt(name) }));
        };
        let span = Span { start, end: self.pos };
        if !self.build {
            return Ok(Node { span, data: Data::Skipped, aliased: true });
        }
        self.expand(weight)?;
        let data = self.anchors[name].node.data.clone();
        Ok(Node { span, data, aliased: true })
    }
}

/// A text under construction that is only measured when nobody wants it.
struct Text {
    text: String,
    keep: bool,
}

impl Text {
    const fn new(keep: bool) -> Self {
        Self { text: String::new(), keep }
    }

    fn push(&mut self, part: &str) {
        if self.keep {
            self.text.push_str(part);
        }
    }

    fn push_char(&mut self, part: char) {
        if self.keep {
            self.text.push(part);
        }
    }

    fn breaks(&mut self, count: usize) {
        if self.keep {
            self.text.extend(std::iter::repeat_n('\n', count));
        }
    }

    /// One line break of a folded text: a space, or a line break for each blank line.
    fn fold(&mut self, blank_lines: usize) {
        if blank_lines == 0 {
            self.push_char(' ');
        } else {
            self.breaks(blank_lines);
        }
    }

    fn finish<'a>(self) -> Cow<'a, str> {
        Cow::Owned(self.text)
    }
}
