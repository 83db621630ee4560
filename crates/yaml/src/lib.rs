#![doc = include_str!("../README.md")]

mod edit;
pub mod emit;
mod error;
mod node;
mod parser;
mod scalar;
mod value;

pub use edit::rewrite;
pub use error::{Position, Problem, YamlError};
pub use node::{Data, Document, Entry, Item, Node, Span, Style};
pub use scalar::{ScalarKind, resolve};
pub use value::{Map, Value};
