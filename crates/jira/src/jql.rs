//! Values in queries.

/// `value` as a quoted JQL string: quotes and backslashes cannot end it (spec 02 §4.7).
///
/// ```
/// assert_eq!(oar_jira::jql::quote(r#"a "b" \c"#), r#""a \"b\" \\c""#);
/// ```
pub fn quote(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 2);
    quoted.push('"');
    for letter in value.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

/// The words of `text` as one phrase of a text search (`summary ~ …`). Characters that the search
/// reads as operators are left out: a phrase search ignores them anyway.
///
/// ```
/// assert_eq!(oar_jira::jql::phrase("[4.99.3] CVP: failed?"), r#""\"4.99.3 CVP failed\"""#);
/// ```
pub fn phrase(text: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '.' | '-' | '_');
    let words: String = text.chars().map(|c| if plain(c) { c } else { ' ' }).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    quote(&format!("\"{words}\""))
}
