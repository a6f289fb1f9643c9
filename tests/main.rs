//! The one test binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stderr, reason = "what is skipped is said")]

mod book;
mod bound;
mod cli;
mod compose;
mod configuration;
mod corpus;
mod differential;
mod directives;
mod editor;
mod fixes;
mod generated;
mod ground;
mod gunicorn;
mod hostile;
mod json;
mod lab;
mod map;
mod nginx;
mod outputs;
mod page;
mod props;
mod proven;
mod python;
mod real;
mod refused;
mod seeds;
mod shell;
mod sound;
mod specs;
mod stacks;
mod supply;
mod support;
mod systemd;
mod tidy;
mod versions;
mod writing;
