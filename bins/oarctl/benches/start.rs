//! Start time and peak memory of `oarctl --help`.

fn main() {
    oar_tests::start::report("oarctl", env!("CARGO_BIN_EXE_oarctl"));
}
