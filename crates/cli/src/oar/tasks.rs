//! Grammar of the release tasks.

use std::path::PathBuf;

use clap::Subcommand;
use oar_errata::TargetState;
use oar_operators::tasks::analyze_build::{Decision, Reason};
use oar_operators::tasks::bugs::update_bug_list::Tell;
use oar_release::Arch;
use oar_release::email::is_email;

use super::DryRun;

/// The tasks of a release.
#[derive(Debug, Subcommand)]
pub enum TaskWork {
    /// Make the release lead owner of advisories and Jira subtasks
    ///
    /// Advisories decide the outcome; subtasks, the comment on the shipment merge request and
    /// messages are done as far as possible. Safe to repeat: what is done is not done again.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 take-ownership -e lead@example.com
  oar -r 4.20.7 take-ownership -e lead@example.com --dry-run")]
    TakeOwnership(TakeOwnership),

    /// Show what the security checks say about the RHCOS advisory
    ///
    /// Informs only: alerts that block become an issue of the release that is no blocker.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 check-rhcos-security-alerts
  oar -r 4.20.7 check-rhcos-security-alerts --output json")]
    CheckRhcosSecurityAlerts(DryRun),

    /// Tell whether the release is shipped, and whether users have it; changes nothing
    ///
    /// Shipped: every advisory that counts is in `REL_PREP` or beyond and the shipment is in
    /// production or merged. Exits with 1 when something could not be looked up.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 is-shipped
  oar -r 4.20.7 is-shipped --output json
  oar -r 4.20.7 is-shipped --exit-code     exits with 1 while it is not shipped")]
    IsShipped,

    /// Push the advisories to the staging CDN; run it again to see how far they are
    ///
    /// Blocking advisories go first. What is done or under way is never pushed twice.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 push-to-cdn-staging
  oar -r 4.20.7 push-to-cdn-staging --dry-run")]
    PushToCdnStaging(DryRun),

    /// Find CVE trackers that neither the advisories nor the shipment carry
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 check-cve-tracker-bug
  oar -r 4.20.7 check-cve-tracker-bug --no-notify")]
    CheckCveTrackerBug(CheckCveTrackerBug),

    /// List the bugs of the release and tell who is to verify them (Errata flow)
    ///
    /// Passes when every bug is `Verified`, `Closed` or `Release Pending`; a bug that is not visible is
    /// never taken for verified.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 update-bug-list
  oar -r 4.20.7 update-bug-list --no-notify
  oar -r 4.20.7 update-bug-list --confirm-droppable    ask whether severe bugs may go
  oar -r 4.20.7 update-bug-list --notify-managers      tell managers of unverified CVEs")]
    UpdateBugList(UpdateBugList),

    /// Look at the container verification tests of the advisories (Errata flow)
    ///
    /// Failed tests become one Jira issue per release, told once; tests that still run are no failure.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 check-greenwave-cvp-tests
  oar -r 4.20.7 check-greenwave-cvp-tests --dry-run")]
    CheckGreenwaveCvpTests(DryRun),

    /// Take bugs that are not verified out of the advisories, or also out of the shipment
    ///
    /// CVE trackers and bugs that are not visible always stay. Approvals that this costs are asked for
    /// again. Releases in the Konflux flow need --shipment, which makes a merge request that merges itself.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 drop-bugs --dry-run
  oar -r 4.20.7 drop-bugs --keep-high-severity
  oar -r 4.20.7 drop-bugs --shipment")]
    DropBugs(DropBugs),

    /// Start the stage tests, or look at how they went
    ///
    /// Without a build number the tests are started once: what runs already is found, and when it has
    /// ended its outcome is recorded.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 stage-testing
  oar -r 4.20.7 stage-testing -n 1673")]
    StageTesting(StageTesting),

