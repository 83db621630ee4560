use super::*;

fn endpoints(overrides: &[(&str, &str)]) -> Endpoints {
    let map = overrides.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Endpoints::new(&map, &[]).unwrap()
}

fn resolve(endpoints: &Endpoints, service: Service, path: &str) -> String {
    endpoints.resolve(service, "amd64", path).unwrap().to_string()
}

#[test]
fn slashes_at_the_seam_do_not_matter() {
    for base in ["http://127.0.0.1:9/api", "http://127.0.0.1:9/api/"] {
        let endpoints = endpoints(&[("slack", base)]);
        for path in ["auth.test", "/auth.test"] {
            assert_eq!(
                resolve(&endpoints, Service::Slack, path),
                "http://127.0.0.1:9/api/auth.test"
            );
        }
    }
}

#[test]
fn a_query_in_the_path_is_kept() {
    assert_eq!(
        resolve(&Endpoints::default(), Service::Deck, "prowjob?prowjob=x"),
        "https://prow.ci.openshift.org/prowjob?prowjob=x"
    );
}

#[test]
fn addresses_that_services_return_follow_the_override_of_their_production_origin() {
    let endpoints = endpoints(&[
        ("github_api", "http://127.0.0.1:9/github"),
        ("quay_api", "http://127.0.0.1:9/quay-api/"),
    ]);
    for (service, given, expected) in [
        (
            Service::GithubApi,
            "https://api.github.com/repos/o/r/contents?page=2",
            "http://127.0.0.1:9/github/repos/o/r/contents?page=2",
        ),
        // The longest production path decides, whoever asks.
        (Service::Quay, "https://quay.io/api/v1/tag", "http://127.0.0.1:9/quay-api/tag"),
        (Service::Slack, "https://api.github.com/user", "http://127.0.0.1:9/github/user"),
        // Nobody's production origin: left alone.
        (Service::GithubApi, "https://elsewhere.example.com/x", "https://elsewhere.example.com/x"),
    ] {
        assert_eq!(resolve(&endpoints, service, given), expected);
    }
}

#[test]
fn a_host_is_filled_into_the_release_controllers_address() {
    let endpoints = Endpoints::default()
        .with_configured(Service::ReleaseController, "https://amd64.example.com")
        .unwrap();
    let base = |arch| endpoints.base(Service::ReleaseController, arch).unwrap().to_string();
    assert_eq!(base("amd64"), "https://amd64.example.com/");
    assert_eq!(base("arm64"), "https://arm64.ocp.releases.ci.openshift.org/");
}

#[test]
fn an_override_wins_over_the_configuration_which_wins_over_the_default() {
    let configured = Endpoints::default()
        .with_configured(Service::Jenkins, "https://jenkins.example.com/ci")
        .unwrap();
    assert_eq!(
        resolve(&configured, Service::Jenkins, "job/x"),
        "https://jenkins.example.com/ci/job/x"
    );
    let overridden = endpoints(&[("jenkins", "http://localhost:8/")])
        .with_configured(Service::Jenkins, "https://jenkins.example.com/ci")
        .unwrap();
    assert_eq!(resolve(&overridden, Service::Jenkins, "job/x"), "http://localhost:8/job/x");
    // A link below the configured address is moved along.
    assert_eq!(
        resolve(&overridden, Service::Jenkins, "https://jenkins.example.com/ci/queue/1"),
        "http://localhost:8/queue/1"
    );
}

#[test]
fn a_service_without_an_address_says_which_variable_sets_it() {
    let error = Endpoints::default().base(Service::Jenkins, "").unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotConfigured);
    assert!(error.to_string().contains("OAR_ENDPOINT_JENKINS"));
}

#[test]
fn only_this_machine_and_listed_hosts_may_be_asked_in_plain_text() {
    let one = |base: &str, insecure: &[String]| {
        Endpoints::new(&BTreeMap::from([("jira".to_owned(), base.to_owned())]), insecure)
    };
    for allowed in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost", "https://x.test"] {
        one(allowed, &[]).unwrap();
    }
    let ldap = |base: &str| Endpoints::new(&[("ldap".to_owned(), base.to_owned())].into(), &[]);
    for allowed in ["ldap://127.0.0.1:3890", "ldap://[::1]:3890", "ldap://localhost"] {
        ldap(allowed).unwrap();
    }
    for refused in ["ldap://10.0.0.1", "ldap://127.0.0.1.example.com"] {
        assert!(matches!(ldap(refused), Err(EndpointError::Insecure { .. })), "{refused}");
    }
    let listed = ["lab.example.com".to_owned()];
    one("http://LAB.example.com", &listed).unwrap();
    for refused in ["http://lab.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1"] {
        let error = one(refused, &[]).unwrap_err();
        assert!(matches!(error, EndpointError::Insecure { .. }), "{refused}: {error}");
    }
    for refused in ["ftp://x.test", "jira", "https://user:pass@x.test", "file:///etc/passwd"] {
        let error = one(refused, &[]).unwrap_err();
        assert!(matches!(error, EndpointError::NotAUrl { .. }), "{refused}: {error}");
    }
}

#[test]
fn a_returned_plain_text_address_is_refused() {
    let error = Endpoints::default()
        .resolve(Service::GithubApi, "", "http://169.254.169.254/latest")
        .unwrap_err();
    assert!(matches!(error, EndpointError::Insecure { .. }));
}

#[test]
fn a_path_cannot_climb_or_change_the_host() {
    for path in ["../x", "a/../b", "a/%2E%2e/b", "//evil.example.com/x", "a\\b"] {
        let error = Endpoints::default().resolve(Service::Slack, "", path).unwrap_err();
        assert!(matches!(error, EndpointError::BadPath { .. }), "{path}");
    }
}

#[test]
fn an_unknown_service_is_refused() {
    let map = BTreeMap::from([("gopher".to_owned(), "https://x.test".to_owned())]);
    assert!(matches!(Endpoints::new(&map, &[]), Err(EndpointError::UnknownService { .. })));
}

#[test]
fn a_credentials_home_is_the_configured_origin_only() {
    let endpoints = endpoints(&[("jira", "http://127.0.0.1:9/jira")]);
    let is_home = |url: &str| endpoints.is_home(Service::Jira, "", &Url::parse(url).unwrap());
    assert!(is_home("http://127.0.0.1:9/other"));
    assert!(!is_home("http://127.0.0.1:10/jira"));
    assert!(!is_home("https://redhat.atlassian.net/"));
}

#[test]
fn a_registry_is_where_its_caller_says_and_only_encrypted_or_on_this_machine() {
    let endpoints = Endpoints::default();
    let base = |host: &str| endpoints.base(Service::Registry, host).map(|base| base.to_string());
    assert_eq!(
        base("https://registry.example.com:5000").unwrap(),
        "https://registry.example.com:5000/"
    );
    assert_eq!(base("http://127.0.0.1:5000/x").unwrap(), "http://127.0.0.1:5000/x");
    assert!(matches!(base("http://registry.example.com"), Err(EndpointError::Insecure { .. })));
    assert!(base("https://u:p@registry.example.com").is_err());
    assert!(base("registry.example.com").is_err(), "an address, not a name");
    let url = Url::parse("https://registry.example.com/v2/").unwrap();
    assert!(endpoints.is_home(Service::Registry, "https://registry.example.com", &url));
    assert!(!endpoints.is_home(Service::Registry, "https://other.example.com", &url));
    assert!(!endpoints.is_known("amd64", &url), "no redirect of another service leads there");
}
