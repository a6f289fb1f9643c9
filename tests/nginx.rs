//! nginx configuration as it is in the world: each file is read as the real nginx reads it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use hoplint::source::{FileId, FileKind, Source};
use hoplint::syntax::nginx;

use crate::real;
use crate::support::write;

/// What the real nginx said of each file of a corpus: `HOPLINT_CORPUS` is a directory with `repos/` and
/// `nginx_status.jsonl`, one object a line with `path`, `template`, `verdict` and `line`.
#[test]
fn a_corpus_is_read_as_nginx_reads_it() {
    let Some(corpus) = env::var_os("HOPLINT_CORPUS") else {
        eprintln!("SKIPPED: HOPLINT_CORPUS does not name the corpus of public repositories");
        return;
    };
    let corpus = PathBuf::from(corpus);
    let status = fs::read_to_string(corpus.join("nginx_status.jsonl")).unwrap();
    let mut wrong = Vec::new();
    let (mut plain, mut templates, mut broken) = (0, 0, 0);
    for line in status.split_inclusive('\n') {
        let status: serde_json::Value = serde_json::from_str(line).unwrap();
        let path = status["path"].as_str().unwrap();
        let is_template = status["template"].as_array().is_some_and(|it| !it.is_empty());
        let refused = !is_template && status["verdict"] == "syntax-error";
        *(if is_template {
            &mut templates
        } else if refused {
            &mut broken
        } else {
            &mut plain
        }) += 1;
        let bytes = fs::read(corpus.join(path)).unwrap();
        let source = Source::new(path, FileKind::Nginx, bytes);
        let parsed = nginx::parse(FileId(0), &source.text);
        let lines: Vec<usize> = parsed.errors.iter().map(|it| source.position(it.span.start).0).collect();
        let expected: Vec<usize> =
            status["line"].as_u64().filter(|_| refused).into_iter().map(|it| it as usize).collect();
        if lines != expected {
            wrong.push(format!("{path}: expected errors at {expected:?}, found {:?}", parsed.errors));
        }
    }
    eprintln!("{plain} plain files, {templates} templates, {broken} that nginx refuses");
    assert_eq!(wrong, [""; 0]);
}

/// A tree with two configurations: includes by glob, in each other and twice over, in an order that is not that of names.
fn two_entry_points(directory: &Path) {
    for (path, text) in [
        (
            "a/nginx.conf",
            "events {}\nhttp {\n  proxy_read_timeout 10s;\n  proxy_set_header X-Level http;\n  include conf.d/*.conf;\n  include \
             sites/[ab];\n  include types.conf;\n}\n",
        ),
        ("a/conf.d/20-up.conf", "upstream up { server 127.0.0.1:8000; }\n"),
        ("a/conf.d/10-log.conf", "access_log off;\n"),
        ("a/conf.d/.hidden.conf", "bad;\n"),
        (
            "a/sites/b",
            "server { listen 127.0.0.1:8081; location / { include snippet; proxy_pass http://up; } }\n",
        ),
        (
            "a/sites/a",
            "server {\n  listen 127.0.0.1:8082;\n  proxy_set_header X-Level server;\n  location / { proxy_pass http://up; }\n  \
             location /x/ { include snippet; proxy_pass http://up/; }\n}\n",
        ),
        ("a/sites/c", "bad;\n"),
        ("a/types.conf", "types { text/html html; }\n"),
        ("a/snippet", "proxy_read_timeout 20s;\nproxy_set_header X-Level location;\n"),
        ("b/nginx.conf", "events {}\nhttp { include ../a/conf.d/20*.conf; include own.conf; }\n"),
        ("b/own.conf", "server { listen 127.0.0.1:8083; location / { proxy_pass http://up; } }\n"),
    ] {
        write(&directory.join(path), text);
    }
}

fn map(directory: &Path) -> serde_json::Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hoplint"));
    let output = command.args(["map", "--format", "json", "."]).current_dir(directory).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_files_of_a_configuration_are_those_that_nginx_reads_in_its_order() {
    let Some(nginx) = real::nginx() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let directory = scratch.path().canonicalize().unwrap();
    two_entry_points(&directory);
    let map = map(&directory);
    let readings = map["stacks"][0]["nginx"].as_array().unwrap();
    let files = |name: &str| -> Vec<PathBuf> {
        let is_it = |it: &&serde_json::Value| it["files"][0] == format!("{name}/nginx.conf");
        let reading = readings.iter().find(is_it).unwrap();
        let files = reading["files"].as_array().unwrap().iter();
        files.map(|it| directory.join(it.as_str().unwrap())).collect()
    };
    for name in ["a", "b"] {
        let mut command = Command::new(&nginx);
        let main = directory.join(name).join("nginx.conf");
        command.args(["-T", "-e", "stderr", "-g", "pid nginx.pid; error_log stderr;", "-p"]).arg(&directory);
        let output = command.arg("-c").arg(main).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let dumped = String::from_utf8(output.stdout).unwrap();
        let dumped: Vec<PathBuf> = dumped
            .split_inclusive('\n')
            .filter_map(|line| line.trim_end().strip_prefix("# configuration file ")?.strip_suffix(':'))
            .map(|path| Path::new(path).canonicalize().unwrap())
            .collect();
        assert_eq!(files(name), dumped, "{name}");
    }
}

#[test]
fn a_map_says_what_is_in_force_and_where_it_comes_from() {
    let scratch = tempfile::tempdir().unwrap();
    two_entry_points(scratch.path());
    let map = map(scratch.path());
    let routes = map["stacks"][0]["routes"].as_array().unwrap();
    let line = |route: &serde_json::Value| {
        let (read, sends) = (&route["settings"]["proxy_read_timeout"], &route["sends"]["written"][0]);
        let origin = &read["origin"];
        format!(
            "{} {}: {} s {} {}:{}, {} {}:{}, {}",
            route["listen"][0].as_str().unwrap(),
            route["location"].as_str().unwrap(),
            read["value"],
            origin["kind"].as_str().unwrap(),
            origin["path"].as_str().unwrap_or("-"),
            origin["line"],
            sends["value"].as_str().unwrap_or("-"),
            sends["path"].as_str().unwrap_or("-"),
            sends["line"],
            route["uri"]["state"].as_str().unwrap()
        )
    };
    assert_eq!(
        routes.iter().map(line).collect::<Vec<_>>(),
        [
            "127.0.0.1:8082 /: 10 s inherited a/nginx.conf:3, server a/sites/a:3, kept",
            "127.0.0.1:8082 /x/: 20 s written a/snippet:1, location a/snippet:2, replaced",
            "127.0.0.1:8081 /: 20 s written a/snippet:1, location a/snippet:2, kept",
            "127.0.0.1:8083 /: 60 s default -:null, - -:null, kept",
        ]
    );
}
