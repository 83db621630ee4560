use super::*;
use oar_transport::env::Environment;
use proptest::prelude::*;

const EXAMPLE: &str = r##"{
  "build_data_url": "https://builddata.example.com/ocp-build-data/%s/releases.yml",
  "owners": {"default": "lead@example.com", "4.99": "lead499@example.com"},
  "contacts": {
    "slack": {
      "qe": {"channel": "#forum-qe", "id": "qe-all"},
      "qe-forum": {"channel": "#forum-qe"},
      "qe-release": {"channel": "#team-release", "4.98": "ert-498"},
      "art": {"channel": "#art", "id": "release-artists"},
      "approver": {"channel": "#approvers", "doc_id": "docs", "prodsec_id": "a@example.com, b@example.com"}
    },
    "email": {"qe": "qe@example.com", "trt": "trt@example.com"}
  },
  "report_templates": {"4.98": "SHEET-498"},
  "jira_server": "https://jira.example.com",
  "jenkins_server": "https://jenkins.example.com",
  "gitlab_url": "https://gitlab.example.com",
  "release_url": "https://releases.example.com/",
  "signature_url": "https://mirror.example.com/signatures/openshift/release/"
}"##;

fn config(json: &str) -> AppConfig {
    AppConfig::parse(json.as_bytes()).unwrap()
}

fn y(text: &str) -> YStream {
    text.parse().unwrap()
}

#[test]
fn spec01_case_07_the_owner_falls_back_and_the_configuration_never_changes() {
    let config = config(EXAMPLE);
    let before = config.clone();
    assert_eq!(config.owner(y("4.99")), Ok("lead499@example.com"));
    assert_eq!(config.owner(y("4.98")), Ok("lead@example.com"));
    // There is no setter: another owner is an argument of the command.
    assert_eq!(config, before);
}

#[test]
fn every_value_of_the_example_is_read() {
    let config = config(EXAMPLE);
    assert_eq!(config.slack_channel("art"), Ok("#art"));
    assert_eq!(config.slack_group("art"), Ok("release-artists"));
    assert_eq!(config.documentation_approvers(), Ok("docs"));
    assert_eq!(config.security_approvers().unwrap(), ["a@example.com", "b@example.com"]);
    assert_eq!(config.emails("trt").unwrap(), ["trt@example.com"]);
    assert_eq!(config.report_template(y("4.98")), Some("SHEET-498"));
    assert_eq!(config.jenkins_server(), Ok("https://jenkins.example.com"));
    assert!(config.build_data_url().unwrap().contains("%s"));
}

