//! Splitting long texts into messages (spec 01 §2, spec 05 §2.5).

/// What a platform counts when it limits the length of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Unicode characters.
    Chars,
    /// UTF-16 code units: a character beyond the basic plane counts twice.
    Utf16,
}

impl Unit {
    const fn width(self, character: char) -> usize {
        match self {
            Self::Chars => 1,
            Self::Utf16 => character.len_utf16(),
        }
    }

    /// Bytes of the longest start of `text` that has at most `limit` units.
    fn prefix(self, text: &str, limit: usize) -> usize {
        // A text has never more units than bytes.
        if text.len() <= limit {
            return text.len();
        }
        if text.as_bytes()[..limit].is_ascii() {
            return limit;
        }
        let mut units = 0;
        text.char_indices()
            .find(|(_, character)| {
                units += self.width(*character);
                units > limit
            })
            .map_or(text.len(), |(at, _)| at)
    }
}

/// Splits `text` into pieces of at most `limit` units at line ends; only a single line longer than
/// the limit is cut inside. The line end at a cut belongs to no piece; an empty text has none.
///
/// ```
/// use oar_release::split::{Unit, split};
///
/// assert_eq!(split("one\ntwo\nthree", 8, Unit::Chars), ["one\ntwo", "three"]);
/// ```
pub fn split(text: &str, limit: usize, unit: Unit) -> Vec<&str> {
    split_with(text, limit, unit, str::len)
}

/// Like [`split`], but the caller decides where a line is cut inside.
///
/// `hard_cut` sees the longest piece that fits and answers how many of its bytes to keep, so that
/// it can spare an entity or a link. An answer that is zero, too long or inside a character is
/// ignored.
pub fn split_with(
    text: &str,
    limit: usize,
    unit: Unit,
    hard_cut: impl Fn(&str) -> usize,
) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let fits = unit.prefix(rest, limit);
        if fits == rest.len() {
            pieces.push(rest);
            break;
        }
        // A line end right behind the longest piece is as good as one inside it.
        let window = &rest.as_bytes()[..=fits];
        let (end, next) = memchr::memrchr(b'\n', window).map_or_else(
            || {
                let cut = inside(rest, fits, &hard_cut);
                (cut, cut)
            },
            |at| (at, at + 1),
        );
        if end > 0 {
            pieces.push(&rest[..end]);
        }
        rest = &rest[next..];
    }
    pieces
}

/// Where to cut a line whose longest piece has `fits` bytes; at least one character, so that a
/// limit below the width of one character still makes progress.
fn inside(line: &str, fits: usize, hard_cut: impl Fn(&str) -> usize) -> usize {
    if fits == 0 {
        return line.chars().next().map_or(line.len(), char::len_utf8);
    }
    let wanted = hard_cut(&line[..fits]);
    let good = wanted > 0 && wanted <= fits && line.is_char_boundary(wanted);
    if good { wanted } else { fits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_texts_stay_whole_and_empty_ones_vanish() {
        assert_eq!(split("", 10, Unit::Chars), [""; 0]);
        assert_eq!(split("0123456789", 10, Unit::Chars), ["0123456789"]);
        assert_eq!(split("0123456789\n", 11, Unit::Chars), ["0123456789\n"]);
    }

    #[test]
    fn cuts_at_line_ends_and_only_long_lines_inside() {
        assert_eq!(split("aaa\nbbb\nccc", 7, Unit::Chars), ["aaa\nbbb", "ccc"]);
        assert_eq!(
            split("aaa\nbbbbbbbbbb\ncc", 4, Unit::Chars),
            ["aaa", "bbbb", "bbbb", "bb", "cc"]
        );
        assert_eq!(split("\n\n\n\na", 2, Unit::Chars), ["\n\n", "\na"]);
    }

    #[test]
    fn limits_count_in_the_unit_of_the_platform() {
        let text = "ä".repeat(8);
        assert_eq!(split(&text, 8, Unit::Chars).len(), 1);
        let astral = "😀".repeat(5);
        assert_eq!(split(&astral, 5, Unit::Chars).len(), 1);
        // Never inside a surrogate pair: five units hold two of them.
        assert_eq!(split(&astral, 5, Unit::Utf16), ["😀😀", "😀😀", "😀"]);
        assert_eq!(split("😀😀", 1, Unit::Utf16), ["😀", "😀"]);
        assert_eq!(split("ab", 0, Unit::Chars), ["a", "b"]);
    }

    #[test]
    fn the_caller_may_spare_an_entity() {
        let spare = |piece: &str| piece.rfind('&').unwrap_or(piece.len());
        assert_eq!(split_with("aaa&amp;bbb", 5, Unit::Chars, spare), ["aaa", "&amp;", "bbb"]);
        assert_eq!(split_with("aäa", 2, Unit::Chars, |_| 2), ["aä", "a"], "inside a character");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_but_line_ends_and_nothing_is_too_long(
            text in "[a😀ä\n]{0,200}", limit in 2_usize..20, utf16: bool
        ) {
            let unit = if utf16 { Unit::Utf16 } else { Unit::Chars };
            let pieces = split(&text, limit, unit);
            let strip = |text: &str| text.replace('\n', "");
            prop_assert_eq!(strip(&pieces.concat()), strip(&text));
            for piece in pieces {
                let units: usize = piece.chars().map(|c| unit.width(c)).sum();
                prop_assert!(units <= limit && !piece.is_empty());
            }
        }

        /// A line that fits is never cut.
        #[test]
        fn whole_lines_stay_whole(lines in prop::collection::vec("[a-z]{1,10}", 0..30)) {
            let text = lines.join("\n");
            let pieces = split(&text, 12, Unit::Chars);
            let again: Vec<&str> = pieces.iter().flat_map(|piece| piece.lines()).collect();
            prop_assert_eq!(again, lines);
        }
    }
}
