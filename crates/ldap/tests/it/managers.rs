//! Who manages whom.

use std::time::Duration;

use oar_ldap::{DirectoryError, DirectoryRead as _, LdapDirectory};
use oar_release::ErrorClass;
use tokio::net::TcpListener;

use crate::directory;
use crate::fake::{Act, Answer, Asked, Fake, person};

const BOSS: &str = "uid=boss,ou=users,dc=redhat,dc=com";

/// A directory in which one person has a manager with an address.
fn company(asked: &Asked, _: usize) -> Answer {
    match (asked.scope, asked.filter.as_str()) {
        (2, "rhatPrimaryMail=member@example.com") => person("manager", &[BOSS]),
        (0, "objectClass") if asked.base == BOSS => {
            person("rhatPrimaryMail", &["boss@example.com", "boss@old.example.com"])
        }
        _ => Answer::default(),
    }
}

fn at(fake: &Fake) -> LdapDirectory {
    directory(&format!("ldap://127.0.0.1:{}", fake.port))
}

#[tokio::test]
async fn spec02_case_32_the_manager_is_read_by_name_after_one_anonymous_bind() {
    let fake = Fake::start(company).await;
    let manager = at(&fake).manager_email(" member+jira@example.com ").await.unwrap();
    assert_eq!(manager.as_deref(), Some("boss@example.com"));
    let asked = |base: &str, scope, filter: &str, attribute: &str| Asked {
        base: base.to_owned(),
        scope,
        filter: filter.to_owned(),
        attributes: vec![attribute.to_owned()],
        page: None,
    };
    assert_eq!(
        fake.asked(),
        [
            asked("dc=redhat,dc=com", 2, "rhatPrimaryMail=member@example.com", "manager"),
            asked(BOSS, 0, "objectClass", "rhatPrimaryMail"),
        ]
    );
    let anonymous = vec![(String::new(), String::new())];
    assert_eq!(fake.log(|log| (log.connections, log.binds.clone())), (1, anonymous));
}

#[tokio::test]
async fn spec02_case_32_two_lookups_of_one_mail_are_one_query_pair_in_any_case() {
    let fake = Fake::start(company).await;
    let directory = at(&fake);
    for email in ["member@example.com", "Member@Example.com", "member+x@example.com"] {
        // The directory compares without case; the fake does not, so the first must be exact.
        let manager = directory.clone().manager_email(email).await.unwrap();
        assert_eq!(manager.as_deref(), Some("boss@example.com"));
    }
    for _ in 0..2 {
        assert_eq!(directory.manager_email("nobody@example.com").await.unwrap(), None);
    }
    assert_eq!(fake.asked().len(), 3, "a pair, and one for nobody");
    assert_eq!(fake.log(|log| log.connections), 1);
}

#[tokio::test]
async fn spec02_case_32_nothing_found_is_nobody_and_no_error() {
    let fake = Fake::start(company).await;
    let directory = at(&fake);
    for blank in ["", "  ", "+x@example.com"] {
        assert_eq!(directory.manager_email(blank).await.unwrap(), None);
    }
    assert_eq!(fake.log(|log| log.connections), 0, "nothing to ask");
    assert_eq!(directory.manager_email("invalid@mail").await.unwrap(), None);
    assert_eq!(directory.manager_email("*)(uid=*").await.unwrap(), None);
    let filters: Vec<String> = fake.asked().into_iter().map(|asked| asked.filter).collect();
    assert_eq!(filters, ["rhatPrimaryMail=invalid@mail", "rhatPrimaryMail=*)(uid=*"]);
}

#[tokio::test]
async fn a_manager_without_a_name_an_entry_or_an_address_is_nobody() {
    let no_such_object = Answer { code: 32, ..Answer::default() };
    let no_name = Answer { code: 34, ..Answer::default() };
    for (number, second) in
        [no_such_object, no_name, person("other", &["x"])].into_iter().enumerate()
    {
        let fake = Fake::start(move |_, search| match search {
            0 => person("manager", &["uid=gone"]),
            _ => second.clone(),
        });
        let fake = fake.await;
        assert_eq!(at(&fake).manager_email("a@example.com").await.unwrap(), None, "{number}");
    }
    let fake = Fake::start(|_, _| person("manager", &[" "])).await;
    assert_eq!(at(&fake).manager_email("a@example.com").await.unwrap(), None);
}

