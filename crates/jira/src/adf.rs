//! Rich text in Jira's document format (ADF): built for writing, flattened for reading (spec 02
//! §4.2). Inserted text is data in it: there is no markup that it could forge (promise P10).

use serde_json::{Value, json};

/// A document under construction.
///
/// ```
/// use oar_jira::adf::{Adf, Inline};
///
/// let text = Adf::new().paragraph([Inline::text("Ready, "), Inline::mention("712020:a", "Lead")]);
/// assert_eq!(text.plain(), "Ready, @Lead");
/// assert_eq!(text.to_json()["content"][0]["content"][1]["attrs"]["id"], "712020:a");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adf(Vec<Value>);

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    /// Text; its line breaks are kept.
    Text(String),
    /// Bold text.
    Bold(String),
    /// Text in a fixed-width face.
    Code(String),
    /// A link.
    Link {
        /// What is shown.
        label: String,
        /// Where it leads; anything but http and https is shown as text.
        url: String,
    },
    /// A person, who is notified.
    Mention {
        /// The account's id.
        account_id: String,
        /// The name that is shown.
        name: String,
    },
    /// A line break.
    Break,
}

impl Inline {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A link.
    pub fn link(label: impl Into<String>, url: impl Into<String>) -> Self {
        Self::Link { label: label.into(), url: url.into() }
    }

    /// A mention.
    pub fn mention(account_id: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Mention { account_id: account_id.into(), name: name.into() }
    }

    /// The nodes it becomes: texts without line breaks, and nothing for empty ones, which Jira
    /// refuses.
    fn nodes(self) -> Vec<Value> {
        match self {
            Self::Text(text) => lines(&text, None),
            Self::Bold(text) => lines(&text, Some(&json!([{ "type": "strong" }]))),
            Self::Code(text) => lines(&text, Some(&json!([{ "type": "code" }]))),
            Self::Link { label, url } => {
                let is_web = url.starts_with("https://") || url.starts_with("http://");
                let marks = json!([{ "type": "link", "attrs": { "href": url } }]);
                lines(&label, is_web.then_some(&marks))
            }
            Self::Mention { account_id, name } => {
                let name = name.trim_start_matches('@');
                let attrs = json!({ "id": account_id, "text": format!("@{name}") });
                vec![json!({ "type": "mention", "attrs": attrs })]
            }
            Self::Break => vec![json!({ "type": "hardBreak" })],
        }
    }
}

fn lines(text: &str, marks: Option<&Value>) -> Vec<Value> {
    let mut nodes = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            nodes.push(json!({ "type": "hardBreak" }));
        }
        let line: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        if line.is_empty() {
            continue;
        }
        let mut node = json!({ "type": "text", "text": line });
        if let Some(marks) = marks {
            node["marks"] = marks.clone();
        }
        nodes.push(node);
    }
    nodes
}

fn nodes(line: impl IntoIterator<Item = Inline>) -> Vec<Value> {
    line.into_iter().flat_map(Inline::nodes).collect()
}

impl Adf {
    /// An empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a paragraph at the end.
    #[must_use]
    pub fn paragraph(mut self, line: impl IntoIterator<Item = Inline>) -> Self {
        self.0.push(json!({ "type": "paragraph", "content": nodes(line) }));
        self
    }

    /// The same with a heading at the end; levels are 1 to 6.
    #[must_use]
    pub fn heading(mut self, level: u8, line: impl IntoIterator<Item = Inline>) -> Self {
        let attrs = json!({ "level": level.clamp(1, 6) });
        self.0.push(json!({ "type": "heading", "attrs": attrs, "content": nodes(line) }));
        self
    }

    /// The same with a list at the end.
    #[must_use]
    pub fn bullets<L: IntoIterator<Item = Inline>>(
        mut self,
        items: impl IntoIterator<Item = L>,
    ) -> Self {
        let item = |line: L| {
            let paragraph = json!({ "type": "paragraph", "content": nodes(line) });
            json!({ "type": "listItem", "content": [paragraph] })
        };
        let items: Vec<Value> = items.into_iter().map(item).collect();
        if !items.is_empty() {
            self.0.push(json!({ "type": "bulletList", "content": items }));
        }
        self
    }

    /// What is sent.
    pub fn to_json(&self) -> Value {
        json!({ "type": "doc", "version": 1, "content": self.0 })
    }

    /// The text without its form.
    pub fn plain(&self) -> String {
        flatten(&self.to_json())
    }
}

/// The text of a body: of an ADF document, or of wiki text, which is taken as it is. Blocks stand on
/// lines of their own; unknown nodes give the text within them.
pub fn flatten(body: &Value) -> String {
    if let Value::String(wiki) = body {
        return wiki.replace("\r\n", "\n");
    }
    let mut text = String::new();
    collect(body, &mut text, 0);
    text.trim_end_matches('\n').to_owned()
}

/// Documents deeper than this are cut: they come from outside.
const DEPTH: usize = 64;

