//! What the sandbox answers in process, because it is no HTTP: the company directory and elliott.

use std::collections::BTreeSet;

use async_trait::async_trait;
use oar_errata::{BuildSystem, ElliottError, FindTrackers, TrackerReport, Trackers};
use oar_ldap::{DirectoryError, DirectoryRead};
use oar_release::{Flow, ReleaseVersion};
use oar_sandbox::Sandbox;

/// The directory of the sandbox's world.
#[derive(Debug)]
pub(crate) struct SandboxDirectory(pub(crate) Sandbox);

impl SandboxDirectory {
    fn ask<T>(
        &self,
        read: impl FnOnce(&oar_sandbox::directory::Directory) -> T,
    ) -> Result<T, DirectoryError> {
        self.0.world(|world| {
            if world.directory.is_down {
                let problem = "the sandbox's directory is down".to_owned();
                return Err(DirectoryError::StillUnreachable { problem });
            }
            Ok(read(&world.directory))
        })
    }
}

#[async_trait]
impl DirectoryRead for SandboxDirectory {
    async fn manager_email(&self, email: &str) -> Result<Option<String>, DirectoryError> {
        self.ask(|directory| directory.manager_of(email).map(str::to_owned))
    }

    async fn group_emails(&self, group: &str) -> Result<BTreeSet<String>, DirectoryError> {
        self.ask(|directory| directory.members_of(group))
    }
}

/// What elliott would find in the sandbox's world.
#[derive(Debug)]
pub(crate) struct SandboxTrackers(pub(crate) Sandbox);

#[async_trait]
impl FindTrackers for SandboxTrackers {
    async fn trackers(&self, release: &ReleaseVersion, flow: &Flow) -> TrackerReport {
        let systems: &[BuildSystem] = if flow.is_konflux() {
            &[BuildSystem::Brew, BuildSystem::Konflux]
        } else {
            &[BuildSystem::Brew]
        };
        let known = self.0.world(|world| world.errata.trackers.get(&release.to_string()).cloned());
        let mut report = TrackerReport::default();
        for system in systems {
            let found = known.as_ref().and_then(|known| known.get(system.as_str()));
            for (kind, keys) in found.into_iter().flatten() {
                report.trackers.unite(Trackers(vec![(kind.clone(), keys.clone())]));
            }
        }
        report
    }

    async fn version(&self) -> Result<String, ElliottError> {
        Ok("elliott of the sandbox".to_owned())
    }
}
