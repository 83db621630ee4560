//! From options to orders: everything is checked before anything is sent.

use oar_prow_jobs::{Images, PayloadUrl, RunOrder, image_variables};
use oar_release::Arch;

use super::JobError;

/// The images that a person asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunImages {
    /// Install this.
    pub payload: Option<String>,
    /// The upgrade starts here.
    pub upgrade_from: Option<String>,
    /// The upgrade ends here.
    pub upgrade_to: Option<String>,
}

impl RunImages {
    /// Payload and upgrade exclude each other (spec 04 §5.2); `None` leaves the job its own images.
    fn images(&self) -> Result<Option<Images<'_>>, JobError> {
        let all = [&self.payload, &self.upgrade_from, &self.upgrade_to];
        let bad = |text: &&String| text.trim().is_empty() || text.contains(char::is_whitespace);
        if let Some(bad) = all.into_iter().flatten().find(bad) {
            return Err(JobError::usage(format!("{bad:?} is no image")));
        }
        match (&self.payload, &self.upgrade_from, &self.upgrade_to) {
            (Some(_), Some(_), _) | (Some(_), _, Some(_)) => {
                Err(JobError::usage("--payload cannot be used with --upgrade_from or --upgrade_to"))
            }
            (None, from, Some(to)) => Ok(Some(Images::Upgrade { from: from.as_deref(), to })),
            (Some(payload), None, None) | (None, Some(payload), None) => {
                Ok(Some(Images::Payload(payload)))
            }
            (None, None, None) => Ok(None),
        }
    }

    /// The architecture: the one that was named, else the one that the images name.
    fn arch(&self, named: Option<Arch>) -> Result<Arch, JobError> {
        let all = [&self.payload, &self.upgrade_from, &self.upgrade_to];
        let mut found = all.into_iter().flatten().map(|image| arch_of(image));
        let first = found.next().flatten();
        if found.any(|other| other.unwrap_or(Arch::Amd64) != first.unwrap_or(Arch::Amd64)) {
            return Err(JobError::usage("the images are of different architectures"));
        }
        match (named, first) {
            (Some(named), Some(found)) if named != found => Err(JobError::usage(format!(
                "--arch is {}, the images are for {}",
                named.go_name(),
                found.go_name()
            ))),
            (named, found) => Ok(named.or(found).unwrap_or(Arch::Amd64)),
        }
    }
}

/// The architecture that a pull spec names; digests name none.
pub fn arch_of(image: &str) -> Option<Arch> {
    let names = [
        ("arm64", Arch::Arm64),
        ("aarch64", Arch::Arm64),
        ("multi", Arch::Multi),
        ("ppc64le", Arch::Ppc64le),
        ("s390x", Arch::S390x),
        ("x86_64", Arch::Amd64),
        ("amd64", Arch::Amd64),
    ];
    names.into_iter().find(|(name, _)| image.contains(name)).map(|(_, arch)| arch)
}

/// The order for a run of `job` with these images.
pub fn order(
    job: &str,
    images: &RunImages,
    arch: Option<Arch>,
    s390x: &str,
    attempt: &str,
) -> Result<RunOrder, JobError> {
    let usage = |error: &dyn std::error::Error| JobError::usage(error.to_string());
    let arch = images.arch(arch)?;
    let mut order = RunOrder::new(job, attempt).map_err(|error| usage(&error))?;
    if let Some(images) = images.images()? {
        let variables = image_variables(images, arch, s390x).map_err(|error| usage(&error))?;
        for (name, value) in variables {
            order = order.env(&name, &value).map_err(|error| usage(&error))?;
        }
    }
    let order = order.annotation("oar.openshift.io/version", env!("CARGO_PKG_VERSION"));
    order.map_err(|error| usage(&error))
}

/// The order for the stage tests of a payload (spec 04 §5.3).
pub fn stage_order(payload: &PayloadUrl, attempt: &str) -> Result<RunOrder, JobError> {
    RunOrder::stage_testing(payload, attempt).map_err(|error| JobError::usage(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARM: &str = "quay.io/openshift-release-dev/ocp-release:4.99.0-rc.1-aarch64";
    const AMD: &str = "quay.io/openshift-release-dev/ocp-release:4.99.0-rc.1-x86_64";
    const DIGEST: &str = "quay.io/openshift-release-dev/ocp-release-nightly@sha256:00";

    fn of(parts: [Option<&str>; 3], arch: Option<Arch>) -> Result<Vec<(String, String)>, JobError> {
        let [payload, upgrade_from, upgrade_to] = parts.map(|part| part.map(str::to_owned));
        let images = RunImages { payload, upgrade_from, upgrade_to };
        let order = order("periodic-x", &images, arch, "RELEASE_IMAGE_S390X_", "attempt")?;
        Ok(order.envs().iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn spec04_case_26_an_arm64_payload_brings_the_derived_image() {
        let found = of([Some(ARM), None, None], None).unwrap();
        let expected = [("RELEASE_IMAGE_ARM64_LATEST", ARM), ("RELEASE_IMAGE_LATEST", AMD)];
        assert_eq!(found, pairs(&expected));
        let nightly = "registry.ci.openshift.org/ocp-arm64/release-arm64:4.99.0-0.nightly-arm64-2030-01-02-030405";
        let found = of([Some(nightly), None, None], None).unwrap();
        assert_eq!(found, pairs(&[("RELEASE_IMAGE_ARM64_LATEST", nightly)]));
    }

    #[test]
    fn spec04_case_27_the_architecture_that_is_named_counts_for_digests() {
        let found = of([Some(DIGEST), None, None], Some(Arch::Multi)).unwrap();
        assert_eq!(found, pairs(&[("RELEASE_IMAGE_MULTI_LATEST", DIGEST)]));
        let found = of([None, None, Some(DIGEST)], Some(Arch::S390x)).unwrap();
        assert_eq!(found, pairs(&[("RELEASE_IMAGE_S390X_TARGET", DIGEST)]));
    }

    #[test]
    fn spec04_case_28_payload_and_upgrade_exclude_each_other() {
        for parts in [
            [Some(AMD), Some(AMD), Some(AMD)],
            [Some(AMD), Some(AMD), None],
            [Some(AMD), None, Some(AMD)],
        ] {
            assert!(of(parts, None).unwrap_err().is_usage());
        }
    }

    #[test]
    fn images_that_do_not_fit_together_are_refused() {
        for (parts, arch) in [
            ([None, Some(AMD), Some(ARM)], None),
            ([Some(ARM), None, None], Some(Arch::Amd64)),
            ([Some("quay.io/x:no-version-aarch64"), None, None], None),
            ([Some(" "), None, None], None),
            ([Some("a b"), None, None], None),
        ] {
            assert!(of(parts, arch).unwrap_err().is_usage(), "{parts:?}");
        }
        assert_eq!(of([None; 3], None).unwrap(), []);
        assert_eq!(
            of([None, Some(AMD), None], None).unwrap(),
            pairs(&[("RELEASE_IMAGE_LATEST", AMD)])
        );
        assert!(order("../x", &RunImages::default(), None, "", "a").is_err());
    }
}
