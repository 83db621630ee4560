//! The nightly machinery against the model of the world.

mod aggregator;
mod archive;
mod checker;
mod controller;
mod lab;
mod races;
mod registry;
mod repair;
mod requests;
mod storage;
