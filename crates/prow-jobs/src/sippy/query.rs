//! What Sippy is asked for (spec 04 §14).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde_json::json;

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Operator {
    #[serde(rename = "contains")]
    Contains,
    #[serde(rename = "starts with")]
    StartsWith,
    #[serde(rename = "ends with")]
    EndsWith,
    #[serde(rename = "equals")]
    Equals,
    #[serde(rename = "is empty")]
    IsEmpty,
    #[serde(rename = "is not empty")]
    IsNotEmpty,
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "!=")]
    NotEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    More,
    #[serde(rename = ">=")]
    AtLeast,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FilterItem {
    /// The column.
    pub column_field: String,
    /// How it is compared.
    pub operator_value: Operator,
    /// With what.
    pub value: String,
    /// The opposite.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not: bool,
}

/// How conditions are joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// All hold.
    #[default]
    And,
    /// One holds.
    Or,
}

/// Conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Filter {
    /// The conditions.
    pub items: Vec<FilterItem>,
    /// How they are joined.
    pub link_operator: Link,
}

/// Which stretch is compared with which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// The last seven days.
    Default,
    /// The last two days.
    TwoDay,
}

/// The beginning of a sample. Computed from a given moment: a service lives for more than a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Seven days back.
    LastWeek,
    /// Fourteen days back.
    TwoWeeks,
    /// Twenty-eight days back.
    FourWeeks,
    /// The last day of the month before.
    LastMonth,
}

impl Since {
    /// The beginning as Sippy reads it, midnight UTC.
    pub fn start(self, now: Timestamp) -> String {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let days = |days: i64| today.saturating_sub(jiff::Span::new().days(days));
        let date: Date = match self {
            Self::LastWeek => days(7),
            Self::TwoWeeks => days(14),
            Self::FourWeeks => days(28),
            Self::LastMonth => today.first_of_month().yesterday().unwrap_or(today),
        };
        format!("{date}T00:00:00Z")
    }

    /// The end of today as Sippy reads it.
    pub fn end_of(now: Timestamp) -> String {
        format!("{}T23:59:59Z", now.to_zoned(jiff::tz::TimeZone::UTC).date())
    }
}

/// Parameters of a read; what is not set is not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SippyQuery(Vec<(&'static str, String)>);

impl SippyQuery {
    /// Of one stream (`4.20`).
    pub fn release(stream: &str) -> Self {
        Self(vec![("release", stream.to_owned())])
    }

    /// Through a view of the server (`4.18-main`), which stands for its releases, times and variants.
    pub fn view(view: &str) -> Self {
        Self(vec![("view", view.to_owned())])
    }

    /// The same with conditions.
    #[must_use]
    pub fn filter(mut self, filter: &Filter) -> Self {
        self.0.push(("filter", json!(filter).to_string()));
        self
    }

    /// The same with a period.
    #[must_use]
    pub fn period(mut self, period: Period) -> Self {
        let word = match period {
            Period::Default => "default",
            Period::TwoDay => "twoDay",
        };
        self.0.push(("period", word.to_owned()));
        self
    }

    /// The same, the worst first, at most `limit`.
    #[must_use]
    pub fn worst(mut self, limit: u16) -> Self {
        self.0.push(("sort", "asc".to_owned()));
        self.0.push(("sortField", "net_improvement".to_owned()));
        self.0.push(("limit", limit.to_string()));
        self
    }

    /// Names and values.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_the_form_that_sippy_reads() {
        let item = |not| FilterItem {
            column_field: "name".to_owned(),
            operator_value: Operator::StartsWith,
            value: "periodic-ci".to_owned(),
            not,
        };
        let filter = Filter { items: vec![item(false), item(true)], link_operator: Link::And };
        assert_eq!(
            json!(filter),
            json!({ "items": [
                { "columnField": "name", "operatorValue": "starts with", "value": "periodic-ci" },
                { "columnField": "name", "operatorValue": "starts with", "value": "periodic-ci",
                  "not": true },
            ], "linkOperator": "and" })
        );
        let query = SippyQuery::release("4.99").filter(&filter).period(Period::TwoDay).worst(10);
        let names: Vec<&str> = query.pairs().map(|(name, _)| name).collect();
        assert_eq!(names, ["release", "filter", "period", "sort", "sortField", "limit"]);
        assert!(query.pairs().any(|pair| pair == ("period", "twoDay")));
    }

    #[test]
    fn times_follow_the_moment_that_is_given() {
        let now: Timestamp = "2026-03-01T23:30:00Z".parse().unwrap();
        assert_eq!(Since::end_of(now), "2026-03-01T23:59:59Z");
        for (since, expected) in [
            (Since::LastWeek, "2026-02-22T00:00:00Z"),
            (Since::TwoWeeks, "2026-02-15T00:00:00Z"),
            (Since::FourWeeks, "2026-02-01T00:00:00Z"),
            (Since::LastMonth, "2026-02-28T00:00:00Z"),
        ] {
            assert_eq!(since.start(now), expected);
        }
    }
}
