//! Names: which files of a merge request are shipments, and which release a name names (spec 03
//! §2.5, §3.1).

use oar_release::ReleaseVersion;

use crate::types::ChangedFile;

/// Whether a changed file is a shipment file: below `shipment/`, YAML, and not removed.
pub fn is_shipment_file(file: &ChangedFile) -> bool {
    let is_yaml = file.new_path.rsplit_once('.').is_some_and(|(_, extension)| is_yaml(extension));
    file.new_path.starts_with("shipment/") && is_yaml && !file.deleted_file
}

fn is_yaml(extension: &str) -> bool {
    extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
}

/// Whether the path is that of a file-based catalogue. The file itself may say so too
/// ([`super::ShipmentFile::is_fbc`]).
pub fn is_fbc_path(path: &str) -> bool {
    path.to_ascii_lowercase().contains(".fbc.")
}

/// The parts of a shipment file's path:
/// `shipment/<product>/<group>/<application>/<env>/<assembly>.<kind>.<timestamp>.yaml`.
///
/// ```
/// use oar_gitlab_shipment::shipment::FileName;
///
/// let path = "shipment/ocp/openshift-4.99/openshift-4-99/prod/4.99.3.image.20260301083000.yaml";
/// let name = FileName::parse(path).expect("it has all parts");
/// assert_eq!((name.assembly.as_str(), name.kind.as_str()), ("4.99.3", "image"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// `ocp`.
    pub product: String,
    /// `openshift-4.99`.
    pub group: String,
    /// `openshift-4-99`.
    pub application: String,
    /// `prod` or `stage`.
    pub environment: String,
    /// `4.99.3`, `rc.2`.
    pub assembly: String,
    /// `image`, `extras`, `metadata`, `fbc`, `microshift-bootc`.
    pub kind: String,
    /// 14 digits.
    pub timestamp: String,
}

impl FileName {
    /// Reads a path; `None` when it is not of this form. The older form has a dash between assembly
    /// and kind.
    pub fn parse(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let mut next = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
        let root = next()?;
        let (product, group, application) = (next()?, next()?, next()?);
        let (environment, file) = (next()?, next()?);
        if root != "shipment" || parts.next().is_some() {
            return None;
        }
        let (stem, extension) = file.rsplit_once('.')?;
        if !is_yaml(extension) {
            return None;
        }
        let (front, timestamp) = stem.rsplit_once('.')?;
        if timestamp.len() != 14 || !timestamp.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (assembly, kind) = KINDS.iter().find_map(|kind| {
            let assembly = front.strip_suffix(kind)?.strip_suffix(['.', '-'])?;
            (!assembly.is_empty()).then(|| (assembly.to_owned(), (*kind).to_owned()))
        })?;
        let timestamp = timestamp.to_owned();
        Some(Self { product, group, application, environment, assembly, kind, timestamp })
    }
}

/// Kinds of shipments.
const KINDS: [&str; 5] = ["microshift-bootc", "image", "extras", "metadata", "fbc"];

/// The release in a shipment merge request's title: `Draft: Shipment for 4.99.3 (ship date: …)`.
pub fn release_in_title(title: &str) -> Option<ReleaseVersion> {
    let title = title.trim();
    let title = title.strip_prefix("Draft:").map_or(title, str::trim_start);
    let rest = title.strip_prefix("Shipment for ")?.trim_start();
    let end = rest.find([' ', '(']).unwrap_or(rest.len());
    let tail = rest[end..].trim();
    let is_remark = tail.starts_with('(') && tail.ends_with(')');
    (tail.is_empty() || is_remark).then(|| rest[..end].parse().ok())?
}

/// The assembly in a shipment's source branch: `prepare-shipment-<assembly>-<timestamp>`.
pub fn release_in_branch(branch: &str) -> Option<&str> {
    let (assembly, timestamp) = branch.strip_prefix("prepare-shipment-")?.rsplit_once('-')?;
    let is_timestamp = timestamp.len() == 14 && timestamp.bytes().all(|b| b.is_ascii_digit());
    (is_timestamp && !assembly.is_empty()).then_some(assembly)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(path: &str, deleted_file: bool) -> ChangedFile {
        ChangedFile { old_path: path.to_owned(), new_path: path.to_owned(), deleted_file }
    }

    #[test]
    fn spec03_case_04_shipment_files_are_told_from_the_rest() {
        let files = [
            changed("shipment/ocp/a.image.1.yaml", false),
            changed("shipment/ocp/b.fbc.1.yml", false),
            changed("README.md", false),
            changed("config.yaml", false),
            changed("shipment/ocp/old.yaml", true),
            changed("shipment/ocp/notes.txt", false),
            changed("other/shipment/a.yaml", false),
        ];
        let found: Vec<&str> =
            files.iter().filter(|f| is_shipment_file(f)).map(|f| f.new_path.as_str()).collect();
        assert_eq!(found, ["shipment/ocp/a.image.1.yaml", "shipment/ocp/b.fbc.1.yml"]);
        let for_health: Vec<_> = found.into_iter().filter(|path| !is_fbc_path(path)).collect();
        assert_eq!(for_health, ["shipment/ocp/a.image.1.yaml"]);
        assert!(is_shipment_file(&changed("shipment/x.YAML", false)) && is_fbc_path("a.FBC.1"));
    }

    #[test]
    fn paths_are_parsed_in_both_forms() {
        let front = "shipment/ocp/openshift-4.99/openshift-4-99/prod/";
        for (file, assembly, kind) in [
            ("4.99.3.image.20260301083000.yaml", "4.99.3", "image"),
            ("4.99.3-extras.20260301083000.yml", "4.99.3", "extras"),
            ("rc.2.metadata.20260301083000.yaml", "rc.2", "metadata"),
            ("4.99.3.microshift-bootc.20260301083000.yaml", "4.99.3", "microshift-bootc"),
        ] {
            let name = FileName::parse(&format!("{front}{file}")).unwrap();
            assert_eq!((name.assembly.as_str(), name.kind.as_str()), (assembly, kind), "{file}");
        }
        for file in [
            "4.99.3.image.2026.yaml",
            "4.99.3.image.20260301083000.json",
            ".image.20260301083000.yaml",
            "4.99.3.other.20260301083000.yaml",
            "deeper/4.99.3.image.20260301083000.yaml",
        ] {
            assert_eq!(FileName::parse(&format!("{front}{file}")), None, "{file}");
        }
    }

    #[test]
    fn spec03_case_23_the_release_is_read_from_the_title() {
        let release = |title: &str| release_in_title(title).map(|release| release.to_string());
        for (title, expected) in [
            ("Draft: Shipment for 4.22.0-rc.2 (ship date: 2026-Feb-03)", Some("4.22.0-rc.2")),
            ("Shipment for 4.99.3", Some("4.99.3")),
            ("Shipment for 4.99.3(ship date: x)", Some("4.99.3")),
            ("Update docs", None),
            ("Shipment for 4.99", None),
            ("Shipment for 4.99.3 and 4.99.4", None),
            ("Revert \"Shipment for 4.99.3\"", None),
        ] {
            assert_eq!(release(title).as_deref(), expected, "{title}");
        }
    }

    #[test]
    fn the_assembly_is_read_from_the_branch() {
        assert_eq!(release_in_branch("prepare-shipment-4.99.3-20260301083000"), Some("4.99.3"));
        assert_eq!(release_in_branch("prepare-shipment-rc.2-20260301083000"), Some("rc.2"));
        for other in ["main", "prepare-shipment-4.99.3", "prepare-shipment--20260301083000"] {
            assert_eq!(release_in_branch(other), None, "{other}");
        }
    }
}
