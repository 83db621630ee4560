//! Addresses of pages for people (spec 01 §2). They stay on the production pages when an API
//! endpoint is overridden; only the `[links]` settings move them (spec 00 §c).

use crate::build::{Arch, BuildName};
use crate::version::{ReleaseVersion, YStream};

/// Bases of the pages that messages and reports link to; trailing slashes do not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Jira, `https://redhat.atlassian.net`.
    pub jira: String,
    /// Errata Tool, `https://errata.devel.redhat.com`.
    pub errata: String,
    /// The state repository's page, `https://github.com/openshift/release-tests`.
    pub github: String,
    /// Sippy, `https://qe-component-readiness.dptools.openshift.org/sippy-ng`.
    pub sippy: String,
    /// Artifacts of Prow runs, `https://gcsweb-qe-private-deck-ci.apps.ci.l2s4.p1.openshiftapps.com/gcs`.
    pub gcsweb: String,
    /// Google spreadsheets, `https://docs.google.com/spreadsheets/d`.
    pub sheets: String,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            jira: "https://redhat.atlassian.net".to_owned(),
            errata: "https://errata.devel.redhat.com".to_owned(),
            github: "https://github.com/openshift/release-tests".to_owned(),
            sippy: "https://qe-component-readiness.dptools.openshift.org/sippy-ng".to_owned(),
            gcsweb: "https://gcsweb-qe-private-deck-ci.apps.ci.l2s4.p1.openshiftapps.com/gcs"
                .to_owned(),
            sheets: "https://docs.google.com/spreadsheets/d".to_owned(),
        }
    }
}

/// The two Sippy views of a stream that the analysis reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SippyView {
    /// `{y}-qe-main`.
    Main,
    /// `{y}-qe-auto-release`.
    AutoRelease,
}

impl Links {
    /// Page of the Jira issue `key`.
    pub fn jira_issue(&self, key: &str) -> String {
        format!("{}/browse/{key}", base(&self.jira))
    }

    /// Page of the advisory `id`.
    pub fn advisory(&self, id: u64) -> String {
        format!("{}/advisory/{id}", base(&self.errata))
    }

    /// Page of the test results of `build` on `arch`.
    pub fn test_result(&self, build: &BuildName, arch: Arch) -> String {
        let github = base(&self.github);
        format!("{github}/blob/record/_releases/ocp-test-result-{build}-{arch}.json")
    }

    /// Component readiness of `stream` in Sippy.
    pub fn sippy_view(&self, stream: YStream, view: SippyView) -> String {
        let name = match view {
            SippyView::Main => "qe-main",
            SippyView::AutoRelease => "qe-auto-release",
        };
        format!("{}/component_readiness/main?view={stream}-{name}", base(&self.sippy))
    }

    /// Page of the release's StateBox.
    pub fn statebox(&self, release: &ReleaseVersion) -> String {
        let (github, y) = (base(&self.github), release.y_stream());
        format!("{github}/blob/z-stream/_releases/{y}/statebox/{release}.yaml")
    }

    /// Page of the release at the release controller of amd64; early candidates have a stream of their
    /// own (spec 01 §12.3).
    pub fn release_page(&self, release: &ReleaseVersion) -> String {
        let text = release.to_string();
        let major = text.split('.').next().unwrap_or_default();
        let stream = if text.contains("-ec.") { "dev-preview" } else { "stable" };
        format!(
            "https://amd64.ocp.releases.ci.openshift.org/releasestream/{major}-{stream}/release/{text}"
        )
    }

    /// Page of the spreadsheet `id`.
    pub fn sheet(&self, id: &str) -> String {
        format!("{}/{id}", base(&self.sheets))
    }
}

fn base(url: &str) -> &str {
    url.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_their_fixed_addresses() {
        let links = Links::default();
        let release: ReleaseVersion = "4.98.7".parse().unwrap();
        let stream = release.y_stream();
        let build = BuildName::Release(release.clone());
        assert_eq!(links.jira_issue("ART-1"), "https://redhat.atlassian.net/browse/ART-1");
        assert_eq!(links.advisory(900_001), "https://errata.devel.redhat.com/advisory/900001");
        assert_eq!(
            links.test_result(&build, Arch::Amd64),
            "https://github.com/openshift/release-tests/blob/record/_releases/ocp-test-result-4.98.7-amd64.json"
        );
        assert_eq!(
            links.sippy_view(stream, SippyView::Main),
            "https://qe-component-readiness.dptools.openshift.org/sippy-ng/component_readiness/main?view=4.98-qe-main"
        );
        assert_eq!(
            links.sippy_view(stream, SippyView::AutoRelease),
            "https://qe-component-readiness.dptools.openshift.org/sippy-ng/component_readiness/main?view=4.98-qe-auto-release"
        );
        assert_eq!(
            links.release_page(&release),
            "https://amd64.ocp.releases.ci.openshift.org/releasestream/4-stable/release/4.98.7"
        );
        assert_eq!(
            links.release_page(&"5.0.0-ec.2".parse().unwrap()),
            "https://amd64.ocp.releases.ci.openshift.org/releasestream/5-dev-preview/release/5.0.0-ec.2"
        );
        assert_eq!(
            links.statebox(&release),
            "https://github.com/openshift/release-tests/blob/z-stream/_releases/4.98/statebox/4.98.7.yaml"
        );
    }

    #[test]
    fn overridden_bases_may_end_in_a_slash() {
        let links = Links { jira: "https://jira.example.com/".to_owned(), ..Links::default() };
        assert_eq!(links.jira_issue("A-1"), "https://jira.example.com/browse/A-1");
    }
}
