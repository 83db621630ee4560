//! Plain scalars.

use std::borrow::Cow;

use memchr::memchr3_iter;

use super::{Parsed, Parser, Text};
use crate::error::{Fail, Problem};
use crate::node::Span;

/// One line of a plain scalar.
pub(super) struct PlainLine {
    /// Byte after its last character.
    pub(super) end: usize,
    /// True when a key's colon follows; `pos` is at it.
    pub(super) is_key: bool,
    /// True when a comment follows, which ends the scalar.
    pub(super) commented: bool,
}

impl<'a> Parser<'a, '_> {
    /// Reads the plain text from `pos` to the end of the line, a comment, or a key's colon.
    pub(super) fn plain_line(&mut self) -> Parsed<PlainLine> {
        let start = self.pos;
        match self.peek() {
            Some(
                b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
                | b'"' | b'%' | b'@' | b'`' | b'\t',
            )
            | None => return Err(self.unexpected()),
            Some(b'-') if self.ends_word(start + 1) => {
                return Err(self.fail(Problem::ItemNotAllowed));
            }
            Some(b':') if self.ends_word(start + 1) => return Err(self.fail(Problem::ExpectedKey)),
            _ => {}
        }
        self.plain_rest(start)
    }

    /// As [`Self::plain_line`], where any first character may continue a text.
    fn plain_rest(&mut self, start: usize) -> Parsed<PlainLine> {
        let (mut end, _) = self.line_end(start);
        let (mut is_key, mut commented) = (false, false);
        for at in memchr3_iter(b':', b'#', b'\t', &self.bytes[start..end]) {
            let at = start + at;
            match self.bytes[at] {
                b':' if at + 1 >= end || matches!(self.bytes[at + 1], b' ' | b'\t') => {
                    is_key = true;
                }
                b'#' if at > start && self.bytes[at - 1] == b' ' => commented = true,
                b'\t' => return Err(Fail::new(at, Problem::Tab)),
                _ => continue,
            }
            end = at;
            break;
        }
        self.pos = end;
        while end > start && self.bytes[end - 1] == b' ' {
            end -= 1;
        }
        Ok(PlainLine { end, is_key, commented })
    }

    /// The rest of a plain scalar whose first line is read: all lines at column `min` or deeper.
    pub(super) fn plain_lines(
        &mut self,
        min: usize,
        mut span: Span,
        mut commented: bool,
    ) -> Parsed<(Cow<'a, str>, Span)> {
        let first = &self.text[span.start..span.end];
        let mut folded: Option<Text> = None;
        while !commented {
            let Some((start, blank_lines)) = self.plain_continuation(min) else { break };
            self.pos = start;
            let line = self.plain_rest(start)?;
            if line.is_key {
                return Err(self.fail(Problem::KeyNotAllowed));
            }
            let text = folded.get_or_insert_with(|| {
                let mut text = Text::new(self.build);
                text.push(first);
                text
            });
            text.fold(blank_lines);
            text.push(&self.text[start..line.end]);
            span.end = line.end;
            commented = line.commented;
        }
        Ok((folded.map_or(Cow::Borrowed(first), Text::finish), span))
    }

    /// The first character of the next line that continues a plain scalar, and how many blank lines
    /// stand before it. Moves to that line.
    fn plain_continuation(&mut self, min: usize) -> Option<(usize, usize)> {
        let (mut next, mut blank_lines) = (self.line_end(self.pos).1, 0);
        loop {
            let spaces = self.bytes[next..].iter().take_while(|b| **b == b' ').count();
            match self.bytes.get(next + spaces)? {
                b'\n' | b'\r' => {
                    next = self.line_end(next + spaces).1;
                    blank_lines += 1;
                }
                // A tab is left to the caller's look at the next content, which refuses it.
                b'#' | b'\t' => return None,
                _ if spaces < min => return None,
                _ => {
                    let marker = &self.bytes[next..];
                    if (marker.starts_with(b"---") || marker.starts_with(b"..."))
                        && self.ends_word(next + 3)
                    {
                        return None;
                    }
                    self.line_start = next;
                    return Some((next + spaces, blank_lines));
                }
            }
        }
    }
}
