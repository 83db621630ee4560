//! Start time and peak memory of `job --help`.

fn main() {
    oar_tests::start::report("job", env!("CARGO_BIN_EXE_job"));
}
