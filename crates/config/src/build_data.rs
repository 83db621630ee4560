//! ART's build data: what `releases.yml` says about one release (spec 01 §5).
//!
//! | module | holds |
//! |---|---|
//! | `source` | how the file of a y-stream is fetched |
//! | `inherit` | how an assembly is layered over its parents |
//! | `data` | the typed values of one release, and what is wrong with them |
//! | `cache` | parsed data with revalidation, single flight and bounds |

mod cache;
mod data;
mod inherit;
mod source;

#[cfg(test)]
mod tests;

use oar_release::{ErrorClass, ReleaseVersion, YStream};
use oar_transport::HttpError;
use oar_yaml::YamlError;

pub use cache::{BuildDataCache, CacheStats, Cached, CachedEntry, Warmed};
pub use data::{Finding, ReleaseData};
pub use source::{BuildDataSource, Fetched, HttpBuildData};

/// Build data that cannot be had or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BuildDataError {
    /// 404: ART has no such branch.
    #[error("ART has no build data for {stream}: the y-stream is unknown ({url})")]
    UnknownStream {
        /// The y-stream asked for.
        stream: YStream,
        /// Where it was looked for.
        url: String,
        /// The answer.
        #[source]
        source: HttpError,
    },
    /// The file could not be read.
    #[error("build data of {stream}: download failed")]
    Download {
        /// The y-stream asked for.
        stream: YStream,
        /// Why.
        #[source]
        source: HttpError,
    },
    /// The file is not text.
    #[error("build data of {stream} is not UTF-8 text")]
    NotText {
        /// The y-stream asked for.
        stream: YStream,
    },
    /// The file is not YAML.
    #[error("build data of {release} is not valid YAML")]
    Syntax {
        /// The release asked for.
        release: ReleaseVersion,
        /// Line, column and what is wrong there.
        #[source]
        source: YamlError,
    },
    /// The file has no map `releases`.
    #[error("build data of {release} has no map \"releases\"")]
    NoReleases {
        /// The release asked for.
        release: ReleaseVersion,
    },
    /// ART has not announced the release yet.
    #[error("release {release} is not ready: ART's build data has no assembly {key:?}")]
    NotReady {
        /// The release asked for.
        release: ReleaseVersion,
        /// Name of its assembly.
        key: String,
    },
    /// An assembly names a parent that does not exist.
    #[error("assembly {child:?} of {release} inherits from {parent:?}, which does not exist")]
    NoParent {
        /// The release asked for.
        release: ReleaseVersion,
        /// The assembly that names the parent.
        child: String,
        /// The parent.
        parent: String,
    },
    /// Assemblies inherit from each other in a circle.
    #[error("assemblies of {release} inherit in a circle: {}", chain.join(" -> "))]
    Cycle {
        /// The release asked for.
        release: ReleaseVersion,
        /// The assemblies, ending with the one met again.
        chain: Vec<String>,
    },
    /// A key of the top level has a suffix that only deeper levels may have.
    #[error(
        "assembly {assembly:?} of {release}: the suffix of {key:?} is not allowed at this level"
    )]
    Suffix {
        /// The release asked for.
        release: ReleaseVersion,
        /// The assembly.
        assembly: String,
        /// The key.
        key: String,
    },
    /// A value has the wrong kind.
    #[error("build data of {release}: {path} must be {expected}")]
    WrongType {
        /// The release asked for.
        release: ReleaseVersion,
        /// Where, within the assembly.
        path: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A command needs the release date and there is none.
    #[error("build data of {release} has no usable group.release_date")]
    NoReleaseDate {
        /// The release asked for.
        release: ReleaseVersion,
    },
    /// The worker that reads the file was stopped.
    #[error("reading the build data of {release} was cancelled")]
    Cancelled {
        /// The release asked for.
        release: ReleaseVersion,
    },
}

impl BuildDataError {
    /// The error's class (spec 00 §e).
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::UnknownStream { .. } | Self::NotReady { .. } => ErrorClass::NotFound,
            Self::Download { source, .. } => source.class(),
            Self::Cancelled { .. } => ErrorClass::Cancelled,
            // Perhaps a login page; whatever it is, nothing was learned about the release.
            Self::NotText { .. } | Self::Syntax { .. } | Self::NoReleases { .. } => {
                ErrorClass::Undetermined
            }
            Self::NoParent { .. }
            | Self::Cycle { .. }
            | Self::Suffix { .. }
            | Self::WrongType { .. }
            | Self::NoReleaseDate { .. } => ErrorClass::NotConfigured,
        }
    }

    /// Whether the source could not be asked, so that older data is better than none.
    pub(crate) fn is_outage(&self) -> bool {
        matches!(
            self,
            Self::Download { .. }
                | Self::NotText { .. }
                | Self::Syntax { .. }
                | Self::NoReleases { .. }
        )
    }
}
