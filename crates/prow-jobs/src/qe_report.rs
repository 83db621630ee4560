//! The report of the QE steps, as result files store it (spec 04 §7.3).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

/// The report is none.
#[derive(Debug, thiserror::Error)]
#[error("the test report is malformed")]
pub struct MalformedReport(#[source] serde_yaml::Error);

/// The counts of the suites; `None` for an empty report: no test is no evidence.
///
/// A suite that is told several times, as old reports do, gets `-1`, `-2` and so on behind its name;
/// no other text is touched.
pub fn test_summary(text: &str) -> Result<Option<Map<String, Value>>, MalformedReport> {
    let Pairs(pairs) = serde_yaml::from_str(text).map_err(MalformedReport)?;
    let mut summary = Map::new();
    for (at, (name, suite)) in pairs.iter().enumerate() {
        let is_same = |(other, _): &&(String, Map<String, Value>)| other == name;
        let all = pairs.iter().filter(is_same).count();
        let name = match all {
            1 => name.clone(),
            _ => format!("{name}-{}", pairs[..=at].iter().filter(is_same).count()),
        };
        summary.insert(name, Value::Object(suite.clone()));
    }
    Ok((!summary.is_empty()).then_some(summary))
}

/// A map with all of its entries, also those whose key came before.
struct Pairs(Vec<(String, Map<String, Value>)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from test suites to their counts")
            }

            fn visit_unit<E>(self) -> Result<Pairs, E> {
                Ok(Pairs(Vec::new()))
            }

            fn visit_none<E>(self) -> Result<Pairs, E> {
                Ok(Pairs(Vec::new()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some((name, suite)) = map.next_entry::<String, Map<String, Value>>()? {
                    for count in ["total", "failures", "errors", "skipped"] {
                        if suite.get(count).is_some_and(|count| !count.is_u64()) {
                            return Err(A::Error::custom(format_args!(
                                "{name}: {count} is no count"
                            )));
                        }
                    }
                    pairs.push((name, suite));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_any(All)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_are_taken_as_they_are() {
        let text = "openshift-extended-test:\n  total: 90\n  failures: 1\n  errors: 0\n  skipped: 12\n  failingScenarios:\n  - \"OCP-1: ginkgo: a\"\ncucushift-e2e: {total: 1, failures: 0, errors: 0, skipped: 0}\n";
        let expected = json!({
            "openshift-extended-test": { "total": 90, "failures": 1, "errors": 0, "skipped": 12,
                                         "failingScenarios": ["OCP-1: ginkgo: a"] },
            "cucushift-e2e": { "total": 1, "failures": 0, "errors": 0, "skipped": 0 },
        });
        assert_eq!(test_summary(text).unwrap().map(Value::Object), Some(expected));
    }

    #[test]
    fn a_suite_told_twice_is_kept_twice_and_only_its_name_is_touched() {
        let text = "ginkgo: {total: 1, failingScenarios: [about ginkgo]}\nother: {total: 5}\nginkgo: {total: 2}\nginkgo: {total: 3}\n";
        let summary = test_summary(text).unwrap().unwrap();
        let names: Vec<&str> = summary.keys().map(String::as_str).collect();
        assert_eq!(names, ["ginkgo-1", "other", "ginkgo-2", "ginkgo-3"]);
        assert_eq!(summary["ginkgo-1"]["failingScenarios"], json!(["about ginkgo"]));
        assert_eq!(summary["ginkgo-3"]["total"], 3);
    }

    #[test]
    fn an_empty_report_is_no_evidence_and_nonsense_is_an_error() {
        for text in ["", "{}", "null", "# nothing\n"] {
            assert_eq!(test_summary(text).unwrap(), None, "{text:?}");
        }
        for text in ["[1]", "a: 1", "a: {total: many}", "a: {total: -1}", "a: {", "<html>", "text"]
        {
            assert!(test_summary(text).is_err(), "{text:?}");
        }
    }
}
