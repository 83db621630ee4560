//! The storage: what runs leave behind by themselves, and objects that a story puts there.

use std::collections::BTreeMap;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{Answer, Incoming};
use crate::world::World;

/// The bucket that everybody may read.
const PUBLIC: &str = "test-platform-results";
/// Names in one page of a list.
const PAGE: usize = 1000;

/// The objects of all buckets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Objects(BTreeMap<String, Object>);

/// One object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Object {
    /// Its bytes, base64.
    content: String,
    /// Whether it is kept compressed, as Prow does with texts of more than 1 KB.
    gzip: bool,
}

impl Objects {
    /// Puts an object at `path`, the bucket first.
    pub fn put(&mut self, path: &str, content: impl AsRef<[u8]>) {
        let object = Object { content: STANDARD.encode(content), gzip: false };
        self.0.insert(path.to_owned(), object);
    }

    /// The same, kept and sent compressed.
    pub fn put_gzip(&mut self, path: &str, content: impl AsRef<[u8]>) {
        self.put(path, content);
        if let Some(object) = self.0.get_mut(path) {
            object.gzip = true;
        }
    }

    fn get(&self, path: &str) -> Option<Answer> {
        let object = self.0.get(path)?;
        let bytes = STANDARD.decode(&object.content).unwrap_or_default();
        let answer =
            |body: Vec<u8>| Answer::text(200, "application/octet-stream", Bytes::from(body));
        if !object.gzip {
            return Some(answer(bytes));
        }
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(&bytes).ok()?;
        Some(answer(packer.finish().ok()?).with(header::CONTENT_ENCODING, "gzip"))
    }
}

/// Answers the storage's two interfaces: `/<bucket>/<object>` and the one for programs.
pub(crate) fn answer(world: &World, incoming: &Incoming<'_>) -> Answer {
    let path: Vec<&str> = incoming.path.iter().map(String::as_str).collect();
    let bucket = match path.as_slice() {
        ["download", "storage", "v1", "b", bucket, ..] | ["storage", "v1", "b", bucket, ..] => {
            *bucket
        }
        [bucket, ..] => bucket,
        [] => return gone(),
    };
    if bucket != PUBLIC && incoming.credential().is_none() {
        let message = "Anonymous caller does not have storage.objects access";
        return Answer::json(401, &json!({ "error": { "code": 401, "message": message } }));
    }
    match path.as_slice() {
        ["download", "storage", "v1", "b", _, "o", name] => object(world, bucket, name),
        ["storage", "v1", "b", _, "o"] => list(world, bucket, incoming),
        ["storage", "v1", "b", _, "o", name] => match object(world, bucket, name).status.as_u16() {
            200 => Answer::json(200, &json!({ "name": name, "bucket": bucket })),
            _ => gone(),
        },
        [_, name @ ..] => object(world, bucket, &name.join("/")),
        [] => gone(),
    }
}

fn gone() -> Answer {
    Answer::text(404, "application/xml", "<Error><Code>NoSuchKey</Code></Error>")
}

fn object(world: &World, bucket: &str, name: &str) -> Answer {
    if let Some(answer) = world.prow.objects.get(&format!("{bucket}/{name}")) {
        return answer;
    }
    let parts: Vec<&str> = name.split('/').collect();
    let left = match parts.as_slice() {
        ["logs", job, build, rest @ ..] if bucket == PUBLIC => {
            crate::prow::left_behind(world, job, build, rest)
        }
        _ => None,
    };
    left.map_or_else(gone, |content| {
        Answer::json(200, &content).with(header::CACHE_CONTROL, "no-cache")
    })
}

/// Only objects that a story put there: nobody lists what every run has.
fn list(world: &World, bucket: &str, incoming: &Incoming<'_>) -> Answer {
    let prefix = incoming.query("prefix").unwrap_or_default();
    let glob = incoming.query("matchGlob");
    let after = incoming.query("pageToken").unwrap_or_default();
    let names = world.prow.objects.0.keys().filter_map(|path| {
        path.strip_prefix(bucket)?.strip_prefix('/').filter(|name| name.starts_with(&prefix))
    });
    let fits = |name: &&str| glob.as_ref().is_none_or(|g| fits(g.as_bytes(), name.as_bytes()));
    let names: Vec<&str> = names.filter(fits).filter(|name| *name > after.as_str()).collect();
    let items: Vec<Value> = names.iter().take(PAGE).map(|name| json!({ "name": name })).collect();
    let mut answer = json!({ "kind": "storage#objects" });
    // An empty list has no key.
    if !items.is_empty() {
        answer["items"] = json!(items);
    }
    if names.len() > PAGE {
        answer["nextPageToken"] = json!(names[PAGE - 1]);
    }
    Answer::json(200, &answer)
}

/// `**` stands for anything, `*` for anything within a folder.
fn fits(glob: &[u8], name: &[u8]) -> bool {
    match glob {
        [] => name.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=name.len()).any(|at| fits(rest, &name[at..])),
        [b'*', rest @ ..] => {
            let within = name.iter().position(|byte| *byte == b'/').unwrap_or(name.len());
            (0..=within).any(|at| fits(rest, &name[at..]))
        }
        [byte, rest @ ..] => name.first() == Some(byte) && fits(rest, &name[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_in_its_folder_and_two_do_not() {
        let fits = |glob: &str, name: &str| fits(glob.as_bytes(), name.as_bytes());
        assert!(fits("a/**/b*.xml", "a/x/y/b1.xml"));
        assert!(!fits("a/*/b*.xml", "a/x/y/b1.xml"));
        assert!(fits("a/*/b*.xml", "a/x/b.xml"));
        assert!(!fits("a/**/b.xml", "a/x/b.xml.gz"));
    }
}
