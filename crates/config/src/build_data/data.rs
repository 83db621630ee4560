//! The typed values of one release (spec 01 §5.4) and what is wrong with them (R15, R16).

use oar_release::{Arch, Flow, MergeRequest, ReleaseDate, ReleaseVersion, YStream};
use oar_yaml::{Map, Value};
use serde::Serialize;

use super::BuildDataError;
use super::inherit::{self, Assembly};

/// Kinds of advisories that ART's data has.
const KINDS: [&str; 9] = [
    "extras",
    "image",
    "metadata",
    "microshift",
    "rpm",
    "rhcos",
    "prerelease",
    "advance",
    "silentops",
];

/// Something in the build data that a person should see before work starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Where in the assembly: `group.shipment.url`.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// What `releases.yml` says about one release. Immutable; cheap to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseData {
    /// The release.
    pub release: ReleaseVersion,
    /// Advisory numbers by kind, in the order of the file.
    pub advisories: Vec<(String, u64)>,
    /// Kinds whose advisory is announced but not created yet (id ≤ 0).
    pub not_created: Vec<String>,
    /// Candidate nightlies by architecture as ART spells it (`x86_64`), in the order of the file.
    pub candidate_builds: Vec<(String, String)>,
    /// ART's release ticket; the placeholder `ART-0` counts as none.
    pub jira_ticket: Option<String>,
    /// The announced date.
    pub date: Option<ReleaseDate>,
    /// How the release is shipped.
    pub flow: Flow,
    /// Advisory numbers that are reserved for the shipment, by kind (`image`, `fbc`); whoever reads the
    /// shipment compares (spec 08 R16).
    pub live_ids: Vec<(String, i64)>,
    /// What is wrong with the data although it can be used.
    pub findings: Vec<Finding>,
}

impl ReleaseData {
    /// Reads the assembly of `release` from the text of `releases.yml`. The whole text is checked;
    /// only what is needed is built.
    pub fn parse(release: &ReleaseVersion, text: &str) -> Result<Self, BuildDataError> {
        let document = inherit::parse(text)
            .map_err(|source| BuildDataError::Syntax { release: release.clone(), source })?;
        let releases = document.root().get("releases").filter(|releases| releases.is_map());
        let releases =
            releases.ok_or_else(|| BuildDataError::NoReleases { release: release.clone() })?;
        let assembly = inherit::resolve(releases, release, &release.assembly_key())?;
        Reader { release, findings: Vec::new() }.read(&assembly)
    }

    /// The announced date, for those who cannot do without.
    pub fn release_date(&self) -> Result<ReleaseDate, BuildDataError> {
        self.date.ok_or_else(|| BuildDataError::NoReleaseDate { release: self.release.clone() })
    }

    /// The number of the advisory of `kind`.
    pub fn advisory(&self, kind: &str) -> Option<u64> {
        self.advisories.iter().find(|(name, _)| name == kind).map(|(_, id)| *id)
    }

    /// The candidate nightly of `arch`.
    pub fn candidate(&self, arch: Arch) -> Option<&str> {
        let found = self.candidate_builds.iter().find(|(name, _)| name == arch.rpm_name());
        found.map(|(_, build)| build.as_str())
    }

    /// Address of the shipment merge request; empty when there is none.
    pub fn shipment_url(&self) -> String {
        self.flow.merge_request().map(ToString::to_string).unwrap_or_default()
    }
}

/// Numbers by kind, and kinds without a number.
type Advisories = (Vec<(String, u64)>, Vec<String>);

