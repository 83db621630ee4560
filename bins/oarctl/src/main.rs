//! The `oarctl` program.

fn main() {}
