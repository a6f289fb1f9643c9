//! Files of nginx's that include one another.

use std::path::Path;

use super::{SITE, bad, item, lines, run};

/// A configuration that includes files of a directory.
fn including(tree: &Path, pattern: &str) {
    bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, "include ", pattern, ";\n}\n"]);
}

fn fragments(tree: &Path, count: usize, text: impl Fn(usize) -> String) {
    for at in 0..count {
        bad(tree, &format!("nginx/c/{at}.conf"), &[&text(at)]);
    }
}

/// Lets a debug build, which is slow, end sooner.
fn lowered(tree: &Path) {
    if super::in_full().is_none() {
        super::write(&tree.join("hoplint.toml"), "[limits]\ndirectives = 20_000\n");
    }
}

#[test]
fn circles_are_told() {
    run(vec![
        item("a file that includes itself", (1, 1), |tree, _| {
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, "include c.conf;\n}\n"]);
            bad(tree, "nginx/c.conf", &["sendfile on;\ninclude c.conf;\n"]);
        })
        .says(&[
            "bad/etc/nginx/c.conf:2:1: error[nginx-rejected]: nginx does not start: `c.conf` includes itself",
        ]),
        item("a ring of files", (50, 100), |tree, size| {
            including(tree, "c/0.conf");
            fragments(tree, size, move |at| format!("include c/{}.conf;\n", (at + 1) % size));
        })
        .says(&["`0.conf`, which includes this file, is included again"]),
        item("a ring that is too long", (1000, 1000), |tree, size| {
            including(tree, "c/0.conf");
            fragments(tree, size, move |at| format!("include c/{}.conf;\n", (at + 1) % size));
        })
        .unread(&["blocks and includes are too deep in each other"]),
        item("a pattern that matches its own file", (1, 1), |tree, _| {
            including(tree, "/etc/nginx/*");
        })
        .unread(&["error: bad/etc/nginx/nginx.conf:4: nothing is included here: the file includes itself"]),
    ]);
}

#[test]
fn bombs_of_includes_do_not_go_off() {
    let layers = |tree: &Path, size: usize| {
        including(tree, "c/0.conf");
        fragments(tree, size, |at| format!("include c/{}.conf;\n", at + 1).repeat(10));
        bad(tree, &format!("nginx/c/{size}.conf"), &["server { listen 80; location / { return 204; } }\n"]);
    };
    let mut items = vec![
        item("ten files that each include all", (10, 10), |tree, size| {
            lowered(tree);
            including(tree, "c/*.conf");
            fragments(tree, size, |_| "include c/*.conf;\n".into());
        })
        .unread(&["the file includes itself"]),
        item("twenty layers, each included ten times, and a lower limit", (20, 20), move |tree, size| {
            super::write(&tree.join("hoplint.toml"), "[limits]\ndirectives = 20_000\n");
            layers(tree, size);
        })
        .unread(&[
            "too many directives (the limit `directives = 20000`, which [limits] of the configuration can raise)",
        ]),
        item("many files that each include all", (50, 100_000), |tree, size| {
            lowered(tree);
            including(tree, "c/*.conf");
            fragments(tree, size, |_| "include c/*.conf;\n".into());
        })
        .unread(&["bad/etc/nginx/c/0.conf:1: "]),
        item("many files in one directory", (200, 100_000), |tree, size| {
            including(tree, "c/*.conf");
            let site = |at| {
                format!("server {{ listen 80; server_name s{at}; location / {{ proxy_pass http://127.0.0.1:8001; }} }}\n")
            };
            fragments(tree, size, site);
        }),
        item("many includes of what is not there", (1000, 150_000), |tree, size| {
            let includes = lines(size, |at| format!("include c/{at}.conf;\n"));
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, &includes, "}\n"]);
        }),
        item("many patterns over long names", (200, 20_000), |tree, size| {
            let includes = lines(size, |at| format!("include c/*a*a*a*a*a*a*a*a*b{at};\n"));
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, &includes, "}\n"]);
            for at in 0..100 {
                bad(tree, &format!("nginx/c/{}{at}.conf", "a".repeat(200)), &["sendfile on;\n"]);
            }
        }),
    ];
    let pattern = item("a pattern many times", (100, 100_000), |tree, size| {
        let includes = "include c/*.conf;\n".repeat(size);
        bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", &includes, "}\n"]);
        fragments(tree, 100, |at| format!("upstream a{at} {{ server 127.0.0.1:{}; }}\n", at + 1));
    });
    items.push(match super::in_full() {
        Some(_) => pattern.unread(&["`directives = 4000000`"]),
        None => pattern.says(&["bad/etc/nginx/c/0.conf"]),
    });
    if super::in_full().is_some() {
        items.push(
            item("twenty layers, each included ten times", (20, 20), layers)
                .unread(&["`directives = 4000000`"]),
        );
    }
    run(items);
}
