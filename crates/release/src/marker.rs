//! Reading the status marker line (spec 01 §10.3), for tests and for tools that follow a log.
//!
//! Nothing in this workspace decides anything from it: outcomes are typed (R1).

pub use crate::task::status_marker;
use crate::task::{Task, TaskStatus};

/// The task and status that `line` announces, wherever in the line the marker stands.
pub fn read_marker(line: &str) -> Option<(Task, TaskStatus)> {
    let (_, rest) = line.split_once("task [")?;
    let (name, rest) = rest.split_once("] status is changed to [")?;
    let (status, _) = rest.split_once(']')?;
    let task = Task::ALL.into_iter().find(|task| task.display_name() == name)?;
    Some((task, status.parse().ok()?))
}

/// The last marker in `text`.
pub fn last_marker(text: &str) -> Option<(Task, TaskStatus)> {
    text.lines().rev().find_map(read_marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marker_reads_back() {
        for task in Task::ALL {
            for status in TaskStatus::ALL {
                let line = format!("2026-01-01T10:00:00Z: INFO: {}", status_marker(task, status));
                assert_eq!(read_marker(&line), Some((task, status)), "{line}");
            }
        }
    }

    #[test]
    fn the_last_marker_counts_and_other_lines_do_not() {
        let text = "task [Stage Testing] status is changed to [In Progress]\n\
                    task [Stage Testing] status is changed to [Pass]\nbye";
        assert_eq!(last_marker(text), Some((Task::StageTesting, TaskStatus::Pass)));
        for line in [
            "",
            "task [Stage Testing]",
            "task [x] status is changed to [Pass]",
            "task [Stage Testing] status is changed to [pass]",
            "task [Stage Testing] status is changed to [Pass",
        ] {
            assert_eq!(read_marker(line), None, "{line}");
        }
    }
}
