//! The `oar` program.

fn main() {}
