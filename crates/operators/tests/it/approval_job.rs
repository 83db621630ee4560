//! The approval job in paused time (spec 06 §11, cases 12 to 16; 08 R8 to R12).

use std::sync::atomic::Ordering;
use std::time::Duration;

use oar_operators::approval::{ApprovalError, CheckOutcome, JobStatus, Lock};
use oar_operators::commands::approvals;
use oar_release::TaskStatus;
use oar_sandbox::errata::Alert;
use oar_sandbox::fault::{Kind, Rule};
use oar_transport::pause::sleep;
use tokio::time::Instant;

use crate::approval_lab::{Lab, release};

const CHANNEL: &str = "team-release-example";

/// A lab whose job is scheduled: its first look found nothing.
async fn scheduled() -> Lab {
    let lab = Lab::promoted().await;
    assert_eq!(lab.approve().await.facts["approval"]["outcome"], "scheduled");
    lab
}

/// Runs the job, and `meanwhile` beside it.
async fn beside(
    lab: &Lab,
    meanwhile: impl Future<Output = ()>,
) -> oar_operators::approval::JobRecord {
    let (ended, ()) = tokio::join!(lab.run_job(), meanwhile);
    ended.expect("it ends")
}

#[tokio::test(start_paused = true)]
async fn spec06_case_12_a_job_survives_all_kinds_of_trouble() {
    let lab = Lab::promoted().await;
    // The command's own look is the first check: 404.
    lab.approve().await;
    assert_eq!(lab.record().last.and_then(|check| check.http_status), Some(404));
    // Then no connection, then 503 (each look is tried three times), then the page.
    lab.sandbox.plant(Rule::once("errata_page", Kind::ResetBefore).times(3));
    lab.sandbox.plant(Rule::once("errata_page", Kind::Status(503)).times(3));
    lab.publish();
    let start = Instant::now();
    let record = lab.run_job().await.expect("it ends");
    assert_eq!((record.status, record.checks), (JobStatus::Done, 4), "{record:?}");
    let minutes = start.elapsed().as_secs() / 60;
    assert!((88..=92).contains(&minutes), "three intervals, not {minutes} minutes");
    assert_eq!(
        (lab.advisory(990_031), lab.advisory(990_032)),
        ("REL_PREP".into(), "REL_PREP".into())
    );
    assert_eq!(lab.subtask("ART-99006"), "Closed", "the job closes them");
    let task = lab.task().await.expect("recorded");
    assert_eq!((task.status, record.recorded), (TaskStatus::Pass, true));
    let posts = lab.posts(CHANNEL, None);
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert!(posts[0].starts_with("[4.99.3] <!subteam^S0499> release approval is completed"));
    // The payload was read once: by the command.
    assert_eq!(lab.requests("release_controller"), 1);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_12_five_errors_in_a_row_are_told_once_and_their_end_too() {
    let lab = scheduled().await;
    lab.sandbox.plant(Rule::once("errata_page", Kind::Status(503)).times(3 * 7));
    let record = beside(&lab, async {
        sleep(Duration::from_hours(5)).await;
        lab.publish();
    })
    .await;
    assert_eq!(record.status, JobStatus::Done);
    let posts = lab.posts(CHANNEL, None);
    let with = |part: &str| posts.iter().filter(|post| post.contains(part)).count();
    assert_eq!((with("cannot find out"), with("works again"), with("completed")), (1, 1, 1));
    assert_eq!(posts.len(), 3, "{posts:?}");
}

#[tokio::test(start_paused = true)]
async fn spec06_case_13_after_48_hours_there_is_a_last_look_and_then_a_failure() {
    let lab = scheduled().await;
    let start = Instant::now();
    let record = lab.run_job().await.expect("it ends");
    assert_eq!(record.status, JobStatus::TimedOut, "{record:?}");
    let hours = start.elapsed().as_secs_f64() / 3600.0;
    assert!((47.99..48.01).contains(&hours), "{hours}");
    let last = record.last.clone().expect("a last check");
    assert!(last.at >= record.deadline, "{last:?}");
    assert_eq!(last.outcome, CheckOutcome::NotYet);
    assert!((90..=102).contains(&record.checks), "{}", record.checks);
    let task = lab.task().await.expect("recorded");
    let result = task.result.expect("a text");
    assert_eq!(task.status, TaskStatus::Fail);
    assert!(result.len() <= 4096, "{}", result.len());
    for part in [
        "looks every 1800 s",
        &format!("{} checks", record.checks),
        "answers 404",
        "ended: timed_out",
        "status is changed to [Fail]",
    ] {
        assert!(result.contains(part), "{part}:\n{result}");
    }
    assert_eq!(task.started_at.as_deref(), Some("2026-03-10T10:00:00Z"));
    assert_eq!(task.completed_at, record.ended_at.map(oar_release::time::stamp));
    let posts = lab.posts(CHANNEL, None);
    assert_eq!(posts.len(), 1, "{posts:?}");
    assert!(posts[0].contains("timed out at 2026-03-12T10:00:00Z"), "{}", posts[0]);
    assert!(!lab.folder().is_held(&release(), Lock::Job).expect("looked"), "the lock is free");
    assert_eq!((lab.advisory(990_031), lab.subtask("ART-99004")), ("QE".into(), "New".into()));

    // Running the command again starts anew.
    let old = record.id;
    assert_eq!(lab.approve().await.facts["approval"]["outcome"], "scheduled");
    let new = lab.record();
    assert!(new.id != old && new.checks == 1 && new.deadline > record.deadline);
    assert_eq!(lab.task().await.expect("recorded").status, TaskStatus::InProgress);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_14_the_end_is_told_in_the_channel_and_the_log_in_the_thread() {
    let mut lab = Lab::promoted().await;
    lab.thread();
    lab.approve().await;
    lab.run_job().await.expect("it ends");
    let summary = lab.posts(CHANNEL, None);
    assert_eq!(summary.len(), 1, "{summary:?}");
    assert!(summary[0].contains("timed out"));
    let log = lab.posts("forum-qe-example", Some("1.2"));
    let length: usize = log.iter().map(String::len).sum();
    assert!(length > 9_000, "two days of checks: {length}");
    assert!((3..=12).contains(&log.len()), "{}", log.len());
    for post in &log {
        assert!(post.chars().count() <= 3900, "{}", post.chars().count());
        let inside = post.strip_prefix("```\n").and_then(|post| post.strip_suffix("\n```"));
        let inside = inside.expect("a fence");
        // Cut at line ends: each line is a whole one.
        assert!(inside.lines().all(|line| line.starts_with("2026-03-1")), "{inside}");
    }
}

#[tokio::test(start_paused = true)]
async fn spec06_case_14_r39_a_failing_look_up_or_channel_does_not_stop_the_rest() {
    let mut lab = Lab::promoted().await;
    lab.thread();
    lab.change(|world| world.slack.groups.clear());
    lab.approve().await;
    lab.publish();
    assert_eq!(lab.run_job().await.expect("it ends").status, JobStatus::Done);
    let summary = lab.posts(CHANNEL, None);
    assert!(summary[0].starts_with("[4.99.3] @ert-499-example release approval"), "{summary:?}");

    // The channel is gone: the thread is told, and the approval stands.
    let mut lab = Lab::promoted().await;
    lab.thread();
    lab.change(|world| world.slack.channels.retain(|channel| channel != CHANNEL));
    lab.approve().await;
    lab.publish();
    assert_eq!(lab.run_job().await.expect("it ends").status, JobStatus::Done);
    assert!(!lab.posts("forum-qe-example", Some("1.2")).is_empty());
    assert_eq!(lab.task().await.expect("recorded").status, TaskStatus::Pass);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_15_an_expired_ticket_is_told_once_and_the_job_goes_on_after_it() {
    let lab = scheduled().await;
    lab.tickets.expired.store(true, Ordering::SeqCst);
    lab.publish();
    let record = beside(&lab, async {
        // Three intervals without a ticket.
        sleep(Duration::from_mins(100)).await;
        let waiting = lab.record();
        assert_eq!(waiting.status, JobStatus::Waiting);
        assert!(waiting.held_by.expect("held").contains("ticket"));
        assert_eq!(lab.posts(CHANNEL, None).len(), 1);
        assert_eq!(lab.advisory(990_031), "QE");
        lab.tickets.expired.store(false, Ordering::SeqCst);
    })
    .await;
    assert_eq!((record.status, record.checks), (JobStatus::Done, 5));
    let posts = lab.posts(CHANNEL, None);
    assert_eq!(posts.len(), 2, "{posts:?}");
    assert!(posts[0].contains("Kerberos ticket") && posts[1].contains("completed"));
    assert_eq!(lab.advisory(990_031), "REL_PREP");
}

#[tokio::test(start_paused = true)]
async fn spec06_case_16_r09_a_killed_job_is_resumed_with_its_deadline() {
    let lab = scheduled().await;
    let deadline = lab.record().deadline;
    // The process dies in the middle of its wait.
    let died = tokio::time::timeout(Duration::from_hours(10), lab.run_job()).await;
    assert!(died.is_err());
    assert!(!lab.folder().is_held(&release(), Lock::Job).expect("looked"), "R10");
    let left = lab.record();
    assert_eq!((left.status, left.deadline), (JobStatus::Waiting, deadline));
    let listed = approvals::list(&lab.context, None).expect("a list");
    assert!(listed.jobs[0].silent && !listed.jobs[0].running, "somebody should look after it");

    // The service starts again, hours later.
    tokio::time::advance(Duration::from_hours(3)).await;
    let resumed = approvals::resume(&lab.context, None).await.expect("resumed");
    assert_eq!((resumed.jobs.len(), lab.launches()), (1, 2));
    lab.publish();
    let before = Instant::now();
    let record = lab.run_job().await.expect("it ends");
    assert_eq!(before.elapsed().as_secs() / 60, 0, "a resumed job looks at once");
    assert_eq!((record.status, record.deadline), (JobStatus::Done, deadline));
    assert_eq!(record.checks, left.checks + 1);
    assert_eq!(record.id, left.id);
    assert!(approvals::resume(&lab.context, None).await.expect("nothing").jobs.is_empty());
}

/// P14: silence is told, once, by whoever starts the job again.
#[tokio::test(start_paused = true)]
async fn a_job_that_was_dead_for_hours_is_told_once_when_it_is_started_again() {
    for by_command in [false, true] {
        let lab = scheduled().await;
        let died = tokio::time::timeout(Duration::from_hours(2), lab.run_job()).await;
        assert!(died.is_err());
        let start = || async {
            if by_command {
                lab.approve().await;
            } else {
                approvals::resume(&lab.context, None).await.expect("resumed");
            }
        };
        // Half an hour is no silence.
        tokio::time::advance(Duration::from_mins(30)).await;
        if !by_command {
            start().await;
            assert_eq!(lab.posts(CHANNEL, None), [""; 0]);
        }
        tokio::time::advance(Duration::from_hours(3)).await;
        for _ in 0..2 {
            start().await;
        }
        let told = lab.posts(CHANNEL, None);
        let [message] = &told[..] else { panic!("{by_command}: {told:?}") };
        assert!(message.contains("did not look since 2026-03-10T1"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn spec06_case_16_a_resumed_job_looks_at_once_and_not_when_the_dead_one_would_have() {
    let lab = scheduled().await;
    // Killed a minute after its check: the next one would be in 29 minutes.
    let died = tokio::time::timeout(Duration::from_mins(31), lab.run_job()).await;
    assert!(died.is_err());
    lab.publish();
    let before = Instant::now();
    assert_eq!(lab.run_job().await.expect("it ends").status, JobStatus::Done);
    assert_eq!(before.elapsed().as_secs() / 60, 0);
}

#[tokio::test(start_paused = true)]
async fn spec06_case_16_a_job_whose_time_ran_out_while_it_was_dead_looks_once_more() {
    let lab = scheduled().await;
    let died = tokio::time::timeout(Duration::from_hours(1), lab.run_job()).await;
    assert!(died.is_err());
    tokio::time::advance(Duration::from_hours(60)).await;
    lab.publish();
    let record = lab.run_job().await.expect("it ends");
    assert_eq!(record.status, JobStatus::Done, "the last look found the page: {record:?}");
}

#[tokio::test(start_paused = true)]
async fn a_job_that_dies_while_it_moves_advisories_ends_as_if_it_had_not() {
    // Killed after each number of seconds that a whole run takes.
    let calm = scheduled().await;
    calm.publish();
    let wanted = calm.run_job().await.expect("it ends");
    let mut stopped = 0;
    for requests in 0..60 {
        let lab = scheduled().await;
        lab.publish();
        let before = lab.sandbox.world(|world| world.now);
        let died = {
            let job = lab.run_job();
            tokio::pin!(job);
            std::future::poll_fn(|cx| {
                let ended = job.as_mut().poll(cx);
                // The world moves by a second with each request.
                let now = lab.sandbox.world(|world| world.now);
                let done = now.duration_since(before).as_secs() >= requests;
                match ended {
                    std::task::Poll::Ready(ended) => std::task::Poll::Ready(Some(ended)),
                    std::task::Poll::Pending if done => std::task::Poll::Ready(None),
                    std::task::Poll::Pending => std::task::Poll::Pending,
                }
            })
            .await
        };
        if died.is_none() {
            stopped += 1;
            assert!(lab.record().status != JobStatus::Applying, "left as waiting");
            if lab.record().needs_a_process() {
                lab.run_job().await.expect("it ends");
            }
        }
        let record = lab.record();
        assert_eq!(record.status, JobStatus::Done, "after {requests} requests");
        for id in [990_031, 990_032] {
            assert_eq!(lab.advisory(id), "REL_PREP");
        }
        assert_eq!(lab.count("errata", "change-state"), calm.count("errata", "change-state"));
        assert_eq!(lab.posts(CHANNEL, None).len(), 1, "after {requests} requests");
        assert_eq!(lab.subtask("ART-99006"), "Closed");
        let task = lab.task().await.expect("recorded");
        let result = task.result.unwrap_or_default();
        assert_eq!(result.matches("ended: done").count(), 1, "{result}");
        assert_eq!(task.status, TaskStatus::Pass);
        assert_eq!(record.advisories.len(), wanted.advisories.len());
    }
    assert!(stopped > 20, "stopped in {stopped} places");
}

#[tokio::test(start_paused = true)]
async fn r32_trouble_of_the_errata_tool_is_tried_again_in_minutes() {
    let lab = scheduled().await;
    lab.publish();
    // Brew is down for a while: whether a kernel may ship is not known.
    lab.sandbox.plant(Rule::once("brew", Kind::Status(503)).times(3 * 4));
    let start = Instant::now();
    let record = lab.run_job().await.expect("it ends");
    assert_eq!(record.status, JobStatus::Done);
    let minutes = start.elapsed().as_secs() / 60;
    // 30 to the first check of the process; then 1, 2, 4 ... and no whole intervals.
    assert!((31..=50).contains(&minutes), "{minutes}");
    assert!(record.checks >= 3, "{}", record.checks);
}

#[tokio::test(start_paused = true)]
async fn an_alert_is_a_blocker_that_is_resolved_when_it_is_settled() {
    let lab = scheduled().await;
    lab.publish();
    lab.change(|world| {
        let rhcos = world.errata.advisories.get_mut(&990_032).expect("an advisory");
        let (name, text) = ("cve".to_owned(), "a CVE is open".to_owned());
        rhcos.alerts.push(Alert { name, text, blocking: true });
    });
    let record = beside(&lab, async {
        sleep(Duration::from_hours(3)).await;
        let issues = lab.state().await.issues;
        assert_eq!(issues.len(), 1, "{issues:?}");
        assert!(issues[0].blocker && !issues[0].resolved);
        assert!(issues[0].text.contains("a CVE is open"), "{}", issues[0].text);
        assert_eq!(issues[0].related_tasks, ["change-advisory-status"]);
        assert_eq!(lab.posts(CHANNEL, None).len(), 1, "told once");
        assert_eq!(lab.advisory(990_031), "QE", "all or none");
        lab.change(|world| {
            world.errata.advisories.get_mut(&990_032).expect("an advisory").alerts.clear();
        });
    })
    .await;
    assert_eq!(record.status, JobStatus::Done);
    assert!(lab.state().await.issues[0].resolved);
}

#[tokio::test(start_paused = true)]
async fn an_advisory_that_is_not_ready_is_waited_for() {
    let lab = scheduled().await;
    lab.publish();
    let state = |state: &'static str| {
        lab.change(|world| {
            let rhcos = world.errata.advisories.get_mut(&990_032).expect("an advisory");
            state.clone_into(&mut rhcos.state);
        });
    };
    state("NEW_FILES");
    let record = beside(&lab, async {
        sleep(Duration::from_hours(2)).await;
        assert_eq!(lab.advisory(990_031), "QE");
        state("QE");
    })
    .await;
    assert_eq!(record.status, JobStatus::Done);
}

#[tokio::test(start_paused = true)]
async fn a_no_for_good_ends_the_job_at_once_and_is_told() {
    let lab = scheduled().await;
    lab.publish();
    lab.change(|world| {
        let tags = world.errata.tags.get_mut("kernel-5.99.0-99.1").expect("a kernel");
        tags.push("early-kernel-stop-ship".to_owned());
    });
    let record = lab.run_job().await.expect("it ends");
    assert_eq!(record.status, JobStatus::Failed);
    let task = lab.task().await.expect("recorded");
    assert_eq!(task.status, TaskStatus::Fail);
    assert!(task.result.unwrap_or_default().contains("early-kernel-stop-ship"));
    let posts = lab.posts(CHANNEL, None);
    assert!(posts[0].contains("failed") && posts[0].contains("stop-ship"), "{posts:?}");
    assert_eq!(lab.advisory(990_031), "QE");
}

#[tokio::test(start_paused = true)]
async fn a_poke_makes_the_job_look_at_once() {
    let lab = scheduled().await;
    let start = Instant::now();
    let record = beside(&lab, async {
        sleep(Duration::from_mins(3)).await;
        lab.publish();
        lab.poke.notify_one();
    })
    .await;
    assert_eq!((record.status, record.checks), (JobStatus::Done, 2));
    assert_eq!(start.elapsed().as_secs() / 60, 3);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_leaves_a_task_to_start_again() {
    let lab = scheduled().await;
    // No process has it.
    let cancelled = approvals::cancel(&lab.context, &release()).await.expect("stopped");
    assert!(cancelled.stopped);
    assert_eq!(
        (cancelled.status, lab.record().status),
        (JobStatus::Cancelled, JobStatus::Cancelled)
    );
    let task = lab.task().await.expect("recorded");
    assert_eq!((task.status, task.job), (TaskStatus::NotStarted, None));
    assert!(lab.posts(CHANNEL, None).is_empty(), "whoever stops it knows");
    assert!(matches!(lab.run_job().await, Err(ApprovalError::NoJob { .. })));
    assert!(approvals::cancel(&lab.context, &release()).await.is_err());

    // A process has it: it stops itself.
    assert_eq!(lab.approve().await.facts["approval"]["outcome"], "scheduled");
    let record = beside(&lab, async {
        sleep(Duration::from_mins(1)).await;
        let release = release();
        let asked = approvals::cancel(&lab.context, &release);
        let poke = async {
            sleep(Duration::from_millis(50)).await;
            lab.poke.notify_one();
        };
        let (cancelled, ()) = tokio::join!(asked, poke);
        assert!(cancelled.expect("stopped").stopped);
    })
    .await;
    assert_eq!((record.status, record.checks), (JobStatus::Cancelled, 1));
    assert_eq!(lab.task().await.expect("recorded").status, TaskStatus::NotStarted);
}

#[tokio::test(start_paused = true)]
async fn two_processes_never_have_one_job() {
    let lab = scheduled().await;
    lab.publish();
    let (one, two) = tokio::join!(lab.run_job(), lab.run_job());
    let busy =
        [&one, &two].iter().filter(|end| matches!(end, Err(ApprovalError::Busy { .. }))).count();
    assert_eq!(busy, 1);
    assert_eq!(lab.posts(CHANNEL, None).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_somebody_recorded_is_not_undone() {
    let lab = scheduled().await;
    let name: oar_release::Task = "change-advisory-status".parse().expect("a task");
    let update = oar_statebox::TaskUpdate::status(name, TaskStatus::Pass);
    let who = lab.context.who("test");
    lab.context.boxes.update_task(&release(), &update, &who).await.expect("written");
    assert_eq!(lab.run_job().await.expect("it ends").status, JobStatus::TimedOut);
    assert_eq!(lab.task().await.expect("recorded").status, TaskStatus::Pass);
}

#[tokio::test(start_paused = true)]
async fn spec05_case_12_the_log_goes_to_the_thread_where_there_is_one() {
    for has_thread in [true, false] {
        let mut lab = Lab::promoted().await;
        if has_thread {
            lab.thread();
        }
        lab.approve().await;
        lab.publish();
        assert_eq!(lab.run_job().await.expect("it ends").status, JobStatus::Done);
        let summary = lab.posts(CHANNEL, None);
        assert_eq!(summary.len(), 1, "{summary:?}");
        assert!(summary[0].contains("release approval is completed"), "{summary:?}");
        let log = lab.posts("forum-qe-example", Some("1.2"));
        assert_eq!(!log.is_empty(), has_thread);
        assert!(log.iter().all(|post| post.starts_with("```\n") && post.ends_with("\n```")));
        assert_eq!(lab.count("slack", "post"), summary.len() + log.len());
    }
}

/// Spec 05 §4.7: whatever a log is long, its thread gets no more than 12 posts: its start, its end, and
/// where the rest is.
#[tokio::test(start_paused = true)]
async fn a_long_log_is_at_most_12_posts_with_its_start_and_its_end() {
    let mut lab = Lab::promoted().await;
    lab.thread();
    lab.context.approval.interval = Duration::from_mins(3);
    lab.approve().await;
    assert_eq!(lab.run_job().await.expect("it ends").status, JobStatus::TimedOut);
    let log = lab.posts("forum-qe-example", Some("1.2"));
    assert!(log.len() <= 12, "{}", log.len());
    let notes: Vec<&String> = log.iter().filter(|post| !post.starts_with("```")).collect();
    let [note] = notes[..] else { panic!("{notes:?}") };
    assert!(note.contains("more posts are left out"), "{note}");
    assert!(log.iter().all(|post| post.chars().count() <= 3900));
    let first = log.first().expect("a post");
    assert!(first.contains("of 4.99.3 runs until 2026-03-12T10:00:00Z"), "its start: {first}");
    let last = log.last().expect("a post");
    assert!(last.contains("2026-03-12T10:00:00Z"), "its end: {last}");
}

#[tokio::test(start_paused = true)]
async fn r12_without_a_log_the_thread_gets_the_summary() {
    let mut lab = Lab::promoted().await;
    lab.thread();
    lab.approve().await;
    lab.silence();
    lab.publish();
    assert_eq!(lab.run_job().await.expect("it ends").status, JobStatus::Done);
    let thread = lab.posts("forum-qe-example", Some("1.2"));
    assert_eq!(thread.len(), 1);
    assert!(thread[0].starts_with("[4.99.3] release approval is completed"), "{thread:?}");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_the_statebox_did_not_take_is_kept_and_written_later() {
    let lab = scheduled().await;
    lab.publish();
    lab.state_is_down(5);
    let record = lab.run_job().await.expect("it ends");
    assert_eq!((record.status, record.recorded), (JobStatus::Done, false), "{record:?}");
    assert_eq!(lab.advisory(990_031), "REL_PREP", "a state store that is down stops nothing");
    assert_eq!(lab.task().await.expect("recorded").status, TaskStatus::InProgress);
    let listed = approvals::list(&lab.context, None).expect("a list");
    assert!(listed.jobs[0].silent, "somebody should look after it");
    let record = lab.run_job().await.expect("it ends");
    assert!(record.recorded);
    assert_eq!(lab.task().await.expect("recorded").status, TaskStatus::Pass);
    assert_eq!(lab.posts(CHANNEL, None).len(), 1, "told once");
}

#[tokio::test(start_paused = true)]
async fn an_end_is_tried_five_times_in_a_row() {
    let lab = scheduled().await;
    lab.publish();
    lab.state_is_down(4);
    assert!(lab.run_job().await.expect("it ends").recorded);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_does_the_work_of_a_killed_job_ends_it() {
    let lab = scheduled().await;
    lab.publish();
    let report = lab.approve().await;
    assert_eq!(report.facts["approval"]["outcome"], "approved", "{report:?}");
    assert_eq!(lab.record().status, JobStatus::Done);
    assert!(approvals::resume(&lab.context, None).await.expect("nothing").jobs.is_empty());
    assert_eq!(lab.task().await.expect("recorded").status, TaskStatus::Pass);
}

#[tokio::test(start_paused = true)]
async fn old_jobs_are_forgotten_and_live_ones_are_not() {
    let lab = scheduled().await;
    lab.publish();
    lab.run_job().await.expect("it ends");
    tokio::time::advance(Duration::from_hours(13 * 24)).await;
    approvals::resume(&lab.context, None).await.expect("nothing");
    assert_eq!(approvals::list(&lab.context, None).expect("a list").jobs.len(), 1);
    tokio::time::advance(Duration::from_hours(2 * 24)).await;
    approvals::resume(&lab.context, None).await.expect("nothing");
    assert_eq!(approvals::list(&lab.context, None).expect("a list").jobs.len(), 0);

    let lab = scheduled().await;
    tokio::time::advance(Duration::from_hours(40 * 24)).await;
    assert_eq!(approvals::resume(&lab.context, None).await.expect("resumed").jobs.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_written_is_not_written_twice() {
    let lab = scheduled().await;
    lab.publish();
    let mut record = lab.run_job().await.expect("it ends");
    let (commits, task) = (lab.commits(), lab.task().await.expect("recorded"));
    // Killed between the write and the note of it.
    record.recorded = false;
    lab.folder().save(&record).expect("saved");
    assert!(lab.run_job().await.expect("it ends").recorded);
    assert_eq!(lab.task().await.expect("recorded").result, task.result);
    assert_eq!((lab.commits(), lab.posts(CHANNEL, None).len()), (commits, 1));
}
