//! Very many at both ends: what belongs together is looked up, and not each held against each.

use std::path::Path;

use super::{SITE, bad, item, lines, run};

/// A port from a number.
fn port(at: usize) -> usize {
    1024 + at % 60_000
}

/// A unit that starts an app at an address.
fn unit(tree: &Path, name: &str, bind: &str, more: &str) {
    let text = format!(
        "[Service]\nWorkingDirectory=/srv/{name}\nExecStart=/usr/bin/gunicorn -b {bind} app:app\nRestart=always\n{more}"
    );
    bad(tree, &format!("systemd/system/{name}.service"), &[&text]);
}

/// A site with very many locations.
fn locations(tree: &Path, count: usize, location: impl Fn(usize) -> String) {
    let locations = lines(count, |at| format!("location /l{at}/ {{ {} }}\n", location(at)));
    bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\nserver {\nlisten 80;\n", &locations, "}\n}\n"]);
}

#[test]
fn routes_and_apps_are_not_held_against_each_other() {
    run(vec![
        item("addresses that nobody serves, and apps that no route reaches", (100, 10_000), |tree, size| {
            locations(tree, size, |at| format!("proxy_pass http://127.0.0.1:{};", port(at)));
            (0..size).for_each(|at| {
                unit(tree, &format!("b{at}"), &format!("127.0.0.1:{}", port(at + 30_000)), "")
            });
        }),
        item("the same with sockets that are all but the same", (100, 10_000), |tree, size| {
            locations(tree, size, |at| format!("proxy_pass http://unix:/run/app{at}.sock;"));
            (0..size)
                .for_each(|at| unit(tree, &format!("app{at}"), &format!("unix:/run/app{at}/x.sock"), ""));
        })
        .says(&["warning[runtime-directory]"]),
        item("the same with one name for all", (100, 5_000), |tree, size| {
            locations(tree, size, |at| format!("proxy_pass http://unix:/run/gunicorn/shop{at}.sock;"));
            (0..size).for_each(|at| unit(tree, &format!("b{at}"), &format!("unix:/run/shop/{at}.sock"), ""));
        }),
        item("apps on one address, and routes to it", (100, 10_000), |tree, size| {
            locations(tree, size, |_| "proxy_pass http://127.0.0.1:8001;".into());
            (0..size).for_each(|at| unit(tree, &format!("a{at}"), "127.0.0.1:8001", ""));
        }),
        item("hosts of one port", (500, 100_000), |tree, size| {
            let host = |at: usize| format!("{}.{}.{}:8001", at >> 16, at >> 8 & 255, at & 255);
            let servers = lines(size, |at| {
                let (own, other) = (host(at), host(at + size));
                format!("server {{ listen 127.{own}; location / {{ proxy_pass http://127.{other}; }} }}\n")
            });
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", &servers, "}\n"]);
            unit(tree, "app", "127.0.0.1:9000", "");
        }),
        item("names of a server, and routes that nobody serves", (100, 20_000), |tree, size| {
            let names = lines(size, |at| format!("a{}.example.com\n", "b".repeat(at % 60)));
            let routes = lines(size, |at| {
                format!("location /l{at}/ {{ proxy_pass http://127.0.0.1:{}; }}\n", port(at))
            });
            bad(
                tree,
                "nginx/nginx.conf",
                &["events {}\nhttp {\nserver {\nserver_name ", &names, ";\n", &routes, "}\n}\n"],
            );
            (0..size.min(1000)).for_each(|at| unit(tree, &format!("b{at}"), "unix:/run/b/s", ""));
        }),
    ]);
}

