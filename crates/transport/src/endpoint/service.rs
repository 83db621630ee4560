//! The services of the outside world and their production addresses (spec 00 §c).

use std::fmt;

/// A service that OAR talks to. Its name is the key of `OAR_ENDPOINT_<NAME>`, `OAR_PROXY_<NAME>`
/// and of the settings file's `endpoints` and `proxy` tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// GitHub REST and GraphQL.
    GithubApi,
    /// ART's build data.
    BuildData,
    /// GitLab, home of the shipment data.
    Gitlab,
    /// The Errata Tool.
    Errata,
    /// Files that Brew built.
    BrewDownload,
    /// The hub of Brew (Koji).
    BrewHub,
    /// Jira Cloud.
    Jira,
    /// The company directory.
    Ldap,
    /// The container catalogue.
    Pyxis,
    /// The staging container catalogue.
    PyxisStage,
    /// The internal view of the container catalogue.
    PyxisInternal,
    /// The first store of release signatures.
    Signatures,
    /// The second store of release signatures.
    Signatures2,
    /// The public pages of advisories.
    ErrataPage,
    /// The registry quay.io.
    Quay,
    /// Quay's own interface.
    QuayApi,
    /// The production registry.
    RegistryRedhat,
    /// The staging registry.
    RegistryStage,
    /// Any other registry, or the issuer of its tokens: its address, scheme and host, is what
    /// [`crate::HttpClient::service_for`] gets.
    Registry,
    /// The release controller of one architecture.
    ReleaseController,
    /// Starts Prow jobs.
    Gangway,
    /// Shows Prow jobs.
    Deck,
    /// Google Cloud Storage.
    Gcs,
    /// Test statistics.
    Sippy,
    /// The Kubernetes interface of the CI cluster.
    KubeCi,
    /// Jenkins of the stage tests.
    Jenkins,
    /// The Slack Web API.
    Slack,
    /// Google Sheets.
    Sheets,
    /// Issues Google access tokens.
    GoogleOauth,
    /// The ship status board.
    StatusBoard,
}

impl Service {
    /// Every service, in the order of the declaration.
    pub const ALL: [Self; 30] = [
        Self::GithubApi,
        Self::BuildData,
        Self::Gitlab,
        Self::Errata,
        Self::BrewDownload,
        Self::BrewHub,
        Self::Jira,
        Self::Ldap,
        Self::Pyxis,
        Self::PyxisStage,
        Self::PyxisInternal,
        Self::Signatures,
        Self::Signatures2,
        Self::ErrataPage,
        Self::Quay,
        Self::QuayApi,
        Self::RegistryRedhat,
        Self::RegistryStage,
        Self::Registry,
        Self::ReleaseController,
        Self::Gangway,
        Self::Deck,
        Self::Gcs,
        Self::Sippy,
        Self::KubeCi,
        Self::Jenkins,
        Self::Slack,
        Self::Sheets,
        Self::GoogleOauth,
        Self::StatusBoard,
    ];

    /// Its name in settings: `github_api`.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// Where it is in production. `None` where only the encrypted configuration knows (ART's build
    /// data, Jenkins). A `{arch}` or `%s` stands for what [`crate::HttpClient::service_for`] gets.
    pub const fn production(self) -> Option<&'static str> {
        self.row().1
    }

    /// The service called `name` in settings.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name().eq_ignore_ascii_case(name))
    }

    const fn row(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::GithubApi => ("github_api", Some("https://api.github.com")),
            Self::BuildData => ("build_data", None),
            Self::Gitlab => ("gitlab", Some("https://gitlab.cee.redhat.com")),
            Self::Errata => ("errata", Some("https://errata.devel.redhat.com")),
            Self::BrewDownload => {
                ("brew_download", Some("https://download.engineering.redhat.com"))
            }
            Self::BrewHub => ("brew_hub", Some("https://brewhub.engineering.redhat.com/brewhub")),
            Self::Jira => ("jira", Some("https://redhat.atlassian.net")),
            Self::Ldap => ("ldap", Some("ldaps://ldap.corp.redhat.com")),
            Self::Pyxis => ("pyxis", Some("https://catalog.redhat.com/api/containers")),
            Self::PyxisStage => {
                ("pyxis_stage", Some("https://catalog.stage.redhat.com/api/containers"))
            }
            Self::PyxisInternal => ("pyxis_internal", Some("https://pyxis.engineering.redhat.com")),
            Self::Signatures => (
                "signatures",
                Some("https://mirror.openshift.com/pub/openshift-v4/signatures/openshift/release"),
            ),
            Self::Signatures2 => (
                "signatures2",
                Some(
                    "https://storage.googleapis.com/openshift-release/official/signatures/openshift/release",
                ),
            ),
            Self::ErrataPage => ("errata_page", Some("https://access.redhat.com")),
            Self::Quay => ("quay", Some("https://quay.io")),
            Self::QuayApi => ("quay_api", Some("https://quay.io/api/v1")),
            Self::RegistryRedhat => ("registry_redhat", Some("https://registry.redhat.io")),
            Self::RegistryStage => ("registry_stage", Some("https://registry.stage.redhat.io")),
            Self::Registry => ("registry", None),
            Self::ReleaseController => {
                ("release_controller", Some("https://{arch}.ocp.releases.ci.openshift.org"))
            }
            Self::Gangway => {
                ("gangway", Some("https://gangway-ci.apps.ci.l2s4.p1.openshiftapps.com"))
            }
            Self::Deck => ("deck", Some("https://prow.ci.openshift.org")),
            Self::Gcs => ("gcs", Some("https://storage.googleapis.com")),
            Self::Sippy => ("sippy", Some("https://sippy.dptools.openshift.org/api")),
            Self::KubeCi => ("kube_ci", Some("https://api.ci.l2s4.p1.openshiftapps.com:6443")),
            Self::Jenkins => ("jenkins", None),
            Self::Slack => ("slack", Some("https://slack.com/api")),
            Self::Sheets => ("sheets", Some("https://sheets.googleapis.com")),
            Self::GoogleOauth => ("google_oauth", Some("https://oauth2.googleapis.com/token")),
            Self::StatusBoard => {
                ("status_board", Some("https://protected.ship-status.ci.openshift.org"))
            }
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found_again_in_any_case() {
        for service in Service::ALL {
            assert_eq!(Service::from_name(service.name()), Some(service));
            assert_eq!(Service::from_name(&service.name().to_uppercase()), Some(service));
        }
        assert_eq!(Service::from_name("gopher"), None);
    }

    #[test]
    fn every_production_address_is_encrypted() {
        for service in Service::ALL {
            if let Some(address) = service.production() {
                assert!(
                    address.starts_with("https://") || address.starts_with("ldaps://"),
                    "{service}: {address}"
                );
                assert!(!address.ends_with('/'), "{service}: {address}");
            }
        }
    }
}
