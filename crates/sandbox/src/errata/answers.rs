//! What each address of the Errata Tool answers and changes.

use serde_json::{Map, Value, json};

use super::{Advisory, Comment, Job, form, missing, refuse};
use crate::answer::{Answer, Incoming};
use crate::world::World;

/// The steps of a push job.
pub(super) const STEPS: [&str; 5] =
    ["QUEUED", "RUNNING", "WAITING_ON_PUB", "POST_PUSH_PROCESSING", "COMPLETE"];

pub(super) fn erratum(id: u64, it: &Advisory) -> Value {
    let flag = u8::from;
    let keys: Vec<Value> =
        it.issues.iter().map(|key| json!({ "jira_issue": { "key": key } })).collect();
    let name = format!("{}-2026:{id}-01", it.kind.to_uppercase());
    json!({
        "errata": { (it.kind.clone()): {
            "id": id, "status": it.state, "fulladvisory": name, "synopsis": it.synopsis,
            "content_types": it.content_types, "doc_complete": flag(it.doc_complete),
            "text_ready": flag(it.text_ready), "security_approved": it.security_approved,
            "blocking_advisories": it.blocking, "dependent_advisories": [],
            "assigned_to_id": it.assigned_to, "package_owner_id": it.assigned_to,
            "respin_count": it.respins, "publish_date_override": null,
        } },
        "content": { "content": { "cve": it.cves.join(" "), "topic": "t" } },
        "bugs": { "bugs": [] },
        "jira_issues": { "idsfixed": it.issues, "jira_issues": keys },
    })
}

pub(super) fn user(world: &World, id: &str) -> Answer {
    let found = id.parse().ok().and_then(|id: u64| Some((id, world.errata.users.get(&id)?)));
    let Some((id, email)) = found else { return missing() };
    Answer::json(
        200,
        &json!({ "id": id, "login_name": email, "email_address": email, "enabled": true }),
    )
}

/// One field is changed by one request; whoever sends the whole advisory is found out.
pub(super) fn edit(
    world: &mut World,
    id: u64,
    it: &mut Advisory,
    incoming: &Incoming<'_>,
) -> Answer {
    let pairs = form(incoming);
    let [(field, value)] = pairs.as_slice() else {
        let errors = json!({ "error": "one field at a time" });
        return refuse(world, 422, "whole-advisory", id, &errors);
    };
    let action = match field.as_str() {
        "advisory[assigned_to_email]" => {
            let known =
                world.errata.users.iter().find(|(_, mail)| mail.eq_ignore_ascii_case(value));
            let Some((account, _)) = known else {
                let errors = json!({ "errors": { "assigned_to": ["is not a valid user"] } });
                return refuse(world, 422, "refused-edit", id, &errors);
            };
            it.assigned_to = *account;
            "change-owner"
        }
        "advisory[text_ready]" if value == "1" => {
            it.text_ready = true;
            "request-docs"
        }
        "advisory[security_approved]" if value == "false" => {
            it.security_approved = Some(false);
            "request-prodsec"
        }
        _ => {
            let errors = json!({ "error": format!("cannot change {field}") });
            return refuse(world, 422, "refused-edit", id, &errors);
        }
    };
    world.record("errata", action, id.to_string());
    Answer::json(200, &erratum(id, it))
}

pub(super) fn change_state(
    world: &mut World,
    id: u64,
    it: &mut Advisory,
    pairs: &[(String, String)],
) -> Answer {
    let wanted = pairs.iter().find(|(key, _)| key == "new_state").map(|(_, value)| value.as_str());
    let wanted = wanted.unwrap_or_default();
    let legal = matches!(
        (it.state.as_str(), wanted),
        ("NEW_FILES" | "REL_PREP", "QE") | ("QE" | "REL_PREP", "NEW_FILES") | ("QE", "REL_PREP")
    );
    if !legal {
        let problem = format!("cannot go from {} to {wanted}", it.state);
        let errors = json!({ "errors": { "state": [problem] } });
        return refuse(world, 422, "illegal-move", id, &errors);
    }
    if wanted == "REL_PREP" && it.alerts.iter().any(|alert| alert.blocking) {
        let errors = json!({ "errors": { "base": ["Security alerts block the move"] } });
        return refuse(world, 422, "refused-move", id, &errors);
    }
    wanted.clone_into(&mut it.state);
    world.record("errata", "change-state", format!("{id} {wanted}"));
    Answer::json(201, &erratum(id, it))
}

