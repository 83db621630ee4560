//! A GitHub with a few files, as far as the contents API goes, and helpers around it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use oar_github::{GitHubRepo, HttpGitHub};
use oar_state_repo::{
    Actor, Change, Commit, CommitMessage, Expected, FileVersion, RepoPath, blob_id,
};
use oar_transport::real::{NetworkSettings, ReqwestSend};
use oar_transport::testing::{Script, Step, client, client_at, endpoints_at};
use oar_transport::{HttpClient, Secret, Service};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

pub(crate) const TOKEN: &str = "canary-github-token";
pub(crate) const FILE: &str = "_releases/4.98/statebox/4.98.1.yaml";

/// What happens to the next PUT instead of the usual.
#[derive(Debug, Clone)]
pub(crate) enum Mishap {
    /// Refused with this status.
    Answer(u16),
    /// Stored, and answered with 502 all the same.
    StoredButLost,
    /// Somebody else writes the file first.
    Overtaken(&'static str),
}

#[derive(Debug, Default)]
struct World {
    files: BTreeMap<String, Vec<u8>>,
    mishaps: VecDeque<Mishap>,
    commits: Vec<String>,
}

/// The model behind the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fake(Arc<Mutex<World>>);

impl Fake {
    pub(crate) async fn start(files: &[(&str, &str)]) -> (Self, MockServer) {
        let fake = Self::default();
        for (path, text) in files {
            fake.0.lock().unwrap().files.insert((*path).to_owned(), text.as_bytes().to_vec());
        }
        let server = MockServer::start().await;
        Mock::given(wiremock::matchers::any()).respond_with(fake.clone()).mount(&server).await;
        (fake, server)
    }

    pub(crate) fn mishap(&self, mishap: Mishap) {
        self.0.lock().unwrap().mishaps.push_back(mishap);
    }

    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let content = self.0.lock().unwrap().files.get(path).cloned()?;
        Some(String::from_utf8(content).unwrap())
    }

    pub(crate) fn commits(&self) -> Vec<String> {
        self.0.lock().unwrap().commits.clone()
    }
}

impl Respond for Fake {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut world = self.0.lock().unwrap();
        let path = request.url.path().to_owned();
        let Some(file) = path.strip_prefix("/repos/o/r/contents/") else {
            return match path.as_str() {
                "/repos/o/r/git/ref/heads/z-stream" => ResponseTemplate::new(200).set_body_json(
                    json!({ "ref": "refs/heads/z-stream", "object": { "sha": "h" } }),
                ),
                _ => ResponseTemplate::new(404).set_body_json(json!({ "message": "Not Found" })),
            };
        };
        match request.method {
            Method::GET => world.get(file),
            Method::PUT => world.put(file, &request.body_json().unwrap()),
            _ => ResponseTemplate::new(405),
        }
    }
}

impl World {
    fn get(&self, file: &str) -> ResponseTemplate {
        match self.files.get(file) {
            Some(content) => ResponseTemplate::new(200).set_body_json(contents(content)),
            None => ResponseTemplate::new(404).set_body_json(json!({ "message": "Not Found" })),
        }
    }

    fn put(&mut self, file: &str, body: &Value) -> ResponseTemplate {
        let mishap = self.mishaps.pop_front();
        match mishap {
            Some(Mishap::Answer(status)) => return ResponseTemplate::new(status),
            Some(Mishap::Overtaken(text)) => {
                self.files.insert(file.to_owned(), text.as_bytes().to_vec());
            }
            _ => {}
        }
        assert_eq!(body["branch"], "z-stream");
        let found = self.files.get(file).map(|content| blob_id(content).0);
        match (body["sha"].as_str(), found) {
            (None, Some(_)) => {
                let message = "Invalid request.\n\n\"sha\" wasn't supplied.";
                return ResponseTemplate::new(422).set_body_json(json!({ "message": message }));
            }
            (Some(given), found) if found.as_deref() != Some(given) => {
                let message = format!("{file} does not match {given}");
                return ResponseTemplate::new(409).set_body_json(json!({ "message": message }));
            }
            _ => {}
        }
        let content = STANDARD.decode(body["content"].as_str().unwrap()).unwrap();
        let sha = blob_id(&content).0;
        self.files.insert(file.to_owned(), content);
        self.commits.push(body["message"].as_str().unwrap().to_owned());
        if matches!(mishap, Some(Mishap::StoredButLost)) {
            return ResponseTemplate::new(502).set_body_string("<html>Bad gateway</html>");
        }
        ResponseTemplate::new(200)
            .set_body_json(json!({ "content": { "sha": sha }, "commit": { "sha": "c" } }))
    }
}

/// A file as the contents API shows it: base64 with line breaks.
pub(crate) fn contents(content: &[u8]) -> Value {
    let text = STANDARD.encode(content);
    let lines: Vec<&str> = text.as_bytes().chunks(60).map(|l| str::from_utf8(l).unwrap()).collect();
    json!({
        "type": "file", "encoding": "base64", "size": content.len(),
        "content": format!("{}\n", lines.join("\n")), "sha": blob_id(content).0,
    })
}

/// The repository on the other side of `http`.
pub(crate) fn repo_over(http: &HttpClient) -> GitHubRepo {
    let github = HttpGitHub::new(http, Secret::new(TOKEN).into());
    GitHubRepo::new(github, "o/r".parse().unwrap(), "z-stream")
}

/// The repository at a loopback server.
pub(crate) fn repo_at(server: &MockServer) -> GitHubRepo {
    let network = Arc::new(ReqwestSend::new(NetworkSettings::default()));
    repo_over(&client_at(network, endpoints_at(Service::GithubApi, &server.uri())))
}

/// The repository over a scripted network; use it with paused time.
pub(crate) fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, GitHubRepo) {
    let script = Script::new(steps);
    let repo = repo_over(&client(Arc::new(script.clone())));
    (script, repo)
}

/// The verbs and paths of all requests so far.
pub(crate) async fn requests(server: &MockServer) -> Vec<String> {
    let seen = server.received_requests().await.unwrap();
    seen.iter().map(|request| format!("{} {}", request.method, request.url.path())).collect()
}

pub(crate) fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

pub(crate) fn message(subject: &str) -> CommitMessage {
    CommitMessage {
        subject: subject.to_owned(),
        actor: Actor::Person("lead".to_owned()),
        command: "test".to_owned(),
        intent: None,
    }
}

/// A commit of one file.
pub(crate) fn save(content: &str, expected: Expected) -> Commit {
    let change = Change { path: path(FILE), content: Some(content.into()), expected };
    Commit { message: message("Save"), changes: vec![change] }
}

/// What a save of a file with this content expects.
pub(crate) fn holding(content: &str) -> Expected {
    Expected::Version(version(content))
}

pub(crate) fn version(content: &str) -> FileVersion {
    blob_id(content.as_bytes())
}
