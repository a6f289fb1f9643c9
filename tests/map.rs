//! What `hoplint map` shows a person.

use std::path::Path;

use crate::cli::{command, copy_of, finish, hoplint};
use crate::support::{names_in, root, write};

/// The map of a directory on a terminal of so many columns, or where there is none.
fn map(directory: &Path, columns: &str, arguments: &[&str]) -> String {
    let mut command = command(directory, &[&["map"], arguments].concat());
    command.env("COLUMNS", columns);
    let ran = finish(command);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    ran.stdout
}

/// Compares a map with the one that is kept, or keeps it where `HOPLINT_GOLDEN=write` asks for that.
fn is_as_kept(name: &str, map: &str, wrong: &mut Vec<String>) {
    let path = root().join("tests/map").join(name);
    if std::env::var("HOPLINT_GOLDEN").is_ok_and(|it| it == "write") {
        write(&path, map);
    }
    if std::fs::read_to_string(&path).unwrap_or_default() != map {
        wrong.push(format!("{} is not what is shown now:\n{map}", path.display()));
    }
}

#[test]
fn each_stack_of_the_corpus_is_shown_as_it_was_read_by_a_person() {
    let mut wrong = Vec::new();
    for stack in names_in(&root().join("corpus")) {
        let shown = map(copy_of(&stack).path(), "100", &[]);
        is_as_kept(&format!("{stack}.txt"), &shown, &mut wrong);
    }
    let narrow = map(copy_of("several-apps").path(), "60", &[]);
    is_as_kept("several-apps.narrow.txt", &narrow, &mut wrong);
    let wide = map(copy_of("several-apps").path(), "160", &[]);
    is_as_kept("several-apps.wide.txt", &wide, &mut wrong);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for stack in names_in(&root().join("corpus")) {
        let directory = copy_of(&stack);
        for columns in [40, 60, 80, 100, 200] {
            let shown = map(directory.path(), &columns.to_string(), &[]);
            // The last line is the summary, which is one line in every format.
            let lines = shown.split('\n').filter(|line| !line.starts_with("Read "));
            let longest = lines.map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= columns, "{stack} at {columns}: {longest}\n{shown}");
            assert!(!shown.contains(" \n") && !shown.contains('\x1b'), "{stack} at {columns}");
        }
    }
}

#[test]
fn where_a_value_comes_from_stands_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(&here.join("nginx/site.conf"), SITE);
    write(
        &here.join("gunicorn.conf.py"),
        "import os\nbind = \"127.0.0.1:8000\"\nworkers = int(os.environ.get(\"W\", 3))\n",
    );
    write(&here.join("systemd/app.service"), UNIT);
    let unfolded = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = unfolded(map(here, "160", &[]));
    for part in [
        "proxy_read_timeout 60 s (nginx's default)",
        "timeout 30 s (Gunicorn's default)",
        "proxy_connect_timeout 7 s (inherited from server, nginx/site.conf:3)",
        "backlog 64 (command line, systemd/app.service:3)",
        "client_max_body_size 20 MiB (nginx/site.conf:6)",
        "workers 3 (gunicorn.conf.py:3)",
        "TimeoutStopSec 20 s",
        "systemd/app.service:4",
        "limit_request_line 4094",
        "127.0.0.1:8000: app 1, Gunicorn with 3 sync workers of app.service",
        "for nginx 1.31.3, Gunicorn 27.0.1, systemd 257: the newest that hoplint knows",
    ] {
        assert!(shown.contains(part), "it does not show {part}:\n{shown}");
    }
    write(&here.join("requirements.txt"), "flask\ngunicorn==23.0.0\n");
    write(&here.join("hoplint.toml"), "[target]\nnginx = \"1.22\"\n");
    let shown = unfolded(map(here, "160", &[]));
    assert!(shown.contains("Gunicorn 23.0.0 (requirements.txt:2)"), "{shown}");
    assert!(shown.contains("nginx 1.22.0 (hoplint.toml:2)"), "{shown}");
    assert!(shown.contains("systemd 257: the newest that hoplint knows"), "{shown}");
    // What may be set unseen is not known, and says why.
    write(&here.join("nginx/site.conf"), SITE.replace("# more", "include snippets/gone.conf;"));
    let shown = unfolded(map(here, "160", &[]));
    let why = "not known: an include is not resolved";
    assert!(shown.contains("proxy_read_timeout not known") && shown.contains(why), "{shown}");
    assert!(shown.contains("nginx/site.conf:8: include snippets/gone.conf"), "{shown}");
}

