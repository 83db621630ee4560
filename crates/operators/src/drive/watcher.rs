//! What a driver tells while it drives.

use std::fmt;

use jiff::Timestamp;
use oar_release::ReleaseVersion;
use oar_release::time::stamp;
use oar_release::workflow::{After, Ending, Plan, TaskPlan, Verdict, Why};

/// Sees what a driver does, as it does it.
pub trait Watcher: Send + Sync + fmt::Debug {
    /// Something happened to `release` at `at`.
    fn see(&self, release: &ReleaseVersion, at: Timestamp, event: &Event<'_>);
}

/// Sees nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Watcher for Silent {
    fn see(&self, _release: &ReleaseVersion, _at: Timestamp, _event: &Event<'_>) {}
}

/// How a command ended.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The outcome's word.
    pub outcome: &'a str,
    /// Why, masked.
    pub reason: Option<&'a str>,
}

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A round began with this plan.
    Planned {
        /// The plan.
        plan: &'a Plan,
    },
    /// Somebody else moved a node.
    Changed {
        /// How it stands now.
        row: &'a TaskPlan,
        /// How it stood.
        was: Verdict,
    },
    /// A command begins.
    Begins {
        /// What the plan says of it.
        row: &'a TaskPlan,
    },
    /// A command ended.
    Ended {
        /// What the plan had said of it.
        row: &'a TaskPlan,
        /// How it ended.
        told: Told<'a>,
    },
    /// A command did not do its work.
    Trouble {
        /// What the plan had said of it.
        row: &'a TaskPlan,
        /// What follows.
        after: After,
        /// How it ended.
        told: Told<'a>,
    },
    /// Nothing is to be done before this time.
    Waits {
        /// Then.
        until: Timestamp,
        /// What holds the release.
        why: &'a Why,
    },
    /// The driver stops.
    Over {
        /// Why.
        ending: Ending,
        /// What holds the release.
        why: &'a Why,
    },
}

impl Event<'_> {
    /// The event in one line; `None` for what is only for a live view.
    pub fn line(&self) -> Option<String> {
        Some(match self {
            Self::Planned { .. } => return None,
            Self::Changed { row, was } => {
                format!("{}: {was} -> {}: {}", row.task, row.verdict, row.reason)
            }
            Self::Begins { row } => format!("{}: {}", row.task, row.reason),
            Self::Ended { row, told } => match told.reason {
                Some(reason) => format!("{}: {}: {reason}", row.task, told.outcome),
                None => format!("{}: {}", row.task, told.outcome),
            },
            Self::Trouble { row, after, .. } => match after {
                After::Onward => return None,
                After::Retry { at, number } => {
                    format!("{}: retry {number} of 3 at {}", row.task, stamp(*at))
                }
                After::Later { at } => {
                    format!("{}: 3 retries did not help; again at {}", row.task, stamp(*at))
                }
                After::GivenUp => format!("{}: left to a person", row.task),
            },
            Self::Waits { until, why } => {
                let held = why.task.map_or("release", |node| node.name());
                format!("waits until {}: {held}: {}", stamp(*until), why.reason)
            }
            Self::Over { ending, why } => {
                let ending = serde_json::to_value(ending).unwrap_or_default();
                let ending = ending.as_str().unwrap_or_default().replace('-', " ");
                format!("over: {ending}: {}", why.reason)
            }
        })
    }
}