fn collect(node: &Value, text: &mut String, depth: usize) {
    if depth > DEPTH {
        return;
    }
    let attribute =
        |name: &str| node.get("attrs").and_then(|a| a.get(name)).and_then(Value::as_str);
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "text" => text.push_str(node.get("text").and_then(Value::as_str).unwrap_or_default()),
        "hardBreak" => text.push('\n'),
        "mention" => text.push_str(attribute("text").or(attribute("id")).unwrap_or_default()),
        "emoji" => text.push_str(attribute("text").or(attribute("shortName")).unwrap_or_default()),
        "inlineCard" | "blockCard" => text.push_str(attribute("url").unwrap_or_default()),
        _ => {}
    }
    for child in node.get("content").and_then(Value::as_array).into_iter().flatten() {
        collect(child, text, depth + 1);
    }
    let is_line = matches!(kind, "paragraph" | "heading" | "codeBlock" | "rule" | "blockCard");
    if is_line && !text.is_empty() {
        text.push('\n');
    }
}

/// The addresses that a body links to, in order. Wiki text is searched for addresses.
pub fn links(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Value::String(wiki) = body {
        let ends =
            |c: char| c.is_whitespace() || matches!(c, ']' | '|' | '[' | ')' | '"' | '<' | '>');
        for (at, _) in wiki.match_indices("http") {
            let address = wiki[at..].split(ends).next().unwrap_or_default();
            if address.contains("://") {
                found.push(address.to_owned());
            }
        }
        return found;
    }
    collect_links(body, &mut found, 0);
    found
}

fn collect_links(node: &Value, found: &mut Vec<String>, depth: usize) {
    if depth > DEPTH {
        return;
    }
    for mark in node.get("marks").and_then(Value::as_array).into_iter().flatten() {
        let href = mark.get("attrs").and_then(|attrs| attrs.get("href")).and_then(Value::as_str);
        found.extend(href.map(str::to_owned));
    }
    let card = node.get("attrs").and_then(|attrs| attrs.get("url")).and_then(Value::as_str);
    found.extend(card.map(str::to_owned));
    for child in node.get("content").and_then(Value::as_array).into_iter().flatten() {
        collect_links(child, found, depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_the_form_that_jira_wants() {
        let document = Adf::new()
            .heading(2, [Inline::link("100", "https://e.example.com/advisory/100")])
            .paragraph([Inline::text("a\nb"), Inline::Bold(String::new()), Inline::Break])
            .bullets([[Inline::Code("x".to_owned())]]);
        assert_eq!(
            document.to_json(),
            json!({ "type": "doc", "version": 1, "content": [
                { "type": "heading", "attrs": { "level": 2 }, "content": [
                    { "type": "text", "text": "100", "marks": [
                        { "type": "link", "attrs": { "href": "https://e.example.com/advisory/100" } }
                    ] }
                ] },
                { "type": "paragraph", "content": [
                    { "type": "text", "text": "a" }, { "type": "hardBreak" },
                    { "type": "text", "text": "b" }, { "type": "hardBreak" }
                ] },
                { "type": "bulletList", "content": [
                    { "type": "listItem", "content": [
                        { "type": "paragraph", "content": [
                            { "type": "text", "text": "x", "marks": [{ "type": "code" }] }
                        ] }
                    ] }
                ] }
            ] })
        );
        assert_eq!(document.plain(), "100\na\nb\n\nx");
    }

    #[test]
    fn inserted_text_stays_text() {
        let hostile = "[~accountid:712020:x] {color:red} <!-- --> \u{0}|javascript:alert(1)";
        let document = Adf::new()
            .paragraph([Inline::text(hostile), Inline::link("click", "javascript:alert(1)")]);
        let content = document.to_json()["content"][0]["content"].clone();
        assert_eq!(content[0]["text"], hostile.replace('\u{0}', ""));
        assert!(content.as_array().unwrap().iter().all(|node| node.get("marks").is_none()));
    }

    #[test]
    fn both_kinds_of_bodies_are_flattened() {
        assert_eq!(flatten(&json!("line 1\r\nline 2")), "line 1\nline 2");
        let body = json!({ "type": "doc", "content": [
            { "type": "paragraph", "content": [
                { "type": "text", "text": "Hello " },
                { "type": "mention", "attrs": { "id": "1", "text": "@A" } },
                { "type": "emoji", "attrs": { "shortName": ":x:" } },
            ] },
            { "type": "panel", "content": [{ "type": "paragraph", "content": [
                { "type": "inlineCard", "attrs": { "url": "https://x.example.com" } } ] }] },
            { "type": "novelty", "content": [{ "type": "text", "text": "!" }] },
        ] });
        assert_eq!(flatten(&body), "Hello @A:x:\nhttps://x.example.com\n!");
        assert_eq!(flatten(&Value::Null), "");
        assert_eq!(links(&body), ["https://x.example.com"]);
        assert_eq!(
            links(&json!("see [x|https://a.example.com/1] and http")),
            ["https://a.example.com/1"]
        );
    }

    #[test]
    fn documents_deeper_than_the_limit_are_cut() {
        let mut body = json!({ "type": "text", "text": "deep" });
        for _ in 0..100 {
            body = json!({ "type": "paragraph", "content": [body] });
        }
        assert_eq!(flatten(&body), "");
        assert_eq!(links(&body), [""; 0]);
    }
}
