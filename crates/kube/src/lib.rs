#![doc = include_str!("../README.md")]

mod client;
mod error;
mod kubeconfig;
mod kubeconfig_file;
mod operations;

pub use client::{HttpKube, Label, PayloadName, PayloadRead, PayloadWrite, QE_STATE};
pub use error::KubeError;
pub use kubeconfig::{Kubeconfig, KubeconfigError};
pub use operations::OPERATIONS;

#[cfg(feature = "mock")]
pub use client::{MockPayloadRead, MockPayloadWrite};