pub(super) fn issue(
    world: &mut World,
    id: u64,
    it: &mut Advisory,
    incoming: &Incoming<'_>,
    add: bool,
) -> Answer {
    let body = incoming.json();
    let key = body.get("jira_issue").and_then(Value::as_str).unwrap_or_default().to_owned();
    let attached = it.issues.contains(&key);
    if key.is_empty() || attached == add {
        let problem = if add { "is attached already" } else { "is not attached" };
        let errors = json!({ "error": format!("JIRA issue {key} {problem}") });
        return refuse(world, 422, "refused-issue", id, &errors);
    }
    let action = if add {
        it.issues.push(key.clone());
        "add-issue"
    } else {
        it.issues.retain(|known| *known != key);
        // New content wants a new approval.
        (it.doc_complete, it.text_ready) = (false, false);
        it.security_approved = None;
        "remove-issue"
    };
    world.record("errata", action, format!("{id} {key}"));
    Answer::json(201, &erratum(id, it))
}

pub(super) fn resync(world: &mut World, incoming: &Incoming<'_>) -> Answer {
    let keys = incoming.json();
    world.record("errata", "resync-issues", keys.to_string());
    Answer::json(200, &json!({}))
}

pub(super) fn of_issue(world: &World, key: &str) -> Answer {
    let holds = |(_, it): &(&u64, &Advisory)| it.issues.iter().any(|known| known == key);
    let show = |(id, it): (&u64, &Advisory)| {
        let name = format!("{}-2026:{id}", it.kind.to_uppercase());
        json!({ "id": id, "type": it.kind, "advisory_name": name, "status": it.state })
    };
    let found: Vec<Value> = world.errata.advisories.iter().filter(holds).map(show).collect();
    if found.is_empty() { missing() } else { Answer::json(200, &Value::Array(found)) }
}

/// The jobs as they are; whoever looks again sees them further on.
pub(super) fn jobs(it: &mut Advisory) -> Answer {
    let show =
        |job: &Job| json!({ "id": job.id, "status": job.status, "target": { "name": job.target } });
    let answer = Answer::json(200, &Value::Array(it.jobs.iter().map(show).collect()));
    for job in it.jobs.iter_mut().filter(|job| job.clock.is_none()) {
        if let Some(at) = STEPS.iter().position(|step| *step == job.status)
            && let Some(next) = STEPS.get(at + 1)
        {
            (*next).clone_into(&mut job.status);
        }
    }
    answer
}

/// The newest job of a target is done, and no respin came after it.
fn is_on_stage(it: &Advisory, target: &str) -> bool {
    let newest = it.jobs.iter().filter(|job| job.target == target).max_by_key(|job| job.id);
    newest.is_some_and(|job| job.status == "COMPLETE") && !it.stage_is_stale
}

fn stage_targets(it: &Advisory) -> Vec<&'static str> {
    let has = |content: &str| it.content_types.iter().any(|known| known == content);
    let mut targets = Vec::new();
    if has("rpm") || !has("docker") {
        targets.push("cdn_stage");
    }
    if has("docker") {
        targets.push("cdn_docker_stage");
    }
    targets
}

pub(super) fn push(
    world: &mut World,
    id: u64,
    it: &mut Advisory,
    incoming: &Incoming<'_>,
) -> Answer {
    if incoming.query("defaults").as_deref() != Some("stage") {
        let errors = json!({ "error": "only staging is pushed to from here" });
        return refuse(world, 422, "refused-push", id, &errors);
    }
    if !it.is_signed {
        let errors = json!({ "errors": { "base": ["Packages are not signed"] } });
        return refuse(world, 422, "refused-push", id, &errors);
    }
    let waits = it.blocking.iter().copied().find(|blocker| {
        world.errata.advisories.get(blocker).is_some_and(|other| {
            let past = matches!(other.state.as_str(), "PUSH_READY" | "IN_PUSH" | "SHIPPED_LIVE");
            !past && !stage_targets(other).into_iter().all(|target| is_on_stage(other, target))
        })
    });
    if let Some(blocker) = waits {
        let error = format!("push has incomplete dependencies: {blocker}");
        return refuse(world, 400, "push-too-early", id, &json!({ "error": error }));
    }
    let under_way = |target: &str| {
        let newest = it.jobs.iter().filter(|job| job.target == target).max_by_key(|job| job.id);
        newest.is_some_and(|job| !matches!(job.status.as_str(), "COMPLETE" | "FAILED"))
    };
    let wanted: Vec<&str> =
        stage_targets(it).into_iter().filter(|target| !is_on_stage(it, target)).collect();
    if wanted.iter().any(|target| under_way(target)) {
        let errors = json!({ "error": "a push to this target is under way" });
        return refuse(world, 422, "push-again", id, &errors);
    }
    let mut new = Vec::new();
    let clock = crate::story::push_clock(world, id, it.jobs.len());
    for target in wanted {
        world.errata.last_id += 1;
        let job = Job {
            id: world.errata.last_id,
            target: target.to_owned(),
            status: STEPS[0].to_owned(),
            clock: clock.clone(),
        };
        new.push(json!({ "id": job.id, "status": job.status, "target": { "name": job.target } }));
        it.jobs.push(job);
    }
    it.stage_is_stale = false;
    world.record("errata", "push", id.to_string());
    Answer::json(201, &Value::Array(new))
}

