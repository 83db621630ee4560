//! Custom fields: their ids are settings, proved by name before they are used (spec 02 §4.3, spec 08
//! R36).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::JiraError;

/// A custom field that OAR reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The person who verifies the bug.
    QaContact,
    /// Whether the bug blocks a release.
    ReleaseBlocker,
    /// How many customer cases; the number itself is not readable.
    SfdcCounter,
    /// Links to customer cases; not readable.
    SfdcLinks,
    /// People who are asked for information.
    NeedInfo,
    /// Versions in which it is to be fixed.
    TargetVersion,
    /// The CVE.
    CveId,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::QaContact,
        Self::ReleaseBlocker,
        Self::SfdcCounter,
        Self::SfdcLinks,
        Self::NeedInfo,
        Self::TargetVersion,
        Self::CveId,
    ];

    /// Its name in the settings (`jira.fields.<name>`).
    pub const fn setting(self) -> &'static str {
        self.row().0
    }

    /// Its name in Jira.
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    const fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::QaContact => ("qa_contact", "QA Contact", "customfield_10470"),
            Self::ReleaseBlocker => ("release_blocker", "Release Blocker", "customfield_10847"),
            Self::SfdcCounter => ("sfdc_counter", "SFDC Cases Counter", "customfield_10978"),
            Self::SfdcLinks => ("sfdc_links", "SFDC Cases Links", "customfield_10979"),
            Self::NeedInfo => ("need_info", "Need Info From", "customfield_10482"),
            Self::TargetVersion => ("target_version", "Target Version", "customfield_10855"),
            Self::CveId => ("cve_id", "CVE ID", "customfield_10667"),
        }
    }
}

/// The id of each custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldIds {
    ids: BTreeMap<Field, String>,
    /// Fields whose id a person set: their name is not compared.
    set: Vec<Field>,
}

impl Default for FieldIds {
    fn default() -> Self {
        let id = |field: Field| (field, field.row().2.to_owned());
        Self { ids: Field::ALL.map(id).into(), set: Vec::new() }
    }
}

impl FieldIds {
    /// The built-in ids with `overrides` (name in the settings → id).
    pub fn with_overrides(overrides: &BTreeMap<String, String>) -> Result<Self, JiraError> {
        let mut ids = Self::default();
        for (name, id) in overrides {
            let field = Field::ALL.into_iter().find(|field| field.setting() == name);
            let field = field.ok_or_else(|| JiraError::UnknownField {
                name: name.clone(),
                known: Field::ALL.map(Field::setting).join(", "),
            })?;
            ids.ids.insert(field, id.clone());
            ids.set.push(field);
        }
        Ok(ids)
    }

    /// The id of `field`.
    pub fn id(&self, field: Field) -> &str {
        self.ids.get(&field).map_or("", String::as_str)
    }

    /// Compares with what the server has: every id must exist, and a built-in one must have the
    /// field's name. The first difference is the error, with the id that would be right.
    pub(crate) fn verify(&self, known: &[FieldInfo]) -> Result<(), JiraError> {
        for field in Field::ALL {
            let (id, name) = (self.id(field), field.name());
            let found = known.iter().find(|info| info.id == id);
            let is_right =
                found.is_some_and(|info| self.set.contains(&field) || same_name(&info.name, name));
            if is_right {
                continue;
            }
            let problem = match found {
                Some(other) => format!("Jira's field {id} is {:?}, not {name:?}", other.name),
                None => format!("Jira has no field {id} ({name})"),
            };
            let hint = known.iter().find(|info| same_name(&info.name, name));
            let hint = hint.map(|info| format!(" (perhaps {})", info.id)).unwrap_or_default();
            let problem = format!("{problem}{hint}");
            return Err(JiraError::Field { name: field.setting(), problem });
        }
        Ok(())
    }
}

fn same_name(a: &str, b: &str) -> bool {
    a.trim().eq_ignore_ascii_case(b)
}

/// One field of the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct FieldInfo {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Vec<FieldInfo> {
        let ids = FieldIds::default();
        let info = |field: Field| FieldInfo {
            id: ids.id(field).to_owned(),
            name: field.name().to_ascii_uppercase(),
        };
        Field::ALL.map(info).into()
    }

    #[test]
    fn r36_ids_are_proved_by_name() {
        let ids = FieldIds::default();
        ids.verify(&server()).unwrap();
        let mut renamed = server();
        renamed[0].name = "Something".to_owned();
        let shown = ids.verify(&renamed).unwrap_err().to_string();
        assert!(shown.contains("is \"Something\", not \"QA Contact\""), "{shown}");
        assert!(shown.contains("jira.fields.qa_contact"), "{shown}");
        let mut moved = server();
        moved[0].id = "customfield_1".to_owned();
        let shown = ids.verify(&moved).unwrap_err().to_string();
        assert!(shown.contains("no field customfield_10470"), "{shown}");
        assert!(shown.contains("perhaps customfield_1)"), "{shown}");
    }

    #[test]
    fn an_id_that_was_set_must_exist_and_may_have_another_name() {
        let set = |id: &str| {
            let overrides = [("qa_contact".to_owned(), id.to_owned())].into();
            FieldIds::with_overrides(&overrides).unwrap()
        };
        let mut renamed = server();
        renamed[0].name = "Verifier".to_owned();
        set("customfield_10470").verify(&renamed).unwrap();
        assert!(set("customfield_1").verify(&renamed).is_err());
        let wrong = [("qa_contract".to_owned(), "x".to_owned())].into();
        let shown = FieldIds::with_overrides(&wrong).unwrap_err().to_string();
        assert!(shown.contains("qa_contact, release_blocker"), "{shown}");
    }
}
