//! Links to units and drop-ins that were not read: what may run all the same, or change what does.

use super::layout::home;
use super::name::{self, UnitName};
use crate::resolve::paths::template_free;
use crate::source::{FileId, FileKind, Sources};

/// Units of distributions that answer no web requests, without their type. What begins with a name that ends in `-` or `@` is
/// one of them too.
const KNOWN: [&str; 58] = [
    "ModemManager",
    "NetworkManager",
    "NetworkManager-",
    "accounts-daemon",
    "acpid",
    "anacron",
    "apparmor",
    "apport",
    "apt-",
    "atd",
    "auditd",
    "avahi-daemon",
    "blk-availability",
    "chrony",
    "chronyd",
    "cloud-",
    "console-setup",
    "cron",
    "crond",
    "dbus",
    "dbus-",
    "dmesg",
    "e2scrub_reap",
    "fail2ban",
    "finalrd",
    "firewalld",
    "getty@",
    "grub-",
    "irqbalance",
    "iscsid",
    "keyboard-setup",
    "lvm2-",
    "mariadb",
    "memcached",
    "multipathd",
    "mysql",
    "networkd-dispatcher",
    "networking",
    "nginx",
    "ntp",
    "ntpd",
    "open-iscsi",
    "open-vm-tools",
    "postgresql",
    "qemu-guest-agent",
    "redis",
    "redis-server",
    "rsyslog",
    "serial-getty@",
    "ssh",
    "sshd",
    "sysstat",
    "syslog",
    "systemd-",
    "ufw",
    "unattended-upgrades",
    "uuidd",
    "wpa_supplicant",
];

/// A link of a stack behind which a server may be started that is not in the tree: a unit that is not among `files`, or a
/// directory of units.
pub(in crate::resolve) fn server<'a>(
    links: &'a [String],
    files: &[FileId],
    sources: &Sources,
) -> Option<&'a str> {
    let is_unit = |id: &&FileId| sources.get(**id).kind == FileKind::Systemd;
    let units: Vec<&str> =
        files.iter().filter(is_unit).map(|id| template_free(sources.get(*id).name())).collect();
    let may_start = |link: &&String| {
        let (directory, name) = link.rsplit_once('/').unwrap_or(("", link));
        let name = template_free(name);
        let of_systemd = || link.split('/').any(|part| part == "systemd");
        match UnitName::parse(name) {
            Some(unit) if matches!(unit.kind, "service" | "socket") => {
                let template = unit.template();
                let is_read = |it: &&str| *it == name || template.as_deref() == Some(*it);
                !is_known(name) && !units.iter().any(is_read)
            }
            Some(_) => false,
            None if [".wants", ".requires", ".upholds"].iter().any(|end| name.ends_with(end)) => true,
            None if matches!(name, "system" | "user" | "systemd") => of_systemd(),
            None => directory.split('/').any(|part| part == "supervisor" || part == "supervisord.d"),
        }
    };
    links.iter().find(may_start).map(String::as_str)
}

fn is_known(unit: &str) -> bool {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    KNOWN.iter().any(|known| match known.ends_with(['-', '@']) {
        true => stem.starts_with(known),
        false => stem == *known,
    })
}

/// The directory of drop-ins that a link lies in or is, with the home of the units beside it.
pub(super) fn drop_ins(link: &str) -> Option<(String, String)> {
    let (directory, base) = link.rsplit_once('/').unwrap_or(("", link));
    let (parent, folder) = directory.rsplit_once('/').unwrap_or(("", directory));
    if name::of_drop_in_directory(base).is_some() {
        return Some((home(directory).0, base.into()));
    }
    let is_one = name::of_drop_in_directory(folder).is_some() && base.ends_with(".conf");
    is_one.then(|| (home(parent).0, folder.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn a_unit_behind_a_link_may_start_a_server() {
        let mut sources = Sources::default();
        for unit in ["etc/systemd/system/web.service", "etc/systemd/system/work@.service"] {
            sources.add(Source::new(unit, FileKind::Systemd, Vec::new()));
        }
        let files: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
        for (link, expected) in [
            ("etc/systemd/system/other.service", true),
            ("etc/systemd/system/multi-user.target.wants/other.service", true),
            ("etc/systemd/system/multi-user.target.wants", true),
            ("etc/systemd/system/sockets.target.wants/other.socket", true),
            ("etc/systemd", true),
            ("etc/supervisor/conf.d/other.conf", true),
            // In the tree, by the path that it has on the machine.
            ("etc/systemd/system/multi-user.target.wants/web.service", false),
            ("etc/systemd/system/multi-user.target.wants/work@1.service", false),
            ("etc/systemd/system/multi-user.target.wants/ssh.service", false),
            ("etc/systemd/system/getty.target.wants/getty@tty1.service", false),
            ("etc/systemd/system/dbus-org.freedesktop.timesync1.service", false),
            ("etc/systemd/system/multi-user.target.wants/sshop.service", true),
            ("etc/systemd/system/timers.target.wants/other.timer", false),
            ("etc/systemd/system/web.service.d/other.conf", false),
            ("etc/alternatives/editor", false),
            ("static", false),
        ] {
            assert_eq!(server(&[link.to_owned()], &files, &sources).is_some(), expected, "{link}");
        }
    }

    #[test]
    fn a_link_may_be_a_drop_in_or_a_directory_of_them() {
        let of_web = Some((":system".to_owned(), "web.service.d".to_owned()));
        assert_eq!(drop_ins("etc/systemd/system/web.service.d/a.conf"), of_web);
        assert_eq!(drop_ins("etc/systemd/system/web.service.d"), of_web);
        assert_eq!(drop_ins("etc/systemd/system/web.service.d/README"), None);
        assert_eq!(drop_ins("etc/nginx/conf.d/a.conf"), None);
    }
}
