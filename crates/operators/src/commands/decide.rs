//! `decide`: a person's word about rejected test results (spec 01 §12.5).
//!
//! Which results are meant is found in the plan; who decided and why is in the task's record.

use oar_release::workflow::{self, Node, Verdict};
use oar_release::{ReleaseVersion, Task};

use crate::context::Context;
use crate::error::OperatorError;
use crate::facts;
use crate::report::CommandReport;
use crate::tasks::analyze_build::{self, Decision, Subject};

/// Decides about what waits for a decision; `only` that task.
///
/// [`OperatorError::NothingToDecide`] when nothing waits for one, [`OperatorError::SeveralToDecide`]
/// when both builds do and `only` names none.
pub async fn run(
    context: &Context,
    release: &ReleaseVersion,
    only: Option<Subject>,
    decision: &Decision,
) -> Result<CommandReport, OperatorError> {
    let facts = facts::gather(context, release).await;
    let plan = workflow::plan(&facts);
    let open =
        |subject: &Subject| plan.row(Node::Task(subject.task())).verdict == Verdict::NeedsDecision;
    let wanted = [Subject::Promoted, Subject::Candidate].into_iter();
    let wanted = wanted.filter(|subject| only.is_none_or(|only| only == *subject));
    let open: Vec<Subject> = wanted.clone().filter(open).collect();
    match open.as_slice() {
        [subject] => {
            let seen = facts.status(subject.task());
            Ok(analyze_build::decide(context, release, *subject, decision, seen).await)
        }
        [] => {
            let standing = wanted.map(|subject| {
                let row = plan.row(Node::Task(subject.task()));
                format!("{} is {}: {}", row.task, row.verdict, row.reason)
            });
            let standing = standing.collect::<Vec<_>>().join("; ");
            Err(OperatorError::NothingToDecide { release: release.clone(), standing })
        }
        _ => Err(OperatorError::SeveralToDecide { release: release.clone() }),
    }
}

/// The subject that a task's name means; `None` for a task that nobody decides.
pub const fn subject(task: Task) -> Option<Subject> {
    match task {
        Task::AnalyzeCandidateBuild => Some(Subject::Candidate),
        Task::AnalyzePromotedBuild => Some(Subject::Promoted),
        _ => None,
    }
}
