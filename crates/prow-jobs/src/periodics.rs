//! Which automated jobs a y-stream has, as `openshift/release` defines them (spec 04 §13).

use oar_release::YStream;
use oar_yaml::{Document, Node};

/// The repository of the definitions of jobs.
pub const DEFINITIONS: &str = "openshift/release";
/// What the names of jobs that test builds contain.
const AUTOMATED: &str = "automated-release";
const COMPONENT: &str = "openshift/openshift-tests-private";
const PREFIX: &str = "openshift-openshift-tests-private-release";

/// The file whose presence says that a y-stream has automated jobs.
pub fn automated_config_path(stream: YStream) -> String {
    format!("ci-operator/config/{COMPONENT}/{PREFIX}-{stream}__{AUTOMATED}.yaml")
}

/// The file with all periodic jobs of a y-stream.
pub fn periodics_path(stream: YStream) -> String {
    format!("ci-operator/jobs/{COMPONENT}/{PREFIX}-{stream}-periodics.yaml")
}

/// A file of periodic jobs that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} does not list periodic jobs: {problem}")]
pub struct MalformedPeriodics {
    /// Which file.
    pub file: String,
    /// What is wrong, and where.
    pub problem: String,
}

/// The names of the automated jobs in the content of `file`, in its order.
pub fn automated_jobs(file: &str, content: &[u8]) -> Result<Vec<String>, MalformedPeriodics> {
    read(content).map_err(|problem| MalformedPeriodics { file: file.to_owned(), problem })
}

fn read(content: &[u8]) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(content).map_err(|error| error.to_string())?;
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let periodics = document.root().get("periodics").ok_or("there is no list periodics")?;
    if !periodics.is_seq() {
        return Err("periodics is no list".to_owned());
    }
    let mut names = Vec::new();
    for (at, item) in periodics.items().iter().enumerate() {
        let name = item.value.get("name").and_then(Node::text);
        let name = name.ok_or_else(|| format!("periodics[{at}] has no name"))?;
        if name.contains(AUTOMATED) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_automated_jobs_are_told_in_the_order_of_the_file() {
        let text = "base_images: {}\nperiodics:\n- agent: kubernetes\n  name: x-automated-release-aws\n\
            - name: x-other\n- name: \"x-automated-release-gcp\"\n  spec: {containers: []}\n";
        let jobs = automated_jobs("f", text.as_bytes()).unwrap();
        assert_eq!(jobs, ["x-automated-release-aws", "x-automated-release-gcp"]);
        assert!(automated_jobs("f", b"periodics: []\n").unwrap().is_empty());
    }

    #[test]
    fn what_lists_no_jobs_is_an_error_and_not_an_empty_list() {
        for bad in [
            &b""[..],
            b"presubmits: []\n",
            b"periodics: none\n",
            b"periodics:\n- name: a\n- agent: x\n",
            b"periodics: [\n",
            b"periodics:\n- name: \xff\n",
        ] {
            let error = automated_jobs("the-file", bad).unwrap_err();
            assert!(error.to_string().starts_with("the-file "), "{error}");
        }
    }

    #[test]
    fn the_paths_name_the_stream() {
        let stream = "4.99".parse().unwrap();
        assert_eq!(
            automated_config_path(stream),
            "ci-operator/config/openshift/openshift-tests-private/\
             openshift-openshift-tests-private-release-4.99__automated-release.yaml"
        );
        assert_eq!(
            periodics_path(stream),
            "ci-operator/jobs/openshift/openshift-tests-private/\
             openshift-openshift-tests-private-release-4.99-periodics.yaml"
        );
    }

    proptest! {
        /// Exactly the names with the word in them, whatever stands between.
        #[test]
        fn a_job_is_told_by_its_name_alone(names in prop::collection::vec("[a-z]{1,4}(-automated-release)?-[0-9a-z]{1,4}", 0..20)) {
            let items: Vec<String> = names
                .iter()
                .map(|name| format!("- agent: kubernetes\n  labels: {{a: automated-release}}\n  name: {name:?}\n"))
                .collect();
            let items = items.concat();
            let list = if items.is_empty() { "periodics: []\n".to_owned() } else { format!("periodics:\n{items}") };
            let found = automated_jobs("f", list.as_bytes()).unwrap();
            let wanted: Vec<String> = names.into_iter().filter(|name| name.contains("automated-release")).collect();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _either = automated_jobs("f", &bytes);
        }
    }
}
