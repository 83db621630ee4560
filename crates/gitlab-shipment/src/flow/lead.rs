//! Names the QE release lead on the merge request (spec 03 §2.9).

use oar_release::email::is_email;
use oar_release::{MergeRequest, ReleaseVersion};

use super::comment::{NoteOutcome, put_note};
use crate::error::GitLabError;
use crate::note::{NoteKind, NoteText};
use crate::port::{GitLabRead, GitLabWrite};
use crate::requests::invalid;
use crate::types::User;

/// The account that belongs to `email` among those that a search found: active, and either the one
/// whose public address or user name says so, or the only one.
pub fn choose_user<'u>(email: &str, found: &'u [User]) -> Result<&'u User, GitLabError> {
    let person = |problem: String| Err(GitLabError::Person { problem });
    let is_active = |user: &&User| user.state.as_deref() == Some("active");
    let active: Vec<&User> = found.iter().filter(is_active).collect();
    let address = |user: &User| user.public_email.as_deref().unwrap_or_default().to_owned();
    let exact = active.iter().find(|user| address(user).eq_ignore_ascii_case(email));
    let local = email.split('@').next().unwrap_or_default();
    let by_local_part = || active.iter().find(|user| user.username.eq_ignore_ascii_case(local));
    if let Some(user) = exact.or_else(by_local_part) {
        return Ok(user);
    }
    match active.as_slice() {
        [] => person(format!("GitLab knows no active user for {email}")),
        [only] => Ok(only),
        several => {
            let names: Vec<_> = several.iter().map(|u| format!("@{}", u.username)).collect();
            let names = names.join(", ");
            person(format!("several users of GitLab fit {email}: {names}"))
        }
    }
}

/// Sees to it that one comment names the lead with a mention. A malformed address is refused before
/// any request.
pub async fn put_lead_note(
    read: &dyn GitLabRead,
    write: &dyn GitLabWrite,
    mr: &MergeRequest,
    release: &ReleaseVersion,
    email: &str,
) -> Result<NoteOutcome, GitLabError> {
    if !is_email(email) {
        return Err(invalid("name the release lead", format!("{email:?} is no e-mail address")));
    }
    let found = read.find_users(email).await?;
    let lead = choose_user(email, &found)?;
    let text = format!("QE release lead for {release}: @{}", lead.username);
    put_note(read, write, mr, &NoteText::new(NoteKind::ReleaseLead, release, &text)).await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(id: u64, username: &str, state: &str, public_email: &str) -> User {
        serde_json::from_value(json!({
            "id": id, "username": username, "state": state, "public_email": public_email,
        }))
        .unwrap()
    }

    fn chosen(found: &[User]) -> Result<String, String> {
        choose_user("lead@example.com", found)
            .map(|user| user.username.clone())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn only_active_people_are_named() {
        let found = [user(1, "lead", "blocked", ""), user(2, "lead2", "active", "")];
        assert_eq!(chosen(&found).as_deref(), Ok("lead2"));
        assert!(chosen(&found[..1]).unwrap_err().contains("no active user"));
        assert!(chosen(&[]).is_err());
    }

    #[test]
    fn of_several_the_address_or_the_name_decides() {
        let a = user(1, "someone", "active", "LEAD@example.com");
        let b = user(2, "lead", "active", "");
        let c = user(3, "leading", "active", "");
        assert_eq!(chosen(&[c.clone(), b.clone(), a]).as_deref(), Ok("someone"));
        assert_eq!(chosen(&[c.clone(), b]).as_deref(), Ok("lead"));
        let d = user(4, "leader", "active", "");
        let error = chosen(&[c, d]).unwrap_err();
        assert!(error.contains("@leading, @leader"), "{error}");
    }
}
