//! The way a release is shipped (spec 01 §5.5).

use std::fmt;

use crate::merge_request::MergeRequest;

/// How the content of a release reaches its users; decided by ART's build data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// Advisories only: the build data has no `shipment`.
    Errata,
    /// A shipment merge request beside `rpm` and `rhcos` advisories.
    Konflux {
        /// The shipment merge request.
        mr: MergeRequest,
    },
    /// `shipment` without a `url`: ART has not created the merge request yet.
    KonfluxPending,
}

impl Flow {
    /// The word in JSON output: `errata`, `konflux`, `konflux-pending`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Errata => "errata",
            Self::Konflux { .. } => "konflux",
            Self::KonfluxPending => "konflux-pending",
        }
    }

    /// The shipment merge request, once it exists.
    pub const fn merge_request(&self) -> Option<&MergeRequest> {
        match self {
            Self::Konflux { mr } => Some(mr),
            Self::Errata | Self::KonfluxPending => None,
        }
    }

    /// True for both Konflux forms: Errata-only commands refuse them.
    pub const fn is_konflux(&self) -> bool {
        !matches!(self, Self::Errata)
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
