//! Writes values byte for byte as the state files are written (spec 01 §6.4).
//!
//! Columns count Unicode code points from 0. Two texts are written in another way than the
//! reference would: one with U+0085, U+2028 or U+2029 is double-quoted, because other readers take
//! these for line breaks, and a key is always on one line.

use std::fmt::Write as _;

use crate::node::Style;
use crate::scalar::{ScalarKind, resolve};
use crate::value::{Map, Value};

/// A line is folded at the first single space behind this column.
const WIDTH: usize = 80;

/// A whole text: the root at column 0, a line break at the end.
pub fn document(root: &Value) -> String {
    let mut out = Writer::default();
    match root {
        Value::Map(map) if !map.is_empty() => out.map(0, map),
        Value::Seq(items) if !items.is_empty() => out.seq(0, items),
        value => out.scalar(2, value),
    }
    out.end_line();
    if out.open_ended {
        out.text.push_str("...\n");
    }
    out.text
}

/// `key: value` as an entry of a map at column `indent`, where the cursor stands already.
///
/// The text ends with a line break only when the value ends with a block text.
pub fn entry(indent: usize, key: &Value, value: &Value) -> String {
    let mut out = Writer { column: indent, ..Writer::default() };
    out.entry(indent, key, value);
    out.text
}

/// `- value` as an item of a list at column `indent`, where the cursor stands already.
///
/// The text ends with a line break only when the value ends with a block text.
pub fn item(indent: usize, value: &Value) -> String {
    let mut out = Writer { column: indent, ..Writer::default() };
    out.item(indent, value);
    out.text
}

/// The style in which `text` is written as a value.
pub fn style_of(text: &str) -> Style {
    let facts = Facts::of(text);
    if !facts.has_break {
        return facts.one_line_style(text);
    }
    if facts.special || facts.space_before_break || text.ends_with(' ') {
        Style::DoubleQuoted
    } else {
        Style::Literal
    }
}

/// What the choice of a style depends on.
#[derive(Default)]
struct Facts {
    has_break: bool,
    special: bool,
    space_before_break: bool,
    /// A colon before a blank or at the end.
    key_colon: bool,
    /// A `#` behind a blank.
    comment: bool,
}

impl Facts {
    fn of(text: &str) -> Self {
        let mut facts = Self::default();
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| bytes[before]);
            match byte {
                b'\n' => {
                    facts.has_break = true;
                    facts.space_before_break |= before == Some(b' ');
                }
                b':' => facts.key_colon |= matches!(bytes.get(at + 1), None | Some(b' ')),
                b'#' => facts.comment |= before == Some(b' '),
                b' '..=b'~' | 0x80.. => {}
                _ => facts.special = true,
            }
        }
        facts.special |= !text.is_ascii() && text.chars().any(is_special_wide);
        facts
    }

    fn one_line_style(&self, text: &str) -> Style {
        if self.special {
            Style::DoubleQuoted
        } else if self.allows_plain(text) {
            Style::Plain
        } else {
            Style::SingleQuoted
        }
    }

    fn allows_plain(&self, text: &str) -> bool {
        let first_fits = match text.as_bytes() {
            [
                b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
                | b'"' | b'%' | b'@' | b'`' | b' ',
                ..,
            ]
            | [b'?' | b':' | b'-']
            | [b'?' | b':' | b'-', b' ', ..] => false,
            bytes => !bytes.starts_with(b"---") && !bytes.starts_with(b"..."),
        };
        first_fits
            && !self.key_colon
            && !self.comment
            && !text.ends_with(' ')
            && resolve(text, Style::Plain) == ScalarKind::String
    }
}

/// True for characters above ASCII that only an escape can carry through every reader.
const fn is_special_wide(c: char) -> bool {
    !matches!(c,
        '\0'..='\u{7F}' | '\u{A0}'..='\u{2027}' | '\u{202A}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}'
        | '\u{1_0000}'..='\u{10_FFFE}')
}

/// Characters of `text`.
fn width(text: &str) -> usize {
    text.as_bytes().iter().filter(|b| (**b & 0xC0) != 0x80).count()
}

#[derive(Default)]
struct Writer {
    text: String,
    column: usize,
    /// True while the last thing written is a block that keeps its line breaks.
    open_ended: bool,
}

