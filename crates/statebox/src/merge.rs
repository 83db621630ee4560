//! Three-way merge of whole edited documents (spec 01 §7.3).

use oar_yaml::{Map, Value, emit};

use crate::error::StateBoxError;
use crate::model::{Issue, StateBox};

/// Two edited copies united.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The united state.
    pub state: StateBox,
    /// Fields that both sides changed, where the local value was taken.
    pub warnings: Vec<String>,
}

/// Unites `local` and `remote`, both edited from `base`.
///
/// A field changed on one side takes that side; changed on both sides, the local value is taken and
/// a warning names the field. Tasks are matched by name, issues by text and time of report,
/// notifications by kind; what one side deleted stays deleted.
pub fn merge(
    base: &StateBox,
    local: &StateBox,
    remote: &StateBox,
) -> Result<Merged, StateBoxError> {
    let mut warnings = Vec::new();
    let (base, local, remote) = (base.to_value(), local.to_value(), remote.to_value());
    let merged = sides("", Some(&base), Some(&local), Some(&remote), &mut warnings);
    let text = emit::document(&merged.unwrap_or(Value::Null));
    Ok(Merged { state: StateBox::parse("merged document", &text)?, warnings })
}

/// The merge of one value; `None` is an absent one.
fn sides(
    path: &str,
    base: Option<&Value>,
    local: Option<&Value>,
    remote: Option<&Value>,
    warnings: &mut Vec<String>,
) -> Option<Value> {
    if local == remote || local == base {
        return remote.cloned();
    }
    if remote == base {
        return local.cloned();
    }
    match (local, remote) {
        (Some(Value::Map(local)), Some(Value::Map(remote))) => {
            let base = base.and_then(Value::as_map);
            Some(Value::Map(maps(path, base, local, remote, warnings)))
        }
        (Some(Value::Seq(local)), Some(Value::Seq(remote))) if identity(path).is_some() => {
            let base = base.and_then(Value::as_seq).unwrap_or_default();
            Some(Value::Seq(lists(path, base, local, remote, warnings)))
        }
        _ => {
            // Every save sets this one.
            if path != "updated_at" {
                warnings.push(format!("{path} was changed on both sides; the local value is kept"));
            }
            local.cloned()
        }
    }
}

fn maps(
    path: &str,
    base: Option<&Map>,
    local: &Map,
    remote: &Map,
    warnings: &mut Vec<String>,
) -> Map {
    let mut pairs = Vec::new();
    let mut take = |key: &Value| {
        let name = key.as_str().unwrap_or_default();
        let inner = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let of = |map: &Map| map.get(name).cloned();
        let base = base.and_then(of);
        let value = sides(&inner, base.as_ref(), of(local).as_ref(), of(remote).as_ref(), warnings);
        pairs.extend(value.map(|value| (key.clone(), value)));
    };
    remote.iter().for_each(|(key, _)| take(key));
    for (key, _) in local.iter() {
        if remote.get(key.as_str().unwrap_or_default()).is_none() {
            take(key);
        }
    }
    Map::from_pairs(pairs)
}

type Identity = fn(&Map) -> String;

/// What makes two items of the list at `path` the same item; `None` for lists that are one value.
fn identity(path: &str) -> Option<Identity> {
    fn text<'m>(map: &'m Map, key: &str) -> &'m str {
        map.get(key).and_then(Value::as_str).unwrap_or_default()
    }
    match path {
        "tasks" => Some(|map| text(map, "name").to_owned()),
        "issues" => Some(|map| {
            format!("{} at {}", Issue::normalised(text(map, "issue")), text(map, "reported_at"))
        }),
        "notifications" => Some(|map| text(map, "kind").to_owned()),
        _ => None,
    }
}

/// Items with their identities; equal ones are numbered, so that none is lost.
fn identified(path: &str, items: &[Value]) -> Vec<(String, Value)> {
    let mut found: Vec<(String, Value)> = Vec::with_capacity(items.len());
    for item in items {
        let of = identity(path).zip(item.as_map());
        let id = of.map_or_else(String::new, |(identity, map)| identity(map));
        let twins = found.iter().filter(|(other, _)| other.split('\0').next() == Some(&id)).count();
        let id = if twins == 0 { id } else { format!("{id}\0{twins}") };
        found.push((id, item.clone()));
    }
    found
}

fn lists(
    path: &str,
    base: &[Value],
    local: &[Value],
    remote: &[Value],
    warnings: &mut Vec<String>,
) -> Vec<Value> {
    let (base, local, remote) =
        (identified(path, base), identified(path, local), identified(path, remote));
    let local_only = local.iter().filter(|(id, _)| find(&remote, id).is_none());
    remote
        .iter()
        .chain(local_only)
        .filter_map(|(id, _)| {
            let name = id.split('\0').next().unwrap_or_default();
            let inner = format!("{path}[{name}]");
            sides(&inner, find(&base, id), find(&local, id), find(&remote, id), warnings)
        })
        .collect()
}

fn find<'i>(items: &'i [(String, Value)], id: &str) -> Option<&'i Value> {
    items.iter().find(|(other, _)| other == id).map(|(_, item)| item)
}
