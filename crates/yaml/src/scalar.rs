//! What a plain scalar means, by the rules of YAML 1.1 as the state files' writer knows them
//! (spec 01 §6.4 step 2).

use crate::node::Style;

/// What kind of scalar a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalarKind {
    /// Nothing, `~`, `null`.
    Null,
    /// `true`, `yes`, `on` and their opposites.
    Bool(bool),
    /// An integer: decimal, octal, binary, hexadecimal or sexagesimal.
    Int,
    /// A floating point number.
    Float,
    /// A date, or a date with a time.
    Time,
    /// `=`, `<<`, `!`, `&` or `*` alone.
    Other,
    /// Text.
    String,
}

/// What kind of scalar `text` is when it is written in `style`; only plain text can be anything
/// but a string.
pub fn resolve(text: &str, style: Style) -> ScalarKind {
    if style != Style::Plain {
        return ScalarKind::String;
    }
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else {
        return ScalarKind::Null;
    };
    match first {
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(bytes),
        b'~' | b'n' | b'N' | b'y' | b'Y' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' => word(text),
        b'=' | b'!' | b'&' | b'*' if bytes.len() == 1 => ScalarKind::Other,
        b'<' if text == "<<" => ScalarKind::Other,
        _ => ScalarKind::String,
    }
}

fn word(text: &str) -> ScalarKind {
    match text {
        "~" | "null" | "Null" | "NULL" => ScalarKind::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            ScalarKind::Bool(true)
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            ScalarKind::Bool(false)
        }
        _ => ScalarKind::String,
    }
}

/// Kind of a text that starts like a number.
fn number(bytes: &[u8]) -> ScalarKind {
    let signed = matches!(bytes[0], b'+' | b'-');
    let unsigned = &bytes[usize::from(signed)..];
    if is_integer(unsigned) {
        ScalarKind::Int
    } else if is_float(unsigned, signed) {
        ScalarKind::Float
    } else if !signed && is_time(bytes) {
        ScalarKind::Time
    } else {
        ScalarKind::String
    }
}

fn all(bytes: &[u8], allowed: impl Fn(u8) -> bool) -> bool {
    bytes.iter().all(|b| allowed(*b))
}

const fn digit_or_underscore(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b'_'
}

fn is_integer(text: &[u8]) -> bool {
    match text {
        [b'0', b'b', rest @ ..] if !rest.is_empty() => {
            all(rest, |b| matches!(b, b'0' | b'1' | b'_'))
        }
        [b'0', b'x', rest @ ..] if !rest.is_empty() => {
            all(rest, |b| b.is_ascii_hexdigit() || b == b'_')
        }
        [b'0', rest @ ..] => all(rest, |b| matches!(b, b'0'..=b'7' | b'_')),
        [b'1'..=b'9', rest @ ..] => {
            let digits = rest.iter().take_while(|b| digit_or_underscore(**b)).count();
            let minutes = &rest[digits..];
            minutes.is_empty() || is_sexagesimal(minutes)
        }
        _ => false,
    }
}

