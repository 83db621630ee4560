//! Failures that are alike, and which of them are told when there are many (spec 04 §15.3).

use std::collections::BTreeMap;

use serde::Serialize;

use super::Failure;

/// Longest signature, characters.
const SIGNATURE: usize = 100;
/// How much of the message makes failures alike, characters.
const ALIKE: usize = 200;
/// Tests named for a pattern.
const TESTS: usize = 10;
/// Suites named for a pattern.
const SUITES: usize = 5;

/// Failures that are alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pattern {
    /// What they share.
    #[serde(rename = "pattern_signature")]
    pub signature: String,
    /// How many there are.
    pub occurrence_count: usize,
    /// One of them.
    pub representative_failure: Failure,
    /// Some of the tests.
    pub affected_tests: Vec<String>,
    /// How many tests.
    pub all_test_count: usize,
    /// Some of the suites.
    pub suites: Vec<String>,
}

/// A pattern and the places of its failures.
#[derive(Debug)]
pub struct Found {
    pub(super) pattern: Pattern,
    members: Vec<usize>,
}

/// How many failures are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Truncation {
    /// Always true.
    pub is_truncated: bool,
    /// All failures.
    pub original_count: usize,
    /// Those that are told.
    pub analyzed_count: usize,
    /// The limit.
    pub max_limit: usize,
}

/// The patterns, the most frequent first; among equals the one that came first.
pub(super) fn patterns(failures: &[Failure]) -> Vec<Found> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, failure) in failures.iter().enumerate() {
        let message: String = failure.message.chars().take(ALIKE).collect();
        groups.entry(format!("{}:{message}", failure.error_type)).or_default().push(at);
    }
    let mut found: Vec<Found> = groups
        .into_iter()
        .map(|(key, members)| {
            let all = || members.iter().map(|at| &failures[*at]);
            let tests = distinct(all().map(|failure| &failure.test_name));
            let pattern = Pattern {
                signature: key.chars().take(SIGNATURE).collect(),
                occurrence_count: members.len(),
                representative_failure: failures[members[0]].clone(),
                all_test_count: tests.len(),
                affected_tests: tests.into_iter().take(TESTS).collect(),
                suites: distinct(all().map(|failure| &failure.suite))
                    .into_iter()
                    .take(SUITES)
                    .collect(),
            };
            Found { pattern, members }
        })
        .collect();
    found.sort_by_key(|found| (std::cmp::Reverse(found.members.len()), found.members[0]));
    found
}

/// Each text once, in order.
fn distinct<'t>(texts: impl Iterator<Item = &'t String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    texts.filter(|text| seen.insert(text.as_str())).cloned().collect()
}

/// At most `most` failures: one of each pattern first, then more in their order.
pub(super) fn choose(
    failures: Vec<Failure>,
    patterns: &[Found],
    most: usize,
) -> (Vec<Failure>, Option<Truncation>) {
    let original_count = failures.len();
    if original_count <= most {
        return (failures, None);
    }
    let mut chosen: Vec<usize> = patterns.iter().take(most).map(|found| found.members[0]).collect();
    let mut is_chosen = vec![false; original_count];
    for at in &chosen {
        is_chosen[*at] = true;
    }
    let room = most - chosen.len();
    chosen.extend((0..original_count).filter(|at| !is_chosen[*at]).take(room));
    let analyzed_count = chosen.len();
    let mut all: Vec<Option<Failure>> = failures.into_iter().map(Some).collect();
    let told = chosen.into_iter().filter_map(|at| all[at].take()).collect();
    let truncation =
        Truncation { is_truncated: true, original_count, analyzed_count, max_limit: most };
    (told, Some(truncation))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failure(name: &str, kind: &str, message: &str) -> Failure {
        Failure {
            test_name: name.to_owned(),
            classname: String::new(),
            suite: format!("suite of {name}"),
            duration: 0.0,
            failure_type: "failure",
            error_type: kind.to_owned(),
            message: message.to_owned(),
            details: String::new(),
            source_file: String::new(),
            cucushift_trace: None,
        }
    }

    #[test]
    fn alike_is_what_begins_alike_and_has_the_same_type() {
        let long = "m".repeat(200);
        let failures = [
            failure("a", "T", &format!("{long}1")),
            failure("b", "U", &format!("{long}1")),
            failure("c", "U", &format!("{long}2")),
            failure("c", "U", &format!("{long}3")),
        ];
        let found = patterns(&failures);
        let shown: Vec<_> = found.iter().map(|found| &found.pattern).collect();
        assert_eq!(shown.len(), 2);
        assert_eq!((shown[0].occurrence_count, shown[0].all_test_count), (3, 2));
        assert_eq!(shown[0].affected_tests, ["b", "c"]);
        assert_eq!(shown[0].signature, format!("U:{}", "m".repeat(98)));
        assert_eq!(shown[1].representative_failure.test_name, "a");
    }

    #[test]
    fn one_of_each_pattern_comes_first_and_the_rest_fills_the_list() {
        let all: Vec<Failure> = (0..6).map(|at| failure(&at.to_string(), "T", "same")).collect();
        let all = [all, vec![failure("other", "T", "else")]].concat();
        let (told, truncation) = choose(all.clone(), &patterns(&all), 4);
        let names: Vec<_> = told.iter().map(|failure| failure.test_name.as_str()).collect();
        assert_eq!(names, ["0", "other", "1", "2"]);
        let truncation = truncation.expect("cut");
        assert_eq!((truncation.original_count, truncation.analyzed_count), (7, 4));
        assert_eq!(choose(all.clone(), &patterns(&all), 7).1, None);
    }

    proptest! {
        #[test]
        fn the_list_is_as_long_as_it_may_be(kinds in prop::collection::vec(0..5_u8, 0..40), most in 1..50_usize) {
            let all: Vec<Failure> = kinds
                .iter()
                .enumerate()
                .map(|(at, kind)| failure(&at.to_string(), "T", &kind.to_string()))
                .collect();
            let found = patterns(&all);
            let sum: usize = found.iter().map(|found| found.pattern.occurrence_count).sum();
            prop_assert_eq!(sum, all.len());
            let (told, truncation) = choose(all.clone(), &found, most);
            prop_assert_eq!(told.len(), all.len().min(most));
            prop_assert_eq!(truncation.is_some(), all.len() > most);
            let told_kinds = distinct(told.iter().map(|failure| &failure.message)).len();
            prop_assert_eq!(told_kinds, found.len().min(most));
        }
    }
}
