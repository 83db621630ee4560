//! A machine of a release lead over a world in memory, on paused time.

use oar_cli::wiring::Surroundings;
use oar_config::{Flags, Settings};
use oar_sandbox::Sandbox;
use oar_sandbox::world::World;
use oar_transport::env::Environment;

/// Lets `work` happen on a machine in `world`.
pub fn on_machine<T>(world: World, work: impl AsyncFnOnce(&Sandbox, &Surroundings) -> T) -> T {
    let sandbox = Sandbox::in_memory(world);
    let folder = tempfile::tempdir().expect("a scratch folder");
    let state = folder.path().display().to_string();
    let environment = Environment::from_map([("XDG_STATE_HOME", state.as_str())]);
    let settings = Settings::load(None, &Flags::default(), &environment).expect("the defaults");
    let around = Surroundings::over(settings, environment, Some(sandbox.clone()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime can be built");
    runtime.block_on(work(&sandbox, &around))
}

/// Requests so far.
pub fn requests(sandbox: &Sandbox) -> usize {
    sandbox.requests().values().sum()
}
