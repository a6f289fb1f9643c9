//! Mending without loss: what is written whole, what is left as it was, and what a kill leaves.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cli::{Ran, command, finish, hoplint};
use crate::support::{Dice, copy_program, copy_tree, files_below, write};

const MEND: &[&str] = &["check", "--fix", "--unsafe-fixes", "--format=concise"];
const APPS: usize = 8;
const SITES: usize = 3;
/// Two files that one fix changes together, if it changes them.
const UNIT: &str = "etc/systemd/system/app3.service";
const APP: &str = "srv/app3/gunicorn.conf.py";
/// A file that has a fix of its own.
const SITE: &str = "etc/nginx/sites/app3-1.conf";

/// A machine of which all files but nginx.conf are to be mended.
fn machine() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let at = |path: String| directory.path().join(path);
    write(&at("etc/nginx/nginx.conf".into()), "events { }\nhttp {\n    include sites/*.conf;\n}\n");
    for app in 0..APPS {
        let port = 8100 + app;
        write(
            &at(format!("etc/systemd/system/app{app}.service")),
            format!(
                "[Service]\nUser=app\nWorkingDirectory=/srv/app{app}\nExecStart=/srv/app{app}/venv/bin/gunicorn app:app\n\
                 ExecReload=/bin/kill -HUP $MAINPID\nRestart=on-failure\n\n[Install]\nWantedBy=multi-user.target\n"
            ),
        );
        let settings =
            format!("bind = \"127.0.0.1:{port}\"\nworkers = 3\ntimeout = 120\ngraceful_timeout = 10\n");
        write(&at(format!("srv/app{app}/gunicorn.conf.py")), settings);
        for site in 0..SITES {
            write(
                &at(format!("etc/nginx/sites/app{app}-{site}.conf")),
                format!(
                    "server {{\n    listen 80;\n    server_name s{site}.app{app}.example;\n    location / {{\n        \
                     proxy_pass http://127.0.0.1:{port};\n        proxy_read_timeout 30s;\n    }}\n}}\n"
                ),
            );
        }
    }
    directory
}

type Files = BTreeMap<String, Vec<u8>>;

/// The bytes of all files below a directory, by their paths.
fn contents(directory: &Path) -> Files {
    let inside = |path: &Path| path.strip_prefix(directory).unwrap().display().to_string();
    files_below(directory).iter().map(|path| (inside(path), fs::read(path).unwrap())).collect()
}

/// The files that are not the same in two trees.
fn differing(one: &Files, other: &Files) -> Vec<String> {
    let paths = one.keys().chain(other.keys().filter(|path| !one.contains_key(*path)));
    paths.filter(|path| one.get(*path) != other.get(*path)).cloned().collect()
}

/// The machine before and after it is mended.
fn before_and_after() -> (Files, Files) {
    let machine = machine();
    let before = contents(machine.path());
    let ran = hoplint(machine.path(), MEND);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let after = contents(machine.path());
    assert_eq!(differing(&before, &after).len(), APPS * (SITES + 2));
    (before, after)
}

/// Leaves a machine mended but for these files, and a run that says why.
fn all_is_mended_but(machine: &Path, ran: &Ran, left: &[&str], said: &str) {
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains(said), "{said}: {ran:?}");
    let (before, after) = before_and_after();
    let now = contents(machine);
    assert_eq!(differing(&now, &after), left, "{ran:?}");
    for path in left {
        assert_eq!(now[*path], before[*path], "{path}");
    }
}

fn nothing_is_changed(machine: &Path, before: &Files, ran: &Ran, said: &str) {
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains(said) && ran.stderr.contains("nothing was changed"), "{said}: {ran:?}");
    assert_eq!(differing(before, &contents(machine)), [""; 0], "{ran:?}");
}

fn is_root() -> bool {
    // A directory that was just made belongs to who made it.
    tempfile::tempdir().unwrap().path().metadata().unwrap().uid() == 0
}

