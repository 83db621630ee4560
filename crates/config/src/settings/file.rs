//! The settings file: where it is and which keys it may have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use oar_transport::env::Environment;

use super::keys::{self, Family};
use super::{Origin, SettingsError};

/// The file to use and its text. One that was asked for must exist.
pub(super) fn find(
    asked: Option<&Path>,
    environment: &Environment,
) -> Result<Option<(PathBuf, String)>, SettingsError> {
    let asked =
        asked.map(Path::to_owned).or_else(|| environment.get("OAR_SETTINGS").map(Into::into));
    let must_exist = asked.is_some();
    let places = match asked {
        Some(path) => vec![path],
        None => {
            user_file(environment).into_iter().chain([PathBuf::from("/etc/oar/oar.toml")]).collect()
        }
    };
    for path in places {
        match std::fs::read_to_string(&path) {
            Ok(text) => return Ok(Some((path, text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => {}
            Err(source) => return Err(SettingsError::Unreadable { path, source }),
        }
    }
    Ok(None)
}

/// The user's own settings file, whether or not it exists.
pub(super) fn user_file(environment: &Environment) -> Option<PathBuf> {
    Some(base_dir(environment, "XDG_CONFIG_HOME", ".config")?.join("oar/oar.toml"))
}

/// A base directory of the XDG convention: the variable if it is an absolute path, else below home.
pub(super) fn base_dir(
    environment: &Environment,
    variable: &str,
    below_home: &str,
) -> Option<PathBuf> {
    let given = environment.get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| Some(PathBuf::from(environment.get("HOME")?).join(below_home)))
}

/// The file's values by full key. Every key must exist.
pub(super) fn read(
    path: &Path,
    text: &str,
) -> Result<BTreeMap<String, toml::Value>, SettingsError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        SettingsError::Syntax {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            problem: error.message().to_owned(),
        }
    })?;
    let mut values = BTreeMap::new();
    flatten("", table, &mut values);
    for key in values.keys() {
        let known = keys::find(key).is_some_and(|key| key.in_file);
        if !known {
            return Err(unknown(key, Origin::File(path.to_owned())));
        }
    }
    Ok(values)
}

fn flatten(prefix: &str, table: toml::Table, values: &mut BTreeMap<String, toml::Value>) {
    for (key, value) in table {
        // Host names have dots of their own: below a family every key is one name.
        let name = format!("{prefix}{key}");
        match value {
            toml::Value::Table(inner) if Family::of(&name).is_none() => {
                flatten(&format!("{name}."), inner, values);
            }
            value => {
                values.insert(name, value);
            }
        }
    }
}

/// The error for a key that does not exist, with the nearest one that does.
pub(super) fn unknown(key: &str, origin: Origin) -> SettingsError {
    let nearest = keys::names()
        .map(|name| (distance(key, &name), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().min(key.len()) / 2)
        .map(|(_, name)| name);
    SettingsError::UnknownKey { key: key.to_owned(), nearest, origin }
}

/// Edits between two texts (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let change = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
