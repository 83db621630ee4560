//! What elliott prints.

use serde_json::Value;

use super::Trackers;

/// The last whole JSON object of `stdout`, as lists of keys by kind.
pub(super) fn parse(stdout: &[u8]) -> Result<Trackers, String> {
    let text = std::str::from_utf8(stdout).map_err(|_| "is not UTF-8".to_owned())?;
    if text.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    let object = last_object(text).ok_or("holds no whole JSON object")?;
    let mut found = Vec::new();
    for (kind, keys) in object {
        let Value::Array(keys) = keys else { return Err(format!("has no list under {kind:?}")) };
        let mut list = Vec::new();
        for key in keys {
            let Value::String(key) = key else {
                return Err(format!("has something else than keys under {kind:?}"));
            };
            list.push(key);
        }
        found.push((kind, list));
    }
    Ok(Trackers(found))
}

fn last_object(text: &str) -> Option<serde_json::Map<String, Value>> {
    let mut last = None;
    let mut from = 0;
    while let Some(at) = text[from..].find('{').map(|offset| from + offset) {
        let mut reader = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
        if let Some(Ok(Value::Object(object))) = reader.next() {
            last = Some(object);
            from = at + reader.byte_offset();
        } else {
            from = at + 1;
        }
    }
    last
}
