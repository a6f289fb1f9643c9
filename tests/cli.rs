//! The program as its users run it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{copy_tree, files_below, root, write};

/// What a run came to.
#[derive(Debug, PartialEq)]
struct Ran {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hoplint"));
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "RAYON_NUM_THREADS"] {
        command.env_remove(variable);
    }
    command.env("LC_ALL", "C.UTF-8");
    command
}

fn finish(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn hoplint(directory: &Path, arguments: &[&str]) -> Ran {
    finish(command(directory, arguments))
}

/// A copy of a stack of corpus/.
fn copy_of(stack: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    copy_tree(&root().join("corpus").join(stack), directory.path());
    directory
}

/// The bytes of all files of a tree, by their paths.
fn contents(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let inside = |path: &Path| path.strip_prefix(directory).unwrap().display().to_string();
    files_below(directory).iter().map(|path| (inside(path), std::fs::read(path).unwrap())).collect()
}

const NGINX: &str = "deploy/nginx/flask-data.conf";

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
    let large = std::fs::File::create(directory.path().join("nginx.conf")).unwrap();
    large.set_len(17 * 1024 * 1024).unwrap();
    let ran = hoplint(directory.path(), &["check"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("cannot read `nginx.conf`: it is larger than 16 MiB"), "{ran:?}");
    assert!(ran.stdout.contains("upstream-unbound"), "{ran:?}");
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
            "2 errors, 1 warning (3 can be mended with --fix)",
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

fn json(directory: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&hoplint(directory, arguments).stdout).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn check_speaks_json_as_agreed() {
    let directory = copy_of("case-study");
    let document = json(directory.path(), &["check", "--format", "json"]);
    assert_eq!(keys(&document), ["findings", "summary", "tool", "version"]);
    assert_eq!(document["version"], 1);
    let summary = &document["summary"];
    let names = ["errors", "files", "fixable", "notes", "stacks", "suppressed", "warnings"];
    assert_eq!(keys(summary), names);
    assert_eq!(names.map(|name| summary[name].as_u64().unwrap()), [2, 3, 3, 0, 1, 0, 1]);
    let text = std::fs::read_to_string(directory.path().join(NGINX)).unwrap();
    for finding in document["findings"].as_array().unwrap() {
        let names = ["fix", "help", "message", "outcome", "primary", "related", "rule", "severity"];
        assert_eq!(keys(finding), names);
        let primary = &finding["primary"];
        assert_eq!(keys(primary), ["end", "label", "path", "start"]);
        assert_eq!(keys(&primary["start"]), ["column", "line", "offset"]);
        assert_eq!(primary["path"], NGINX);
        let offset = primary["start"]["offset"].as_u64().unwrap() as usize;
        let line = text[..offset].matches('\n').count() as u64 + 1;
        assert_eq!(primary["start"]["line"], line);
        let related = finding["related"].as_array().unwrap();
        assert!(related.iter().any(|label| label["path"] == "deploy/gunicorn.conf.py"), "{finding}");
        assert_eq!(keys(&finding["fix"]), ["applicability", "edits", "title"]);
        assert_eq!(finding["fix"]["applicability"], "safe");
        assert_eq!(keys(&finding["fix"]["edits"][0]), ["end", "path", "replacement", "start"]);
    }
    let unfixable = json(copy_of("broken").path(), &["check", "--format", "json"]);
    assert_eq!(unfixable["findings"][0]["fix"], Value::Null);
}

#[test]
fn map_speaks_json_as_agreed() {
    let directory = copy_of("case-study");
    let document = json(directory.path(), &["map", "--format", "json"]);
    assert_eq!(keys(&document), ["stacks", "version"]);
    let stack = &document["stacks"][0];
    assert_eq!(keys(stack), ["apps", "root", "routes", "units", "unresolved"]);
    let route = &stack["routes"][0];
    assert_eq!(keys(route), ["id", "listen", "location", "peers", "servers", "settings", "target"]);
    assert_eq!(route["location"], "/data");
    assert_eq!(route["peers"][0]["address"], "127.0.0.1:8000");
    let read = &route["settings"]["proxy_read_timeout"];
    assert_eq!((&read["state"], read["value"].as_f64()), (&Value::from("known"), Some(30.0)));
    assert_eq!(keys(&read["origin"]), ["kind", "line", "path"]);
    assert_eq!(read["origin"]["kind"], "written");
    assert_eq!(read["origin"]["line"], 37);
    let send = &route["settings"]["proxy_send_timeout"];
    assert_eq!((&send["origin"]["kind"], send["value"].as_f64()), (&Value::from("default"), Some(60.0)));
    let app = &stack["apps"][0];
    let names =
        ["id", "kind", "launched_by", "listeners", "settings", "target", "worker_class", "working_directory"];
    assert_eq!(keys(app), names);
    assert_eq!(app["settings"]["timeout"]["value"].as_f64(), Some(120.0));
    assert_eq!(app["settings"]["bind"]["value"], serde_json::json!(["127.0.0.1:8001"]));
    assert_eq!(keys(&stack["units"][0]), ["id", "name", "path", "settings"]);
    for entry in stack["unresolved"].as_array().unwrap() {
        assert_eq!(keys(entry), ["line", "path", "what", "why"]);
    }
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
    write(&etc.join("nginx/sites/grafana"), site(3000));
    write(&etc.join("systemd/system/app.service"), "[Service]\nExecStart=/v/bin/gunicorn app:app\n");
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
    write(&etc.join("nginx/nginx.conf"), format!("http {{ include sites/*; {} }}\n", site(3000)));
    assert_eq!(hoplint(directory.path(), &["check", "host"]).status, Some(0));
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
        let (head, tail) = text.split_once("SSO").unwrap();
        [head.as_bytes(), b"SSO \xe4\xff", tail.as_bytes()].concat()
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
        expected.extend(lines.split_inclusive('\n').map(|line| {
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
