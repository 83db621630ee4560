//! Which transition leads to a status (spec 02 §4.6). Pure rules.

use crate::error::JiraError;
use crate::key::IssueKey;
use crate::types::{Move, Transition};

/// The step from `key`'s status to `target`: a transition that leads there, else one with that name,
/// whatever the case of letters. A resolution is set where the transition wants one.
pub fn step_to(
    key: &IssueKey,
    transitions: &[Transition],
    target: &str,
) -> Result<Move, JiraError> {
    let leads = transitions.iter().find(|step| step.to.eq_ignore_ascii_case(target));
    let named = || transitions.iter().find(|step| step.name.eq_ignore_ascii_case(target));
    let Some(step) = leads.or_else(named) else {
        let offered: Vec<String> =
            transitions.iter().map(|step| format!("{} (to {})", step.name, step.to)).collect();
        let offered = if offered.is_empty() { "nothing".to_owned() } else { offered.join(", ") };
        return Err(JiraError::NoTransition {
            key: key.clone(),
            target: target.to_owned(),
            offered,
        });
    };
    Ok(Move {
        transition: step.id.clone(),
        target: step.to.clone(),
        resolution: step.wants_resolution.then(|| "Done".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(id: &str, name: &str, to: &str) -> Transition {
        Transition {
            id: id.to_owned(),
            name: name.to_owned(),
            to: to.to_owned(),
            wants_resolution: to == "Closed",
        }
    }

    #[test]
    fn spec02_case_27_where_it_leads_matters_more_than_its_name() {
        let key = "ART-1".parse().unwrap();
        let ways =
            [way("1", "Closed", "Archived"), way("2", "Done", "closed"), way("3", "Start", "x")];
        let step = step_to(&key, &ways, "Closed").unwrap();
        assert_eq!((step.transition.as_str(), step.target.as_str()), ("2", "closed"));
        assert_eq!(step_to(&key, &ways, "START").unwrap().transition, "3");
        let closing = step_to(&key, &[way("4", "Done", "Closed")], "Closed").unwrap();
        assert_eq!(closing.resolution.as_deref(), Some("Done"));
        let error = step_to(&key, &ways[2..], "Closed").unwrap_err().to_string();
        assert!(error.contains("offers Start (to x)"), "{error}");
    }
}
