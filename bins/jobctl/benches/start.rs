//! Start time and peak memory of `jobctl --help`.

fn main() {
    oar_tests::start::report("jobctl", env!("CARGO_BIN_EXE_jobctl"));
}
