//! Merge requests: comments, approvals, merging, pipelines.

use http::Method;
use serde_json::{Value, json};

use super::{GitLab, MergeRequest, Note, not_found, page};
use crate::answer::{Answer, Incoming};
use crate::world::World;

/// Answers `/projects/P/merge_requests/…`.
pub(super) fn answer(
    world: &mut World,
    incoming: &Incoming<'_>,
    project: u64,
    rest: &[&str],
) -> Answer {
    let (get, post) = (*incoming.method == Method::GET, *incoming.method == Method::POST);
    let [iid, rest @ ..] = rest else {
        return match (get, post) {
            (true, _) => search(world, incoming, project),
            (_, true) => create(world, incoming, project),
            _ => not_found(),
        };
    };
    let found = world
        .gitlab
        .merge_requests
        .iter()
        .position(|mr| mr.project == project && iid.parse() == Ok(mr.iid));
    let Some(at) = found else { return not_found() };
    let put = *incoming.method == Method::PUT;
    match rest {
        [] if get => Answer::json(200, &shown(&world.gitlab, &world.gitlab.merge_requests[at])),
        ["diffs"] if get => page(incoming, diffs(&world.gitlab, at)),
        ["notes"] if get => notes(world, incoming, at),
        ["notes" | "discussions"] if post => comment(world, incoming, at),
        ["notes", id] if put => edit_comment(world, incoming, at, id),
        ["approvals"] if get => Answer::json(200, &approvals(&world.gitlab, at)),
        ["approve"] if post => approve(world, incoming, at),
        ["pipelines"] if get => {
            let ids = world.gitlab.merge_requests[at].pipelines.iter();
            let pipelines = ids.filter_map(|id| pipeline_json(&world.gitlab, *id)).collect();
            page(incoming, pipelines)
        }
        ["merge"] if put => merge(world, incoming, at),
        _ => not_found(),
    }
}

fn name(gitlab: &GitLab, mr: &MergeRequest) -> String {
    let path = gitlab.projects.get(&mr.project).map_or("", |project| project.path.as_str());
    format!("{path}!{}", mr.iid)
}

fn is_draft(mr: &MergeRequest) -> bool {
    mr.title.starts_with("Draft:")
}

fn shown(gitlab: &GitLab, mr: &MergeRequest) -> Value {
    let path = gitlab.projects.get(&mr.project).map_or("", |project| project.path.as_str());
    let status = match mr.state.as_str() {
        "opened" if is_draft(mr) => "draft_status",
        "opened" => mr.merge_status.as_str(),
        _ => "not_open",
    };
    let head = gitlab.head(mr);
    let last = mr.pipelines.iter().max();
    json!({
        "iid": mr.iid, "id": mr.project * 100_000 + mr.iid, "project_id": mr.project,
        "source_project_id": mr.source_project, "target_project_id": mr.project,
        "title": mr.title, "description": mr.description, "draft": is_draft(mr),
        "state": mr.state, "labels": mr.labels, "sha": head,
        "web_url": format!("https://gitlab.example.com/{path}/-/merge_requests/{}", mr.iid),
        "source_branch": mr.source_branch, "target_branch": mr.target_branch,
        "diff_refs": { "base_sha": mr.base, "start_sha": mr.base, "head_sha": head },
        "detailed_merge_status": status, "merge_status": "can_be_merged",
        "head_pipeline": last.and_then(|id| pipeline_json(gitlab, *id)),
        "author": gitlab.user(mr.author), "squash": mr.squash,
        "merge_when_pipeline_succeeds": mr.auto_merge && mr.state == "opened",
    })
}

/// The files that differ between the merge request's base and its head.
fn diffs(gitlab: &GitLab, at: usize) -> Vec<Value> {
    let mr = &gitlab.merge_requests[at];
    let head = gitlab.head(mr).and_then(|head| gitlab.commits.get(&head));
    let (Some(old), Some(new)) = (gitlab.commits.get(&mr.base), head) else { return Vec::new() };
    let mut paths: Vec<&String> = old.files.keys().chain(new.files.keys()).collect();
    paths.sort();
    paths.dedup();
    let changed = paths.into_iter().filter(|path| old.files.get(*path) != new.files.get(*path));
    let entry = |path: &String| {
        json!({ "old_path": path, "new_path": path, "renamed_file": false,
                "new_file": !old.files.contains_key(path),
                "deleted_file": !new.files.contains_key(path),
                "collapsed": false, "too_large": false })
    };
    changed.map(entry).collect()
}

