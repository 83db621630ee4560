//! Which image variables a run gets (spec 04 §5.2), and which upgrades start from the recorded
//! stable build (spec 04 §9).

use oar_release::{Arch, YStream};

/// The images a run works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Images<'a> {
    /// Install this payload.
    Payload(&'a str),
    /// Upgrade to `to`, from `from` or from whatever the job installs.
    Upgrade {
        /// Where the cluster starts, when the job does not know it.
        from: Option<&'a str>,
        /// Where it ends.
        to: &'a str,
    },
}

/// The amd64 image that a run of another architecture needs beside its own cannot be named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the amd64 image of {pull_spec:?} cannot be derived")]
pub struct NoAmd64Image {
    /// The pull spec of the other architecture.
    pub pull_spec: String,
}

/// The variables for `images` on `arch`; `s390x` is the prefix of the names for that architecture.
/// The architecture is never guessed from a pull spec: nightlies of several are digests.
pub fn image_variables(
    images: Images<'_>,
    arch: Arch,
    s390x: &str,
) -> Result<Vec<(String, String)>, NoAmd64Image> {
    let prefix = match arch {
        Arch::Amd64 => "RELEASE_IMAGE_",
        Arch::Arm64 => "RELEASE_IMAGE_ARM64_",
        Arch::Multi => "RELEASE_IMAGE_MULTI_",
        Arch::Ppc64le => "RELEASE_IMAGE_PPC64LE_",
        Arch::S390x => s390x,
    };
    let variable = |name: &str, image: &str| (format!("{prefix}{name}"), image.to_owned());
    let mut variables = match images {
        Images::Payload(image) => vec![variable("LATEST", image)],
        Images::Upgrade { from, to } => {
            let from = from.map(|from| variable("LATEST", from));
            from.into_iter().chain([variable("TARGET", to)]).collect()
        }
    };
    // Released arm64 clusters are installed by an amd64 image; nightlies are not.
    let all = match images {
        Images::Payload(image) => [Some(image), None],
        Images::Upgrade { from, to } => [from, Some(to)],
    };
    let is_nightly = all.into_iter().flatten().any(|image| image.contains("nightly"));
    if arch == Arch::Arm64 && !is_nightly {
        let first = all.into_iter().flatten().next().unwrap_or_default();
        variables.push(("RELEASE_IMAGE_LATEST".to_owned(), amd64_image(first)?));
    }
    Ok(variables)
}

/// `…:4.99.0-rc.1-aarch64` names the version whose amd64 image has a fixed place.
fn amd64_image(pull_spec: &str) -> Result<String, NoAmd64Image> {
    let version = || {
        let (_, tag) = pull_spec.rsplit_once(':')?;
        let (version, _arch) = tag.rsplit_once('-')?;
        let mut numbers = version.split('-').next()?.split('.');
        let three = numbers.by_ref().take(3).filter(|number| is_number(number)).count() == 3;
        (three && numbers.next().is_none()).then_some(version)
    };
    let version = version().ok_or_else(|| NoAmd64Image { pull_spec: pull_spec.to_owned() })?;
    Ok(format!("quay.io/openshift-release-dev/ocp-release:{version}-x86_64"))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether an upgrade job starts from the stable build of `stream` itself: then it has to be told
/// which one. `…-upgrade-from-stable-4.2` is none of 4.22.
pub fn starts_from_stable(job: &str, stream: YStream) -> bool {
    let mark = format!("upgrade-from-stable-{stream}");
    job.match_indices(&mark).any(|(at, _)| {
        let after = job[at + mark.len()..].bytes().next();
        after.is_none_or(|byte| !byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARM: &str = "quay.io/openshift-release-dev/ocp-release:4.99.0-rc.1-aarch64";
    const AMD: &str = "quay.io/openshift-release-dev/ocp-release:4.99.0-rc.1-x86_64";
    const DIGEST: &str = "quay.io/openshift-release-dev/ocp-release-nightly@sha256:00";

    fn of(images: Images<'_>, arch: Arch) -> Vec<(String, String)> {
        let mut variables = image_variables(images, arch, "RELEASE_IMAGE_S390X_").unwrap();
        variables.sort();
        variables
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn spec04_case_26_a_released_arm64_payload_brings_its_amd64_image() {
        let expected = [("RELEASE_IMAGE_ARM64_LATEST", ARM), ("RELEASE_IMAGE_LATEST", AMD)];
        assert_eq!(of(Images::Payload(ARM), Arch::Arm64), pairs(&expected));
        let nightly = "registry.ci.openshift.org/ocp-arm64/release-arm64:4.99.0-0.nightly-arm64-2030-01-02-030405";
        let expected = [("RELEASE_IMAGE_ARM64_LATEST", nightly)];
        assert_eq!(of(Images::Payload(nightly), Arch::Arm64), pairs(&expected));
        let upgrade = Images::Upgrade { from: None, to: ARM };
        let expected = [("RELEASE_IMAGE_ARM64_TARGET", ARM), ("RELEASE_IMAGE_LATEST", AMD)];
        assert_eq!(of(upgrade, Arch::Arm64), pairs(&expected));
        let upgrade = Images::Upgrade { from: Some(ARM), to: nightly };
        let expected =
            [("RELEASE_IMAGE_ARM64_LATEST", ARM), ("RELEASE_IMAGE_ARM64_TARGET", nightly)];
        assert_eq!(of(upgrade, Arch::Arm64), pairs(&expected));
        for bad in ["quay.io/x@sha256:00", "quay.io/x:4.99-aarch64", "quay.io/x:4.99.0", ""] {
            assert!(image_variables(Images::Payload(bad), Arch::Arm64, "").is_err(), "{bad}");
        }
    }

    #[test]
    fn spec04_case_27_a_multi_nightly_without_any_word_is_no_amd64_image() {
        let expected = [("RELEASE_IMAGE_MULTI_LATEST", DIGEST)];
        assert_eq!(of(Images::Payload(DIGEST), Arch::Multi), pairs(&expected));
        let expected = [("RELEASE_IMAGE_S390X_TARGET", "a")];
        let upgrade = Images::Upgrade { from: None, to: "a" };
        assert_eq!(of(upgrade, Arch::S390x), pairs(&expected));
        let upgrade = Images::Upgrade { from: Some("a"), to: "b" };
        let expected =
            [("RELEASE_IMAGE_PPC64LE_LATEST", "a"), ("RELEASE_IMAGE_PPC64LE_TARGET", "b")];
        assert_eq!(of(upgrade, Arch::Ppc64le), pairs(&expected));
        let expected = [("RELEASE_IMAGE_LATEST", "a"), ("RELEASE_IMAGE_TARGET", "b")];
        assert_eq!(of(upgrade, Arch::Amd64), pairs(&expected));
    }

    #[test]
    fn upgrades_from_the_same_stream_are_known_by_a_whole_number() {
        let stream = YStream::new(4, 2);
        assert!(starts_from_stable("x-upgrade-from-stable-4.2-aws", stream));
        assert!(starts_from_stable("x-upgrade-from-stable-4.2", stream));
        assert!(!starts_from_stable("x-upgrade-from-stable-4.22-aws", stream));
        assert!(!starts_from_stable("x-upgrade-from-stable-4.1-aws", stream));
        assert!(starts_from_stable(
            "x-upgrade-from-stable-4.22-to-upgrade-from-stable-4.2-",
            stream
        ));
    }
}
