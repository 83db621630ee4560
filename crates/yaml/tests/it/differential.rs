//! Another reader understands what is written, and reads the same where YAML 1.1 and 1.2 agree.

use oar_yaml::{Document, Value, emit};
use proptest::prelude::*;

use crate::writing::value;

/// True where the other reader says the same as this value.
fn agrees(ours: &Value, theirs: &serde_yaml::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_yaml::Value::Null) => true,
        (Value::Bool(a), serde_yaml::Value::Bool(b)) => a == b,
        // Words that mean yes and no in YAML 1.1 only.
        (Value::Bool(a), serde_yaml::Value::String(b)) => match b.as_str() {
            "yes" | "on" => *a,
            "no" | "off" => !*a,
            _ => false,
        },
        (Value::Int(_), serde_yaml::Value::Number(b)) => ours.as_i64() == b.as_i64(),
        (Value::Float(a), serde_yaml::Value::Number(b)) => a.parse().ok() == b.as_f64(),
        // YAML 1.2 reads dates as text.
        (Value::String(a) | Value::Special(a), serde_yaml::Value::String(b)) => a == b,
        (Value::Seq(a), serde_yaml::Value::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agrees(a, b))
        }
        (Value::Map(a), serde_yaml::Value::Mapping(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|((k, v), (l, w))| agrees(k, l) && agrees(v, w))
        }
        _ => false,
    }
}

/// Texts of YAML in layouts that our writer does not use.
fn layout() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        "[a-z]{1,6}( [a-z]{1,5}){0,3}",
        "'[a-z :#-]{0,10}'",
        "\"[a-z :#-]{0,8}(\\\\n|\\\\x41|\\\\\"){0,2}\"",
        "'[a-z]{1,4}\n\n? {3,6}[a-z]{1,4}'",
        "\\|[-+]?\n {6}[a-z]{1,5}\n(\n| {6}[ -~]{1,8}\n){0,3} {6}[a-z]",
        ">[-+]?\n {6}[a-z]{1,5}\n(\n| {6}[ a-z]{1,8}\n){0,3} {6}[a-z]",
        "\\[[a-z]{1,3}, '[a-z ]{0,3}', \\{[a-z]: [1-9][0-9]{0,2}\\}\\]",
        "[1-9][0-9]{0,5}",
        "(true|false|null|~)",
    ];
    let item = ("[a-z]{2,5}", scalar.clone(), proptest::option::of(scalar.clone()));
    proptest::collection::vec(item, 1..5).prop_map(|items| {
        let entries = items.iter().enumerate().map(|(number, (key, first, second))| {
            let second = second.as_ref().map_or_else(String::new, |second| {
                format!("  - x: {first}\n    y: {second}\n# comment\n")
            });
            format!("{key}{number}:\n  - {first}\n{second}")
        });
        entries.collect::<Vec<_>>().concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_reader_understands_what_is_written(value in value()) {
        let text = emit::document(&value);
        let theirs: serde_yaml::Value = serde_yaml::from_str(&text)
            .map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert!(agrees(&value, &theirs), "{theirs:?}\n{text}");
    }

    #[test]
    fn both_readers_read_the_same(text in layout()) {
        let theirs: Result<serde_yaml::Value, _> = serde_yaml::from_str(&text);
        let ours = Document::parse(&text);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                prop_assert!(agrees(&ours.root().to_value(), &theirs), "{:?}\n{:?}\n{}", ours.root().to_value(), theirs, text);
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{:?}\n{:?}\n{}", ours.err(), theirs.err(), text),
        }
    }
}
