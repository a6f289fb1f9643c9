//! What a stack tells of the machine that it is for: directories that are made, and who is in which group.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Span;

/// Directories and accounts, as far as the files of a stack tell.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// What `tmpfiles.d` makes at boot, by the path.
    pub directories: BTreeMap<String, Vec<BootDirectory>>,
    /// Absolute paths that something which is not followed makes or changes, and where: a script, a playbook, a command of
    /// a unit. Each stands for itself and for the directories above it.
    pub handled: BTreeMap<String, Span>,
    /// Something that makes or changes directories whose paths are not known.
    pub unknown_directories: Option<Span>,
    /// Who is in which group besides his first, by group.
    pub members: BTreeMap<String, BTreeSet<String>>,
    /// The first group of users.
    pub first_groups: BTreeMap<String, String>,
    /// Whether these are all members that there are: `/etc/group` is in the tree, and nothing that is not followed adds any.
    pub members_are_complete: bool,
    /// Whether the tree has drop-ins of nginx's unit, which the machine has from a package: what they set is not followed.
    pub nginx_has_drop_ins: bool,
    /// Where something speaks of another number of files than systemd's own that services may open by default:
    /// `DefaultLimitNOFILE=`.
    pub file_limit: Option<Span>,
}

/// A directory that is made at boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootDirectory {
    /// Its mode; `None` where it is not known.
    pub mode: Option<u32>,
    /// Its owner.
    pub user: String,
    /// Its group.
    pub group: String,
}

impl Machine {
    /// Whether anything but a unit may make a directory, or change it.
    pub fn may_make(&self, path: &str) -> bool {
        self.unknown_directories.is_some()
            || self.handled.contains_key(path)
            || self.directories.contains_key(path)
    }

    /// Whether a user may be in a group; certainly not where all members are known.
    pub fn may_be_member(&self, user: &str, group: &str) -> bool {
        !self.members_are_complete || self.is_member(user, group)
    }

    /// Whether a file of the stack puts a user into a group.
    pub fn is_member(&self, user: &str, group: &str) -> bool {
        self.members.get(group).is_some_and(|members| members.contains(user))
            || self.first_groups.get(user).is_some_and(|first| first == group)
    }
}
