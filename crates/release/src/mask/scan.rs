//! The pass that finds addresses and secrets by their shape.

use memchr::memmem;

/// What a span is replaced by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An e-mail address.
    Email,
    /// Anything else that must not be seen.
    Secret,
}

/// A piece of the text to replace; both ends lie on character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// First byte.
    pub(super) start: usize,
    /// One past the last byte.
    pub(super) end: usize,
    /// Which placeholder to use.
    pub(super) kind: Kind,
}

impl Span {
    /// The smallest span that holds both; a secret inside makes the whole a secret, unless an
    /// address holds all of it.
    pub(super) fn united(self, other: Self) -> Self {
        let kind = if self.kind == other.kind { self.kind } else { Kind::Secret };
        Self { start: self.start.min(other.start), end: self.end.max(other.end), kind }
    }
}

/// Bytes at which something may be recognised.
const ANCHOR: [bool; 256] = {
    let mut table = [false; 256];
    let anchors = b"@:_-bBkK";
    let mut at = 0;
    while at < anchors.len() {
        table[anchors[at] as usize] = true;
        at += 1;
    }
    table
};

/// Every span of `text` that has the shape of an address or a secret. Spans may overlap and are
/// sorted by where they were recognised, not by start.
pub(super) fn spans(text: &[u8]) -> Vec<Span> {
    let mut scan = Scan { text, spans: Vec::new(), token_end: 0, value_end: 0, authority_end: 0 };
    let mut at = 0;
    while let Some(step) = text[at..].iter().position(|byte| ANCHOR[usize::from(*byte)]) {
        at += step;
        match text[at] {
            b'@' => scan.email(at),
            b':' => scan.user_info(at),
            b'_' => scan.github_token(at),
            b'-' => scan.dashed(at),
            b'b' | b'B' => scan.scheme(at),
            _ => scan.keyword_token(at),
        }
        at += 1;
    }
    scan.spans
}

struct Scan<'t> {
    text: &'t [u8],
    spans: Vec<Span>,
    /// End of the last token or key block: anchors before it are inside it.
    token_end: usize,
    /// End of the last header value looked at.
    value_end: usize,
    /// End of the last authority whose user-info is hidden: what looks like an address inside it is
    /// a password before a host.
    authority_end: usize,
}

impl Scan<'_> {
    fn secret(&mut self, start: usize, end: usize) {
        self.spans.push(Span { start, end, kind: Kind::Secret });
    }

    /// `local@domain` around the `@` at `at`. The scans stop at the neighbouring `@`, so each byte
    /// is visited at most twice.
    fn email(&mut self, at: usize) {
        if at < self.authority_end {
            return;
        }
        let start = run_start(self.text, at, is_local);
        let end = run_end(self.text, at + 1, is_domain);
        if start == at || end == at + 1 {
            return;
        }
        let Some(length) = domain_length(&self.text[at + 1..end]) else { return };
        self.spans.push(Span { start, end: at + 1 + length, kind: Kind::Email });
    }

    /// `://user:password@host`: everything up to the last `@` of the authority.
    fn user_info(&mut self, at: usize) {
        if !self.text[at..].starts_with(b"://") {
            return;
        }
        let start = at + 3;
        let end = run_end(self.text, start, is_authority);
        let Some(length) = memchr::memrchr(b'@', &self.text[start..end]) else { return };
        let user_info = &self.text[start..start + length];
        let digest = self.text[start + length..].starts_with(b"@sha256:");
        if !user_info.is_empty() && user_info != super::SECRET_REDACTED.as_bytes() && !digest {
            self.secret(start, start + length);
            self.authority_end = end;
        }
    }

    /// `ghp_…` and its relatives, `github_pat_…`; `at` is the underscore.
    fn github_token(&mut self, at: usize) {
        let before = &self.text[..at];
        let prefix = if before.ends_with(b"github_pat") {
            10
        } else if matches!(before, [.., b'g', b'h', b'p' | b'o' | b's' | b'u' | b'r']) {
            3
        } else {
            return;
        };
        self.token(at - prefix, at, |b| b.is_ascii_alphanumeric() || b == b'_');
    }

    /// GitLab and Slack tokens and private-key blocks; `at` is a dash.
    fn dashed(&mut self, at: usize) {
        match &self.text[..at] {
            [.., b'g', b'l', b'p', b'a', b't'] => {
                self.token(at - 5, at, |b| {
                    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')
                });
            }
            [.., b'x', b'o', b'x', b'a'..=b'z'] | [.., b'x', b'a', b'p', b'p'] => {
                self.token(at - 4, at, |b| b.is_ascii_alphanumeric() || b == b'-');
            }
            _ => self.private_key(at),
        }
    }

    /// A token from `start` whose prefix ends with the byte at `mark`.
    fn token(&mut self, start: usize, mark: usize, accepts: impl Fn(u8) -> bool) {
        if mark < self.token_end {
            return;
        }
        let end = run_end(self.text, mark + 1, accepts);
        if end > mark + 1 {
            self.secret(start, end);
            self.token_end = end;
        }
    }

    /// `-----BEGIN … PRIVATE KEY-----` up to the matching end line, or to the end of the text.
    fn private_key(&mut self, at: usize) {
        const LONGEST_HEADER: usize = 80;
        let rest = &self.text[at..];
        if at < self.token_end || !rest.starts_with(b"-----BEGIN ") {
            return;
        }
        let header = &rest[..rest.len().min(LONGEST_HEADER)];
        let Some(body) = memmem::find(header, b"PRIVATE KEY-----") else { return };
        let end = memmem::find(&rest[body + 16..], b"-----END ").map_or(self.text.len(), |found| {
            let line = at + body + 16 + found + 9;
            memmem::find(&self.text[line..], b"-----")
                .map_or(self.text.len(), |dash| line + dash + 5)
        });
        self.secret(at, end);
        self.token_end = end;
    }

    /// `Bearer value`, `Basic value`; `at` is the first letter.
    fn scheme(&mut self, at: usize) {
        let rest = &self.text[at + 1..];
        let length = match rest {
            [b'e', b'a', b'r', b'e', b'r', ..] | [b'E', b'A', b'R', b'E', b'R', ..] => 5,
            [b'a', b's', b'i', b'c', ..] | [b'A', b'S', b'I', b'C', ..] => 4,
            _ => return,
        };
        self.header_value(at, at + 1 + length);
    }

    /// `token value`, `token: value`, `private_token=value`; `at` is the `k`.
    fn keyword_token(&mut self, at: usize) {
        let before = matches!(self.text[..at], [.., b't' | b'T', b'o' | b'O']);
        let after = matches!(self.text[at + 1..], [b'e' | b'E', b'n' | b'N', ..]);
        if before && after {
            self.header_value(at - 2, at + 3);
        }
    }

    /// The value after a key word that spans `start..mark`.
    fn header_value(&mut self, start: usize, mark: usize) {
        if mark < self.value_end {
            return;
        }
        // At most a closing quote, blanks, `:` or `=`, blanks, an opening quote.
        let value = mark + separator(&self.text[mark..]);
        if value == mark {
            return;
        }
        let end = run_end(self.text, value, is_value);
        self.value_end = end;
        let assigned = self.text[mark..value].contains(&b'=');
        let challenge =
            is_parameter(&self.text[value..end]) && matches!(self.text.get(end), Some(b'"'));
        let plain = is_plain_word(&self.text[value..end]) && !assigned;
        if end > value && !challenge && (!plain || after_authorization(self.text, start)) {
            self.secret(value, end);
        }
    }
}

