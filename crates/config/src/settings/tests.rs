use super::*;
use std::time::Duration;

use oar_transport::real::ProxyChoice;
use proptest::prelude::*;

fn env<const N: usize>(variables: [(&'static str, &'static str); N]) -> Environment {
    Environment::from_map(variables)
}

fn nothing() -> Environment {
    env([])
}

fn from_file(text: &str) -> Result<Settings, SettingsError> {
    Settings::resolve(&Flags::default(), &nothing(), Some((Path::new("/x/oar.toml"), text)))
}

fn from_env<const N: usize>(variables: [(&'static str, &'static str); N]) -> Settings {
    Settings::resolve(&Flags::default(), &env(variables), None).unwrap()
}

#[test]
fn every_default_fits_its_key() {
    for key in KEYS {
        if let Some(text) = key.default {
            assert!(key.kind.parse(text).is_some(), "{}", key.name);
        }
    }
}

#[test]
fn names_are_unique_and_variables_belong_to_one_key() {
    let mut names: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    let mut variables: Vec<String> = KEYS.iter().flat_map(Key::variables).collect();
    let (all_names, all_variables) = (names.len(), variables.len());
    names.sort_unstable();
    names.dedup();
    variables.sort_unstable();
    variables.dedup();
    assert_eq!((names.len(), variables.len()), (all_names, all_variables));
}

#[test]
fn the_defaults_are_those_of_the_index() {
    let settings = from_env([("HOME", "/home/lead")]);
    let state = settings.state();
    assert_eq!(
        state.location,
        StateLocation::GitHub { owner: "openshift".to_owned(), name: "release-tests".to_owned() }
    );
    assert_eq!((&*state.branch, &*state.record_branch), ("z-stream", "record"));
    assert_eq!(state.dir, Some("/home/lead/.local/state/oar".into()));
    assert_eq!(state.cache_dir, Some("/home/lead/.cache/oar".into()));
    assert_eq!(settings.config_file(), Some("/home/lead/.config/oar/configstore.json".into()));
    let approval = settings.approval();
    assert_eq!(approval.interval, Duration::from_mins(30));
    assert_eq!(approval.timeout, Duration::from_hours(48));
    assert_eq!(approval.page_hosts, ["access.redhat.com"]);
    assert_eq!(settings.errata().kerberos_hosts, None);
    assert_eq!(settings.errata().stop_ship_packages, ["kernel", "kernel-rt"]);
    assert_eq!(settings.jira().qe_subtask_summaries.len(), 3);
    assert_eq!(settings.notificator().search_batch_size, 100);
    assert_eq!(settings.mcp().port, 8000);
    assert_eq!(settings.mcp().thread_pool_size, None);
    assert_eq!(settings.dashboard().port, 8501);
    assert!(settings.prow().job_name_in_path);
    assert_eq!(settings.links(), oar_release::Links::default());
    assert_eq!(settings.warnings(), [""; 0]);
}

#[test]
fn flag_beats_environment_beats_file_beats_default() {
    let file = "[state]\nbranch = \"from-file\"\n";
    let file = Some((Path::new("/x/oar.toml"), file));
    let flags = Flags::default().with("state.branch", Some("from-flag"));
    let none = Flags::default();
    let variables = env([("OAR_STATE_BRANCH", "from-env")]);
    for (settings, branch, origin) in [
        (Settings::resolve(&flags, &variables, file), "from-flag", Origin::Flag),
        (
            Settings::resolve(&none, &variables, file),
            "from-env",
            Origin::Environment("OAR_STATE_BRANCH".to_owned()),
        ),
        (
            Settings::resolve(&none, &nothing(), file),
            "from-file",
            Origin::File("/x/oar.toml".into()),
        ),
        (Settings::resolve(&none, &nothing(), None), "z-stream", Origin::Default),
    ] {
        let settings = settings.unwrap();
        assert_eq!(settings.state().branch, branch);
        assert_eq!(settings.get("state.branch").unwrap().origin, origin);
    }
}

#[test]
fn an_empty_value_is_unset_but_empties_a_list_of_the_general_form() {
    assert_eq!(from_env([("OAR_STATE_BRANCH", "")]).state().branch, "z-stream");
    assert_eq!(from_file("state.branch = \"\"").unwrap().state().branch, "z-stream");
    let emptied = from_env([("OAR_ERRATA__KERBEROS_HOSTS", "")]);
    assert_eq!(emptied.errata().kerberos_hosts, Some(Vec::new()));
    let set = from_env([("OAR_ERRATA__KERBEROS_HOSTS", "a.example.com, b.example.com")]);
    assert_eq!(set.errata().kerberos_hosts.unwrap(), ["a.example.com", "b.example.com"]);
}

