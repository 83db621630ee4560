//! Health of images: asked for together, each once, never healthy by accident.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use oar_images::grade::Grade;
use oar_images::health::{
    HealthQuestion, HealthVerdict, ShippedImage, builds_health, image_health,
};
use oar_images::pyxis::{HttpPyxis, PyxisRead as _};
use oar_registry::Digest;
use oar_transport::testing::{NOW, Script, Step, client};
use oar_transport::{HttpSend, Request, Response, SendError, pause};
use serde_json::{Value, json};
use tokio::time::Instant;

fn now() -> jiff::Timestamp {
    NOW.parse().expect("a time")
}

fn digest(number: usize) -> Digest {
    Digest::of(&number.to_be_bytes())
}

fn image(number: usize) -> ShippedImage {
    ShippedImage {
        name: format!("component-{number}"),
        pull_spec: format!("registry.example.com/x@{}", digest(number)),
        architecture: "amd64".to_owned(),
    }
}

fn question(images: impl IntoIterator<Item = usize>) -> HealthQuestion {
    HealthQuestion { images: images.into_iter().map(image).collect(), gaps: Vec::new() }
}

fn graded(grade: &str) -> Value {
    json!({ "data": [{
        "freshness_grades": [{ "grade": grade, "start_date": "2026-01-01T00:00:00Z" }],
        "_links": { "vulnerabilities": { "href": "/v1/images/id/1/vulnerabilities" } },
    }], "page": 0, "page_size": 100, "total": 1 })
}

fn none() -> Value {
    json!({ "data": [], "page": 0, "page_size": 100, "total": 0 })
}

/// A catalogue that knows the grades of some images and takes its time.
#[derive(Debug)]
struct Catalogue {
    grade: fn(&str) -> Result<Value, u16>,
    now: AtomicUsize,
    most: AtomicUsize,
    asked: Mutex<Vec<String>>,
}

