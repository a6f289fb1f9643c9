//! What is nested deeper than anybody reads.

use super::{SITE, app, bad, item, run};

#[test]
fn nesting_of_a_million_costs_a_message() {
    let nested = |what: &'static str| move |size: usize| what.repeat(size);
    let (location, condition) = (nested("location /a {"), nested("if ($a) {"));
    let mut items = vec![
        item("nginx: blocks", (3_000, 1_000_000), move |tree, size| {
            bad(
                tree,
                "nginx/nginx.conf",
                &["http { server { listen 80;", &location(size), &"}".repeat(size)],
            );
        })
        .says(&["blocks are nested more than 100 deep"]),
        item("nginx: blocks that end nowhere", (3_000, 1_000_000), move |tree, size| {
            bad(tree, "nginx/nginx.conf", &["http { server { listen 80;", &condition(size)]);
        })
        .says(&["blocks are nested more than 100 deep"]),
        item("nginx: braces of Lua", (10_000, 3_900_000), |tree, size| {
            let lua = "content_by_lua_block {";
            bad(
                tree,
                "nginx/nginx.conf",
                &["http {\n", SITE, "server {\nlocation / {\n", lua, &"{".repeat(size)],
            );
        })
        .says(&["bad/etc/nginx/nginx.conf"]),
        item("nginx: conditions of a template", (2_000, 1_000_000), |tree, size| {
            bad(tree, "nginx/nginx.conf", &["http {\n", SITE, &"{% if a %}\n".repeat(size), "}\n"]);
        }),
    ];
    for (name, opening) in [("parentheses", "("), ("lists", "["), ("dicts", "{1:"), ("calls", "f(")] {
        items.push(
            item(name, (3_000, 1_000_000 / opening.len()), move |tree, size| {
                app(tree);
                bad(tree, "app/gunicorn.conf.py", &["bind = ", &opening.repeat(size), "\n"]);
            })
            .says(&["too many nested parentheses"]),
        );
    }
    for (name, text, opening) in [
        ("Compose: lists", "services:\n web:\n  command: gunicorn a:a\n  x: ", "["),
        ("Compose: tables", "services:\n web:\n  command: gunicorn a:a\n  x: ", "{a: "),
        ("Compose: entries", "services:\n web:\n  command: gunicorn a:a\n  x: ", "- "),
    ] {
        items.push(item(name, (3_000, 1_000_000 / opening.len()), move |tree, size| {
            app(tree);
            bad(tree, "docker-compose.yml", &[text, &opening.repeat(size), "\n"]);
        }));
    }
    for (name, opening) in [
        ("a script: substitutions", "$("),
        ("a script: parameters", "\"${A:-"),
        ("a script: conditions", "if a; then\n"),
        ("a script: groups", "{ "),
        ("a script: quotes", "`\""),
    ] {
        items.push(item(name, (2_000, 1_000_000), move |tree, size| {
            app(tree);
            bad(tree, "app/run.sh", &["#!/bin/sh\nA=", &opening.repeat(size), "\nexec gunicorn app:app\n"]);
            bad(tree, "systemd/system/app.service", &["[Service]\nExecStart=/etc/app/run.sh\n"]);
        }));
    }
    run(items);
}

#[test]
fn bombs_of_toml_json_and_yaml_do_not_go_off() {
    let toml = |name: &'static str, file: &'static str, before: &'static str, opening: &'static str| {
        item(name, (100_000, 8_000_000 / opening.len()), move |tree, size| {
            app(tree);
            bad(tree, file, &[before, &opening.repeat(size), "\n"]);
        })
    };
    let laugh = |line: fn(usize, String) -> String, last: &'static str| {
        move |tree: &std::path::Path, size: usize| {
            app(tree);
            let text = format!(
                "a0: &a0 {{x: y}}\n{}{last}",
                super::lines(size, |at| line(at, [format!("*a{at}").as_str(); 9].join(", ")))
            );
            bad(tree, "docker-compose.yml", &[&text]);
        }
    };
    run(vec![
        toml("uv.lock: lists", "uv.lock", "# gunicorn\na = ", "["),
        toml("uv.lock: tables", "uv.lock", "# gunicorn\na = ", "{a = "),
        toml("pyproject.toml: dots", "pyproject.toml", "# gunicorn\n", "a."),
        toml("Pipfile.lock: objects", "Pipfile.lock", "{\"gunicorn\": ", "{\"a\": "),
        item("hoplint.toml: lists", (100_000, 8_000_000), |tree, size| {
            super::write(&tree.join("hoplint.toml"), format!("select = {}", "[".repeat(size)));
        })
        .refused(&["check", "."], &["hoplint.toml:1:", "this is no TOML"]),
        item("a baseline of lists", (100_000, 8_000_000), |tree, size| {
            super::write(&tree.join("b.json"), "[".repeat(size));
        })
        .refused(&["check", "--baseline", "b.json", "."], &["`b.json`: this is no baseline"]),
        item(
            "Compose: a billion laughs",
            (30, 3000),
            laugh(
                |at, nine| format!("a{}: &a{} [{nine}]\n", at + 1, at + 1),
                "services:\n web:\n  command: *a9\n  ports: *a9\n",
            ),
        ),
        item(
            "Compose: a billion merges",
            (30, 3000),
            laugh(
                |at, nine| format!("a{}: &a{}\n  <<: [{nine}]\n  k{at}: *a{at}\n", at + 1, at + 1),
                "services:\n web:\n  <<: *a9\n  command: gunicorn a:a\n",
            ),
        ),
        item("variables of Ansible's that double", (300, 100_000), |tree, size| {
            let variables =
                super::lines(size, |at| format!("a{at}: \"{{{{ a{} }}}}{{{{ a{} }}}}\"\n", at + 1, at + 1));
            super::write(&tree.join("bad/group_vars/all.yml"), variables);
            super::write(
                &tree.join("bad/templates/app.service.j2"),
                "[Service]\nExecStart=/usr/bin/gunicorn -b {{ a0 }}:{{ a1 }} a:a\n",
            );
            super::write(
                &tree.join("bad/templates/site.conf.j2"),
                "server { listen 80; location / { proxy_pass http://{{ a0 }}:{{ a1 }}; } }\n",
            );
        }),
    ]);
}
