//! How an assembly is layered over its parents: ART's own rule (spec 01 §5.3).

use std::borrow::Cow;

use oar_release::ReleaseVersion;
use oar_yaml::{Document, Map, Node, Value};

use super::BuildDataError;

/// Keys of an assembly's `group` and `basis` that anything here reads.
const GROUP: [&str; 4] = ["advisories", "release_jira", "release_date", "shipment"];
const BASIS: [&str; 2] = ["assembly", "reference_releases"];

/// Longest chain of parents; the deepest seen is 4.
const DEEPEST: usize = 64;

/// What a key's last character asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Suffix {
    /// None: layer over the parent's value.
    Merge,
    /// `!`: replace it.
    Replace,
    /// `?`: only where the parent has none.
    Default,
    /// `-`: remove it.
    Remove,
}

fn split_key(key: &str) -> (&str, Suffix) {
    let Some((at, last)) = key.char_indices().next_back() else { return (key, Suffix::Merge) };
    match last {
        '!' => (&key[..at], Suffix::Replace),
        '?' => (&key[..at], Suffix::Default),
        '-' => (&key[..at], Suffix::Remove),
        _ => (key, Suffix::Merge),
    }
}

/// Checks the syntax of all of `text` and builds what accessors read of every assembly.
pub(super) fn parse(text: &str) -> Result<Document<'_>, oar_yaml::YamlError> {
    Document::parse_selected(text, wanted)
}

fn wanted(path: &[Cow<'_, str>]) -> bool {
    let name = |at: usize| split_key(&path[at]).0;
    match path.len() {
        0 | 2 => true,
        1 => path[0] == "releases",
        3 => name(2) == "assembly",
        4 => matches!(name(3), "group" | "basis"),
        _ if name(3) == "group" => GROUP.contains(&name(4)),
        _ => BASIS.contains(&name(4)),
    }
}

/// The resolved `basis` and `group` of one assembly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Assembly {
    pub(super) basis: Map,
    pub(super) group: Map,
    /// The assembly's `basis` replaces its parent's.
    basis_alone: bool,
}

/// Resolves the assembly `key` of `releases` along its parents.
pub(super) fn resolve(
    releases: &Node<'_>,
    release: &ReleaseVersion,
    key: &str,
) -> Result<Assembly, BuildDataError> {
    let mut chain: Vec<String> = Vec::new();
    let mut layers = Vec::new();
    let mut next = Some(key.to_owned());
    while let Some(name) = next {
        let again = chain.contains(&name) || chain.len() == DEEPEST;
        chain.push(name.clone());
        if again {
            return Err(BuildDataError::Cycle { release: release.clone(), chain });
        }
        let Some(entry) = releases.get(&name) else {
            let child = chain.iter().rev().nth(1).cloned();
            return Err(match child {
                Some(child) => {
                    BuildDataError::NoParent { release: release.clone(), child, parent: name }
                }
                None => BuildDataError::NotReady { release: release.clone(), key: name },
            });
        };
        let layer = layer(entry, release, &name)?;
        next = parent(&layer.basis).map(ToOwned::to_owned);
        layers.push(layer);
    }
    // The eldest first; each child is layered over what came out so far.
    Ok(layers.into_iter().rev().fold(Assembly::default(), |mut below, own| {
        // The parent's own parent is not inherited.
        below.basis.remove("assembly");
        if own.basis_alone {
            below.basis = Map::new();
        }
        Assembly {
            basis_alone: false,
            basis: merge_map(&own.basis, &below.basis),
            group: merge_map(&own.group, &below.group),
        }
    }))
}

/// Name of the parent, with or without a suffix on its key.
fn parent(basis: &Map) -> Option<&str> {
    let named = |(key, _): &(&str, &Value)| matches!(*key, "assembly" | "assembly!" | "assembly?");
    basis.entries().find(named).and_then(|(_, value)| value.as_str())
}

/// `basis` and `group` as one assembly writes them.
fn layer(
    entry: &Node<'_>,
    release: &ReleaseVersion,
    name: &str,
) -> Result<Assembly, BuildDataError> {
    let mut layer = Assembly::default();
    let Some(assembly) = entry.get("assembly") else { return Ok(layer) };
    for own in assembly.entries() {
        let (section, suffix) = split_key(&own.key);
        // `basis!` has no parent's basis below it; the other suffixes make no sense up here.
        let allowed = suffix == Suffix::Merge || section == "basis" && suffix == Suffix::Replace;
        if !allowed {
            return Err(BuildDataError::Suffix {
                release: release.clone(),
                assembly: name.to_owned(),
                key: own.key.clone().into_owned(),
            });
        }
        let place = match section {
            "basis" => {
                layer.basis_alone = suffix == Suffix::Replace;
                &mut layer.basis
            }
            "group" => &mut layer.group,
            _ => continue,
        };
        match own.value.to_value() {
            Value::Map(map) => *place = map,
            Value::Null => {}
            _ => {
                return Err(BuildDataError::WrongType {
                    release: release.clone(),
                    path: format!("{name}.assembly.{section}"),
                    expected: "a map",
                });
            }
        }
    }
    Ok(layer)
}

/// `child` layered over `parent`; with an empty parent this only acts on suffixes.
pub(super) fn merge_map(child: &Map, parent: &Map) -> Map {
    let mut merged = parent.clone();
    for (key, value) in child.entries() {
        let (name, suffix) = split_key(key);
        match suffix {
            Suffix::Remove => {
                merged.remove(name);
            }
            Suffix::Default if merged.get(name).is_some() => {}
            Suffix::Replace | Suffix::Default => merged.set(name, alone(value)),
            Suffix::Merge => {
                let layered = match merged.get(name) {
                    Some(below) => merge(value, below),
                    None => alone(value),
                };
                merged.set(name, layered);
            }
        }
    }
    merged
}

fn merge(child: &Value, parent: &Value) -> Value {
    match (child, parent) {
        (Value::Map(child), Value::Map(parent)) => Value::Map(merge_map(child, parent)),
        (Value::Seq(child), Value::Seq(parent)) => Value::Seq(merge_list(child, parent)),
        _ => alone(child),
    }
}

/// The parent's entries, then the child's new ones; lists of scalars come back sorted.
fn merge_list(child: &[Value], parent: &[Value]) -> Vec<Value> {
    let mut merged = parent.to_vec();
    for item in child {
        if !merged.contains(item) {
            merged.push(alone(item));
        }
    }
    let scalar = |item: &Value| item.as_map().is_none() && item.as_seq().is_none();
    if merged.iter().all(scalar) {
        merged.sort_by(|a, b| order(a).cmp(&order(b)));
    }
    merged
}

/// Numbers by value and before texts, texts by their characters.
fn order(value: &Value) -> (bool, Option<i64>, &str) {
    let number = value.as_i64();
    (number.is_none(), number, value.as_str().unwrap_or_default())
}

/// A value without anything below it: suffixes inside still mean what they say.
fn alone(value: &Value) -> Value {
    match value {
        Value::Map(map) => Value::Map(merge_map(map, &Map::new())),
        Value::Seq(items) => Value::Seq(items.iter().map(alone).collect()),
        other => other.clone(),
    }
}