/// Length of what separates a key word from its value; 0 when no value follows.
fn separator(text: &[u8]) -> usize {
    const LONGEST: usize = 8;
    let text = &text[..text.len().min(LONGEST)];
    let length = run_end(text, 0, |b| matches!(b, b' ' | b'\t' | b':' | b'=' | b'"' | b'\''));
    if length == LONGEST { 0 } else { length }
}

/// `realm=`: the name of a parameter that stands after the scheme in a challenge.
fn is_parameter(word: &[u8]) -> bool {
    let name = word.strip_suffix(b"=");
    name.is_some_and(|name| name.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_'))
}

/// A word of prose such as in "token expired" or "Basic authentication": not a credential.
fn is_plain_word(value: &[u8]) -> bool {
    let value = value.strip_suffix(b".").or(value.strip_suffix(b":")).unwrap_or(value);
    let letters = value.split_first().is_none_or(|(first, rest)| {
        first.is_ascii_alphabetic() && rest.iter().all(u8::is_ascii_lowercase)
    });
    letters && value.len() <= 20
}

/// Whether the header name `Authorization` stands right before `at`.
fn after_authorization(text: &[u8], at: usize) -> bool {
    const NAME: &[u8] = b"authorization";
    let end = run_start(&text[at.saturating_sub(6)..at], at.min(6), |b| {
        matches!(b, b' ' | b':' | b'=' | b'"' | b'\'')
    });
    let end = at.saturating_sub(6) + end;
    end != at && end >= NAME.len() && text[end - NAME.len()..end].eq_ignore_ascii_case(NAME)
}

/// Length of the address's domain inside a run of domain bytes, if it ends in a label of at least
/// two letters somewhere; marks after the last label are not part of it.
fn domain_length(run: &[u8]) -> Option<usize> {
    let length = run.len() - run.iter().rev().take_while(|b| matches!(b, b'.' | b'-')).count();
    let domain = &run[..length];
    let top = domain
        .windows(3)
        .any(|w| w[0] == b'.' && w[1].is_ascii_alphabetic() && w[2].is_ascii_alphabetic());
    (top && !domain.starts_with(b".")).then_some(length)
}

fn run_end(text: &[u8], from: usize, accepts: impl Fn(u8) -> bool) -> usize {
    text[from..].iter().position(|byte| !accepts(*byte)).map_or(text.len(), |length| from + length)
}

fn run_start(text: &[u8], before: usize, accepts: impl Fn(u8) -> bool) -> usize {
    text[..before].iter().rposition(|byte| !accepts(*byte)).map_or(0, |last| last + 1)
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-')
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

/// Bytes of a URL's authority; non-ASCII ones too, so that a span never cuts a character.
fn is_authority(byte: u8) -> bool {
    !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'|' | b'`' | b'\\')
        && !byte.is_ascii_whitespace()
        && !byte.is_ascii_control()
}

/// Bytes of a credential in a header.
fn is_value(byte: u8) -> bool {
    byte.is_ascii_graphic()
        && !matches!(
            byte,
            b'"' | b'\''
                | b'`'
                | b','
                | b';'
                | b'<'
                | b'>'
                | b'('
                | b')'
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b'&'
                | b'\\'
                | b'|'
        )
}
