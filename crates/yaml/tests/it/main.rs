//! The crate from outside: texts in, texts out.

mod corpus;