impl Catalogue {
    fn new(grade: fn(&str) -> Result<Value, u16>) -> Arc<Self> {
        let (now, most, asked) = (AtomicUsize::new(0), AtomicUsize::new(0), Mutex::default());
        Arc::new(Self { grade, now, most, asked })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

#[async_trait]
impl HttpSend for Catalogue {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let url = request.uri().to_string();
        self.asked.lock().expect("not poisoned").push(url.clone());
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        pause::sleep(Duration::from_millis(100)).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        let (status, body) = match (self.grade)(&url) {
            Ok(body) => (StatusCode::OK, body.to_string()),
            Err(status) => (StatusCode::from_u16(status).expect("a status"), String::new()),
        };
        Ok(Response::full(status, HeaderMap::new(), body))
    }
}

fn is_about(url: &str, number: usize) -> bool {
    url.contains(digest(number).hex())
}

#[tokio::test(start_paused = true)]
async fn spec03_case_17_twenty_at_a_time_and_no_more() {
    let catalogue = Catalogue::new(|_| Ok(graded("A")));
    let pyxis = HttpPyxis::stage(&client(catalogue.clone()));
    let begun = Instant::now();
    let report = image_health(&pyxis, question(0..100), now()).await;
    assert_eq!(report.verdict(), HealthVerdict::Healthy);
    assert_eq!(begun.elapsed(), Duration::from_millis(500));
    assert_eq!(catalogue.most.load(Ordering::SeqCst), 20);
}

#[tokio::test(start_paused = true)]
async fn eight_hundred_and_fifty_eight_images_take_one_request_each() {
    // 39 of them are bad and cost a second request.
    let catalogue = Catalogue::new(|url| {
        let bad = (0..39).any(|number| is_about(url, number));
        Ok(if url.contains("vulnerabilities") {
            none()
        } else {
            graded(if bad { "F" } else { "B" })
        })
    });
    let pyxis = HttpPyxis::stage(&client(catalogue.clone()));
    let begun = Instant::now();
    let report = image_health(&pyxis, question(0..858), now()).await;
    assert_eq!((report.found, report.scanned, report.unhealthy.len()), (858, 858, 39));
    assert!(catalogue.asked().len() <= 902, "{}", catalogue.asked().len());
    assert!(begun.elapsed() <= Duration::from_millis(4900), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_digest_that_occurs_often_is_asked_for_once_and_counts_each_time() {
    let catalogue = Catalogue::new(|url| {
        Ok(if url.contains("vulnerabilities") { none() } else { graded("C") })
    });
    let pyxis = HttpPyxis::stage(&client(catalogue.clone()));
    let report = image_health(&pyxis, question([1, 1, 1]), now()).await;
    assert_eq!((report.found, report.scanned, report.unhealthy.len()), (3, 3, 3));
    assert_eq!(catalogue.asked().len(), 2, "{:?}", catalogue.asked());
    let base = "https://catalog.stage.redhat.com/api/containers";
    let filter = format!("filter=image_id%3D%3Dsha256%3A{}", digest(1).hex());
    assert_eq!(catalogue.asked()[0], format!("{base}/v1/images?{filter}&page_size=100&page=0"));
    assert_eq!(
        catalogue.asked()[1],
        format!("{base}/v1/images/id/1/vulnerabilities?page_size=100&page=0")
    );
}

#[tokio::test(start_paused = true)]
async fn spec03_case_16_one_bad_image_is_unhealthy() {
    let catalogue = Catalogue::new(|url| {
        let grade = ["A", "B", "F"].into_iter().enumerate();
        let grade = grade.into_iter().find(|(number, _)| is_about(url, *number));
        Ok(grade.map_or_else(none, |(_, grade)| graded(grade)))
    });
    let pyxis = HttpPyxis::stage(&client(catalogue));
    let report = image_health(&pyxis, question(0..3), now()).await;
    assert_eq!((report.scanned, report.unhealthy.len()), (3, 1));
    assert_eq!(report.unhealthy[0].grade, Grade::F);
    assert_eq!(report.verdict(), HealthVerdict::Unhealthy);
}

#[tokio::test(start_paused = true)]
async fn spec03_case_16_what_cannot_be_looked_up_is_undetermined_and_named() {
    let catalogue = Catalogue::new(|url| if is_about(url, 2) { Err(503) } else { Ok(graded("A")) });
    let pyxis = HttpPyxis::stage(&client(catalogue.clone()));
    let report = image_health(&pyxis, question(0..3), now()).await;
    assert_eq!((report.found, report.scanned), (3, 2));
    assert_eq!(report.verdict(), HealthVerdict::Undetermined);
    assert_eq!(report.unavailable[0].image.name, "component-2");
    assert!(report.unavailable[0].reason.contains("503"), "{:?}", report.unavailable);
    assert_eq!(catalogue.asked().len(), 5, "three tries for the one");
}

#[tokio::test(start_paused = true)]
async fn spec03_case_16_no_image_gaps_and_names_without_digest_are_undetermined() {
    let pyxis = HttpPyxis::stage(&client(Catalogue::new(|_| Ok(graded("A")))));
    let verdict = |question: HealthQuestion| {
        let pyxis = pyxis.clone();
        async move { image_health(&pyxis, question, now()).await.verdict() }
    };
    assert_eq!(verdict(HealthQuestion::default()).await, HealthVerdict::Undetermined);
    let gap = HealthQuestion { gaps: vec!["no advisory".to_owned()], ..question([1]) };
    assert_eq!(verdict(gap).await, HealthVerdict::Undetermined);
    for pull_spec in ["registry.example.com/x:tag", "registry.example.com/x@sha256:12", ""] {
        let mut question = question([1]);
        question.images.push(ShippedImage { pull_spec: pull_spec.to_owned(), ..image(2) });
        assert_eq!(verdict(question).await, HealthVerdict::Undetermined, "{pull_spec}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_that_the_catalogue_does_not_know_is_unhealthy() {
    let pyxis = HttpPyxis::stage(&client(Catalogue::new(|_| Ok(none()))));
    let report = image_health(&pyxis, question([1]), now()).await;
    assert_eq!((report.unknown(), report.verdict()), (1, HealthVerdict::Unhealthy));
}

#[tokio::test(start_paused = true)]
async fn missing_vulnerabilities_do_not_change_the_verdict() {
    let catalogue =
        Catalogue::new(
            |url| {
                if url.contains("vulnerabilities") { Err(500) } else { Ok(graded("D")) }
            },
        );
    let pyxis = HttpPyxis::stage(&client(catalogue));
    let report = image_health(&pyxis, question([1]), now()).await;
    assert_eq!(report.verdict(), HealthVerdict::Unhealthy);
    assert!(report.unhealthy[0].vulnerabilities_note.is_some());
}

fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, HttpPyxis) {
    let script = Script::new(steps);
    (script.clone(), HttpPyxis::stage(&client(Arc::new(script))))
}

#[tokio::test]
async fn the_worst_of_several_entries_counts() {
    let mut two = graded("A");
    two["data"].as_array_mut().unwrap().push(graded("E")["data"][0].clone());
    two["total"] = json!(2);
    let (_, pyxis) = scripted([Step::json(&two)]);
    assert_eq!(pyxis.image_grades(&digest(1)).await.unwrap().effective(now()), Grade::E);
    // Entries without grades are unknown, which is worse than any.
    two["data"][1]["freshness_grades"] = json!(null);
    let (_, pyxis) = scripted([Step::json(&two)]);
    assert_eq!(pyxis.image_grades(&digest(1)).await.unwrap().effective(now()), Grade::Unknown);
}

#[tokio::test]
async fn vulnerabilities_are_read_page_by_page_up_to_a_thousand() {
    let page = |total: usize, count: usize| {
        let one = json!({ "cve_id": "CVE-2026-1", "severity": "Low",
            "affected_packages": [{ "name": "x", "version": "1" }],
            "packages": [{ "srpm_nevra": ["x-2", "y-2"] }, { "srpm_nevra": "z-2" }, {}] });
        Step::json(&json!({ "data": vec![one; count], "total": total }))
    };
    let link =
        oar_images::pyxis::VulnerabilityLink::new("/v1/images/id/1/vulnerabilities").unwrap();
    let (script, pyxis) = scripted([page(150, 100), page(150, 50)]);
    let found = pyxis.vulnerabilities(&link).await.unwrap();
    assert_eq!((found.known.len(), found.cut), (150, false));
    assert_eq!(found.known[0].suggested, ["x-2", "y-2", "z-2"]);
    assert!(script.seen()[1].url.ends_with("page=1"));
    let (script, pyxis) = scripted([page(5000, 100)]);
    let found = pyxis.vulnerabilities(&link).await.unwrap();
    assert_eq!((found.known.len(), found.cut, script.seen().len()), (1000, true, 10));
    // R34: a total that is never reached.
    let (script, pyxis) = scripted([page(150, 0)]);
    assert!(pyxis.vulnerabilities(&link).await.is_err());
    assert_eq!(script.seen().len(), 1);
}

#[tokio::test]
async fn released_means_published_in_a_public_registry() {
    let answer = |repositories: Value| {
        Step::json(&json!({ "data": [{ "repositories": repositories }], "total": 1 }))
    };
    let in_registry = |registry: &str, published: Value| json!([{ "registry": registry, "repository": "a/b", "published": published }]);
    for (repositories, released) in [
        (in_registry("registry.redhat.io", json!(true)), 1),
        (in_registry("registry.access.redhat.com", json!(null)), 1),
        (in_registry("registry.redhat.io", json!(false)), 0),
        (in_registry("registry.stage.redhat.io", json!(true)), 0),
        (json!(null), 0),
    ] {
        let (_, pyxis) = scripted([answer(repositories)]);
        assert_eq!(pyxis.released(&digest(1)).await.unwrap().len(), released);
    }
    let (_, pyxis) = scripted([Step::json(&none())]);
    assert!(pyxis.released(&digest(1)).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn spec03_case_20_builds_of_an_advisory_are_graded_by_architecture() {
    let of = |arch: &str, grade: &str| {
        json!({ "architecture": arch,
            "freshness_grades": [{ "grade": grade, "start_date": "2026-01-01", "end_date": null }] })
    };
    let images = json!({ "data": [of("amd64", "A"), of("s390x", "F")], "total": 2 });
    let (script, pyxis) = scripted([Step::json(&images)]);
    let report = builds_health(&pyxis, &["x-container-v4.99-1".to_owned()], now()).await;
    assert_eq!((report.worst, report.verdict()), (Some(Grade::F), HealthVerdict::Unhealthy));
    assert_eq!(report.unhealthy.len(), 1);
    assert_eq!((report.unhealthy[0].arch.as_str(), report.unhealthy[0].grade), ("s390x", Grade::F));
    let asked = &script.seen()[0].url;
    assert!(asked.contains("/v1/images/nvr/x-container-v4.99-1?include="), "{asked}");

    // One that cannot be looked up leaves the others their grades.
    let good = json!({ "data": [of("amd64", "A")], "total": 1 });
    let (_, pyxis) = scripted([Step::json(&good), Step::json(&none())]);
    let nvrs = ["a-1-1".to_owned(), "b-1-1".to_owned()];
    let report = builds_health(&pyxis, &nvrs, now()).await;
    assert_eq!((report.worst, report.unavailable.len()), (Some(Grade::A), 1));
    assert_eq!(report.verdict(), HealthVerdict::Undetermined);
    let empty = builds_health(&pyxis, &[], now()).await;
    assert_eq!(empty.verdict(), HealthVerdict::Undetermined);
}

#[tokio::test]
async fn digests_of_another_kind_are_not_asked_for() {
    let (script, pyxis) = scripted([Step::json(&none())]);
    let sha512: Digest = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
    assert!(pyxis.image_grades(&sha512).await.is_err());
    assert!(script.seen().is_empty());
}

#[test]
fn every_operation_only_reads() {
    let names: BTreeSet<&str> = oar_images::OPERATIONS.iter().map(|o| o.name).collect();
    assert_eq!(names.len(), oar_images::OPERATIONS.len());
    assert!(oar_images::OPERATIONS.iter().all(|o| o.probe.is_none() && o.is_accounted_for()));
}
