//! A manager of its own for a test: systemd as the first process of a namespace, with a /run, a /srv, a /home and a /tmp that
//! nobody else sees. It takes root, and a machine that systemd does not run already.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::real;
use crate::support::write;

/// Where the manager is, if it is on this machine.
const MANAGER: &str = "/lib/systemd/systemd";

/// What stands before it in the namespace. /mnt is the directory of the test. What is brought there is taken before the
/// directories are hidden that it may lie in.
const BOOT: &str = r#"
set -e
mount --make-rprivate /
mount --bind "$1" /mnt
sh /mnt/bring
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
/// three minutes are over. In the units' texts /mnt is the directory, and what they write goes below /mnt/out. What is `brought`
/// from elsewhere, a directory or a file, is there by its name. `prepare` is a script that makes the files which they need.
pub(super) fn boot(
    units: &[(String, String)],
    brought: &[(&Path, &str)],
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
    let mut bring = String::new();
    for (from, name) in brought {
        if from.is_dir() {
            std::fs::create_dir(here.join(name)).unwrap();
        } else {
            write(&here.join(name), "");
        }
        bring.push_str(&format!("mount --bind '{}' /mnt/{name}\n", from.display()));
    }
    write(&here.join("bring"), bring);
    write(&here.join("boot"), BOOT);
    write(&here.join("out/.keep"), "");
    let log = std::fs::File::create(here.join("log")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child=KILL", "--uts", "--ipc", "--cgroup", "sh"]);
    command.arg(here.join("boot")).arg(here).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut manager = command.spawn().unwrap();
    let start = Instant::now();
    let out: PathBuf = here.join("out");
    while !is_done(&out) && start.elapsed() < Duration::from_secs(180) {
        let ended = manager.try_wait().unwrap();
        let said = || std::fs::read_to_string(here.join("log")).unwrap_or_default();
        assert!(ended.is_none(), "the manager has ended: {ended:?} {}", said());
        sleep(Duration::from_millis(100));
    }
    manager.kill().unwrap();
    manager.wait().unwrap();
    scratch
}

/// The directory that a Gunicorn's Python looks for its packages in, and whether that Python can be started with such a
/// manager: it cannot where it lies in a directory that the manager does not see. That is said.
pub(super) fn environment(gunicorn: &Path) -> Option<PathBuf> {
    let python = real::python_of(gunicorn);
    let asked =
        Command::new(&python).args(["-c", "import sys; print(sys.prefix); print(sys.base_prefix)"]).output();
    let said = String::from_utf8(asked.unwrap().stdout).unwrap();
    let (environment, base) = said.trim_end().split_once('\n').unwrap();
    if ["/run", "/srv", "/home", "/tmp", "/var/tmp"].iter().any(|hidden| Path::new(base).starts_with(hidden))
    {
        eprintln!("SKIPPED: Python lies in {base}, which the test hides");
        return None;
    }
    Some(PathBuf::from(environment))
}
