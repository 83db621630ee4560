//! The way of a good document: straight from text to struct. Whatever it does not take goes the way
//! of [`AppConfig::from_value`], which knows the place of every mistake.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{AppConfig, URL_KEYS, is_template, is_url};

type Texts = BTreeMap<String, String>;

#[derive(Default)]
struct Raw {
    build_data_url: Option<String>,
    owners: Texts,
    contacts: Contacts,
    report_templates: Texts,
    urls: BTreeMap<&'static str, String>,
}

#[derive(Default)]
struct Contacts {
    slack: BTreeMap<String, Texts>,
    email: Texts,
}

/// A map and nothing else: derived code would also take a list.
macro_rules! from_map {
    ($name:ty, |$raw:ident, $key:ident, $map:ident| $take:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'de> Visitor<'de> for Fields {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a map")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut $map: A) -> Result<$name, A::Error> {
                        let mut $raw = <$name>::default();
                        while let Some($key) = $map.next_key::<Cow<'_, str>>()? {
                            $take
                        }
                        Ok($raw)
                    }
                }
                deserializer.deserialize_map(Fields)
            }
        }
    };
}

from_map!(Raw, |raw, key, map| match &*key {
    "build_data_url" => raw.build_data_url = map.next_value()?,
    "owners" => raw.owners = map.next_value()?,
    "contacts" => raw.contacts = map.next_value()?,
    "report_templates" => raw.report_templates = map.next_value()?,
    other => match URL_KEYS.iter().find(|(known, _)| *known == other) {
        Some((known, _)) => {
            raw.urls.insert(known, map.next_value()?);
        }
        None => drop(map.next_value::<IgnoredAny>()?),
    },
});

from_map!(Contacts, |raw, key, map| match &*key {
    "slack" => raw.slack = map.next_value()?,
    "email" => raw.email = map.next_value()?,
    _ => drop(map.next_value::<IgnoredAny>()?),
});

/// The configuration, if every part of `json` is as it should be.
pub(super) fn read(json: &[u8]) -> Option<AppConfig> {
    let raw: Raw = serde_json::from_slice(json).ok()?;
    let mut urls = raw.urls;
    urls.retain(|_, url| !url.trim().is_empty());
    if urls.values().any(|url| !is_url(url)) {
        return None;
    }
    let build_data_url = text(raw.build_data_url);
    if !build_data_url.as_deref().is_none_or(is_template) {
        return None;
    }
    let slack = raw.contacts.slack.into_iter().map(|(team, of)| (team, texts(of))).collect();
    Some(AppConfig {
        build_data_url,
        owners: texts(raw.owners),
        slack,
        email: texts(raw.contacts.email),
        report_templates: texts(raw.report_templates),
        urls,
    })
}

fn text(text: Option<String>) -> Option<String> {
    text.map(trimmed).filter(|text| !text.is_empty())
}

fn texts(mut texts: Texts) -> Texts {
    if texts.values().any(|text| text.is_empty() || text.trim().len() != text.len()) {
        texts = texts.into_iter().map(|(key, text)| (key, trimmed(text))).collect();
        texts.retain(|_, text| !text.is_empty());
    }
    texts
}

fn trimmed(text: String) -> String {
    let inner = text.trim();
    if inner.len() == text.len() { text } else { inner.to_owned() }
}