/// The account that is nobody's.
const NOBODY: u32 = 65534;

/// A run by somebody who may not write whatever they like.
fn as_nobody(directory: &Path, arguments: &[&str]) -> Ran {
    if !is_root() {
        return hoplint(directory, arguments);
    }
    // What root builds may lie where nobody else gets to.
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).unwrap();
    let program = scratch.path().join("hoplint");
    copy_program(Path::new(env!("CARGO_BIN_EXE_hoplint")), &program);
    for directory in directory.ancestors().take_while(|it| it.file_name().is_some_and(|it| it != "tmp")) {
        let mode = directory.metadata().unwrap().mode();
        fs::set_permissions(directory, Permissions::from_mode(mode | 0o555)).unwrap();
    }
    let mut command = Command::new("setpriv");
    let id = NOBODY.to_string();
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]).arg(program).args(arguments);
    command.current_dir(directory).stdin(Stdio::null());
    finish(command)
}

/// Gives all below a directory to nobody.
fn give_away(directory: &Path) {
    if is_root() {
        let mut directories = vec![directory.to_owned()];
        while let Some(path) = directories.pop() {
            chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
            if path.symlink_metadata().unwrap().is_dir() {
                directories.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    }
}

/// A run by a shell that takes something from it first. `$0` is the program.
fn after(script: &str, directory: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{script}; exec \"$0\" \"$@\"")]).arg(env!("CARGO_BIN_EXE_hoplint"));
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    finish(command)
}

#[test]
fn a_file_that_cannot_be_written_holds_back_its_own_fixes_alone() {
    let machine = machine();
    let at = |path: &str| machine.path().join(path);
    // The unit is to change with the app's settings: it waits for them.
    fs::set_permissions(at(APP), Permissions::from_mode(0o444)).unwrap();
    let ran = hoplint(machine.path(), MEND);
    all_is_mended_but(machine.path(), &ran, &[UNIT, APP], &format!("cannot write `{APP}`: it is read-only"));
    assert!(ran.stdout.contains("[graceful-below-worker]"), "what is left is shown: {ran:?}");
    assert!(ran.stderr.contains(&format!("findings in {} files", APPS * (SITES + 2) - 2)), "{ran:?}");

    fs::set_permissions(at(APP), Permissions::from_mode(0o640)).unwrap();
    assert_eq!(hoplint(machine.path(), MEND).status, Some(0));
    assert_eq!(contents(machine.path()), before_and_after().1);
    assert_eq!(at(APP).metadata().unwrap().mode() & 0o7777, 0o640);
}

