//! Container verification tests of a release (spec 02 §3.6).

use futures_util::future::join_all;
use oar_release::TaskOutcome;

use crate::client::ErrataRead;
use crate::types::{CvpStatus, CvpTest};
use crate::working_set::WorkingSet;

/// The tests that are not good.
#[derive(Debug, Default)]
pub struct CvpReport {
    /// Tests that are neither passed nor waived, over all advisories, in order.
    pub abnormal: Vec<CvpTest>,
    /// Advisories whose tests could not be read, in words.
    pub unreadable: Vec<String>,
}

impl CvpReport {
    /// The tests that failed or cannot be run: those that an issue is filed about. A pending test,
    /// or one in a state that nobody knows, is none of them.
    pub fn failed(&self) -> impl Iterator<Item = &CvpTest> {
        let is_failure =
            |test: &&CvpTest| matches!(test.status, CvpStatus::Failed | CvpStatus::Ineligible);
        self.abnormal.iter().filter(is_failure)
    }

    /// The task's outcome: a failure is one whatever else is unknown.
    pub fn outcome(&self) -> TaskOutcome {
        let failed = self.failed().count();
        if failed > 0 {
            let error = format!("{failed} container verification tests failed");
            return TaskOutcome::Fail { error };
        }
        if !self.unreadable.is_empty() {
            return TaskOutcome::Undetermined { error: self.unreadable.join("; ") };
        }
        if self.abnormal.is_empty() {
            TaskOutcome::Pass
        } else {
            TaskOutcome::InProgress { job: None }
        }
    }
}

/// Reads the tests of all advisories of `set`, at the same time.
pub async fn check_cvp(read: &dyn ErrataRead, set: &WorkingSet) -> CvpReport {
    let mut report = CvpReport::default();
    report.unreadable.extend(set.unread());
    let asked = set.members.iter().map(|member| read.cvp_tests(member.erratum.id));
    for (member, tests) in set.members.iter().zip(join_all(asked).await) {
        match tests {
            Ok(tests) => report.abnormal.extend(tests.into_iter().filter(is_abnormal)),
            Err(error) => report.unreadable.push(format!(
                "tests of advisory {}: {}",
                member.erratum.id,
                error.whole()
            )),
        }
    }
    report
}

fn is_abnormal(test: &CvpTest) -> bool {
    !matches!(test.status, CvpStatus::Passed | CvpStatus::Waived)
}