pub(super) fn builds(it: &Advisory) -> Answer {
    let version = |(name, builds): (&String, &Vec<String>)| {
        let builds: Vec<Value> = builds.iter().map(|nvr| json!({ (nvr.clone()): {} })).collect();
        (name.clone(), json!({ "name": name, "description": name, "builds": builds }))
    };
    Answer::json(200, &Value::Object(it.builds.iter().map(version).collect::<Map<_, _>>()))
}

pub(super) fn alerts(it: &Advisory) -> Answer {
    let show = |alert: &super::Alert| {
        json!({ "name": alert.name, "text": alert.text, "description": "", "how_to_resolve": "ask",
                "blocking": alert.blocking })
    };
    let blocking = it.alerts.iter().any(|alert| alert.blocking);
    let list: Vec<Value> = it.alerts.iter().map(show).collect();
    Answer::json(200, &json!({ "alerts": { "blocking": blocking, "alerts": list } }))
}

pub(super) fn refresh(id: u64, it: &Advisory) -> Answer {
    if it.refresh_is_refused {
        let error = format!("alerts of {id} cannot be refreshed");
        return Answer::json(400, &json!({ "error": error }));
    }
    alerts(it)
}

pub(super) fn comment(
    world: &mut World,
    id: u64,
    it: &mut Advisory,
    pairs: &[(String, String)],
) -> Answer {
    let Some((_, text)) = pairs.iter().find(|(key, text)| key == "comment" && !text.is_empty())
    else {
        return refuse(world, 422, "refused-comment", id, &json!({ "error": "no comment" }));
    };
    world.errata.last_id += 1;
    it.comments.push(Comment { id: world.errata.last_id, text: text.clone() });
    world.record("errata", "comment", id.to_string());
    Answer::json(201, &erratum(id, it))
}

pub(super) fn comments(world: &World, incoming: &Incoming<'_>) -> Answer {
    let id = incoming.query("filter[errata_id]").and_then(|id| id.parse::<u64>().ok());
    let Some(it) = id.and_then(|id| world.errata.advisories.get(&id)) else {
        return Answer::json(200, &json!({ "data": [] }));
    };
    let show = |comment: &Comment| {
        json!({ "id": comment.id, "type": "comments", "attributes": { "text": comment.text },
                "relationships": { "who": { "login_name": "bot@example.com" } } })
    };
    Answer::json(200, &json!({ "data": it.comments.iter().rev().map(show).collect::<Vec<_>>() }))
}

pub(super) fn tests(world: &World, incoming: &Incoming<'_>) -> Answer {
    let number = |name: &str| incoming.query(name).and_then(|text| text.parse::<usize>().ok());
    let id = number("filter[errata_id]").and_then(|id| u64::try_from(id).ok());
    let (page, size) = (number("page[number]").unwrap_or(1), number("page[size]").unwrap_or(100));
    let show = |(number, test): (&u64, &super::Test)| {
        let mut relations = json!({ "errata": { "id": test.advisory } });
        if let Some(nvr) = &test.nvr {
            relations["brew_build"] = json!({ "id": number, "nvr": nvr });
        }
        json!({ "id": number, "type": "external_tests", "relationships": relations,
                "attributes": { "test_type": "greenwave_cvp", "active": true,
                                "status": test.status } })
    };
    let tests = world.errata.tests.iter().filter(|(_, test)| Some(test.advisory) == id);
    let skipped = page.saturating_sub(1).saturating_mul(size);
    let data: Vec<Value> = tests.skip(skipped).take(size).map(show).collect();
    Answer::json(200, &json!({ "data": data }))
}

pub(super) fn container(it: &Advisory) -> Answer {
    let heading = it.grade.map(|grade| format!("<h2>Docker Container Content - {grade}</h2>"));
    let page = format!("<html><body>{}</body></html>", heading.unwrap_or_default());
    Answer::text(200, "text/html; charset=utf-8", page)
}

pub(super) fn guards(it: &Advisory) -> Answer {
    let class = if it.stage_is_stale { "block" } else { "ok" };
    let page = format!(
        "<table><tbody><tr><td colspan=\"3\">QE to REL PREP</td></tr><tr><td>Block</td>\
         <td>Stagepush</td><td><span class=\"step-status-{class}\">push</span></td></tr></tbody>\
         </table>"
    );
    Answer::text(200, "text/html; charset=utf-8", page)
}