#[test]
fn a_missing_key_is_named_with_its_path() {
    let config = config(r#"{"contacts": {"slack": {"art": {"id": ""}}}}"#);
    for (error, path) in [
        (config.build_data_url().unwrap_err(), "build_data_url"),
        (config.owner(y("4.99")).unwrap_err(), "owners.4.99 or owners.default"),
        (config.slack_channel("qe-forum").unwrap_err(), "contacts.slack.qe-forum"),
        (config.slack_channel("art").unwrap_err(), "contacts.slack.art.channel"),
        (config.slack_group("art").unwrap_err(), "contacts.slack.art.id"),
        (config.emails("qe").unwrap_err(), "contacts.email.qe"),
        (config.jenkins_server().unwrap_err(), "jenkins_server"),
    ] {
        assert_eq!(error, DocumentError::Missing { path: path.to_owned() });
        assert_eq!(error.class(), ErrorClass::NotConfigured);
    }
}

#[test]
fn r2_a_missing_report_template_is_a_value() {
    assert_eq!(config(EXAMPLE).report_template(y("4.99")), None);
}

#[test]
fn r40_a_new_y_stream_needs_no_handle_of_its_own() {
    let leads = config(EXAMPLE).release_leads(y("4.98"));
    assert_eq!(leads, LeadHandle { handle: Some("ert-498".to_owned()), warning: None });

    let leads = config(EXAMPLE).release_leads(y("4.99"));
    assert_eq!(leads.handle, None);
    assert!(leads.warning.unwrap().contains("contacts.slack.qe-release.4.99"));

    let with_default =
        EXAMPLE.replace("\"4.98\": \"ert", "\"default\": \"ert-all\", \"4.98\": \"ert");
    let leads = config(&with_default).release_leads(y("4.99"));
    assert_eq!(leads.handle.as_deref(), Some("ert-all"));
    assert!(leads.warning.unwrap().contains("using ert-all"));
}

#[test]
fn wrong_kinds_are_named_with_their_path() {
    for (json, path, expected) in [
        ("[]", "top level", "a map"),
        (r#"{"owners": []}"#, "owners", "a map"),
        (r#"{"owners": {"default": 1}}"#, "owners.default", "text"),
        (r#"{"contacts": {"slack": {"art": 1}}}"#, "contacts.slack.art", "a map"),
        (r#"{"jira_server": "no address"}"#, "jira_server", "a URL with a host"),
        (
            r#"{"build_data_url": "https://x.example.com/"}"#,
            "build_data_url",
            "a URL with exactly one %s",
        ),
        (
            r#"{"build_data_url": "https://x.example.com/%s/%s"}"#,
            "build_data_url",
            "a URL with exactly one %s",
        ),
    ] {
        let error = AppConfig::parse(json.as_bytes()).unwrap_err();
        assert_eq!(error, DocumentError::WrongType { path: path.to_owned(), expected }, "{json}");
    }
}

#[test]
fn broken_json_tells_the_place_and_quotes_nothing() {
    let error = AppConfig::parse(b"{\n  \"owners\": {\"default\": canary}\n}").unwrap_err();
    assert_eq!(error, DocumentError::Json { line: 2, column: 25 });
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn addresses_go_to_their_services_and_yield_to_overrides() {
    let environment = Environment::from_map([("OAR_ENDPOINT_JIRA", "http://127.0.0.1:9")]);
    let endpoints = Endpoints::new(&environment.with_prefix("OAR_ENDPOINT_"), &[]).unwrap();
    let endpoints = config(EXAMPLE).configure(endpoints).unwrap();
    let base = |service, variable| endpoints.base(service, variable).unwrap().to_string();
    assert_eq!(base(Service::Jira, ""), "http://127.0.0.1:9/");
    assert_eq!(base(Service::Gitlab, ""), "https://gitlab.example.com/");
    assert_eq!(
        base(Service::BuildData, "openshift-4.99"),
        "https://builddata.example.com/ocp-build-data/openshift-4.99/releases.yml"
    );
}

#[test]
fn validation_of_the_example_finds_only_what_is_absent() {
    assert_eq!(validate(EXAMPLE.as_bytes()).unwrap(), []);
    let findings = validate(br#"{"owners": {"default": "nobody"}, "jira_sever": "x", "contacts": {"slack": {"art": {"chanel": "x", "4.99": "y"}}}}"#).unwrap();
    let of = |kind| -> Vec<&str> {
        findings.iter().filter(|f| f.kind == kind).map(|f| f.path.as_str()).collect()
    };
    assert_eq!(of(FindingKind::Error), ["owners.default"]);
    assert_eq!(
        of(FindingKind::Unknown),
        ["contacts.slack.art.4.99", "contacts.slack.art.chanel", "jira_sever"]
    );
    assert!(of(FindingKind::Missing).contains(&"jira_server"));
    assert!(!of(FindingKind::Missing).contains(&"owners.default"));
}

#[test]
fn a_good_document_goes_the_quick_way() {
    assert_eq!(quick::read(EXAMPLE.as_bytes()), Some(config(EXAMPLE)));
    assert_eq!(quick::read(br#"{"contacts": [{}, {}]}"#), None);
    assert_eq!(quick::read(b"[]"), None);
}

proptest! {
    /// The quick way reads nothing differently.
    #[test]
    fn both_ways_of_reading_agree(
        at in 0_usize..EXAMPLE.len(), with in prop::sample::select(vec!["", " ", "null", "1", "\"\"", "}", ","]),
    ) {
        let mut text = EXAMPLE.to_owned();
        if text.is_char_boundary(at) {
            text.replace_range(at..=at, with);
        }
        if let Some(quick) = quick::read(text.as_bytes()) {
            let value: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(AppConfig::from_value(&value), Ok(quick));
        }
    }
}
