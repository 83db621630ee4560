//! Bugs leave the shipment by a merge request into its branch (spec 03 §4.2).

use std::collections::BTreeSet;

use oar_gitlab_shipment::{
    AutoMerge, BugDrop, DropBugsError, DroppedBugs, Project, drop_bugs, load_shipment,
};
use oar_jira::IssueKey;

use super::{Done, Failed, MergeRequest, Plan, TaskScope, failure};

/// The keys that the shipment of `mr` fixes; none where there is no shipment.
pub(super) async fn keys(
    scope: &TaskScope<'_>,
    mr: Option<&MergeRequest>,
) -> Result<Vec<String>, Failed> {
    let (Some(mr), Ok(gitlab)) = (mr, &scope.context().services.gitlab) else {
        return Ok(Vec::new());
    };
    match load_shipment(&*gitlab.read, mr).await {
        Ok(shipment) => Ok(shipment.jira_keys()),
        Err(error) => {
            let failed = failure("shipment", mr.to_string(), error.class(), &error);
            Err(Failed { unread: true, ..failed })
        }
    }
}

/// Removes `keys` from the shipment. What `earlier` had set out to remove and is gone counts as dropped.
pub(super) async fn drop_from(
    scope: &TaskScope<'_>,
    mr: Option<&MergeRequest>,
    fork: Option<Project>,
    keys: &BTreeSet<IssueKey>,
    earlier: &Plan,
) -> Done {
    let mut done = Done::default();
    let (Some(mr), Ok(gitlab)) = (mr, &scope.context().services.gitlab) else { return done };
    if keys.is_empty() {
        return done;
    }
    let wish = BugDrop {
        release: scope.release().clone(),
        mr: mr.clone(),
        droppable: keys.iter().map(ToString::to_string).collect(),
        fork,
        author: None,
        now: scope.context().clock.now(),
    };
    let removed = match drop_bugs(&*gitlab.read, &*gitlab.write, &wish).await {
        Ok(dropped) => {
            tell(scope, &dropped);
            // With a merge request of ours everything that was to go is gone there.
            let before = dropped.merge_request.is_some().then_some(&earlier.shipment);
            done.dropped.extend(before.into_iter().flatten().cloned());
            dropped.keys
        }
        Err(error) => {
            done.failed.push(failure("shipment", mr.to_string(), error.class(), &error));
            match error {
                DropBugsError::Unfinished { keys, .. } => keys,
                DropBugsError::GitLab(_) => Vec::new(),
            }
        }
    };
    done.dropped.extend(removed.iter().filter_map(|key| key.parse::<IssueKey>().ok()));
    done
}

fn tell(scope: &TaskScope<'_>, dropped: &DroppedBugs) {
    if let Some(mr) = &dropped.merge_request {
        let state = match &dropped.auto_merge {
            Some(AutoMerge::Merged) => "is merged",
            Some(AutoMerge::Set) => "merges when its pipeline succeeds",
            Some(AutoMerge::TimedOut { .. }) | None => "is there",
        };
        scope.say(format!("the merge request {} {state}", mr.web_url));
        scope.fact("merge_request", &mr.web_url);
    }
    for warning in &dropped.warnings {
        scope.warn(warning.clone());
    }
}
