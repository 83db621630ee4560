//! The test-result file of one build: a document that keeps what it does not know, a typed view of
//! what the rules need, and the changes that may be made to it (spec 04 §2.3).

mod edit;
mod view;

use serde_json::{Map, Value, json};

use crate::current_build::Build;
use crate::json_text::json_text;

pub use edit::{EditError, RunFacts, Slot};
pub use view::{BuildVerdict, Claim, RecordedJob, RecordedRun};

/// A result file that cannot be read as one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the test result file is malformed: {problem}")]
pub struct MalformedResultFile {
    /// What is wrong, and where.
    pub problem: String,
}

/// The runs and the verdict of one build.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultFile {
    document: Map<String, Value>,
}

impl ResultFile {
    /// The file of a build before its first run.
    pub fn new(build: &Build) -> Self {
        let mut document = Map::new();
        document.insert("result".to_owned(), json!([]));
        document.insert("build".to_owned(), Value::Object(build.fields()));
        Self { document }
    }

    /// Reads a file and checks everything that the rules build on.
    pub fn parse(content: &[u8]) -> Result<Self, MalformedResultFile> {
        let malformed = |problem| MalformedResultFile { problem };
        let document: Map<String, Value> =
            serde_json::from_slice(content).map_err(|error| malformed(error.to_string()))?;
        let file = Self { document };
        view::check(&file.document).map_err(malformed)?;
        Ok(file)
    }

    /// The file's bytes.
    pub fn text(&self) -> String {
        // A map is written like the value that holds it; the clone is of some kilobytes.
        json_text(&Value::Object(self.document.clone()))
    }

    /// Whether the file is processed: nobody needs to look into it again. Reads that one key only,
    /// because most files of the folder are like this.
    pub fn is_final(content: &[u8]) -> Result<bool, MalformedResultFile> {
        #[derive(serde::Deserialize)]
        struct Final {
            #[serde(default)]
            aggregated: Option<bool>,
        }
        let read: Result<Final, _> = serde_json::from_slice(content);
        let read = read.map_err(|error| MalformedResultFile { problem: error.to_string() })?;
        Ok(read.aggregated == Some(true))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A file whose bytes are those of the tools: jobs with one run each.
    pub(crate) fn file(runs: &[(&str, &str, &str)]) -> ResultFile {
        let result: Vec<Value> = runs
            .iter()
            .map(|(job, id, state)| json!({ "jobName": job, "firstJob": run(id, state) }))
            .collect();
        let build = json!({ "name": "4.99.7", "phase": "Accepted", "pullSpec": "quay.example.com/x:4.99.7", "downloadURL": "" });
        let text = json_text(&json!({ "result": result, "build": build }));
        ResultFile::parse(text.as_bytes()).unwrap()
    }

    pub(crate) fn run(id: &str, state: &str) -> Value {
        match state {
            "" => json!({ "jobID": id }),
            "pending" => {
                json!({ "jobStartTime": "2030-01-02T03:05:00Z", "jobID": id, "jobState": state })
            }
            _ => json!({ "jobStartTime": "2030-01-02T03:05:00Z", "jobID": id, "jobState": state,
                         "jobCompletionTime": "2030-01-02T06:01:00Z" }),
        }
    }

    #[test]
    fn a_file_is_rewritten_byte_for_byte() {
        let text = "{\n  \"result\": [\n    {\n      \"jobName\": \"a\",\n      \"firstJob\": {\n        \"jobID\": \"i\",\n        \"more\": \"\\u00e9\"\n      },\n      \"retriedJobs\": []\n    }\n  ],\n  \"other\": {},\n  \"build\": {\n    \"name\": \"4.99.7\"\n  }\n}";
        assert_eq!(ResultFile::parse(text.as_bytes()).unwrap().text(), text);
    }

    #[test]
    fn what_the_rules_build_on_is_checked_when_a_file_is_read() {
        let build = r#""build": {"name": "4.99.7"}"#;
        for (problem, text) in [
            ("EOF", String::new()),
            ("sequence", "[]".to_owned()),
            ("result is no list", format!("{{{build}}}")),
            ("result[0] is no object", format!("{{\"result\": [1], {build}}}")),
            ("result[0].jobName is no text", format!("{{\"result\": [{{}}], {build}}}")),
            (
                "result[0].firstJob is no run",
                format!("{{\"result\": [{{\"jobName\": \"a\"}}], {build}}}"),
            ),
            (
                "result[0].firstJob.jobID is no text",
                format!("{{\"result\": [{{\"jobName\": \"a\", \"firstJob\": {{}}}}], {build}}}"),
            ),
            (
                "result[0].retriedJobs is no list",
                format!(
                    "{{\"result\": [{{\"jobName\": \"a\", \"firstJob\": {{\"jobID\": \"i\"}}, \"retriedJobs\": {{}}}}], {build}}}"
                ),
            ),
            ("build.name is no text", "{\"result\": [], \"build\": {}}".to_owned()),
            (
                "accepted is neither true nor false",
                format!("{{\"result\": [], {build}, \"accepted\": 1}}"),
            ),
        ] {
            let error = ResultFile::parse(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains(problem), "{error} for {text}");
        }
    }

    #[test]
    fn spec04_case_10_a_processed_file_is_known_by_one_key() {
        assert_eq!(ResultFile::is_final(br#"{"result": 1, "aggregated": true}"#), Ok(true));
        assert_eq!(ResultFile::is_final(br#"{"aggregated": false, "accepted": true}"#), Ok(false));
        assert_eq!(ResultFile::is_final(b"{}"), Ok(false));
        assert!(ResultFile::is_final(b"{").is_err());
    }
}
