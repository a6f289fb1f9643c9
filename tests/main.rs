//! The one test binary.

mod gunicorn;
