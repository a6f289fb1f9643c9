//! Main files and `server` blocks.

use super::super::Anchor;
use super::LevelId;
use crate::source::FileId;
use crate::value::{Endpoint, Possible};

/// A configuration that is one as a whole, in whatever file it begins.
#[derive(Clone, Copy, Debug)]
pub struct Main {
    /// What stands outside of all blocks.
    pub level: LevelId,
    /// Its `events` block, if it has one that was read.
    pub events: Option<LevelId>,
    /// Its `http` block, if it has one that was read.
    pub http: Option<LevelId>,
}

/// What is read as one: a file that no other includes, and all that it includes.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The block that it is read as part of: `main` for a configuration as a whole, else the one that it fits in.
    pub block: &'static str,
    /// Each file once, in the order in which nginx reads them.
    pub files: Vec<FileId>,
}

/// A `server` block of `http`.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its level.
    pub level: LevelId,
    /// What it listens on; `*:80` where nothing is written. A hole that may hold a `listen` makes an unknown one.
    pub listen: Vec<Listen>,
    /// The words of its `server_name`.
    pub names: Vec<String>,
}

/// One address that a server listens on.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The address.
    pub address: Possible<Endpoint>,
    /// Whether requests arrive here that no `server_name` of the address fits: `default_server`.
    pub default: bool,
    /// Whether connections are encrypted: `ssl`, `quic`.
    pub ssl: bool,
    /// Whether a template may say more: `listen 443 {{ tls }};`.
    pub open: bool,
    /// Whether connections begin with a line that tells the client's address: `proxy_protocol`.
    pub proxy_protocol: bool,
    /// How it can be changed, where it is written.
    pub anchor: Option<Anchor>,
}

impl Listen {
    /// An address without parameters, which is written nowhere.
    pub fn implied(address: Possible<Endpoint>) -> Listen {
        Listen { address, default: false, ssl: false, open: false, proxy_protocol: false, anchor: None }
    }
}
