//! The one test binary.

mod gunicorn;
mod systemd;
