#![doc = include_str!("../README.md")]

pub mod port;

pub use port::{Body, HttpSend, Processed, Request, Response, SendError, SendErrorKind};
