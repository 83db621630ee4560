//! Where each service is, and how it is treated.

mod policy;
mod resolve;
mod service;

pub use policy::{NotProcessed, Policy, Rate};
pub(crate) use resolve::is_loopback;
pub use resolve::{EndpointError, Endpoints, encode_segment};
pub use service::Service;
