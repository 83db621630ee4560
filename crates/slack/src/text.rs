//! Slack's markup: escaping, mentions, links, splitting (spec 05 §2.3–2.5). Pure functions.
//!
//! Only [`link`], [`crate::UserId`] and [`crate::GroupId`] put raw angle brackets into a text, so no
//! log or answer of a model can forge a mention or a link.

mod split;

pub use split::{LIMIT, fenced, notification};

/// What stands for the output of a command that printed nothing.
pub const NO_OUTPUT: &str = "_no output_";

/// Escapes inserted text. Slack reads angle brackets inside code fences too, so it is needed there
/// as well.
///
/// ```
/// assert_eq!(oar_slack::text::escape("<!here> & co"), "&lt;!here&gt; &amp; co");
/// ```
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A link with a label. Neither can end it early: what would is encoded in the address and replaced
/// in the label.
///
/// ```
/// let link = oar_slack::text::link("https://x.example.com/a b?c=1&d", "a|b <c>");
/// assert_eq!(link, "<https://x.example.com/a%20b?c=1&amp;d|a¦b &lt;c&gt;>");
/// ```
pub fn link(url: &str, label: &str) -> String {
    let mut address = String::with_capacity(url.len());
    for letter in url.chars() {
        match letter {
            '<' => address.push_str("%3C"),
            '>' => address.push_str("%3E"),
            '|' => address.push_str("%7C"),
            '&' => address.push_str("&amp;"),
            letter if letter.is_whitespace() || letter.is_control() => address.push_str("%20"),
            other => address.push(other),
        }
    }
    format!("<{address}|{}>", escape(label).replace('|', "¦").replace(['\n', '\r'], " "))
}

/// The address to look a person up by: everything from the first `+` of the local part up to the
/// `@` is a tag and goes. `None` for what is no address (`Unknown`, empty): it is printed as it is.
///
/// ```
/// use oar_slack::text::lookup_address;
///
/// assert_eq!(lookup_address("a+jira-x@example.com").as_deref(), Some("a@example.com"));
/// assert_eq!(lookup_address("Unknown"), None);
/// ```
pub fn lookup_address(email: &str) -> Option<String> {
    let (local, domain) = email.trim().rsplit_once('@')?;
    let (name, _tag) = local.split_once('+').unwrap_or((local, ""));
    (!name.is_empty() && !domain.is_empty()).then(|| format!("{name}@{domain}"))
}

#[cfg(test)]
mod tests;
