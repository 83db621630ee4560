//! Who and what a story is about, read from the world as it is: dates and numbers are not kept twice.

use oar_release::ReleaseDate;

use crate::errata::Advisory;
use crate::world::World;

/// What ART's build data say about a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cast {
    /// Numbers of the advisories, lowest first; `microshift` goes its own way.
    pub advisories: Vec<u64>,
    /// The announced day.
    pub release_date: Option<ReleaseDate>,
    /// The candidate build for `x86_64`.
    pub candidate: Option<String>,
    /// Project and number of the shipment's merge request.
    pub shipment: Option<(String, u64)>,
}

impl Cast {
    /// Reads the entry of `release`; one that is not there has an empty cast.
    pub fn read(world: &World, release: &str) -> Self {
        let minor = release.rsplit_once('.').map_or(release, |(minor, _)| minor);
        let text = world.build_data.get(&format!("openshift-{minor}"));
        let own: Vec<&str> = text.map(|text| entry(text, release)).unwrap_or_default();
        let value = |key: &str| own.iter().find_map(|line| value_of(line, key));
        Self {
            advisories: value("advisories").map(numbers).unwrap_or_default(),
            release_date: value("release_date").and_then(|date| date.parse().ok()),
            candidate: value("x86_64").map(str::to_owned),
            shipment: value("url").and_then(merge_request),
        }
    }

    /// The advisories that were not dropped.
    pub fn counted<'w>(&self, world: &'w World) -> Vec<(u64, &'w Advisory)> {
        let all = self.advisories.iter();
        let known = all.filter_map(|id| Some((*id, world.errata.advisories.get(id)?)));
        known.filter(|(_, advisory)| advisory.state != "DROPPED_NO_SHIP").collect()
    }
}

/// ART announces `release` for another day.
pub(super) fn announce(world: &mut World, release: &str, date: ReleaseDate) {
    let cast = Cast::read(world, release);
    let Some(old) = cast.release_date else { return };
    let (old, new) = (old.to_string(), date.to_string());
    let minor = release.rsplit_once('.').map_or(release, |(minor, _)| minor);
    if let Some(text) = world.build_data.get_mut(&format!("openshift-{minor}"))
        && let Some(at) = text.find(&format!("  {release}:"))
    {
        let own = text[at..].replacen(&old, &new, 1);
        text.replace_range(at.., &own);
    }
    if let Some((project, iid)) = &cast.shipment
        && let Some(mr) = world.gitlab.merge_request_mut(project, *iid)
    {
        mr.title = mr.title.replace(&old, &new);
    }
}

/// The lines of one release: those behind its key that are indented further.
fn entry<'t>(text: &'t str, release: &str) -> Vec<&'t str> {
    let head = format!("  {release}:");
    let own = text.lines().skip_while(|line| line.trim_end() != head).skip(1);
    own.take_while(|line| line.starts_with("   ")).collect()
}

fn value_of<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let (found, value) = line.split_once(':')?;
    let value = value.trim().trim_matches('"');
    (found.trim() == key && !value.is_empty()).then_some(value)
}

/// `{rpm: 990031, rhcos: 990032}`.
fn numbers(map: &str) -> Vec<u64> {
    let pairs = map.trim_matches(['{', '}']).split(',').filter_map(|pair| pair.split_once(':'));
    let counted = pairs.filter(|(kind, _)| kind.trim() != "microshift");
    let mut numbers: Vec<u64> = counted.filter_map(|(_, id)| id.trim().parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// `https://HOST/group/project/-/merge_requests/337`.
fn merge_request(url: &str) -> Option<(String, u64)> {
    let (project, number) = url.split_once("/-/merge_requests/")?;
    let (_, path) = project.split_once("://")?.1.split_once('/')?;
    Some((path.to_owned(), number.trim_end_matches('/').parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invented_releases_are_read() {
        let world = World::seeded();
        let konflux = Cast::read(&world, "4.99.3");
        assert_eq!(konflux.advisories, [990_031, 990_032]);
        assert_eq!(konflux.release_date.map(|d| d.to_string()).as_deref(), Some("2026-Mar-10"));
        assert_eq!(konflux.candidate.as_deref(), Some("4.99.0-0.nightly-2026-03-01-045853"));
        assert_eq!(konflux.shipment, Some(("invented/ocp-shipment-data".to_owned(), 337)));
        let errata = Cast::read(&world, "4.98.17");
        assert_eq!(errata.advisories, [980_171, 980_172, 980_173, 980_174, 980_175]);
        assert_eq!(errata.shipment, None);
        assert_eq!(Cast::read(&world, "4.97.1"), Cast::default());
        // The entry before it has another date.
        let past = Cast::read(&world, "4.99.2");
        assert_eq!(past.shipment, Some(("invented/ocp-shipment-data".to_owned(), 301)));
        assert_eq!(past.release_date.map(|d| d.to_string()).as_deref(), Some("2026-Feb-24"));
    }

    #[test]
    fn a_release_is_announced_for_another_day() {
        let mut world = World::seeded();
        let before = (Cast::read(&world, "4.99.2"), Cast::read(&world, "4.98.17"));
        announce(&mut world, "4.99.3", "2031-Dec-01".parse().unwrap());
        let announced = Cast::read(&world, "4.99.3");
        assert_eq!(announced.release_date.map(|d| d.to_string()).as_deref(), Some("2031-Dec-01"));
        let mr = world.gitlab.merge_request("invented/ocp-shipment-data", 337).unwrap();
        assert!(mr.title.contains("2031-Dec-01"), "{}", mr.title);
        assert_eq!((Cast::read(&world, "4.99.2"), Cast::read(&world, "4.98.17")), before);
    }
}
