//! How a path becomes writable.

use super::Confined;
use crate::edit::{Applicability, Edit, Fix};
use crate::model::{Dialect, Mount, MountKind, OriginKind, Setting, parent};
use crate::value::Endpoint;

/// Directories that systemd makes for a service, and where.
const MADE: [(&str, &str); 4] = [
    ("/run/", "RuntimeDirectory"),
    ("/var/log/", "LogsDirectory"),
    ("/var/lib/", "StateDirectory"),
    ("/var/cache/", "CacheDirectory"),
];

/// The directive that makes the directory of a path, and the directory's name there.
fn made(path: &str) -> Option<(&'static str, &str)> {
    let directory = parent(path);
    MADE.iter().find_map(|(base, name)| {
        let rest = directory.strip_prefix(base)?;
        (!rest.is_empty()).then_some((*name, rest))
    })
}

/// What to do, in a few words.
pub(super) fn advice(path: &str, mount: &Mount) -> String {
    match (mount.kind, made(path)) {
        (MountKind::ReadOnly, Some((directive, name))) => {
            format!("`{directive}={name}` makes {} and lets the service write there", parent(path))
        }
        (MountKind::ReadOnly, None) => {
            format!(
                "`ReadWritePaths={}` lets the service write there, if the directory is there",
                parent(path)
            )
        }
        _ => "move it to where the service sees it, below /run or /var/log for instance".into(),
    }
}

/// Lets the service write where `ProtectSystem=` and its like keep it from it: by a directory that systemd makes where the
/// name is the service's own, else by leave to write.
pub(super) fn writable(confined: &Confined, path: &str, mount: &Mount) -> Option<Fix> {
    let general = ["ProtectSystem", "DynamicUser", "ProtectHome"].contains(&mount.directive);
    if mount.kind != MountKind::ReadOnly || !general || parent(path) == "/" {
        return None;
    }
    if let Some((directive, name)) = made(path)
        && is_own(&confined.unit.name, name)
    {
        let edit = extended(confined, mount, directive, name)?;
        return Fix::new(format!("let systemd make {}", parent(path)), Applicability::Safe, vec![edit]);
    }
    let edit = extended(confined, mount, "ReadWritePaths", parent(path))?;
    Fix::new(format!("let the service write to {}", parent(path)), Applicability::Unsafe, vec![edit])
}

/// Whether a directory bears the name of a service: nobody else writes there then.
fn is_own(unit: &str, name: &str) -> bool {
    let stem = unit.split(['.', '@']).next().unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte);
    name.bytes().all(plain) && name.split('/').next() == Some(stem)
}

/// Adds a word to a list, which is begun behind the line that is in the way where there is none.
fn extended(confined: &Confined, mount: &Mount, directive: &str, word: &str) -> Option<Edit> {
    let setting: Setting<Option<Vec<String>>> = confined.unit.setting(directive);
    let sources = confined.context.sources;
    match setting.value.known()? {
        Some(_) => {
            let anchor = setting.origin.anchor?;
            Some(anchor.set(&format!("{} {word}", sources.text(anchor.value))))
        }
        None => mount.origin.anchor?.add_after(sources, &[(directive, word.into())]),
    }
}

/// Gives the service a /tmp of its own, unless somebody decided against it or the app's socket would go there.
pub(super) fn private_tmp(confined: &Confined, mount: &Mount) -> Option<Fix> {
    let private: Setting<Option<bool>> = confined.unit.setting("PrivateTmp");
    let in_tmp = |address: &Endpoint| match address {
        Endpoint::Unix(path) => path.starts_with("/tmp/") || path.starts_with("/var/tmp/"),
        Endpoint::Tcp(..) => false,
    };
    let apart = confined.app.listeners.value.must(|addresses| !addresses.iter().any(in_tmp));
    let anchor = mount.origin.anchor.filter(|anchor| anchor.dialect == Dialect::Unit)?;
    if private.origin.kind != OriginKind::Default || !apart || mount.directive != "ProtectSystem" {
        return None;
    }
    let edit = anchor.add_after(confined.context.sources, &[("PrivateTmp", "yes".into())])?;
    Fix::new("give the service a /tmp of its own", Applicability::Safe, vec![edit])
}
