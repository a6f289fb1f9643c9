//! What a service sees of the file system, and what is kept from it.

use std::collections::BTreeMap;

use crate::model::Origin;

/// What a unit keeps from the processes of its service.
#[derive(Clone, Debug, Default)]
pub struct Sandbox {
    /// Why nothing is known of it, where that is so.
    pub open: Option<String>,
    /// What is mounted for the service alone, by normalised path.
    pub mounts: BTreeMap<String, Mount>,
    /// What the service certainly may not do, and which line says so.
    pub denied: BTreeMap<Facility, Denial>,
    /// Whether it may share its /tmp or its network with other units: `JoinsNamespaceOf=`.
    pub joined: bool,
}

/// What stands at a path for the service, and for what is below the path.
#[derive(Clone, Debug)]
pub struct Mount {
    /// The path.
    pub path: String,
    /// What it is.
    pub kind: MountKind,
    /// The directive that makes it so: `ProtectSystem`.
    pub directive: &'static str,
    /// Its value, as far as it bears on the path: `strict`.
    pub value: String,
    /// Where that is written.
    pub origin: Origin,
}

/// What may stand at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MountKind {
    /// Nothing below it is there, whatever else is written of what is below.
    Hidden,
    /// It is not known what stands there.
    Unknown,
    /// A directory of the service's own, which it may write in and nobody else sees: /tmp with `PrivateTmp=`.
    Private,
    /// An empty directory of the service's own.
    Empty,
    /// What the machine has there, and it cannot be written.
    ReadOnly,
    /// A directory that systemd makes for the service, and that belongs to its user.
    Made,
    /// What the machine has there, as it is.
    Writable,
}

/// What a service needs and may be denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facility {
    /// Sockets of the family `AF_UNIX`.
    Unix,
    /// Sockets of the family `AF_INET`.
    Inet,
    /// Sockets of the family `AF_INET6`.
    Inet6,
    /// The system call `chown`.
    Chown,
    /// The network of the machine, its loopback device included.
    Network,
    /// Packets from and to whatever address.
    Packets,
}

/// Which line denies something.
#[derive(Clone, Debug)]
pub struct Denial {
    /// The directive.
    pub directive: &'static str,
    /// Where the line stands.
    pub origin: Origin,
}

/// What a service sees at a path.
#[derive(Clone, Copy, Debug)]
pub enum Sight<'a> {
    /// What the machine has there: whether the service may write it hangs on owners and modes alone.
    Plain,
    /// It is not known.
    Unknown,
    /// Something stands in between.
    Behind(&'a Mount),
}

impl<'a> Sight<'a> {
    /// What stands in between, if it is of one of these kinds.
    pub fn behind(self, kinds: &[MountKind]) -> Option<&'a Mount> {
        match self {
            Sight::Behind(mount) if kinds.contains(&mount.kind) => Some(mount),
            Sight::Behind(_) | Sight::Plain | Sight::Unknown => None,
        }
    }
}

impl Sandbox {
    /// What the service sees at an absolute, normalised path.
    ///
    /// The longest path decides, whatever the order of the lines, but that nothing is seen below what is hidden. Source:
    /// `setup_namespace` in `src/core/namespace.c` of systemd 252; tried with it.
    pub fn sight(&self, path: &str) -> Sight<'_> {
        if self.open.is_some() || !path.starts_with('/') || path.split('/').any(|part| part == "..") {
            return Sight::Unknown;
        }
        let above: Vec<&Mount> = ancestors(path).filter_map(|path| self.mounts.get(path)).collect();
        if let Some(hidden) = above.iter().rev().find(|mount| mount.kind == MountKind::Hidden) {
            return Sight::Behind(hidden);
        }
        let Some(nearest) = above.first() else { return Sight::Plain };
        let kept = matches!(nearest.kind, MountKind::Made | MountKind::Writable);
        let in_empty = kept && above.iter().any(|mount| mount.kind == MountKind::Empty);
        let is_empty = nearest.kind == MountKind::Empty && path == nearest.path;
        match nearest.kind {
            MountKind::Unknown => Sight::Unknown,
            _ if in_empty || is_empty => Sight::Unknown,
            MountKind::Writable => Sight::Plain,
            _ => Sight::Behind(nearest),
        }
    }
}

/// A path, the directory that it is in, and so on up to the root.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |&path| if path == "/" { None } else { Some(parent(path)) })
}

/// The directory that an absolute path is in.
pub fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}
