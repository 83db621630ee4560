//! A model of the outside world.
