//! Job references in the texts of existing results (spec 01 §12.6).

use crate::outcome::{JobRef, JobSystem};
use crate::task::Task;
use crate::time::parse_stamp;

/// The reference to follow for `task`: the `job` key, or what the result text names, or, when both
/// exist and differ, the one that was written later.
pub fn job_reference(task: Task, key: Option<&JobRef>, result: Option<&str>) -> Option<JobRef> {
    let text = result.and_then(|result| from_text(task, result));
    match (key, text) {
        (Some(key), Some(text)) if text.id != key.id => {
            let later = parse_stamp(&text.triggered_at) > parse_stamp(&key.triggered_at);
            Some(if later { text } else { key.clone() })
        }
        (Some(key), _) => Some(key.clone()),
        (None, text) => text,
    }
}

/// The last job that `result` names, with the time stamp of its line.
fn from_text(task: Task, result: &str) -> Option<JobRef> {
    let read = match task {
        Task::ImageConsistencyCheck => image_check,
        Task::StageTesting => jenkins_build,
        _ => return None,
    };
    result.lines().rev().find_map(|line| {
        let stamp = line.split_once(": ").map(|(stamp, _)| stamp);
        let stamp = stamp.filter(|stamp| parse_stamp(stamp).is_some()).unwrap_or_default();
        read(line).map(|found| JobRef { triggered_at: stamp.to_owned(), ..found })
    })
}

/// `Triggered image consistency check Prow job: {id}` or `… job ID: {id}`; a bare number is a
/// Jenkins build of older files.
fn prow_job(line: &str) -> Option<JobRef> {
    let rest = after(line, "Prow job: ").or_else(|| after(line, "job ID: "))?;
    let id: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let system = if id.bytes().all(|b| b.is_ascii_digit()) && id.len() < 10 {
        JobSystem::Jenkins
    } else {
        JobSystem::Prow
    };
    (!id.is_empty()).then(|| reference(system, Some(id), None, None))
}

/// A run on Prow, or a build page of the job that did this before Prow and may do it again.
fn image_check(line: &str) -> Option<JobRef> {
    prow_job(line).or_else(|| {
        let (url, id) = numbered(line, "/job/image-consistency-check/")?;
        Some(reference(JobSystem::Jenkins, Some(id), None, Some(url)))
    })
}

/// A build page of the stage pipeline, or the queue item it waits as.
fn jenkins_build(line: &str) -> Option<JobRef> {
    if let Some((url, id)) = numbered(line, "/job/zstreams/job/Stage-Pipeline/") {
        return Some(reference(JobSystem::Jenkins, Some(id), None, Some(url)));
    }
    let (_, queue) = numbered(line, "/queue/item/")?;
    Some(reference(JobSystem::Jenkins, None, Some(queue), None))
}

/// The address in `line` that has `path` followed by a number: up to the number, and the number.
fn numbered(line: &str, path: &str) -> Option<(String, String)> {
    let (before, rest) = line.split_once(path)?;
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let host = before.rfind("http").map(|at| &before[at..])?;
    (!number.is_empty()).then(|| (format!("{host}{path}{number}/"), number))
}

fn after<'l>(line: &'l str, mark: &str) -> Option<&'l str> {
    line.split_once(mark).map(|(_, rest)| rest)
}

fn reference(
    system: JobSystem,
    id: Option<String>,
    queue_id: Option<String>,
    url: Option<String>,
) -> JobRef {
    JobRef { system, id, queue_id, url, triggered_at: String::new(), claim: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "11111111-2222-3333-4444-555555555555";

    fn key(id: &str, at: &str) -> JobRef {
        JobRef {
            triggered_at: at.to_owned(),
            ..reference(JobSystem::Prow, Some(id.to_owned()), None, None)
        }
    }

    #[test]
    fn reads_the_prow_job_of_the_last_line_that_names_one() {
        let text = format!(
            "2026-01-01T10:00:00Z: INFO: Triggered image consistency check Prow job: old-1\n\
             2026-01-01T11:00:00Z: INFO: job ID: {UUID}, state: pending\nbye"
        );
        let job = job_reference(Task::ImageConsistencyCheck, None, Some(&text)).unwrap();
        assert_eq!(job.id.as_deref(), Some(UUID));
        assert_eq!(job.system, JobSystem::Prow);
        assert_eq!(job.triggered_at, "2026-01-01T11:00:00Z");
    }

    #[test]
    fn reads_jenkins_builds_and_queue_items() {
        let url = "https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/123/";
        let job = job_reference(Task::StageTesting, None, Some(&format!("see {url} now"))).unwrap();
        assert_eq!((job.id.as_deref(), job.url.as_deref()), (Some("123"), Some(url)));
        let queued = "https://jenkins.example.com/queue/item/77/api/json";
        let job = job_reference(Task::StageTesting, None, Some(queued)).unwrap();
        assert_eq!((job.id, job.queue_id.as_deref()), (None, Some("77")));
    }

    #[test]
    fn reads_builds_of_the_image_check_beside_its_runs() {
        let url = "https://jenkins.example.com/job/image-consistency-check/812/";
        let page = "https://prow.ci.openshift.org/view/gs/b/logs/main-image-consistency-check/99";
        let text = format!("2026-01-01T10:00:00Z: INFO: {url}: result none yet\nsee {page}");
        let job = job_reference(Task::ImageConsistencyCheck, None, Some(&text)).unwrap();
        assert_eq!((job.system, job.id.as_deref()), (JobSystem::Jenkins, Some("812")));
        assert_eq!(job.url.as_deref(), Some(url));
    }

    #[test]
    fn the_later_reference_wins() {
        let line =
            |at: &str| format!("{at}: INFO: Triggered image consistency check Prow job: {UUID}");
        let key = key("job-a", "2026-01-01T10:00:00Z");
        let pick = |text: &str| {
            job_reference(Task::ImageConsistencyCheck, Some(&key), Some(text)).unwrap().id.unwrap()
        };
        assert_eq!(pick(&line("2026-01-01T11:00:00Z")), UUID);
        assert_eq!(pick(&line("2026-01-01T09:00:00Z")), "job-a");
        assert_eq!(pick("nothing here"), "job-a");
    }

    #[test]
    fn finds_nothing_where_there_is_nothing() {
        for text in ["", "Prow job: ", "job ID:", "https://jenkins.example.com/job/other/5/"] {
            assert_eq!(
                job_reference(Task::ImageConsistencyCheck, None, Some(text)),
                None,
                "{text}"
            );
            assert_eq!(job_reference(Task::StageTesting, None, Some(text)), None, "{text}");
        }
        assert_eq!(job_reference(Task::TakeOwnership, None, Some("Prow job: x")), None);
    }
}
