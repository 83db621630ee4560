//! Who is in a group.

use oar_ldap::{DirectoryError, DirectoryRead as _, LdapDirectory};

use crate::directory;
use crate::fake::{Answer, Fake, person};

fn at(fake: &Fake) -> LdapDirectory {
    directory(&format!("ldap://127.0.0.1:{}", fake.port))
}

fn members(addresses: &[&str]) -> Answer {
    let entries = addresses.iter().flat_map(|one| person("rhatPrimaryMail", &[one]).entries);
    Answer { entries: entries.collect(), ..Answer::default() }
}

#[tokio::test]
async fn all_pages_are_read_and_the_answer_is_remembered() {
    let fake = Fake::start(|_, search| match search {
        0 => Answer { cookie: Some(b"more".to_vec()), ..members(&["b@example.com", ""]) },
        _ => Answer { cookie: Some(Vec::new()), ..members(&["a@example.com", "b@example.com"]) },
    });
    let fake = fake.await;
    let directory = at(&fake);
    for _ in 0..2 {
        let found = directory.group_emails(" team-example ").await.unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["a@example.com", "b@example.com"]);
    }
    let asked = fake.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].page, Some((500, Vec::new())));
    assert_eq!(asked[1].page, Some((500, b"more".to_vec())));
    assert_eq!(asked[0].base, "dc=redhat,dc=com");
    assert_eq!(
        asked[0].filter,
        "memberOf=cn=team-example,ou=adhoc,ou=managedGroups,dc=redhat,dc=com"
    );
}

#[tokio::test]
async fn a_name_cannot_leave_its_place() {
    let fake = Fake::start(|_, _| Answer::default()).await;
    assert!(at(&fake).group_emails("a,ou=x").await.unwrap().is_empty());
    // The comma and the sign arrive escaped for a name, as one value of one comparison.
    let expected = r"memberOf=cn=a\2cou\3dx,ou=adhoc,ou=managedGroups,dc=redhat,dc=com";
    assert_eq!(fake.asked()[0].filter, expected);
    assert!(at(&fake).group_emails(" ").await.unwrap().is_empty());
    assert_eq!(fake.asked().len(), 1, "a blank name is not asked for");
}

#[tokio::test]
async fn a_part_of_a_group_is_an_error() {
    let cut = Answer { code: 4, ..members(&["a@example.com"]) };
    let referrals = vec!["ldap://other.example.com/".to_owned()];
    let elsewhere = Answer { referrals, ..members(&["a@example.com"]) };
    for answer in [cut, elsewhere] {
        let fake = Fake::start(move |_, _| answer.clone()).await;
        let error = at(&fake).group_emails("team").await.unwrap_err();
        assert!(matches!(error, DirectoryError::Incomplete { .. }), "{error}");
    }
}

#[tokio::test]
async fn r34_pages_without_end_are_given_up() {
    let more = || Some(b"again".to_vec());
    let fake = Fake::start(move |_, _| Answer { cookie: more(), ..members(&["a@example.com"]) });
    let fake = fake.await;
    let error = at(&fake).group_emails("team").await.unwrap_err();
    assert!(matches!(error, DirectoryError::Incomplete { .. }), "{error}");
    assert_eq!(fake.asked().len(), 200);
}
