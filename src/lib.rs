//! Checks every hop between nginx, Gunicorn and systemd, and mends what it safely can.
//!
//! The way of the data, and which module may use which, stand in `docs/architecture.md`.

// The code that pest generates without its feature `std` speaks of it.
extern crate alloc;

pub mod baseline;
pub mod check;
pub mod cli;
pub mod config;
pub mod directives;
pub mod discover;
pub mod edit;
pub mod finding;
pub mod fingerprint;
pub mod fix;
pub mod limits;
pub mod model;
pub mod output;
pub mod resolve;
pub mod rules;
pub mod source;
pub mod suppress;
pub mod syntax;
pub mod units;
pub mod value;
