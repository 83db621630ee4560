//! Kinds of values and how their texts are read.

use std::fmt;
use std::time::Duration;

/// A setting's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// Text, a path or an address.
    Text(String),
    /// A span of time.
    Duration(Duration),
    /// A whole number.
    Number(u64),
    /// On or off.
    Flag(bool),
    /// Several texts.
    List(Vec<String>),
}

impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Duration(span) => {
                let seconds = span.as_secs();
                match seconds {
                    0 => f.write_str("0s"),
                    s if s % 3600 == 0 => write!(f, "{}h", s / 3600),
                    s if s % 60 == 0 => write!(f, "{}m", s / 60),
                    s => write!(f, "{s}s"),
                }
            }
            Self::Number(number) => number.fmt(f),
            Self::Flag(on) => on.fmt(f),
            Self::List(items) => f.write_str(&items.join(",")),
        }
    }
}

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Url,
    /// An address of a proxy, or `direct`.
    Proxy,
    Duration,
    /// From the first to the second, both included.
    Number(u64, u64),
    Flag,
    List,
    OneOf(&'static [&'static str]),
}

impl Kind {
    pub(super) const fn is_list(self) -> bool {
        matches!(self, Self::List)
    }

    /// What the key takes, for messages.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Url => "a URL such as https://host.example.com".to_owned(),
            Self::Proxy => "a proxy such as http://proxy.example.com:3128, or direct".to_owned(),
            Self::Duration => "a duration such as 90s, 15m or 6h".to_owned(),
            Self::Number(least, most) => format!("a whole number from {least} to {most}"),
            Self::Flag => "true or false".to_owned(),
            Self::List => "a list".to_owned(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
        }
    }

    /// Reads the text of a flag or variable.
    pub(super) fn parse(self, text: &str) -> Option<SettingValue> {
        let text = text.trim();
        Some(match self {
            Self::Text => SettingValue::Text(text.to_owned()),
            Self::Url => {
                let filled = text.replace("%s", "x").replace("{arch}", "x");
                let url = url::Url::parse(&filled).ok()?;
                url.has_host().then(|| SettingValue::Text(text.to_owned()))?
            }
            Self::Proxy if text.eq_ignore_ascii_case("direct") => {
                SettingValue::Text("direct".to_owned())
            }
            Self::Proxy => return Self::Url.parse(text),
            Self::Duration => SettingValue::Duration(duration(text)?),
            Self::Number(least, most) => {
                let number = text.parse().ok()?;
                (least..=most).contains(&number).then_some(SettingValue::Number(number))?
            }
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => SettingValue::Flag(true),
                "false" | "0" | "no" | "off" => SettingValue::Flag(false),
                _ => return None,
            },
            Self::List => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                SettingValue::List(items.map(ToOwned::to_owned).collect())
            }
            Self::OneOf(words) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(text))?;
                SettingValue::Text((*word).to_owned())
            }
        })
    }

    /// Reads a value of the settings file, which has types of its own.
    pub(super) fn read(self, value: &toml::Value) -> Option<SettingValue> {
        match (self, value) {
            (Self::List, toml::Value::Array(items)) => {
                let texts = items.iter().map(|item| item.as_str().map(ToOwned::to_owned));
                texts.collect::<Option<_>>().map(SettingValue::List)
            }
            (Self::Flag, toml::Value::Boolean(on)) => Some(SettingValue::Flag(*on)),
            (Self::Number(..), toml::Value::Integer(number)) => self.parse(&number.to_string()),
            (Self::Number(..) | Self::Flag, _) => None,
            (_, toml::Value::String(text)) => self.parse(text),
            _ => None,
        }
    }
}

/// `90s`, `15m`, `6h`; one number and one unit.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}