/// One or more `:` + number below 60.
fn is_sexagesimal(text: &[u8]) -> bool {
    let mut parts = text.split(|b| *b == b':');
    let leading = parts.next().is_some_and(<[u8]>::is_empty);
    let mut some = false;
    let fits = parts.all(|part| {
        some = true;
        matches!(part, [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
    });
    leading && some && fits
}

fn is_float(unsigned: &[u8], signed: bool) -> bool {
    match unsigned {
        b".inf" | b".Inf" | b".INF" => true,
        b".nan" | b".NaN" | b".NAN" => !signed,
        [b'.', b'0'..=b'9', rest @ ..] => !signed && is_fraction(rest),
        [b'0'..=b'9', rest @ ..] => {
            let digits = rest.iter().take_while(|b| digit_or_underscore(**b)).count();
            match &rest[digits..] {
                [b'.', rest @ ..] => is_fraction(rest),
                minutes @ [b':', ..] => {
                    let dot = memchr::memchr(b'.', minutes);
                    dot.is_some_and(|dot| {
                        is_sexagesimal(&minutes[..dot])
                            && all(&minutes[dot + 1..], digit_or_underscore)
                    })
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// Digits and underscores, then perhaps an exponent with a mandatory sign.
fn is_fraction(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|b| digit_or_underscore(**b)).count();
    match &text[digits..] {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] => {
            !exponent.is_empty() && all(exponent, |b| b.is_ascii_digit())
        }
        _ => false,
    }
}

/// A reader of fixed shapes: each step takes what it needs or fails.
struct Shape<'a>(&'a [u8]);

impl Shape<'_> {
    /// Takes `least..=most` digits, as many as there are.
    fn digits(&mut self, least: usize, most: usize) -> Option<usize> {
        let count = self.0.iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        self.0 = &self.0[count..];
        (count >= least).then_some(count)
    }

    fn byte(&mut self, wanted: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[wanted])?;
        Some(())
    }

    fn blanks(&mut self) -> usize {
        let count = self.0.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        self.0 = &self.0[count..];
        count
    }
}

fn is_time(text: &[u8]) -> bool {
    read_time(Shape(text)).is_some()
}

fn read_time(mut shape: Shape<'_>) -> Option<()> {
    shape.digits(4, 4)?;
    shape.byte(b'-')?;
    let month = shape.digits(1, 2)?;
    shape.byte(b'-')?;
    let day = shape.digits(1, 2)?;
    if shape.0.is_empty() {
        return (month == 2 && day == 2).then_some(());
    }
    if shape.byte(b'T').or_else(|| shape.byte(b't')).is_none() && shape.blanks() == 0 {
        return None;
    }
    shape.digits(1, 2)?;
    for _minutes_then_seconds in 0..2 {
        shape.byte(b':')?;
        shape.digits(2, 2)?;
    }
    if shape.byte(b'.').is_some() {
        shape.digits(0, usize::MAX)?;
    }
    if shape.0.is_empty() {
        return Some(());
    }
    shape.blanks();
    if shape.byte(b'Z').is_none() {
        shape.byte(b'+').or_else(|| shape.byte(b'-'))?;
        shape.digits(1, 2)?;
        if shape.byte(b':').is_some() {
            shape.digits(2, 2)?;
        }
    }
    shape.0.is_empty().then_some(())
}

/// The number of an integer text in any of the YAML 1.1 notations.
pub(crate) fn integer(text: &str) -> Option<i64> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let (negative, digits) = match plain.as_bytes() {
        [b'-', ..] => (true, &plain[1..]),
        [b'+', ..] => (false, &plain[1..]),
        _ => (false, plain.as_str()),
    };
    let magnitude = if digits.contains(':') {
        digits.split(':').try_fold(0_i128, |sum, part| {
            sum.checked_mul(60)?.checked_add(part.parse::<i128>().ok()?)
        })?
    } else {
        let (radix, digits) = match digits.as_bytes() {
            [b'0', b'b', ..] => (2, &digits[2..]),
            [b'0', b'x', ..] => (16, &digits[2..]),
            [b'0', _, ..] => (8, &digits[1..]),
            _ => (10, digits),
        };
        i128::from_str_radix(digits, radix).ok()?
    };
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> ScalarKind {
        resolve(text, Style::Plain)
    }

    #[test]
    fn texts_that_look_like_another_type() {
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(kind(text), ScalarKind::Null, "{text}");
        }
        for text in ["yes", "On", "TRUE"] {
            assert_eq!(kind(text), ScalarKind::Bool(true), "{text}");
        }
        for text in ["no", "Off", "FALSE"] {
            assert_eq!(kind(text), ScalarKind::Bool(false), "{text}");
        }
        for text in ["0", "-0", "+12", "017", "0_7", "1_000", "0b10", "0xfF_", "12:30", "1:59:5"] {
            assert_eq!(kind(text), ScalarKind::Int, "{text}");
        }
        for text in [
            "1.", "-1.5", "1_0.2_3", "1.5e+3", "09.5", ".5", ".5E-1", "1:30.5", "01:30.5", "-.inf",
            ".NaN",
        ] {
            assert_eq!(kind(text), ScalarKind::Float, "{text}");
        }
        for text in [
            "2026-10-01",
            "2026-1-2T3:04:05",
            "2026-01-02 03:04:05.678 +02:00",
            "2026-01-02t03:04:05Z",
            "2026-01-02\t 03:04:05.-5",
        ] {
            assert_eq!(kind(text), ScalarKind::Time, "{text}");
        }
        for text in ["=", "<<", "!", "&", "*"] {
            assert_eq!(kind(text), ScalarKind::Other, "{text}");
        }
    }

    #[test]
    fn texts_that_stay_text() {
        for text in [
            "1e3",
            "0o7",
            "y",
            "n",
            "Y",
            "nULL",
            "4.20.1",
            "5.0.0-ec.3",
            "2026-Oct-01",
            "08",
            "12:60",
            "12:",
            "12:5:",
            ":30",
            "0:30",
            "0x",
            "0b",
            "0b2",
            "1.5e3",
            "-.5",
            "+.nan",
            "..5",
            "2026-1-02",
            "2026-10-01T",
            "2026-10-01 1:2:3",
            "--1",
            "+",
            "-",
            ".",
            "1,000",
            "tru",
            "-2026-10-01",
            "_1",
            "2026-10-0112:00:00",
        ] {
            assert_eq!(kind(text), ScalarKind::String, "{text}");
        }
    }

    #[test]
    fn quotes_make_text() {
        assert_eq!(resolve("1", Style::SingleQuoted), ScalarKind::String);
        assert_eq!(resolve("", Style::DoubleQuoted), ScalarKind::String);
    }

    #[test]
    fn integers_in_every_notation() {
        for (text, number) in [
            ("0", 0),
            ("-12", -12),
            ("+1_000", 1000),
            ("017", 15),
            ("0b101", 5),
            ("0xFF", 255),
            ("1:30", 90),
        ] {
            assert_eq!(integer(text), Some(number), "{text}");
        }
        assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(integer("9223372036854775808"), None);
        assert_eq!(integer(&"9".repeat(100)), None);
    }
}
