//! Cuts long text into posts.

use super::{NO_OUTPUT, escape};

/// Longest text of one post, characters, escaping and code fence included.
pub const LIMIT: usize = 3900;

const FENCE: &str = "```";
/// A fence with its line break, before and behind.
const FENCES: usize = 2 * (FENCE.len() + 1);

/// Command output or a log as posts in code fences, each within [`LIMIT`]. Cut at line ends; only a
/// line that is longer than a post is cut inside. Empty output gives a placeholder.
pub fn fenced(text: &str) -> Vec<String> {
    if text.trim().is_empty() {
        return vec![NO_OUTPUT.to_owned()];
    }
    let safe = without_fences(&escape(text.trim_end()));
    pack(&safe, LIMIT - FENCES)
        .into_iter()
        .filter(|piece| !piece.trim().is_empty())
        .map(|piece| format!("{FENCE}\n{piece}\n{FENCE}"))
        .collect()
}

/// A notification in markup as posts, each beginning with `prefix` (the release in brackets).
///
/// Cut between lines, and never inside a mention, link or entity; one that is longer than a post
/// does not exist.
pub fn notification(prefix: &str, text: &str) -> Vec<String> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let head = if prefix.is_empty() { String::new() } else { format!("{prefix} ") };
    let room = LIMIT.saturating_sub(head.chars().count()).max(1);
    pack(text.trim_end(), room)
        .into_iter()
        .filter(|piece| !piece.trim().is_empty())
        .map(|piece| format!("{head}{piece}"))
        .collect()
}

/// Breaks every run of three backticks with a zero-width space, so that none closes the fence.
fn without_fences(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut run = 0;
    for letter in text.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        if run == 3 {
            safe.push('\u{200b}');
            run = 1;
        }
        safe.push(letter);
    }
    safe
}

/// Fills pieces of at most `room` characters with whole lines; the line breaks between pieces go.
fn pack(text: &str, room: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut used = 0;
    for line in text.split('\n').flat_map(|line| cut(line, room)) {
        let length = line.chars().count();
        if !piece.is_empty() && used + 1 + length > room {
            pieces.push(std::mem::take(&mut piece));
            used = 0;
        }
        if !piece.is_empty() {
            piece.push('\n');
            used += 1;
        }
        piece.push_str(line);
        used += length;
    }
    pieces.push(piece);
    pieces
}

/// Cuts one line into parts of at most `room` characters, outside of `<…>` and `&…;`.
fn cut(line: &str, room: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some((hard, _)) = rest.char_indices().nth(room) {
        let at = unit_start(&rest[..hard], &rest[hard..]);
        // A unit longer than a post cannot stay whole.
        let at = if at == 0 { hard } else { at };
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

/// Where to cut so that the unit that crosses the end of `before` stays whole: its start, or the end
/// of `before` when none crosses it.
fn unit_start(before: &str, after: &str) -> usize {
    let open = |opening: char, closing: char| {
        let start = before.rfind(opening)?;
        (!before[start..].contains(closing) && after.contains(closing)).then_some(start)
    };
    // An entity has at most five characters (`&amp;`); a lone ampersand further back is none.
    let entity = open('&', ';').filter(|start| before.len() - start < 5);
    open('<', '>').or(entity).unwrap_or(before.len())
}
