//! For tests of this crate and of every client above it.
