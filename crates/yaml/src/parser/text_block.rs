//! Literal (`|`) and folded (`>`) blocks.

use std::borrow::Cow;

use super::{Parsed, Parser, Text};
use crate::error::{Fail, Problem};
use crate::node::{Node, Span, Style};

/// What happens to the line breaks at the end of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomp {
    Strip,
    Clip,
    Keep,
}

struct Header {
    folded: bool,
    chomp: Chomp,
    /// The indentation indicator, if one is given.
    indent: Option<usize>,
}

impl<'a> Parser<'a, '_> {
    /// The block whose `|` or `>` is at `pos`.
    pub(super) fn text_block(&mut self, min: usize) -> Parsed<Node<'a>> {
        let start = self.pos;
        let header = self.block_header()?;
        let header_end = self.pos;
        self.next_line();
        let style = if header.folded { Style::Folded } else { Style::Literal };
        // `min - 1` is the enclosing column; at the root there is none and the text is at 1 or deeper.
        let indent = match header.indent {
            Some(indicator) => Some(min.max(1) - 1 + indicator),
            None => self.detect_indent(min.max(1))?,
        };
        let (text, end) = match indent {
            Some(indent) => self.block_lines(&header, indent, header_end),
            None => self.empty_block(header.chomp, header_end),
        };
        Ok(self.scalar(text, style, Span { start, end }))
    }

    fn block_header(&mut self) -> Parsed<Header> {
        let mut header =
            Header { folded: self.peek() == Some(b'>'), chomp: Chomp::Clip, indent: None };
        self.pos += 1;
        loop {
            match self.peek() {
                Some(b'-') if header.chomp == Chomp::Clip => header.chomp = Chomp::Strip,
                Some(b'+') if header.chomp == Chomp::Clip => header.chomp = Chomp::Keep,
                Some(digit @ b'1'..=b'9') if header.indent.is_none() => {
                    header.indent = Some(usize::from(digit - b'0'));
                }
                _ => break,
            }
            self.pos += 1;
        }
        let end = self.pos;
        self.skip_spaces();
        if !self.at_line_end() {
            return Err(self.unexpected());
        }
        self.pos = end;
        Ok(header)
    }

    /// The column of the first line with text; `None` when there is no line of the block.
    fn detect_indent(&self, min: usize) -> Parsed<Option<usize>> {
        let (mut at, mut widest, mut widest_at) = (self.pos, 0, 0);
        loop {
            let spaces = self.bytes[at..].iter().take_while(|b| **b == b' ').count();
            match self.bytes.get(at + spaces) {
                Some(b'\n' | b'\r') => {
                    if spaces > widest {
                        (widest, widest_at) = (spaces, at);
                    }
                    at = self.line_end(at + spaces).1;
                }
                Some(_) if spaces >= min && !(spaces == 0 && self.at_marker(at)) => {
                    if widest > spaces {
                        return Err(Fail::new(widest_at + spaces, Problem::Indentation));
                    }
                    return Ok(Some(spaces));
                }
                _ => return Ok(None),
            }
        }
    }

    fn at_marker(&self, at: usize) -> bool {
        let rest = &self.bytes[at..];
        (rest.starts_with(b"---") || rest.starts_with(b"...")) && self.ends_word(at + 3)
    }

    /// A block without text: its blank lines count only when they are kept.
    fn empty_block(&mut self, chomp: Chomp, header_end: usize) -> (Cow<'a, str>, usize) {
        let mut text = Text::new(self.build);
        let mut end = header_end;
        loop {
            let spaces = self.bytes[self.pos..].iter().take_while(|b| **b == b' ').count();
            if !matches!(self.bytes.get(self.pos + spaces), Some(b'\n' | b'\r')) {
                break;
            }
            self.next_line();
            if chomp == Chomp::Keep {
                text.breaks(1);
                end = self.pos;
            }
        }
        (text.finish(), end)
    }

    fn block_lines(
        &mut self,
        header: &Header,
        indent: usize,
        header_end: usize,
    ) -> (Cow<'a, str>, usize) {
        let mut text = Text::new(self.build);
        let mut end = header_end;
        let mut blank_lines = 0;
        // The last line taken: whether it has a break, and whether it may be folded with the next.
        let mut last: Option<(bool, bool)> = None;
        while self.pos < self.bytes.len() {
            let line = &self.bytes[self.pos..];
            let spaces = line.iter().take(indent).take_while(|b| **b == b' ').count();
            if spaces < indent {
                if !matches!(line.get(spaces), Some(b'\n' | b'\r')) {
                    break;
                }
                blank_lines += 1;
                self.next_line();
                continue;
            }
            let from = self.pos + indent;
            let (to, next) = self.line_end(from);
            if from == to && next > to {
                // An empty line at full indentation is a blank line like any other.
                blank_lines += 1;
                self.pos = next;
                self.line_start = next;
                continue;
            }
            if from == self.bytes.len() {
                break;
            }
            let flush = !matches!(self.bytes[from], b' ' | b'\t');
            match last {
                Some((_, true)) if header.folded && flush => text.fold(blank_lines),
                Some(_) => text.breaks(1 + blank_lines),
                None => text.breaks(blank_lines),
            }
            text.push(&self.text[from..to]);
            last = Some((next > to, flush));
            blank_lines = 0;
            self.pos = next;
            self.line_start = next;
            end = next;
        }
        self.end_block(header.chomp, last, blank_lines, &mut text, &mut end);
        (text.finish(), end)
    }

    fn end_block(
        &mut self,
        chomp: Chomp,
        last: Option<(bool, bool)>,
        blank_lines: usize,
        text: &mut Text,
        end: &mut usize,
    ) {
        let has_break = last.is_some_and(|(has_break, _)| has_break);
        if chomp != Chomp::Strip && has_break {
            text.breaks(1);
        }
        if chomp == Chomp::Keep && blank_lines > 0 {
            text.breaks(blank_lines);
            *end = self.pos;
        }
        // A last line of spaces only, without a break, is no content.
        self.line_start = self.pos;
    }
}
