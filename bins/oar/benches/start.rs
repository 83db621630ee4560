//! Start time and peak memory of `oar --help`.

fn main() {
    oar_tests::start::report("oar", env!("CARGO_BIN_EXE_oar"));
}