#[test]
fn what_is_usual_says_under_which_condition_it_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(&here.join("nginx/site.conf"), SITE);
    let gunicorn = "import os\nbind = \"127.0.0.1:8000\"\ntimeout = int(os.environ.get(\"T\", 90))\n";
    write(&here.join("gunicorn.conf.py"), gunicorn);
    for columns in ["160", "60"] {
        let words: Vec<String> = map(here, columns, &[]).split_whitespace().map(str::to_owned).collect();
        let shown = words.join(" ");
        let said = "timeout 90 s, unless `T` is set in the environment";
        assert!(shown.contains(said) && shown.contains("gunicorn.conf.py:3"), "{shown}");
    }
}

const SITE: &str = "server {
    listen 80;
    proxy_connect_timeout 7s;
    location / {
        proxy_pass http://127.0.0.1:8000;
        client_max_body_size 20m;
        proxy_set_header Host $host;
        # more
    }
}
";

const UNIT: &str = "[Service]
WorkingDirectory=/srv/app
ExecStart=/srv/app/bin/gunicorn --backlog 64 app:app
TimeoutStopSec=20
Restart=always
";

#[test]
fn what_is_left_over_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    write(&here.join("nginx/site.conf"), format!("upstream old {{ server 127.0.0.1:9; }}\n{SITE}"));
    write(&here.join("systemd/app.service"), UNIT.replace("--backlog 64", "-b 127.0.0.1:8001"));
    write(&here.join("systemd/other.service"), UNIT.replace("--backlog 64", "-b 127.0.0.1:8200"));
    write(&here.join("systemd/backup.timer"), "[Timer]\nOnCalendar=daily\n");
    let shown = map(here, "160", &[]);
    for part in [
        "no route is known to lead to upstream old (nginx/site.conf:1)",
        "without an app: backup.timer (systemd/backup.timer)",
        "of other.service (systemd/other.service:3): no route is known to reach it",
    ] {
        assert!(shown.contains(part), "it does not show {part}:\n{shown}");
    }
}

#[test]
fn a_file_is_shown_with_the_stack_that_it_is_in() {
    let directory = copy_of("fleet");
    write(&directory.path().join("hoplint.toml"), "");
    write(&directory.path().join("requirements.txt"), "gunicorn==23.0.0\n");
    let file = "hosts/web2/etc/nginx/conf.d/orders.conf";
    let shown = map(directory.path(), "100", &[file]);
    assert!(
        shown.starts_with(&format!("`{file}` is in the stack `hosts/web2`.\n\nstack hosts/web2:")),
        "{shown}"
    );
    assert!(!shown.contains("stack hosts/web1"), "{shown}");
    let json = hoplint(directory.path(), &["map", "--format", "json", file]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let roots: Vec<&str> =
        document["stacks"].as_array().unwrap().iter().map(|it| it["root"].as_str().unwrap()).collect();
    assert_eq!(roots, ["hosts/web2/"]);
    let ran = hoplint(directory.path(), &["map", "requirements.txt"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("`requirements.txt` is in no stack"), "{ran:?}");
}

#[test]
fn routes_with_the_same_values_are_shown_together_and_many_of_them_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let location = |at: usize| format!("location /r{at} {{ proxy_pass http://127.0.0.1:8000; }}\n");
    let site = |count| format!("server {{\n{}}}\n", (0..count).map(location).collect::<String>());
    write(&here.join("systemd/app.service"), UNIT);
    write(&here.join("nginx/site.conf"), site(2000));
    let shown = map(here, "100", &[]);
    assert_eq!((shown.matches("  route ").count(), shown.matches("proxy_read_timeout").count()), (2000, 1));
    assert!(shown.contains(": 2000 routes reach it"));
}

#[test]
fn colours_mark_what_is_not_as_it_should_be() {
    let directory = copy_of("case-study");
    let plain = map(directory.path(), "100", &[]);
    let coloured = map(directory.path(), "100", &["--color", "always"]);
    assert!(coloured.contains("\x1b[31mnobody answers at\x1b[0m"), "{coloured:?}");
    let mut stripped = String::new();
    for (at, part) in coloured.split("\x1b[").enumerate() {
        stripped.push_str(if at == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(stripped, plain);
}