    /// Check that a trusted key signed the release's payload
    ///
    /// Exits with 0 only when the signature is there and everything about it is proven: digest, name,
    /// kind, key and times. An outage is no verdict. May wait 8 minutes for the digest.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 image-signed-check
  oar -r 4.20.7 image-signed-check --arch x86_64 --arch aarch64
  oar -r 4.20.7 image-signed-check --public-key /etc/pki/rpm-gpg/RPM-GPG-KEY-redhat-release")]
    ImageSignedCheck(ImageSignedCheck),
    /// Compare payload and shipment on Prow and check the health of the images
    ///
    /// Without -i or -n the job is started once: one under way is found, wherever it runs, and when it
    /// has ended its outcome is recorded. Jenkins is kept as a way back.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 image-consistency-check
  oar -r 4.20.7 image-consistency-check -i 6ec0d27e-9f0e-4d4c-bb08-0c43b4b8b7ee
  oar -r 4.20.7 image-consistency-check --backend jenkins
  oar -r 4.20.7 image-consistency-check --backend jenkins -n 812")]
    ImageConsistencyCheck(ImageConsistencyCheck),

    /// Record what the tests say about the candidate nightly
    ///
    /// Accepted results pass. Rejected ones are shown with what failed, and a person decides with
    /// --accept or --reject; who and why are recorded. The candidate holds no release.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 analyze-candidate-build
  oar -r 4.20.7 analyze-candidate-build --accept 'network outage of the lab, see OCPQE-1'")]
    AnalyzeCandidateBuild(AnalyzeBuild),

    /// Record what the tests say about the promoted build: the gate of the release
    ///
    /// Accepted results pass. Rejected ones are shown with what failed, and a person decides with
    /// --accept or --reject; who and why are recorded, and a rejection becomes a blocker.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 analyze-promoted-build
  oar -r 4.20.7 analyze-promoted-build --reject 'upgrade from 4.19 loses volumes'
  oar -r 4.20.7 analyze-promoted-build --accept 'known flake of the console tests' --dry-run")]
    AnalyzePromotedBuild(AnalyzeBuild),

    /// Approve the release: move its advisories to `REL_PREP`, now or as soon as they may
    ///
    /// Kernels and security alerts are checked first; in the Konflux flow the shipment merge request is
    /// approved. While the advisory's page is not public a job waits for it (see `oarctl approvals`); QE
    /// subtasks are closed when every advisory is there. Safe to repeat.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 change-advisory-status
  oar -r 4.20.7 change-advisory-status --status QE
  oar -r 4.20.7 change-advisory-status --dry-run")]
    ChangeAdvisoryStatus(ChangeAdvisoryStatus),

    /// Approve the shipment merge request for QE (Konflux flow)
    ///
    /// The approval covers the commit that was checked. QE subtasks are closed when every advisory is
    /// in `REL_PREP` or beyond.
    #[command(after_help = "\
Examples:
  oar -r 4.20.7 add-qe-approval
  oar -r 4.20.7 add-qe-approval --allow-draft --dry-run")]
    AddQeApproval(AddQeApproval),
}

