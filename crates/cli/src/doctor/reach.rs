//! Whether the services of the release tasks can be reached at all.

use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use oar_operators::doctor::{Check, ERRATA, GITLAB, Health, JENKINS, JIRA, PAGES, PROW, REGISTRY};
use oar_transport::{HttpClient, HttpErrorKind, Service};

use crate::error::one_line;

/// How long one service may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Each service, its name for people, and the commands that need it.
const SERVICES: [(Service, &str, &[&str]); 12] = [
    (Service::Errata, "Errata Tool", ERRATA),
    (Service::Jira, "Jira", JIRA),
    (Service::Gitlab, "GitLab", GITLAB),
    (Service::Jenkins, "Jenkins", JENKINS),
    (Service::Gangway, "Gangway", &["image-consistency-check"]),
    (Service::Deck, "Deck", PROW),
    (Service::Gcs, "artefacts of Prow jobs", PROW),
    (Service::PyxisStage, "container catalogue", &["image-consistency-check"]),
    (Service::Quay, "registry quay.io", REGISTRY),
    (Service::Signatures, "signature store", &["image-signed-check"]),
    (Service::Signatures2, "second signature store", &["image-signed-check"]),
    (Service::ErrataPage, "public pages of advisories", PAGES),
];

/// Asks all of them at the same time.
pub(super) async fn checks(http: &HttpClient) -> Vec<Check> {
    let asked = SERVICES.map(|(service, name, commands)| async move {
        reach(http, service, name).await.needed_by(commands)
    });
    join_all(asked).await
}

/// Any answer will do, also a refusal: what is asked for here is the way.
async fn reach(http: &HttpClient, service: Service, name: &str) -> Check {
    let client = http.service(service);
    let base = match client.base() {
        Ok(base) => base,
        Err(error) => {
            return Check::new(name, Health::Missing, one_line(&error))
                .remedy(format!("set OAR_ENDPOINT_{}", service.name().to_ascii_uppercase()));
        }
    };
    let host = base.host_str().unwrap_or_default().to_owned();
    let call = client.call("reach", Method::GET, "").attempts(1).timeout(PATIENCE);
    let Err(error) = call.send().await else {
        return Check::ok(name, format!("{host} answers"));
    };
    let has_answered = error.status().is_some()
        || matches!(
            error.kind(),
            HttpErrorKind::TooLarge { .. } | HttpErrorKind::RedirectRefused { .. }
        );
    if has_answered {
        return Check::ok(name, format!("{host} answers"));
    }
    let endpoint = service.name().to_ascii_uppercase();
    Check::new(name, Health::Failed, one_line(&error))
        .remedy(format!("check the network, the VPN and OAR_ENDPOINT_{endpoint}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use oar_transport::testing::{ByAddress, Step, client};
    use oar_transport::{Processed, SendErrorKind};

    use super::*;

    async fn asked(step: Step) -> Check {
        let fake = ByAddress::default().otherwise(step);
        reach(&client(Arc::new(fake)), Service::Deck, "Deck").await
    }

    #[tokio::test(start_paused = true)]
    async fn any_answer_shows_the_way_and_none_does_not() {
        for status in [200, 302, 401, 403, 404, 503] {
            let check = asked(Step::answer(status, "<html>")).await;
            assert_eq!(check.health, Health::Ok, "{status}: {check:?}");
        }
        let check = asked(Step::Fail(SendErrorKind::Connect, Processed::No)).await;
        assert_eq!(check.health, Health::Failed, "{check:?}");
        assert!(check.remedy.is_some_and(|text| text.contains("OAR_ENDPOINT_DECK")));
    }

    #[tokio::test]
    async fn a_service_without_an_address_is_missing() {
        let fake = ByAddress::default().otherwise(Step::answer(200, ""));
        let check = reach(&client(Arc::new(fake)), Service::Jenkins, "Jenkins").await;
        assert_eq!(check.health, Health::Missing, "{check:?}");
    }
}
