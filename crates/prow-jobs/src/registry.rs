//! The job registry of a y-stream: which jobs test its builds (spec 04 §2.1).

use serde_json::{Map, Value};

use crate::file_name::StreamKind;

/// Retry runs of a job that says nothing about them: "best of 3".
pub const DEFAULT_RETRIES: u32 = 2;

/// The most retry runs of a job that are planned. A larger number is a slip of the pen: it would fill
/// the cluster with runs of one job, and its verdict would come days later.
pub const MAX_RETRIES: u32 = 20;

/// One job of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSpec {
    /// Full name of the periodic job.
    pub job: String,
    /// The build is what the cluster is upgraded to.
    pub upgrade: bool,
    /// Never started.
    pub disabled: bool,
    /// Its failure neither starts retries nor blocks acceptance.
    pub optional: bool,
    /// Planned retry runs: even, from 2 to [`MAX_RETRIES`], so that the number of all runs is odd.
    pub retries: u32,
}

impl JobSpec {
    /// A required job that installs the build.
    pub fn new(job: &str) -> Self {
        let job = job.to_owned();
        Self { job, upgrade: false, disabled: false, optional: false, retries: DEFAULT_RETRIES }
    }
}

/// All jobs of one y-stream and architecture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobRegistry {
    nightly: Vec<JobSpec>,
    stable: Vec<JobSpec>,
    /// What somebody should look at.
    pub remarks: Vec<Remark>,
}

/// Something about a registry that can be read all the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// Only the first of two entries of one name is ever found.
    #[error("{place}: {job} is listed twice")]
    ListedTwice {
        /// The second entry, as `nightly[1]`.
        place: String,
        /// The job.
        job: String,
    },
    /// A key that means nothing, perhaps a misspelt one.
    #[error("{place}: unknown key {key:?}")]
    UnknownKey {
        /// Where.
        place: String,
        /// The key.
        key: String,
    },
    /// The number of retries is none, and counts as the default.
    #[error("{place}: {given} is no number of retries, {DEFAULT_RETRIES} are planned")]
    BadRetries {
        /// The entry.
        place: String,
        /// What is written.
        given: String,
    },
    /// More retries than anybody can mean.
    #[error("{place}: {given} retries are too many, {MAX_RETRIES} are planned")]
    TooManyRetries {
        /// The entry.
        place: String,
        /// What is written.
        given: String,
    },
    /// By its name it upgrades, by its entry it installs.
    #[error("{place}: {job} lacks the upgrade flag")]
    NoUpgradeFlag {
        /// The entry.
        place: String,
        /// The job.
        job: String,
    },
}

impl Remark {
    /// Whether it is a mistake for sure, which new content must not have.
    pub const fn is_mistake(&self) -> bool {
        !matches!(self, Self::NoUpgradeFlag { .. })
    }
}

/// A registry that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file} is no job registry: {problem}")]
pub struct MalformedRegistry {
    /// Which file.
    pub file: String,
    /// What is wrong, and where.
    pub problem: String,
}

impl JobRegistry {
    /// Reads the content of `file`. Types are strict: `"false"` is no truth value.
    pub fn parse(file: &str, content: &[u8]) -> Result<Self, MalformedRegistry> {
        read(content).map_err(|problem| MalformedRegistry { file: file.to_owned(), problem })
    }

    /// A registry of these jobs.
    pub fn of(nightly: Vec<JobSpec>, stable: Vec<JobSpec>) -> Self {
        Self { nightly, stable, remarks: Vec::new() }
    }

    /// The jobs for builds of this kind, in the order of the file.
    pub fn jobs(&self, kind: StreamKind) -> &[JobSpec] {
        match kind {
            StreamKind::Nightly => &self.nightly,
            StreamKind::Stable => &self.stable,
        }
    }
}

fn read(content: &[u8]) -> Result<JobRegistry, String> {
    let mut file: Map<String, Value> =
        serde_json::from_slice(content).map_err(|error| error.to_string())?;
    let mut registry = JobRegistry::default();
    for (kind, word) in [(StreamKind::Nightly, "nightly"), (StreamKind::Stable, "stable")] {
        let list = match file.remove(word) {
            Some(Value::Array(list)) => list,
            Some(_) => return Err(format!("{word} is no list")),
            None => return Err(format!("{word} is missing")),
        };
        let mut jobs = Vec::<JobSpec>::new();
        for (at, item) in list.into_iter().enumerate() {
            let place = format!("{word}[{at}]");
            let job = job(item, &place, &mut registry.remarks)?;
            if jobs.iter().any(|other| other.job == job.job) {
                registry.remarks.push(Remark::ListedTwice { place, job: job.job });
                continue;
            }
            if job.job.contains("upgrade-from") && !job.upgrade {
                registry.remarks.push(Remark::NoUpgradeFlag { place, job: job.job.clone() });
            }
            jobs.push(job);
        }
        match kind {
            StreamKind::Nightly => registry.nightly = jobs,
            StreamKind::Stable => registry.stable = jobs,
        }
    }
    registry.remarks.extend(unknown_keys(&file, "the file"));
    Ok(registry)
}

