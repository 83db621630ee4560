//! Release controller reads.
