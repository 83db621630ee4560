//! Names of the files in `_releases/`, read with a grammar over the whole name (spec 04 §2).

use oar_release::{Arch, BuildName, YStream};

/// The folder of all these files, on both branches.
pub const FOLDER: &str = "_releases";

/// Which of the two kinds of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamKind {
    /// Builds of every night.
    Nightly,
    /// Releases and candidates.
    Stable,
}

impl StreamKind {
    /// The kind of a build.
    pub const fn of(build: &BuildName) -> Self {
        match build {
            BuildName::Nightly(_) => Self::Nightly,
            BuildName::Release(_) => Self::Stable,
        }
    }

    /// Its word in names: `nightly`, `stable`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nightly => "nightly",
            Self::Stable => "stable",
        }
    }
}

/// The test results of one build: `ocp-test-result-<build>-<arch>.json`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultName {
    /// The build.
    pub build: BuildName,
    /// The architecture that was tested.
    pub arch: Arch,
}

impl ResultName {
    /// The name in `path`, whatever the folder; `None` when it is the name of something else.
    pub fn of_path(path: &str) -> Option<Self> {
        let (rest, arch) = with_arch(path, "ocp-test-result-")?;
        let build: BuildName = rest.parse().ok()?;
        Some(Self { build, arch })
    }

    /// Where the file is. A public contract: worksheets, dashboards and people link to it.
    pub fn path(&self) -> String {
        format!("{FOLDER}/ocp-test-result-{}-{}.json", self.build, self.arch)
    }
}

/// The jobs of one y-stream: `ocp-<y>-test-jobs-<arch>.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryName {
    /// The y-stream.
    pub stream: YStream,
    /// The architecture.
    pub arch: Arch,
}

impl RegistryName {
    /// The name in `path`; the dummy `ocp-4.x-test-jobs-amd64.json` is none.
    pub fn of_path(path: &str) -> Option<Self> {
        let (rest, arch) = with_arch(path, "ocp-")?;
        let stream = rest.strip_suffix("-test-jobs")?.parse().ok()?;
        Some(Self { stream, arch })
    }

    /// Where the file is.
    pub fn path(&self) -> String {
        format!("{FOLDER}/ocp-{}-test-jobs-{}.json", self.stream, self.arch)
    }
}

/// The last seen build of a stream: `ocp-latest-<y>-nightly-<arch>.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LatestName {
    /// The y-stream.
    pub stream: YStream,
    /// Nightly or stable.
    pub kind: StreamKind,
    /// The architecture.
    pub arch: Arch,
}

impl LatestName {
    /// The name in `path`.
    pub fn of_path(path: &str) -> Option<Self> {
        let (rest, arch) = with_arch(path, "ocp-latest-")?;
        let (stream, word) = rest.rsplit_once('-')?;
        let kind = [StreamKind::Nightly, StreamKind::Stable].into_iter().find(|k| k.word() == word);
        Some(Self { stream: stream.parse().ok()?, kind: kind?, arch })
    }

    /// Where the file is.
    pub fn path(&self) -> String {
        let Self { stream, kind, arch } = self;
        format!("{FOLDER}/ocp-latest-{stream}-{}-{arch}.json", kind.word())
    }
}

/// The part of a file's name between `prefix` and `-<arch>.json`, and the architecture.
fn with_arch<'p>(path: &'p str, prefix: &str) -> Option<(&'p str, Arch)> {
    let name = path.rsplit('/').next()?.strip_prefix(prefix)?.strip_suffix(".json")?;
    let (rest, arch) = name.rsplit_once('-')?;
    // Only the spelling of file names: `x86_64` is none of them.
    let arch = Arch::ALL.into_iter().find(|known| known.go_name() == arch)?;
    Some((rest, arch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_is_the_whole_middle_of_the_name() {
        let build = |path: &str| ResultName::of_path(path).map(|name| name.build.to_string());
        let nightly = "4.99.0-0.nightly-arm64-2030-01-02-030405";
        assert_eq!(
            build(&format!("_releases/ocp-test-result-{nightly}-arm64.json")).as_deref(),
            Some(nightly)
        );
        assert_eq!(build("ocp-test-result-4.99.0-rc.1-amd64.json").as_deref(), Some("4.99.0-rc.1"));
        assert_eq!(build("ocp-test-result-15.0.7-multi.json").as_deref(), Some("15.0.7"));
        for other in [
            "x-ocp-test-result-4.99.7-amd64.json",
            "ocp-test-result-4.99.7-amd64.json.bak",
            "ocp-test-result-4.99.7-x86_64.json",
            "ocp-test-result-4.99-amd64.json",
            "ocp-test-result-4.99.7.json",
            "ocp-latest-4.99-stable-amd64.json",
        ] {
            assert_eq!(build(other), None, "{other}");
        }
    }

    #[test]
    fn names_lead_to_paths_and_back() {
        let result = ResultName { build: "4.99.7".parse().unwrap(), arch: Arch::S390x };
        assert_eq!(ResultName::of_path(&result.path()), Some(result));
        let registry = RegistryName { stream: YStream::new(4, 99), arch: Arch::Multi };
        assert_eq!(RegistryName::of_path(&registry.path()), Some(registry));
        for kind in [StreamKind::Nightly, StreamKind::Stable] {
            let latest = LatestName { stream: YStream::new(5, 0), kind, arch: Arch::Ppc64le };
            assert_eq!(LatestName::of_path(&latest.path()), Some(latest));
        }
    }

    #[test]
    fn the_dummy_and_other_shapes_are_no_registries() {
        for other in [
            "_releases/ocp-4.x-test-jobs-amd64.json",
            "_releases/ocp-4x99-test-jobs-amd64.json",
            "_releases/ocp-4.99-test-jobs-amd64.json.orig",
            "_releases/old-ocp-4.99-test-jobs-amd64.json",
        ] {
            assert_eq!(RegistryName::of_path(other), None, "{other}");
        }
        assert!(RegistryName::of_path("_releases/ocp-14.99-test-jobs-amd64.json").is_some());
    }
}
