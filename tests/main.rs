//! The one test binary.

mod compose;
mod systemd;
