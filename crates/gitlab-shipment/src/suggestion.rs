//! The body of a suggestion: a block that GitLab can apply with one click (spec 03 §2.8).

use std::fmt::Write as _;

/// A block that replaces `above` lines above the commented one, that line, and `below` lines below
/// it by `lines`; no lines propose deletion. `text` stands before the block.
///
/// ```
/// use oar_gitlab_shipment::suggestion;
///
/// assert_eq!(suggestion("Not ready.", (0, 1), &[]), "Not ready.\n\n```suggestion:-0+1\n```\n");
/// ```
pub fn suggestion(text: &str, (above, below): (u32, u32), lines: &[&str]) -> String {
    let text = text.trim();
    let mut body = if text.is_empty() { String::new() } else { format!("{text}\n\n") };
    // A fence longer than any within keeps the block together.
    let longest = lines.iter().map(|line| line.len() - line.trim_start_matches('`').len()).max();
    let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
    body.push_str(&fence);
    writeln!(body, "suggestion:-{above}+{below}").expect("writing to a string cannot fail");
    for line in lines {
        body.push_str(line);
        body.push('\n');
    }
    body.push_str(&fence);
    body.push('\n');
    body
}