#[test]
fn comments_are_not_added_to_a_file_that_cannot_be_written() {
    let machine = machine();
    let at = |path: &str| machine.path().join(path);
    fs::set_permissions(at(SITE), Permissions::from_mode(0o444)).unwrap();
    let ran = hoplint(machine.path(), &["check", "--add-ignores=why", "--format=concise"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    let findings = APPS * (SITES + 1) - 1;
    assert!(ran.stderr.contains(&format!("Ignored {findings} findings in {findings} files.")), "{ran:?}");
    assert!(ran.stderr.contains(&format!("cannot write `{SITE}`: it is read-only")), "{ran:?}");
    assert_eq!(ran.stdout.matches("warning[").count(), 1, "{ran:?}");
}

#[test]
fn the_files_of_a_read_only_directory_stay_as_they_are() {
    let machine = machine();
    give_away(machine.path());
    let units = machine.path().join("etc/systemd/system");
    fs::set_permissions(&units, Permissions::from_mode(0o555)).unwrap();
    let ran = as_nobody(machine.path(), MEND);
    fs::set_permissions(&units, Permissions::from_mode(0o755)).unwrap();
    let apps = (0..APPS).map(|app| format!("srv/app{app}/gunicorn.conf.py"));
    let units = (0..APPS).map(|app| format!("etc/systemd/system/app{app}.service"));
    let left: Vec<String> = units.chain(apps).collect();
    let left: Vec<&str> = left.iter().map(String::as_str).collect();
    let said = format!("cannot write `{UNIT}`: no file can be made in its directory: permission denied");
    all_is_mended_but(machine.path(), &ran, &left, &said);
}

#[test]
fn a_file_whose_owner_cannot_be_kept_is_left() {
    if !is_root() {
        eprintln!("skipped: only root can give a file away");
        return;
    }
    let machine = machine();
    give_away(machine.path());
    let site = machine.path().join(SITE);
    chown(&site, Some(0), Some(0)).unwrap();
    fs::set_permissions(&site, Permissions::from_mode(0o666)).unwrap();
    let ran = as_nobody(machine.path(), MEND);
    let said = format!("cannot write `{SITE}`: this user may not keep its owner and group");
    all_is_mended_but(machine.path(), &ran, &[SITE], &said);
}

#[test]
fn a_file_with_other_names_is_left() {
    let machine = machine();
    let elsewhere = machine.path().with_extension("backup");
    fs::hard_link(machine.path().join(SITE), &elsewhere).unwrap();
    let ran = hoplint(machine.path(), MEND);
    let said = format!("cannot write `{SITE}`: it has other names, which are hard links");
    all_is_mended_but(machine.path(), &ran, &[SITE], &said);
    assert_eq!(fs::read(&elsewhere).unwrap(), fs::read(machine.path().join(SITE)).unwrap());
    fs::remove_file(elsewhere).unwrap();
    assert_eq!(hoplint(machine.path(), MEND).status, Some(0));
}

/// An access control list that lets one more user read and write.
fn list(user: u32) -> Vec<u8> {
    const NONE: u32 = u32::MAX;
    let entries = [(0x01, 6, NONE), (0x02, 6, user), (0x04, 4, NONE), (0x10, 6, NONE), (0x20, 0, NONE)];
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, may, id) in entries {
        bytes.extend([u16::to_le_bytes(tag), u16::to_le_bytes(may)].concat());
        bytes.extend(u32::to_le_bytes(id));
    }
    bytes
}

#[test]
fn a_mended_file_keeps_its_owner_mode_and_attributes() {
    let machine = machine();
    let at = |path: &str| machine.path().join(path);
    if is_root() {
        chown(at(SITE), Some(1234), Some(5678)).unwrap();
    } else {
        eprintln!("skipped: only root can give a file away");
    }
    fs::set_permissions(at(SITE), Permissions::from_mode(0o4751)).unwrap();
    let (access, default) = ("system.posix_acl_access", "system.posix_acl_default");
    let set =
        xattr::set(at(SITE), "user.note", b"ours").and_then(|()| xattr::set(at(APP), access, &list(99)));
    // What a directory gives to its new files is nothing that a mended file had.
    let set = set.and_then(|()| xattr::set(at("etc/systemd/system"), default, &list(77)));
    if set.is_err() {
        eprintln!("skipped: this file system has no attributes");
    }
    let state = |path: &str| {
        let metadata = at(path).metadata().unwrap();
        let attribute = |name: &str| xattr::get(at(path), name).unwrap_or_default();
        let attributes = ["user.note", access].map(attribute);
        (metadata.mode(), metadata.uid(), metadata.gid(), attributes)
    };
    let before = [SITE, APP, UNIT].map(state);
    let inode = at(SITE).metadata().unwrap().ino();
    assert_eq!(hoplint(machine.path(), MEND).status, Some(0));
    assert_ne!(at(SITE).metadata().unwrap().ino(), inode, "it was exchanged");
    assert_eq!([SITE, APP, UNIT].map(state), before);
}

#[test]
fn links_are_followed_inside_the_tree_alone() {
    let (machine, elsewhere) = (machine(), tempfile::tempdir().unwrap());
    let at = |path: &str| machine.path().join(path);
    fs::create_dir(at(".git")).unwrap();
    let outside = elsewhere.path().join("site.conf");
    fs::rename(at(SITE), &outside).unwrap();
    symlink(&outside, at(SITE)).unwrap();
    let before = fs::read(&outside).unwrap();
    let (inside, link) = (at("etc/nginx/available"), at("etc/nginx/sites/app0-0.conf"));
    fs::rename(&link, &inside).unwrap();
    symlink("../available", &link).unwrap();

    assert_eq!(hoplint(machine.path(), MEND).status, Some(0));
    assert!(fs::read(&outside).unwrap() == before && at(SITE).is_symlink());
    assert!(fs::read_to_string(&inside).unwrap().contains("proxy_read_timeout 125s;"));
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("../available"));

    // Who names the link has it read, with what is around its file, and not written.
    copy_tree(&at("srv"), &elsewhere.path().join("srv"));
    copy_tree(&at("etc/systemd"), &elsewhere.path().join("systemd"));
    let ran = hoplint(machine.path(), &[MEND, &[SITE]].concat());
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("a link leads to it from a project that it is not in"), "{ran:?}");
    assert_eq!(fs::read(&outside).unwrap(), before);
    let ran = hoplint(elsewhere.path(), &[MEND, &["site.conf"]].concat());
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_ne!(fs::read(&outside).unwrap(), before);
}

