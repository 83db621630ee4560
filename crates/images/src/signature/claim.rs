//! The signed claim about an image, read strictly (spec 03 §12.4, §12.6 item 6).

use std::fmt;

use oar_registry::Digest;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

const TYPE: &str = "atomic container signature";

/// Why signed content is no claim about an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAClaim {
    /// It is no JSON object, or has a member twice.
    #[error("the claim is no proper JSON: {problem}")]
    Malformed {
        /// What the reader says.
        problem: String,
    },
    /// A member is missing, has another type, or is not known: clusters refuse those too.
    #[error("the claim's {member} is {problem}")]
    Member {
        /// Which one.
        member: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// It is a claim of another kind.
    #[error("the claim is of another kind: {found:?}")]
    OtherType {
        /// Which one.
        found: String,
    },
}

/// What a signer vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) digest: Digest,
    pub(crate) reference: String,
    pub(crate) creator: Option<String>,
}

pub(crate) fn read(content: &[u8]) -> Result<Claim, NotAClaim> {
    let malformed = |problem: String| NotAClaim::Malformed { problem };
    let text = std::str::from_utf8(content).map_err(|error| malformed(error.to_string()))?;
    let json: Json = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;

    let [critical, optional] = members(json, "content", ["critical", "optional"])?;
    let [kind, image, identity] =
        members(needed(critical, "critical")?, "critical", ["type", "image", "identity"])?;
    let kind = word(kind, "critical.type")?;
    if kind != TYPE {
        return Err(NotAClaim::OtherType { found: kind.chars().take(100).collect() });
    }
    let image_member = "critical.image";
    let [digest] = members(needed(image, image_member)?, image_member, ["docker-manifest-digest"])?;
    let identity_member = "critical.identity";
    let [reference] =
        members(needed(identity, identity_member)?, identity_member, ["docker-reference"])?;
    let digest_member = "critical.image.docker-manifest-digest";
    let digest = word(digest, digest_member)?.parse::<Digest>();
    let digest = digest.map_err(|_| wrong(digest_member, "no digest"))?;
    let reference_member = "critical.identity.docker-reference";
    let reference = word(reference, reference_member)?;
    if reference.is_empty() {
        return Err(wrong(reference_member, "empty"));
    }
    let [creator, timestamp] = match optional {
        None | Some(Json::Null) => [None, None],
        Some(optional) => members(optional, "optional", ["creator", "timestamp"])?,
    };
    let creator = creator.map(|creator| word(Some(creator), "optional.creator")).transpose()?;
    if !matches!(timestamp, None | Some(Json::Integer)) {
        return Err(wrong("optional.timestamp", "no whole number"));
    }
    Ok(Claim { digest, reference, creator })
}

fn wrong(member: &str, problem: &'static str) -> NotAClaim {
    NotAClaim::Member { member: member.chars().take(100).collect(), problem }
}

fn needed(member: Option<Json>, name: &str) -> Result<Json, NotAClaim> {
    member.ok_or_else(|| wrong(name, "missing"))
}

fn word(member: Option<Json>, name: &str) -> Result<String, NotAClaim> {
    match needed(member, name)? {
        Json::Text(text) => Ok(text),
        _ => Err(wrong(name, "no text")),
    }
}

/// The members of an object; one that is not in `names` is refused.
fn members<const N: usize>(
    object: Json,
    name: &str,
    names: [&str; N],
) -> Result<[Option<Json>; N], NotAClaim> {
    let Json::Object(found) = object else { return Err(wrong(name, "no object")) };
    let mut members = [const { None }; N];
    for (key, value) in found {
        match names.iter().position(|name| *name == key) {
            Some(at) => members[at] = Some(value),
            None => return Err(wrong(&format!("{name}.{key}"), "not known")),
        }
    }
    Ok(members)
}

/// JSON whose objects keep their members in order and have none twice.
enum Json {
    Null,
    Integer,
    Other,
    Text(String),
    Object(Vec<(String, Json)>),
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict)
    }
}

