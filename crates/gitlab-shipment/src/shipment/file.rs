//! One shipment file (spec 03 §3.2). Unknown fields are ignored; wrong types are errors that name the
//! file, the line and the field.

use oar_yaml::{Document, Node};

use super::error::ShipmentError;
use super::name::is_fbc_path;

/// One shipment file with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipmentFile {
    /// Its path in the repository.
    pub path: String,
    /// Its text, as it was read.
    pub text: String,
    /// What it is for.
    pub metadata: Metadata,
    /// Where it is released to.
    pub environments: Environments,
    /// The builds; missing early in a release's life.
    pub snapshot: Option<Snapshot>,
    /// The advisory's content; FBC files have none.
    pub release_notes: Option<ReleaseNotes>,
}

/// What a shipment is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// `ocp`.
    pub product: String,
    /// Konflux application: `openshift-4-99`.
    pub application: String,
    /// Group of the build data: `openshift-4.99`.
    pub group: String,
    /// `4.99.3`, `rc.2`.
    pub assembly: String,
    /// Whether the file says that it is a file-based catalogue.
    pub fbc: bool,
    /// False for a push to the registry without an advisory.
    pub advisory_required: bool,
}

/// Both environments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environments {
    /// Staging.
    pub stage: Environment,
    /// Production.
    pub prod: Environment,
}

/// One environment; the addresses appear after the release to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// Konflux release plan.
    pub release_plan: Option<String>,
    /// Address of the advisory's YAML.
    pub internal_url: Option<String>,
    /// Address of the advisory for people.
    pub url: Option<String>,
}

/// The builds of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Konflux application; equal to the metadata's.
    pub application: String,
    /// The images.
    pub components: Vec<Component>,
    /// Names of the builds.
    pub nvrs: Vec<String>,
}

/// One image of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Pullspec with the digest of a multi-arch index.
    pub container_image: String,
    /// Source repository.
    pub source_url: Option<String>,
    /// Source commit.
    pub source_revision: Option<String>,
}

/// An advisory's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseNotes {
    /// `RHBA`, `RHSA` or `RHEA`, as written.
    pub kind: Option<String>,
    /// Reserved number of the advisory.
    pub live_id: Option<i64>,
    /// Fixed issues, of every source, in the order of the file.
    pub fixed: Vec<FixedIssue>,
    /// CVEs.
    pub cves: Vec<Cve>,
}

/// One fixed issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedIssue {
    /// `OCPBUGS-1`, or a number of Bugzilla.
    pub id: String,
    /// The tracker's host.
    pub source: Option<String>,
}

/// One CVE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cve {
    /// `CVE-2026-0001`.
    pub key: String,
    /// The component it is fixed in.
    pub component: Option<String>,
}

impl ShipmentFile {
    /// Reads `text`, the content of `path`.
    pub fn parse(path: &str, text: impl Into<String>) -> Result<Self, ShipmentError> {
        let text = text.into();
        let data = |reason: String| ShipmentError::Data { file: path.to_owned(), reason };
        let document = Document::parse(&text).map_err(|error| data(error.to_string()))?;
        let read = Reader { document: &document }.file().map_err(data)?;
        let (metadata, environments, snapshot, release_notes) = read;
        let path = path.to_owned();
        Ok(Self { path, text, metadata, environments, snapshot, release_notes })
    }

    /// Whether this is a file-based catalogue, by its path or by its own word.
    pub fn is_fbc(&self) -> bool {
        self.metadata.fbc || is_fbc_path(&self.path)
    }

    /// Whether an advisory must exist after the release to stage (spec 03 §2.6).
    pub fn needs_advisory(&self) -> bool {
        !self.is_fbc() && self.metadata.advisory_required
    }
}

type Parts = (Metadata, Environments, Option<Snapshot>, Option<ReleaseNotes>);

/// Reads fields and words complaints with their place.
struct Reader<'d> {
    document: &'d Document<'d>,
}

