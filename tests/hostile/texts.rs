//! Long lines, and very many of something.

use super::{SITE, Text, app, bad, item, lines, run};

const TOO_MANY: &[&str] = &["it has more directives than are followed (the limit `directives = 4000000`"];

#[test]
fn lines_of_100_megabytes_cost_a_message() {
    let mut items = Vec::new();
    for (name, before, piece) in [
        ("nginx: a word", "", "a"),
        ("nginx: a comment", "#", "x"),
        ("nginx: an open quote", "\"", "x"),
        ("nginx: words", "add_header ", "a "),
        ("nginx: variables", "set $a ", "$a"),
        ("nginx: escapes", "set $a ", "\\\""),
        ("nginx: semicolons", "", ";"),
        ("nginx: braces that are closed", "", "}"),
        ("nginx: expressions of a template", "", "{{"),
        ("nginx: tags of a template", "", "{%"),
        ("nginx: variables of the environment", "", "${"),
        ("nginx: brackets of Lua", "content_by_lua_block {", "\"[["),
    ] {
        let item = item(name, (50_000, 15_000_000), move |tree, size| {
            let line = piece.repeat(size / piece.len());
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, before, &line, "\n}\n"]);
        });
        // More than four million of what ends a directive are not read; and a file of nothing but open tags is not taken for
        // nginx's.
        let is_too_many = super::in_full().is_some() && piece.contains([';', '{', '}']) && piece != "{%";
        items.push(if is_too_many { item.unread(TOO_MANY) } else { item });
    }
    items.push(
        item("nginx: as many semicolons as are read", (20_000, 3_900_000), |tree, size| {
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, &";".repeat(size), "\n}\n"]);
        })
        .says(&["error[syntax-error]: nginx cannot read this file: unexpected \";\""]),
    );
    items.push(
        item("nginx: as many braces as are read", (20_000, 3_900_000), |tree, size| {
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, &"\n{{".repeat(size / 2), "\n}\n"]);
        })
        .says(&["bad/etc/nginx/nginx.conf"]),
    );
    items.push(
        item("nginx: semicolons, and a lower limit", (30_000, 30_000), |tree, size| {
            super::write(&tree.join("hoplint.toml"), "[limits]\ndirectives = 20_000\n");
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, &";".repeat(size), "\n}\n"]);
        })
        .unread(&["it has more directives than are followed (the limit `directives = 20000`"]),
    );
    items.push(
        item("nginx: a line of 100 MB", (20_000_000, 100_000_000), |tree, size| {
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, &"a".repeat(size), ";\n}\n"]);
        })
        .unread(&["cannot read `bad/etc/nginx/nginx.conf`: it is larger than 16 MiB (the limit `file-size = \"16M\"`"]),
    );
    items.push(
        item("systemd: a line of 100 MB", (20_000_000, 100_000_000), |tree, size| {
            app(tree);
            let line = "a ".repeat(size / 2);
            bad(tree, "systemd/system/app.service", &["[Service]\nExecStart=/usr/bin/gunicorn ", &line, "\n"]);
        })
        .unread(&["cannot read `bad/etc/systemd/system/app.service`: it is larger than 1 MiB (the limit `source-size = \"1M\"`"]),
    );
    run(items);
}

