//! The queue, and where a triggered job has got to (spec 05 §6.3, §6.4).

use std::str::FromStr;

use oar_release::version::VersionError;

use crate::build::Build;
use crate::order::JenkinsJob;

/// An item of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueItem {
    /// Its id.
    pub id: u64,
    /// Where it has got to.
    pub state: QueueState,
}

/// Where an item of the queue has got to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueState {
    /// It waits.
    Waiting {
        /// What for, in Jenkins' words.
        why: Option<String>,
    },
    /// It left the queue and builds.
    Building {
        /// The build's number.
        number: u64,
        /// The build's page.
        url: String,
    },
    /// Somebody took it out.
    Cancelled,
}

/// A triggered job, as far as it has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The job.
    pub job: JenkinsJob,
    /// Its item in the queue, where it is known.
    pub queue_id: Option<u64>,
    /// Its build, once it has left the queue.
    pub number: Option<u64>,
    /// The page to look at: the build's, until then the queue item's.
    pub url: String,
    /// What it waits for, in Jenkins' words.
    pub why: Option<String>,
    /// Whether it was there already and was not triggered by this call.
    pub adopted: bool,
}

/// What Jenkins had of one order when it was looked at: whoever triggers shows that he looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub(crate) job: JenkinsJob,
    pub(crate) payload: String,
    pub(crate) queued: Vec<Pending>,
    pub(crate) builds: Vec<Build>,
}

impl Look {
    /// The item or running build that is about the order's payload: adopt it instead of triggering
    /// another one. Items and builds of other releases do not block.
    pub fn pending(&self) -> Option<Pending> {
        let running = self.builds.iter().find(|build| build.running).map(pending_build);
        running.or_else(|| self.queued.first().cloned())
    }

    /// The newest build that is about the order's payload, ended or not.
    pub fn newest(&self) -> Option<&Build> {
        self.builds.iter().max_by_key(|build| build.number)
    }

    /// What is here about the payload and was not there in `before`: the effect of a trigger whose
    /// answer was lost.
    pub(crate) fn since(&self, before: &Self) -> Option<Pending> {
        let new_build = |build: &&Build| {
            let number = |known: &Build| known.number == build.number;
            let came_from_queue = |known: &Pending| known.queue_id == build.queue_id;
            !before.builds.iter().any(number)
                && (build.queue_id.is_none() || !before.queued.iter().any(came_from_queue))
        };
        let built = self.builds.iter().find(new_build).map(pending_build);
        built.or_else(|| {
            let new =
                |item: &&Pending| !before.queued.iter().any(|old| old.queue_id == item.queue_id);
            self.queued.iter().find(new).cloned()
        })
    }

    /// The build that came from queue item `queue_id`.
    pub(crate) fn of_item(&self, queue_id: u64) -> Option<&Build> {
        self.builds.iter().find(|build| build.queue_id == Some(queue_id))
    }
}

fn pending_build(build: &Build) -> Pending {
    Pending {
        job: build.job,
        queue_id: build.queue_id,
        number: Some(build.number),
        url: build.url.clone(),
        why: None,
        adopted: true,
    }
}

/// A place in Jenkins as state files hold it (spec 01 §12.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobAddress {
    /// A build: the page, or the bare number.
    Build(u64),
    /// An item of the queue, which must be asked for its build.
    QueueItem(u64),
}

impl FromStr for JobAddress {
    type Err = VersionError;

    /// Reads `.../job/<name>/<number>/`, `.../queue/item/<id>/api/json` and a bare build number.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        address(text.trim()).ok_or_else(|| VersionError {
            text: text.to_owned(),
            expected: "a build number, or the address of a Jenkins build or queue item",
        })
    }
}

fn address(text: &str) -> Option<JobAddress> {
    if let Some(number) = positive(text) {
        return Some(JobAddress::Build(number));
    }
    if let Some(id) = queue_id(text) {
        return Some(JobAddress::QueueItem(id));
    }
    let (_, path) = text.split_once("/job/")?;
    let path = path.split(['?', '#']).next()?.trim_end_matches('/');
    let (levels, number) = path.rsplit_once('/')?;
    // A folder or job may have a number for a name; a build comes after a job.
    let after_job = levels.split('/').count() % 2 == 1;
    if !after_job {
        return None;
    }
    positive(number).map(JobAddress::Build)
}

/// The id in the address of a queue item.
pub(crate) fn queue_id(address: &str) -> Option<u64> {
    let (_, rest) = address.rsplit_once("queue/item/")?;
    positive(rest.split('/').next()?)
}

fn positive(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok().filter(|number| *number > 0) } else { None }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1673", Some(JobAddress::Build(1673)))]
    #[case(
        "https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/1673/",
        Some(JobAddress::Build(1673))
    )]
    #[case(
        "https://jenkins.example.com/ci/job/image-consistency-check/12?x",
        Some(JobAddress::Build(12))
    )]
    #[case("https://jenkins.example.com/queue/item/77/api/json", Some(JobAddress::QueueItem(77)))]
    #[case("https://jenkins.example.com/queue/item/77/", Some(JobAddress::QueueItem(77)))]
    #[case("https://jenkins.example.com/job/zstreams/job/Stage-Pipeline/", None)]
    #[case("https://jenkins.example.com/job/zstreams/job/12", None)]
    #[case("0", None)]
    #[case("-3", None)]
    #[case("", None)]
    fn addresses_of_state_files_are_read(#[case] text: &str, #[case] expected: Option<JobAddress>) {
        assert_eq!(text.parse::<JobAddress>().ok(), expected);
    }

    fn item(id: u64) -> Pending {
        Pending {
            job: JenkinsJob::StagePipeline,
            queue_id: Some(id),
            number: None,
            url: String::new(),
            why: None,
            adopted: true,
        }
    }

    fn build(number: u64, queue_id: u64, running: bool) -> Build {
        Build {
            job: JenkinsJob::StagePipeline,
            number,
            url: String::new(),
            queue_id: Some(queue_id),
            running,
            result: None,
            duration: Duration::ZERO,
            payload: None,
        }
    }

    fn look(queued: &[u64], builds: &[(u64, u64, bool)]) -> Look {
        Look {
            job: JenkinsJob::StagePipeline,
            payload: "p".to_owned(),
            queued: queued.iter().copied().map(item).collect(),
            builds: builds.iter().map(|(n, q, running)| build(*n, *q, *running)).collect(),
        }
    }

    #[test]
    fn what_runs_is_pending_what_ended_is_not() {
        assert_eq!(look(&[], &[(7, 1, false)]).pending(), None);
        assert_eq!(look(&[9], &[(7, 1, false)]).pending().unwrap().queue_id, Some(9));
        assert_eq!(look(&[9], &[(7, 1, true)]).pending().unwrap().number, Some(7));
    }

    #[test]
    fn only_what_is_new_is_the_effect_of_a_lost_trigger() {
        let before = look(&[9], &[(7, 1, false)]);
        assert_eq!(before.since(&before), None);
        // The old item became a build: not ours.
        assert_eq!(look(&[], &[(8, 9, true), (7, 1, false)]).since(&before), None);
        assert_eq!(look(&[9, 10], &[(7, 1, false)]).since(&before).unwrap().queue_id, Some(10));
        // Ours built and ended while nobody looked.
        let after = look(&[9], &[(8, 10, false), (7, 1, false)]);
        assert_eq!(after.since(&before).unwrap().number, Some(8));
    }
}
