//! Reads JUnit files (spec 04 §7.4): in one pass, in little memory, whatever the file.
//!
//! Files come from tests that may have crashed, so nothing about them is trusted: no entities, no
//! deep nesting, no text without end. A file that is malformed is an error, never "no failures".

mod error;
mod read;
mod source;

#[cfg(test)]
mod tests;

pub use error::JunitError;
pub use read::read;

/// How many tests went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All tests.
    pub tests: u64,
    /// Those that failed.
    pub failures: u64,
    /// Those that broke: failed as well (spec 04 §7.4).
    pub errors: u64,
    /// Those that did not run.
    pub skipped: u64,
}

impl Counts {
    /// Tests that neither failed nor broke nor were skipped.
    pub const fn passed(&self) -> u64 {
        let rest = self.tests.saturating_sub(self.failures).saturating_sub(self.errors);
        rest.saturating_sub(self.skipped)
    }

    /// Adds the counts of another suite.
    pub const fn add(&mut self, other: &Self) {
        self.tests = self.tests.saturating_add(other.tests);
        self.failures = self.failures.saturating_add(other.failures);
        self.errors = self.errors.saturating_add(other.errors);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }

    /// The larger of each: neither a suite's own claim nor what is listed in it can hide a failure.
    const fn at_least(&mut self, other: &Self) {
        const fn max(a: u64, b: u64) -> u64 {
            if a > b { a } else { b }
        }
        self.tests = max(self.tests, other.tests);
        self.failures = max(self.failures, other.failures);
        self.errors = max(self.errors, other.errors);
        self.skipped = max(self.skipped, other.skipped);
    }
}

/// One `testsuite` element, without the suites in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JunitSuite {
    /// Its name, cut when very long.
    pub name: String,
    /// Its own tests.
    pub counts: Counts,
}

/// How a test failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// Its check said no.
    Failure,
    /// It broke.
    Error,
}

impl FailureKind {
    /// The element's name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Error => "error",
        }
    }
}

/// A test that failed. Its texts are cut when they are very long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedCase {
    /// Its name.
    pub name: String,
    /// Its class.
    pub classname: String,
    /// Its suite.
    pub suite: String,
    /// How long it ran, as the file tells it.
    pub time: Option<String>,
    /// How it failed.
    pub kind: FailureKind,
    /// The kind of failure in the words of the test's language.
    pub error_type: String,
    /// What it said; the first line of the details when it said nothing.
    pub message: String,
    /// The text below the failure.
    pub details: String,
}

/// What a JUnit file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JunitFile {
    /// The name of its root element.
    pub name: String,
    /// Its suites that have tests, in the order of the file.
    pub suites: Vec<JunitSuite>,
    /// All tests.
    pub counts: Counts,
    /// The tests that failed, in the order of the file.
    pub failed: Vec<FailedCase>,
    /// Failed tests that are counted but not listed, because there were too many.
    pub unlisted: u64,
}
