//! The crate from outside: texts in, texts out.

mod corpus;
mod differential;
mod hostile;
mod reading;
mod rewriting;
mod writing;
