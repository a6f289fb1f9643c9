//! Files that are too large, that never end, that change, or that are no files at all.

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Item, PLANTED, SITE, app, bad, item, lines, run};
use crate::support::{copy_program, copy_tree, root, write};

const GIB: usize = 1 << 30;

/// A file with a hole that is as long as it.
fn sparse(path: &Path, size: usize) {
    write(path, "");
    File::options().write(true).open(path).unwrap().set_len(size as u64).unwrap();
}

/// A file with a line over and over.
fn filled(path: &Path, size: usize, line: &str) {
    let mebibyte = line.repeat((1 << 20) / line.len());
    write(path, "");
    let mut file = File::options().append(true).open(path).unwrap();
    for _ in 0..size >> 20 {
        std::io::Write::write_all(&mut file, mebibyte.as_bytes()).unwrap();
    }
}

/// A pipe, with nobody at its other end.
fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Names whose files are read whatever is in them, and those that lists of files to ignore and hoplint's own files have.
const NAMES: [(&str, &str); 4] = [
    ("nginx/nginx.conf", "cannot read `bad/etc/nginx/nginx.conf`"),
    ("systemd/system/app.service", "cannot read `bad/etc/systemd/system/app.service`"),
    ("app/gunicorn.conf.py", "cannot read `bad/etc/app/gunicorn.conf.py`"),
    ("docker-compose.yml", "cannot read `bad/etc/docker-compose.yml`"),
];

#[test]
fn files_that_are_too_large_are_told() {
    let mut items = Vec::new();
    for (name, said) in NAMES {
        let says: &'static [&'static str] = vec![said, "it is larger than"].leak();
        items.push(
            item("a sparse file of 1 GiB", (GIB, GIB), move |tree, size| {
                app(tree);
                sparse(&tree.join("bad/etc").join(name), size);
            })
            .unread(says),
        );
        items.push(
            item("a file of 1 GiB", (17 << 20, GIB), move |tree, size| {
                app(tree);
                filled(&tree.join("bad/etc").join(name), size, "# a line of a file\n");
            })
            .unread(says),
        );
    }
    items.extend([
        item("a list of files to ignore of 1 GiB", (GIB, GIB), |tree, size| {
            app(tree);
            sparse(&tree.join("bad/.gitignore"), size);
        })
        .unread(&[
            "`bad`: of its list of files to ignore, it is larger than 1 MiB (the limit `ignore-size = \"1M\"`",
        ]),
        item("a list of files to ignore of the whole tree of 1 GiB", (GIB, GIB), |tree, size| {
            app(tree);
            sparse(&tree.join(".gitignore"), size);
        })
        .unread(&["it is larger than 1 MiB (the limit `ignore-size = \"1M\"`", "so that no .gitignore of the tree"]),
        item("hoplint.toml of 1 GiB", (GIB, GIB), |tree, size| sparse(&tree.join("hoplint.toml"), size))
            .refused(&["check", "."], &["cannot read `hoplint.toml`: it is larger than 16 MiB"]),
        item("a baseline of 1 GiB", (GIB, GIB), |tree, size| sparse(&tree.join("b.json"), size))
            .refused(&["check", "--baseline", "b.json"], &["cannot read `b.json`: it is larger than 16 MiB"]),
        item("standard input without an end", (1, 1), |_, _| {})
            .refused(&["check", "--stdin-filename", "x.conf"], &["cannot take standard input for `x.conf`"])
            .fed("yes"),
        item("files that are too much together", (4, 500), |tree, size| {
            for at in 0..size {
                let path = tree.join(format!("z/etc/nginx/{at:03}.conf"));
                filled(&path, 1 << 20, "# one of many lines\n");
                fs::write(&path, [&b"sendfile on;\n"[..], &fs::read(&path).unwrap()].concat()).unwrap();
            }
            write(&tree.join("hoplint.toml"), format!("[limits]\ntotal-size = \"{}M\"\n", size / 2));
        })
        .unread(&[
            "cannot read `z/etc/nginx/",
            " behind it: all files together are larger than may be (the limit `total-size",
        ]),
    ]);
    run(items);
}

