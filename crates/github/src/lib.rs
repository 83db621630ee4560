//! GitHub: adapter of the state repository, GraphQL reads.
