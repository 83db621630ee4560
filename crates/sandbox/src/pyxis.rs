//! The container catalogue: staging and production views by digest, the internal one by build.

use std::collections::BTreeMap;

use http::{Method, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// Entries of a page at most.
const LARGEST_PAGE: usize = 100;

/// All of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Pyxis {
    /// Images by manifest digest (`sha256:...`).
    pub images: BTreeMap<String, CatalogImage>,
    /// Images of builds: name-version-release to architecture and grade.
    pub builds: BTreeMap<String, Vec<(String, String)>>,
}

/// An image of the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CatalogImage {
    /// Its number.
    pub id: String,
    /// Its architecture.
    pub architecture: String,
    /// Grades: letter, start, end.
    pub grades: Vec<(String, String, Option<String>)>,
    /// Vulnerabilities as the catalogue words them.
    pub vulnerabilities: Vec<Value>,
    /// Released repositories: registry, repository.
    pub released: Vec<(String, String)>,
}

impl CatalogImage {
    fn object(&self) -> Value {
        let grades = self.grades.iter().map(
            |(grade, start, end)| json!({ "grade": grade, "start_date": start, "end_date": end }),
        );
        let released = self.released.iter().map(|(registry, repository)| {
            json!({ "registry": registry, "repository": repository, "published": true })
        });
        json!({
            "_id": self.id, "architecture": self.architecture,
            "freshness_grades": grades.collect::<Vec<_>>(),
            "repositories": released.collect::<Vec<_>>(),
            "_links": { "vulnerabilities": { "href": format!("/v1/images/id/{}/vulnerabilities", self.id) } },
        })
    }
}

/// The catalogue as the invented world begins: it has graded the images of the advisory of 4.99.3,
/// and the builds of 4.98.17's advisories.
pub fn seeded() -> Pyxis {
    const ADVISORY: &str = include_str!("seed/advisory-1555.yaml");
    let mut images = BTreeMap::new();
    let mut digest = None;
    for line in ADVISORY.lines() {
        if let Some((_, found)) =
            line.split_once("containerImage: ").and_then(|(_, i)| i.split_once('@'))
        {
            digest = Some(found.to_owned());
        }
        if let Some((_, architecture)) = line.split_once("architecture: ")
            && let Some(digest) = digest.take()
        {
            let number = images.len() + 1;
            let grade = if number % 2 == 0 { "B" } else { "A" };
            let image = CatalogImage {
                id: format!("{number:024}"),
                architecture: architecture.to_owned(),
                grades: vec![(grade.to_owned(), "2026-02-20T00:00:00+00:00".to_owned(), None)],
                ..CatalogImage::default()
            };
            images.insert(digest, image);
        }
    }
    Pyxis { images, builds: BTreeMap::new() }
}

impl Pyxis {
    /// Gives the image with `digest` a grade that holds from `start` on.
    pub fn grade(&mut self, digest: &str, grade: &str, start: &str) {
        let number = self.images.len() + 1;
        let image = self.images.entry(digest.to_owned()).or_insert_with(|| CatalogImage {
            id: format!("{number:024}"),
            architecture: "amd64".to_owned(),
            ..CatalogImage::default()
        });
        image.grades = vec![(grade.to_owned(), start.to_owned(), None)];
    }
}

/// Answers the views by digest, below `/api/containers` on the public hosts.
pub(crate) fn answer(world: &World, incoming: &Incoming<'_>) -> Answer {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    if incoming.method != Method::GET {
        return problem(405, "Method Not Allowed");
    }
    match path.as_slice() {
        ["api", "containers", "v1", "images"] => {
            let filter = incoming.query("filter").unwrap_or_default();
            let Some(digest) = filter.strip_prefix("image_id==") else {
                return problem(400, "Invalid filter");
            };
            let found = world.pyxis.images.get(digest).map(CatalogImage::object);
            page(&found.into_iter().collect::<Vec<_>>(), incoming)
        }
        ["api", "containers", "v1", "images", "id", id, "vulnerabilities"] => {
            match world.pyxis.images.values().find(|image| image.id == *id) {
                Some(image) => page(&image.vulnerabilities, incoming),
                None => problem(404, "Not Found"),
            }
        }
        ["api", "containers", "v1", "images", "nvr", nvr] => builds(world, incoming, nvr),
        _ => problem(404, "Not Found"),
    }
}

/// Answers the internal view, which wants a Kerberos ticket.
pub(crate) fn answer_internal(world: &World, incoming: &Incoming<'_>) -> Answer {
    let ticket = incoming.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    if !ticket.is_some_and(|value| value.starts_with("Negotiate ")) {
        return problem(401, "Unauthorized").with(header::WWW_AUTHENTICATE, "Negotiate");
    }
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["v1", "images", "nvr", nvr] if incoming.method == Method::GET => {
            builds(world, incoming, nvr)
        }
        _ => problem(404, "Not Found"),
    }
}

fn builds(world: &World, incoming: &Incoming<'_>, nvr: &str) -> Answer {
    let images = world.pyxis.builds.get(nvr).into_iter().flatten();
    let images: Vec<Value> = images
        .map(|(architecture, grade)| {
            json!({ "architecture": architecture, "freshness_grades": [
                { "grade": grade, "start_date": "2026-02-20T00:00:00+00:00", "end_date": null }] })
        })
        .collect();
    page(&images, incoming)
}

fn page(entries: &[Value], incoming: &Incoming<'_>) -> Answer {
    let number = |name: &str, usual: usize| {
        incoming.query(name).and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let (size, at) = (number("page_size", LARGEST_PAGE).clamp(1, LARGEST_PAGE), number("page", 0));
    let data: Vec<&Value> = entries.iter().skip(size.saturating_mul(at)).take(size).collect();
    Answer::json(
        200,
        &json!({ "data": data, "page": at, "page_size": size, "total": entries.len() }),
    )
}

fn problem(status: u16, title: &str) -> Answer {
    Answer::json(status, &json!({ "status": status, "title": title, "type": "about:blank" }))
}
