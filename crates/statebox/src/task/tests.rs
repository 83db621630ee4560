//! Tests of the task rules.
