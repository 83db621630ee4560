//! A reader for the GraphQL query language: selections, aliases, arguments, inline fragments.

use serde_json::{Map, Value};

/// Selections within selections that are read.
const DEEPEST: usize = 64;

/// One selected field, or an inline fragment's type condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    /// Key in the answer.
    pub alias: String,
    /// Field name; `...Type` for an inline fragment.
    pub name: String,
    /// Arguments with variables filled in.
    pub arguments: Map<String, Value>,
    /// What is selected below.
    pub fields: Vec<Field>,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    /// Whether it changes something.
    pub is_mutation: bool,
    /// What is selected.
    pub fields: Vec<Field>,
}

/// Reads one operation; `variables` fill `$name` references.
pub(super) fn parse(query: &str, variables: &Value) -> Result<Operation, String> {
    let mut reader = Reader { tokens: tokens(query)?, at: 0, depth: 0, variables };
    let is_mutation = reader.peek() == Some("mutation");
    // `query Name($a: T!, ...)` may stand before the selection.
    while reader.peek() != Some("{") {
        reader.next().ok_or("the query has no selection")?;
    }
    Ok(Operation { is_mutation, fields: reader.selection()? })
}

struct Reader<'a> {
    tokens: Vec<String>,
    at: usize,
    /// Selections that are open.
    depth: usize,
    variables: &'a Value,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.tokens.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Option<String> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        match self.next() {
            Some(token) if token == wanted => Ok(()),
            other => Err(format!("expected {wanted:?}, found {other:?}")),
        }
    }

    fn selection(&mut self) -> Result<Vec<Field>, String> {
        self.expect("{")?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("the query is nested more than {DEEPEST} deep"));
        }
        let mut fields = Vec::new();
        loop {
            match self.next().ok_or("unclosed selection")?.as_str() {
                "}" => {
                    self.depth -= 1;
                    return Ok(fields);
                }
                "..." => {
                    self.expect("on")?;
                    let name = format!("...{}", self.next().ok_or("fragment without type")?);
                    let alias = name.clone();
                    fields.push(Field {
                        alias,
                        name,
                        arguments: Map::new(),
                        fields: self.selection()?,
                    });
                }
                name => fields.push(self.field(name.to_owned())?),
            }
        }
    }

    fn field(&mut self, first: String) -> Result<Field, String> {
        let (alias, name) = if self.peek() == Some(":") {
            self.at += 1;
            (first, self.next().ok_or("alias without field")?)
        } else {
            (first.clone(), first)
        };
        let mut arguments = Map::new();
        if self.peek() == Some("(") {
            self.at += 1;
            while self.peek() != Some(")") {
                let key = self.next().ok_or("unclosed arguments")?;
                self.expect(":")?;
                let value = self.value()?;
                arguments.insert(key, value);
            }
            self.at += 1;
        }
        let fields = if self.peek() == Some("{") { self.selection()? } else { Vec::new() };
        Ok(Field { alias, name, arguments, fields })
    }

    fn value(&mut self) -> Result<Value, String> {
        let token = self.next().ok_or("argument without value")?;
        if let Some(name) = token.strip_prefix('$') {
            return self
                .variables
                .get(name)
                .cloned()
                .ok_or_else(|| format!("variable ${name} is not given"));
        }
        serde_json::from_str(&token).map_err(|_| format!("{token:?} is no value"))
    }
}

/// Splits the query into names (with a leading `$` for variables), strings and punctuation.
fn tokens(query: &str) -> Result<Vec<String>, String> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => rest[1..].find('"').ok_or("unclosed string")? + 2,
            '.' if rest.starts_with("...") => 3,
            '#' => rest.find('\n').unwrap_or(rest.len()),
            c if c.is_alphanumeric() || matches!(c, '_' | '$' | '-') => rest
                .char_indices()
                .skip(1)
                .find(|(_, c)| !(c.is_alphanumeric() || *c == '_'))
                .map_or(rest.len(), |(at, _)| at),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        if first != ',' && first != '#' {
            tokens.push(token.to_owned());
        }
        rest = after.trim_start();
    }
    Ok(tokens)
}