/// Collects findings while it reads.
struct Reader<'r> {
    release: &'r ReleaseVersion,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn read(mut self, assembly: &Assembly) -> Result<ReleaseData, BuildDataError> {
        let (advisories, not_created) = self.advisories(&assembly.group)?;
        let candidate_builds = self.candidate_builds(&assembly.basis)?;
        let jira_ticket = self.jira_ticket(&assembly.group)?;
        let date = self.release_date(&assembly.group);
        let flow = self.flow(&assembly.group)?;
        let live_ids = self.live_ids(&assembly.group)?;
        let Self { release, findings } = self;
        let release = release.clone();
        for finding in &findings {
            tracing::warn!(release = %release, path = finding.path, "{}", finding.message);
        }
        Ok(ReleaseData {
            release,
            advisories,
            not_created,
            candidate_builds,
            jira_ticket,
            date,
            flow,
            live_ids,
            findings,
        })
    }

    fn found(&mut self, path: &str, message: impl Into<String>) {
        self.findings.push(Finding { path: path.to_owned(), message: message.into() });
    }

    fn wrong(&self, path: impl Into<String>, expected: &'static str) -> BuildDataError {
        BuildDataError::WrongType { release: self.release.clone(), path: path.into(), expected }
    }

    /// The map at `key`; absent and null are the same as empty.
    fn map<'m>(
        &self,
        of: &'m Map,
        key: &str,
        path: &str,
    ) -> Result<Option<&'m Map>, BuildDataError> {
        match of.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Map(map)) => Ok(Some(map)),
            Some(_) => Err(self.wrong(path, "a map")),
        }
    }

    /// Created advisories, and the kinds of those that are not created yet.
    fn advisories(&mut self, group: &Map) -> Result<Advisories, BuildDataError> {
        const PATH: &str = "group.advisories";
        let (mut created, mut not_created) = (Vec::new(), Vec::new());
        let Some(map) = self.map(group, "advisories", PATH)? else {
            self.found(PATH, "the release has no advisories");
            return Ok((created, not_created));
        };
        for (kind, id) in map.entries() {
            let id = id
                .as_i64()
                .or_else(|| id.as_str().and_then(|text| text.parse().ok()))
                .ok_or_else(|| self.wrong(format!("{PATH}.{kind}"), "a number"))?;
            match u64::try_from(id) {
                Ok(id @ 1..) => created.push((kind.to_owned(), id)),
                _ => not_created.push(kind.to_owned()),
            }
            if !KINDS.contains(&kind) {
                let hint = KINDS.iter().find(|known| known.trim_end_matches('s') == kind);
                let hint = hint.map(|known| format!("; did they mean {known:?}?"));
                let hint = hint.unwrap_or_default();
                self.found(&format!("{PATH}.{kind}"), format!("unknown kind of advisory{hint}"));
            }
        }
        if !not_created.is_empty() {
            self.found(PATH, format!("not created yet: {}", not_created.join(", ")));
        }
        Ok((created, not_created))
    }

    fn candidate_builds(&mut self, basis: &Map) -> Result<Vec<(String, String)>, BuildDataError> {
        const PATH: &str = "basis.reference_releases";
        let mut builds = Vec::new();
        let map = self.map(basis, "reference_releases", PATH)?;
        for (arch, build) in map.into_iter().flat_map(Map::entries) {
            let path = format!("{PATH}.{arch}");
            let build =
                build.as_str().ok_or_else(|| self.wrong(path.as_str(), "the name of a build"))?;
            if arch.parse::<Arch>().is_err() {
                self.found(&path, "unknown architecture");
            }
            if stream_of(build).is_some_and(|stream| stream != self.release.y_stream()) {
                self.found(&path, format!("{build} is no build of {}", self.release.y_stream()));
            }
            builds.push((arch.to_owned(), build.to_owned()));
        }
        Ok(builds)
    }

    fn jira_ticket(&mut self, group: &Map) -> Result<Option<String>, BuildDataError> {
        const PATH: &str = "group.release_jira";
        match group.get("release_jira") {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let text = value.as_str().ok_or_else(|| self.wrong(PATH, "the key of a ticket"))?;
                let ticket = text.trim();
                if ticket == "ART-0" {
                    self.found(PATH, "ART-0 is a placeholder: the release has no ticket yet");
                }
                Ok(Some(ticket.to_owned()).filter(|ticket| !ticket.is_empty() && ticket != "ART-0"))
            }
        }
    }

    fn release_date(&mut self, group: &Map) -> Option<ReleaseDate> {
        const PATH: &str = "group.release_date";
        let Some(text) = group.get("release_date").and_then(Value::as_str) else {
            self.found(PATH, "the release has no date");
            return None;
        };
        text.trim().parse().map_err(|error| self.found(PATH, format!("{error}"))).ok()
    }

    /// `group.shipment.advisories`: entries of a kind and, once it is reserved, a number. One that is
    /// not of this form is told and left out: it reserves nothing.
    fn live_ids(&mut self, group: &Map) -> Result<Vec<(String, i64)>, BuildDataError> {
        const PATH: &str = "group.shipment.advisories";
        let shipment = self.map(group, "shipment", "group.shipment")?;
        let entries = match shipment.and_then(|shipment| shipment.get("advisories")) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Seq(entries)) => entries,
            Some(_) => {
                self.found(PATH, "it must be a list");
                return Ok(Vec::new());
            }
        };
        let mut reserved = Vec::new();
        for (number, entry) in entries.iter().enumerate() {
            let field = |name: &str| match entry {
                Value::Map(map) => map.get(name).filter(|value| **value != Value::Null),
                _ => None,
            };
            let kind = field("kind").and_then(Value::as_str);
            let id = field("live_id").map(Value::as_i64);
            match (kind, id) {
                (Some(kind), Some(Some(id))) => reserved.push((kind.to_owned(), id)),
                (Some(_), None) => {}
                _ => self.found(&format!("{PATH}[{number}]"), "it must have a kind and a number"),
            }
        }
        Ok(reserved)
    }

    fn flow(&mut self, group: &Map) -> Result<Flow, BuildDataError> {
        const PATH: &str = "group.shipment.url";
        let Some(shipment) = self.map(group, "shipment", "group.shipment")? else {
            return Ok(Flow::Errata);
        };
        // An address that is none must stop the release: neither flow would be right (R16).
        let url = match shipment.get("url") {
            None | Some(Value::Null) => "",
            Some(value) => value.as_str().ok_or_else(|| self.wrong(PATH, EXPECTED_URL))?.trim(),
        };
        if url.is_empty() {
            self.found(PATH, "the shipment has no url: ART has not created the merge request yet");
            return Ok(Flow::KonfluxPending);
        }
        let mr: MergeRequest = url.parse().map_err(|_| self.wrong(PATH, EXPECTED_URL))?;
        Ok(Flow::Konflux { mr })
    }
}

const EXPECTED_URL: &str =
    "a merge request such as https://gitlab.example.com/group/project/-/merge_requests/12";

/// The y-stream that a build's name begins with.
fn stream_of(build: &str) -> Option<YStream> {
    let mut parts = build.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    format!("{major}.{minor}").parse().ok()
}
