//! Checks every hop between nginx, Gunicorn and systemd, and mends what it safely can.
//!
//! The way of the data, and which module may use which, stand in `docs/architecture.md`.

pub mod edit;
pub mod finding;
pub mod model;
pub mod resolve;
pub mod source;
pub mod syntax;
pub mod value;