#[test]
fn units_are_not_held_against_each_other() {
    run(vec![
        item("socket units", (100, 10_000), |tree, size| {
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, "}\n"]);
            for at in 0..size {
                let text = format!("[Socket]\nListenStream=/run/a{at}.sock\n");
                bad(tree, &format!("systemd/system/a{at}.socket"), &[&text]);
                bad(
                    tree,
                    &format!("systemd/system/a{at}.service"),
                    &["[Service]\nExecStart=/usr/bin/gunicorn a:app\n"],
                );
            }
        }),
        item("directories that systemd is to make", (100, 10_000), |tree, size| {
            locations(tree, size, |at| format!("proxy_pass http://unix:/run/a{at}/s;"));
            for at in 0..size {
                let directory =
                    if at % 2 == 0 { format!("RuntimeDirectory=/run/a{at}\n") } else { String::new() };
                unit(tree, &format!("a{at}"), &format!("unix:/run/a{at}/s"), &directory);
            }
        })
        .says(&["[runtime-directory]"]),
        item("machines with sites that are enabled", (30, 5_000), |tree, size| {
            for at in 0..size {
                let file =
                    |name: &str, text: &str| super::write(&tree.join(format!("h{at}/etc/{name}")), text);
                file("nginx/sites-available/a", SITE);
                file("nginx/sites-enabled/b", SITE);
                file("nginx/nginx.conf", "events {}\nhttp {\ninclude sites-enabled/*;\n}\n");
                file(
                    "systemd/system/a.service",
                    "[Service]\nExecStart=/usr/bin/gunicorn -b unix:/run/a.sock app:app\n",
                );
            }
        }),
        item("apps beside one configuration", (100, 5_000), |tree, size| {
            for at in 0..size {
                let text =
                    format!("[Service]\nWorkingDirectory=/srv/a{at}\nExecStart=/usr/bin/gunicorn app:app\n");
                super::write(&tree.join(format!("a{at}.service")), text);
            }
            super::write(&tree.join("gunicorn.conf.py"), "bind = '127.0.0.1:8001'\n");
        }),
    ]);
}

/// A mistake with a mend.
const FLAW: &str = "proxy_busy_buffers_size 100k;";

#[test]
fn mends_and_comments_are_not_held_against_each_other() {
    let flaws = |tree: &Path, size: usize, before: &str| {
        std::fs::remove_dir_all(tree.join("planted")).unwrap();
        let pass = "proxy_pass http://127.0.0.1:8001;";
        locations(tree, size, |_| format!("{pass}\n{before}{FLAW}"));
        unit(tree, "app", "127.0.0.1:8001", "");
    };
    let mut items = vec![
        item("mends in one file", (200, 100_000), move |tree, size| flaws(tree, size, ""))
            .mends(&["check", "--fix", "."], &[" in 1 file: proxy-buffers-rejected."]),
        item("mends in many files", (50, 5_000), |tree, size| {
            std::fs::remove_dir_all(tree.join("planted")).unwrap();
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\ninclude c/*.conf;\n}\n"]);
            for at in 0..size {
                let text = format!(
                    "server {{ listen 80; server_name s{at}; location / {{ proxy_pass http://127.0.0.1:8001; {FLAW} }} }}\n"
                );
                bad(tree, &format!("nginx/c/{at}.conf"), &[&text]);
            }
            unit(tree, "app", "127.0.0.1:8001", "");
        })
        .mends(&["check", "--fix", "."], &[" files: proxy-buffers-rejected."]),
        item("comments that are added", (200, 60_000), move |tree, size| flaws(tree, size, ""))
            .mends(&["check", "--add-ignores", "a reason", "."], &["Ignored "]),
        item("comments that silence findings", (200, 60_000), move |tree, size| {
            flaws(tree, size, "# hoplint: ignore[proxy-buffers-rejected] a reason\n");
        })
        .mends(&["check", "."], &["ignored"]),
        item("findings for a baseline", (200, 60_000), move |tree, size| flaws(tree, size, ""))
            .mends(&["check", "--write-baseline", "b.json", "."], &["findings to `b.json`"]),
    ];
    for format in ["full", "json", "sarif", "github", "gitlab", "junit"] {
        let arguments: &[&str] = vec!["check", "--format", format, "."].leak();
        let item = item("findings in a format", (200, 60_000), move |tree, size| flaws(tree, size, ""));
        items.push(super::Item { status: 1, ..item.mends(arguments, &["proxy-buffers-rejected"]) });
    }
    run(items);
}
