//! Owned YAML data: order and the text of scalars are kept.

use crate::node::Style;
use crate::scalar::{self, ScalarKind, resolve};

/// A YAML value. Numbers and times keep the text they were written with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer, as it is written.
    Int(String),
    /// A floating point number, as it is written.
    Float(String),
    /// An unquoted date or time, or another unquoted text that YAML 1.1 does not read as a string
    /// (`=`), as it is written.
    Special(String),
    /// Text.
    String(String),
    /// A list.
    Seq(Vec<Self>),
    /// A map.
    Map(Map),
}

impl Value {
    /// The value of a scalar with this text and style.
    pub fn scalar(text: &str, style: Style) -> Self {
        match resolve(text, style) {
            ScalarKind::Null => Self::Null,
            ScalarKind::Bool(value) => Self::Bool(value),
            ScalarKind::Int => Self::Int(text.to_owned()),
            ScalarKind::Float => Self::Float(text.to_owned()),
            ScalarKind::Time | ScalarKind::Other => Self::Special(text.to_owned()),
            ScalarKind::String => Self::String(text.to_owned()),
        }
    }

    /// A text, or null.
    pub fn text_or_null(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::from)
    }

    /// The text of any scalar but null; booleans as `true` and `false` (spec 01 §6.3).
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Int(text) | Self::Float(text) | Self::Special(text) | Self::String(text) => {
                Some(text)
            }
            Self::Null | Self::Seq(_) | Self::Map(_) => None,
        }
    }

    /// True for null.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The truth value.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(text) => scalar::integer(text),
            _ => None,
        }
    }

    /// The map.
    pub const fn as_map(&self) -> Option<&Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The map, to change it.
    pub const fn as_map_mut(&mut self) -> Option<&mut Map> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list.
    pub fn as_seq(&self) -> Option<&[Self]> {
        match self {
            Self::Seq(items) => Some(items),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number.to_string())
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::Seq(items.into_iter().map(Into::into).collect())
    }
}

/// A map in the order of its text. Keys are scalars; look-ups go by a key's text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Map {
    pairs: Vec<(Value, Value)>,
}

impl Map {
    /// An empty map.
    pub const fn new() -> Self {
        Self { pairs: Vec::new() }
    }

    /// The pairs as a map. The caller sees to it that keys are scalars and unique.
    pub const fn from_pairs(pairs: Vec<(Value, Value)>) -> Self {
        Self { pairs }
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> {
        self.pairs.iter().map(|(key, value)| (key, value))
    }

    /// The keys' texts and the values in order; a null key reads as the empty text.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.pairs.iter().map(|(key, value)| (key.as_str().unwrap_or_default(), value))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.pairs.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// The value of `key`, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.pairs.iter_mut().find(|(k, _)| k.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// Sets `key` in its place, or appends it.
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        let value = value.into();
        match self.get_mut(key) {
            Some(place) => *place = value,
            None => self.pairs.push((Value::from(key), value)),
        }
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.pairs.iter().position(|(k, _)| k.as_str() == Some(key))?;
        Some(self.pairs.remove(at).1)
    }

    /// True when there is no entry.
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// How many entries there are.
    pub const fn len(&self) -> usize {
        self.pairs.len()
    }
}

impl<K: Into<Value>, V: Into<Value>> FromIterator<(K, V)> for Map {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        Self { pairs: pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect() }
    }
}