struct Strict;

impl<'de> Visitor<'de> for Strict {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Integer)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Integer)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        while list.next_element::<Json>()?.is_some() {}
        Ok(Json::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if members.iter().any(|(known, _)| *known == key) {
                return Err(A::Error::custom(format!("member {key:?} occurs twice")));
            }
            members.push((key, map.next_value()?));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn good() -> Value {
        json!({
            "critical": {
                "type": TYPE,
                "image": { "docker-manifest-digest": format!("sha256:{HEX}") },
                "identity": { "docker-reference": "quay.io/x/y:4.99.3-x86_64" },
            },
            "optional": { "creator": "somebody", "timestamp": 1_773_216_000 },
        })
    }

    fn with(change: impl Fn(&mut Value)) -> Result<Claim, NotAClaim> {
        let mut claim = good();
        change(&mut claim);
        read(claim.to_string().as_bytes())
    }

    #[test]
    fn a_proper_claim_is_read_and_what_is_optional_may_be_missing() {
        let claim = with(|_| {}).unwrap();
        assert_eq!((claim.digest.hex(), claim.creator.as_deref()), (HEX, Some("somebody")));
        assert_eq!(claim.reference, "quay.io/x/y:4.99.3-x86_64");
        assert!(with(|c| c["optional"] = json!({})).is_ok());
        assert!(with(|c| drop(c.as_object_mut().unwrap().remove("optional"))).is_ok());
    }

    #[test]
    fn spec03_case_38_unknown_members_are_refused_at_every_level() {
        for change in [
            |c: &mut Value| c["extra"] = json!(1),
            |c: &mut Value| c["critical"]["extra"] = json!(1),
            |c: &mut Value| c["critical"]["image"]["extra"] = json!(1),
            |c: &mut Value| c["critical"]["identity"]["extra"] = json!(1),
            |c: &mut Value| c["optional"]["extra"] = json!(1),
        ] {
            let error = with(change).unwrap_err();
            assert!(matches!(&error, NotAClaim::Member { problem: "not known", .. }), "{error}");
        }
    }

    #[test]
    fn missing_and_mistyped_members_are_refused() {
        for change in [
            |c: &mut Value| c["critical"] = json!(null),
            |c: &mut Value| c["critical"]["image"] = json!([]),
            |c: &mut Value| c["critical"]["image"] = json!({}),
            |c: &mut Value| c["critical"]["image"]["docker-manifest-digest"] = json!("sha256:12"),
            |c: &mut Value| c["critical"]["identity"]["docker-reference"] = json!(""),
            |c: &mut Value| c["critical"]["identity"]["docker-reference"] = json!(["x"]),
            |c: &mut Value| c["optional"]["timestamp"] = json!("now"),
            |c: &mut Value| c["optional"]["timestamp"] = json!(1.5),
            |c: &mut Value| c["optional"]["creator"] = json!(7),
            |c: &mut Value| c["optional"] = json!("x"),
        ] {
            assert!(with(change).is_err());
        }
        let error = with(|c| c["critical"]["type"] = json!("cosign container image signature"));
        assert!(matches!(error, Err(NotAClaim::OtherType { .. })));
    }

    #[test]
    fn duplicate_members_trailing_data_and_odd_texts_are_refused() {
        let text = good().to_string();
        let twice = text.replacen("\"critical\"", "\"critical\":{},\"critical\"", 1);
        let deep = text.replacen("\"type\"", "\"type\":\"x\",\"type\"", 1);
        for text in [
            twice,
            deep,
            format!("{text}{text}"),
            format!("{text} x"),
            format!("\u{feff}{text}"),
            String::new(),
            "[]".to_owned(),
            "null".to_owned(),
            "[".repeat(100_000),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            let shown: String = text.chars().take(80).collect();
            assert!(!matches!(error, NotAClaim::OtherType { .. }), "{shown}: {error}");
        }
        assert!(read(b"{\"critical\":\"\xff\"}").is_err());
    }
}
