//! Health of 858 images, 39 of them bad, at 100 ms per answer: `cargo bench -p oar-images`.
#![expect(clippy::print_stdout, reason = "a benchmark's output is its figures")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use oar_images::health::{HealthQuestion, ShippedImage, image_health};
use oar_images::pyxis::HttpPyxis;
use oar_registry::Digest;
use oar_transport::testing::{NOW, client};
use oar_transport::{HttpSend, Request, Response, SendError, pause};

const IMAGES: usize = 858;
const BAD: usize = 39;

/// A catalogue in process whose answers are as long as real ones.
#[derive(Debug)]
struct Catalogue {
    bad: Vec<String>,
    padding: String,
    asked: AtomicUsize,
}

#[async_trait]
impl HttpSend for Catalogue {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        pause::sleep(Duration::from_millis(100)).await;
        let url = request.uri().to_string();
        let grade = if self.bad.iter().any(|digest| url.contains(digest)) { "F" } else { "A" };
        let body = if url.contains("vulnerabilities") {
            r#"{"data": [], "total": 0}"#.to_owned()
        } else {
            let padding = &self.padding;
            format!(
                r#"{{"data": [{{"freshness_grades": [{{"grade": "{grade}", "start_date": "2026-01-01T00:00:00Z"}}],
                "parsed_data": "{padding}", "_links": {{"vulnerabilities": {{"href": "/v1/images/id/1/vulnerabilities"}}}}}}], "total": 1}}"#
            )
        };
        Ok(Response::full(StatusCode::OK, HeaderMap::new(), body))
    }
}

fn digest(number: usize) -> Digest {
    Digest::of(&number.to_be_bytes())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let image = |number: usize| ShippedImage {
        name: format!("component-{number}"),
        pull_spec: format!("registry.example.com/x@{}", digest(number)),
        architecture: "amd64".to_owned(),
    };
    let mut walls = Vec::new();
    let mut requests = 0;
    for _ in 0..3 {
        let bad = (0..BAD).map(|number| digest(number).hex().to_owned()).collect();
        let (padding, asked) = ("x".repeat(6_500), AtomicUsize::new(0));
        let catalogue = Arc::new(Catalogue { bad, padding, asked });
        let pyxis = HttpPyxis::stage(&client(catalogue.clone()));
        let question = HealthQuestion { images: (0..IMAGES).map(image).collect(), gaps: vec![] };
        let begun = Instant::now();
        let report = image_health(&pyxis, question, NOW.parse().expect("a time")).await;
        walls.push(begun.elapsed());
        requests = catalogue.asked.load(Ordering::Relaxed);
        assert_eq!((report.scanned, report.unhealthy.len()), (IMAGES, BAD));
    }
    walls.sort_unstable();
    println!("image health, {IMAGES} images, 100 ms: {:.2} s (goal 4.9 s)", walls[1].as_secs_f64());
    println!("requests: {requests} (goal 902)");
}
