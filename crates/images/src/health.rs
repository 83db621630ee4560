//! Health of all images of a release (spec 03 §5.1, §6): never healthy because something could not be
//! looked up.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use oar_registry::Digest;
use serde::Serialize;

use crate::grade::{Grade, effective_grade};
use crate::pyxis::{PyxisRead, Vulnerability};

/// Requests to the catalogue at the same time (spec 00 §d).
pub const IN_FLIGHT: usize = 20;

/// An image that is to be shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedImage {
    /// Its component.
    pub name: String,
    /// Its pull spec, with a digest.
    pub pull_spec: String,
    /// Its architecture.
    pub architecture: String,
}

impl ShippedImage {
    /// The digest in the pull spec.
    pub fn digest(&self) -> Option<Digest> {
        let digest: Digest = self.pull_spec.rsplit_once('@')?.1.trim().parse().ok()?;
        digest.is_sha256().then_some(digest)
    }
}

/// What is to be checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthQuestion {
    /// The images.
    pub images: Vec<ShippedImage>,
    /// What is missing from them: a file without advisory, an advisory that could not be fetched.
    /// With a gap the release is not healthy, whatever the images say.
    pub gaps: Vec<String>,
}

/// The verdict about all images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthVerdict {
    /// Every image was found, graded, and has an A or B.
    Healthy,
    /// At least one image is bad.
    Unhealthy,
    /// No bad image was seen, and something could not be seen.
    Undetermined,
}

/// An image whose grade is not A or B.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnhealthyImage {
    /// The image.
    pub image: ShippedImage,
    /// Its grade; unknown when the catalogue has none.
    pub grade: Grade,
    /// Its vulnerabilities, as far as they could be read.
    pub vulnerabilities: Vec<Vulnerability>,
    /// Why vulnerabilities are missing: they could not be read, or are more than are read.
    pub vulnerabilities_note: Option<String>,
}

/// An image that could not be looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnavailableImage {
    /// The image.
    pub image: ShippedImage,
    /// Why, in one line.
    pub reason: String,
}

/// What was found out about all images. An image that stands in several files counts each time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthReport {
    /// Images to check.
    pub found: usize,
    /// Images for which the catalogue answered.
    pub scanned: usize,
    /// The bad ones, those without a known grade included.
    pub unhealthy: Vec<UnhealthyImage>,
    /// Those for which it did not answer.
    pub unavailable: Vec<UnavailableImage>,
    /// What else is missing.
    pub gaps: Vec<String>,
}

impl HealthReport {
    /// The verdict (spec 03 §5.1): nothing found, nothing said.
    pub fn verdict(&self) -> HealthVerdict {
        if !self.unhealthy.is_empty() {
            HealthVerdict::Unhealthy
        } else if self.found > 0
            && self.scanned == self.found
            && self.unavailable.is_empty()
            && self.gaps.is_empty()
        {
            HealthVerdict::Healthy
        } else {
            HealthVerdict::Undetermined
        }
    }

    /// How many of the bad ones have no known grade.
    pub fn unknown(&self) -> usize {
        self.unhealthy.iter().filter(|image| image.grade == Grade::Unknown).count()
    }
}

/// What was learned of one digest.
enum Looked {
    Healthy,
    Bad { grade: Grade, vulnerabilities: Vec<Vulnerability>, note: Option<String> },
    Not { reason: String },
}

/// Checks all images of `question` as of `now`; a digest that occurs often is asked for once.
pub async fn image_health(
    pyxis: &dyn PyxisRead,
    question: HealthQuestion,
    now: Timestamp,
) -> HealthReport {
    watched_image_health(pyxis, question, now, &|_, _| {}).await
}

