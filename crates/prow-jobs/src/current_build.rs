//! A build as the release controller tells it, and the file that remembers the last one seen
//! (spec 04 §2.2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A build in the words of the release controller. What else the answer holds is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build(Map<String, Value>);

/// What is no build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this describes no build: {problem}")]
pub struct MalformedBuild {
    /// What is missing or of the wrong type.
    pub problem: String,
}

impl Build {
    /// Reads an answer of the release controller, or the content of a current-build file.
    pub fn parse(content: &[u8]) -> Result<Self, MalformedBuild> {
        let value: Value = serde_json::from_slice(content)
            .map_err(|error| MalformedBuild { problem: error.to_string() })?;
        Self::from_value(value)
    }

    /// Takes an object that is one.
    pub fn from_value(value: Value) -> Result<Self, MalformedBuild> {
        let Value::Object(object) = value else {
            return Err(MalformedBuild { problem: "it is no object".to_owned() });
        };
        for key in ["name", "pullSpec"] {
            if object.get(key).and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err(MalformedBuild { problem: format!("{key} is no text") });
            }
        }
        Ok(Self(object))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("name")
    }

    /// Where its image is.
    pub fn pull_spec(&self) -> &str {
        self.text("pullSpec")
    }

    /// Its phase; empty when it is not told.
    pub fn phase(&self) -> &str {
        self.text("phase")
    }

    /// The four fields that result files hold, as far as they are there.
    pub fn fields(&self) -> Map<String, Value> {
        let keys = ["name", "phase", "pullSpec", "downloadURL"];
        let field = |key: &&str| Some(((*key).to_owned(), self.0.get(*key)?.clone()));
        keys.iter().filter_map(field).collect()
    }

    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Serialize for Build {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Build {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(value).map_err(serde::de::Error::custom)
    }
}

/// A build with the exact bytes that told it: they are what the current-build file stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldBuild {
    /// The build.
    pub build: Build,
    /// The answer, byte for byte.
    pub content: Vec<u8>,
}

impl ToldBuild {
    /// Reads `content`.
    pub fn parse(content: Vec<u8>) -> Result<Self, MalformedBuild> {
        Ok(Self { build: Build::parse(&content)?, content })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_read_and_unknown_fields_stay() {
        let text = br#"{"name": "4.99.7", "phase": "Accepted", "pullSpec": "quay.example.com/x:4.99.7", "more": 1}"#;
        let told = ToldBuild::parse(text.to_vec()).unwrap();
        assert_eq!((told.build.name(), told.build.phase()), ("4.99.7", "Accepted"));
        assert_eq!(told.build.pull_spec(), "quay.example.com/x:4.99.7");
        assert_eq!(told.content, text);
        assert_eq!(serde_json::to_value(&told.build).unwrap()["more"], 1);
        assert_eq!(told.build.fields().len(), 3);
        for bad in ["", "[]", "{}", r#"{"name": "", "pullSpec": "x"}"#, r#"{"name": "4.99.7"}"#] {
            assert!(Build::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
