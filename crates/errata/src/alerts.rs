//! Security alerts as they are now (spec 02 §3.8; R32).

use serde::Serialize;

use crate::client::{ErrataRead, ErrataWrite};
use crate::error::AdvisoryError;
use crate::types::SecurityAlerts;
use crate::words::AdvisoryId;

/// Security alerts, and how fresh they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CurrentAlerts {
    /// The alerts.
    pub alerts: SecurityAlerts,
    /// Why they could not be computed anew; they are then those computed last.
    pub not_refreshed: Option<String>,
}

/// Has the alerts of advisory `id` computed anew; when that fails, reads those computed last and
/// says so. "No alert" is never assumed: when both fail, the error is that of the read.
pub async fn current_alerts(
    read: &dyn ErrataRead,
    write: &dyn ErrataWrite,
    id: AdvisoryId,
) -> Result<CurrentAlerts, AdvisoryError> {
    let problem = match write.refresh_alerts(id).await {
        Ok(alerts) => return Ok(CurrentAlerts { alerts, not_refreshed: None }),
        Err(error) => error.whole(),
    };
    tracing::warn!(%id, problem, "security alerts could not be refreshed");
    let alerts = read.security_alerts(id).await?;
    Ok(CurrentAlerts { alerts, not_refreshed: Some(problem) })
}
