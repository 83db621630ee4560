//! New content for a job registry: what it changes, and what is refused (spec 04 §13).

use oar_release::YStream;

use crate::file_name::{RegistryName, StreamKind};
use crate::registry::{JobRegistry, JobSpec, MalformedRegistry, Remark};

/// Both lists of a registry.
const KINDS: [StreamKind; 2] = [StreamKind::Nightly, StreamKind::Stable];
/// What comes before the y-stream in the names of jobs.
const RELEASE: &str = "-release-";

/// What new content does to one list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListChange {
    /// Jobs that it adds.
    pub added: Vec<String>,
    /// Jobs that it drops.
    pub removed: Vec<String>,
    /// Jobs that it treats otherwise.
    pub changed: Vec<String>,
}

impl ListChange {
    /// Whether the same jobs are treated the same way; their order may differ.
    pub const fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// What new content does to a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryChange {
    /// The jobs of nightly builds.
    pub nightly: ListChange,
    /// The jobs of stable builds.
    pub stable: ListChange,
    /// What a reviewer should look at.
    pub warnings: Vec<String>,
}

/// New content that is not for the registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedChange {
    /// There is nothing in it.
    #[error("the new content of {file} is empty")]
    Empty {
        /// The registry.
        file: String,
    },
    /// It is no registry.
    #[error(transparent)]
    Malformed(#[from] MalformedRegistry),
    /// It can be read, and says something that cannot be meant.
    #[error("the new content of {file} has mistakes: {}", remarks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Mistakes {
        /// The registry.
        file: String,
        /// All of them.
        remarks: Vec<Remark>,
    },
    /// After it no build of a stream would be tested.
    #[error("the new content of {file} drops all {} jobs", list.word())]
    DropsAll {
        /// The registry.
        file: String,
        /// The list.
        list: StreamKind,
    },
    /// It enables no job at all.
    #[error("the new content of {file} enables no job")]
    NoJobs {
        /// The registry.
        file: String,
    },
}

/// Checks `new` as the content of the registry `name`, which now is `old`; `None` when there is none.
pub fn check_registry_change(
    name: &RegistryName,
    new: &[u8],
    old: Option<&[u8]>,
) -> Result<RegistryChange, RefusedChange> {
    let file = name.path();
    if new.trim_ascii().is_empty() {
        return Err(RefusedChange::Empty { file });
    }
    let registry = JobRegistry::parse(&file, new)?;
    let (mistakes, rest): (Vec<_>, Vec<_>) =
        registry.remarks.iter().cloned().partition(Remark::is_mistake);
    if !mistakes.is_empty() {
        return Err(RefusedChange::Mistakes { file, remarks: mistakes });
    }
    let mut warnings: Vec<String> = rest.iter().map(ToString::to_string).collect();
    let before = match old.map(|old| JobRegistry::parse(&file, old)) {
        None => JobRegistry::default(),
        Some(Ok(before)) => before,
        // Whoever repairs a registry must be able to.
        Some(Err(error)) => {
            warnings.push(format!("what is dropped is not known: today {error}"));
            JobRegistry::default()
        }
    };
    let is_enabled = |spec: &JobSpec| !spec.disabled;
    for list in KINDS {
        let had = before.jobs(list).iter().any(is_enabled);
        if had && !registry.jobs(list).iter().any(is_enabled) {
            return Err(RefusedChange::DropsAll { file, list });
        }
    }
    if !KINDS.iter().any(|list| registry.jobs(*list).iter().any(is_enabled)) {
        return Err(RefusedChange::NoJobs { file });
    }
    let mut change = RegistryChange {
        nightly: difference(before.jobs(StreamKind::Nightly), registry.jobs(StreamKind::Nightly)),
        stable: difference(before.jobs(StreamKind::Stable), registry.jobs(StreamKind::Stable)),
        warnings,
    };
    for list in KINDS {
        let now = registry.jobs(list);
        let foreign = now.iter().filter_map(|spec| Some((spec, stream_of(&spec.job)?)));
        for (spec, other) in foreign.filter(|(_, other)| *other != name.stream) {
            change
                .warnings
                .push(format!("{} is a job of {other}, not of {}", spec.job, name.stream));
        }
        let is_kept = |spec: &JobSpec| before.jobs(list).iter().any(|old| old.job == spec.job);
        if !before.jobs(list).is_empty() && !now.iter().any(is_kept) {
            change.warnings.push(format!("not one {} job is kept", list.word()));
        }
    }
    Ok(change)
}

