//! The tree of a text: every node knows its bytes and its style.

use std::borrow::Cow;

use crate::error::{Position, YamlError};
use crate::parser::Parser;
use crate::scalar::{ScalarKind, resolve};
use crate::value::{Map, Value};

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes; the only style that can mean something else than text.
    Plain,
    /// `'text'`.
    SingleQuoted,
    /// `"text"`.
    DoubleQuoted,
    /// `|` block.
    Literal,
    /// `>` block.
    Folded,
}

/// Bytes `start..end` of the source.
///
/// Blocks end after their last line's break, everything else directly after its last character; an
/// empty value is an empty span behind its `:` or `-`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node<'a> {
    /// Where it stands. For an alias this is the `*name`; its parts point to the anchored original.
    pub span: Span,
    /// What it is.
    pub data: Data<'a>,
    /// True when the node came from an alias.
    pub aliased: bool,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data<'a> {
    /// Text, number, truth value, null; see [`Node::kind`].
    Scalar {
        /// The text with folding and escapes undone.
        text: Cow<'a, str>,
        /// How it is written.
        style: Style,
    },
    /// A list.
    Seq {
        /// Its items.
        items: Vec<Item<'a>>,
        /// True for `[a, b]`.
        flow: bool,
    },
    /// A map.
    Map {
        /// Its entries in the order of the text; keys are unique.
        entries: Vec<Entry<'a>>,
        /// True for `{a: b}`.
        flow: bool,
    },
    /// Checked but not built ([`Document::parse_selected`]).
    Skipped,
}

/// One item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item<'a> {
    /// Byte of the `-`; the value's first byte in a flow list.
    pub dash: usize,
    /// The value.
    pub value: Node<'a>,
}

/// One entry of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The key's text.
    pub key: Cow<'a, str>,
    /// How the key is written.
    pub key_style: Style,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node<'a>,
}

impl<'a> Node<'a> {
    /// A scalar's text in any style, also of numbers and of null; `None` for collections.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A scalar's text, `None` for null and for collections.
    ///
    /// Every other scalar is taken as text, whatever YAML would make of it: `1.0` stays `1.0`
    /// (spec 01 §6.3).
    pub fn as_str(&self) -> Option<&str> {
        match self.kind()? {
            ScalarKind::Null => None,
            _ => self.text(),
        }
    }

    /// What kind of scalar this is; `None` for collections.
    pub fn kind(&self) -> Option<ScalarKind> {
        match &self.data {
            Data::Scalar { text, style } => Some(resolve(text, *style)),
            _ => None,
        }
    }

    /// True for a missing value, `null` and `~`.
    pub fn is_null(&self) -> bool {
        self.kind() == Some(ScalarKind::Null)
    }

    /// The truth value of a YAML 1.1 boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind()? {
            ScalarKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number of a YAML 1.1 integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.kind()? {
            ScalarKind::Int => crate::scalar::integer(self.text()?),
            _ => None,
        }
    }

    /// The value of `key`, for maps.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[Entry<'a>] {
        match &self.data {
            Data::Map { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Item<'a>] {
        match &self.data {
            Data::Seq { items, .. } => items,
            _ => &[],
        }
    }

    /// True for a map, empty or not.
    pub const fn is_map(&self) -> bool {
        matches!(self.data, Data::Map { .. })
    }

    /// True for a list, empty or not.
    pub const fn is_seq(&self) -> bool {
        matches!(self.data, Data::Seq { .. })
    }

    /// The node as owned data; a part that was not built becomes null.
    pub fn to_value(&self) -> Value {
        match &self.data {
            Data::Skipped => Value::Null,
            Data::Scalar { text, style } => Value::scalar(text, *style),
            Data::Seq { items, .. } => {
                Value::Seq(items.iter().map(|item| item.value.to_value()).collect())
            }
            Data::Map { entries, .. } => {
                let pair = |e: &Entry<'_>| (Value::scalar(&e.key, e.key_style), e.value.to_value());
                Value::Map(Map::from_pairs(entries.iter().map(pair).collect()))
            }
        }
    }
}

/// A text and its tree.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    source: &'a str,
    root: Node<'a>,
}

impl<'a> Document<'a> {
    /// Reads the whole text. An empty text has a null root.
    pub fn parse(source: &'a str) -> Result<Self, YamlError> {
        let root = Parser::new(source, None).document().map_err(|fail| fail.locate(source))?;
        Ok(Self { source, root })
    }

    /// Checks the whole text and builds only what `want` asks for.
    ///
    /// `want` is called with the path of keys from the root to each entry of a map that is being
    /// built; when it answers false, the entry's value is checked and left as [`Data::Skipped`].
    /// Lists inside of built values are built with all their items.
    pub fn parse_selected(
        source: &'a str,
        mut want: impl FnMut(&[Cow<'a, str>]) -> bool,
    ) -> Result<Self, YamlError> {
        let parser = Parser::new(source, Some(&mut want));
        let root = parser.document().map_err(|fail| fail.locate(source))?;
        Ok(Self { source, root })
    }

    /// Checks the text's syntax without building anything.
    pub fn check(source: &'a str) -> Result<(), YamlError> {
        Self::parse_selected(source, |_| false).map(drop)
    }

    /// The root node.
    pub const fn root(&self) -> &Node<'a> {
        &self.root
    }

    /// The text.
    pub const fn source(&self) -> &'a str {
        self.source
    }

    /// Line and column of a byte offset (`node.span.start`).
    pub fn position(&self, offset: usize) -> Position {
        Position::of(self.source, offset)
    }
}