/// Arguments of `check-cve-tracker-bug`.
#[derive(Debug, clap::Args)]
pub struct CheckCveTrackerBug {
    /// Tell ART of missed trackers (the default)
    #[arg(long, overrides_with = "no_notify")]
    pub notify: bool,
    /// Tell nobody
    #[arg(long)]
    pub no_notify: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `update-bug-list`.
#[derive(Debug, clap::Args)]
pub struct UpdateBugList {
    /// Tell the QA contacts of bugs that wait for verification (the default)
    #[arg(long, overrides_with = "no_notify")]
    pub notify: bool,
    /// Tell nobody
    #[arg(long, conflicts_with_all = ["confirm_droppable", "notify_managers"])]
    pub no_notify: bool,
    /// Instead ask the QA contacts of bugs of high severity whether these may be dropped
    #[arg(long, conflicts_with = "notify_managers")]
    pub confirm_droppable: bool,
    /// Instead tell the managers of the QA contacts of unverified CVE trackers
    #[arg(long)]
    pub notify_managers: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

impl UpdateBugList {
    /// Who is told.
    pub const fn tell(&self) -> Tell {
        match (self.no_notify, self.confirm_droppable, self.notify_managers) {
            (true, _, _) => Tell::Nobody,
            (false, true, _) => Tell::ConfirmDroppable,
            (false, false, true) => Tell::Managers,
            (false, false, false) => Tell::Contacts,
        }
    }
}

/// Arguments of `drop-bugs`.
#[derive(Debug, clap::Args)]
pub struct DropBugs {
    /// Keep bugs that are critical or have a customer case
    #[arg(long)]
    pub keep_high_severity: bool,
    /// Drop from advisories and shipment of a release in the Konflux flow
    #[arg(long)]
    pub shipment: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `image-signed-check`.
#[derive(Debug, clap::Args)]
pub struct ImageSignedCheck {
    /// Architecture of the payload, as in its tag (aarch64, ppc64le, s390x, multi); repeatable
    #[arg(long = "arch", value_name = "ARCH", default_value = "x86_64")]
    pub archs: Vec<Arch>,
    /// File with the public keys to trust instead of the built-in ones; repeatable
    #[arg(long = "public-key", value_name = "FILE")]
    pub public_keys: Vec<PathBuf>,
    /// Address of a signature store to ask instead of the official ones; repeatable, asked in order
    #[arg(long = "signature-store", value_name = "URL", value_parser = store)]
    pub signature_stores: Vec<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `stage-testing`.
#[derive(Debug, clap::Args)]
pub struct StageTesting {
    /// Number of the Jenkins build to look at
    #[arg(short = 'n', long, alias = "build_number", value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub build_number: Option<u64>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `image-consistency-check`.
#[derive(Debug, clap::Args)]
pub struct ImageConsistencyCheck {
    /// Id or build number of the run to look at; empty: start one
    #[arg(short = 'i', long, value_name = "RUN")]
    pub job_id: Option<String>,
    /// Start another run although the check passed or one is under way
    #[arg(long, conflicts_with_all = ["job_id", "build_number"])]
    pub force: bool,
    /// Where the job runs
    #[arg(long, value_name = "BACKEND", default_value = "prow")]
    pub backend: Backend,
    /// Number of the Jenkins build to look at, with `--backend jenkins`
    #[arg(short = 'n', long, alias = "build_number", value_name = "NUMBER")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..), conflicts_with = "job_id")]
    pub build_number: Option<u64>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `analyze-candidate-build` and `analyze-promoted-build`.
#[derive(Debug, clap::Args)]
pub struct AnalyzeBuild {
    /// Accept rejected results, with the reason to record
    #[arg(long, value_name = "REASON", conflicts_with = "reject")]
    pub accept: Option<Reason>,
    /// Confirm that rejected results hold the release, with the reason to record
    #[arg(long, value_name = "REASON")]
    pub reject: Option<Reason>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `change-advisory-status`.
#[derive(Debug, clap::Args)]
pub struct ChangeAdvisoryStatus {
    /// Where the advisories go: `REL_PREP`, or `QE`, which approves nothing
    #[arg(short, long, value_name = "STATUS", default_value = "REL_PREP")]
    pub status: TargetState,
    /// Approve also a merge request that is a draft
    #[arg(long)]
    pub allow_draft: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

impl AnalyzeBuild {
    /// What the person decided, if anything.
    pub fn decision(&self) -> Option<Decision> {
        let accept = self.accept.clone().map(Decision::Accept);
        accept.or_else(|| self.reject.clone().map(Decision::Reject))
    }
}

/// Where the image consistency check runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    /// Prow
    Prow,
    /// Jenkins
    Jenkins,
}

/// Arguments of `add-qe-approval`.
#[derive(Debug, clap::Args)]
pub struct AddQeApproval {
    /// Approve also a draft
    #[arg(long)]
    pub allow_draft: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

/// Arguments of `take-ownership`.
#[derive(Debug, clap::Args)]
pub struct TakeOwnership {
    /// E-mail address of the release lead
    #[arg(short, long, value_name = "ADDRESS", value_parser = address)]
    pub email: String,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented at the type; clap would print it as help")]
    pub dry_run: DryRun,
}

pub(super) fn address(text: &str) -> Result<String, &'static str> {
    if is_email(text) { Ok(text.to_owned()) } else { Err("this is no e-mail address") }
}

fn store(text: &str) -> Result<String, &'static str> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "https" | "http") && url.has_host() => {
            Ok(text.to_owned())
        }
        _ => Err("this is no address of the form https://..."),
    }
}
