//! Grammar, rendering and exit codes of the programs.
