#![doc = include_str!("../README.md")]

pub mod env;
pub mod file;
pub mod google;
pub mod journal;
pub mod metrics;
pub mod negotiate;
pub mod pause;
pub mod port;
pub mod probe;
pub mod real;
pub mod secret;
#[cfg(feature = "testing")]
pub mod testing;
pub mod writes;

mod client;
mod endpoint;
mod error;

pub use client::{Call, HttpClient, Idempotency, Redirects, Reply, ServiceClient, StreamingReply};
pub use endpoint::{EndpointError, Endpoints, NotProcessed, Policy, Rate, Service, encode_segment};
pub use error::{HttpError, HttpErrorKind};
pub use port::{Body, HttpSend, Processed, Request, Response, SendError, SendErrorKind};
pub use secret::{Secret, SecretError, SecretSource};
