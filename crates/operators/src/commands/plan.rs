//! `plan`: the planner's verdict on every task of a release; reads only.

use oar_release::ReleaseVersion;
use oar_release::workflow::{self, Plan};

use crate::context::Context;
use crate::facts;

/// What may run now, and what the rest waits for.
pub async fn run(context: &Context, release: &ReleaseVersion) -> Plan {
    workflow::plan(&facts::gather(context, release).await)
}
