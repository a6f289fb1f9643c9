//! The one test binary.

mod compose;
mod gunicorn;
mod systemd;