#[tokio::test]
async fn the_first_of_several_people_wins() {
    let fake = Fake::start(|_, search| match search {
        0 => {
            let (mut both, second) = (person("manager", &["uid=a"]), person("manager", &["uid=b"]));
            both.entries.extend(second.entries);
            both
        }
        _ => person("rhatPrimaryMail", &["boss@example.com"]),
    });
    let fake = fake.await;
    at(&fake).manager_email("a@example.com").await.unwrap();
    assert_eq!(fake.asked()[1].base, "uid=a");
}

#[tokio::test]
async fn an_error_of_the_directory_is_not_nobody_and_is_not_remembered() {
    for (code, class) in [
        (4, ErrorClass::Undetermined),
        (3, ErrorClass::Undetermined),
        (10, ErrorClass::Undetermined),
        (11, ErrorClass::Undetermined),
        (50, ErrorClass::ForbiddenUpstream),
        (51, ErrorClass::UpstreamUnavailable),
        (52, ErrorClass::UpstreamUnavailable),
        (53, ErrorClass::Undetermined),
    ] {
        let fake = Fake::start(move |asked, search| match search {
            0 => Answer { code, ..person("manager", &[BOSS]) },
            _ => company(asked, search),
        });
        let fake = fake.await;
        let directory = at(&fake);
        let error = directory.manager_email("member@example.com").await.unwrap_err();
        assert_eq!(error.class(), class, "{code}: {error}");
        assert!(!error.to_string().contains("member"), "nobody's address: {error}");
        let manager = directory.manager_email("member@example.com").await.unwrap();
        assert_eq!(manager.as_deref(), Some("boss@example.com"), "{code}");
        assert_eq!(fake.log(|log| log.connections), 1, "{code}: the connection is still good");
    }
}

#[tokio::test]
async fn a_refused_bind_is_told() {
    let fake = Fake::start_with(48, company).await;
    let error = at(&fake).manager_email("member@example.com").await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::UnauthenticatedUpstream);
    assert!(error.to_string().contains("the server's words"), "{error}");
    assert!(fake.asked().is_empty());
}

#[tokio::test]
async fn an_answer_that_is_elsewhere_is_not_nobody() {
    let referrals = vec!["ldap://other.example.com/".to_owned()];
    let fake =
        Fake::start(move |_, _| Answer { referrals: referrals.clone(), ..Answer::default() });
    let error = at(&fake.await).manager_email("a@example.com").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Incomplete { .. }), "{error}");
}

#[tokio::test]
async fn a_connection_that_broke_is_replaced_at_the_next_lookup() {
    for act in [Act::HangUp, Act::Garbage, Act::BrokenEntry] {
        let fake = Fake::start(move |asked, search| match search {
            0 => Answer { act, ..Answer::default() },
            _ => company(asked, search),
        });
        let fake = fake.await;
        let directory = at(&fake);
        let error = directory.manager_email("member@example.com").await.unwrap_err();
        let class = error.class();
        assert!(
            matches!(class, ErrorClass::UpstreamUnavailable | ErrorClass::Undetermined),
            "{act:?}: {error}"
        );
        assert_eq!(fake.asked().len(), 1, "{act:?}: not asked again by itself");
        let manager = directory.manager_email("member@example.com").await.unwrap();
        assert_eq!(manager.as_deref(), Some("boss@example.com"), "{act:?}");
        assert_eq!(fake.log(|log| log.connections), 2, "{act:?}");
    }
}

#[tokio::test]
async fn spec02_case_32_a_server_that_is_down_is_an_error_and_is_not_asked_hundreds_of_times() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let directory = directory(&format!("ldap://127.0.0.1:{port}"));
    let error = directory.manager_email("a@example.com").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Unreachable { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::UpstreamUnavailable);
    let error = directory.manager_email("b@example.com").await.unwrap_err();
    assert!(matches!(error, DirectoryError::StillUnreachable { .. }), "{error}");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    let error = directory.manager_email("b@example.com").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Unreachable { .. }), "tried again: {error}");
}

#[tokio::test]
async fn silence_ends_after_ten_seconds() {
    let fake = Fake::start(|_, _| Answer { act: Act::Silence, ..Answer::default() }).await;
    let directory = at(&fake);
    let asking = tokio::spawn(async move { directory.manager_email("a@example.com").await });
    while fake.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let error = asking.await.unwrap().unwrap_err();
    assert!(matches!(error, DirectoryError::Timeout { .. }), "{error}");
    assert_eq!(error.class(), ErrorClass::Timeout);
    assert!(begun.elapsed() <= Duration::from_secs(11), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn plain_text_to_another_machine_is_refused() {
    let endpoints = oar_transport::Endpoints::new(
        &[("ldap".to_owned(), "ldap://ldap.example.com".to_owned())].into(),
        &[],
    );
    assert!(endpoints.is_err());
}