#[test]
fn limits_are_raised() {
    let large = |tree: &Path| {
        bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, "}\n", &"# a comment\n".repeat(12_000)]);
    };
    run(vec![
        item("a lower limit", (1, 1), move |tree, _| {
            large(tree);
            write(&tree.join("hoplint.toml"), "[limits]\nfile-size = \"100K\"\n");
        })
        .unread(&["`bad/etc/nginx/nginx.conf`: it is larger than 100 KiB (the limit `file-size = \"100K\"`"]),
        item("a higher limit", (1, 1), move |tree, _| {
            large(tree);
            write(&tree.join("hoplint.toml"), "[limits]\nfile-size = \"1M\"\n");
        }),
    ]);
}

#[test]
fn what_is_no_file_is_not_opened() {
    let mut items = Vec::new();
    for (name, said) in NAMES {
        items.push(
            item("a pipe", (1, 1), move |tree, _| {
                app(tree);
                pipe(&tree.join("bad/etc").join(name));
            })
            .unread(vec![said, "it is a pipe, a socket or a device"].leak()),
        );
        items.push(item("a link to a device", (1, 1), move |tree, _| {
            app(tree);
            let _ = fs::remove_file(tree.join("bad/etc").join(name));
            symlink("/dev/zero", tree.join("bad/etc").join(name)).unwrap();
        }));
        items.push(item("a link to memory", (1, 1), move |tree, _| {
            app(tree);
            let _ = fs::remove_file(tree.join("bad/etc").join(name));
            symlink("/proc/self/mem", tree.join("bad/etc").join(name)).unwrap();
        }));
    }
    items.extend([
        item("a socket", (1, 1), |tree, _| {
            app(tree);
            // An address has to be short: it goes by a link to the directory.
            let short = tempfile::tempdir().unwrap();
            symlink(tree.join("bad/etc/nginx"), short.path().join("l")).unwrap();
            drop(UnixListener::bind(short.path().join("l/x.conf")).unwrap());
        })
        .unread(&["cannot read `bad/etc/nginx/x.conf`: it is a pipe, a socket or a device"]),
        item("files of variables that have no end", (1, 1), |tree, _| {
            app(tree);
            pipe(&tree.join("bad/etc/app/pipe"));
            let files: String = ["/etc/app/pipe", "/dev/zero", "/proc/self/mem", "/etc/app/none"]
                .map(|path| format!("EnvironmentFile={path}\n"))
                .concat();
            bad(
                tree,
                "systemd/system/app.service",
                &["[Service]\nExecStart=/usr/bin/gunicorn app:app\n", &files],
            );
        }),
        item("a list of files to ignore that is a pipe", (1, 1), |tree, _| {
            app(tree);
            pipe(&tree.join("bad/.gitignore"));
        })
        .unread(&["`bad`: its list of files to ignore is a pipe or a device"]),
        item("lists of files to ignore of the whole tree that are pipes", (1, 1), |tree, _| {
            app(tree);
            [".gitignore", ".ignore", ".git/info/exclude"].iter().for_each(|name| pipe(&tree.join(name)));
        })
        .unread(&[
            "`: its list of files to ignore is a pipe or a device, so that no .gitignore of the tree is gone by",
            "`: its list of files to ignore is a pipe or a device, so that no .ignore of the tree is gone by",
            "`: its list of files to ignore is a pipe or a device, so that no .git/info/exclude of the tree is gone by",
        ]),
        item("a worktree whose list of files to ignore is a pipe", (1, 1), |tree, _| {
            app(tree);
            write(&tree.join("bad/.git"), format!("gitdir: {}\n", tree.join("own").display()));
            write(&tree.join("own/commondir"), format!("{}\n", tree.join("common").display()));
            pipe(&tree.join("common/info/exclude"));
        })
        .unread(&["`bad`: its list of files to ignore is a pipe or a device"]),
        item("hoplint.toml that is a pipe", (1, 1), |tree, _| pipe(&tree.join("hoplint.toml")))
            .refused(&["check", "."], &["cannot read `hoplint.toml`: it is a pipe"]),
        item("pyproject.toml that is a pipe", (1, 1), |tree, _| pipe(&tree.join("pyproject.toml"))),
        item("a configuration that is a device", (1, 1), |_, _| {})
            .refused(&["check", "--config", "/dev/zero"], &["cannot read `/dev/zero`: it is a pipe"]),
        item("a baseline that is a pipe", (1, 1), |tree, _| pipe(&tree.join("b.json")))
            .refused(&["check", "--baseline", "b.json"], &["cannot read `b.json`: it is a pipe"]),
        item("a device on the command line", (1, 1), |_, _| {})
            .refused(&["check", "/dev/zero"], &["it is neither a file nor a directory"]),
        item("a pipe on the command line", (1, 1), |tree, _| pipe(&tree.join("x.conf")))
            .refused(&["map", "x.conf"], &["it is neither a file nor a directory"]),
    ]);
    run(items);
}

