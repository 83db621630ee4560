//! Numbered points at which a crash is rehearsed.
//!
//! Code that is about to change the outside world, or just did, calls [`point`]. In production
//! nothing listens. The sandbox installs a listener that ends the process at the n-th point, so the
//! crash sweep can stop every scenario at every instruction that matters (promise P5).

use std::sync::OnceLock;

type Listener = Box<dyn Fn(&'static str) + Send + Sync>;

static LISTENER: OnceLock<Listener> = OnceLock::new();

/// Announces an effect point, named `room.what.when` (`state_repo.write.after_rename`).
pub fn point(name: &'static str) {
    if let Some(listener) = LISTENER.get() {
        listener(name);
    }
}

/// Listens to every point of this process. The first listener stays; later calls are ignored.
pub fn listen(listener: impl Fn(&'static str) + Send + Sync + 'static) {
    let _already_listening = LISTENER.set(Box::new(listener));
}