impl Reader<'_> {
    fn file(&self) -> Result<Parts, String> {
        let shipment = self.map(self.document.root(), "shipment", "shipment")?;
        let shipment = shipment.ok_or("there is no shipment")?;
        let metadata = self.map(shipment, "metadata", "shipment.metadata")?;
        let metadata = self.metadata(metadata.ok_or("there is no shipment.metadata")?)?;
        let environments = match self.map(shipment, "environments", "shipment.environments")? {
            None => Environments::default(),
            Some(both) => Environments {
                stage: self.environment(both, "stage")?,
                prod: self.environment(both, "prod")?,
            },
        };
        let snapshot = self.map(shipment, "snapshot", "shipment.snapshot")?;
        let snapshot = snapshot.map(|node| self.snapshot(node)).transpose()?;
        let notes = match self.map(shipment, "data", "shipment.data")? {
            None => None,
            Some(data) => self.map(data, "releaseNotes", "shipment.data.releaseNotes")?,
        };
        let notes = notes.map(|node| self.release_notes(node)).transpose()?;
        Ok((metadata, environments, snapshot, notes))
    }

    fn metadata(&self, node: &Node<'_>) -> Result<Metadata, String> {
        let text = |key: &str| self.required(node, key, "shipment.metadata");
        Ok(Metadata {
            product: text("product")?,
            application: text("application")?,
            group: text("group")?,
            assembly: text("assembly")?,
            fbc: self.flag(node, "fbc")?.unwrap_or(false),
            advisory_required: self.flag(node, "advisory_required")?.unwrap_or(true),
        })
    }

    fn environment(&self, both: &Node<'_>, name: &str) -> Result<Environment, String> {
        let place = format!("shipment.environments.{name}");
        let Some(node) = self.map(both, name, &place)? else { return Ok(Environment::default()) };
        let release_plan = self.text(node, "releasePlan", &place)?;
        let place = format!("{place}.advisory");
        let Some(advisory) = self.map(node, "advisory", &place)? else {
            return Ok(Environment { release_plan, ..Environment::default() });
        };
        Ok(Environment {
            release_plan,
            internal_url: self.text(advisory, "internal_url", &place)?,
            url: self.text(advisory, "url", &place)?,
        })
    }

    fn snapshot(&self, node: &Node<'_>) -> Result<Snapshot, String> {
        const SPEC: &str = "shipment.snapshot.spec";
        let spec = self.map(node, "spec", SPEC)?.ok_or("shipment.snapshot has no spec")?;
        let mut components = Vec::new();
        for (number, item) in self.items(spec, "components", SPEC)?.iter().enumerate() {
            let place = format!("{SPEC}.components[{number}]");
            components.push(self.component(&item.value, &place)?);
        }
        let place = "shipment.snapshot.nvrs";
        let nvr = |item: &oar_yaml::Item<'_>| {
            let text = item.value.as_str().map(str::to_owned);
            text.ok_or_else(|| self.wrong(&item.value, place, "a list of texts"))
        };
        let nvrs = self.items(node, "nvrs", place)?.iter().map(nvr).collect::<Result<_, _>>()?;
        Ok(Snapshot { application: self.required(spec, "application", SPEC)?, components, nvrs })
    }

    fn component(&self, node: &Node<'_>, place: &str) -> Result<Component, String> {
        let source = node.get("source").and_then(|source| source.get("git"));
        let git = |key: &str| source.map_or(Ok(None), |git| self.text(git, key, place));
        Ok(Component {
            name: self.required(node, "name", place)?,
            container_image: self.required(node, "containerImage", place)?,
            source_url: git("url")?,
            source_revision: git("revision")?,
        })
    }

    fn release_notes(&self, node: &Node<'_>) -> Result<ReleaseNotes, String> {
        const PLACE: &str = "shipment.data.releaseNotes";
        let live_id = match node.get("live_id").filter(|node| !node.is_null()) {
            None => None,
            Some(id) => {
                let number = id.as_i64().or_else(|| id.as_str()?.parse().ok());
                let place = format!("{PLACE}.live_id");
                Some(number.ok_or_else(|| self.wrong(id, &place, "a number"))?)
            }
        };
        let place = format!("{PLACE}.issues");
        let issues = self.map(node, "issues", &place)?;
        let place = format!("{place}.fixed");
        let mut fixed = Vec::new();
        for item in issues.map_or(Ok(&[][..]), |issues| self.items(issues, "fixed", &place))? {
            fixed.push(FixedIssue {
                id: self.required(&item.value, "id", &place)?,
                source: self.text(&item.value, "source", &place)?,
            });
        }
        let place = format!("{PLACE}.cves");
        let mut cves = Vec::new();
        for item in self.items(node, "cves", &place)? {
            cves.push(Cve {
                key: self.required(&item.value, "key", &place)?,
                component: self.text(&item.value, "component", &place)?,
            });
        }
        Ok(ReleaseNotes { kind: self.text(node, "type", PLACE)?, live_id, fixed, cves })
    }

    /// The map at `key`; absent and null are the same.
    fn map<'n>(
        &self,
        of: &'n Node<'n>,
        key: &str,
        place: &str,
    ) -> Result<Option<&'n Node<'n>>, String> {
        match of.get(key) {
            None => Ok(None),
            Some(node) if node.is_null() => Ok(None),
            Some(node) if node.is_map() => Ok(Some(node)),
            Some(node) => Err(self.wrong(node, place, "a map")),
        }
    }

    /// The items of the list at `key`; absent and null are the same as empty.
    fn items<'n>(
        &self,
        of: &'n Node<'n>,
        key: &str,
        place: &str,
    ) -> Result<&'n [oar_yaml::Item<'n>], String> {
        match of.get(key) {
            None => Ok(&[]),
            Some(node) if node.is_null() => Ok(&[]),
            Some(node) if node.is_seq() => Ok(node.items()),
            Some(node) => Err(self.wrong(node, &format!("{place}.{key}"), "a list")),
        }
    }

    /// The text at `key`; absent, null and empty are the same.
    fn text(&self, of: &Node<'_>, key: &str, place: &str) -> Result<Option<String>, String> {
        match of.get(key) {
            None => Ok(None),
            Some(node) if node.is_null() => Ok(None),
            Some(node) => {
                let text = node.as_str().map(str::trim).map(str::to_owned);
                let text =
                    text.ok_or_else(|| self.wrong(node, &format!("{place}.{key}"), "a text"))?;
                Ok(Some(text).filter(|text| !text.is_empty()))
            }
        }
    }

    fn required(&self, of: &Node<'_>, key: &str, place: &str) -> Result<String, String> {
        if !of.is_map() {
            return Err(self.wrong(of, place, "a map"));
        }
        let missing = || {
            let position = self.document.position(of.span.start);
            format!("{position}: {place} has no {key}")
        };
        self.text(of, key, place)?.ok_or_else(missing)
    }

    fn flag(&self, of: &Node<'_>, key: &str) -> Result<Option<bool>, String> {
        match of.get(key).filter(|node| !node.is_null()) {
            None => Ok(None),
            Some(node) => {
                let place = format!("shipment.metadata.{key}");
                node.as_bool().map(Some).ok_or_else(|| self.wrong(node, &place, "true or false"))
            }
        }
    }

    fn wrong(&self, node: &Node<'_>, place: &str, expected: &str) -> String {
        format!("{}: {place} must be {expected}", self.document.position(node.span.start))
    }
}

#[cfg(test)]
mod tests;
