//! Reads through every fault.

use oar_registry::{AuthFiles, Hosts, HttpRegistry, RegistryRead as _, Repository};
use oar_transport::testing::Step;
use oar_transport::testing::faults::{Subject, check_read};
use oar_transport::{HttpClient, Service};
use serde_json::json;

use crate::{IMAGE, REPOSITORY, image, manifest, scripted, tagged};

fn registry(http: &HttpClient) -> HttpRegistry {
    HttpRegistry::new(http, Hosts::default(), AuthFiles::none())
}

#[tokio::test(start_paused = true)]
async fn a_manifest_is_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let pulled = registry(&http).pull(&tagged()).await;
        pulled.map(drop).map_err(|error| error.class())
    };
    let subject = Subject::new(Service::Quay, manifest(&image(), IMAGE), call);
    check_read(&Subject { unreadable_attempts: 3, ..subject }).await;
}

#[tokio::test(start_paused = true)]
async fn trouble_with_a_digest_is_never_not_there() {
    for (step, asked) in [(Step::answer(503, ""), 3), (Step::Stall, 3), (Step::answer(403, ""), 1)]
    {
        let (script, registry) = scripted([step]);
        assert!(!registry.digest(&tagged()).await.unwrap_err().is_not_found());
        assert_eq!(script.seen().len(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn tags_are_read_through_every_fault() {
    let call = |http: HttpClient| async move {
        let repository: Repository = REPOSITORY.parse().expect("a repository");
        let tags = registry(&http).tags(&repository).await;
        tags.map(drop).map_err(|error| error.class())
    };
    let tags = Step::json(&json!({ "name": "x", "tags": ["a"] }));
    check_read(&Subject::new(Service::Quay, tags, call)).await;
}