impl Writer {
    fn end_line(&mut self) {
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Ends the line, if one is begun, and goes to column `indent` of the next.
    fn start_line(&mut self, indent: usize) {
        self.end_line();
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
    }

    fn push(&mut self, part: &str) {
        self.text.push_str(part);
        self.column += width(part);
    }

    fn map(&mut self, indent: usize, map: &Map) {
        for (number, (key, value)) in map.iter().enumerate() {
            if number > 0 {
                self.start_line(indent);
            }
            self.entry(indent, key, value);
        }
    }

    fn seq(&mut self, indent: usize, items: &[Value]) {
        for (number, value) in items.iter().enumerate() {
            if number > 0 {
                self.start_line(indent);
            }
            self.item(indent, value);
        }
    }

    fn entry(&mut self, indent: usize, key: &Value, value: &Value) {
        self.open_ended = false;
        self.key(key);
        self.push(":");
        match value {
            Value::Map(map) if !map.is_empty() => {
                self.start_line(indent + 2);
                self.map(indent + 2, map);
            }
            Value::Seq(items) if !items.is_empty() => {
                self.start_line(indent);
                self.seq(indent, items);
            }
            value => {
                self.push(" ");
                self.scalar(indent + 2, value);
            }
        }
    }

    fn item(&mut self, indent: usize, value: &Value) {
        self.open_ended = false;
        self.push("- ");
        match value {
            Value::Map(map) if !map.is_empty() => self.map(indent + 2, map),
            Value::Seq(items) if !items.is_empty() => self.seq(indent + 2, items),
            value => self.scalar(indent + 2, value),
        }
    }

    fn key(&mut self, key: &Value) {
        let Value::String(text) = key else {
            self.scalar(usize::MAX, key);
            return;
        };
        let facts = Facts::of(text);
        let style = if facts.has_break { Style::DoubleQuoted } else { facts.one_line_style(text) };
        // A key is never folded.
        match style {
            Style::Plain => self.push(text),
            Style::SingleQuoted => {
                let quoted = format!("'{}'", text.replace('\'', "''"));
                self.push(&quoted);
            }
            _ => self.double_quoted(None, text),
        }
    }

    /// A scalar or an empty collection; its further lines stand at `indent`.
    fn scalar(&mut self, indent: usize, value: &Value) {
        match value {
            Value::Null => self.push("null"),
            Value::Bool(true) => self.push("true"),
            Value::Bool(false) => self.push("false"),
            Value::Int(text) | Value::Float(text) | Value::Special(text) => self.push(text),
            Value::Map(_) => self.push("{}"),
            Value::Seq(_) => self.push("[]"),
            Value::String(text) => match style_of(text) {
                Style::Plain => self.folded(indent, text, ""),
                Style::SingleQuoted => {
                    self.push("'");
                    self.folded(indent, text, "'");
                    self.push("'");
                }
                Style::Literal => self.literal(indent, text),
                Style::DoubleQuoted | Style::Folded => self.double_quoted(Some(indent), text),
            },
        }
    }

    /// Plain or single-quoted text; `quote` is doubled.
    ///
    /// Folded is a single blank inside of the text when the word before it ends behind [`WIDTH`].
    fn folded(&mut self, indent: usize, text: &str, quote: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let word_end = memchr::memchr(b' ', rest.as_bytes()).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(word_end);
            if quote.is_empty() || !word.contains(quote) {
                self.push(word);
            } else {
                self.push(&word.replace(quote, "''"));
            }
            let at_start = rest.len() == text.len() && word.is_empty();
            rest = behind.trim_start_matches(' ');
            let blanks = &behind[..behind.len() - rest.len()];
            if blanks.len() == 1 && !at_start && !rest.is_empty() && self.column > WIDTH {
                self.start_line(indent);
            } else {
                self.push(blanks);
            }
        }
    }

    fn literal(&mut self, indent: usize, text: &str) {
        self.text.push('|');
        if text.starts_with([' ', '\n']) {
            self.text.push('2');
        }
        if !text.ends_with('\n') {
            self.text.push('-');
        } else if text == "\n" || text.ends_with("\n\n") {
            self.text.push('+');
            self.open_ended = true;
        }
        self.text.push('\n');
        let lines = text.strip_suffix('\n').unwrap_or(text);
        self.text.reserve(lines.len() + 16 * indent);
        for line in lines.split('\n') {
            if !line.is_empty() {
                self.text.extend(std::iter::repeat_n(' ', indent));
                self.text.push_str(line);
            }
            self.text.push('\n');
        }
        self.column = 0;
    }

    /// Double-quoted text; folded at `indent` when one is given.
    fn double_quoted(&mut self, indent: Option<usize>, text: &str) {
        self.push("\"");
        let chars: Vec<char> = text.chars().collect();
        // The first character that is not written yet.
        let mut start = 0;
        for (at, c) in chars.iter().enumerate() {
            if needs_escape(*c) {
                self.chars(&chars, start, at);
                self.escape(*c);
                start = at + 1;
            }
            let breakable = 0 < at && at + 1 < chars.len() && (*c == ' ' || start >= at);
            // Directly behind an escape the pending text counts as minus one column.
            let too_wide = self.column + at > WIDTH + start;
            if let (Some(indent), true, true) = (indent, breakable, too_wide) {
                self.chars(&chars, start, at);
                self.push("\\");
                start = start.max(at);
                self.start_line(indent);
                if chars[start] == ' ' {
                    self.push("\\");
                }
            }
        }
        self.chars(&chars, start, chars.len());
        self.push("\"");
    }

    fn chars(&mut self, chars: &[char], start: usize, end: usize) {
        if let Some(part) = chars.get(start..end) {
            self.text.extend(part);
            self.column += part.len();
        }
    }

    fn escape(&mut self, c: char) {
        let short = match c {
            '\0' => "\\0",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{B}' => "\\v",
            '\u{C}' => "\\f",
            '\r' => "\\r",
            '\u{1B}' => "\\e",
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{85}' => "\\N",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            _ => "",
        };
        if !short.is_empty() {
            return self.push(short);
        }
        let before = self.text.len();
        let code = u32::from(c);
        let written = match code {
            0..=0xFF => write!(self.text, "\\x{code:02X}"),
            0x100..=0xFFFF => write!(self.text, "\\u{code:04X}"),
            _ => write!(self.text, "\\U{code:08X}"),
        };
        written.expect("writing to a string cannot fail");
        self.column += self.text.len() - before;
    }
}

const fn needs_escape(c: char) -> bool {
    matches!(c, '"' | '\\' | '\u{2028}' | '\u{2029}' | '\u{FEFF}')
        || !matches!(c, ' '..='~' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}')
}
