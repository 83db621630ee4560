//! Loads a shipment: the merge request and its files at its head commit (spec 03 §2.5).

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use oar_release::{MergeRequest, ReleaseVersion};

use crate::port::GitLabRead;
use crate::shipment::{ShipmentError, ShipmentFile, is_shipment_file, jira_keys, mismatches};
use crate::types::MrInfo;

/// Files read at the same time.
const AT_ONCE: usize = 8;

/// A shipment as it was at one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// The merge request.
    pub mr: MrInfo,
    /// The commit that the files were read at: what an approval of this shipment covers.
    pub head: String,
    /// Its shipment files, in the order of the merge request.
    pub files: Vec<ShipmentFile>,
}

impl Shipment {
    /// The files whose images have health grades: no file-based catalogues.
    pub fn image_files(&self) -> impl Iterator<Item = &ShipmentFile> {
        self.files.iter().filter(|file| !file.is_fbc())
    }

    /// The Jira keys that the shipment fixes.
    pub fn jira_keys(&self) -> Vec<String> {
        jira_keys(&self.files)
    }

    /// Refuses a shipment of another release (spec 08 R16). `live_ids`: as in [`mismatches`].
    pub fn require_release(
        &self,
        release: &ReleaseVersion,
        live_ids: &[(String, i64)],
    ) -> Result<(), ShipmentError> {
        let mismatches = mismatches(release, &self.mr, &self.files, live_ids);
        if mismatches.is_empty() {
            return Ok(());
        }
        Err(ShipmentError::Mismatch { release: release.to_string(), mismatches })
    }

    /// The files that must have an advisory after the release to stage and have none.
    pub fn without_stage_advisory(&self) -> Vec<&str> {
        let missing = |file: &&ShipmentFile| {
            file.needs_advisory() && file.environments.stage.internal_url.is_none()
        };
        self.files.iter().filter(missing).map(|file| file.path.as_str()).collect()
    }
}

/// Reads the shipment of `mr`, whatever its state. Any file that cannot be read is an error that
/// names it; so is a merge request without shipment files.
pub async fn load_shipment(
    gitlab: &dyn GitLabRead,
    mr: &MergeRequest,
) -> Result<Shipment, ShipmentError> {
    let (info, changed) = tokio::try_join!(gitlab.merge_request(mr), gitlab.changed_files(mr))?;
    let (project, head) = (info.source_project()?, info.head()?.to_owned());
    let mut paths = Vec::new();
    for file in changed {
        if is_shipment_file(&file) {
            paths.push(file.new_path);
        } else {
            tracing::debug!(path = file.new_path, "no shipment file");
        }
    }
    if paths.is_empty() {
        return Err(ShipmentError::NoFiles { url: info.web_url });
    }
    let read = |path: String| {
        let (project, head) = (&project, &head);
        async move {
            match gitlab.file(project, &path, head).await {
                Ok(file) => ShipmentFile::parse(&path, file.text),
                Err(source) => Err(ShipmentError::Unreadable { file: path, source }),
            }
        }
    };
    let files = stream::iter(paths).map(read).buffered(AT_ONCE).try_collect().await?;
    Ok(Shipment { mr: info, head, files })
}
