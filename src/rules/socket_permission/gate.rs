//! Who nginx is, and whether a mode lets it through.

use crate::model::{LevelId, Nginx, Origin, Route, Setting, Unit};
use crate::rules::Context;
use crate::rules::decimal_umask::WEB_USERS;
use crate::source::Span;
use crate::value::Possible;

/// The user that nginx's workers run as.
pub(super) struct Client {
    /// The name and the first group, where they are known; else it is one of those that packages of nginx have, or one
    /// that a file which is not in the tree names.
    pub(super) known: Option<(String, String)>,
    /// Where it is written.
    pub(super) place: Option<Span>,
    /// Whether nginx's own unit gives it groups that are not followed.
    more_groups: bool,
    /// Whether it is taken to be in no group that nothing in the tree puts it into. Else it may be in any.
    pub(super) alone: bool,
}

/// The nginx that a route is one of; `None` where it is root, or may be anybody.
pub(super) fn client(context: &Context, route: &Route) -> Option<Client> {
    let deployment = context.deployment;
    let has_drop_ins = deployment.machine.nginx_has_drop_ins;
    let units: Vec<&Unit> = deployment.units.iter().filter(|unit| unit.name == "nginx.service").collect();
    let sets = |key: &str| units.iter().any(|unit| unit.settings.contains_key(key) || unit.open.is_some());
    // A master that is not root keeps its user, whatever the configuration says.
    if sets("User") || sets("DynamicUser") && units.iter().any(|unit| unit.user().known() != Some(&None)) {
        return None;
    }
    // A fragment that no main file of the tree includes is read by another one.
    let main = main_of(&deployment.nginx, route.level);
    let user = match main {
        Some(main) => deployment.nginx.setting(main, "user", deployment.target.nginx),
        None => Setting::unknown("its main configuration is not in the tree", Origin::DEFAULT),
    };
    let user: Setting<Option<Vec<String>>> = user;
    let known = match user.value {
        Possible::Known(Some(words)) => {
            let name = words.first()?.clone();
            let group = words.get(1).cloned().unwrap_or_else(|| name.clone());
            Some((name, group)).filter(|(name, _)| !name.contains(['$', '{', '<', '@']))
        }
        _ => None,
    };
    if known.as_ref().is_some_and(|(name, _)| name == "root") {
        return None;
    }
    Some(Client {
        known,
        place: user.origin.place,
        more_groups: has_drop_ins && units.is_empty() || sets("SupplementaryGroups") || sets("Group"),
        alone: false,
    })
}

/// The main level of the configuration that a level is in.
fn main_of(nginx: &Nginx, level: LevelId) -> Option<LevelId> {
    let mut next = Some(level);
    while let Some(id) = next {
        if let Some(main) = nginx.mains.iter().find(|main| main.http == Some(id)) {
            return Some(main.level);
        }
        next = nginx.level(id).parent;
    }
    None
}

impl Client {
    /// As it stands in a sentence.
    pub(super) fn name(&self) -> String {
        match &self.known {
            Some((name, _)) => format!("nginx, which is `{name}`,"),
            None => "nginx".into(),
        }
    }

    /// Whether it may be this user.
    pub(super) fn may_be(&self, user: &str) -> bool {
        match &self.known {
            Some((name, _)) => name == user,
            None => WEB_USERS.contains(&user),
        }
    }

    /// Whether it may be in this group. Nobody puts nginx into the group of root.
    fn may_be_in(&self, context: &Context, group: &str) -> bool {
        if group == "root" || group == "0" {
            return false;
        }
        match &self.known {
            _ if self.more_groups => true,
            Some((name, first)) if self.alone => {
                first == group || context.deployment.machine.is_member(name, group)
            }
            Some((name, first)) => first == group || context.deployment.machine.may_be_member(name, group),
            None => true,
        }
    }
}

/// A file that nginx has to be let through.
pub(super) struct Gate<'a> {
    /// Its mode.
    pub(super) mode: u32,
    /// Its owner.
    pub(super) owner: &'a str,
    /// Its group; `None` where it is not known.
    pub(super) group: Option<&'a str>,
}

/// What nginx needs of a socket: to write; others have it by this bit.
pub(super) const WRITE: u32 = 0o002;
/// What nginx needs of a directory: to enter.
pub(super) const ENTER: u32 = 0o001;

impl Gate<'_> {
    /// Whether nginx is certainly shut out: it is not the owner, and neither others nor a group that it may be in have the
    /// right.
    pub(super) fn shuts_out(&self, context: &Context, client: &Client, right: u32) -> bool {
        let by_group =
            self.mode & right << 3 != 0 && self.group.is_none_or(|group| client.may_be_in(context, group));
        self.mode & right == 0 && !client.may_be(self.owner) && !by_group
    }

    /// Whose it is, for a person.
    pub(super) fn describe(&self) -> String {
        match self.group {
            Some(group) => format!("mode {:04o}, of `{}` and group `{group}`", self.mode, self.owner),
            None => format!("mode {:04o}, of `{}`", self.mode, self.owner),
        }
    }
}
