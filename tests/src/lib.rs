//! Whole-program stories live in `it/`.
