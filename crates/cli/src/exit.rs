//! Exit codes: the documented interface of every program (spec 00 §e, docs/errors.md).

use std::process::ExitCode;

use oar_release::{ErrorClass, TaskOutcome};

/// Which table of exit codes applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Codes {
    /// 0, 1, 2: what scripts written for the reference expect.
    #[default]
    Plain,
    /// The detailed table, with `--exit-code` or `OAR_EXIT_CODES=detailed`.
    Detailed,
}

/// Why a program ends the way it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or the check passed.
    Done,
    /// The check completed and answered no.
    Failed,
    /// Wrong use of the command line.
    Usage,
    /// Nothing decided yet: waiting, or a fact could not be looked up.
    Undecided,
    /// A credential or permission is missing.
    Permission,
    /// `plan` found something that may run now.
    ChangesPending,
    /// An open blocker holds the release.
    Blocked,
    /// Another run or another writer is in the way.
    Conflict,
    /// A service is unavailable after all retries.
    Unavailable,
    /// A bug of ours.
    Internal,
    /// A local limit; try again.
    Temporary,
    /// Ended by SIGINT.
    Interrupted,
}

impl Exit {
    /// Why a command that failed with this class of error ends.
    pub const fn of_error(class: ErrorClass) -> Self {
        match class {
            ErrorClass::InvalidArgument | ErrorClass::NotConfigured => Self::Usage,
            ErrorClass::NotFound => Self::Failed,
            ErrorClass::UnauthenticatedUpstream | ErrorClass::ForbiddenUpstream => Self::Permission,
            ErrorClass::Conflict => Self::Conflict,
            ErrorClass::PreconditionFailed => Self::Blocked,
            ErrorClass::UpstreamUnavailable | ErrorClass::Timeout => Self::Unavailable,
            ErrorClass::Undetermined => Self::Undecided,
            ErrorClass::Cancelled => Self::Interrupted,
            ErrorClass::Busy => Self::Temporary,
            ErrorClass::Internal => Self::Internal,
        }
    }

    /// Why a command with this outcome ends.
    pub const fn of_outcome(outcome: &TaskOutcome) -> Self {
        match outcome {
            TaskOutcome::Fail { .. } => Self::Failed,
            TaskOutcome::Waiting { .. } | TaskOutcome::Undetermined { .. } => Self::Undecided,
            TaskOutcome::Pass
            | TaskOutcome::InProgress { .. }
            | TaskOutcome::Reset
            | TaskOutcome::Unchanged { .. } => Self::Done,
        }
    }

    /// The number in the detailed table.
    pub const fn detailed(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Undecided => 3,
            Self::Permission => 4,
            Self::ChangesPending => 5,
            Self::Blocked => 7,
            Self::Conflict => 8,
            Self::Unavailable => 69,
            Self::Internal => 70,
            Self::Temporary => 75,
            Self::Interrupted => 130,
        }
    }

    /// The exit code of a command that ended with an error.
    pub fn error_code(self, codes: Codes) -> u8 {
        match (codes, self) {
            (Codes::Detailed, exit) => exit.detailed(),
            (Codes::Plain, Self::Interrupted) => 130,
            (Codes::Plain, _) => 1,
        }
    }

    /// The exit code of a command that determined something: plain codes say 0 also for a `Fail`
    /// by verdict and for waiting, 1 only when nothing could be determined.
    pub fn verdict_code(self, codes: Codes, undetermined: bool) -> u8 {
        match codes {
            Codes::Detailed => self.detailed(),
            Codes::Plain => u8::from(undetermined),
        }
    }
}

/// The process exit code for `number`.
pub fn process_code(number: u8) -> ExitCode {
    ExitCode::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_codes_are_those_of_the_reference() {
        assert_eq!(Exit::of_error(ErrorClass::NotFound).error_code(Codes::Plain), 1);
        assert_eq!(Exit::of_error(ErrorClass::InvalidArgument).error_code(Codes::Plain), 1);
        let failed = TaskOutcome::Fail { error: String::new() };
        assert_eq!(Exit::of_outcome(&failed).verdict_code(Codes::Plain, false), 0);
        assert_eq!(Exit::of_outcome(&failed).verdict_code(Codes::Detailed, false), 1);
    }

    #[test]
    fn every_class_of_error_has_a_detailed_code() {
        let detailed = |class| Exit::of_error(class).error_code(Codes::Detailed);
        assert_eq!(detailed(ErrorClass::UnauthenticatedUpstream), 4);
        assert_eq!(detailed(ErrorClass::Conflict), 8);
        assert_eq!(detailed(ErrorClass::UpstreamUnavailable), 69);
        assert_eq!(detailed(ErrorClass::Internal), 70);
        assert_eq!(detailed(ErrorClass::Undetermined), 3);
    }
}