#[test]
fn what_is_too_large_to_be_written_leaves_all_as_it_was() {
    let machine = machine();
    let site = machine.path().join(SITE);
    let long = fs::read_to_string(&site).unwrap() + &"# a comment\n".repeat(500);
    fs::write(&site, long).unwrap();
    let before = contents(machine.path());
    let ran = after("trap '' XFSZ; ulimit -f 2", machine.path(), MEND);
    nothing_is_changed(machine.path(), &before, &ran, &format!("cannot write `{SITE}`"));

    // The same where the system ends the program.
    let ran = after("ulimit -f 2", machine.path(), MEND);
    assert_eq!(ran.status, None, "{ran:?}");
    let now = contents(machine.path());
    assert!(before.iter().all(|(path, bytes)| now[path] == *bytes));
    let left = differing(&before, &now);
    assert!(!left.is_empty() && left.iter().all(|path| path.contains("/.hoplint-")), "{left:?}");
    assert_eq!(hoplint(machine.path(), MEND).status, Some(0));
    assert_eq!(contents(machine.path()).len(), before.len());
}

#[test]
fn more_files_are_mended_than_can_be_open() {
    let machine = machine();
    let ran = after("ulimit -n 24", machine.path(), MEND);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(contents(machine.path()), before_and_after().1);
}

/// What a script does in a name space of its own, where it may mount. `None` where that is not allowed.
fn among_mounts(script: &str, arguments: &[&Path]) -> Option<Ran> {
    let own = if is_root() { "--mount" } else { "--mount --map-root-user" };
    let shell = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(own.split(' ')).args(["sh", "-c", script, env!("CARGO_BIN_EXE_hoplint")]);
        command.args(arguments).stdin(Stdio::null());
        command
    };
    let may = shell("mount -t tmpfs none /mnt").output().is_ok_and(|it| it.status.success());
    if !may {
        eprintln!("skipped: nothing can be mounted here");
        return None;
    }
    Some(finish(shell(script)))
}