/// nginx's `http` blocks with very many of something.
const MANY: &[Text] = &[
    ("servers in one upstream", 600_000, |size| {
        let servers =
            lines(size, |at| format!("server 10.{}.{}.{}:80;\n", at >> 16, at >> 8 & 255, at & 255));
        format!("upstream a {{\n{servers}}}\nserver {{ location / {{ proxy_pass http://a; }} }}\n")
    }),
    ("the same server in one upstream", 1_000_000, |size| {
        let servers = "server a:80;\n".repeat(size);
        format!("upstream a {{\n{servers}}}\nserver {{ location / {{ proxy_pass http://a; }} }}\n")
    }),
    ("servers of an upstream and routes to it", 10_000, |size| {
        let servers = lines(size, |at| format!("server 10.0.{}.{}:80;\n", at >> 8 & 255, at & 255));
        let routes = lines(size, |at| format!("location /{at} {{ proxy_pass http://a; }}\n"));
        format!("upstream a {{\n{servers}}}\nserver {{\n{routes}}}\n")
    }),
    ("upstreams", 100_000, |size| {
        let upstreams =
            lines(size, |at| format!("upstream a{at} {{ server 127.0.0.1:{}; }}\n", at % 65_535 + 1));
        let routes = lines(size, |at| format!("location /{at} {{ proxy_pass http://a{at}; }}\n"));
        format!("{upstreams}server {{\n{routes}}}\n")
    }),
    ("sites", 100_000, |size| {
        lines(size, |at| {
            format!(
                "server {{ listen 80; server_name a{at}.example.com; location / {{ proxy_pass http://127.0.0.1:8001; }} }}\n"
            )
        })
    }),
    ("sites that pass to each other", 60_000, |size| {
        lines(size, |at| {
            let next = (at + 1) % size + 1;
            format!("server {{ listen {}; location / {{ proxy_pass http://127.0.0.1:{next}; }} }}\n", at + 1)
        })
    }),
    ("addresses", 400_000, |size| {
        let listens =
            lines(size, |at| format!("listen 10.{}.{}.{}:80;\n", at >> 16, at >> 8 & 255, at & 255));
        format!("server {{\n{listens}location / {{ proxy_pass http://127.0.0.1:8001; }} }}\n")
    }),
    ("names of a site", 400_000, |size| {
        let names = lines(size, |at| format!("a{at}.example.com\n"));
        format!("server {{ server_name {names}; location / {{ proxy_pass http://127.0.0.1:8001; }} }}\n")
    }),
    ("variables that are set to one another", 300_000, |size| {
        let sets = lines(size, |at| format!("set $a{} $a{at}$a{at};\n", at + 1));
        format!("server {{ set $a0 127.0.0.1;\n{sets}location / {{ proxy_pass http://$a{size}; }} }}\n")
    }),
    ("entries of a map", 900_000, |size| {
        let entries = lines(size, |at| format!("k{at} v{at};\n"));
        format!("map $host $b {{\n{entries}}}\nserver {{ location / {{ proxy_pass http://$b; }} }}\n")
    }),
    ("maps of maps", 100_000, |size| {
        let maps = lines(size, |at| format!("map $b{at} $b{} {{ a $b{at}; default $b{at}; }}\n", at + 1));
        format!("{maps}server {{ location / {{ proxy_pass http://$b{size}; }} }}\n")
    }),
    ("headers and routes", 100_000, |size| {
        let headers = lines(size, |at| format!("proxy_set_header X{at} $host;\n"));
        let routes = lines(size, |at| format!("location /{at} {{ proxy_pass http://127.0.0.1:8001; }}\n"));
        format!("server {{\n{headers}{routes}}}\n")
    }),
    ("settings and routes", 100_000, |size| {
        let settings = "proxy_read_timeout 30;\n".repeat(size);
        let routes = lines(size, |at| format!("location /{at} {{ proxy_pass http://127.0.0.1:8001; }}\n"));
        format!("server {{\n{settings}{routes}}}\n")
    }),
    ("named locations", 300_000, |size| {
        format!(
            "server {{\n{}}}\n",
            lines(size, |at| format!("location @a{at} {{ try_files $uri @b{at}; }}\n"))
        )
    }),
    ("findings", 60_000, |size| {
        let one = |at| {
            format!("location /{at} {{ proxy_pass http://127.0.0.1:8001; proxy_busy_buffers_size 100k; }}\n")
        };
        format!("server {{\n{}}}\n", lines(size, one))
    }),
    ("comments that silence", 300_000, |size| {
        format!("server {{\n{}}}\n", "# hoplint: ignore[upstream-unbound] x\nset $a 1;\n".repeat(size))
    }),
    ("directives that there are not", 1_000_000, |size| {
        format!("server {{\n{}}}\n", lines(size, |at| format!("foo{at};\n")))
    }),
    ("loops of a template", 150_000, |size| {
        let one = "{% for a in b %}location /{{ a }} { proxy_pass http://{{ a }}:{{ b }}; }{% endfor %}\n";
        format!("server {{\n{}}}\n", one.repeat(size))
    }),
];

#[test]
fn a_million_of_anything_takes_no_more_than_its_share() {
    let items = MANY.iter().map(|(name, size, text)| {
        item(name, (*size / 500, *size), |tree, size| {
            app(tree);
            bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", &text(size), "}\n"]);
        })
    });
    run(items.collect());
}

const SERVICE: &str = "[Service]\nExecStart=/usr/bin/gunicorn -b 127.0.0.1:8001 app:app\n";

