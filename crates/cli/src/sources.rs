//! Where commands get facts from that the configuration names: adapters of the operators' ports.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use oar_config::{AppConfig, BuildDataCache, ReleaseData};
use oar_operators::OperatorError;
use oar_operators::context::{LegacyReport, LegacyReports, People, ReleaseDataSource};
use oar_release::ReleaseVersion;
use oar_transport::HttpClient;
use oar_worksheet::{HttpWorksheets, ServiceAccount, WorksheetRead as _};

/// Build data through the process's cache.
#[derive(Debug)]
pub(crate) struct BuildData(pub(crate) BuildDataCache);

#[async_trait]
impl ReleaseDataSource for BuildData {
    async fn release(&self, release: &ReleaseVersion) -> Result<Arc<ReleaseData>, OperatorError> {
        Ok(self.0.get(release).await?.data)
    }
}

/// No build data: the configuration that says where it is cannot be read.
#[derive(Debug)]
pub(crate) struct NoBuildData(pub(crate) String);

#[async_trait]
impl ReleaseDataSource for NoBuildData {
    async fn release(&self, _release: &ReleaseVersion) -> Result<Arc<ReleaseData>, OperatorError> {
        let problem = format!("ART's build data needs the configuration: {}", self.0);
        Err(OperatorError::NotConfigured { problem })
    }
}

/// People as the configuration names them.
#[derive(Debug)]
pub(crate) struct KnownPeople(pub(crate) Option<AppConfig>);

impl People for KnownPeople {
    fn lead_group(&self, release: &ReleaseVersion) -> (Option<String>, Option<String>) {
        match &self.0 {
            Some(config) => {
                let leads = config.release_leads(release.y_stream());
                (leads.handle, leads.warning)
            }
            None => (None, None),
        }
    }

    fn owner(&self, release: &ReleaseVersion) -> Option<String> {
        self.0.as_ref()?.owner(release.y_stream()).ok().map(str::to_owned)
    }
}

/// The spreadsheets that the configuration names, read with `GCP_SA_FILE`.
#[derive(Debug)]
pub(crate) struct Spreadsheets {
    pub(crate) http: HttpClient,
    pub(crate) config: Option<AppConfig>,
    pub(crate) key_file: Option<PathBuf>,
}

#[async_trait]
impl LegacyReports for Spreadsheets {
    async fn find(&self, release: &ReleaseVersion) -> Result<LegacyReport, OperatorError> {
        let template = self.config.as_ref().and_then(|c| c.report_template(release.y_stream()));
        let Some(document) = template else { return Ok(LegacyReport::None) };
        let Some(key_file) = &self.key_file else { return Ok(LegacyReport::NotLookedUp) };
        let unknown = |source| OperatorError::LegacyReport { release: release.clone(), source };
        let account =
            ServiceAccount::read("GCP_SA_FILE", key_file).map_err(|error| unknown(error.into()))?;
        let sheets = HttpWorksheets::new(&self.http, account);
        let found = sheets.find(document, release).await.map_err(unknown)?;
        Ok(found.map_or(LegacyReport::None, |report| LegacyReport::Found { url: report.url }))
    }
}