/// GitLab's search: every word must occur in the title.
fn search(world: &World, incoming: &Incoming<'_>, project: u64) -> Answer {
    let gitlab = &world.gitlab;
    let wanted = |name: &str| incoming.query(name);
    let words = wanted("search").unwrap_or_default().to_lowercase();
    let fits = |mr: &&MergeRequest| {
        let title = mr.title.to_lowercase();
        mr.project == project
            && words.split_whitespace().all(|word| title.contains(word))
            && wanted("state").is_none_or(|state| state == "all" || state == mr.state)
            && wanted("source_branch").is_none_or(|branch| branch == mr.source_branch)
            && wanted("target_branch").is_none_or(|branch| branch == mr.target_branch)
    };
    let found = gitlab.merge_requests.iter().rev().filter(fits);
    page(incoming, found.map(|mr| shown(gitlab, mr)).collect())
}

fn create(world: &mut World, incoming: &Incoming<'_>, source: u64) -> Answer {
    let body = incoming.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let project = body.get("target_project_id").and_then(Value::as_u64).unwrap_or(source);
    let (source_branch, target_branch) = (text("source_branch"), text("target_branch"));
    let gitlab = &world.gitlab;
    let head = |project: u64, branch: &str| {
        gitlab.projects.get(&project).and_then(|p| p.branches.get(branch)).cloned()
    };
    let base = head(project, &target_branch);
    let (Some(base), Some(_)) = (base, head(source, &source_branch)) else {
        return Answer::message(400, "source_branch or target_branch does not exist");
    };
    let is_twin = |mr: &MergeRequest| {
        mr.state == "opened"
            && (mr.source_project, &mr.source_branch) == (source, &source_branch)
            && (mr.project, &mr.target_branch) == (project, &target_branch)
    };
    if gitlab.merge_requests.iter().any(is_twin) {
        world.record("gitlab", "refused-merge-request", source_branch);
        let words = "Another open merge request already exists for this source branch";
        return Answer::json(409, &json!({ "message": [words] }));
    }
    let numbers = gitlab.merge_requests.iter().filter(|mr| mr.project == project);
    let mr = MergeRequest {
        iid: numbers.map(|mr| mr.iid).max().unwrap_or_default() + 1,
        project,
        source_project: source,
        source_branch,
        target_branch,
        base,
        title: text("title"),
        description: text("description"),
        author: gitlab.me,
        state: "opened".to_owned(),
        labels: text("labels").split(',').filter(|l| !l.is_empty()).map(str::to_owned).collect(),
        merge_status: "ci_still_running".to_owned(),
        squash: body.get("squash").and_then(Value::as_bool).unwrap_or_default(),
        ..MergeRequest::default()
    };
    let answer = Answer::json(201, &shown(gitlab, &mr));
    let target = name(gitlab, &mr);
    world.gitlab.merge_requests.push(mr);
    world.record("gitlab", "create-merge-request", target);
    answer
}

fn note_json(gitlab: &GitLab, note: &Note) -> Value {
    json!({ "id": note.id, "body": note.body, "author": gitlab.user(note.author),
            "system": note.system })
}

/// Newest first.
fn notes(world: &World, incoming: &Incoming<'_>, at: usize) -> Answer {
    let notes = world.gitlab.merge_requests[at].notes.iter().rev();
    page(incoming, notes.map(|note| note_json(&world.gitlab, note)).collect())
}

fn comment(world: &mut World, incoming: &Incoming<'_>, at: usize) -> Answer {
    let sent = incoming.json();
    let Some(body) = sent.get("body").and_then(Value::as_str).filter(|body| !body.is_empty())
    else {
        return Answer::json(400, &json!({ "message": "400 Bad request - Note can't be blank" }));
    };
    let position = sent.get("position").cloned().unwrap_or_default();
    let id = world.gitlab.next_id();
    let author = world.gitlab.me;
    let note = Note { id, author, body: body.to_owned(), system: false, position };
    let answer = note_json(&world.gitlab, &note);
    let target = name(&world.gitlab, &world.gitlab.merge_requests[at]);
    world.gitlab.merge_requests[at].notes.push(note);
    world.record("gitlab", "add-note", target);
    Answer::json(201, &answer)
}

fn edit_comment(world: &mut World, incoming: &Incoming<'_>, at: usize, id: &str) -> Answer {
    let sent = incoming.json();
    let text = sent.get("body").and_then(Value::as_str).unwrap_or_default().to_owned();
    let me = world.gitlab.me;
    let notes = &mut world.gitlab.merge_requests[at].notes;
    let Some(note) = notes.iter_mut().find(|note| id.parse() == Ok(note.id)) else {
        return not_found();
    };
    if note.author != me {
        return Answer::message(403, "403 Forbidden");
    }
    note.body = text;
    let note = note.clone();
    let target = name(&world.gitlab, &world.gitlab.merge_requests[at]);
    world.record("gitlab", "update-note", target);
    Answer::json(200, &note_json(&world.gitlab, &note))
}

