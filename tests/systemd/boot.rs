//! A manager of its own for a test: systemd as the first process of a namespace, with a /run, a /srv, a /home and a /tmp that
//! nobody else sees. It takes root, and a machine that systemd does not run already.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::write;

/// Where the manager is, if it is on this machine.
const MANAGER: &str = "/lib/systemd/systemd";

/// What stands before it in the namespace. /mnt is the directory of the test.
const BOOT: &str = r#"
set -e
mount --make-rprivate /
mount --bind "$1" /mnt
for directory in /run /srv /home; do mount -t tmpfs -o mode=0755 tmpfs $directory; done
for directory in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $directory; done
mount -t proc proc /proc
# Other users than root may start what lies in root's home.
mkdir /run/root
mount --bind /root /run/root
mount -t tmpfs -o mode=0755 tmpfs /root
mkdir /root/here
ls -A /run/root | while read -r name; do
    if [ -d "/run/root/$name" ]; then mkdir "/root/$name"; mount --bind "/run/root/$name" "/root/$name"; fi
done
umount /run/root
sh /mnt/prepare
mkdir -p /run/systemd/system
cp /mnt/units/* /run/systemd/system/
exec env container=other /lib/systemd/systemd --system --unit=test.target --log-target=null --show-status=0
"#;

/// Whether such a manager can be had here. Where not, that is said.
pub(super) fn can_boot() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    let why = if output.stdout != b"0\n" {
        "only root can start a service manager of its own"
    } else if Path::new("/run/systemd/system").exists() {
        "this machine is systemd's already"
    } else if !Path::new(MANAGER).exists() {
        "there is no systemd; `apt-get install systemd` brings it"
    } else if !Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "true"])
        .status()
        .is_ok_and(|it| it.success())
    {
        "nothing can be unshared here"
    } else {
        return true;
    };
    eprintln!("SKIPPED: {why}");
    false
}

/// Starts services all at once, and gives the directory in which each one's output is, as soon as `is_done` says so of it, or
/// 60 seconds are over. In the units' texts /mnt is the directory, and what they write goes below /mnt/out. `prepare` is a
/// script that makes the files which they need.
pub(super) fn boot(
    units: &[(String, String)],
    prepare: &str,
    is_done: impl Fn(&Path) -> bool,
) -> tempfile::TempDir {
    let scratch = tempfile::Builder::new().prefix("boot").tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let here = scratch.path();
    let names: Vec<&str> = units.iter().map(|(name, _)| name.as_str()).collect();
    for (name, text) in units {
        write(&here.join("units").join(name), text);
    }
    let target = format!("[Unit]\nDefaultDependencies=no\nAllowIsolate=yes\nWants={}\n", names.join(" "));
    write(&here.join("units/test.target"), target);
    write(&here.join("prepare"), prepare);
    write(&here.join("boot"), BOOT);
    write(&here.join("out/.keep"), "");
    let log = std::fs::File::create(here.join("log")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child=KILL", "--uts", "--ipc", "--cgroup", "sh"]);
    command.arg(here.join("boot")).arg(here).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut manager = command.spawn().unwrap();
    let start = Instant::now();
    let out: PathBuf = here.join("out");
    while !is_done(&out) && start.elapsed() < Duration::from_secs(60) {
        let ended = manager.try_wait().unwrap();
        let said = || std::fs::read_to_string(here.join("log")).unwrap_or_default();
        assert!(ended.is_none(), "the manager has ended: {ended:?} {}", said());
        sleep(Duration::from_millis(100));
    }
    manager.kill().unwrap();
    manager.wait().unwrap();
    scratch
}
