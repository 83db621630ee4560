//! The writer's rules (spec 01 §6.4).

use oar_yaml::{Document, Map, Value, emit};
use proptest::prelude::*;

/// `key: text` as a whole file.
fn written(text: &str) -> String {
    emit::document(&Value::Map([("k", text)].into_iter().collect()))
}

#[track_caller]
fn assert_written(text: &str, expected: &str) {
    let whole = written(text);
    assert_eq!(whole, format!("k: {expected}\n"), "for {text:?}");
    let document = Document::parse(&whole).expect("what is written can be read");
    assert_eq!(document.root().get("k").and_then(|node| node.as_str()), Some(text), "{whole}");
}

#[test]
fn spec01_case_10_texts_that_look_like_something_else_are_quoted() {
    for text in ["1.0", "yes", "null", "", "2026-10-01", "12:30", "a: b", "a #b", "@x"] {
        assert_written(text, &format!("'{text}'"));
    }
    for text in ["4.20.1", "5.0.0-ec.3", "2026-Oct-01", "1e3", "y", "it's", "a,b"] {
        assert_written(text, text);
    }
}

#[test]
fn spec01_case_11_the_style_follows_from_the_text() {
    assert_written("a\tb", r#""a\tb""#);
    assert_written("x \ny", r#""x \ny""#);
    assert_written("a\nb", "|-\n  a\n  b");
    assert_written("a\nb\n", "|\n  a\n  b");
    assert_written("\na", "|2-\n\n  a");
}

#[test]
fn indicators_at_the_start_are_quoted() {
    for text in [
        "- a", "-", "? a", "?", ": a", ":", "# a", "[a", "{a", "&a", "*a", "!a", "|a", ">a", "%a",
        "`a", "\"a", "--- a", "...", "=", "<<", " a", "a ", "a:",
    ] {
        assert_written(text, &format!("'{text}'"));
    }
    assert_written("'a", "'''a'");
    for text in ["-a", "?a", ":a", "a#b", "a:b", "a - b", "a ? b", "a]b", "~a"] {
        assert_written(text, text);
    }
}

#[test]
fn blocks_keep_what_a_reader_would_lose() {
    assert_written("  a\nb", "|2-\n    a\n  b");
    assert_written("a\n\n  b", "|-\n  a\n\n    b");
    assert_written("a\nb ", r#""a\nb ""#);
    assert_written("a\n\u{7}", r#""a\n\a""#);
    // A block at the end that keeps its line breaks is closed by a marker.
    assert_eq!(written("a\n\n"), "k: |+\n  a\n\n...\n");
    assert_eq!(written("\n"), "k: |2+\n\n...\n");
    let pair: Map = [("k", "a\n\n"), ("l", "b")].into_iter().collect();
    assert_eq!(emit::document(&Value::Map(pair)), "k: |+\n  a\n\nl: b\n");
}

#[test]
fn long_lines_fold_at_the_first_single_space_behind_column_80() {
    let word = "x".repeat(78);
    // `k: ` and 78 characters end at column 81.
    assert_written(&format!("{word} y"), &format!("{word}\n  y"));
    let word = "x".repeat(77);
    assert_written(&format!("{word} y"), &format!("{word} y"));
    let word = "x".repeat(90);
    assert_written(&format!("{word}  y z"), &format!("{word}  y\n  z"));
    assert_written(&format!("#{word} y "), &format!("'#{word}\n  y '"));
    // Doubled quotes count twice, other characters once whatever their bytes.
    let word = "'".repeat(20) + &"x".repeat(37);
    assert_written(&format!("{word} y: z"), &format!("'{}\n  y: z'", word.replace('\'', "''")));
    let word = "é".repeat(77);
    assert_written(&format!("{word} y"), &format!("{word} y"));
}

#[test]
fn escapes_are_short_where_there_is_a_short_form() {
    assert_written("\0\u{7}\u{8}\t\u{B}\u{C}\r\u{1B}\"\\", r#""\0\a\b\t\v\f\r\e\"\\""#);
    assert_written(
        "\u{1}\u{7F}\u{9F}\u{FEFF}\u{FFFE}é→\u{1F680}\u{1}",
        "\"\\x01\\x7F\\x9F\\uFEFF\\uFFFEé→\\U0001F680\\x01\"",
    );
    assert_written("a\u{2028}b\u{85}", "\"a\\Lb\\N\"");
    // Astral characters alone need no quotes.
    assert_written("\u{1F680}", "\u{1F680}");
}

#[test]
fn long_double_quoted_texts_are_cut_with_a_backslash() {
    let text = format!("\t{} {}", "x".repeat(76), "y".repeat(10));
    let expected = format!("\"\\t{}\\\n  \\ {}\"", "x".repeat(76), "y".repeat(10));
    assert_written(&text, &expected);
}

#[test]
fn collections_have_their_layout() {
    let inner: Map = [("c", Value::Null), ("d", Value::from(vec!["e", "f"]))].into_iter().collect();
    let root: Map = [
        ("a", Value::Map(Map::new())),
        ("b", Value::Seq(Vec::new())),
        ("m", Value::Map(inner.clone())),
        ("s", Value::Seq(vec![Value::Map(inner), Value::from(vec![1_i64, 2]), Value::Bool(true)])),
    ]
    .into_iter()
    .collect();
    let expected = "a: {}\nb: []\nm:\n  c: null\n  d:\n  - e\n  - f\n\
                    s:\n- c: null\n  d:\n  - e\n  - f\n- - 1\n  - 2\n- true\n";
    let text = emit::document(&Value::Map(root.clone()));
    assert_eq!(text, expected);
    assert_eq!(Document::parse(&text).expect("valid").root().to_value(), Value::Map(root));
}

/// Texts with everything that matters to the writer, often.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z]{1,12}",
        3 => Just(" ".to_owned()),
        1 => "[ -~]{0,6}",
        1 => Just("\n".to_owned()),
        1 => "[\u{0}-\u{10FFFF}]{1,2}",
        1 => prop_oneof![
            Just(": "), Just(" #"), Just("'"), Just("\""), Just("\\"), Just("  "), Just("\t"),
            Just("- "), Just("\r"), Just("---"), Just("..."), Just("12:30"), Just("null"),
            Just("\u{85}"), Just("\u{2028}"), Just("\u{FEFF}"), Just("\u{1F680}"), Just("é"),
        ].prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Values of any shape.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        5 => text().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(Value::Special("2026-03-01".to_owned())),
        1 => Just(Value::Float("1.5e+3".to_owned())),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let key = prop_oneof![4 => "[a-z_]{1,8}", 1 => text()];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Seq),
            proptest::collection::btree_map(key, inner, 0..5)
                .prop_map(|map| Value::Map(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(value in value()) {
        let text = emit::document(&value);
        let document = Document::parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(document.root().to_value(), value, "{}", text);
    }

    #[test]
    fn a_text_reads_back_as_itself(text in text()) {
        let written = written(&text);
        let document = Document::parse(&written).map_err(|e| TestCaseError::fail(format!("{e}\n{written}")))?;
        prop_assert_eq!(document.root().get("k").and_then(|n| n.text()), Some(text.as_str()), "{}", written);
    }
}
