//! Between YAML values and JSON.

use oar_yaml::{Map, Value};

/// The JSON form of a YAML value; times and numbers that JSON cannot hold become texts.
pub fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(text) => value.as_i64().map_or_else(|| text.as_str().into(), Into::into),
        Value::Float(text) => {
            let number = text.parse().ok().and_then(serde_json::Number::from_f64);
            number.map_or_else(|| text.as_str().into(), Into::into)
        }
        Value::Special(text) | Value::String(text) => text.as_str().into(),
        Value::Seq(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => {
            let pairs = map.entries().map(|(key, value)| (key.to_owned(), to_json(value)));
            serde_json::Value::Object(pairs.collect())
        }
    }
}

/// The YAML value of a JSON one.
pub fn from_json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Value::from(number),
            // Whatever the number's notation, YAML readers must not see an integer or a text.
            None => Value::scalar(&number.to_string(), oar_yaml::Style::Plain),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => Value::Seq(items.iter().map(from_json).collect()),
        serde_json::Value::Object(map) => Value::Map(
            map.iter().map(|(key, value)| (key.as_str(), from_json(value))).collect::<Map>(),
        ),
    }
}