/// Units with very many of something, as large as is read.
const UNITS: &[Text] = &[
    ("lines that go on", 200_000, |size| {
        format!("[Service]\nExecStart=/usr/bin/gunicorn {}\n", "a \\\n".repeat(size))
    }),
    ("words", 500_000, |size| format!("[Service]\nExecStart=/usr/bin/gunicorn {}\n", "a ".repeat(size))),
    ("addresses of a command", 100_000, |size| {
        format!("[Service]\nExecStart=/usr/bin/gunicorn {}\n", "-b :80 ".repeat(size))
    }),
    ("commands", 30_000, |size| format!("{SERVICE}{}", "ExecStart=/usr/bin/gunicorn a:a\n".repeat(size))),
    ("commands that are none", 30_000, |size| {
        format!("{SERVICE}{}", "ExecStart=gunicorn ; $ | &\n".repeat(size))
    }),
    ("variables", 50_000, |size| format!("{SERVICE}{}", lines(size, |at| format!("Environment=A{at}=b\n")))),
    ("words of a variable", 400_000, |size| {
        format!("[Service]\nEnvironment=A={}\nExecStart=/usr/bin/gunicorn $A $A $A $A\n", "x ".repeat(size))
    }),
    ("files of variables", 35_000, |size| {
        format!("{SERVICE}{}", lines(size, |at| format!("EnvironmentFile=/etc/x{at}\n")))
    }),
    ("references to a variable", 200_000, |size| {
        format!("[Service]\nEnvironment=A=xxxxxxxxx\nExecStart=/usr/bin/gunicorn {}\n", "${A} ".repeat(size))
    }),
    ("specifiers", 300_000, |size| {
        format!("[Service]\nExecStart=/usr/bin/gunicorn {}\n", "%n ".repeat(size))
    }),
    ("values that are none", 40_000, |size| format!("{SERVICE}{}", "TimeoutStopSec=foo\n".repeat(size))),
    ("keys that are none", 60_000, |size| format!("{SERVICE}{}", "ExecStrt=1\n".repeat(size))),
    ("paths", 45_000, |size| format!("{SERVICE}{}", lines(size, |at| format!("ReadOnlyPaths=/a{at}\n")))),
    ("quotes of quotes", 100_000, |size| {
        format!("[Service]\nExecStart=/bin/sh -c {}gunicorn\n", "'sh -c \"".repeat(size))
    }),
    ("wrappers", 150_000, |size| {
        format!("[Service]\nExecStart=/usr/bin/env {}gunicorn a:a\n", "env ".repeat(size))
    }),
];

#[test]
fn units_take_no_more_than_their_share() {
    let mut items: Vec<_> = UNITS
        .iter()
        .map(|(name, size, text)| {
            item(name, (*size / 200, *size), |tree, size| {
                app(tree);
                bad(tree, "systemd/system/app.service", &[&text(size)]);
            })
        })
        .collect();
    items.push(item("drop-ins", (100, 50_000), |tree, size| {
        app(tree);
        for at in 0..size {
            let name = format!("systemd/system/app.service.d/{at}.conf");
            bad(tree, &name, &["[Service]\nTimeoutStopSec=5\n"]);
        }
    }));
    items.push(item("units that wait for each other", (50, 30_000), |tree, size| {
        app(tree);
        for at in 0..size {
            let next = (at + 1) % size;
            let text = format!(
                "[Unit]\nAfter=a{next}.service\nRequires=a{next}.service\n[Service]\nExecStart=/usr/bin/x\n"
            );
            bad(tree, &format!("systemd/system/a{at}.service"), &[&text]);
        }
    }));
    items.push(item("apps", (100, 10_000), |tree, size| {
        app(tree);
        for at in 0..size {
            let text = format!("[Service]\nExecStart=/usr/bin/gunicorn -b 127.0.0.1:{} a{at}:app\n", at + 1);
            bad(tree, &format!("systemd/system/a{at}.service"), &[&text]);
        }
    }));
    run(items);
}

const SCRIPTS: &[Text] = &[
    ("a variable that doubles", 100_000, |size| {
        format!("A=xx\n{}exec gunicorn $A\n", "A=$A$A\n".repeat(size))
    }),
    ("a script that reads itself", 100_000, |size| format!("{}exec ./run.sh\n", ". ./run.sh\n".repeat(size))),
    ("documents", 100_000, |size| lines(size, |at| format!("cat <<E{at}\n"))),
    ("functions", 60_000, |size| {
        format!("{}f0\n", lines(size, |at| format!("f{at}() {{ f{}; }}\n", at + 1)))
    }),
    ("braces", 200_000, |size| format!("A={}\nexec gunicorn a:a\n", "{a,b}".repeat(size))),
    ("commands", 1_000_000, |size| format!("{}exec gunicorn a:a\n", "true\n".repeat(size))),
    ("servers", 60_000, |size| "gunicorn -b :80 a:a &\n".repeat(size)),
    ("arguments", 500_000, |size| format!("exec gunicorn {}\n", "a ".repeat(size))),
    ("loops", 100_000, |size| "while true; do A=$A$A; done\n".repeat(size)),
];

#[test]
fn scripts_take_no_more_than_their_share() {
    let items = SCRIPTS.iter().map(|(name, size, text)| {
        item(name, (*size / 200, *size), |tree, size| {
            app(tree);
            bad(tree, "app/run.sh", &["#!/bin/sh\n", &text(size)]);
            bad(
                tree,
                "systemd/system/app.service",
                &["[Service]\nWorkingDirectory=/etc/app\nExecStart=/etc/app/run.sh\n"],
            );
        })
    });
    run(items.collect());
}