#[test]
fn a_report_for_a_pipe_waits_for_its_reader_but_not_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    copy_tree(&root().join("corpus/case-study"), &directory.path().join("planted/etc"));
    let path = directory.path().join("report");
    pipe(&path);
    let reader = thread::spawn(move || fs::read_to_string(path));
    let ran = crate::cli::hoplint(directory.path(), &["check", "--output-file", "concise=report", "."]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    assert!(reader.join().unwrap().unwrap().contains(PLANTED), "{ran:?}");
    // Nobody is waited for longer than a few seconds, which is too long for each run of the tests.
    if super::in_full().is_some() {
        run(vec![
            item("a report for a pipe that nobody reads", (1, 1), |tree, _| pipe(&tree.join("report")))
                .refused(
                    &["check", "--output-file", "concise=report", "."],
                    &["cannot write `report`: nobody reads what is written to it"],
                ),
        ]);
    }
}

#[test]
fn links_lead_round_in_circles_and_out() {
    run(vec![
        item("links in circles and out", (1, 1), |tree, _| {
            app(tree);
            let at = |name: &str| tree.join("bad/etc/nginx").join(name);
            for (target, name) in [("b.conf", "a.conf"), ("a.conf", "b.conf"), (".", "self"), ("../..", "up")]
            {
                symlink(target, at(name)).unwrap();
            }
            symlink("/", at("root")).unwrap();
            symlink("/etc/passwd", at("out.conf")).unwrap();
            symlink("nowhere", at("nowhere.conf")).unwrap();
        }),
        item("links to directories of links", (40, 2000), |tree, size| {
            app(tree);
            for at in 0..size {
                bad(tree, &format!("nginx/c/{at}.conf"), &["sendfile on;\n"]);
                symlink("../nginx/c", tree.join(format!("bad/etc/app/{at}"))).unwrap();
            }
        }),
        item("a chain of names of a unit", (50, 2000), |tree, size| {
            app(tree);
            let at = |name: usize| tree.join(format!("bad/etc/systemd/system/a{name}.service"));
            symlink("app.service", at(0)).unwrap();
            for name in 0..size {
                symlink(format!("a{name}.service"), at(name + 1)).unwrap();
                symlink(
                    format!("r{}.service", (name + 1) % size),
                    at(name).with_file_name(format!("r{name}.service")),
                )
                .unwrap();
            }
        }),
        item("many links out, and patterns that match them", (100, 50_000), |tree, size| {
            let includes = "include sites-enabled/*;\n".repeat(1000);
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", &includes, "}\n"]);
            fs::create_dir_all(tree.join("bad/etc/nginx/sites-enabled")).unwrap();
            for at in 0..size {
                symlink("/etc/hostname", tree.join(format!("bad/etc/nginx/sites-enabled/{at}"))).unwrap();
            }
        }),
    ]);
}