fn job(item: Value, place: &str, remarks: &mut Vec<Remark>) -> Result<JobSpec, String> {
    let Value::Object(mut item) = item else { return Err(format!("{place} is no object")) };
    let mut flag = |name: &str| match item.remove(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(flag),
        Some(other) => Err(format!("{place}.{name} is {other}, not true or false")),
    };
    let (upgrade, disabled, optional) = (flag("upgrade")?, flag("disabled")?, flag("optional")?);
    let given = item.remove("retries");
    let retries = normalised_retries(given.as_ref());
    if let Some(given) = given.filter(|given| !given.is_null()) {
        let (place, number) = (place.to_owned(), number_of(&given));
        let given = given.to_string();
        match number {
            None => remarks.push(Remark::BadRetries { place, given }),
            Some(number) if number > u64::from(MAX_RETRIES) => {
                remarks.push(Remark::TooManyRetries { place, given });
            }
            Some(_) => {}
        }
    }
    let name = match item.remove("prowJob") {
        Some(Value::String(name)) if is_job_name(&name) => name,
        Some(other) => return Err(format!("{place}.prowJob is {other}, no name of a job")),
        None => return Err(format!("{place}.prowJob is missing")),
    };
    remarks.extend(unknown_keys(&item, place));
    Ok(JobSpec { job: name, upgrade, disabled, optional, retries })
}

fn unknown_keys<'m>(
    left: &'m Map<String, Value>,
    place: &'m str,
) -> impl Iterator<Item = Remark> + 'm {
    left.keys().map(|key| Remark::UnknownKey { place: place.to_owned(), key: key.clone() })
}

fn is_job_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// The number of retry runs: even, from 2 to [`MAX_RETRIES`]. Whatever is no whole number counts as 2
/// (spec 04 §2.1).
pub fn normalised_retries(given: Option<&Value>) -> u32 {
    let number = given.and_then(number_of).unwrap_or_default().min(u64::from(MAX_RETRIES));
    let number = u32::try_from(number).unwrap_or(MAX_RETRIES);
    DEFAULT_RETRIES.max(number - number % 2)
}

/// The number of retries as it is written: a whole number, or its digits as text. One that is too
/// long to be kept is the largest that can be.
fn number_of(given: &Value) -> Option<u64> {
    match given {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            Some(text.parse().unwrap_or(u64::MAX))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spec04_case_01_retries_are_normalised() {
        let given = [
            (None, 2),
            (Some(json!(0)), 2),
            (Some(json!(1)), 2),
            (Some(json!(2)), 2),
            (Some(json!(3)), 2),
            (Some(json!(4)), 4),
            (Some(json!(5)), 4),
            (Some(json!("4")), 4),
            (Some(json!("x")), 2),
            (Some(json!(-2)), 2),
            // And what else the field may hold.
            (Some(json!(null)), 2),
            (Some(json!(7)), 6),
            (Some(json!(4.0)), 2),
            (Some(json!("-4")), 2),
            (Some(json!(true)), 2),
            (Some(json!("")), 2),
            // No more than anybody can mean.
            (Some(json!(20)), 20),
            (Some(json!(21)), 20),
            (Some(json!("1000")), 20),
            (Some(json!(u64::MAX)), 20),
            (Some(json!("99999999999999999999999")), 20),
        ];
        for (given, expected) in given {
            assert_eq!(normalised_retries(given.as_ref()), expected, "{given:?}");
        }
    }

    #[test]
    fn too_many_retries_are_cut_and_told() {
        let text = r#"{"nightly": [{"prowJob": "a", "retries": 1000}, {"prowJob": "b", "retries": 20}],
            "stable": []}"#;
        let registry = JobRegistry::parse("f", text.as_bytes()).unwrap();
        let planned = registry.jobs(StreamKind::Nightly).iter().map(|job| job.retries);
        assert_eq!(planned.collect::<Vec<_>>(), [MAX_RETRIES, 20]);
        assert_eq!(registry.remarks.len(), 1, "{:?}", registry.remarks);
        let told = registry.remarks[0].to_string();
        assert!(told.starts_with("nightly[0]: 1000 retries"), "{told}");
    }

    #[test]
    fn a_registry_is_read_with_strict_types() {
        let text = r#"{"nightly": [{"prowJob": "a-upgrade-from-stable-4.98-x"},
            {"prowJob": "b", "upgrade": true, "optional": true, "disabled": true, "retries": 5},
            {"prowJob": "b"}, {"prowJob": "c", "optinal": true}], "stable": [], "beta": []}"#;
        let registry = JobRegistry::parse("f", text.as_bytes()).unwrap();
        let jobs = registry.jobs(StreamKind::Nightly);
        assert_eq!(jobs.len(), 3, "a duplicate is found by its first place only");
        assert_eq!(jobs[0], JobSpec::new("a-upgrade-from-stable-4.98-x"));
        let second = JobSpec {
            upgrade: true,
            optional: true,
            disabled: true,
            retries: 4,
            ..JobSpec::new("b")
        };
        assert_eq!(jobs[1], second);
        assert!(registry.jobs(StreamKind::Stable).is_empty());
        assert_eq!(registry.remarks.len(), 4, "{:?}", registry.remarks);
        for bad in [
            "",
            "[]",
            r#"{"nightly": []}"#,
            r#"{"nightly": {}, "stable": []}"#,
            r#"{"nightly": [1], "stable": []}"#,
            r#"{"nightly": [{}], "stable": []}"#,
            r#"{"nightly": [{"prowJob": ""}], "stable": []}"#,
            r#"{"nightly": [{"prowJob": "a/b"}], "stable": []}"#,
            r#"{"nightly": [{"prowJob": "a", "upgrade": "false"}], "stable": []}"#,
        ] {
            let error = JobRegistry::parse("the-file", bad.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("the-file"), "{error}");
        }
    }
}
