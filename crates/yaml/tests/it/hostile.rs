//! Texts that are refused, and texts made to hurt.

use std::time::Instant;

use oar_yaml::{Document, Problem, Value};
use proptest::prelude::*;

#[track_caller]
fn assert_refused(text: &str, expected: &str) {
    let error = Document::parse(text).expect_err(text);
    assert_eq!(error.to_string(), expected, "{text:?}");
    assert_eq!(Document::check(text).expect_err(text), error, "checking finds the same");
}

#[test]
fn errors_say_where_and_what() {
    assert_refused(
        "a: 1\nb: 2\n  c: 3\n",
        "line 3, column 4: a key is not allowed here; quote the text if the colon belongs to it",
    );
    assert_refused(
        "a:\n    b: 1\n  c: 2\n",
        "line 3, column 3: this line's indentation fits no enclosing map or list",
    );
    assert_refused(
        "a:\n\tb: 1\n",
        "line 2, column 1: a tab cannot be used here; indent with spaces",
    );
    assert_refused("a: b\tc\n", "line 1, column 5: a tab cannot be used here; indent with spaces");
    assert_refused(
        "é: 1\nb: 2\né: 3\n",
        "line 3, column 1: key \"é\" appears a second time; the first is at line 1, column 1",
    );
    assert_refused(
        "a: {b: 1, 'b': 2}\n",
        "line 1, column 11: key \"b\" appears a second time; the first is at line 1, column 5",
    );
    assert_refused(
        "a: b: c\n",
        "line 1, column 5: a key is not allowed here; quote the text if the colon belongs to it",
    );
    assert_refused("a: - b\n", "line 1, column 4: a list item is not allowed here");
    assert_refused("a: 1\n- b\n", "line 2, column 1: a list item is not allowed here");
    assert_refused(
        "- a\nb: 1\n",
        "line 2, column 1: this line's indentation fits no enclosing map or list",
    );
    assert_refused("a: 1\nb\n", "line 2, column 1: expected a key followed by ':'");
    assert_refused("a: 'b\n", "line 1, column 4: a quoted text that starts here is never closed");
    assert_refused(
        "a: [b,\n  {c: d\n",
        "line 2, column 3: a list or map that starts here is never closed",
    );
    assert_refused("a: 'b' c\n", "line 1, column 8: unexpected 'c'");
    assert_refused("a: 'b'#c\n", "line 1, column 7: unexpected '#'");
    assert_refused("a: @b\n", "line 1, column 4: unexpected '@'");
    assert_refused(
        "a: \"\\q\"\n",
        "line 1, column 5: unknown or incomplete escape in a double-quoted text",
    );
    assert_refused(
        "a: \"\\ud800x\"\n",
        "line 1, column 5: unknown or incomplete escape in a double-quoted text",
    );
    assert_refused("a: *b\n", "line 1, column 4: alias \"b\" refers to no earlier anchor");
    assert_refused("a: !!str b\n", "line 1, column 4: tags are not supported");
    assert_refused("a: &x {}\nb:\n  <<: *x\n", "line 3, column 3: merge keys are not supported");
    assert_refused("? a\n: b\n", "line 1, column 1: explicit keys ('? ') are not supported");
    assert_refused("[a]: b\n", "line 1, column 1: keys that are no scalars are not supported");
    assert_refused("%YAML 1.1\n---\na\n", "line 1, column 1: directives are not supported");
    assert_refused("a: 1\n---\nb: 2\n", "line 2, column 1: more than one document");
    assert_refused("a: 1\n...\nb\n", "line 3, column 1: more than one document");
    assert_refused("a: \u{1}\n", "line 1, column 4: control character U+0001 is not allowed");
    assert_refused("a: 1\rb: 2\n", "line 1, column 5: control character U+000D is not allowed");
    assert_refused(
        "a: |\n     \n  b\n",
        "line 2, column 3: this line's indentation fits no enclosing map or list",
    );
    assert_refused("a: |x\n  b\n", "line 1, column 5: unexpected 'x'");
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

#[test]
fn many_keys_are_compared_too() {
    let mut text = lines(100, |n| format!("key{n}: {n}\n"));
    Document::parse(&text).expect("all keys differ");
    text.push_str("key7: again\n");
    let error = Document::parse(&text).expect_err("key7 is there twice");
    let Problem::DuplicateKey { key, first } = error.problem else { panic!("{error}") };
    assert_eq!((key.as_str(), first.line, error.line), ("key7", 8, 101));
}

#[test]
fn nesting_is_bounded() {
    let limit = Problem::TooDeep { limit: 128 };
    for (open, count) in [("[", 100_000), ("- ", 100_000), ("{a: ", 100_000), ("[{a: ", 50_000)] {
        let error = Document::parse(&open.repeat(count)).expect_err(open);
        assert_eq!(error.problem, limit, "{open}");
    }
    let deep = lines(500, |n| format!("{:1$}a:\n", "", n * 2));
    assert_eq!(Document::parse(&deep).expect_err("too deep").problem, limit);
    let fits = "[".repeat(128) + &"]".repeat(128);
    Document::parse(&fits).expect("128 levels are allowed");
}

#[test]
fn alias_bombs_are_defused() {
    let text = lines(12, |level| match level.checked_sub(1) {
        None => "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(),
        Some(below) => format!("a{level}: &a{level} [{}]\n", format!("*a{below},").repeat(10)),
    });
    let error = Document::parse(&text).expect_err("a billion nodes");
    assert!(matches!(error.problem, Problem::AliasExpansion { .. }), "{error}");
    let big = format!("a: &a \"{}\\n\"\nb: [{}]\n", "x".repeat(1 << 20), "*a,".repeat(1000));
    let error = Document::parse(&big).expect_err("a gigabyte of text");
    assert!(matches!(error.problem, Problem::AliasExpansion { .. }), "{error}");
}

/// A quadratic reader needs minutes for each of these.
#[test]
fn time_grows_with_the_text_only() {
    const MANY: usize = 1 << 18;
    let texts = [
        "a".repeat(MANY),
        "a ".repeat(MANY),
        "a\n".repeat(MANY),
        "a: |\n".to_owned() + &"  \n".repeat(MANY),
        "a: 'x".to_owned() + &"\n".repeat(MANY),
        "a: \"".to_owned() + &"\\n".repeat(MANY),
        "- \n".repeat(MANY),
        "#\n".repeat(MANY),
        "[".to_owned() + &"a,".repeat(MANY),
        "[".to_owned() + &"a\n".repeat(MANY),
        "{".to_owned() + &"a\n: ".repeat(MANY),
        "a: \n".to_owned() + &" \n".repeat(MANY),
        "a: #".to_owned() + &"#:".repeat(MANY),
        lines(MANY / 8, |n| format!("k{n}: 1\n")),
        "? ".repeat(MANY),
        "&a ".repeat(MANY),
        "a: >\n".to_owned() + &"  x\n\n".repeat(MANY / 2),
        "a:\n".to_owned() + &" ".repeat(MANY),
    ];
    for text in texts {
        let head: String = text.chars().take(20).collect();
        let before = Instant::now();
        let _any_answer = Document::parse(&text);
        let seconds = before.elapsed().as_secs();
        assert!(seconds < 20, "{head:?} took {seconds} s");
    }
}

fn noise() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("b: "),
        Just("- "),
        Just("\n"),
        Just("  "),
        Just(" "),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(","),
        Just(":"),
        Just("'"),
        Just("\""),
        Just("\\"),
        Just("|"),
        Just(">"),
        Just("+"),
        Just("2"),
        Just("&x "),
        Just("*x"),
        Just("#"),
        Just("? "),
        Just("\t"),
        Just("---"),
        Just("..."),
        Just("\r\n"),
        Just("é"),
        Just("!"),
        Just("<<: "),
        Just("\u{FEFF}"),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_never_panics_and_checking_agrees_with_building(text in noise()) {
        let built = Document::parse(&text);
        let checked = Document::check(&text);
        prop_assert_eq!(built.as_ref().err(), checked.as_ref().err());
        if let Ok(document) = built {
            // Whatever was read can be written and read again, and spans lie inside of the text.
            let value: Value = document.root().to_value();
            let again = oar_yaml::emit::document(&value);
            let again = Document::parse(&again).map_err(|e| TestCaseError::fail(format!("{e}\n{again}")))?;
            prop_assert!(again.holds(&value), "{:?}", again.source());
            prop_assert!(document.root().span.end <= text.len());
        }
    }
}
