//! Reporting and resolving issues (spec 01 §7.6, §7.7).

use jiff::Timestamp;
use oar_release::task::SECURITY_ALERTS;
use oar_release::time::stamp;
use oar_release::{Masker, Task};
use oar_yaml::Value;

use crate::error::StateBoxError;
use crate::model::{Issue, StateBox};

/// The most characters an issue's text has.
const TEXT_LIMIT: usize = 1000;

/// An issue to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIssue {
    /// What is wrong.
    pub text: String,
    /// Whether it stops work.
    pub blocker: bool,
    /// Tasks it belongs to; none means the whole release.
    pub related_tasks: Vec<String>,
    /// The command whose check found it; `None` for a person's issue.
    pub source: Option<String>,
}

impl NewIssue {
    /// A person's blocker.
    pub fn blocker(text: impl Into<String>, related_tasks: &[&str]) -> Self {
        let related_tasks = related_tasks.iter().map(|&task| task.to_owned()).collect();
        Self { text: text.into(), blocker: true, related_tasks, source: None }
    }

    /// The same issue as found by a check.
    #[must_use]
    pub fn found_by(self, source: impl Into<String>) -> Self {
        Self { source: Some(source.into()), ..self }
    }
}

impl Issue {
    /// A new open issue.
    fn new(new: &NewIssue, text: String, now: Timestamp) -> Self {
        let reported_at = stamp(now);
        let mut raw = oar_yaml::Map::new();
        raw.set("issue", text.as_str());
        raw.set("reported_at", reported_at.as_str());
        raw.set("resolved", false);
        raw.set("resolution", Value::Null);
        raw.set("blocker", new.blocker);
        raw.set("related_tasks", new.related_tasks.clone());
        if let Some(source) = &new.source {
            raw.set("source", source.as_str());
        }
        Self {
            text,
            reported_at,
            resolved: false,
            resolution: None,
            blocker: new.blocker,
            related_tasks: new.related_tasks.clone(),
            source: new.source.clone(),
            resolved_at: None,
            raw,
        }
    }

    fn resolve(&mut self, resolution: &str, now: Timestamp) {
        self.resolved = true;
        self.resolution = Some(resolution.to_owned());
        self.resolved_at = Some(stamp(now));
        // Its key is the last one.
        self.raw.remove("resolved_at");
    }
}

impl StateBox {
    /// Adds an issue as of `now`, or answers the one that says the same already.
    ///
    /// A person's text has at most 1000 characters, and a person's blocker is refused when a task it
    /// names has an open one. A check owns one open issue per set of tasks, adds it beside any
    /// other, keeps its text up to date, and its text is cut with a count of what was left out.
    pub fn add_issue(
        &mut self,
        new: &NewIssue,
        now: Timestamp,
        masker: &Masker,
    ) -> Result<Issue, StateBoxError> {
        let text = check_text(new, masker)?;
        check_tasks(&new.related_tasks)?;
        let normalised = Issue::normalised(&text);
        let mut open = self.issues.iter().filter(|issue| !issue.resolved);
        if let Some(same) = open.find(|issue| Issue::normalised(&issue.text) == normalised) {
            return Ok(same.clone());
        }
        if new.source.is_some() {
            let own = self.issues.iter_mut().find(|issue| {
                !issue.resolved
                    && issue.source == new.source
                    && issue.related_tasks == new.related_tasks
            });
            if let Some(own) = own {
                own.text = text;
                own.blocker = new.blocker;
                return Ok(own.clone());
            }
        } else if new.blocker {
            self.check_blockers(&new.related_tasks)?;
        }
        let issue = Issue::new(new, text, now);
        self.issues.push(issue.clone());
        Ok(issue)
    }

    fn check_blockers(&self, tasks: &[String]) -> Result<(), StateBoxError> {
        for task in tasks {
            if let Some(blocker) = self.task_blocker(task) {
                let issue = blocker.text.clone();
                return Err(StateBoxError::BlockerExists { task: task.clone(), issue });
            }
        }
        Ok(())
    }

