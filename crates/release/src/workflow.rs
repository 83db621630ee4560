//! The planner: what can be done for a release now, as a pure function of facts (spec 01 §12).
//!
//! [`plan()`] never reads a clock, a file or the network and remembers nothing. Whoever gathers the
//! facts says of each whether it is known, could not be read, or was not asked for; what is not
//! known never becomes a verdict, only `waiting` with a reason that begins with "unknown".
//!
//! | module | holds |
//! |---|---|
//! | `facts` | what the planner is told |
//! | `node` | the nodes of the graph and the table of what comes after what |
//! | `guards` | per node: the extra condition under which it may start |
//! | `decide` | the rules that turn a node's state and guard into a verdict |
//! | `plan` | the result |
//! | `driver` | what a driver does next, out of a plan and what it tried |
//! | `why` | what holds the release, out of a plan |
//! | `recover` | job references in texts that older clients stored |

mod decide;
mod driver;
mod facts;
mod guards;
mod node;
mod plan;
pub mod recover;
mod why;

#[cfg(test)]
mod tests;

pub use decide::plan;
pub use driver::{After, Attempted, Attempts, Ending, Goal, Next, next};
pub use facts::{
    Alerts, Fact, Facts, Issue, JobState, Promotion, StageGate, State, StateView, TaskView,
    TestResult,
};
pub use node::Node;
pub use plan::{Phase, Plan, TaskPlan, Verdict};
pub use why::{Standing, Turn, Why, why};
