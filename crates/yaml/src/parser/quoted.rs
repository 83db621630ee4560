//! Quoted scalars.

use std::borrow::Cow;

use memchr::{memchr2, memchr3};

use super::{Parsed, Parser, Text};
use crate::error::{Fail, Problem};
use crate::node::Style;

impl<'a> Parser<'a, '_> {
    /// The quoted text that starts at `pos` with `quote`; `pos` is behind it afterwards.
    pub(super) fn quoted(&mut self, quote: u8) -> Parsed<(Cow<'a, str>, Style)> {
        if quote == b'\'' {
            Ok((self.single_quoted()?, Style::SingleQuoted))
        } else {
            Ok((self.double_quoted()?, Style::DoubleQuoted))
        }
    }

    const fn unclosed(open: usize) -> Fail {
        Fail::new(open, Problem::Unclosed { what: "a quoted text" })
    }

    fn single_quoted(&mut self) -> Parsed<Cow<'a, str>> {
        let open = self.pos;
        self.pos += 1;
        let mut text: Option<Text> = None;
        loop {
            let start = self.pos;
            let found = memchr2(b'\'', b'\n', &self.bytes[start..]);
            let at = start + found.ok_or(Self::unclosed(open))?;
            if self.bytes[at] == b'\n' {
                let text = text.get_or_insert_with(|| Text::new(true));
                self.fold_line(open, text, start, at)?;
                continue;
            }
            self.pos = at + 1;
            let part = &self.text[start..at];
            if self.peek() == Some(b'\'') {
                let text = text.get_or_insert_with(|| Text::new(true));
                text.push(part);
                text.push("'");
                self.pos += 1;
                continue;
            }
            return Ok(match text {
                None => Cow::Borrowed(part),
                Some(mut text) => {
                    text.push(part);
                    text.finish()
                }
            });
        }
    }

    fn double_quoted(&mut self) -> Parsed<Cow<'a, str>> {
        let open = self.pos;
        self.pos += 1;
        let mut text: Option<Text> = None;
        loop {
            let start = self.pos;
            let found = memchr3(b'"', b'\\', b'\n', &self.bytes[start..]);
            let at = start + found.ok_or(Self::unclosed(open))?;
            let part = &self.text[start..at];
            match self.bytes[at] {
                b'\n' => {
                    let text = text.get_or_insert_with(|| Text::new(true));
                    self.fold_line(open, text, start, at)?;
                }
                b'\\' => {
                    let text = text.get_or_insert_with(|| Text::new(true));
                    text.push(part);
                    self.pos = at + 1;
                    self.escape(open, text)?;
                }
                _ => {
                    self.pos = at + 1;
                    return Ok(match text {
                        None => Cow::Borrowed(part),
                        Some(mut text) => {
                            text.push(part);
                            text.finish()
                        }
                    });
                }
            }
        }
    }

    /// Takes the line from `start` to its break at `at` and folds it with the next.
    fn fold_line(&mut self, open: usize, text: &mut Text, start: usize, at: usize) -> Parsed<()> {
        text.push(self.text[start..at].trim_end_matches([' ', '\t', '\r']));
        self.pos = at;
        let blank_lines = self.skip_breaks(open)?;
        text.fold(blank_lines);
        Ok(())
    }

    /// Skips the line break at `pos`, blank lines and the next line's indentation; counts the blank
    /// lines.
    fn skip_breaks(&mut self, open: usize) -> Parsed<usize> {
        let mut blank_lines = 0;
        loop {
            self.next_line();
            if self.marker_here(b"---") || self.marker_here(b"...") {
                return Err(Self::unclosed(open));
            }
            while matches!(self.peek(), Some(b' ' | b'\t')) {
                self.pos += 1;
            }
            match self.peek() {
                None => return Err(Self::unclosed(open)),
                Some(b'\n' | b'\r') => blank_lines += 1,
                Some(_) => return Ok(blank_lines),
            }
        }
    }

    /// The escape whose backslash is before `pos`.
    fn escape(&mut self, open: usize, text: &mut Text) -> Parsed<()> {
        let backslash = self.pos - 1;
        let code = self.peek().ok_or(Self::unclosed(open))?;
        self.pos += 1;
        let plain = match code {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\u{B}',
            b'f' => '\u{C}',
            b'r' => '\r',
            b'e' => '\u{1B}',
            b' ' => ' ',
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'N' => '\u{85}',
            b'_' => '\u{A0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' => self.code_point(backslash, 2)?,
            b'u' => self.code_point(backslash, 4)?,
            b'U' => self.code_point(backslash, 8)?,
            b'\n' | b'\r' => {
                self.pos -= 1;
                let blank_lines = self.skip_breaks(open)?;
                text.breaks(blank_lines);
                return Ok(());
            }
            _ => return Err(Fail::new(backslash, Problem::Escape)),
        };
        text.push_char(plain);
        Ok(())
    }

    /// The character of `digits` hexadecimal digits at `pos`; two `\u` surrogates make one.
    fn code_point(&mut self, backslash: usize, digits: usize) -> Parsed<char> {
        let error = || Fail::new(backslash, Problem::Escape);
        let high = self.hexadecimal(digits).ok_or_else(error)?;
        if digits == 4 && (0xD800..0xDC00).contains(&high) {
            if !self.bytes[self.pos..].starts_with(b"\\u") {
                return Err(error());
            }
            self.pos += 2;
            let low = self.hexadecimal(4).ok_or_else(error)?;
            let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400).ok_or_else(error)?;
            return char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + low).ok_or_else(error);
        }
        char::from_u32(high).ok_or_else(error)
    }

    fn hexadecimal(&mut self, digits: usize) -> Option<u32> {
        let text = self.bytes.get(self.pos..self.pos + digits)?;
        let number = text
            .iter()
            .try_fold(0_u32, |sum, digit| Some(sum << 4 | char::from(*digit).to_digit(16)?))?;
        self.pos += digits;
        Some(number)
    }
}
