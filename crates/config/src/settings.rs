//! Settings: flags, environment, settings file and defaults, one precedence for all (spec 00 §c).
//!
//! | module | holds |
//! |---|---|
//! | `keys` | the table of every key: environment names, kind, default |
//! | `value` | kinds of values and how their texts are read |
//! | `file` | the settings file `oar.toml`: where it is, which keys it may have |
//! | `groups` | what the rest of the program gets: structs, not texts |
//! | `typed` | from texts to groups, and the checks on what they say |

mod file;
mod groups;
mod keys;
mod typed;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use oar_release::{ErrorClass, Masker};
use oar_transport::Service;
use oar_transport::env::Environment;

use crate::document::AppConfig;
pub use groups::{
    ApprovalSettings, BotSettings, DashboardSettings, ElliottSettings, ErrataSettings,
    FailureSettings, GateSettings, GitlabSettings, JiraSettings, McpSettings, ModelSettings,
    NotificatorSettings, ProwSettings, RegistrySettings, SelectorSettings, SignatureSettings,
    StateLocation, StateSettings,
};
use keys::{Family, KEYS, Key};
pub use value::SettingValue;

/// Where a value comes from; the earlier wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this call.
    Flag,
    /// This environment variable.
    Environment(String),
    /// This settings file.
    File(PathBuf),
    /// The encrypted configuration.
    Config,
    /// Built in.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Config => f.write_str("encrypted configuration"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A key that does not exist.
    #[error("{origin} has the unknown key {key:?}{}", nearest.as_ref().map(|n| format!("; did you mean {n:?}?")).unwrap_or_default())]
    UnknownKey {
        /// What is written.
        key: String,
        /// The existing key that looks most like it.
        nearest: Option<String>,
        /// Where it is written.
        origin: Origin,
    },
    /// A value that its key does not take.
    #[error("{key} ({origin}) must be {expected}")]
    BadValue {
        /// The key.
        key: String,
        /// What it takes, with an example.
        expected: String,
        /// Where the value comes from.
        origin: Origin,
    },
    /// The file that was asked for cannot be read.
    #[error("the settings file {} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the settings file {} is not valid TOML at line {line}: {problem}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
}

impl SettingsError {
    /// The error's class (spec 00 §e).
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::UnknownKey { .. } | Self::BadValue { .. } => ErrorClass::InvalidArgument,
            Self::Unreadable { .. } | Self::Syntax { .. } => ErrorClass::NotConfigured,
        }
    }
}

/// Values given as flags, by key: `state.repo`, `endpoints.slack`. The later of two wins.
#[derive(Debug, Clone, Default)]
pub struct Flags(BTreeMap<String, String>);

impl Flags {
    /// Sets `key`; an absent or empty `value` is no flag.
    #[must_use]
    pub fn with(mut self, key: &str, value: Option<impl Into<String>>) -> Self {
        if let Some(value) = value.map(Into::into).filter(|value| !value.is_empty()) {
            self.0.insert(key.to_owned(), value);
        }
        self
    }
}

/// One resolved setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its value; `None` when nothing sets it and there is no default.
    pub value: Option<SettingValue>,
    /// Where the value comes from.
    pub origin: Origin,
}

/// One line of `oarctl config list --show-origin`; credentials inside values are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The key as the settings file spells it.
    pub key: String,
    /// Its value as text, masked; `None` when unset.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Every setting, resolved and checked.
#[derive(Debug, Clone)]
pub struct Settings {
    file: Option<PathBuf>,
    values: BTreeMap<String, Setting>,
    warnings: Vec<String>,
}

impl Settings {
    /// Finds and reads the settings file and resolves every key.
    ///
    /// `path` (the flag `--settings`, else `OAR_SETTINGS`) must exist when given; the two default
    /// places may be absent.
    pub fn load(
        path: Option<&Path>,
        flags: &Flags,
        environment: &Environment,
    ) -> Result<Self, SettingsError> {
        let file = file::find(path, environment)?;
        Self::resolve(
            flags,
            environment,
            file.as_ref().map(|(path, text)| (path.as_path(), &**text)),
        )
    }

    /// Resolves every key from what is at hand; `file` is the settings file's path and text.
    pub fn resolve(
        flags: &Flags,
        environment: &Environment,
        file: Option<(&Path, &str)>,
    ) -> Result<Self, SettingsError> {
        let from_file = match file {
            Some((path, text)) => file::read(path, text)?,
            None => BTreeMap::new(),
        };
        if let Some(key) = flags.0.keys().find(|key| keys::find(key).is_none()) {
            return Err(file::unknown(key, Origin::Flag));
        }
        let path = file.map(|(path, _)| path);
        let layers = Layers { flags, environment, from_file: &from_file, path };
        let mut warnings = Vec::new();
        let mut values = BTreeMap::new();
        for key in KEYS {
            let setting = layers.resolve(key, key.name, &key.variables(), &mut warnings)?;
            values.insert(key.name.to_owned(), setting);
        }
        for family in Family::ALL {
            for (name, variable) in layers.members(family) {
                let setting =
                    layers.resolve(family.key(), &name, variable.as_slice(), &mut warnings)?;
                values.insert(name, setting);
            }
        }
        let file = path.map(Path::to_owned);
        let mut settings = Self { file, values, warnings };
        settings.fill_in_paths(environment);
        settings.check()?;
        Ok(settings)
    }

