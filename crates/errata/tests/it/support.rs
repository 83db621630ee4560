//! Clients over a script or over the model of the world.

use std::sync::Arc;

use oar_errata::{AdvisoryId, AdvisoryMap, HttpBrew, HttpErrata, Kerberos, WorkingSet};
use oar_release::{Flow, Masker};
use oar_sandbox::Sandbox;
use oar_sandbox::errata::Advisory;
use oar_sandbox::world::World;
use oar_transport::env::Environment;
use oar_transport::negotiate::FixedToken;
use oar_transport::testing::{Script, Step, client};
use oar_transport::{Endpoints, HttpClient, Secret};
use serde_json::{Value, json};

pub(crate) const ID: AdvisoryId = AdvisoryId(990_031);
pub(crate) const RHCOS: AdvisoryId = AdvisoryId(990_032);

/// Tokens for everybody.
pub(crate) fn kerberos() -> Kerberos {
    let environment = Environment::from_map([("KRB5CCNAME", "FILE:/tmp/krb5cc_example")]);
    Kerberos::new(Arc::new(FixedToken(Secret::new("abc"))), None, &environment)
}

/// Tokens for nobody.
pub(crate) fn no_kerberos() -> Kerberos {
    let environment = Environment::from_map::<&str, &str>([]);
    Kerberos::new(Arc::new(FixedToken(Secret::new("abc"))), Some(Vec::new()), &environment)
}

pub(crate) fn scripted(steps: impl IntoIterator<Item = Step>) -> (Script, HttpErrata) {
    let script = Script::new(steps);
    let http = client(Arc::new(script.clone()));
    (script, HttpErrata::new(&http, kerberos()))
}

/// A world, its Errata Tool and its Brew.
pub(crate) struct Lab {
    pub(crate) sandbox: Sandbox,
    pub(crate) errata: HttpErrata,
    pub(crate) brew: HttpBrew,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    /// The seeded world after `change`.
    pub(crate) fn with(change: impl FnOnce(&mut World)) -> Self {
        let sandbox = Sandbox::in_memory(World::seeded());
        sandbox.change(change).unwrap();
        let entropy = Arc::new(oar_release::clock::SeededEntropy::new(1));
        let send = Arc::new(sandbox.clone());
        let (clock, endpoints) = (sandbox.clock(), Endpoints::default());
        let http = HttpClient::new(send, clock, entropy, endpoints, Masker::default());
        let errata = HttpErrata::new(&http, kerberos());
        Self { sandbox, errata, brew: HttpBrew::new(&http, kerberos()) }
    }

    pub(crate) async fn set(&self, advisories: &[(&str, u64)], not_created: &[&str]) -> WorkingSet {
        let created = advisories.iter().copied();
        let map = AdvisoryMap::new(created, not_created.iter().copied());
        WorkingSet::load(&self.errata, &map).await
    }

    /// The working set of the seeded Konflux release.
    pub(crate) async fn konflux_set(&self) -> WorkingSet {
        self.set(&[("rpm", ID.0), ("rhcos", RHCOS.0)], &[]).await
    }

    pub(crate) fn count(&self, action: &str) -> usize {
        self.sandbox.world(|world| world.count("errata", action))
    }

    /// What was done to the Errata Tool, in order: `push 990031`.
    pub(crate) fn effects(&self) -> Vec<String> {
        self.sandbox.world(|world| {
            let effects = world.effects.iter().filter(|effect| effect.service == "errata");
            effects.map(|effect| format!("{} {}", effect.action, effect.target)).collect()
        })
    }

    pub(crate) fn requests(&self) -> usize {
        self.sandbox.requests().values().sum()
    }
}

pub(crate) fn advisory(world: &mut World, id: AdvisoryId) -> &mut Advisory {
    world.errata.advisories.get_mut(&id.0).unwrap()
}

pub(crate) fn konflux() -> Flow {
    Flow::Konflux { mr: "https://gitlab.example.com/a/b/-/merge_requests/3".parse().unwrap() }
}

/// An erratum on the wire.
pub(crate) fn erratum(id: u64, state: &str) -> Value {
    json!({
        "errata": { "rhsa": {
            "id": id, "status": state, "fulladvisory": format!("RHSA-2026:{id}-02"),
            "doc_complete": 1, "text_ready": 1, "security_approved": null,
            "blocking_advisories": [900_002], "assigned_to_id": 77,
        } },
        "content": { "content": { "cve": "CVE-2026-0001", "topic": "t", "description": "d" } },
        "bugs": { "bugs": [] },
        "jira_issues": { "idsfixed": ["OCPBUGS-90001"],
                         "jira_issues": [{ "jira_issue": { "key": "OCPBUGS-90001" } }] },
    })
}
