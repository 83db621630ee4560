//! For tests of this crate and of every client above it: a scripted network in process, and the
//! table of faults that every client must pass (RELIABILITY: faults G1 to G22).
//!
//! Also real servers as child processes, for suites that ask the real thing.

mod by_address;
pub mod faults;
mod program;
mod script;

use std::sync::Arc;

use oar_release::Masker;
use oar_release::clock::{ManualClock, SeededEntropy};

use crate::client::HttpClient;
use crate::endpoint::Endpoints;
use crate::port::HttpSend;

pub use by_address::ByAddress;
pub use program::{Program, free_port};
pub use script::{Script, Seen, Step};

/// The moment at which test clocks stand.
pub const NOW: &str = "2026-03-11T08:00:00Z";

/// A client over `send` with production addresses, a clock that stands at [`NOW`] and reproducible
/// randomness. Use it with paused time: waits then take none.
pub fn client(send: Arc<dyn HttpSend>) -> HttpClient {
    client_at(send, Endpoints::default())
}

/// The same with other addresses.
pub fn client_at(send: Arc<dyn HttpSend>, endpoints: Endpoints) -> HttpClient {
    let now = NOW.parse().expect("the constant above is a time");
    let (clock, entropy) = (Arc::new(ManualClock::new(now)), Arc::new(SeededEntropy::new(1)));
    HttpClient::new(send, clock, entropy, endpoints, Masker::default())
}

/// Endpoints with one service moved to `base`, a loopback server of a test.
pub fn endpoints_at(service: crate::Service, base: &str) -> Endpoints {
    let overrides = [(service.name().to_owned(), base.to_owned())].into();
    Endpoints::new(&overrides, &[]).expect("tests give loopback addresses")
}
