//! Story: a release runs itself, from its announcement to the customers, with and without trouble.

use std::time::Duration;

use oar_release::workflow::Ending;
use oar_sandbox::world::World;

use crate::machine::{End, Life, Machine};
use crate::trial::RELEASE;

#[test]
fn a_release_drives_itself() {
    let mut world = World::seeded();
    world.begin_brisk_story(RELEASE, &[]);
    let machine = Machine::new(world);
    let started = std::time::Instant::now();
    let life = Life { drivers: 1, lasts: Duration::from_hours(24 * 14), seed: 7 };
    let End::Over(drives) = machine.live(life) else { panic!("it went off") };
    println!("{:?} {:?}", started.elapsed(), machine.sandbox().requests());
    println!("{:#?}", machine.diary.lines());
    assert_eq!(drives[0].ending, Ending::Shipped, "{:#?}", machine.diary.lines());
}
