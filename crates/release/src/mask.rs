//! Masking of e-mail addresses and secrets in everything that leaves the program for people or for
//! a public repository (spec 01 §7.9, requirement R4).
//!
//! One pass over the bytes finds *anchors* (`@`, `://`, `ghp_`, `Bearer` …); each anchor is looked
//! at with scans that never cross ground another anchor of its kind has covered, so the time is
//! linear whatever the input. Literal secrets are found by a second pass with one automaton.

mod scan;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};

use scan::{Kind, Span};

/// What stands in place of an e-mail address.
pub const EMAIL_REDACTED: &str = "[EMAIL_REDACTED]";

/// What stands in place of any other secret.
pub const SECRET_REDACTED: &str = "[SECRET_REDACTED]";

/// Literal secrets shorter than this many bytes are not searched for: they occur in ordinary words.
const SHORTEST_LITERAL: usize = 8;

/// Replaces what must not be published. The default knows the general shapes only; [`Masker::new`]
/// adds the values of this process's own secrets.
///
/// Masking is idempotent and takes time linear in the text.
///
/// ```
/// use oar_release::mask::Masker;
///
/// let masker = Masker::new(["s3cret-value".to_owned()]);
/// assert_eq!(
///     masker.mask("a@example.com sent s3cret-value to https://u:p@host.example.com/x"),
///     "[EMAIL_REDACTED] sent [SECRET_REDACTED] to https://[SECRET_REDACTED]@host.example.com/x",
/// );
/// ```
#[derive(Clone, Default)]
pub struct Masker {
    literals: Option<Literals>,
}

#[derive(Clone)]
struct Literals {
    automaton: AhoCorasick,
    /// Kind of each pattern: a user name that is an address reads better as an address.
    kinds: Vec<Kind>,
}

impl Masker {
    /// A masker that also hides the literal `secrets`.
    ///
    /// Surrounding white space is not part of a secret. Values of fewer than 8 bytes are ignored,
    /// and so is a value that is a piece of the replacement texts themselves.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets
            .into_iter()
            .map(|secret| secret.trim().to_owned())
            .filter(|secret| secret.len() >= SHORTEST_LITERAL)
            .filter(|secret| !SECRET_REDACTED.contains(secret) && !EMAIL_REDACTED.contains(secret))
            .collect();
        secrets.sort_unstable();
        secrets.dedup();
        if secrets.is_empty() {
            return Self::default();
        }
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&secrets);
        let kinds = secrets
            .iter()
            .map(|secret| if crate::email::is_email(secret) { Kind::Email } else { Kind::Secret })
            .collect();
        // Building fails only beyond 2^31 patterns or states, more than an environment can hold.
        Self { literals: automaton.ok().map(|automaton| Literals { automaton, kinds }) }
    }

    /// `text` with every address and secret replaced; borrowed when there was nothing to replace.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut spans = scan::spans(text.as_bytes());
        if let Some(literals) = &self.literals {
            spans.extend(literals.automaton.find_iter(text).map(|found| Span {
                start: found.start(),
                end: found.end(),
                kind: literals.kinds[found.pattern().as_usize()],
            }));
        }
        if spans.is_empty() {
            return Cow::Borrowed(text);
        }
        // Stable sort: both halves are nearly sorted already, which it turns into one merge.
        spans.sort_by_key(|span| span.start);
        Cow::Owned(replace(text, &spans))
    }
}

/// `text` with each group of overlapping `spans` (sorted by start) replaced by one placeholder.
fn replace(text: &str, spans: &[Span]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    let mut rest = spans.iter();
    let mut next = rest.next();
    while let Some(first) = next {
        let mut whole = *first;
        next = rest.next();
        while let Some(span) = next.filter(|span| span.start < whole.end) {
            whole = whole.united(*span);
            next = rest.next();
        }
        out.push_str(&text[kept..whole.start]);
        out.push_str(match whole.kind {
            Kind::Email => EMAIL_REDACTED,
            Kind::Secret => SECRET_REDACTED,
        });
        kept = whole.end;
    }
    out.push_str(&text[kept..]);
    out
}

impl fmt::Debug for Masker {
    /// Never the secrets, only how many there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let literals = self.literals.as_ref().map_or(0, |literals| literals.kinds.len());
        f.debug_struct("Masker").field("literals", &literals).finish_non_exhaustive()
    }
}
