//! The report that the image-consistency job leaves among its artefacts (spec 03 §10.7).

use std::collections::BTreeMap;

use serde::Deserialize;

/// What the job decided.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum ConsistencyVerdict {
    /// Every image of the payload is shipped, now or before.
    Consistent,
    /// At least one is not.
    Inconsistent,
    /// Something could not be looked up: as good as no run.
    Undetermined,
    /// Any other word: never a verdict (spec 08 R22).
    Other(String),
}

impl From<String> for ConsistencyVerdict {
    fn from(word: String) -> Self {
        match word.as_str() {
            "consistent" => Self::Consistent,
            "inconsistent" => Self::Inconsistent,
            "undetermined" => Self::Undetermined,
            _ => Self::Other(word),
        }
    }
}

/// One image of the payload.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReportedImage {
    /// Its name in the payload.
    pub name: String,
    /// Where it is.
    #[serde(default)]
    pub pullspec: String,
    /// What became of it, as the job words it.
    pub outcome: String,
    /// More about it, for people.
    #[serde(default)]
    pub detail: Option<String>,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ConsistencyReport {
    /// The payload.
    pub payload: String,
    /// The release in the payload.
    #[serde(default)]
    pub version: String,
    /// How many images are of which kind.
    #[serde(default)]
    pub counts: BTreeMap<String, u64>,
    /// The images.
    #[serde(default)]
    pub images: Vec<ReportedImage>,
    /// What it decided.
    pub verdict: ConsistencyVerdict,
}

impl ConsistencyReport {
    /// The images that are neither in the shipment nor released, which a person must look at.
    pub fn not_found(&self) -> impl Iterator<Item = &ReportedImage> {
        self.images
            .iter()
            .filter(|image| matches!(image.outcome.as_str(), "not_found" | "not found"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_that_are_missing_are_told() {
        let report: ConsistencyReport = serde_json::from_str(
            r#"{"payload": "p", "verdict": "inconsistent", "mr": 3, "counts": {"checked": 2},
                "images": [{"name": "a", "outcome": "not_found", "pullspec": "x@sha256:0"},
                           {"name": "b", "outcome": "shipment", "rule": 1, "detail": null}]}"#,
        )
        .unwrap();
        assert_eq!(report.verdict, ConsistencyVerdict::Inconsistent);
        let missing: Vec<&str> = report.not_found().map(|image| image.name.as_str()).collect();
        assert_eq!(missing, ["a"]);
    }

    #[test]
    fn r22_a_new_verdict_is_none() {
        let report: ConsistencyReport =
            serde_json::from_str(r#"{"payload": "p", "verdict": "maybe"}"#).unwrap();
        assert_eq!(report.verdict, ConsistencyVerdict::Other("maybe".to_owned()));
    }
}
