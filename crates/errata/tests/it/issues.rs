//! Issues of advisories.

use oar_errata::{
    AdvisoryError, Approval, ErrataRead as _, ErrataWrite as _, LostApprovals, drop_issues,
    lost_approvals, shipped_keys,
};
use oar_sandbox::fault::{Kind, Rule};

use crate::support::{ID, Lab, RHCOS, advisory};

fn keys(list: &[&str]) -> Vec<String> {
    list.iter().map(|key| (*key).to_owned()).collect()
}

#[tokio::test]
async fn spec02_case_23_each_is_removed_by_a_request_of_its_own_and_read_back() {
    let lab = Lab::with(|world| advisory(world, ID).issues.push("OCPBUGS-99039".to_owned()));
    let wanted = keys(&["OCPBUGS-99031", "OCPBUGS-99039", "OCPBUGS-1", "OCPBUGS-99031"]);
    let report = drop_issues(&lab.errata, &lab.errata, ID, &wanted).await.unwrap();
    assert_eq!(report.dropped, ["OCPBUGS-99031", "OCPBUGS-99039"]);
    assert_eq!(report.absent, ["OCPBUGS-1"]);
    assert!(report.failed.is_empty() && report.surprises.is_empty(), "{report:?}");
    assert_eq!(report.after.unwrap().issues, ["OCPBUGS-99032"]);
    assert_eq!(
        lab.effects(),
        [format!("remove-issue {ID} OCPBUGS-99031"), format!("remove-issue {ID} OCPBUGS-99039")]
    );
    assert!(!lab.sandbox.requests().contains_key("errata PUT"), "never the whole advisory");
}

#[tokio::test]
async fn one_that_is_refused_does_not_lose_the_record_of_the_others() {
    let lab = Lab::new();
    let rule = Rule::once("errata", Kind::Status(422)).path("remove_jira_issue");
    lab.sandbox.plant(rule);
    let wanted = keys(&["OCPBUGS-99031", "OCPBUGS-99032"]);
    let report = drop_issues(&lab.errata, &lab.errata, ID, &wanted).await.unwrap();
    assert_eq!(report.dropped, ["OCPBUGS-99032"]);
    assert_eq!(report.failed.len(), 1);
    assert!(report.failed[0].1.contains("refused"), "{report:?}");
}

#[tokio::test]
async fn what_others_did_meanwhile_is_told() {
    let lab = Lab::new();
    // The reading back finds another issue and misses one.
    let errata = lab.errata.clone();
    let before = errata.erratum(ID).await.unwrap();
    assert_eq!(before.issues, ["OCPBUGS-99031", "OCPBUGS-99032"]);
    let meddling = Meddling { lab: &lab };
    let report = drop_issues(&lab.errata, &meddling, ID, &keys(&["OCPBUGS-99031"])).await.unwrap();
    assert_eq!(report.dropped, ["OCPBUGS-99031"]);
    assert_eq!(
        report.surprises,
        ["OCPBUGS-99032 is gone as well", "OCPBUGS-5 was attached meanwhile"]
    );
}

/// Removes what it is asked to, while somebody else edits the advisory.
struct Meddling<'l> {
    lab: &'l Lab,
}

#[async_trait::async_trait]
impl oar_errata::ErrataWrite for Meddling<'_> {
    async fn remove_issue(
        &self,
        id: oar_errata::AdvisoryId,
        key: &str,
    ) -> Result<(), AdvisoryError> {
        let meddle = |world: &mut oar_sandbox::world::World| {
            advisory(world, id).issues = keys(&[key, "OCPBUGS-5"]);
        };
        self.lab.sandbox.change(meddle).unwrap();
        self.lab.errata.remove_issue(id, key).await
    }

    async fn change_state(&self, _: &oar_errata::StateMove) -> Result<(), AdvisoryError> {
        unreachable!()
    }

    async fn change_owner(&self, _: oar_errata::AdvisoryId, _: &str) -> Result<(), AdvisoryError> {
        unreachable!()
    }

    async fn request_docs(&self, _: oar_errata::AdvisoryId) -> Result<(), AdvisoryError> {
        unreachable!()
    }

    async fn request_prodsec(&self, _: oar_errata::AdvisoryId) -> Result<(), AdvisoryError> {
        unreachable!()
    }

    async fn add_issue(&self, _: oar_errata::AdvisoryId, _: &str) -> Result<(), AdvisoryError> {
        unreachable!()
    }

    async fn resync_issues(&self, _: &[String]) -> Result<(), AdvisoryError> {
        unreachable!()
    }

    async fn push_to_stage(
        &self,
        _: oar_errata::AdvisoryId,
        _: u64,
    ) -> Result<Vec<u64>, AdvisoryError> {
        unreachable!()
    }

    async fn refresh_alerts(
        &self,
        _: oar_errata::AdvisoryId,
    ) -> Result<oar_errata::SecurityAlerts, AdvisoryError> {
        unreachable!()
    }

    async fn add_comment(
        &self,
        _: oar_errata::AdvisoryId,
        _: &str,
        _: u64,
    ) -> Result<(), AdvisoryError> {
        unreachable!()
    }
}

