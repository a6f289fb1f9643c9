//! Which files of a repository are read, and which of them meet on one machine.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::hoplint;
use crate::support::write;

fn tree(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    add(directory.path(), files);
    directory
}

fn add(directory: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        write(&directory.join(path), text);
    }
}

/// An nginx server that hands all requests on to a port, and waits so many seconds for an answer.
fn site(port: u16, seconds: u16) -> String {
    format!(
        "server {{\n    listen 80;\n    location / {{\n        proxy_pass http://127.0.0.1:{port};\n        \
         proxy_read_timeout {seconds}s;\n    }}\n}}\n"
    )
}

/// A main file that reads the sites beside it.
const MAIN: &str =
    "user www-data;\nevents {}\nhttp {\n    include /etc/nginx/conf.d/*.conf;\n    server_tokens off;\n}\n";

/// A unit whose Gunicorn listens on a port, and lets a worker work for 30 seconds.
fn unit(name: &str, port: u16) -> String {
    format!(
        "[Unit]\nDescription={name}\n\n[Service]\nUser={name}\nWorkingDirectory=/srv/{name}\nType=notify\n\
         ExecStart=/srv/{name}/venv/bin/gunicorn --workers 3 --bind 127.0.0.1:{port} --timeout 30 {name}.wsgi:app\n\
         ExecReload=/bin/kill -s HUP $MAINPID\nRestart=always\n\n[Install]\nWantedBy=multi-user.target\n"
    )
}

/// The findings of a run, one a line: `PATH:LINE: SEVERITY[RULE] ...` up to the rule.
fn found(directory: &Path, arguments: &[&str]) -> Vec<String> {
    let arguments = [&["check", "--format", "concise", "--pedantic"], arguments].concat();
    let ran = hoplint(directory, &arguments);
    assert!(matches!(ran.status, Some(0 | 1)), "{ran:?}");
    let lines = ran.stdout.split_inclusive('\n');
    lines.map(|line| line.split(']').next().unwrap_or_default().to_owned() + "]").collect()
}

fn refused(directory: &Path, arguments: &[&str]) -> String {
    let ran = hoplint(directory, arguments);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    ran.stderr
}