#[test]
fn a_full_disk_leaves_all_as_it_was() {
    let (machine, disk, kept) = (machine(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let script = "set -e
        mount -t tmpfs -o size=512k none \"$2\"
        cp -r \"$1\"/. \"$2\"
        cat /dev/zero > \"$2\"/filler 2> /dev/null || true
        truncate -s -12288 \"$2\"/filler
        cd \"$2\"
        status=0; \"$0\" check --fix --unsafe-fixes --format=concise || status=$?
        cp -r \"$2\"/. \"$3\"
        rm filler \"$3\"/filler
        \"$0\" check --fix --unsafe-fixes --format=concise
        exit $status";
    let Some(ran) = among_mounts(script, &[machine.path(), disk.path(), kept.path()]) else { return };
    // With room again, all is mended: it was the disk.
    assert!(ran.stderr.contains("Mended "), "{ran:?}");
    nothing_is_changed(kept.path(), &contents(machine.path()), &ran, "No space left on device");
}

#[test]
fn what_was_exchanged_is_put_back_when_the_next_cannot_be() {
    let machine = machine();
    let script = "set -e; cd \"$1\"; mount --bind $1/$2 $1/$2
        status=0; \"$0\" check --fix --unsafe-fixes --format=concise || status=$?
        umount $1/$2; exit $status";
    let Some(ran) = among_mounts(script, &[machine.path(), Path::new(SITE)]) else { return };
    all_is_mended_but(
        machine.path(),
        &ran,
        &[SITE],
        &format!("cannot write `{SITE}`: Device or resource busy"),
    );

    // With the unit's file goes that of its app, though that was exchanged before.
    let machine = self::machine();
    let Some(ran) = among_mounts(script, &[machine.path(), Path::new(APP)]) else { return };
    all_is_mended_but(
        machine.path(),
        &ran,
        &[UNIT, APP],
        &format!("cannot write `{APP}`: Device or resource busy"),
    );
}

/// What a run comes to that had read this file before it was changed.
fn changed_meanwhile(path: &str) {
    // The run waits for the lock when it has read and mended all. Nothing tells when that is: a wait that was too short is
    // made longer.
    for seconds in [1, 2, 4, 8, 16, 32] {
        let machine = machine();
        let lock = File::open(machine.path()).unwrap();
        lock.lock().unwrap();
        let run = started(machine.path(), MEND);
        thread::sleep(Duration::from_secs(seconds));
        let now = contents(machine.path());
        assert_eq!(now, before_and_after().0, "nothing is written while another run writes");
        let changed = machine.path().join(path);
        fs::write(&changed, [&now[path][..], b"# a note\n"].concat()).unwrap();
        let before = contents(machine.path());
        drop(lock);
        let ran = ended(run);
        if ran.status == Some(2) {
            let said = format!("`{path}` has changed since it was read: run again");
            return nothing_is_changed(machine.path(), &before, &ran, &said);
        }
    }
    panic!("no run had read all before a file changed");
}

#[test]
fn a_file_that_changed_since_it_was_read_is_not_overwritten() {
    changed_meanwhile(SITE);
}

#[test]
fn nothing_is_written_when_what_it_follows_from_has_changed() {
    changed_meanwhile("etc/nginx/nginx.conf");
}

fn started(directory: &Path, arguments: &[&str]) -> Child {
    let mut command = command(directory, arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(run: Child) -> Ran {
    let output = run.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn of_runs_at_once_one_writes() {
    const IGNORE: &[&str] = &["check", "--add-ignores=why", "--format=concise"];
    let (_, mended) = before_and_after();
    let machine = self::machine();
    assert_eq!(hoplint(machine.path(), IGNORE).status, Some(0));
    let ignored = contents(machine.path());
    let mut stopped = 0;
    for _ in 0..5 {
        let machine = self::machine();
        let runs = [MEND, IGNORE, MEND, IGNORE].map(|arguments| started(machine.path(), arguments));
        let ran = runs.map(ended);
        let now = contents(machine.path());
        let count = |what: &str| ran.iter().filter(|ran| ran.stderr.contains(what)).count();
        // What comes after the first finds nothing left to do.
        assert_eq!(count("Mended 32 findings") + count("Ignored 32 findings"), 1, "{ran:?}");
        let is_mended = count("Mended 32 findings") == 1;
        assert_eq!(differing(&now, if is_mended { &mended } else { &ignored }), [""; 0], "{ran:?}");
        for ran in ran.iter().filter(|ran| ran.status != Some(0)) {
            assert!(ran.stderr.contains("has changed since it was read: run again"), "{ran:?}");
            stopped += 1;
        }
    }
    eprintln!("of 20 runs at once {stopped} were told to run again");
}

#[test]
fn what_a_killed_run_left_is_no_configuration_and_goes_with_the_next_fix() {
    let machine = machine();
    assert_eq!(hoplint(machine.path(), MEND).status, Some(0));
    let at = |path: &str| machine.path().join("etc/nginx/sites").join(path);
    let site = fs::read(machine.path().join(SITE)).unwrap();
    let left = [".hoplint-aB3dE6.tmp", ".hoplint-notes.conf"].map(at);
    let before = hoplint(machine.path(), &["check"]);
    fs::write(&left[0], &site).unwrap();
    assert_eq!(hoplint(machine.path(), &["check"]), before);
    assert!(left[0].exists(), "a check writes nothing");
    fs::write(&left[1], "# not ours\n").unwrap();
    assert_eq!(hoplint(machine.path(), MEND).status, Some(0));
    assert_eq!(left.map(|path| path.exists()), [false, true]);
}

/// What a kill hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hit {
    BeforeAnyWrite,
    WhileCopiesWereWritten,
    BetweenTwoRenames,
    AfterTheLastRename,
}

/// When a run is killed: some time after it began, or after its first or its last temporary file was there. All renames follow
/// upon the last one, and take a millisecond or two of all the time that a run takes.
#[derive(Clone, Copy, Debug)]
enum From {
    Start,
    FirstCopy,
    LastCopy,
}

/// How long an undisturbed run takes: all of it, from the first copy on, and from the last one on.
fn durations(machine: &Path) -> [Duration; 3] {
    let start = Instant::now();
    let mut run = started(machine, MEND);
    let times = [FIRST, LAST].map(|directory| {
        wait_until(&|| has_copies(machine, directory), &mut run);
        start.elapsed()
    });
    run.wait().unwrap();
    let end = start.elapsed();
    [end, end - times[0], end - times[1]]
}

/// The directories of the files that are written first and last.
const FIRST: &str = "etc/nginx/sites";
const LAST: &str = "srv/app7";

fn has_copies(machine: &Path, directory: &str) -> bool {
    let is_copy = |entry: fs::DirEntry| entry.file_name().to_string_lossy().starts_with(".hoplint-");
    fs::read_dir(machine.join(directory)).unwrap().any(|entry| is_copy(entry.unwrap()))
}

/// Waits for something, or the end of a run.
fn wait_until(is_now: &dyn Fn() -> bool, run: &mut Child) {
    let mut looks = 0_usize;
    while !is_now() {
        looks += 1;
        if looks.is_multiple_of(16) && run.try_wait().unwrap().is_some() {
            return;
        }
    }
}

/// Kills a run at a random moment.
fn kill(machine: &Path, from: From, within: Duration, dice: &mut Dice) {
    let mut run = started(machine, MEND);
    match from {
        From::Start => {}
        From::FirstCopy => wait_until(&|| has_copies(machine, FIRST), &mut run),
        From::LastCopy => wait_until(&|| has_copies(machine, LAST), &mut run),
    }
    let delay = Duration::from_nanos(dice.below(within.as_nanos() as usize + 1) as u64);
    // Sleeping is too coarse for what takes a millisecond.
    let start = Instant::now();
    while start.elapsed() < delay {
        match delay - start.elapsed().min(delay) > Duration::from_millis(5) {
            true => thread::sleep(Duration::from_millis(1)),
            false => std::hint::spin_loop(),
        }
    }
    let _ = run.kill();
    run.wait().unwrap();
}

/// `HOPLINT_KILLS` says how many runs are killed; `HOPLINT_SEED` is the seed that a failure names.
#[test]
fn a_kill_at_any_moment_leaves_every_file_old_or_new() {
    let number = |name: &str| std::env::var(name).ok().map(|it| it.parse::<u64>().unwrap());
    let (kills, seed) = (number("HOPLINT_KILLS").unwrap_or(60), number("HOPLINT_SEED").unwrap_or(7));
    let (before, after) = before_and_after();
    let template = machine();
    // In memory a larger part of a run is writing.
    let memory = Path::new("/dev/shm");
    let is_elsewhere = std::env::var_os("TMPDIR").is_some() || !memory.is_dir();
    let scratch = if is_elsewhere { std::env::temp_dir() } else { memory.to_owned() };
    let mode = |at: u64| if at.is_multiple_of(2) { 0o640 } else { 0o604 };
    let fresh = |at: u64| {
        let directory = tempfile::tempdir_in(&scratch).unwrap();
        copy_tree(template.path(), directory.path());
        fs::set_permissions(directory.path().join(SITE), Permissions::from_mode(mode(at))).unwrap();
        directory
    };
    let whole = (0..5).map(|at| durations(fresh(at).path())).min().unwrap();
    // The renames take a hundredth of a run. When they begin is learnt from where the kills before have hit.
    let mut renames = (whole[2] / 4).max(Duration::from_micros(200));
    let (mut hits, mut halves): (BTreeMap<Hit, u64>, u64) = (BTreeMap::new(), 0);
    for at in 0..kills {
        let mut dice = Dice(seed.wrapping_mul(1_000_003).wrapping_add(at));
        let (from, within) = match at % 3 {
            0 => (From::Start, whole[0]),
            1 => (From::FirstCopy, whole[1]),
            _ => (From::LastCopy, renames * 2),
        };
        let machine = fresh(at);
        kill(machine.path(), from, within, &mut dice);
        let which = format!("kill {at} of seed {seed}, from {from:?}");

        let now = contents(machine.path());
        let (left, files): (Files, Files) =
            now.into_iter().partition(|(path, _)| path.contains("/.hoplint-"));
        assert!(files.keys().eq(before.keys()), "{which}: {:?}", files.keys());
        for (path, bytes) in &files {
            assert!(*bytes == before[path] || *bytes == after[path], "{which}: {path}");
        }
        assert_eq!(machine.path().join(SITE).metadata().unwrap().mode() & 0o7777, mode(at), "{which}");
        let (old, new) = (differing(&files, &after).len(), differing(&files, &before).len());
        let hit = match (old, new) {
            (_, 0) if left.is_empty() => Hit::BeforeAnyWrite,
            (_, 0) => Hit::WhileCopiesWereWritten,
            (0, _) => Hit::AfterTheLastRename,
            _ => Hit::BetweenTwoRenames,
        };
        *hits.entry(hit).or_default() += 1;
        renames = match (from, hit) {
            (From::LastCopy, Hit::WhileCopiesWereWritten) => renames * 5 / 4,
            (From::LastCopy, Hit::AfterTheLastRename) => renames * 4 / 5,
            _ => renames,
        };
        halves += u64::from((0..APPS).any(|app| {
            let is_new = |path: String| files[&path] == after[&path];
            is_new(format!("etc/systemd/system/app{app}.service"))
                != is_new(format!("srv/app{app}/gunicorn.conf.py"))
        }));
        // The next run ends what this one began.
        if matches!(hit, Hit::WhileCopiesWereWritten | Hit::BetweenTwoRenames) {
            let ran = hoplint(machine.path(), MEND);
            assert_eq!(ran.status, Some(0), "{which}: {ran:?}");
            assert_eq!(differing(&contents(machine.path()), &after), [""; 0], "{which}");
        }
    }
    eprintln!(
        "{kills} kills, seed {seed}; a whole run takes {:?}, from the first copy on {:?}, from the last one on {:?}: \
         {hits:?}; {halves} between the files of one fix",
        whole[0], whole[1], whole[2]
    );
    let writing = [Hit::WhileCopiesWereWritten, Hit::BetweenTwoRenames];
    assert!(
        kills < 10 || writing.iter().any(|hit| hits.contains_key(hit)),
        "no kill hit the writing: {hits:?}"
    );
}
