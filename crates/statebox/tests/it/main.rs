//! The store and the rules from outside.
