//! The release detector: announced against shipped (spec 01 §9).

use std::sync::Arc;

use oar_operators::commands::release_detector::{self, Streams};
use oar_prow_jobs::{MockReleaseController, ReleaseControllerError};
use oar_release::{ReleaseVersion, YStream};

use crate::desk::Desk;

fn stream() -> YStream {
    "4.99".parse().expect("a stream")
}

fn announced(stable: Result<Option<ReleaseVersion>, ReleaseControllerError>) -> Desk {
    let mut desk = Desk::new();
    desk.repo
        .put("_releases/4.99/4.99.z.yaml", "releases:\n  4.99.3:\n    release_date: 2026-Mar-15\n");
    let stable = std::sync::Mutex::new(Some(stable));
    let mut controller = MockReleaseController::new();
    controller.expect_latest_stable().returning(move |asked| {
        assert_eq!(asked, stream());
        let mut stable = stable.lock().expect("one caller");
        match stable.take() {
            Some(Ok(answer)) => {
                *stable = Some(Ok(answer.clone()));
                Ok(answer)
            }
            Some(Err(error)) => Err(error),
            None => Ok(None),
        }
    });
    desk.context.releases = Arc::new(controller);
    desk
}

fn version(text: &str) -> ReleaseVersion {
    text.parse().expect("a release")
}

#[tokio::test(start_paused = true)]
async fn spec01_case_39_a_new_release_is_created_once() {
    let desk = announced(Ok(Some(version("4.99.2"))));
    for created in [1, 0] {
        let detected = release_detector::run(&desk.context, Streams::One(stream())).await;
        let detected = detected.expect("a pass");
        assert!(detected.is_sound());
        assert_eq!(detected.streams[0].created.len(), created);
    }
    assert_eq!((desk.repo.commits().len(), desk.posted().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn spec01_case_39_without_a_stable_release_everything_announced_is_new() {
    let desk = announced(Ok(None));
    let detected = release_detector::run(&desk.context, Streams::All).await.expect("a pass");
    assert_eq!(detected.streams[0].created.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn spec01_case_39_an_announcement_behind_the_stable_release_is_a_warning() {
    let desk = announced(Ok(Some(version("4.99.10"))));
    let detected = release_detector::run(&desk.context, Streams::All).await.expect("a pass");
    assert!(detected.is_sound());
    assert_eq!(detected.streams[0].warnings.len(), 1);
    assert_eq!(desk.repo.commits().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn spec01_case_39_an_unreadable_answer_is_no_sound_pass() {
    let wrong =
        ReleaseControllerError::OtherStream { asked: stream(), answered: "4.9.1".to_owned() };
    let desk = announced(Err(wrong));
    let detected = release_detector::run(&desk.context, Streams::All).await.expect("a pass");
    assert!(!detected.is_sound());
    assert_eq!(desk.repo.commits().len(), 0);
}

/// R37: one bad file never ends the pass over the others.
#[tokio::test(start_paused = true)]
async fn r37_a_broken_tracking_file_is_told_and_the_other_streams_are_looked_at() {
    let desk = announced(Ok(Some(version("4.99.2"))));
    desk.repo.put("_releases/4.98/4.98.z.yaml", "releases: [\n");
    let detected = release_detector::run(&desk.context, Streams::All).await.expect("a pass");
    assert_eq!(desk.repo.commits().len(), 1, "4.99.3 is created all the same");
    let broken = detected.streams.iter().find(|stream| stream.stream.to_string() == "4.98");
    let told = &broken.expect("the stream is named").errors;
    assert!(told[0].contains("4.98.z.yaml"), "{told:?}");
    assert!(!detected.is_sound());
}
