//! Names of images.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;

/// A text that does not name an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a pull spec such as quay.io/group/name:tag: {problem}")]
pub struct ImageRefError {
    /// What was given, cut.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// A repository of a registry: `quay.io/openshift-release-dev/ocp-release`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    host: String,
    name: String,
}

impl Repository {
    /// Host of the registry, with its port if it has one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Path within the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The image with this digest.
    pub fn digest(&self, digest: Digest) -> ImageRef {
        ImageRef { repository: self.clone(), reference: Reference::Digest(digest) }
    }

    /// The image with this tag.
    pub fn tag(&self, tag: &str) -> Result<ImageRef, ImageRefError> {
        let reference = tag_reference(tag).map_err(|problem| named(tag, problem))?;
        Ok(ImageRef { repository: self.clone(), reference })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.name)
    }
}

impl FromStr for Repository {
    type Err = ImageRefError;

    /// Host and path, in lower case, without tag and digest.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        repository(text).map_err(|problem| named(text, problem))
    }
}

/// What a name says about which image of a repository is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// Whatever the tag points to now.
    Tag(String),
    /// Exactly this content.
    Digest(Digest),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// An image: `quay.io/group/name:tag`, `quay.io/group/name@sha256:…`. Where both tag and digest are
/// given, the digest counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef {
    repository: Repository,
    reference: Reference,
}

impl ImageRef {
    /// The repository.
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Tag or digest.
    pub const fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The digest, when the name has one.
    pub const fn digest(&self) -> Option<&Digest> {
        match &self.reference {
            Reference::Digest(digest) => Some(digest),
            Reference::Tag(_) => None,
        }
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reference {
            Reference::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Reference::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

impl FromStr for ImageRef {
    type Err = ImageRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        image(text).map_err(|problem| named(text, problem))
    }
}

fn named(text: &str, problem: &'static str) -> ImageRefError {
    ImageRefError { text: text.chars().take(300).collect(), problem }
}

fn image(text: &str) -> Result<ImageRef, &'static str> {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    // A colon before the last slash belongs to the host's port.
    let tag_at = name.rfind(':').filter(|at| !name[*at..].contains('/'));
    let (name, tag) = match tag_at {
        Some(at) => (&name[..at], Some(tag_reference(&name[at + 1..])?)),
        None => (name, None),
    };
    let digest = digest.map(|digest| digest.parse().map(Reference::Digest)).transpose();
    let digest = digest.map_err(|_| "the part after @ is no digest")?;
    let reference = digest.or(tag).ok_or("it has neither tag nor digest")?;
    Ok(ImageRef { repository: repository(name)?, reference })
}

fn tag_reference(tag: &str) -> Result<Reference, &'static str> {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let fits =
        (1..=128).contains(&tag.len()) && tag.bytes().all(inner) && !tag.starts_with(['.', '-']);
    if fits { Ok(Reference::Tag(tag.to_owned())) } else { Err("the part after : is no tag") }
}

fn repository(text: &str) -> Result<Repository, &'static str> {
    let (host, name) = text.split_once('/').ok_or("it has no registry host")?;
    let domain = host.rsplit_once(':').map_or(host, |(domain, _)| domain);
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_domain = (domain == "localhost" || domain.contains('.'))
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| plain(b) || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
    if !is_domain || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err("its first part is no registry host");
    }
    let is_part = |part: &str| {
        part.bytes().all(|b| plain(b) || matches!(b, b'.' | b'_' | b'-'))
            && part.bytes().next().is_some_and(plain)
            && part.bytes().last().is_some_and(plain)
            && !part.contains("..")
    };
    if name.len() > 255 || !name.split('/').all(is_part) {
        return Err("its path is no repository");
    }
    Ok(Repository { host: host.to_owned(), name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[rstest]
    #[case("quay.io/a/b:4.99.3-x86_64", "quay.io", "a/b", "4.99.3-x86_64")]
    #[case("registry.example.com:5000/x:y", "registry.example.com:5000", "x", "y")]
    #[case("localhost:5000/x/y-z/w_v:1", "localhost:5000", "x/y-z/w_v", "1")]
    #[case("127.0.0.1:80/x:1", "127.0.0.1:80", "x", "1")]
    fn tags_are_read(
        #[case] text: &str,
        #[case] host: &str,
        #[case] name: &str,
        #[case] tag: &str,
    ) {
        let image: ImageRef = text.parse().unwrap();
        assert_eq!((image.repository().host(), image.repository().name()), (host, name));
        assert_eq!(image.reference(), &Reference::Tag(tag.to_owned()));
        assert_eq!(image.to_string(), text);
    }

    #[test]
    fn the_digest_counts_where_both_are_given() {
        let image: ImageRef = format!("quay.io/a/b:tag@sha256:{HEX}").parse().unwrap();
        assert_eq!(image.digest().unwrap().hex(), HEX);
        assert_eq!(image.to_string(), format!("quay.io/a/b@sha256:{HEX}"));
    }

    #[rstest]
    #[case("")]
    #[case("b:tag")]
    #[case("a/b:tag")]
    #[case("quay.io/a/b")]
    #[case("quay.io/a/b:")]
    #[case("quay.io/a/b:-x")]
    #[case("quay.io/a/b: x")]
    #[case("quay.io/a/b@sha256:12")]
    #[case("quay.io/A/b:x")]
    #[case("quay.io/a//b:x")]
    #[case("quay.io/../b:x")]
    #[case("quay.io/a/b?x=1:x")]
    #[case("https://quay.io/a/b:x")]
    #[case("user@quay.io/a/b:x")]
    #[case("quay.io:port/a:x")]
    #[case("quay..io/a:x")]
    #[case("[::1]/a:x")]
    #[case("quay.io/a/b:x\n")]
    fn anything_else_is_none(#[case] text: &str) {
        assert!(text.parse::<ImageRef>().is_err(), "{text}");
    }

    proptest! {
        /// Whatever is read is printed so that it is read as the same.
        #[test]
        fn names_survive_parse_and_print(text in "\\PC{0,60}") {
            if let Ok(image) = text.parse::<ImageRef>() {
                prop_assert_eq!(image.to_string().parse::<ImageRef>(), Ok(image));
            }
        }
    }
}