fn map(directory: &Path, arguments: &[&str]) -> Value {
    let ran = hoplint(directory, &[&["map", "--format", "json"], arguments].concat());
    assert_eq!(ran.status, Some(0), "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The stacks of a run, one a line: `ROOT: FILE...`.
fn stacks(directory: &Path) -> Vec<String> {
    let document = map(directory, &[]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let stack = |stack: &Value| {
        let files = stack["files"].as_array().unwrap();
        let files: Vec<String> = files.iter().map(|file| text(&file["path"])).collect();
        format!("{}: {}", text(&stack["root"]), files.join(" "))
    };
    document["stacks"].as_array().unwrap().iter().map(stack).collect()
}

/// The languages of all files that a run reads, by their paths: `PATH=LANGUAGE`.
fn languages(directory: &Path, arguments: &[&str]) -> Vec<String> {
    let document = map(directory, arguments);
    let files =
        document["stacks"].as_array().unwrap().iter().flat_map(|stack| stack["files"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    files.map(|file| format!("{}={}", text(&file["path"]), text(&file["language"]))).collect()
}

#[test]
fn two_hosts_that_use_the_same_port_do_not_meet() {
    let directory = tree(&[
        ("hosts/web1/etc/nginx/nginx.conf", MAIN),
        ("hosts/web1/etc/nginx/conf.d/shop.conf", &site(8000, 60)),
        ("hosts/web1/etc/systemd/system/shop.service", &unit("shop", 8000)),
        ("hosts/web2/etc/nginx/nginx.conf", MAIN),
        ("hosts/web2/etc/nginx/conf.d/blog.conf", &site(8000, 60)),
        ("hosts/web2/etc/systemd/system/blog.service", &unit("blog", 8000)),
        ("README.md", "Two hosts\n"),
    ]);
    assert_eq!(found(directory.path(), &[]), Vec::<String>::new());
    assert_eq!(stacks(directory.path()).len(), 2);
    // A mistake on one of them is one, whatever the other has on that port.
    add(directory.path(), &[("hosts/web1/etc/nginx/conf.d/shop.conf", &site(8001, 60))]);
    assert_eq!(
        found(directory.path(), &[]),
        ["hosts/web1/etc/nginx/conf.d/shop.conf:4:27: error[upstream-unbound]"]
    );
}

#[test]
fn hosts_share_what_their_links_lead_to() {
    use std::os::unix::fs::symlink;
    let directory = tree(&[
        ("shared/nginx/nginx.conf", MAIN),
        ("shared/conf.d/shop.conf", &site(8000, 20)),
        ("hosts/web1/etc/systemd/system/shop.service", &unit("shop", 8000)),
        ("hosts/web2/etc/systemd/system/shop.service", &unit("shop", 8000)),
    ]);
    for host in ["web1", "web2"] {
        let nginx = directory.path().join("hosts").join(host).join("etc/nginx");
        std::fs::create_dir_all(&nginx).unwrap();
        symlink("../../../../shared/nginx/nginx.conf", nginx.join("nginx.conf")).unwrap();
        symlink("../../../../shared/conf.d", nginx.join("conf.d")).unwrap();
    }
    assert_eq!(
        stacks(directory.path()),
        [
            "hosts/web1/: hosts/web1/etc/systemd/system/shop.service shared/conf.d/shop.conf shared/nginx/nginx.conf",
            "hosts/web2/: hosts/web2/etc/systemd/system/shop.service shared/conf.d/shop.conf shared/nginx/nginx.conf"
        ]
    );
    // Both hosts have the mistake, and one mend is right for both: it is told once, and mended.
    let mistake = "shared/conf.d/shop.conf:5:9: warning[read-timeout-below-worker]";
    assert_eq!(found(directory.path(), &[]), [mistake]);
    hoplint(directory.path(), &["check", "--fix"]);
    assert_eq!(found(directory.path(), &[]), Vec::<String>::new());

    // One host alone has it: what that mend would do to the other one nobody looked at.
    let slow = unit("shop", 8000).replace("--timeout 30", "--timeout 300");
    add(directory.path(), &[("hosts/web2/etc/systemd/system/shop.service", &slow)]);
    let before = std::fs::read(directory.path().join("shared/conf.d/shop.conf")).unwrap();
    assert_eq!(found(directory.path(), &[]), [mistake]);
    hoplint(directory.path(), &["check", "--fix", "--unsafe-fixes"]);
    assert_eq!(std::fs::read(directory.path().join("shared/conf.d/shop.conf")).unwrap(), before);
}

#[test]
fn the_services_of_a_monorepo_meet_by_their_addresses() {
    let shop = "upstream shop {\n    server 127.0.0.1:8001;\n}\nserver {\n    server_name shop.example.com;\n    \
                location / {\n        proxy_pass http://shop;\n    }\n}\n";
    let directory = tree(&[
        ("services/shop/deploy/nginx/conf.d/shop.conf", shop),
        ("services/shop/deploy/shop.service", &unit("shop", 8001)),
        ("services/shop/shop/wsgi.py", "app = object()\n"),
        ("services/blog/deploy/nginx/conf.d/blog.conf", &site(8002, 60)),
        ("services/blog/deploy/blog.service", &unit("blog", 8002)),
        ("services/blog/blog/wsgi.py", "app = object()\n"),
    ]);
    assert_eq!(found(directory.path(), &[]), Vec::<String>::new());
    assert_eq!(stacks(directory.path()).len(), 1);
    // A main file that reads the sites of whichever service is deployed there.
    add(directory.path(), &[("nginx/nginx.conf", MAIN)]);
    assert_eq!(found(directory.path(), &[]), Vec::<String>::new());
    // Both services on one port: they are for two machines, unless a stack says otherwise.
    add(
        directory.path(),
        &[
            ("services/blog/deploy/nginx/conf.d/blog.conf", &site(8001, 60)),
            ("services/blog/deploy/blog.service", &unit("blog", 8001)),
            ("hoplint.toml", "[[stack]]\nroot = \"services/*\"\n"),
        ],
    );
    assert_eq!(found(directory.path(), &[]), Vec::<String>::new());
    assert_eq!(stacks(directory.path()).len(), 3);
}

#[test]
fn a_vendored_example_is_not_taken_for_the_app() {
    let example = "worker_processes 1;\nevents { worker_connections 1024; }\nhttp {\n  upstream app_server {\n    \
                   server unix:/tmp/gunicorn.sock fail_timeout=0;\n  }\n  server {\n    listen 80;\n    location / {\n      \
                   proxy_pass http://app_server;\n    }\n  }\n}\n";
    let directory = tree(&[
        ("deploy/nginx/shop.conf", &site(8000, 60)),
        ("deploy/shop.service", &unit("shop", 8000)),
        ("vendor/gunicorn/examples/nginx.conf", example),
        (
            "vendor/gunicorn/examples/example_config.py",
            "bind = '127.0.0.1:8000'\nworkers = 1\ntimeout = 300\n",
        ),
        ("vendor/gunicorn/examples/gunicorn_rc", "#!/bin/sh\nexec gunicorn -b 127.0.0.1:8000 app:app\n"),
    ]);
    assert_eq!(found(directory.path(), &[]), Vec::<String>::new());
}

#[test]
fn what_is_excluded_is_not_read() {
    let directory = tree(&[
        ("deploy/shop.conf", &site(8001, 60)),
        ("deploy/shop.service", &unit("shop", 8000)),
        ("old/deploy/broken.conf", "server {\n"),
        ("shop/wsgi.py", "app = object()\n"),
    ]);
    let mistake = "deploy/shop.conf:4:27: error[upstream-unbound]";
    let broken = "old/deploy/broken.conf:2:1: error[syntax-error]";
    assert_eq!(found(directory.path(), &[]).last().unwrap(), broken);
    for exclude in ["old/", "/old", "broken.conf", "**/old/**", "o*/*/*.conf"] {
        add(directory.path(), &[("hoplint.toml", &format!("exclude = [\"{exclude}\"]\n"))]);
        assert_eq!(found(directory.path(), &[]), [mistake], "{exclude}");
        // The same whichever part is read, and a file that is named is none the less excluded.
        assert_eq!(found(directory.path(), &["deploy"]), [mistake]);
        let ran = hoplint(directory.path(), &["check", "old/deploy/broken.conf"]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert!(ran.stderr.contains("`old/deploy/broken.conf` is not read"), "{ran:?}");
        let error = refused(directory.path(), &["check", "old"]);
        assert!(error.contains("that the configuration does not exclude"), "{error}");
    }
    // Modules are there though nobody reads them.
    add(directory.path(), &[("hoplint.toml", "exclude = [\"old\", \"shop/\"]\n")]);
    assert_eq!(found(directory.path(), &[]), [mistake]);
}

#[test]
fn what_is_included_is_read_whatever_leaves_it_out() {
    let directory = tree(&[
        (".gitignore", "build/\n*.out\n"),
        ("deploy/shop.service", &unit("shop", 8000)),
        ("build/nginx/shop.conf", &site(8000, 60)),
        ("build/site.txt", &site(8000, 60)),
        ("build/notes.txt", "nothing\n"),
        ("deploy/site.out", &site(8000, 60)),
    ]);
    let read = || languages(directory.path(), &[]);
    assert_eq!(read(), ["deploy/shop.service=systemd"]);
    add(directory.path(), &[("hoplint.toml", "include = [\"build/nginx/*.conf\", \"*.out\"]\n")]);
    assert_eq!(
        read(),
        ["build/nginx/shop.conf=nginx", "deploy/shop.service=systemd", "deploy/site.out=nginx"]
    );
    add(directory.path(), &[("hoplint.toml", "include = [\"build/\"]\nexclude = [\"build/nginx/\"]\n")]);
    assert_eq!(read(), ["build/notes.txt=other", "build/site.txt=nginx", "deploy/shop.service=systemd"]);
}

#[test]
fn a_language_may_be_said() {
    let directory = tree(&[
        ("deploy/front", "include /etc/shop/all;\n"),
        ("deploy/app.settings", "bind = '127.0.0.1:8000'\n"),
        ("deploy/shop.service.prod", &unit("shop", 8000)),
        ("deploy/other.conf", "deny all;\n"),
        (
            "hoplint.toml",
            "[files]\nnginx = [\"deploy/front\"]\ngunicorn = [\"*.settings\"]\nsystemd = [\"*.service.*\"]\n",
        ),
    ]);
    assert_eq!(
        languages(directory.path(), &[]),
        [
            "deploy/app.settings=Gunicorn",
            "deploy/front=nginx",
            "deploy/other.conf=nginx",
            "deploy/shop.service.prod=systemd"
        ]
    );
    add(
        directory.path(),
        &[("hoplint.toml", "[files]\nnginx = [\"deploy/\"]\ngunicorn = [\"*.settings\"]\n")],
    );
    let error = refused(directory.path(), &["check"]);
    assert!(error.contains("`deploy/app.settings` is nginx and that it is Gunicorn"), "{error}");
}

#[test]
fn git_is_followed_in_what_it_ignores() {
    let directory = tree(&[
        (".gitignore", "ignored.conf\nlogs/\n*.local.conf\n"),
        ("deploy/.gitignore", "nested.conf\n!kept.local.conf\n"),
        ("deploy/ignored.conf", "deny all;\n"),
        ("deploy/nested.conf", "deny all;\n"),
        ("deploy/x.local.conf", "deny all;\n"),
        ("deploy/kept.local.conf", "deny all;\n"),
        ("nested.conf", "deny all;\n"),
        ("logs/a.conf", "deny all;\n"),
    ]);
    let kept = ["deploy/kept.local.conf=nginx", "nested.conf=nginx"];
    assert_eq!(languages(directory.path(), &[]), kept);
    // What is named is read.
    std::fs::create_dir(directory.path().join(".git")).unwrap();
    let named = languages(directory.path(), &["deploy/ignored.conf"]);
    assert_eq!(named, ["deploy/ignored.conf=nginx", kept[0], kept[1]]);
}

#[test]
fn a_named_stack_takes_in_what_it_includes_and_leaves_out_what_it_excludes() {
    let common = site(8000, 60);
    let directory = tree(&[
        ("common/shop.conf", &common),
        ("sites/eu/shop.service", &unit("shop", 8000)),
        ("sites/us/shop.service", &unit("shop", 8000)),
        ("sites/us/trial/trial.service", &unit("trial", 8000)),
        ("hoplint.toml", "[[stack]]\nroot = \"sites/*\"\ninclude = [\"common/\"]\nexclude = [\"trial/\"]\n"),
    ]);
    assert_eq!(
        stacks(directory.path()),
        [
            ": sites/us/trial/trial.service",
            "sites/eu/: common/shop.conf sites/eu/shop.service",
            "sites/us/: common/shop.conf sites/us/shop.service"
        ]
    );
    assert_eq!(found(directory.path(), &[]), Vec::<String>::new());
    // A wrong port is told once, though two stacks have it, and is mended in one go.
    add(directory.path(), &[("common/shop.conf", &site(8001, 60))]);
    assert_eq!(found(directory.path(), &[]), ["common/shop.conf:4:27: error[upstream-unbound]"]);
    hoplint(directory.path(), &["check", "--fix"]);
    assert_eq!(std::fs::read_to_string(directory.path().join("common/shop.conf")).unwrap(), common);
    // Where the two stacks want different ports, no mend is right for both.
    add(
        directory.path(),
        &[("common/shop.conf", &site(8001, 60)), ("sites/us/shop.service", &unit("shop", 8002))],
    );
    assert!(!found(directory.path(), &[]).is_empty());
    hoplint(directory.path(), &["check", "--fix", "--unsafe-fixes"]);
    let after = std::fs::read_to_string(directory.path().join("common/shop.conf")).unwrap();
    assert_eq!(after, site(8001, 60));
}

#[test]
fn it_may_be_said_where_the_directories_of_the_machine_lie() {
    let main = "events {}\nhttp {\n    include /etc/nginx/apps/*;\n}\n";
    let start = unit("shop", 8000).replace("--bind 127.0.0.1:8000 --timeout 30", "-c conf/gunicorn.py");
    let directory = tree(&[
        ("web/nginx.conf", main),
        ("web/blue/shop", &site(8000, 20)),
        ("web/green/shop", &site(8001, 20)),
        ("web/shop.service", &start),
        ("one/conf/gunicorn.py", "bind = '127.0.0.1:8000'\nworkers = 2\ntimeout = 30\n"),
        ("two/conf/gunicorn.py", "bind = '127.0.0.1:8000'\nworkers = 2\ntimeout = 10\n"),
    ]);
    // Nothing is guessed where several fit.
    assert_eq!(found(directory.path(), &["--select", "read-timeout-below-worker"]), Vec::<String>::new());
    let stack = |app: &str| {
        format!(
            "[[stack]]\nroot = \"web\"\n[stack.paths]\n\"/etc/nginx/apps\" = \"web/blue\"\n\"/srv/shop\" = \"{app}\"\n"
        )
    };
    add(directory.path(), &[("hoplint.toml", &stack("one"))]);
    assert_eq!(found(directory.path(), &[]), ["web/blue/shop:5:9: warning[read-timeout-below-worker]"]);
    assert_eq!(
        stacks(directory.path()),
        [
            ": two/conf/gunicorn.py",
            "web/: one/conf/gunicorn.py web/blue/shop web/green/shop web/nginx.conf web/shop.service"
        ]
    );
    add(directory.path(), &[("hoplint.toml", &stack("./two/"))]);
    assert_eq!(found(directory.path(), &[]), Vec::<String>::new());
    // What lies outside of what is read may say anything.
    add(
        directory.path(),
        &[
            ("hoplint.toml", &stack("two")),
            ("web/shop.service", &unit("shop", 8000).replace(" --timeout 30", "")),
            ("two/gunicorn.conf.py", "timeout = 10\n"),
            ("web/nginx.conf", &format!("events {{}}\nhttp {{\n{}}}\n", site(8000, 20))),
        ],
    );
    std::fs::remove_dir_all(directory.path().join("two/conf")).unwrap();
    let whole = found(directory.path(), &["--select", "read-timeout-below-worker"]);
    assert_eq!(whole, Vec::<String>::new());
    assert_eq!(found(&directory.path().join("web"), &["--select", "read-timeout-below-worker"]), whole);
    std::fs::remove_file(directory.path().join("two/gunicorn.conf.py")).unwrap();
    let mistake = |path: &str| format!("{path}:9: warning[read-timeout-below-worker]");
    assert_eq!(
        found(directory.path(), &["--select", "read-timeout-below-worker"]),
        [mistake("web/blue/shop:5"), mistake("web/nginx.conf:7")]
    );
}

#[test]
fn what_the_configuration_says_of_files_that_are_not_there_is_an_error() {
    let directory = tree(&[("web/shop.conf", &site(8000, 60)), ("web/shop.service", &unit("shop", 8000))]);
    for (text, said) in [
        ("\nexclude = [\"a\", \"[b\"]\n", ":2:17: `[b` is no glob"),
        ("[[stack]]\nroot = \"wbe\"\n", ":2: no directory is called `wbe`, the root of a [[stack]]"),
        ("[[stack]]\nroot = \"web/*\"\n", ":2: no directory is called `web/*`"),
        ("[[stack]]\nroot = \"web\"\n[[stack]]\nroot = \"web/\"\n", ":4: two [[stack]] have the root `web/`"),
        (
            "[[stack]]\nroot = \"web\"\n[stack.paths]\n\"/srv/shop\" = \"shop\"\n",
            ":4: there is no `shop`, where `/srv/shop` is said to lie",
        ),
    ] {
        add(directory.path(), &[("hoplint.toml", text)]);
        for arguments in [&["check"][..], &["check", "web"], &["map"]] {
            let error = refused(directory.path(), arguments);
            assert!(error.contains(said) && error.contains("hoplint.toml"), "{text}: {error}");
        }
    }
    // A configuration for many repositories cannot know which of its directories each of them has.
    let shared = tree(&[("shared.toml", "[[stack]]\nroot = \"hosts/*\"\n")]);
    std::fs::remove_file(directory.path().join("hoplint.toml")).unwrap();
    let path = shared.path().join("shared.toml");
    assert_eq!(found(directory.path(), &["--config", path.to_str().unwrap()]), Vec::<String>::new());
}

/// A role that installs an app and the proxy in front of it.
fn role(name: &str, seconds: u16, bind: &str) -> Vec<(String, String)> {
    let nginx = format!(
        "upstream {name} {{\n    server 127.0.0.1:{{{{ {name}_port }}}};\n}}\nserver {{\n    location / {{\n        \
         proxy_pass http://{name};\n        proxy_read_timeout {seconds}s;\n    }}\n}}\n"
    );
    let service = unit(name, 1).replace("127.0.0.1:1", bind).replace("User=", "User={{ user }}\n#");
    vec![
        (format!("roles/{name}/templates/{name}.conf.j2"), nginx),
        (format!("roles/{name}/templates/{name}.service.j2"), service),
        (format!("roles/{name}/defaults/main.yml"), format!("{name}_port: 8000\nuser: {name}\n")),
        (format!("roles/{name}/tasks/main.yml"), "- template: src=x dest=y\n".into()),
    ]
}

fn add_all(directory: &Path, files: &[(String, String)]) {
    for (path, text) in files {
        write(&directory.join(path), text);
    }
}

#[test]
fn equal_expressions_of_one_role_meet() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    // Both roles have 8000 for a default: an inventory tells them apart, and nothing is said of it.
    add_all(directory, &role("shop", 20, "127.0.0.1:{{shop_port}}"));
    add_all(directory, &role("blog", 60, "127.0.0.1:{{ blog_port }}"));
    let mistake = "roles/shop/templates/shop.conf.j2:7:9: warning[read-timeout-below-worker]";
    assert_eq!(found(directory, &[]), [mistake]);
    hoplint(directory, &["check", "--fix"]);
    assert_eq!(found(directory, &[]), Vec::<String>::new());

    // The whole address by one name, also as a word of its own, which defaults say to be one word.
    add_all(directory, &role("shop", 20, "{{ shop_bind }}"));
    assert_eq!(found(directory, &[]), Vec::<String>::new());
    let defaults = "shop_port: 8000\nshop_bind: \"127.0.0.1:{{ shop_port }}\"\n";
    add(directory, &[("roles/shop/defaults/main.yml", defaults)]);
    assert_eq!(found(directory, &[]), [mistake]);
    let document = map(directory, &[]);
    let route =
        document["stacks"][0]["routes"].as_array().unwrap().iter().find(|it| it["target"] == "http://shop");
    let peer = &route.unwrap()["peers"][0];
    assert_eq!(peer["usually"]["address"], "127.0.0.1:8000");
    assert_eq!(peer["usually"]["unless"], "an inventory or a playbook sets `shop_port`");
    assert!(peer["app"].is_string() && peer["address"].is_null());

    // Whoever else says what the name stands for may mean another address.
    add(directory, &[("group_vars/all", "shop_bind: 127.0.0.1:9000\n")]);
    assert_eq!(found(directory, &[]), Vec::<String>::new());
}

#[test]
fn expressions_that_may_differ_do_not_meet() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    for bind in [
        "127.0.0.1:8000",
        "127.0.0.1:{{ other_port }}",
        "127.0.0.1:{{ shop_port | default(8000) }}",
        "127.0.0.1:{{ shop_port + 1 }}",
        "127.0.0.1:8{{ shop_port }}",
        "10.0.0.1:{{ shop_port }}",
        "127.0.0.1:{% if x %}{{ shop_port }}{% endif %}",
        "127.0.0.1:{{ shop_port }} {{ more }}",
    ] {
        add_all(directory, &role("shop", 20, bind));
        assert_eq!(found(directory, &[]), Vec::<String>::new(), "{bind}");
    }
    // What a loop gives differs from turn to turn.
    let mut files = role("shop", 20, "127.0.0.1:{{ shop_port }}");
    files[1].1 = format!("{{% for shop_port in ports %}}\n{}{{% endfor %}}\n", files[1].1);
    add_all(directory, &files);
    assert_eq!(found(directory, &[]), Vec::<String>::new());
    // Another role, or another directory, has another variable of that name.
    let mut files = role("shop", 20, "127.0.0.1:{{ shop_port }}");
    files[1].0 = "roles/app/templates/shop.service.j2".into();
    std::fs::remove_file(directory.join("roles/shop/templates/shop.service.j2")).unwrap();
    add_all(directory, &files);
    assert_eq!(found(directory, &[]), Vec::<String>::new());
    for (nginx, service, meets) in [
        ("a/x.conf.j2", "b/shop.service.j2", false),
        ("a/nginx/x.conf.j2", "a/systemd/shop.service.j2", true),
    ] {
        let directory = tempfile::tempdir().unwrap();
        files[0].0 = nginx.into();
        files[1] = (service.into(), role("shop", 20, "127.0.0.1:{{ shop_port }}")[1].1.clone());
        add_all(directory.path(), &files[..2]);
        assert_eq!(found(directory.path(), &[]).len(), usize::from(meets), "{nginx} {service}");
    }
}

#[test]
fn what_variables_usually_are_is_shown_and_not_judged() {
    let config = "bind = \"127.0.0.1:{{ port }}\"\ntimeout = {{ timeout }}\nworkers = {{ workers | int }}\nkeepalive = 5\n";
    let site = site(1, 1).replace("127.0.0.1:1", "127.0.0.1:{{ port }}").replace("1s;", "{{ wait }}s;");
    let service = unit("shop", 1)
        .replace("--workers 3 --bind 127.0.0.1:1 --timeout 30", "-c /srv/shop/gunicorn.conf.py");
    let directory = tree(&[
        ("roles/shop/templates/site.conf.j2", &site),
        ("roles/shop/templates/gunicorn.conf.py.j2", config),
        ("roles/shop/templates/shop.service.j2", &service),
        ("roles/shop/defaults/main.yml", "port: 8000\ntimeout: 300\nworkers: 3\n"),
        ("roles/shop/vars/main.yml", "wait: 20\n"),
        ("host_vars/web1.yml", "port: 8001\n"),
    ]);
    // 20 seconds of nginx's against 300 of the app's: it may be another pair, and is not judged.
    assert_eq!(found(directory.path(), &["--select", "read-timeout-below-worker"]), Vec::<String>::new());
    let document = map(directory.path(), &[]);
    let stack = &document["stacks"][0];
    let (route, app) = (&stack["routes"][0], &stack["apps"][0]);
    assert_eq!(route["peers"][0]["app"], app["id"]);
    let setting = |setting: &Value| (setting["state"].clone(), setting["value"].clone());
    let usually = |values: Value| (Value::from("usually"), values);
    assert_eq!(setting(&route["settings"]["proxy_read_timeout"]), usually(serde_json::json!([20])));
    assert_eq!(setting(&app["settings"]["timeout"]), usually(serde_json::json!([300])));
    let addresses = serde_json::json!([["127.0.0.1:8000"], ["127.0.0.1:8001"]]);
    assert_eq!(setting(&app["listeners"]), usually(addresses));
    assert_eq!(setting(&app["settings"]["workers"]).0, "unknown");
    assert_eq!(setting(&app["settings"]["keepalive"]), (Value::from("known"), Value::from(5)));
    let origin = &app["settings"]["timeout"]["origin"];
    assert_eq!((&origin["kind"], &origin["line"]), (&Value::from("template"), &Value::from(2)));
}

#[test]
fn tests_examples_and_the_like_say_nothing_of_what_is_deployed() {
    let bind = |port: u16| format!("bind = \"127.0.0.1:{port}\"\ntimeout = 90\n");
    let beside = |proxy: &str, app: &str, port: u16| {
        let directory = tree(&[(proxy, &site(8000, 60)), (app, &bind(port))]);
        found(directory.path(), &[])
    };
    let proxy = "nginx/app.conf";
    let asides = ["tests/gunicorn.conf.py", "examples/gunicorn.conf.py", "vendor/x/gunicorn.conf.py"];
    for aside in asides {
        assert_eq!(beside(proxy, aside, 8000), [""; 0], "{aside}");
    }
    let unseen = ["dev/gunicorn.conf.py", "gunicorn.dev.conf.py", "gunicorn.conf.py.example"];
    for aside in asides.into_iter().chain(unseen) {
        assert_eq!(beside(proxy, aside, 8001), [""; 0], "{aside}");
    }
    // What a file of an environment says of the very address, it says.
    let late = ["nginx/app.conf:4: warning[read-timeout-below-worker]"; 1];
    assert_eq!(names(&beside(proxy, "dev/gunicorn.conf.py", 8000)), names(&late));
    for (proxy, app) in [
        (proxy, "app/gunicorn.conf.py"),
        (proxy, "prod/gunicorn.conf.py"),
        ("examples/nginx.conf", "examples/gunicorn.conf.py"),
        ("dev/nginx.conf", "dev/gunicorn.conf.py"),
    ] {
        assert_eq!(
            names(&beside(proxy, app, 8001)),
            ["error[upstream-unbound]", "warning[read-timeout-below-worker]"],
            "{app}"
        );
    }
    let mine = tree(&[("examples/nginx.conf", &site(8001, 60)), ("app.service", &unit("app", 8000))]);
    assert_eq!(found(mine.path(), &[]), [""; 0]);
}

/// Findings without their places.
fn names<T: AsRef<str>>(found: &[T]) -> Vec<String> {
    found.iter().map(|it| it.as_ref().split(": ").nth(1).unwrap_or_default().to_owned()).collect()
}

/// The settings of a Gunicorn as a file of its own, and a unit that starts it without an option.
const BARE: &str = "[Service]\nUser=a\nWorkingDirectory=/srv/a\nExecStart=/srv/a/bin/gunicorn -w 3 a:app\n\
                    ExecReload=/bin/kill -s HUP $MAINPID\nRestart=always\nType=notify\n";
const BOUND: &str = "bind = \"127.0.0.1:8001\"\ntimeout = 90\n";

#[test]
fn a_configuration_that_lies_outside_of_the_stack_may_be_the_one_that_is_read() {
    let plain = [
        ("deploy/etc/nginx/conf.d/a.conf", site(8001, 40)),
        ("deploy/etc/systemd/system/a.service", BARE.into()),
    ];
    let files = |more: &[(&str, &str)]| {
        let directory = tree(more);
        add(directory.path(), &plain.each_ref().map(|(path, text)| (*path, text.as_str())));
        found(directory.path(), &[])
    };
    let unbound = ["error[upstream-unbound]"];
    assert_eq!(names(&files(&[])), unbound);
    assert_eq!(files(&[("gunicorn.conf.py", BOUND)]), [""; 0]);
    assert_eq!(files(&[("a/gunicorn.conf.py.j2", BOUND)]), [""; 0]);
    assert_eq!(files(&[("gunicorn.conf.py", BOUND), (".gitignore", "gunicorn.conf.py\n")]), [""; 0]);
    let excluding = ("hoplint.toml", "exclude = [\"gunicorn.conf.py\"]\n");
    assert_eq!(files(&[("gunicorn.conf.py", BOUND), excluding]), [""; 0]);
    let in_place = ("deploy/srv/a/gunicorn.conf.py", BOUND);
    assert_eq!(files(&[in_place, (".gitignore", "srv/\n")]), [""; 0]);
    // Another machine's is not this one's, and one that is read is the one.
    let late = ["warning[read-timeout-below-worker]"];
    assert_eq!(names(&files(&[("other/etc/a/gunicorn.conf.py", BOUND)])), unbound);
    assert_eq!(names(&files(&[in_place, ("x/gunicorn.conf.py", "threads = 2\n")])), late);
}

#[cfg(unix)]
#[test]
fn what_a_link_leads_to_and_is_not_read_may_be_anything() {
    use std::os::unix::fs::symlink;
    let unbound = ["error[upstream-unbound]"];
    let linked = |link: &str, to: &str| {
        let directory = tree(&[
            ("etc/nginx/nginx.conf", &format!("events {{}}\nhttp {{\n{}}}\n", site(8000, 60))),
            ("etc/systemd/system/b.service", &unit("b", 8001)),
        ]);
        let link = directory.path().join(link);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(to, link).unwrap();
        found(directory.path(), &[])
    };
    for (link, to) in [
        ("etc/systemd/system/other.service", "/opt/other/other.service"),
        ("etc/systemd/system/multi-user.target.wants/other.service", "/usr/lib/systemd/system/other.service"),
        ("etc/systemd/system/b.service.d/o.conf", "/opt/o.conf"),
        ("etc/systemd/system/b.service.d", "/opt/b.service.d"),
    ] {
        assert_eq!(linked(link, to), [""; 0], "{link}");
    }
    for (link, to) in [
        ("etc/systemd/system/multi-user.target.wants/b.service", "/etc/systemd/system/b.service"),
        ("etc/systemd/system/multi-user.target.wants/cron.service", "/lib/systemd/system/cron.service"),
        ("etc/systemd/system/other.service.d/o.conf", "/opt/o.conf"),
        ("etc/alternatives/editor", "/usr/bin/vim"),
    ] {
        assert_eq!(names(&linked(link, to)), unbound, "{link}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_is_what_the_link_to_it_is_called() {
    use std::os::unix::fs::symlink;
    let directory = tree(&[
        ("w/etc/systemd/system/.keep", ""),
        ("w/etc/nginx/.keep", ""),
        ("w/srv/a/app.py", "app = 1\n"),
        ("shared/shop.unit", BARE),
        ("shared/server.py", BOUND),
        ("shared/web.txt", &format!("events {{}}\nhttp {{\n{}}}\n", site(8001, 60))),
    ]);
    let link = |to: &str, at: &str| symlink(to, directory.path().join(at)).unwrap();
    link("../../../../shared/shop.unit", "w/etc/systemd/system/shop.service");
    link("../../../shared/server.py", "w/srv/a/gunicorn.conf.py");
    link("../../../shared/web.txt", "w/etc/nginx/nginx.conf");
    let told = found(directory.path(), &[]);
    assert_eq!(told, ["shared/web.txt:7:9: warning[read-timeout-below-worker]"]);
}

#[cfg(unix)]
#[test]
fn a_place_of_the_machine_may_be_a_link() {
    use std::os::unix::fs::symlink;
    let directory = tree(&[
        ("hoplint.toml", "[[stack]]\nroot = \"w\"\n[stack.paths]\n\"/srv/a\" = \"apps/a\"\n"),
        ("apps/.keep", ""),
        ("code/a/gunicorn.conf.py", BOUND),
        ("w/etc/systemd/system/a.service", BARE),
        ("w/etc/nginx/conf.d/a.conf", &site(8001, 60)),
    ]);
    let at = directory.path().join("apps/a");
    symlink("../code/a", &at).unwrap();
    assert_eq!(names(&found(directory.path(), &[])), ["warning[read-timeout-below-worker]"]);
    // One that leads out of what is read is not known.
    std::fs::remove_file(&at).unwrap();
    symlink("/usr", &at).unwrap();
    assert_eq!(found(directory.path(), &[]), [""; 0]);
}

#[test]
fn usr_local_and_the_parts_of_a_role_are_of_what_lies_around_them() {
    let late = ["warning[read-timeout-below-worker]"];
    for (proxy, app) in [
        ("usr/local/etc/nginx/conf.d/a.conf", "etc/systemd/system/a.service"),
        ("h/usr/local/etc/nginx/conf.d/a.conf", "h/lib/systemd/system/a.service"),
        ("roles/web/files/etc/nginx/conf.d/a.conf", "roles/web/templates/a.service.j2"),
    ] {
        let directory = tree(&[(proxy, &site(8000, 20)), (app, &unit("a", 8000))]);
        assert_eq!(names(&found(directory.path(), &[])), late, "{proxy}");
    }
    let apart =
        [("roles/web/files/etc/nginx/a.conf", &*site(8000, 20)), ("roles/app/a.service", &unit("a", 8000))];
    assert_eq!(found(tree(&apart).path(), &[]), [""; 0]);
}

#[test]
fn a_configuration_for_many_repositories_may_name_machines() {
    let directory = tree(&[
        ("all.toml", "[[stack]]\nroot = \"hosts/*\"\n[stack.paths]\n\"/srv/a\" = \"code\"\n"),
        ("one/.git/HEAD", ""),
        ("one/hosts/a/a.conf", &site(8000, 20)),
        ("one/hosts/b/b.service", &unit("b", 8000)),
        ("two/.git/HEAD", ""),
        ("two/x/a.conf", &site(8000, 20)),
        ("two/x/b.service", &unit("b", 8000)),
    ]);
    assert_eq!(found(directory.path(), &["--config", "all.toml", "one"]), [""; 0]);
    let late = ["warning[read-timeout-below-worker]"];
    assert_eq!(names(&found(directory.path(), &["--config", "all.toml", "two"])), late);
    // One that lies in the repository is for it.
    std::fs::rename(directory.path().join("all.toml"), directory.path().join("two/all.toml")).unwrap();
    refused(directory.path(), &["check", "--config", "two/all.toml", "two/x"]);
}

#[cfg(unix)]
#[test]
fn a_finding_of_a_shared_file_says_of_which_machine_it_is_where_that_counts() {
    use std::os::unix::fs::symlink;
    let main = "events {}\nhttp {\n    include conf.d/*.conf;\n    server {\n        location / {\n            \
                proxy_pass http://127.0.0.1:8000;\n        }\n    }\n}\n";
    let shared = "proxy_read_timeout 20s;\nproxy_set_header Host $host;\n";
    let directory = tree(&[("shared/proxy.conf", shared)]);
    for host in ["hosts/a", "hosts/b"] {
        add(
            directory.path(),
            &[
                (&format!("{host}/etc/nginx/nginx.conf"), main),
                (&format!("{host}/etc/nginx/conf.d/.keep"), ""),
                (&format!("{host}/etc/systemd/system/a.service"), &unit("a", 8000)),
            ],
        );
        let link = directory.path().join(host).join("etc/nginx/conf.d/proxy.conf");
        symlink("../../../../../shared/proxy.conf", link).unwrap();
    }
    let ran = hoplint(directory.path(), &["check", "--format", "concise"]);
    let ends: Vec<&str> = ran
        .stdout
        .split_inclusive('\n')
        .filter_map(|line| line.rsplit_once(" ("))
        .map(|(_, end)| end)
        .collect();
    assert_eq!(ends, ["on the machine of `hosts/a`)\n", "on the machine of `hosts/b`)\n"], "{ran:?}");
}

/// A role whose app binds an expression, and whose nginx connects to a port that one stands for.
fn shop(bind: &str) -> Vec<(String, String)> {
    let mut files = role("shop", 20, bind);
    let defaults = "shop_port: 8000\nshop_bind: \"127.0.0.1:{{ shop_port }}\"\n";
    files[2].1 = defaults.into();
    files
}

#[test]
fn a_variable_that_another_file_names_is_not_followed() {
    let mistake = ["roles/shop/templates/shop.conf.j2:7:9: warning[read-timeout-below-worker]"];
    for (path, text, follows) in [
        ("site.yml", "- hosts: all\n  vars:\n    shop_bind: unix:/run/shop.sock\n  roles: [shop]\n", false),
        ("site.yml", "- hosts: all\n  roles:\n    - {role: shop, shop_bind: unix:/run/shop.sock}\n", false),
        ("vars/prod.yml", "shop_bind: unix:/run/shop.sock\n", false),
        ("vars/prod.json", "{\"shop_bind\": \"unix:/run/shop.sock\"}\n", false),
        ("inventory/hosts.ini", "[web]\na shop_bind=unix:/run/shop.sock\n", false),
        ("production", "[web]\na ansible_host=10.0.0.1 shop_bind=unix:/run/shop.sock\n", false),
        ("hosts", "a shop_bind=unix:/run/shop.sock\n", false),
        ("roles/shop/tasks/bind.yml", "- set_fact:\n    shop_bind: unix:/run/shop.sock\n", false),
        ("roles/shop/tasks/bind.yml", "- ansible.builtin.set_fact: shop_bind=unix:/run/a.sock\n", false),
        ("roles/other/vars/main.yml", "shop_bind: unix:/run/shop.sock\n", false),
        ("deploy.sh", "ansible-playbook -e shop_bind=unix:/run/shop.sock site.yml\n", false),
        ("deploy.sh", "ansible-playbook -e '{\"shop_bind\": \"unix:/run/shop.sock\"}' site.yml\n", false),
        // Near misses: nobody gives it another meaning.
        (
            "site.yml",
            "- hosts: all\n  vars:\n    shop_port: 9000\n    my_shop_bind: x\n  roles: [shop]\n",
            true,
        ),
        ("site.yml", "# shop_bind: unix:/run/shop.sock\n- hosts: all\n  roles: [shop]\n", true),
        ("roles/other/defaults/main.yml", "shop_bind: unix:/run/shop.sock\n", true),
        ("roles/shop/meta/argument_specs.yml", "argument_specs:\n  main:\n    shop_bind: {}\n", true),
        ("deploy.sh", "echo \"$shop_bind\"\nshop_bind=1 ./x\n", true),
    ] {
        let directory = tempfile::tempdir().unwrap();
        add_all(directory.path(), &shop("{{ shop_bind }}"));
        add(directory.path(), &[(path, text)]);
        let expected: &[&str] = if follows { &mistake } else { &[] };
        assert_eq!(found(directory.path(), &[]), expected, "{path}: {text}");
    }
}

#[test]
fn a_variable_that_differs_from_task_to_task_is_not_equal_to_itself() {
    for (path, text, is_equal) in [
        ("roles/shop/tasks/main.yml", "- template: {src: a, dest: b}\n  vars:\n    shop_port: 8081\n", false),
        (
            "roles/shop/tasks/main.yml",
            "- template: {src: a, dest: b}\n  loop: [1, 2]\n  loop_control: {loop_var: shop_port}\n",
            false,
        ),
        ("roles/shop/tasks/main.yml", "- block:\n    - set_fact: {shop_port: 1}\n", false),
        ("roles/shop/tasks/main.yml", "- wait_for: {port: '{{ shop_port }}'}\n  vars: {other: 1}\n", true),
        // Whatever a play says holds for all of the role.
        ("site.yml", "- hosts: all\n  vars: {shop_port: 9000}\n  roles: [shop]\n", true),
    ] {
        let directory = tempfile::tempdir().unwrap();
        add_all(directory.path(), &shop("127.0.0.1:{{ shop_port }}"));
        add(directory.path(), &[(path, text)]);
        assert_eq!(found(directory.path(), &[]).len(), usize::from(is_equal), "{path}: {text}");
    }
    // Outside of roles each directory and each play has names of its own.
    let files = role("shop", 20, "127.0.0.1:{{ shop_port }}");
    let play = |host: &str| format!("- hosts: {host}\n  vars: {{shop_port: 1}}\n");
    for (nginx, service, plays, is_equal) in [
        ("templates/a.conf.j2", "templates/shop.service.j2", 1, true),
        ("templates/a.conf.j2", "templates/shop.service.j2", 2, false),
        ("templates/a/a.conf.j2", "templates/b/shop.service.j2", 1, false),
        ("templates/nginx/a.conf.j2", "templates/systemd/shop.service.j2", 1, true),
    ] {
        let directory = tempfile::tempdir().unwrap();
        write(&directory.path().join(nginx), &files[0].1);
        write(&directory.path().join(service), &files[1].1);
        for at in 0..plays {
            write(&directory.path().join(format!("play{at}.yml")), play("all"));
        }
        assert_eq!(found(directory.path(), &[]).len(), usize::from(is_equal), "{nginx} {plays}");
    }
}

#[test]
fn a_value_that_another_file_gives_may_be_several_words() {
    for (play, is_told) in
        [("workers: \"3 --timeout 10\"", false), ("workers: 4", true), ("worker_count: 4", true)]
    {
        let directory = tempfile::tempdir().unwrap();
        let mut files = role("shop", 20, "127.0.0.1:{{ shop_port }}");
        files[1].1 = files[1].1.replace("--workers 3", "--workers {{ workers }}");
        files[1].1 = files[1].1.replace(" --timeout 30", "").replace("--workers", "--timeout 30 --workers");
        files[2].1.push_str("workers: 3\n");
        files.push(("site.yml".into(), format!("- hosts: all\n  roles:\n    - role: shop\n      {play}\n")));
        add_all(directory.path(), &files);
        assert_eq!(
            found(directory.path(), &["--select", "read-timeout-below-worker"]).len(),
            usize::from(is_told)
        );
    }
}

#[test]
fn sockets_that_expressions_name_meet() {
    let mut files = role("shop", 20, "unix:{{ sock }}");
    files[0].1 = files[0].1.replace("127.0.0.1:{{ shop_port }}", "unix:{{ sock }}");
    files[2].1.clear();
    for (defaults, inner, meets) in [
        ("", "", true),
        ("sock: /run/shop/shop.sock\n", "", true),
        ("sock: shop.sock\n", "", false),
        ("", "/shop.sock", true),
        ("", ".sock", false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let mut files = files.clone();
        for file in &mut files[..2] {
            file.1 = file.1.replace("unix:{{ sock }}", &format!("unix:{{{{ sock }}}}{inner}"));
        }
        files[2].1 = defaults.into();
        add_all(directory.path(), &files);
        let found = found(directory.path(), &["--select", "read-timeout-below-worker"]);
        assert_eq!(found.len(), usize::from(meets), "{defaults} {inner}");
    }
}

#[test]
fn a_role_whose_templates_lie_as_on_the_machine_has_its_variables() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = shop("{{ shop_bind }}");
    files[0].0 = "roles/shop/templates/etc/nginx/conf.d/shop.conf.j2".into();
    files[1].0 = "roles/shop/templates/etc/systemd/system/shop.service.j2".into();
    add_all(directory.path(), &files);
    let mistake =
        "roles/shop/templates/etc/nginx/conf.d/shop.conf.j2:7:9: warning[read-timeout-below-worker]";
    assert_eq!(found(directory.path(), &[]), [mistake]);
    add(directory.path(), &[("site.yml", "- hosts: all\n  vars: {shop_bind: unix:/run/a.sock}\n")]);
    assert_eq!(found(directory.path(), &[]), Vec::<String>::new());
}