#[test]
fn names_are_any_bytes_and_trees_any_shape() {
    run(vec![
        item("names that are no UTF-8", (50, 1000), |tree, size| {
            app(tree);
            for at in 0..size {
                let mut name = b"\xff\xfe\x1b[31m\n".to_vec();
                name.extend(format!("{at}.conf").bytes());
                let folder = tree.join("bad/etc/nginx").join(std::ffi::OsStr::from_bytes(b"\xff\n"));
                write(&folder.join(std::ffi::OsStr::from_bytes(&name)), "server { listen 80; foo bar; }\n");
            }
        }),
        item("directories inside each other", (300, 450), |tree, size| {
            write(&tree.join("abcdefg/".repeat(size)).join("nginx.conf"), "http { server { listen 80; } }\n");
        }),
        item("empty directories", (300, 200_000), |tree, size| {
            for at in 0..size {
                fs::create_dir_all(tree.join(format!("d/{}/{at}", at / 1000))).unwrap();
            }
        }),
        item("machines", (30, 20_000), |tree, size| {
            for at in 0..size {
                write(&tree.join(format!("h{at}/etc/nginx/nginx.conf")), "http { server { listen 80; } }\n");
            }
        }),
        item("patterns of files to ignore", (2000, 60_000), |tree, size| {
            app(tree);
            write(&tree.join("bad/.gitignore"), lines(size, |at| format!("a{at}*b?\n")));
        }),
        item("a pattern of files to ignore that matches in many ways", (1000, 10_000), |tree, size| {
            app(tree);
            write(&tree.join("bad/.gitignore"), format!("{}b\n{}b\n", "*a".repeat(size), "**/".repeat(size)));
            write(&tree.join("bad").join("a".repeat(250)), "");
        }),
    ]);
}

/// Whether a file that nobody may read can be read all the same.
fn is_root(tree: &Path) -> bool {
    write(&tree.join("closed"), "");
    fs::set_permissions(tree.join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    File::open(tree.join("closed")).is_ok()
}

#[test]
fn what_may_not_be_read_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let tree = directory.path().join("tree");
    copy_tree(&root().join("corpus/case-study"), &tree.join("planted/etc"));
    app(&tree);
    let close = |path: &str| fs::set_permissions(tree.join(path), fs::Permissions::from_mode(0o000)).unwrap();
    close("bad/etc/nginx/nginx.conf");
    close("bad/etc/app");
    let mut command = Command::new(env!("CARGO_BIN_EXE_hoplint"));
    if is_root(directory.path()) {
        // Root may read everything: somebody else has to ask, who can start a copy of the program.
        let program = directory.path().join("hoplint");
        copy_program(Path::new(env!("CARGO_BIN_EXE_hoplint")), &program);
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
    }
    let output = command.args(["check", "--format", "concise", "."]).current_dir(&tree).output();
    fs::set_permissions(tree.join("bad/etc/app"), fs::Permissions::from_mode(0o755)).unwrap();
    let Ok(output) = output else {
        eprintln!("skipped: there is no setpriv to be somebody else than root");
        return;
    };
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("cannot read `bad/etc/nginx/nginx.conf`: Permission denied"), "{said}");
    assert!(said.contains("cannot read `bad/etc/app`: permission denied"), "{said}");
    assert!(said.contains(PLANTED), "{said}");
}

#[test]
fn files_may_change_while_they_are_read() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let tree = directory.path();
    copy_tree(&root().join("corpus/case-study"), &tree.join("planted/etc"));
    app(tree);
    let (site, aside) = (tree.join("bad/etc/nginx/nginx.conf"), tree.join("aside"));
    let text = format!("events {{}}\nhttp {{\n{}}}\n", SITE.repeat(300));
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // It grows, is cut off, goes, and comes again as something else.
            let mut at = 0;
            while !is_over.load(Ordering::Relaxed) {
                at += 1;
                match at % 5 {
                    0 => drop(fs::write(&site, &text)),
                    1 => drop(File::options().append(true).open(&site).map(|it| it.set_len(7))),
                    2 => drop(fs::remove_file(&site)),
                    3 => drop(fs::create_dir(&site).and_then(|()| fs::remove_dir(&site))),
                    _ => drop(fs::write(&aside, "\0").and_then(|()| fs::rename(&aside, &site))),
                }
            }
        });
        let wrong = (0..6).find_map(|_| {
            let ran = crate::cli::hoplint(tree, &["check", "--format", "concise", "."]);
            let is_right = matches!(ran.status, Some(1 | 2)) && ran.stdout.contains(PLANTED);
            (!is_right).then_some(ran)
        });
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(wrong, None);
    });
}

impl Item {
    /// What standard input is fed with.
    fn fed(self, input: &'static str) -> Item {
        Item { input: Some(input), ..self }
    }
}
