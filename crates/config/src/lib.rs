#![doc = include_str!("../README.md")]

pub mod build_data;
pub mod document;
pub mod environment;
pub mod jwe;
pub mod settings;

pub use build_data::{
    BuildDataCache, BuildDataError, BuildDataSource, Cached, HttpBuildData, ReleaseData,
};
pub use document::{AppConfig, DocumentError};
pub use environment::{EnvironmentReport, validate_environment};
pub use jwe::{ConfigKey, JweError};
pub use settings::{Flags, Origin, Settings, SettingsError};
