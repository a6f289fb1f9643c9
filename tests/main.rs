//! The one test binary.

mod systemd;