/// The same; `seen` is told how many of how many digests were looked up, at first and after each.
#[tracing::instrument(name = "images.health", skip_all, fields(images = question.images.len()))]
pub async fn watched_image_health(
    pyxis: &dyn PyxisRead,
    question: HealthQuestion,
    now: Timestamp,
    seen: &(dyn Fn(usize, usize) + Sync),
) -> HealthReport {
    let mut digests: Vec<Digest> =
        question.images.iter().filter_map(ShippedImage::digest).collect();
    digests.sort_unstable();
    digests.dedup();
    let looks = digests.into_iter().map(|digest| async move {
        let looked = look(pyxis, &digest, now).await;
        (digest, looked)
    });
    let total = looks.len();
    seen(0, total);
    let mut under_way = stream::iter(looks).buffer_unordered(IN_FLIGHT);
    let mut looked = BTreeMap::new();
    while let Some((digest, what)) = under_way.next().await {
        looked.insert(digest, what);
        seen(looked.len(), total);
    }

    let found = question.images.len();
    let mut report = HealthReport {
        found,
        scanned: 0,
        unhealthy: Vec::new(),
        unavailable: Vec::new(),
        gaps: question.gaps,
    };
    for image in question.images {
        match image.digest().and_then(|digest| looked.get(&digest)) {
            Some(Looked::Healthy) => report.scanned += 1,
            Some(Looked::Bad { grade, vulnerabilities, note }) => {
                report.scanned += 1;
                report.unhealthy.push(UnhealthyImage {
                    image,
                    grade: *grade,
                    vulnerabilities: vulnerabilities.clone(),
                    vulnerabilities_note: note.clone(),
                });
            }
            Some(Looked::Not { reason }) => {
                report.unavailable.push(UnavailableImage { image, reason: reason.clone() });
            }
            None => {
                let reason = "its pull spec has no sha256 digest".to_owned();
                report.unavailable.push(UnavailableImage { image, reason });
            }
        }
    }
    report
}

async fn look(pyxis: &dyn PyxisRead, digest: &Digest, now: Timestamp) -> Looked {
    let grades = match pyxis.image_grades(digest).await {
        Ok(grades) => grades,
        Err(error) => return Looked::Not { reason: error.one_line() },
    };
    let grade = grades.effective(now);
    if grade.is_healthy() {
        return Looked::Healthy;
    }
    let Some(link) = grades.vulnerabilities else {
        return Looked::Bad { grade, vulnerabilities: Vec::new(), note: None };
    };
    match pyxis.vulnerabilities(&link).await {
        Ok(found) => {
            let note = found.cut.then(|| "only the first 1,000 vulnerabilities".to_owned());
            Looked::Bad { grade, vulnerabilities: found.known, note }
        }
        Err(error) => {
            Looked::Bad { grade, vulnerabilities: Vec::new(), note: Some(error.one_line()) }
        }
    }
}

/// An image of a build in an advisory that is not healthy (Errata flow, spec 03 §6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnhealthyBuild {
    /// The build.
    pub nvr: String,
    /// The architecture.
    pub arch: String,
    /// Its grade.
    pub grade: Grade,
}

/// What was found out about the builds of an advisory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildsReport {
    /// The worst grade of all images; `None` when none could be graded.
    pub worst: Option<Grade>,
    /// The bad ones.
    pub unhealthy: Vec<UnhealthyBuild>,
    /// Builds that could not be looked up, and why.
    pub unavailable: Vec<(String, String)>,
}

impl BuildsReport {
    /// The verdict: undetermined unless every build was graded.
    pub fn verdict(&self) -> HealthVerdict {
        if !self.unhealthy.is_empty() {
            HealthVerdict::Unhealthy
        } else if self.unavailable.is_empty() && self.worst.is_some() {
            HealthVerdict::Healthy
        } else {
            HealthVerdict::Undetermined
        }
    }
}

/// Grades all images of the builds `nvrs` as of `now`. One that cannot be looked up does not stop the
/// others.
#[tracing::instrument(name = "images.builds_health", skip_all, fields(builds = nvrs.len()))]
pub async fn builds_health(pyxis: &dyn PyxisRead, nvrs: &[String], now: Timestamp) -> BuildsReport {
    let looks = nvrs.iter().map(|nvr| async move { (nvr, pyxis.build_grades(nvr).await) });
    let looked: Vec<_> = stream::iter(looks).buffered(IN_FLIGHT).collect().await;
    let mut report = BuildsReport::default();
    for (nvr, grades) in looked {
        match grades {
            Ok(images) if images.is_empty() => {
                report
                    .unavailable
                    .push((nvr.clone(), "the catalogue has no image of it".to_owned()));
            }
            Ok(images) => {
                for image in images {
                    let grade = effective_grade(&image.entries, now);
                    report.worst = report.worst.max(Some(grade));
                    if !grade.is_healthy() {
                        let (nvr, arch) = (nvr.clone(), image.arch);
                        report.unhealthy.push(UnhealthyBuild { nvr, arch, grade });
                    }
                }
            }
            Err(error) => report.unavailable.push((nvr.clone(), error.one_line())),
        }
    }
    report
}