    /// The settings file in use.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// What a person should know about the settings although they can be used.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// One setting by its key, for output; `None` when the key does not exist.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.values.get(key)
    }

    /// Every setting with its origin, sorted by key. With `config`, the addresses that the
    /// encrypted configuration gives are listed where nothing above it sets them.
    pub fn list(&self, config: Option<&AppConfig>) -> Vec<Listed> {
        let masker = Masker::default();
        let mut values = self.values.clone();
        for service in Service::ALL {
            let key = format!("endpoints.{}", service.name());
            let (base, origin) = match config.and_then(|config| config.base_url(service)) {
                Some(base) => (Some(base), Origin::Config),
                None => (service.production(), Origin::Default),
            };
            let value = base.map(|base| SettingValue::Text(base.to_owned()));
            values.entry(key).or_insert(Setting { value, origin });
        }
        let shown = |value: &SettingValue| masker.mask(&value.to_string()).into_owned();
        values
            .into_iter()
            .map(|(key, setting)| {
                let value = setting.value.as_ref().map(shown);
                Listed { key, value, origin: setting.origin }
            })
            .collect()
    }

    /// Defaults that depend on where files are (spec 00 §c).
    fn fill_in_paths(&mut self, environment: &Environment) {
        let beside = self.file.clone().or_else(|| file::user_file(environment));
        let config = beside.map(|file| file.with_file_name("configstore.json"));
        let state = file::base_dir(environment, "XDG_STATE_HOME", ".local/state");
        let cache = file::base_dir(environment, "XDG_CACHE_HOME", ".cache");
        for (key, path) in [
            ("config.file", config),
            ("state.dir", state.map(|dir| dir.join("oar"))),
            ("state.cache_dir", cache.map(|dir| dir.join("oar"))),
        ] {
            if let Some(setting) = self.values.get_mut(key)
                && setting.value.is_none()
            {
                setting.value = path.map(|path| SettingValue::Text(path.display().to_string()));
            }
        }
    }
}

/// The sources of values, in the order of precedence.
struct Layers<'l> {
    flags: &'l Flags,
    environment: &'l Environment,
    from_file: &'l BTreeMap<String, toml::Value>,
    path: Option<&'l Path>,
}

impl Layers<'_> {
    fn resolve(
        &self,
        key: &Key,
        name: &str,
        variables: &[String],
        warnings: &mut Vec<String>,
    ) -> Result<Setting, SettingsError> {
        let bad = |origin: Origin| SettingsError::BadValue {
            key: name.to_owned(),
            expected: key.kind.expected(),
            origin,
        };
        let parse = |text: &str, origin: Origin| {
            let value = key.kind.parse(text).ok_or_else(|| bad(origin.clone()))?;
            Ok(Setting { value: Some(value), origin })
        };
        if let Some(text) = self.flags.0.get(name) {
            return parse(text, Origin::Flag);
        }
        for variable in variables {
            let Some(text) = self.variable(key, variable) else { continue };
            match parse(&text, Origin::Environment(variable.clone())) {
                // An unusable size of the thread pool must not keep the server down (spec 06 §6.9).
                Err(error) if key.lenient => warnings.push(format!("{error}; using the default")),
                other => return other,
            }
        }
        let empty = |value: &&toml::Value| value.as_str().is_some_and(str::is_empty);
        let written = self.from_file.get(name).filter(|value| key.kind.is_list() || !empty(value));
        if let (Some(value), Some(path)) = (written, self.path) {
            let origin = Origin::File(path.to_owned());
            let value = key.kind.read(value).ok_or_else(|| bad(origin.clone()))?;
            return Ok(Setting { value: Some(value), origin });
        }
        let value = key.default.map(|text| {
            key.kind.parse(text).expect("a test parses the default of every key with its kind")
        });
        Ok(Setting { value, origin: Origin::Default })
    }

    /// The variable's text. Empty is unset, except that a variable of the general form can empty a
    /// list.
    fn variable(&self, key: &Key, variable: &str) -> Option<String> {
        let general = key.env.is_empty() && key.kind.is_list();
        let emptied = || general && self.environment.is_set_empty(variable);
        self.environment.get(variable).or_else(|| emptied().then(String::new))
    }

    /// The members of `family` that any source mentions, with the environment variable of each.
    fn members(&self, family: Family) -> BTreeMap<String, Option<String>> {
        let prefix = family.prefix();
        let mentioned = self.flags.0.keys().chain(self.from_file.keys());
        let mut members: BTreeMap<String, Option<String>> = mentioned
            .filter(|name| name.starts_with(prefix) && keys::find(name).is_some())
            .map(|name| (name.clone(), None))
            .collect();
        if let Some(variables) = family.variables() {
            for (rest, _) in self.environment.with_prefix(variables) {
                let variable = format!("{variables}{}", rest.to_ascii_uppercase());
                members.insert(format!("{prefix}{rest}"), Some(variable));
            }
        }
        members
    }
}
