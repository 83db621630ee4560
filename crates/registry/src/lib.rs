#![doc = include_str!("../README.md")]

mod auth_file;
mod blob;
mod challenge;
mod client;
mod digest;
mod error;
mod hosts;
mod image_ref;
mod manifest;
mod operations;
mod token;

pub use auth_file::{AuthFileError, AuthFiles};
pub use blob::Blob;
pub use client::{HttpRegistry, Image, Pulled, RegistryRead};
pub use digest::{Digest, DigestError};
pub use error::RegistryError;
pub use hosts::Hosts;
pub use image_ref::{ImageRef, ImageRefError, Reference, Repository};
pub use manifest::{Descriptor, ImageConfig, ImageManifest, Manifest, Platform};
pub use operations::OPERATIONS;

#[cfg(feature = "mock")]
pub use client::MockRegistryRead;
