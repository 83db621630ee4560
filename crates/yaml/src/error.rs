//! What can be wrong with a YAML text, and where.

use std::fmt;

/// A place in a text, for people: both numbers count from 1, columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
}

impl Position {
    /// The place of byte `offset` of `text`; the end of the text when it lies behind it.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        // Continuation bytes do not start a character, so this also works inside of one.
        let chars = before[line_start..].iter().filter(|b| (**b & 0xC0) != 0x80).count();
        Self { line: memchr::memchr_iter(b'\n', before).count() + 1, column: chars + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A text that is not the YAML this crate reads. The caller adds the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct YamlError {
    /// Line, from 1.
    pub line: usize,
    /// Character in the line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub problem: Problem,
}

impl YamlError {
    /// Where it is.
    pub const fn position(&self) -> Position {
        Position { line: self.line, column: self.column }
    }
}

/// What is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A tab where only spaces may stand.
    #[error("a tab cannot be used here; indent with spaces")]
    Tab,
    /// A control character, or a carriage return that does not end a line.
    #[error("control character U+{code:04X} is not allowed")]
    ControlCharacter {
        /// Its code point.
        code: u32,
    },
    /// A line starts deeper or shallower than its neighbours allow.
    #[error("this line's indentation fits no enclosing map or list")]
    Indentation,
    /// `a: b: c`, or a key inside of a multi-line value.
    #[error("a key is not allowed here; quote the text if the colon belongs to it")]
    KeyNotAllowed,
    /// A line of a map without `key:`.
    #[error("expected a key followed by ':'")]
    ExpectedKey,
    /// `- ` where no list item can stand.
    #[error("a list item is not allowed here")]
    ItemNotAllowed,
    /// The same key twice in one map.
    #[error("key {key:?} appears a second time; the first is at {first}")]
    DuplicateKey {
        /// The key, at most 100 characters of it.
        key: String,
        /// Where it stands first.
        first: Position,
    },
    /// A quoted text or flow collection that never ends.
    #[error("{what} that starts here is never closed")]
    Unclosed {
        /// What kind of thing.
        what: &'static str,
    },
    /// A character that cannot stand here.
    #[error("unexpected {found:?}")]
    Unexpected {
        /// The character.
        found: char,
    },
    /// The text ends where more is needed.
    #[error("the text ends unexpectedly")]
    UnexpectedEnd,
    /// An escape in a double-quoted text that means nothing.
    #[error("unknown or incomplete escape in a double-quoted text")]
    Escape,
    /// An alias to an anchor that was not seen before.
    #[error("alias {name:?} refers to no earlier anchor")]
    UnknownAlias {
        /// The alias's name, at most 100 characters of it.
        name: String,
    },
    /// Aliases would blow the text up.
    #[error("aliases expand to more than {limit} bytes")]
    AliasExpansion {
        /// The limit, bytes.
        limit: usize,
    },
    /// Something YAML has and this crate refuses.
    #[error("{what} are not supported")]
    Unsupported {
        /// What kind of thing, plural.
        what: &'static str,
    },
    /// Collections inside of collections beyond the limit.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More text after the document.
    #[error("more than one document")]
    SeveralDocuments,
}

/// A problem at a byte offset, before it is turned into line and column.
#[derive(Debug)]
pub(crate) struct Fail {
    pub(crate) at: usize,
    pub(crate) problem: Problem,
}

impl Fail {
    pub(crate) const fn new(at: usize, problem: Problem) -> Self {
        Self { at, problem }
    }

    pub(crate) fn locate(self, text: &str) -> YamlError {
        let Position { line, column } = Position::of(text, self.at);
        YamlError { line, column, problem: self.problem }
    }
}

/// At most 100 characters of `text`, for error messages.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(100).collect()
}