#[test]
fn an_unknown_key_names_itself_and_the_nearest_one() {
    for (text, key, nearest) in [
        ("state.brnach = \"x\"", "state.brnach", Some("state.branch")),
        ("[approval]\nintervall = \"5m\"", "approval.intervall", Some("approval.interval")),
        (
            "endpoints.gitlub_api = \"https://x.example.com\"",
            "endpoints.gitlub_api",
            Some("endpoints.github_api"),
        ),
        ("zzzzzzzzzzzzzzzzzzzzzz = 1", "zzzzzzzzzzzzzzzzzzzzzz", None),
        // Values of one call or process cannot be fixed in a file.
        ("approval.slack_thread = \"1\"", "approval.slack_thread", None),
    ] {
        match from_file(text) {
            Err(SettingsError::UnknownKey { key: found, nearest: near, origin }) => {
                assert_eq!(found, key);
                assert_eq!(origin, Origin::File("/x/oar.toml".into()));
                if let Some(nearest) = nearest {
                    assert_eq!(near.as_deref(), Some(nearest));
                }
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    let flags = Flags::default().with("endpoints.gopher", Some("https://x.example.com"));
    let error = Settings::resolve(&flags, &nothing(), None).unwrap_err();
    assert_eq!(error.class(), ErrorClass::InvalidArgument);
    let gopher = env([("OAR_ENDPOINT_GOPHER", "https://x.example.com")]);
    let settings = Settings::resolve(&Flags::default(), &gopher, None).unwrap();
    assert!(settings.endpoints().is_err(), "the transport names the unknown service");
}

#[test]
fn a_wrong_value_says_what_would_be_right_and_where_it_stands() {
    for (text, expected) in [
        (
            "approval.interval = \"soon\"",
            "approval.interval (file /x/oar.toml) must be a duration such as 90s, 15m or 6h",
        ),
        ("approval.interval = \"1.5h\"", "duration"),
        ("mcp.port = 70000", "a whole number from 0 to 65535"),
        ("mcp.port = \"8000\"", "a whole number"),
        ("mcp.read_only = \"yes\"", "true or false"),
        ("mcp.auth = \"magic\"", "one of none, token, oidc"),
        ("bot.allowed_users = [1]", "a list"),
        ("links.jira = \"jira\"", "a URL"),
        ("state.repo = \"no-slash\"", "owner/name or a path"),
        ("notificator.zone = \"Mars/Olympus\"", "a time zone"),
        ("notificator.holidays = [\"Christmas\"]", "dates such as"),
        ("mcp.toolsets = [\"release\", \"magic\"]", "some of release"),
    ] {
        let error = from_file(text).unwrap_err();
        assert!(matches!(error, SettingsError::BadValue { .. }), "{text}: {error}");
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
}

#[test]
fn broken_toml_names_the_line() {
    let error = from_file("[state]\nbranch = \n").unwrap_err();
    assert!(matches!(error, SettingsError::Syntax { line: 2, .. }), "{error:?}");
    assert_eq!(error.class(), ErrorClass::NotConfigured);
}

#[test]
fn a_path_selects_the_local_folder() {
    for path in ["/srv/state", "./state", "../state", "~/state"] {
        let flags = Flags::default().with("state.repo", Some(path));
        let settings = Settings::resolve(&flags, &nothing(), None).unwrap();
        assert_eq!(settings.state().location, StateLocation::Directory(path.into()));
    }
}

#[test]
fn endpoints_proxies_and_hosts_are_tables() {
    let settings = from_file(
        "[endpoints]\nslack = \"http://127.0.0.1:1/api\"\n\
         [proxy]\njira = \"http://proxy.example.com:3128\"\n\
         [registry.hosts]\n\"quay.example.com:5000\" = \"http://127.0.0.1:2\"\n\
         [jira.fields]\nqa_contact = \"customfield_1\"\n",
    )
    .unwrap();
    assert!(settings.endpoints().unwrap().is_overridden(Service::Slack));
    assert_eq!(settings.registry().hosts["quay.example.com:5000"], "http://127.0.0.1:2");
    assert_eq!(settings.jira().fields["qa_contact"], "customfield_1");
    let network = settings.network(&nothing(), &settings.endpoints().unwrap());
    assert_eq!(
        network.proxies[&Service::Jira],
        ProxyChoice::Url("http://proxy.example.com:3128".to_owned())
    );
    let direct = from_env([("OAR_PROXY_PYXIS_STAGE", "Direct")]);
    let network = direct.network(&nothing(), &direct.endpoints().unwrap());
    assert_eq!(network.proxies[&Service::PyxisStage], ProxyChoice::Direct);
}

#[test]
fn certificate_bundles_add_up() {
    let variables = env([("REQUESTS_CA_BUNDLE", "/a.pem")]);
    let flags = Flags::default().with("transport.ca_bundle", Some("/b.pem"));
    let settings = Settings::resolve(&flags, &variables, None).unwrap();
    let network = settings.network(&variables, &settings.endpoints().unwrap());
    assert_eq!(network.ca_bundles, [PathBuf::from("/a.pem"), "/b.pem".into()]);
}

#[test]
fn an_unusable_pool_size_is_a_warning() {
    let settings = from_env([("MCP_THREAD_POOL_SIZE", "many")]);
    assert_eq!(settings.mcp().thread_pool_size, None);
    assert!(settings.warnings()[0].contains("mcp.thread_pool_size"), "{:?}", settings.warnings());
}

#[test]
fn the_list_shows_origins_and_hides_credentials() {
    let flags = Flags::default().with("endpoints.slack", Some("https://slack.example.com/api"));
    let variables = env([("OAR_PROXY_JIRA", "http://user:canary-0001@proxy.example.com:3128")]);
    let settings = Settings::resolve(&flags, &variables, None).unwrap();
    let config = AppConfig::parse(
        br#"{"jira_server": "https://jira.example.com", "gitlab_url": "https://g.example.com"}"#,
    )
    .unwrap();
    let list = settings.list(Some(&config));
    assert!(list.is_sorted_by(|a, b| a.key < b.key));
    let find = |key: &str| list.iter().find(|listed| listed.key == key).unwrap();
    assert_eq!(find("endpoints.slack").origin, Origin::Flag);
    assert_eq!(find("endpoints.jira").origin, Origin::Config);
    assert_eq!(find("endpoints.jira").value.as_deref(), Some("https://jira.example.com"));
    assert_eq!(find("endpoints.quay").origin, Origin::Default);
    assert_eq!(find("endpoints.jenkins").value, None);
    assert_eq!(find("approval.interval").value.as_deref(), Some("30m"));
    let proxy = find("proxy.jira");
    assert_eq!(proxy.origin.to_string(), "environment OAR_PROXY_JIRA");
    assert_eq!(proxy.value.as_deref(), Some("http://[SECRET_REDACTED]@proxy.example.com:3128"));
    assert!(!format!("{list:?}").contains("canary"));
}

#[test]
fn the_file_that_was_asked_for_must_exist_and_the_default_may_be_absent() {
    let home = tempfile::tempdir().unwrap();
    let home_text = home.path().to_str().unwrap().to_owned();
    let at_home = Environment::from_map([("HOME", home_text.clone())]);
    let load =
        |path: Option<&Path>, env: &Environment| Settings::load(path, &Flags::default(), env);
    assert_eq!(load(None, &at_home).unwrap().state().branch, "z-stream");

    let folder = home.path().join(".config/oar");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("oar.toml"), "state.branch = \"mine\"").unwrap();
    let settings = load(None, &at_home).unwrap();
    assert_eq!(settings.state().branch, "mine");
    assert_eq!(settings.file(), Some(&*folder.join("oar.toml")));
    assert_eq!(settings.config_file(), Some(folder.join("configstore.json")));

    let absent = home.path().join("absent.toml");
    assert!(matches!(load(Some(&absent), &at_home), Err(SettingsError::Unreadable { .. })));
    let asked = Environment::from_map([("OAR_SETTINGS", absent.to_str().unwrap().to_owned())]);
    assert!(matches!(load(None, &asked), Err(SettingsError::Unreadable { .. })));
}

#[test]
fn zones_are_names_or_offsets() {
    for (zone, hours) in [("UTC", 0), ("+02:00", 2), ("-5", -5)] {
        let settings = from_file(&format!("notificator.zone = \"{zone}\"")).unwrap();
        let calendar = settings.notificator().calendar;
        // Friday midnight of that zone, in UTC; the hour before it counts, the one after not.
        let friday_midnight: jiff::Timestamp = "2026-03-07T00:00:00Z".parse().unwrap();
        let at = friday_midnight - jiff::SignedDuration::from_hours(hours);
        let hour = jiff::SignedDuration::from_hours(1);
        assert_eq!(calendar.weekday_time(at - hour, at + hour), hour, "{zone}");
    }
}

proptest! {
    /// What a person reads in the list means the same when it is written into a flag.
    #[test]
    fn durations_print_as_they_are_read(seconds in 0_u64..1_000_000) {
        let value = SettingValue::Duration(Duration::from_secs(seconds));
        let again = value::Kind::Duration.parse(&value.to_string());
        prop_assert_eq!(again, Some(value));
    }

    /// No text of a settings file makes the program panic.
    #[test]
    fn any_file_is_settings_or_an_error(text in "[a-z.\\[\\]\"= \n0-9]{0,80}") {
        drop(from_file(&text));
    }
}