/// Approvals of the head commit; a push takes earlier ones away.
fn approvals(gitlab: &GitLab, at: usize) -> Value {
    let mr = &gitlab.merge_requests[at];
    let head = gitlab.head(mr);
    let current = mr.approvals.iter().filter(|(_, sha)| Some(sha) == head.as_ref());
    let by: Vec<Value> = current.map(|(user, _)| json!({ "user": gitlab.user(*user) })).collect();
    let mine =
        mr.approvals.iter().any(|(user, sha)| *user == gitlab.me && Some(sha) == head.as_ref());
    json!({ "approved_by": by, "user_has_approved": mine, "user_can_approve": !mine,
            "approvals_required": 1, "approvals_left": usize::from(by.is_empty()) })
}

fn approve(world: &mut World, incoming: &Incoming<'_>, at: usize) -> Answer {
    let mr = &world.gitlab.merge_requests[at];
    let target = name(&world.gitlab, mr);
    let (me, head) = (world.gitlab.me, world.gitlab.head(mr).unwrap_or_default());
    let sha = incoming.json().get("sha").and_then(Value::as_str).map(str::to_owned);
    let is_there = mr.approvals.contains(&(me, head.clone()));
    if mr.state != "opened" || is_there {
        world.record("gitlab", "refused-approve", target);
        return Answer::message(401, "401 Unauthorized");
    }
    if sha.is_some_and(|sha| sha != head) {
        world.record("gitlab", "refused-approve", target);
        return Answer::message(409, "SHA does not match HEAD of source branch");
    }
    world.gitlab.merge_requests[at].approvals.push((me, head));
    world.record("gitlab", "approve", target);
    Answer::json(201, &approvals(&world.gitlab, at))
}

fn merge(world: &mut World, incoming: &Incoming<'_>, at: usize) -> Answer {
    let mr = world.gitlab.merge_requests[at].clone();
    let target = name(&world.gitlab, &mr);
    let body = incoming.json();
    let ready = ["mergeable", "ci_still_running", "ci_must_pass", "not_approved"];
    if mr.state != "opened" || is_draft(&mr) || !ready.contains(&mr.merge_status.as_str()) {
        world.record("gitlab", "refused-merge", target);
        return Answer::message(405, "405 Method Not Allowed");
    }
    let sha = body.get("sha").and_then(Value::as_str).map(str::to_owned);
    if sha.is_some() && sha != world.gitlab.head(&mr) {
        world.record("gitlab", "refused-merge", target);
        return Answer::message(409, "SHA does not match HEAD of source branch");
    }
    let flag = |name: &str| body.get(name).and_then(Value::as_bool) == Some(true);
    let waits = flag("auto_merge") || flag("merge_when_pipeline_succeeds");
    if waits && mr.merge_status != "mergeable" {
        // Asked for again, it is as it was.
        if !std::mem::replace(&mut world.gitlab.merge_requests[at].auto_merge, true) {
            world.record("gitlab", "auto-merge", target);
        }
    } else {
        world.gitlab.merge(at);
        world.record("gitlab", "merge", target);
    }
    Answer::json(200, &shown(&world.gitlab, &world.gitlab.merge_requests[at]))
}

fn pipeline_json(gitlab: &GitLab, id: u64) -> Option<Value> {
    let pipeline = gitlab.pipelines.get(&id)?;
    let path = &gitlab.projects.get(&pipeline.project)?.path;
    Some(json!({ "id": id, "project_id": pipeline.project, "sha": pipeline.sha,
                 "ref": "refs/merge-requests", "status": pipeline.status,
                 "source": "merge_request_event", "created_at": pipeline.created_at,
                 "web_url": format!("https://gitlab.example.com/{path}/-/pipelines/{id}") }))
}

/// Answers `/projects/P/pipelines/…`.
pub(super) fn pipeline(world: &World, incoming: &Incoming<'_>, id: &str, rest: &[&str]) -> Answer {
    let found = id.parse().ok().and_then(|id| Some((id, world.gitlab.pipelines.get(&id)?)));
    let Some((id, pipeline)) = found else { return not_found() };
    let bridge = |bridge: &super::Bridge| {
        let started = bridge.downstream.as_ref().map(|status| {
            json!({ "id": bridge.id + 1_000_000, "project_id": 1, "status": status,
                    "web_url": format!("https://gitlab.example.com/-/pipelines/{}", bridge.id) })
        });
        json!({ "id": bridge.id, "name": bridge.name, "stage": bridge.stage,
                "status": bridge.status, "allow_failure": false, "failure_reason": null,
                "created_at": pipeline.created_at, "downstream_pipeline": started,
                "web_url": format!("https://gitlab.example.com/-/jobs/{}", bridge.id) })
    };
    match rest {
        [] => Answer::json(200, &pipeline_json(&world.gitlab, id).unwrap_or_default()),
        ["jobs"] => page(incoming, Vec::new()),
        ["bridges"] => page(incoming, pipeline.bridges.iter().map(bridge).collect()),
        _ => not_found(),
    }
}
