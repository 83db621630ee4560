//! Changing a text touches only what differs.

use std::cmp::Ordering;

use oar_yaml::{Document, Map, Value, emit, rewrite};
use proptest::prelude::*;

use crate::writing::value;

/// Applies `change` to the value of `text` and rewrites the text.
fn changed(text: &str, change: impl FnOnce(&mut Map)) -> String {
    let document = Document::parse(text).expect("the test's text is valid");
    let mut value = document.root().to_value();
    change(value.as_map_mut().expect("the test's text is a map"));
    let after = rewrite(&document, &value);
    let read = Document::parse(&after).unwrap_or_else(|error| panic!("{error}\n{after}"));
    assert!(read.holds(&value), "{after}");
    after
}

fn inner<'m>(map: &'m mut Map, key: &str) -> &'m mut Map {
    map.get_mut(key).and_then(Value::as_map_mut).expect("an inner map")
}

fn items<'m>(map: &'m mut Map, key: &str) -> &'m mut Vec<Value> {
    match map.get_mut(key) {
        Some(Value::Seq(items)) => items,
        _ => panic!("a list"),
    }
}

#[test]
fn hand_written_parts_stay_as_they_are() {
    let text = "# head\na: \"x\"   # why\nb:   'y'\n\n# about c\nc: {d: 1}\ne:\n    f: 1\n    g: 2 # two\n";
    let after = changed(text, |map| {
        map.set("a", "z");
        inner(map, "e").set("g", 3_i64);
        inner(map, "e").set("h", "new");
    });
    let expected = "# head\na: z   # why\nb:   'y'\n\n# about c\nc: {d: 1}\ne:\n    f: 1\n    g: 3 # two\n    h: new\n";
    assert_eq!(after, expected);
}

#[test]
fn a_value_may_become_another_kind() {
    let text = "a: 1 # one\nb: |-\n  x\n  y\nc: 3\n";
    assert_eq!(
        changed(text, |map| map.set("a", "x\ny")),
        "a: |- # one\n  x\n  y\nb: |-\n  x\n  y\nc: 3\n"
    );
    assert_eq!(changed(text, |map| map.set("b", "short")), "a: 1 # one\nb: short\nc: 3\n");
    assert_eq!(
        changed(text, |map| map.set("c", vec!["x"])),
        "a: 1 # one\nb: |-\n  x\n  y\nc:\n- x\n"
    );
    assert_eq!(
        changed(text, |map| map.set("a", [("k", "v")].into_iter().collect::<Map>())),
        "a: # one\n  k: v\nb: |-\n  x\n  y\nc: 3\n"
    );
    assert_eq!(changed("a:\nb:\n", |map| map.set("a", 1_i64)), "a: 1\nb:\n");
    assert_eq!(changed("a:\n- 1\nb: 2", |map| map.set("c", "d")), "a:\n- 1\nb: 2\nc: d\n");
}

#[test]
fn lists_grow_and_shrink_by_lines() {
    let text = "l:\n  - a: 1   # first\n    b: 2\n  # between\n  - a: 3\n  - x\nz: 0\n";
    assert_eq!(
        changed(text, |map| {
            items(map, "l").remove(1);
        }),
        "l:\n  - a: 1   # first\n    b: 2\n  # between\n  - x\nz: 0\n"
    );
    assert_eq!(
        changed(text, |map| items(map, "l").push("y".into())),
        "l:\n  - a: 1   # first\n    b: 2\n  # between\n  - a: 3\n  - x\n  - y\nz: 0\n"
    );
    assert_eq!(
        changed(text, |map| items(map, "l")[0].as_map_mut().expect("a map").set("b", "c")),
        "l:\n  - a: 1   # first\n    b: c\n  # between\n  - a: 3\n  - x\nz: 0\n"
    );
    assert_eq!(changed(text, |map| map.set("l", Vec::<Value>::new())), "l: []\nz: 0\n");
    assert_eq!(changed("l: []\nz: 0\n", |map| map.set("l", vec!["a"])), "l:\n- a\nz: 0\n");
}

#[test]
fn layouts_that_cannot_be_changed_in_place_are_written_anew() {
    assert_eq!(
        changed("a: {b: 1, c: 2} # c\nd: 1\n", |map| inner(map, "a").set("b", 2_i64)),
        "a: # c\n  b: 2\n  c: 2\nd: 1\n"
    );
    assert_eq!(
        changed("a: &x\n  b: 1\nc: *x\n", |map| inner(map, "c").set("b", 2_i64)),
        "a: &x\n  b: 1\nc:\n  b: 2\n"
    );
    // Changing the anchored part would change the alias too.
    assert_eq!(
        changed("a: &x\n  b: 1\nc: *x\n", |map| inner(map, "a").set("b", 2_i64)),
        "a:\n  b: 2\nc:\n  b: 1\n"
    );
    assert_eq!(changed("{a: 1}\n", |map| map.set("a", 2_i64)), "a: 2\n");
    assert_eq!(changed("a: |+\n  x\n\n...\n", |map| map.set("b", "c")), "a: |+\n  x\n\nb: c\n");
    assert_eq!(
        changed("a: 1\nb: 2\n", |map| {
            let a = map.remove("a").expect("it is there");
            map.set("a", a);
        }),
        "b: 2\na: 1\n"
    );
}

#[test]
fn windows_line_ends_elsewhere_stay() {
    let text = "a: 1\r\nb: 2\r\nc: 3\r\n";
    assert_eq!(changed(text, |map| map.set("b", 5_i64)), "a: 1\r\nb: 5\r\nc: 3\r\n");
}

/// The same value with one place changed, chosen by `choice`.
fn disturb(value: &mut Value, choice: &mut u32, new: &Value) {
    let pick = |choice: &mut u32, of: usize| {
        let of = u32::try_from(of).expect("small");
        let picked = *choice % of;
        *choice /= of;
        usize::try_from(picked).expect("small")
    };
    match value {
        Value::Map(map) if !map.is_empty() => {
            let at = pick(choice, map.len() + 2);
            let mut pairs: Vec<_> = map.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
            match at.cmp(&pairs.len()) {
                Ordering::Less => disturb(&mut pairs[at].1, choice, new),
                Ordering::Equal => pairs.push((Value::from("added"), new.clone())),
                Ordering::Greater => drop(pairs.remove(pick(choice, map.len()))),
            }
            *map = Map::from_pairs(pairs);
        }
        Value::Seq(items) if !items.is_empty() => {
            let at = pick(choice, items.len() + 2);
            match at.cmp(&items.len()) {
                Ordering::Less => disturb(&mut items[at], choice, new),
                Ordering::Equal => items.insert(pick(choice, at + 1), new.clone()),
                Ordering::Greater => drop(items.remove(pick(choice, items.len()))),
            }
        }
        value => *value = new.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rewriting_a_written_text_equals_writing_it_as_a_whole(
        before in value(), new in value(), choices in proptest::collection::vec(any::<u32>(), 1..3),
    ) {
        let root: Map = [("head", Value::from("h")), ("body", before), ("tail", Value::Null)].into_iter().collect();
        let before = Value::Map(root);
        let text = emit::document(&before);
        let document = Document::parse(&text).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(rewrite(&document, &before), text.clone());
        let mut after = before;
        for mut choice in choices {
            disturb(&mut after, &mut choice, &new);
        }
        prop_assert_eq!(rewrite(&document, &after), emit::document(&after), "from {}", text);
    }
}
