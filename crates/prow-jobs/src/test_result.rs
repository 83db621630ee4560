//! The verdict in a build's test-result file (spec 01 §12.3, 04 §2.3).

use oar_release::workflow::TestResult;
use serde::Deserialize;

/// The keys of a result file that decide; all others are left alone.
#[derive(Debug, Deserialize)]
struct ResultFile {
    #[serde(default)]
    aggregated: Option<bool>,
    #[serde(default)]
    accepted: Option<bool>,
    #[serde(default)]
    manual_promotion: Option<bool>,
}

/// A result file that cannot be read as one.
#[derive(Debug, thiserror::Error)]
#[error("the test result file is malformed")]
pub struct MalformedResult(#[from] serde_json::Error);

/// What the file says: still running unless it is aggregated; a manual promotion is read here and
/// nowhere else (R27).
pub fn verdict(content: &[u8]) -> Result<TestResult, MalformedResult> {
    // An object first: a structure would also take a list for its fields in order.
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(content)?;
    let file: ResultFile = serde_json::from_value(object.into())?;
    Ok(match (file.aggregated, file.accepted) {
        (Some(true), Some(true)) => {
            TestResult::Accepted { manual: file.manual_promotion == Some(true) }
        }
        (Some(true), Some(false)) => TestResult::Rejected,
        _ => TestResult::Running,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r27_the_verdict_and_the_manual_promotion_come_from_one_place() {
        let verdict = |text: &str| verdict(text.as_bytes()).unwrap();
        assert_eq!(verdict("{}"), TestResult::Running);
        assert_eq!(verdict(r#"{"aggregated": false, "accepted": true}"#), TestResult::Running);
        assert_eq!(
            verdict(r#"{"aggregated": true, "accepted": true}"#),
            TestResult::Accepted { manual: false }
        );
        assert_eq!(
            verdict(r#"{"aggregated": true, "accepted": true, "manual_promotion": true}"#),
            TestResult::Accepted { manual: true }
        );
        assert_eq!(verdict(r#"{"aggregated": true, "accepted": false}"#), TestResult::Rejected);
    }

    #[test]
    fn a_file_that_is_no_object_is_malformed_and_never_a_verdict() {
        for text in ["", "[]", "{\"accepted\": \"yes\"}", "<html>"] {
            assert!(verdict(text.as_bytes()).is_err(), "{text}");
        }
    }
}
