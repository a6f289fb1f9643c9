//! The program as its users run it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::{copy_tree, files_below, names_in, root, write};

/// What a run came to.
#[derive(Debug, PartialEq)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hoplint"));
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "RAYON_NUM_THREADS"] {
        command.env_remove(variable);
    }
    command.env("LC_ALL", "C.UTF-8");
    command
}

pub(crate) fn finish(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

pub(crate) fn hoplint(directory: &Path, arguments: &[&str]) -> Ran {
    finish(command(directory, arguments))
}

/// A copy of a stack of corpus/.
pub(crate) fn copy_of(stack: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    copy_tree(&root().join("corpus").join(stack), directory.path());
    directory
}

/// The bytes of all files of a tree, by their paths.
fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let inside = |path: &Path| path.strip_prefix(directory).unwrap().display().to_string();
    files_below(directory).iter().map(|path| (inside(path), std::fs::read(path).unwrap())).collect()
}

pub(crate) const NGINX: &str = "deploy/nginx/flask-data.conf";

#[test]
fn a_run_ends_with_the_status_that_is_promised() {
    let (ill, well, empty) =
        (copy_of("case-study"), copy_of("case-study-mended"), tempfile::tempdir().unwrap());
    write(&well.path().join("wrong.hoplint"), "ignor = []\n");
    write(&empty.path().join("notes.txt"), "nothing\n");
    let (ill, well, empty) = (ill.path(), well.path(), empty.path());
    for (directory, arguments, status, said) in [
        (ill, &["check"][..], 1, "upstream-unbound"),
        (ill, &["check", "."], 1, "read-timeout-below-worker"),
        (ill, &["check", NGINX], 1, "proxy-buffers-rejected"),
        (ill, &["check", "--select", "read-timeout-below-worker", "--fail-on", "error"], 0, "504"),
        (ill, &["check", "--ignore", "upstream-unbound,proxy-buffers-rejected"], 1, "504"),
        (ill, &["check", "--diff"], 1, "+        proxy_buffers 8 16k;"),
        (ill, &["map"], 0, "127.0.0.1:8000"),
        (well, &["check"], 0, "3 files (1 nginx, 1 Gunicorn, 1 systemd)"),
        (well, &["check", "--pedantic", "--fail-on", "note"], 0, "no findings"),
        (well, &["check", "--diff"], 0, "0 files would change"),
        (well, &["check", "--fix"], 0, "no findings"),
        (well, &["rules"], 0, "upstream-unbound"),
        (well, &["explain", "upstream-unbound"], 0, "## Fix safety"),
        (well, &["--version"], 0, "hoplint "),
        (well, &["check", "--help"], 0, "Exit status"),
        (well, &[], 2, "Usage"),
        (well, &["chekc"], 2, "check"),
        (well, &["check", "--fxi"], 2, "--fxi"),
        (well, &["check", "nowhere"], 2, "`nowhere`"),
        (well, &["check", ".", "nowhere"], 2, "`nowhere`"),
        (well, &["check", "--select", "upstream-unbond"], 2, "did you mean `upstream-unbound`"),
        (well, &["explain", "upstream-unbond"], 2, "did you mean `upstream-unbound`"),
        (well, &["check", "--config", "wrong.hoplint"], 2, "ignor"),
        (well, &["check", "--config", "nowhere.toml"], 2, "nowhere.toml"),
        (well, &["map", "nowhere"], 2, "`nowhere`"),
        (empty, &["check"], 2, "nothing to lint"),
        (empty, &["check", "notes.txt"], 2, "nothing to lint"),
        (empty, &["check", "--ignore-unknown", "notes.txt"], 0, "Read 0 files"),
        (empty, &["check", "--ignore-unknown", "gone.conf"], 2, "gone.conf"),
        (well, &["check", "--ignore-unknown", "wrong.hoplint"], 0, "no findings"),
        (ill, &["check", "--ignore-unknown", NGINX], 1, "proxy-buffers-rejected"),
        (empty, &["check", "/dev/null"], 2, "neither a file nor a directory"),
    ] {
        let ran = hoplint(directory, arguments);
        assert_eq!(ran.status, Some(status), "{arguments:?}: {ran:?}");
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(all.contains(said), "{arguments:?} does not say {said}: {ran:?}");
        if status == 2 {
            assert!(ran.stdout.is_empty() && !ran.stderr.contains("panicked"), "{arguments:?}: {ran:?}");
        }
    }
}