    /// Resolves the one open issue that `text` means: the same text, else the only one that contains
    /// it, in any case of letters.
    ///
    /// Said again with the same `resolution` it answers the issue that is resolved already: a run
    /// that was killed after its write, or whose answer was lost, is repeated without an error.
    pub fn resolve_issue(
        &mut self,
        text: &str,
        resolution: &str,
        now: Timestamp,
        masker: &Masker,
    ) -> Result<Issue, StateBoxError> {
        let invalid = |argument, problem: &str| StateBoxError::InvalidArgument {
            argument,
            problem: problem.to_owned(),
        };
        if text.chars().filter(|c| !c.is_whitespace()).count() < 3 {
            return Err(invalid("issue", "give at least 3 characters of its text"));
        }
        if resolution.trim().is_empty() {
            return Err(invalid("resolution", "say how the issue was resolved"));
        }
        let (text, resolution) = (masker.mask(text), masker.mask(resolution.trim()));
        let at = match self.find_open(&text) {
            Ok(at) => at,
            Err(error) => {
                return self.resolved_as(&text, &resolution).cloned().ok_or(error);
            }
        };
        let issue = &mut self.issues[at];
        issue.resolve(&resolution, now);
        Ok(issue.clone())
    }

    /// The newest issue that `text` means and that was resolved with just this `resolution`.
    fn resolved_as(&self, text: &str, resolution: &str) -> Option<&Issue> {
        let wanted = Issue::normalised(text);
        self.issues.iter().rev().find(|issue| {
            issue.resolved
                && issue.resolution.as_deref() == Some(resolution)
                && Issue::normalised(&issue.text).contains(&wanted)
        })
    }

    fn find_open(&self, text: &str) -> Result<usize, StateBoxError> {
        let wanted = Issue::normalised(text);
        let open: Vec<usize> =
            (0..self.issues.len()).filter(|at| !self.issues[*at].resolved).collect();
        let normalised = |at: &usize| Issue::normalised(&self.issues[*at].text);
        if let Some(exact) = open.iter().find(|at| normalised(at) == wanted) {
            return Ok(*exact);
        }
        let candidates: Vec<usize> =
            open.iter().copied().filter(|at| normalised(at).contains(&wanted)).collect();
        let texts =
            |found: &[usize]| found.iter().map(|at| self.issues[*at].text.clone()).collect();
        match candidates.as_slice() {
            [one] => Ok(*one),
            [] => {
                Err(StateBoxError::NoSuchIssue { text: text.to_owned(), unresolved: texts(&open) })
            }
            several => Err(StateBoxError::AmbiguousIssue {
                text: text.to_owned(),
                candidates: texts(several),
            }),
        }
    }

    /// Resolves all open issues of the check `source`, because it passed; answers them.
    pub fn resolve_by_source(
        &mut self,
        source: &str,
        resolution: &str,
        now: Timestamp,
        masker: &Masker,
    ) -> Vec<Issue> {
        let resolution = masker.mask(resolution.trim());
        let own = self
            .issues
            .iter_mut()
            .filter(|issue| !issue.resolved && issue.source.as_deref() == Some(source));
        own.map(|issue| {
            issue.resolve(&resolution, now);
            issue.clone()
        })
        .collect()
    }
}

fn check_text(new: &NewIssue, masker: &Masker) -> Result<String, StateBoxError> {
    let text = masker.mask(new.text.trim());
    let length = text.chars().count();
    if length == 0 {
        let problem = "the text is blank".to_owned();
        return Err(StateBoxError::InvalidArgument { argument: "issue", problem });
    }
    if length <= TEXT_LIMIT {
        return Ok(text.into_owned());
    }
    if new.source.is_none() {
        let problem = format!("the text has {length} characters, at most {TEXT_LIMIT} are allowed");
        return Err(StateBoxError::InvalidArgument { argument: "issue", problem });
    }
    // The note's own length is bounded by the number of digits of a usize.
    let kept = TEXT_LIMIT - 50;
    let head: String = text.chars().take(kept).collect();
    let head = head.trim_end();
    let left_out = length - head.chars().count();
    Ok(format!("{head} ... ({left_out} more characters)"))
}

fn check_tasks(names: &[String]) -> Result<(), StateBoxError> {
    for name in names.iter().filter(|name| *name != SECURITY_ALERTS) {
        let _known: Task = crate::task::parse_task(name)?;
    }
    Ok(())
}
