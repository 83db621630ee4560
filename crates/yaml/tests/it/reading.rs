//! What the reader takes (spec 01 §6.3), with positions.

use oar_yaml::{Data, Document, Map, Style, Value};

fn read(text: &str) -> Value {
    Document::parse(text).unwrap_or_else(|error| panic!("{error} in {text:?}")).root().to_value()
}

#[track_caller]
fn assert_text(yaml: &str, expected: &str) {
    let document = Document::parse(yaml).unwrap_or_else(|error| panic!("{error} in {yaml:?}"));
    let node = document.root().get("k").expect("the key is there");
    assert_eq!(node.text(), Some(expected), "{yaml:?}");
}

fn map<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Map(pairs.into_iter().collect::<Map>())
}

#[test]
fn plain_texts_fold_over_lines() {
    assert_text("k: a\n  b\n   c\n", "a b c");
    assert_text("k: a\n\n\n  b # comment\n", "a\n\nb");
    assert_text("k:\n  a - b\n  - c\n", "a - b - c");
    assert_text("k: a#b:c?d\n", "a#b:c?d");
    assert_text("k: https://example.com/x y\n", "https://example.com/x y");
    assert_text("k: a   \n", "a");
    assert_text("k: a\r\n  b\r\n", "a b");
}

#[test]
fn single_quoted_texts_fold_over_lines() {
    assert_text("k: 'it''s'\n", "it's");
    assert_text("k: 'a  \n  b'\n", "a b");
    assert_text("k: 'a\n\n  b'\n", "a\nb");
    assert_text("k: 'a''\n\n\n  ''b'\n", "a'\n\n'b");
    assert_text("k: ' a '\n", " a ");
    assert_text("k: 'a: b # c'  # d\n", "a: b # c");
    assert_text("k: 'a\r\n  b'\r\n", "a b");
}

#[test]
fn double_quoted_texts_know_every_escape() {
    assert_text(
        r#"k: "\0\a\b\t\n\v\f\r\e\"\\\/\N\_\L\P\x41\u00e9\U0001F680\ ""#,
        "\0\u{7}\u{8}\t\n\u{B}\u{C}\r\u{1B}\"\\/\u{85}\u{A0}\u{2028}\u{2029}Aé\u{1F680} ",
    );
    assert_text("k: \"\\ud83d\\ude80\"\n", "\u{1F680}");
    assert_text("k: \"a\n  b\n\n  c\"\n", "a b\nc");
    assert_text("k: \"a \\\n  b\\\n  \\ c\"\n", "a b c");
    assert_text("k: \"a\\\n\n  b\"\n", "a\nb");
    assert_text("k: \"a\\  \n  b\"\n", "a  b");
    assert_text("k: \"a\\\r\n  b\"\r\n", "ab");
}

#[test]
fn literal_blocks_with_every_indicator() {
    assert_text("k: |\n  a\n   b\n\n  c\n", "a\n b\n\nc\n");
    assert_text("k: |-\n  a\n  b\n", "a\nb");
    assert_text("k: |+\n  a\n\n\n", "a\n\n\n");
    assert_text("k: |\n  a\n\n\n", "a\n");
    assert_text("k: |2-\n\n    a\n  b\n", "\n  a\nb");
    assert_text("k: |-2\n   a\n", " a");
    assert_text("k: | # comment\n  a\n", "a\n");
    assert_text("k: |\n", "");
    assert_text("k: |+\n\n\n", "\n\n");
    assert_text("k: |-\n  a: b\n  # no comment\n  \ttab\n", "a: b\n# no comment\n\ttab");
    assert_text("k: |\n  a", "a");
    assert_text("k: |\r\n  a\r\n  b\r\n", "a\nb\n");
    assert_text("k: |\n\n\n  a\n", "\n\na\n");
    assert_text("k: |\n  a\n     \n  b\n", "a\n   \nb\n");
}

#[test]
fn folded_blocks_with_every_indicator() {
    assert_text("k: >\n  a\n  b\n\n  c\n", "a b\nc\n");
    assert_text("k: >-\n  a\n    b\n  c\n", "a\n  b\nc");
    assert_text("k: >+\n  a\n\n", "a\n\n");
    assert_text("k: >1-\n  a\n", " a");
    assert_text("k: >-\n  a\n\n    b\n\n  c\n", "a\n\n  b\n\nc");
}

#[test]
fn blocks_end_where_the_indentation_ends() {
    assert_eq!(
        read("a: |\n  x\n# comment\nb:\n- |-\n  y\n- z\n"),
        map([("a", "x\n".into()), ("b", Value::from(vec!["y", "z"]))])
    );
}

#[test]
fn collections_in_every_layout() {
    let expected = map([("a", Value::from(vec!["x", "y"])), ("b", map([("c", Value::Null)]))]);
    for text in [
        "a:\n- x\n- y\nb:\n  c:\n",
        "a:\n  - x\n  - y\nb:\n    c: ~\n",
        "---\n# comment\na: # comment\n\n  # comment\n  - x # comment\n  -\n    y\nb: {c}\n...\n# end\n",
        "{a: [x, y], b: {c: }}",
        "a: [x,\n  'y',\n] # comment\nb: {\"c\":null}\n",
        "\u{FEFF}a: [ x , y ]\nb: { c : null }",
        "a:\r\n- x\r\n- y\r\nb:\r\n  c:\r\n",
    ] {
        assert_eq!(read(text), expected, "{text:?}");
    }
    assert_eq!(
        read("- - a\n  - b\n- c: d\n  e:\n  - f\n-\n"),
        Value::Seq(vec![
            Value::from(vec!["a", "b"]),
            map([("c", "d".into()), ("e", Value::from(vec!["f"]))]),
            Value::Null,
        ])
    );
    assert_eq!(
        read("[a: b, {c: d}, [e], 'f': g]"),
        Value::Seq(vec![
            map([("a", "b".into())]),
            map([("c", "d".into())]),
            Value::from(vec!["e"]),
            map([("f", "g".into())]),
        ])
    );
    assert_eq!(read("[a\n  b, c:d, http://x/y]"), Value::from(vec!["a b", "c:d", "http://x/y"]));
}