#[test]
fn what_cannot_be_read_is_said_and_the_rest_is_read() {
    let directory = copy_of("case-study");
    // A large file that is no text is no configuration either.
    std::fs::File::create(directory.path().join("server")).unwrap().set_len(17 * 1024 * 1024).unwrap();
    assert_eq!(hoplint(directory.path(), &["check"]).status, Some(1));
    let large = "events {\n}\n".to_owned() + &"#".repeat(17 * 1024 * 1024);
    write(&directory.path().join("nginx.conf"), large);
    let before = contents(directory.path());
    for arguments in [&["check"][..], &["check", "--fix"]] {
        let ran = hoplint(directory.path(), arguments);
        assert_eq!(ran.status, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("cannot read `nginx.conf`: it is larger than 16 MiB"), "{ran:?}");
        // What stands in it may change anything that the rest says.
        assert!(ran.stdout.contains("Read 3 files") && !ran.stdout.contains("upstream-unbound"), "{ran:?}");
    }
    assert!(contents(directory.path()) == before);
    let map = hoplint(directory.path(), &["map"]);
    assert!(map.stdout.contains("serves not known: `nginx.conf` cannot be read"), "{map:?}");
    std::fs::remove_file(directory.path().join("nginx.conf")).unwrap();

    let gunicorn = directory.path().join("deploy/gunicorn.conf.py");
    std::fs::set_permissions(&gunicorn, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&gunicorn).is_ok() {
        eprintln!("skipped: to this user every file is readable");
        return;
    }
    let ran = hoplint(directory.path(), &["check"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("cannot read `deploy/gunicorn.conf.py`"), "{ran:?}");
}

#[test]
fn the_full_format_shows_both_ends_the_outcome_and_the_mend() {
    for width in ["80", "140"] {
        let mut command = command(root(), &["check", "corpus/case-study"]);
        command.env("COLUMNS", width);
        let ran = finish(command);
        for part in [
            "corpus/case-study/deploy/nginx/flask-data.conf:28",
            "corpus/case-study/deploy/gunicorn.conf.py:6",
            "proxy_pass http://127.0.0.1:8000;",
            "bind = \"127.0.0.1:8001\"",
            "proxy_read_timeout 30s;",
            "timeout = 120",
            "proxy_buffer_size 16k;",
            "502",
            "504",
            "nginx does not start",
            "proxy_read_timeout 125s;",
            "proxy_buffers 8 16k;",
            "Read 3 files (1 nginx, 1 Gunicorn, 1 systemd) in 1 stack",
            "2 errors, 1 warning (up to 3 can be mended with --fix)",
        ] {
            assert!(ran.stdout.contains(part), "at {width} columns it does not show {part}:\n{}", ran.stdout);
        }
        assert!(!ran.stdout.contains('\x1b') && ran.stderr.is_empty(), "{ran:?}");
    }
}

#[test]
fn the_concise_format_is_a_line_a_finding() {
    let directory = copy_of("case-study");
    let ran = hoplint(directory.path(), &["check", "--format", "concise"]);
    let heads: Vec<String> =
        ran.stdout.split_inclusive('\n').map(|line| line.split("]: ").next().unwrap().to_owned()).collect();
    assert_eq!(
        heads,
        [
            format!("{NGINX}:28:27: error[upstream-unbound"),
            format!("{NGINX}:37:9: warning[read-timeout-below-worker"),
            format!("{NGINX}:40:9: error[proxy-buffers-rejected"),
        ]
    );
    assert!(ran.stderr.starts_with("Read 3 files (1 nginx, "), "{ran:?}");
}

#[test]
fn the_diff_is_what_the_fix_does_and_what_git_and_patch_take() {
    for stack in ["case-study", "unix-socket", "several-apps", "fleet", "buffers"] {
        let (mended, patched, applied) = (copy_of(stack), copy_of(stack), copy_of(stack));
        let before = contents(mended.path());
        let diff = hoplint(mended.path(), &["check", "--diff"]);
        assert_eq!(diff.status, Some(1), "{stack}: {diff:?}");
        assert_eq!(contents(mended.path()), before, "{stack}: --diff changes nothing");
        let fixed = hoplint(mended.path(), &["check", "--fix"]);
        assert_eq!(fixed.status, Some(0), "{stack}: {fixed:?}");
        let after = contents(mended.path());
        assert_ne!(after, before);

        let patch = mended.path().with_extension("patch");
        std::fs::write(&patch, &diff.stdout).unwrap();
        take(patched.path(), "patch", &["-p1", "-i", patch.to_str().unwrap()]);
        assert_eq!(contents(patched.path()), after, "{stack}: patch");
        take(applied.path(), "git", &["apply", "--whitespace=nowarn", patch.to_str().unwrap()]);
        assert_eq!(contents(applied.path()), after, "{stack}: git apply");
        std::fs::remove_file(patch).unwrap();

        let again = hoplint(mended.path(), &["check", "--fix"]);
        assert_eq!((again.status, contents(mended.path())), (Some(0), after), "{stack}: a second fix");
        let empty = hoplint(mended.path(), &["check", "--diff"]);
        assert_eq!((empty.status, empty.stdout.as_str()), (Some(0), ""), "{stack}");
    }
}

#[test]
fn the_truth_decides_which_end_is_shown_and_mended() {
    let app = "bind = \"127.0.0.1:8001\"\nworkers = 2\n";
    let site =
        "server {\n    listen 80;\n    location / {\n        proxy_pass http://127.0.0.1:8000;\n    }\n}\n";
    for (name, table) in [("hoplint.toml", "[fix]"), ("pyproject.toml", "[tool.hoplint.fix]")] {
        let scratch = tempfile::tempdir().unwrap();
        let directory = scratch.path();
        write(&directory.join("gunicorn.conf.py"), app);
        write(&directory.join("nginx/site.conf"), site);
        let ran = |truth: &str, arguments: &[&str]| {
            write(&directory.join(name), format!("{table}\ntruth = \"{truth}\"\n"));
            hoplint(directory, arguments)
        };
        for (truth, shown, hidden) in [
            ("app", "connect to 127.0.0.1:8001", "listen on"),
            ("proxy", "listen on 127.0.0.1:8000", "connect to 1"),
        ] {
            for format in ["full", "json"] {
                let said = ran(truth, &["check", "--format", format]).stdout;
                assert!(said.contains(shown), "{truth}: {said}");
                let fixes: Vec<&str> = said
                    .split('\n')
                    .filter(|line| line.contains("fix:") || line.contains("\"title\""))
                    .collect();
                assert!(!fixes.iter().any(|line| line.contains(hidden)), "{truth}: {fixes:?}");
            }
        }
        let wrong = ran("nginx", &["check"]);
        assert_eq!(wrong.status, Some(2));
        for part in [name, ":2:9: ", "truth = \"nginx\"", "expected `app` or `proxy`"] {
            assert!(wrong.stderr.contains(part), "{part}: {}", wrong.stderr);
        }
        // The app's mend is not safe: then nothing is mended, rather than the end that is right.
        ran("proxy", &["check", "--fix"]);
        assert_eq!(std::fs::read_to_string(directory.join("nginx/site.conf")).unwrap(), site);
        assert_eq!(std::fs::read_to_string(directory.join("gunicorn.conf.py")).unwrap(), app);
        ran("proxy", &["check", "--fix", "--unsafe-fixes"]);
        assert_eq!(std::fs::read_to_string(directory.join("nginx/site.conf")).unwrap(), site);
        let mended = std::fs::read_to_string(directory.join("gunicorn.conf.py")).unwrap();
        assert_eq!(mended, app.replace("8001", "8000"));
    }
}

fn take(directory: &Path, program: &str, arguments: &[&str]) {
    // Without a repository around it, git takes the paths as they are.
    let output = Command::new(program).args(arguments).current_dir(directory).env("GIT_DIR", "none").output();
    let output = output.unwrap_or_else(|error| panic!("`{program}` cannot be run: {error}"));
    assert!(output.status.success(), "{program}: {output:?}");
}

#[test]
fn a_fix_keeps_line_ends_mode_links_and_the_end_of_the_file() {
    let directory = copy_of("case-study");
    let path = directory.path().join(NGINX);
    let text = std::fs::read_to_string(&path).unwrap();
    let windows = text.trim_end().replace('\n', "\r\n").replace("SSO", "SSO \u{e4}\u{20ac}");
    let available = directory.path().join("deploy/nginx/sites-available/flask-data");
    write(&available, &windows);
    std::fs::remove_file(&path).unwrap();
    let enabled = directory.path().join("deploy/nginx/sites-enabled/flask-data");
    std::fs::create_dir_all(enabled.parent().unwrap()).unwrap();
    symlink("../sites-available/flask-data", &enabled).unwrap();
    std::fs::set_permissions(&available, std::fs::Permissions::from_mode(0o640)).unwrap();

    let ran = hoplint(directory.path(), &["check", "--fix"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let twin = std::fs::read_to_string(root().join("corpus/case-study-mended").join(NGINX)).unwrap();
    let expected = twin.trim_end().replace('\n', "\r\n").replace("SSO", "SSO \u{e4}\u{20ac}");
    assert_eq!(std::fs::read_to_string(&available).unwrap(), expected);
    assert!(enabled.symlink_metadata().unwrap().is_symlink());
    assert_eq!(available.metadata().unwrap().permissions().mode() & 0o7777, 0o640);
}

#[test]
fn a_link_out_of_the_tree_may_be_the_route_that_is_missed() {
    let directory = tempfile::tempdir().unwrap();
    let etc = directory.path().join("host/etc");
    let site = |port: u16| format!("server {{ location / {{ proxy_pass http://127.0.0.1:{port}; }} }}\n");
    write(&directory.path().join("elsewhere/app.conf"), site(8000));
    write(&etc.join("nginx/nginx.conf"), "events {}\nhttp { include /etc/nginx/sites/*; }\n");
    write(&etc.join("nginx/sites/other"), site(8001));
    let unit = "[Service]\nExecStart=/v/bin/gunicorn app:app\nRestart=always\n";
    write(&etc.join("systemd/system/app.service"), unit);
    assert_eq!(hoplint(directory.path(), &["check", "host"]).status, Some(1));

    for (link, target) in [("app", "../../../../elsewhere/app.conf"), ("gone", "/nowhere/app.conf")] {
        let path = etc.join("nginx/sites").join(link);
        symlink(target, &path).unwrap();
        let ran = hoplint(directory.path(), &["check", "host"]);
        assert_eq!(ran.status, Some(0), "{link}: {ran:?}");
        std::fs::remove_file(&path).unwrap();
    }
    // The same where the directory is the link.
    let sites = etc.join("nginx/sites");
    std::fs::remove_dir_all(&sites).unwrap();
    symlink("../../../elsewhere", &sites).unwrap();
    write(&etc.join("nginx/nginx.conf"), format!("http {{ include sites/*; {} }}\n", site(8001)));
    assert_eq!(hoplint(directory.path(), &["check", "host"]).status, Some(0));
}

#[test]
fn a_module_that_git_ignores_is_there_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let at = |path: &str| directory.path().join(path);
    write(&at(".gitignore"), "wsgi.py\ncore/\n");
    write(&at("shop/__init__.py"), "");
    write(&at("shop/urls.py"), "");
    for unit in ["wsgi", "core.wsgi", "asgi"] {
        let line = format!(
            "[Service]\nWorkingDirectory=/srv/shop\nExecStart=/srv/shop/bin/gunicorn -w 2 shop.{unit}\n"
        );
        write(&at(&format!("deploy/{unit}.service")), &line);
    }
    let said = || {
        hoplint(directory.path(), &["check", "--format", "concise", "--select", "app-target-missing"]).stdout
    };
    assert_eq!(said().matches("[app-target-missing]").count(), 3, "{}", said());
    write(&at("shop/wsgi.py"), "application = None\n");
    write(&at("shop/core/wsgi.py"), "application = None\n");
    assert_eq!(said().matches("[app-target-missing]").count(), 1, "{}", said());
    assert!(said().contains("`shop.asgi`"), "{}", said());
    // What a compiler made of a module is one.
    write(&at("shop/asgi.cpython-311-x86_64-linux-gnu.so"), "");
    assert_eq!(said().matches("[app-target-missing]").count(), 0, "{}", said());
}

#[test]
fn what_has_no_end_is_not_read() {
    let directory = copy_of("case-study");
    for (link, below) in [("pyproject.toml", "deploy"), (".gitignore", "deploy/systemd")] {
        symlink("/dev/zero", directory.path().join(below).join(link)).unwrap();
    }
    let ran = hoplint(directory.path(), &["check", "deploy/gunicorn.conf.py"]);
    assert_eq!(ran.status, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("systemd`: its list of files to ignore is a pipe or a device"), "{ran:?}");
}

#[test]
fn bytes_that_are_no_utf8_survive_a_fix() {
    let directory = copy_of("case-study");
    let path = directory.path().join(NGINX);
    let latin1 = |text: String| {
        let (head, tail) = text.split_once("Single sign-on").unwrap();
        [head.as_bytes(), b"Single sign-on \xe4\xff", tail.as_bytes()].concat()
    };
    std::fs::write(&path, latin1(std::fs::read_to_string(&path).unwrap())).unwrap();
    let ran = hoplint(directory.path(), &["check", "--fix"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    let twin = std::fs::read_to_string(root().join("corpus/case-study-mended").join(NGINX)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), latin1(twin));
}

#[test]
fn a_byte_order_mark_survives_a_fix_of_another_file() {
    let directory = copy_of("case-study");
    let path = directory.path().join("deploy/gunicorn.conf.py");
    let marked = [b"\xef\xbb\xbf", std::fs::read(&path).unwrap().as_slice()].concat();
    std::fs::write(&path, &marked).unwrap();
    let ran = hoplint(directory.path(), &["check", "--fix"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert_eq!(std::fs::read(&path).unwrap(), marked);
}

#[test]
fn a_file_that_is_given_limits_what_is_reported_and_not_what_is_read() {
    let directory = copy_of("several-apps");
    write(&directory.path().join("hoplint.toml"), "");
    for (file, status) in [
        ("nginx/portal.conf", 1),
        ("web/gunicorn.conf.py", 1),
        ("api/gunicorn.conf.py", 0),
        ("systemd/admin.service", 0),
    ] {
        let ran = hoplint(directory.path(), &["check", file]);
        assert_eq!(ran.status, Some(status), "{file}: {ran:?}");
    }
}

#[test]
fn a_file_that_is_given_twice_limits_what_is_reported_all_the_same() {
    let directory = copy_of("several-apps");
    write(&directory.path().join("hoplint.toml"), "");
    let file = "systemd/admin.service";
    let ran = hoplint(directory.path(), &["check", file, &format!("./{file}")]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
}

#[test]
fn both_ends_are_found_from_wherever_it_runs() {
    let directory = copy_of("case-study");
    write(&directory.path().join("hoplint.toml"), "");
    let inside = directory.path().join("deploy/nginx");
    let names = |ran: &Ran| -> Vec<String> {
        ran.stdout.split_inclusive('\n').map(|line| line.split(':').next().unwrap().to_owned()).collect()
    };
    for (from, path, shown) in [
        (directory.path(), ".", "deploy/nginx/flask-data.conf".to_owned()),
        (&inside, "../..", "../../deploy/nginx/flask-data.conf".to_owned()),
        (&inside, "..", "../nginx/flask-data.conf".to_owned()),
        (&inside, "flask-data.conf", "../../deploy/nginx/flask-data.conf".to_owned()),
        (root(), directory.path().to_str().unwrap(), inside.join("flask-data.conf").display().to_string()),
    ] {
        let ran = hoplint(from, &["check", "--format", "concise", path]);
        assert_eq!(names(&ran), vec![shown; 3], "{path}: {ran:?}");
        assert!(ran.stderr.contains("3 files") && ran.stderr.contains("in 1 stack:"), "{path}: {ran:?}");
    }
    let diff = hoplint(&inside, &["check", "--diff", "../.."]).stdout;
    let patch = directory.path().join("a.patch");
    std::fs::write(&patch, diff).unwrap();
    take(directory.path(), "git", &["apply", "--check", patch.to_str().unwrap()]);
    assert_eq!(hoplint(&inside, &["check", "--fix", "flask-data.conf"]).status, Some(0));
}

#[test]
fn stacks_are_named_from_where_the_configuration_lies() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let site = "server {\n    listen 80;\n    location / { proxy_pass http://127.0.0.1:8000; }\n}\n";
    for (name, timeout) in [("one", 50), ("two", 90)] {
        write(&directory.join(format!("envs/{name}/nginx/site.conf")), site);
        write(
            &directory.join(format!("envs/{name}/gunicorn.conf.py")),
            format!("bind = \"127.0.0.1:8000\"\ntimeout = {timeout}\n"),
        );
    }
    write(&directory.join("hoplint.toml"), "[[stack]]\nroot = \"envs/*\"\n");
    let inside = directory.join("envs");
    for (from, arguments) in [
        (directory, &["."][..]),
        (directory, &["envs"]),
        (directory, &["envs/one", "envs/two"]),
        (directory, &["--config", "hoplint.toml", "envs"]),
        (&inside, &[]),
        (&inside, &["two/nginx/site.conf"]),
    ] {
        let ran = hoplint(from, &[&["check", "--format", "concise"], arguments].concat());
        assert_eq!((ran.status, ran.stdout.matches('\n').count()), (Some(1), 1), "{arguments:?}: {ran:?}");
        assert!(ran.stdout.contains("two/nginx/site.conf:3:") && ran.stdout.contains("90 s"), "{ran:?}");
        assert!(ran.stderr.contains("in 2 stacks"), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn colours_follow_the_terminal_and_the_environment() {
    let directory = copy_of("case-study");
    for (arguments, variables, coloured) in [
        (&["check"][..], &[][..], false),
        (&["check", "--color", "always"], &[], true),
        (&["check", "--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&["check"], &[("CLICOLOR_FORCE", "1")], true),
        (&["check"], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["check", "--color", "always", "--format", "json"], &[], false),
        (&["check", "--diff"], &[], false),
    ] {
        let mut command = command(directory.path(), arguments);
        command.envs(variables.iter().copied());
        let ran = finish(command);
        assert_eq!(ran.stdout.contains('\x1b'), coloured, "{arguments:?} {variables:?}");
    }
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let directory = copy_of("case-study");
    for arguments in
        [&["check"][..], &["check", "--format", "json"], &["explain", "upstream-unbound"], &["rules"]]
    {
        let mut child = command(directory.path(), arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let status = child.wait().unwrap();
        assert!(status.code().is_some_and(|code| code < 2) && !said.contains("panicked"), "{status}: {said}");
    }
    // A reader that goes after the first line.
    let mut child = command(root(), &["map", "corpus"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(child.wait().unwrap().code().is_some_and(|code| code < 2));
}

#[test]
fn the_output_is_the_same_whatever_the_threads_and_the_order_of_the_directory() {
    let forwards = tempfile::tempdir().unwrap();
    copy_tree(&root().join("corpus"), forwards.path());
    let backwards = tempfile::tempdir().unwrap();
    for file in files_below(&root().join("corpus")).iter().rev() {
        let target = backwards.path().join(file.strip_prefix(root().join("corpus")).unwrap());
        if file.symlink_metadata().unwrap().is_symlink() {
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            symlink(std::fs::read_link(file).unwrap(), target).unwrap();
        } else {
            write(&target, std::fs::read(file).unwrap());
        }
    }
    for arguments in
        [&["check", "--format", "json"][..], &["check"], &["map", "--format", "json"], &["check", "--diff"]]
    {
        let runs: Vec<Ran> = [(&forwards, "1"), (&forwards, "8"), (&backwards, "3")]
            .into_iter()
            .map(|(directory, threads)| {
                let mut command = command(directory.path(), arguments);
                command.env("RAYON_NUM_THREADS", threads);
                finish(command)
            })
            .collect();
        assert!(runs[0] == runs[1] && runs[0] == runs[2], "{arguments:?}");
    }
}

#[test]
fn this_repository_is_checked_as_its_configuration_says() {
    let ran = hoplint(root(), &["check", "--format", "concise", "corpus"]);
    assert_eq!(ran.status, Some(1), "{ran:?}");
    let whole = hoplint(root(), &["check", "--format", "concise"]);
    let mut expected = Vec::new();
    for stack in crate::corpus::stacks() {
        let name = stack.file_name().unwrap().to_str().unwrap().to_owned();
        let lines = std::fs::read_to_string(stack.join("expected.txt")).unwrap();
        // Notes are shown on request alone.
        let shown = lines.split_inclusive('\n').filter(|line| !line.starts_with("note "));
        expected.extend(shown.map(|line| {
            let [severity, rule, place] = line.trim_end().split(' ').collect::<Vec<_>>().try_into().unwrap();
            format!("corpus/{name}/{place} {severity}[{rule}]")
        }));
    }
    let mut lines: Vec<String> = whole.stdout.split_inclusive('\n').map(place_and_rule).collect();
    expected.sort();
    lines.sort();
    assert_eq!(lines, expected);
}

/// `path:line severity[rule]` of a line of the concise format.
fn place_and_rule(line: &str) -> String {
    let (place, rest) = line.split_once(": ").unwrap();
    let (place, _column) = place.rsplit_once(':').unwrap();
    format!("{place} {}", rest.split(": ").next().unwrap())
}

#[test]
fn a_part_of_a_repository_is_not_taken_for_all_of_it() {
    let directory = copy_of("case-study");
    let here = directory.path();
    std::fs::create_dir(here.join(".git")).unwrap();
    copy_tree(&root().join("corpus/fleet"), &here.join("fleet"));
    let says = |arguments: &[&str]| {
        let ran = hoplint(here, &[&["check"], arguments].concat());
        ran.stderr.contains("was read, not the repository around it")
    };
    for part in [&["deploy"][..], &["deploy/nginx"], &["app", "deploy"]] {
        assert!(says(part), "{part:?}");
    }
    // All of it, what lies in it named one by one, and machines that are whole by themselves.
    for whole in [&[][..], &["."], &[NGINX], &["fleet/hosts"], &["fleet/hosts/web1"]] {
        assert!(!says(whole), "{whole:?}");
    }
    write(&here.join("hoplint.toml"), "[[stack]]\nroot = \"deploy\"\n");
    assert!(!says(&["deploy"]) && says(&["deploy/nginx"]));
}

#[test]
fn a_file_that_is_in_no_stack_or_in_two_says_so() {
    let directory = copy_of("fleet");
    let here = directory.path();
    let shared = "hosts/shared.conf";
    write(&here.join(shared), "proxy_read_timeout 20s;\n");
    let stack = |name: &str| format!("[[stack]]\nroot = \"{name}\"\ninclude = [\"{shared}\"]\n");
    let names = names_in(&here.join("hosts"));
    let hosts: Vec<String> =
        names.iter().filter(|it| !it.contains('.')).map(|it| format!("hosts/{it}")).collect();
    write(&here.join("hoplint.toml"), hosts.iter().map(|host| stack(host)).collect::<String>());
    let ran = hoplint(here, &["map", shared]);
    let said = format!("`{shared}` is in the stacks `{}`.", hosts.join("`, `"));
    assert!(hosts.len() > 1 && ran.stdout.starts_with(&said), "{ran:?}");
    write(&here.join("hoplint.toml"), format!("exclude = [\"{shared}\"]\n"));
    let ran = hoplint(here, &["map", shared]);
    assert!(ran.status == Some(2) && ran.stderr.contains("the configuration excludes it"), "{ran:?}");
}
