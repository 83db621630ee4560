//! Where the services are when the world is served: below one address, each below its host's name.

use http::Uri;
use http::uri::PathAndQuery;

use crate::answer::service_of;

/// The services by the name of their setting, and where each is in the sandbox's world.
const BASES: [(&str, &str); 28] = [
    ("github_api", "https://api.github.com"),
    ("build_data", "https://builddata.example.com/ocp-build-data/%s/releases.yml"),
    ("gitlab", "https://gitlab.example.com"),
    ("errata", "https://errata.devel.redhat.com"),
    ("brew_download", "https://download.engineering.redhat.com"),
    ("brew_hub", "https://brewhub.engineering.redhat.com/brewhub"),
    ("jira", "https://jira.example.com"),
    ("pyxis", "https://catalog.redhat.com/api/containers"),
    ("pyxis_stage", "https://catalog.stage.redhat.com/api/containers"),
    ("pyxis_internal", "https://pyxis.engineering.redhat.com"),
    ("signatures", "https://mirror.example.com/signatures/openshift/release"),
    (
        "signatures2",
        "https://storage.googleapis.com/openshift-release/official/signatures/openshift/release",
    ),
    ("errata_page", "https://access.redhat.com"),
    ("quay", "https://quay.io"),
    ("registry_redhat", "https://registry.redhat.io"),
    ("registry_stage", "https://registry.stage.redhat.io"),
    ("release_controller", "https://{arch}.ocp.releases.ci.openshift.org"),
    ("gangway", "https://gangway-ci.apps.ci.l2s4.p1.openshiftapps.com"),
    ("deck", "https://prow.ci.openshift.org"),
    ("gcs", "https://storage.googleapis.com"),
    ("kube_ci", "https://api.ci.l2s4.p1.openshiftapps.com:6443"),
    ("jenkins", "https://jenkins.example.com"),
    ("slack", "https://slack.com/api"),
    // Not part of the world: asked here, they are not asked elsewhere.
    ("quay_api", "https://quay.io/api/v1"),
    ("sippy", "https://sippy.example.com/api"),
    ("sheets", "https://sheets.example.com"),
    ("google_oauth", "https://oauth.example.com/token"),
    ("status_board", "https://board.example.com"),
];

/// Services with their names in settings and their base addresses at `home` (`http://127.0.0.1:8080`).
pub fn endpoints(home: &str) -> impl Iterator<Item = (&'static str, String)> + '_ {
    BASES.iter().map(move |(service, base)| (*service, served(home, base)))
}

/// Where `address`, an address of the world, is at `home`.
pub fn served(home: &str, address: &str) -> String {
    format!("{home}/{}", address.trim_start_matches("https://"))
}

/// The address of the world that a request to `asked` means; `None` when nobody lives there.
pub(super) fn meant(asked: &Uri) -> Option<Uri> {
    let path = asked.path().trim_start_matches('/');
    let (host, rest) = path.split_once('/').unwrap_or((path, ""));
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    service_of(name)?;
    let query = asked.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = PathAndQuery::try_from(format!("/{rest}{query}")).ok()?;
    Uri::builder().scheme("https").authority(host).path_and_query(path).build().ok()
}

/// `text` of a header with the addresses of the world's services replaced by those at `home`.
pub(super) fn translate(home: &str, text: &str) -> String {
    let mut translated = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("https://") {
        let end = after.find(['/', '?', '>', '"', ';', ',']).unwrap_or(after.len());
        let host = &after[..end];
        let name = host.split_once(':').map_or(host, |(name, _)| name);
        translated.push_str(before);
        match service_of(name) {
            Some(_) => {
                translated.push_str(home);
                translated.push('/');
            }
            None => translated.push_str("https://"),
        }
        translated.push_str(host);
        rest = &after[end..];
    }
    translated.push_str(rest);
    translated
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "http://127.0.0.1:8080";

    #[test]
    fn every_service_of_the_product_has_an_address() {
        let ours: Vec<&str> = endpoints(HOME).map(|(service, _)| service).collect();
        for service in oar_transport::Service::ALL {
            // The directory is no HTTP, and other registries are named in full.
            if !matches!(service.name(), "ldap" | "registry") {
                assert!(ours.contains(&service.name()), "{service}");
            }
        }
        assert_eq!(ours.len(), oar_transport::Service::ALL.len() - 2);
    }

    #[test]
    fn what_is_served_is_what_is_meant() {
        let outside = ["quay_api", "sippy", "sheets", "google_oauth", "status_board"];
        for (service, base) in BASES {
            let base = base.replace("{arch}", "arm64").replace("%s", "openshift-4.99");
            let asked: Uri = served(HOME, &base).parse().unwrap();
            let meant = meant(&asked).map(|uri| uri.to_string());
            if outside.contains(&service) {
                assert!(service == "quay_api" || meant.is_none(), "{service}");
                continue;
            }
            assert_eq!(meant.unwrap().trim_end_matches('/'), base.trim_end_matches('/'));
        }
        let asked: Uri =
            format!("{HOME}/gitlab.example.com/api/v4/projects/a%2Fb?x=1&y=%20").parse().unwrap();
        let expected = "https://gitlab.example.com/api/v4/projects/a%2Fb?x=1&y=%20";
        assert_eq!(meant(&asked).unwrap().to_string(), expected);
        for nobody in ["/", "/elsewhere.example.com/x", "//", "/..", "/?x"] {
            assert_eq!(meant(&format!("{HOME}{nobody}").parse().unwrap()), None, "{nobody}");
        }
    }

    #[test]
    fn headers_lead_back_to_the_server() {
        let link = "<https://gitlab.example.com/api/v4/x?page=2>; rel=\"next\", \
                    <https://elsewhere.example.com/y>; rel=\"other\"";
        let expected = "<http://127.0.0.1:8080/gitlab.example.com/api/v4/x?page=2>; rel=\"next\", \
                        <https://elsewhere.example.com/y>; rel=\"other\"";
        assert_eq!(translate(HOME, link), expected);
        assert_eq!(translate(HOME, "/relative"), "/relative");
    }
}