#[test]
fn an_empty_text_is_null() {
    for text in ["", "\n\n", "# comment\n", "---\n", "---", "--- # c\n...\n", "   \n \t \n"] {
        assert_eq!(read(text), Value::Null, "{text:?}");
    }
}

#[test]
fn scalars_have_their_types_and_keep_their_text() {
    let text = "a: 017\nb: 1_000.5\nc: 2026-03-01\nd: yes\ne: ~\nf: '1'\ng: 1.0\n";
    let document = Document::parse(text).expect("valid");
    assert_eq!(
        document.root().to_value(),
        map([
            ("a", Value::Int("017".to_owned())),
            ("b", Value::Float("1_000.5".to_owned())),
            ("c", Value::Special("2026-03-01".to_owned())),
            ("d", Value::Bool(true)),
            ("e", Value::Null),
            ("f", "1".into()),
            ("g", Value::Float("1.0".to_owned())),
        ])
    );
    let get = |key| document.root().get(key).expect("it is there");
    assert_eq!(get("a").as_i64(), Some(15));
    assert_eq!(get("d").as_bool(), Some(true));
    assert_eq!((get("c").as_str(), get("g").as_str()), (Some("2026-03-01"), Some("1.0")));
    assert_eq!((get("e").as_str(), get("e").text()), (None, Some("~")));
}

#[test]
fn every_node_knows_its_bytes() {
    let text = "é: 'x'\ntasks:\n- name: |-\n    b\n\n  s: c d\n";
    let document = Document::parse(text).expect("valid");
    let entries = document.root().entries();
    assert_eq!(&text[entries[0].value.span.start..entries[0].value.span.end], "'x'");
    assert_eq!(document.position(entries[0].value.span.start).to_string(), "line 1, column 4");
    let item = &entries[1].value.items()[0];
    assert_eq!(document.position(item.dash).to_string(), "line 3, column 1");
    let fields = item.value.entries();
    assert_eq!(&text[fields[0].value.span.start..fields[0].value.span.end], "|-\n    b\n");
    assert_eq!(document.position(fields[1].value.span.start).to_string(), "line 6, column 6");
    assert!(matches!(fields[0].value.data, Data::Scalar { style: Style::Literal, .. }));
}

#[test]
fn aliases_repeat_what_was_anchored() {
    let text = "base: &b\n  x: &x 1\n  y: [*x, &z 'q']\nlist: &l\n- *b\n- *z\ncopy: *l\n\
                flow: [&f {k: v}, *f]\n&key name: *key\nempty: &e\nnull: *e\n- :\n";
    let text = text.strip_suffix("- :\n").expect("it ends so");
    let x = || Value::Int("1".to_owned());
    let base = || map([("x", x()), ("y", Value::Seq(vec![x(), "q".into()]))]);
    let list = || Value::Seq(vec![base(), "q".into()]);
    let flow = || map([("k", "v".into())]);
    let mut expected = map([
        ("base", base()),
        ("list", list()),
        ("copy", list()),
        ("flow", Value::Seq(vec![flow(), flow()])),
        ("name", "name".into()),
        ("empty", Value::Null),
    ]);
    let found = read(text);
    // A plain `null` is a key like any other and no text.
    let pairs = found.as_map().expect("a map").iter().last().expect("not empty");
    assert_eq!(pairs, (&Value::Null, &Value::Null));
    let expected: Vec<_> = expected.as_map_mut().expect("a map").iter().collect();
    let found: Vec<_> = found.as_map().expect("a map").iter().take(expected.len()).collect();
    assert_eq!(found, expected);
    assert_eq!(read("- &a b: c\n- *a\n"), Value::Seq(vec![map([("b", "c".into())]), "b".into()]));
}

#[test]
fn parts_that_nobody_wants_are_checked_and_not_built() {
    let text =
        "a: &x {deep: [1, 2]}\nb:\n  c: |\n    text\n  d: *x\ne: [1,\n  two words\n  more]\n";
    let mut asked = Vec::new();
    let document = Document::parse_selected(text, |path| {
        asked.push(path.join("."));
        path[0] == "b"
    })
    .expect("valid");
    assert_eq!(asked, ["a", "b", "b.c", "b.d", "e"]);
    let root = document.root();
    assert_eq!(root.get("a").map(|node| &node.data), Some(&Data::Skipped));
    assert_eq!(root.get("e").map(|node| &node.data), Some(&Data::Skipped));
    assert_eq!(root.get("b").and_then(|b| b.get("c")).and_then(|c| c.text()), Some("text\n"));
    // The anchor in the part that was not wanted is known all the same.
    let deep = root.get("b").and_then(|b| b.get("d")).and_then(|d| d.get("deep"));
    assert_eq!(deep.map(|node| node.items().len()), Some(2));
    for broken in ["a: {x\nb: 1\n", "a:\n  x: 1\n  x: 2\n", "a: \"\\q\"\n", "a: *nowhere\n"] {
        assert!(Document::check(broken).is_err(), "{broken:?}");
    }
    Document::check(text).expect("valid");
}
