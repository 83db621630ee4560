//! The shipment of the invented Konflux release.

use std::collections::BTreeMap;

use super::{Bridge, Commit, GitLab, MergeRequest, Pipeline, Project, User};

/// The project of shipment files.
pub const SHIPMENT_DATA: &str = "invented/ocp-shipment-data";
/// The merge request of `4.99.3` in it.
pub const SHIPMENT_MR: u64 = 337;
/// The bot's fork of it.
pub const FORK: &str = "oar-bot/ocp-shipment-data";
/// The project of advisory files.
pub const ADVISORIES: &str = "invented/advisories";

const IMAGE: &str = include_str!("../seed/4.99.3.image.yaml");
const FBC: &str = include_str!("../seed/4.99.3.fbc.yaml");
const ADVISORY: &str = include_str!("../seed/advisory-1555.yaml");
const IMAGE_PATH: &str =
    "shipment/ocp/openshift-4.99/openshift-4-99/prod/4.99.3.image.20260301083000.yaml";
const FBC_PATH: &str =
    "shipment/ocp/openshift-4.99/fbc-openshift-4-99/prod/4.99.3.fbc.20260301083000.yaml";

fn files(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// GitLab as the invented world begins: the shipment of `4.99.3` is open, released to stage and not
/// approved; that of `4.99.2` is merged.
pub fn seeded() -> GitLab {
    let mut gitlab = GitLab { me: 1, last_id: 9000, ..GitLab::default() };
    for (id, username, shows_email) in
        [(1, "oar-bot", false), (2, "lead", true), (3, "art-bot", false)]
    {
        let email = format!("{username}@example.com");
        let (username, state) = (username.to_owned(), "active".to_owned());
        gitlab.users.insert(id, User { username, email, shows_email, state });
    }
    let readme = [("README.md", "Shipments.\n"), ("config.yaml", "version: 1\n")];
    let mut main = files(&readme);
    let start = add(&mut gitlab, main.clone(), None, "Start");
    main.insert(
        "shipment/ocp/openshift-4.99/openshift-4-99/prod/4.99.2.image.20260214083000.yaml"
            .to_owned(),
        IMAGE.replace("4.99.3", "4.99.2"),
    );
    let main = add(&mut gitlab, main, Some(&start), "Merge Shipment for 4.99.2");
    let mut prepared = files(&[(IMAGE_PATH, IMAGE), (FBC_PATH, FBC)]);
    prepared
        .extend(gitlab.commits.get(&main).map(|commit| commit.files.clone()).unwrap_or_default());
    let head = add(&mut gitlab, prepared, Some(&main), "Prepare shipment for 4.99.3");
    let branch = "prepare-shipment-4.99.3-20260301083000";
    let project = |path: &str, forked_from, branches: &[(&str, &String)]| Project {
        path: path.to_owned(),
        forked_from,
        branches: branches.iter().map(|(name, at)| ((*name).to_owned(), (*at).clone())).collect(),
    };
    let data = project(SHIPMENT_DATA, None, &[("main", &main), (branch, &head)]);
    gitlab.projects.insert(10, data);
    gitlab.projects.insert(20, project(FORK, Some(10), &[("main", &main)]));
    let advisory = "data/advisories/ocp-art-tenant/2026/1555/advisory.yaml";
    let advisories = add(&mut gitlab, files(&[(advisory, ADVISORY)]), None, "Advisories");
    gitlab.projects.insert(40, project(ADVISORIES, None, &[("main", &advisories)]));
    gitlab.pipelines.insert(7001, pipeline(&head));
    let shipment = MergeRequest {
        iid: SHIPMENT_MR,
        project: 10,
        source_project: 10,
        source_branch: branch.to_owned(),
        target_branch: "main".to_owned(),
        base: main.clone(),
        title: "Shipment for 4.99.3 (ship date: 2026-Mar-10)".to_owned(),
        author: 3,
        state: "opened".to_owned(),
        labels: ["stage-release-success".to_owned()].into(),
        merge_status: "not_approved".to_owned(),
        pipelines: vec![7001],
        ..MergeRequest::default()
    };
    let past = MergeRequest {
        iid: 301,
        source_branch: "prepare-shipment-4.99.2-20260214083000".to_owned(),
        base: start,
        final_head: Some(main),
        title: "Shipment for 4.99.2 (ship date: 2026-Feb-24)".to_owned(),
        state: "merged".to_owned(),
        labels: ["stage-release-success", "prod-release-success"].map(str::to_owned).into(),
        pipelines: Vec::new(),
        ..shipment.clone()
    };
    gitlab.merge_requests = vec![past, shipment];
    gitlab
}

fn add(
    gitlab: &mut GitLab,
    files: BTreeMap<String, String>,
    parent: Option<&String>,
    message: &str,
) -> String {
    gitlab.add_commit(Commit { files, parent: parent.cloned(), message: message.to_owned() })
}

/// Stage release done, production release waiting for a person.
fn pipeline(head: &str) -> Pipeline {
    let bridge = |id: u64, name: &str, stage: &str, done: bool| Bridge {
        id,
        name: name.to_owned(),
        stage: stage.to_owned(),
        status: if done { "success" } else { "manual" }.to_owned(),
        downstream: done.then(|| "success".to_owned()),
    };
    let (stage, prod) = ("stage-release-triggers", "prod-release-triggers");
    Pipeline {
        project: 10,
        sha: head.to_owned(),
        status: "manual".to_owned(),
        created_at: "2026-03-01T08:35:00.000Z".to_owned(),
        bridges: vec![
            bridge(1, "image", stage, true),
            bridge(2, "fbc", stage, true),
            bridge(3, "image", prod, false),
            bridge(4, "fbc", prod, false),
        ],
    }
}