fn difference(before: &[JobSpec], after: &[JobSpec]) -> ListChange {
    let named = |list: &[JobSpec], job: &str| list.iter().find(|spec| spec.job == job).cloned();
    let mut change = ListChange::default();
    for spec in after {
        match named(before, &spec.job) {
            None => change.added.push(spec.job.clone()),
            Some(old) if old != *spec => change.changed.push(spec.job.clone()),
            Some(_) => {}
        }
    }
    let is_gone = |spec: &&JobSpec| named(after, &spec.job).is_none();
    change.removed = before.iter().filter(is_gone).map(|spec| spec.job.clone()).collect();
    change
}

/// The y-stream in the name of a job, if it names one.
fn stream_of(job: &str) -> Option<YStream> {
    let (_, rest) = job.split_once(RELEASE)?;
    rest.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use oar_release::Arch;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn name() -> RegistryName {
        RegistryName { stream: "4.99".parse().unwrap(), arch: Arch::Amd64 }
    }

    fn text(nightly: &[Value], stable: &[Value]) -> Vec<u8> {
        json!({ "nightly": nightly, "stable": stable }).to_string().into_bytes()
    }

    fn job(name: &str) -> Value {
        json!({ "prowJob": format!("periodic-release-4.99-{name}") })
    }

    fn check(new: &[u8], old: &[u8]) -> Result<RegistryChange, RefusedChange> {
        check_registry_change(&name(), new, Some(old))
    }

    #[test]
    fn what_changes_is_told_list_by_list() {
        let old = text(&[job("a"), job("b")], &[job("s")]);
        let mut optional = job("b");
        optional["optional"] = json!(true);
        let change = check(&text(&[optional, job("c")], &[job("s")]), &old).unwrap();
        let full = |name: &str| vec![format!("periodic-release-4.99-{name}")];
        let nightly = ListChange { added: full("c"), removed: full("a"), changed: full("b") };
        assert_eq!((change.nightly, change.stable.is_empty()), (nightly, true));
        assert!(change.warnings.is_empty());
        // Other words for the same.
        let spelled = text(
            &[json!({ "prowJob": "periodic-release-4.99-b", "retries": "3" }), job("a")],
            &[job("s")],
        );
        let change = check(&spelled, &old).unwrap();
        assert!(change.nightly.is_empty() && change.stable.is_empty());
    }

    #[test]
    fn a_list_that_would_lose_all_its_jobs_is_refused() {
        let old = text(&[job("a")], &[job("s")]);
        let mut off = job("a");
        off["disabled"] = json!(true);
        for (new, lost) in [
            (text(&[], &[job("s")]), StreamKind::Nightly),
            (text(&[job("a")], &[]), StreamKind::Stable),
            (text(&[off], &[job("s")]), StreamKind::Nightly),
        ] {
            let error = check(&new, &old).unwrap_err();
            assert_eq!(error, RefusedChange::DropsAll { file: name().path(), list: lost });
        }
        // A list that was empty may stay so, and a new registry may begin with one list.
        assert!(check(&text(&[job("a")], &[]), &text(&[job("b")], &[])).is_ok());
        assert!(check_registry_change(&name(), &text(&[job("a")], &[]), None).is_ok());
        let nothing = check_registry_change(&name(), &text(&[], &[]), None);
        assert!(matches!(nothing, Err(RefusedChange::NoJobs { .. })));
    }

    #[test]
    fn content_that_is_no_registry_is_refused_whatever_is_there() {
        let old = text(&[job("a")], &[]);
        for empty in [&b""[..], b" \n\t"] {
            assert!(matches!(check(empty, &old), Err(RefusedChange::Empty { .. })));
        }
        for bad in ["null", "{}", "[]", "{", r#"{"nightly": [], "stable": 1}"#] {
            let error = check(bad.as_bytes(), &old).unwrap_err();
            assert!(matches!(error, RefusedChange::Malformed(_)), "{bad}: {error}");
        }
        let with = |key: &str, value: Value| {
            let mut entry = job("a");
            entry[key] = value;
            text(&[entry], &[])
        };
        for bad in [
            with("retries", json!(100)),
            with("retries", json!("x")),
            with("retries", json!(-2)),
            with("optinal", json!(true)),
            text(&[job("a"), job("a")], &[]),
            br#"{"nightly": [{"prowJob": "a"}], "stable": [], "beta": []}"#.to_vec(),
        ] {
            let error = check(&bad, &old).unwrap_err();
            assert!(matches!(error, RefusedChange::Mistakes { .. }), "{error}");
            assert!(error.to_string().contains(&name().path()), "{error}");
        }
    }

    #[test]
    fn what_is_strange_is_a_warning_for_the_reviewer() {
        let old = text(&[job("a")], &[]);
        let other = json!({ "prowJob": "periodic-release-4.98-upgrade-from-stable-4.97-x" });
        let change = check(&text(&[other], &[]), &old).unwrap();
        let [flag, stream, kept] = change.warnings.as_slice() else { panic!("{change:?}") };
        assert!(flag.contains("upgrade flag") && stream.contains("a job of 4.98, not of 4.99"));
        assert!(kept.contains("not one nightly job is kept"));
        // A registry that cannot be read today can be repaired.
        let change = check(&text(&[job("a")], &[]), b"{ broken").unwrap();
        assert!(change.warnings[0].contains("not known"), "{change:?}");
        assert_eq!(change.nightly.added.len(), 1);
    }

    fn lists() -> impl Strategy<Value = (Vec<String>, Vec<String>)> {
        let names = || prop::collection::btree_set("[a-d]", 0..4);
        (names(), names()).prop_map(|(a, b)| (a.into_iter().collect(), b.into_iter().collect()))
    }

    fn content((nightly, stable): &(Vec<String>, Vec<String>)) -> Vec<u8> {
        let jobs = |names: &[String]| names.iter().map(|name| job(name)).collect::<Vec<_>>();
        text(&jobs(nightly), &jobs(stable))
    }

    proptest! {
        /// What is accepted leaves no list empty that had jobs, and the difference leads from the old
        /// jobs to the new ones.
        #[test]
        fn no_accepted_content_empties_a_list(old in lists(), new in lists()) {
            let empties = !old.0.is_empty() && new.0.is_empty() || !old.1.is_empty() && new.1.is_empty();
            let is_void = new.0.is_empty() && new.1.is_empty();
            match check(&content(&new), &content(&old)) {
                Ok(change) => {
                    prop_assert!(!empties && !is_void);
                    for (before, after, change) in [(&old.0, &new.0, &change.nightly), (&old.1, &new.1, &change.stable)] {
                        let full = |name: &String| format!("periodic-release-4.99-{name}");
                        let mut jobs: Vec<String> = before.iter().map(full).filter(|job| !change.removed.contains(job)).collect();
                        jobs.extend(change.added.iter().cloned());
                        jobs.sort();
                        prop_assert_eq!(jobs, after.iter().map(full).collect::<Vec<_>>());
                        prop_assert!(change.changed.is_empty());
                    }
                }
                Err(_) => prop_assert!(empties || is_void),
            }
        }

        #[test]
        fn any_bytes_are_checked(new in prop::collection::vec(any::<u8>(), 0..200), old in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(check(&new, &old).is_err());
        }
    }
}
