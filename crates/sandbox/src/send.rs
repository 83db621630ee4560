//! The in-process way into the world: an adapter of `transport`'s port, and the world's clock.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use oar_release::Clock;
use oar_transport::{
    Body, HttpSend, Processed, Request, Response, SendError, SendErrorKind, pause,
};

use tokio::sync::Notify;

use crate::answer::{self, Answer};
use crate::fault::{self, Faults, Kind, Rule};
use crate::shared_time;
use crate::store::{Store, StoreError};
use crate::world::World;

/// A world with its faults, shared by everything that talks to it.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Mutex<Shared>>,
    death: Arc<Notify>,
}

struct Shared {
    world: World,
    store: Option<Store>,
    faults: Faults,
    latency: Duration,
    requests: BTreeMap<String, usize>,
    /// The clock that the world's time passes with, if it passes by itself.
    machine: Option<Arc<dyn Clock>>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sandbox")
    }
}

impl Sandbox {
    /// A world that ends with the process.
    pub fn in_memory(world: World) -> Self {
        Self::build(world, None)
    }

    /// The world kept in `folder`, shared with other processes; seeded when there is none.
    pub fn in_folder(folder: &Path) -> Result<Self, StoreError> {
        let (store, world) = Store::open(folder)?;
        Ok(Self::build(world, Some(store)))
    }

    fn build(world: World, store: Option<Store>) -> Self {
        let shared = Shared {
            world,
            store,
            faults: Faults::default(),
            latency: Duration::ZERO,
            requests: BTreeMap::new(),
            machine: None,
        };
        Self { shared: Arc::new(Mutex::new(shared)), death: Arc::default() }
    }

    /// Ends when a request has met [`Kind::Dies`]: whoever runs the process drops it then.
    pub async fn until_death(&self) {
        self.death.notified().await;
    }

    /// Reads from the world.
    pub fn world<T>(&self, read: impl FnOnce(&World) -> T) -> T {
        read(&self.lock().world)
    }

    /// Changes the world by hand, as somebody outside would.
    pub fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> Result<T, StoreError> {
        self.lock().change(change)
    }

    /// Plants a fault.
    pub fn plant(&self, rule: Rule) {
        self.lock().faults.rules.push(rule);
    }

    /// Replaces all faults.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// Lets every answer of this process take `latency`, on the runtime's clock.
    pub fn answer_after(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// From here on the world's time passes with the clock `machine`; the time before does not count.
    /// Without this, and without [`crate::shared_time`], only requests move it.
    pub fn pass_with(&self, machine: Arc<dyn Clock>) -> Result<(), StoreError> {
        let mut shared = self.lock();
        let now = machine.now();
        shared.change(|world| world.looked_at = Some(now))?;
        shared.machine = Some(machine);
        Ok(())
    }

    /// Whether time passes while this process waits.
    pub fn has_time(&self) -> bool {
        let shared = self.lock();
        shared.machine.is_some() || shared.world.actors.contains_key(&shared_time::this_process())
    }

    /// Number of requests of this process per service and verb (`github PUT`), for assertions.
    pub fn requests(&self) -> BTreeMap<String, usize> {
        self.lock().requests.clone()
    }

    /// The folder the world is kept in, if it outlives the process.
    pub fn folder(&self) -> Option<PathBuf> {
        Some(self.lock().store.as_ref()?.folder().to_owned())
    }

    /// The world's clock.
    pub fn clock(&self) -> Arc<SandboxClock> {
        Arc::new(SandboxClock(self.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn change<T>(&mut self, change: impl FnOnce(&mut World) -> T) -> Result<T, StoreError> {
        match &self.store {
            None => Ok(change(&mut self.world)),
            Some(store) => {
                let (value, world) = store.change(change)?;
                self.world = world;
                Ok(value)
            }
        }
    }

    /// The answer to `request`; `None` when the process dies with it.
    fn exchange(&mut self, request: &Request) -> Option<Result<Answer, SendError>> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        if let Some(service) = answer::service_of(&host) {
            *self.requests.entry(format!("{service} {}", request.method())).or_default() += 1;
        }
        let fault = self.faults.pick(request);
        let machine = self.machine.clone();
        let answered = self.change(|world| {
            if let Some(machine) = &machine {
                world.pass_time(machine.now());
            }
            let act = |world: &mut World| answer::answer(world, request);
            match &fault {
                Some(kind) => fault::meet(kind, world, request, act),
                None => act(world).map(Ok),
            }
        });
        let unreachable = |message: String| SendError {
            kind: SendErrorKind::Connect,
            processed: Processed::No,
            message,
            source: None,
        };
        if matches!(fault, Some(Kind::Dies { .. })) {
            return None;
        }
        Some(match answered {
            Ok(Some(result)) => result,
            Ok(None) => Err(unreachable(format!("nobody lives at {host} in the sandbox"))),
            Err(error) => Err(unreachable(error.to_string())),
        })
    }
}

#[async_trait]
impl HttpSend for Sandbox {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let (exchanged, latency) = {
            let mut shared = self.lock();
            (shared.exchange(&request), shared.latency)
        };
        if !latency.is_zero() {
            pause::sleep(latency).await;
        }
        let Some(answered) = exchanged else {
            self.death.notify_one();
            return std::future::pending().await;
        };
        let Answer { status, headers, body, cut } = answered?;
        if !cut {
            return Ok(Response::full(status, headers, body));
        }
        let half = body.slice(..body.len() / 2);
        let broken = SendError {
            kind: SendErrorKind::Interrupted,
            processed: Processed::Unknown,
            message: "connection closed in the middle of the body".to_owned(),
            source: None,
        };
        let body = Body::Stream(futures_util::stream::iter([Ok(half), Err(broken)]).boxed());
        Ok(Response { status, headers, body })
    }
}

/// The world's time.
#[derive(Debug)]
pub struct SandboxClock(Sandbox);

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        let shared = self.0.lock();
        match &shared.machine {
            Some(machine) => shared.world.time_at(machine.now()),
            None => shared.world.now,
        }
    }
}