#[tokio::test]
async fn approvals_that_were_lost_are_asked_for_again_and_others_are_not() {
    let lab = Lab::new();
    let before = lab.errata.erratum(ID).await.unwrap();
    assert_eq!((before.docs, before.prodsec), (Approval::Approved, Approval::Approved));
    assert_eq!(lost_approvals(&before, &before), LostApprovals { docs: false, prodsec: false });
    let wanted = keys(&["OCPBUGS-99031"]);
    let report = drop_issues(&lab.errata, &lab.errata, ID, &wanted).await.unwrap();
    let mut after = report.after.unwrap();
    // Null after an approval is what the reference never noticed.
    assert_eq!(after.prodsec, Approval::NotRequested);
    assert_eq!(lost_approvals(&before, &after), LostApprovals { docs: true, prodsec: true });
    after.prodsec = Approval::Approved;
    assert!(!lost_approvals(&before, &after).prodsec);
    after.prodsec = Approval::Requested;
    assert!(!lost_approvals(&before, &after).prodsec);
    let mut bugfix = after.clone();
    (bugfix.kind, bugfix.prodsec) = (oar_errata::ErratumKind::Rhba, Approval::NotRequested);
    assert!(!lost_approvals(&before, &bugfix).prodsec);
    lab.errata.request_docs(ID).await.unwrap();
    lab.errata.request_prodsec(ID).await.unwrap();
    let now = lab.errata.erratum(ID).await.unwrap();
    assert_eq!((now.docs, now.prodsec), (Approval::Requested, Approval::Requested));
    assert!(!lost_approvals(&before, &now).docs, "asked for already");
}

#[tokio::test]
async fn spec02_case_29_a_key_that_is_out_is_told_by_the_errata_tool() {
    let lab = Lab::with(|world| {
        advisory(world, oar_errata::AdvisoryId(990_021)).issues = keys(&["OCPBUGS-7", "OCPBUGS-8"]);
        advisory(world, RHCOS).issues = keys(&["OCPBUGS-9"]);
    });
    lab.sandbox.plant(Rule::once("errata", Kind::Status(403)).path("OCPBUGS-8"));
    let asked = ["OCPBUGS-7", "OCPBUGS-8", "OCPBUGS-9", "OCPBUGS-404"];
    let (shipped, warnings) = shipped_keys(&lab.errata, asked).await;
    assert_eq!(shipped.into_iter().collect::<Vec<_>>(), ["OCPBUGS-7"]);
    assert_eq!(warnings.len(), 1, "one could not be looked up and stays: {warnings:?}");
    assert!(lab.errata.issue_advisories("OCPBUGS-404").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_that_is_none_reaches_no_request() {
    let lab = Lab::new();
    for key in ["", "OCPBUGS-1/../2", "x"] {
        for error in [
            lab.errata.remove_issue(ID, key).await.unwrap_err(),
            lab.errata.add_issue(ID, key).await.unwrap_err(),
            lab.errata.issue_advisories(key).await.map(drop).unwrap_err(),
            lab.errata.resync_issues(&keys(&["OCPBUGS-1", key])).await.unwrap_err(),
        ] {
            assert!(matches!(error, AdvisoryError::NotAnIssue { .. }), "{error}");
        }
    }
    assert_eq!(lab.requests(), 0);
    lab.errata.resync_issues(&[]).await.unwrap();
    assert_eq!(lab.requests(), 0);
    lab.errata.resync_issues(&keys(&["OCPBUGS-1"])).await.unwrap();
    lab.errata.add_issue(ID, "OCPBUGS-1").await.unwrap();
    assert_eq!(lab.count("resync-issues") + lab.count("add-issue"), 2);
}
