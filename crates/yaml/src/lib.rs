//! YAML reader with source positions and exact writer.
