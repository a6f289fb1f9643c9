//! Launches and files to apps.

use super::*;
use crate::model::{AppKind, Datum, Dialect, Origin, OriginKind, Setting};
use crate::resolve::launch::{Activation, Argument, Environment};
use crate::source::{FileKind, Source, Span};
use crate::syntax::gunicorn::parse;
use crate::value::{Endpoint, Possible};

/// A stack of files, and one unit's command line.
struct Stack {
    sources: Sources,
    files: Vec<FileId>,
    launches: Vec<Launch>,
}

impl Stack {
    fn new(files: &[(&str, &str)]) -> Stack {
        let mut sources = Sources::default();
        let mut ids = Vec::new();
        for (path, text) in files {
            let kind = if path.ends_with(".py") { FileKind::Gunicorn } else { FileKind::Launcher };
            let id = sources.add(Source::new(*path, kind, text.as_bytes().to_vec()));
            ids.extend((kind == FileKind::Gunicorn).then_some(id));
        }
        Stack { sources, files: ids, launches: Vec::new() }
    }

    /// Words are parted by spaces; `~` in a word stands for a space, `?` is a word that is not known.
    fn start(mut self, directory: &str, line: &str, sockets: Activation) -> Stack {
        let file = self.sources.add(Source::new("a.service", FileKind::Systemd, line.as_bytes().to_vec()));
        let mut at = 0;
        let mut arguments = Vec::new();
        for word in line.split(' ') {
            let text = match word {
                "?" => Possible::Unknown("a variable".into()),
                word => Possible::Known(word.replace('~', " ")),
            };
            arguments.push(Argument { text, span: Span::new(file, at..at + word.len()), splits: false });
            at += word.len() + 1;
        }
        let working_directory = match directory {
            "" => Setting::unknown("not said", Origin::DEFAULT),
            directory => Setting::known(directory.into(), Origin::DEFAULT),
        };
        let place = Span::new(file, 0..line.len());
        let environment = Environment::default();
        self.launches.push(Launch {
            unit: None,
            place,
            arguments,
            environment,
            working_directory,
            sockets,
            passing: false,
        });
        self
    }

    fn resolve(&self, unread: Option<&str>) -> Resolved {
        let trees = self.files.iter().map(|id| (*id, parse(*id, &self.sources.get(*id).text))).collect();
        let paths = Paths::new("", self.sources.iter().map(|(id, _)| id), &self.sources);
        let started = super::started(&self.launches, &paths, &self.sources);
        resolve(&started, &self.files, &trees, unread, &paths, &self.sources, &Target::NEWEST)
    }
}

fn started(line: &str) -> Resolved {
    Stack::new(&[]).start("/srv/app", line, Activation::None).resolve(None)
}

fn listeners(app: &App) -> String {
    match &app.listeners.value {
        Possible::Known(all) => all.iter().map(Endpoint::to_string).collect::<Vec<_>>().join(" "),
        Possible::OneOf(_) | Possible::Usually(_) => "several".into(),
        Possible::Unknown(_) => "unknown".into(),
    }
}

fn shown(app: &App, name: &str) -> String {
    match &app.settings[name].value {
        Possible::Known(datum) => datum.to_string(),
        Possible::OneOf(data) => data.iter().map(Datum::to_string).collect::<Vec<_>>().join(" or "),
        Possible::Usually(usual) => {
            format!("usually {}", usual.values.iter().map(Datum::to_string).collect::<Vec<_>>().join(" or "))
        }
        Possible::Unknown(_) => "unknown".into(),
    }
}

#[test]
fn what_is_written_is_no_default_though_it_says_the_same() {
    let stack = Stack::new(&[]).start("/srv/a", "gunicorn a:b", Activation::None).start(
        "/srv/b",
        "gunicorn a:b --timeout 30",
        Activation::None,
    );
    let resolved = stack.resolve(None);
    let [bare, written] = &resolved.apps[..] else { panic!() };
    assert_eq!(written.settings["timeout"].value, bare.settings["timeout"].value);
    assert!(written.settings["timeout"].origin.is_written());
    assert!(!bare.settings["timeout"].origin.is_written());
}

#[test]
fn gunicorn_is_found_behind_what_starts_it() {
    for line in [
        "gunicorn -b :9 a:b",
        "/srv/venv/bin/gunicorn -b :9 a:b",
        "gunicorn3 -b :9 a:b",
        "python3 -m gunicorn -b :9 a:b",
        "/venv/bin/python3.11 -u -m gunicorn -b :9 a:b",
        "python /venv/bin/gunicorn -b :9 a:b",
        "env A=1 gunicorn -b :9 a:b",
        "/usr/bin/env GUNICORN_CMD_ARGS=-b~:9 gunicorn a:b",
        "/usr/bin/env PORT=9 gunicorn a:b",
        "poetry run gunicorn -b :9 a:b",
        "/usr/bin/uv run gunicorn -b :9 a:b",
        "newrelic-admin run-program gunicorn -b :9 a:b",
        "ddtrace-run env A=1 gunicorn -b :9 a:b",
        "/bin/sh -c exec~gunicorn~-b~:9~a:b",
        "python3 -uOO -X dev -m gunicorn -b :9 a:b",
        "python3 -Xdev -mgunicorn -b :9 a:b",
        "python /venv/bin/newrelic-admin run-program gunicorn -b :9 a:b",
        "python3-gunicorn -b :9 a:b",
        "/usr/bin/gunicorn-3.9 -b :9 a:b",
        "env -i -u X --unset=Y -C /srv/b -- A=1 gunicorn -b :9 a:b",
        "env -S gunicorn~-b~:9 a:b",
        "env -SA=1~gunicorn -b :9 a:b",
        "nohup nice -n 5 ionice -c2 -n 7 chrt -f 10 taskset -c 0,1 gunicorn -b :9 a:b",
        "nice -10 timeout -k 5 --signal=TERM 60 gunicorn -b :9 a:b",
        "sudo -u web -H A=1 gunicorn -b :9 a:b",
        "runuser -u web -- gunicorn -b :9 a:b",
        "su - web -c exec~gunicorn~-b~:9~a:b",
        "gosu web gunicorn -b :9 a:b",
        "chpst -u web:web gunicorn -b :9 a:b",
        "authbind --deep gunicorn -b :9 a:b",
        "uv run --frozen --no-dev --extra web -p 3.12 gunicorn -b :9 a:b",
        "uv run -m gunicorn -b :9 a:b",
        "uv -q run --env-file .env -- gunicorn -b :9 a:b",
        "pipenv --python /usr/bin/python3 run python -m gunicorn -b :9 a:b",
        "pdm run gunicorn -b :9 a:b",
        "hatch -e prod run gunicorn -b :9 a:b",
        "conda run --no-capture-output -n web gunicorn -b :9 a:b",
        "opentelemetry-instrument --traces_exporter console --service_name=x gunicorn -b :9 a:b",
        "dotenv -f /etc/x.env run -- gunicorn -b :9 a:b",
        "doppler run -- gunicorn -b :9 a:b",
        "direnv exec /srv/app gunicorn -b :9 a:b",
        "xvfb-run -a --server-num=9 gunicorn -b :9 a:b",
        "bash -lc cd~/srv;source~venv/bin/activate;gunicorn~-b~:9~a:b",
        "bash -euxo pipefail -c exec~\"$@\" x gunicorn -b :9 a:b",
        "sh -c P=9;exec~gunicorn~-b~:$P~a:b",
        "sh -ec cd~/srv~||~exit~1;gunicorn~-b~:${P:-9}~a:b~>>log~2>&1",
        "/bin/bash -c cd~/srv~&&~A=1~gunicorn~-b~':9'~a:b",
    ] {
        let resolved = started(line);
        let app = &resolved.apps[0];
        assert_eq!((app.kind.clone(), listeners(app).as_str()), (AppKind::Gunicorn, "0.0.0.0:9"), "{line}");
        assert_eq!(app.target.value, Possible::Known("a:b".into()), "{line}");
    }
}

#[test]
fn what_is_not_gunicorn_is_unknown_or_silent() {
    for line in
        ["celery -A a worker", "python manage.py migrate", "/usr/sbin/nginx", "python -m celery -A a beat"]
    {
        assert!(started(line).apps.is_empty(), "{line}");
    }
    for (line, listed) in [
        ("daphne -p 80 a:b", false),
        ("uvicorn a:b", false),
        ("celery -A a flower", false),
        ("python manage.py runserver", false),
        ("python manage.py own", false),
        ("/srv/app/start.sh", true),
        ("/srv/app/bin/gunicorn_start", true),
        ("sh -c if~x;then~gunicorn~a:b;fi", true),
        ("bash -c gunicorn~a:b~&", true),
        ("bash -c 'gunicorn", true),
        ("timeout -z 5 gunicorn a:b", true),
        ("? a:b", true),
        ("poetry run ?", true),
    ] {
        let resolved = started(line);
        assert_eq!(resolved.apps[0].kind, AppKind::Other, "{line}");
        assert_eq!(listeners(&resolved.apps[0]), "unknown", "{line}");
        assert_eq!(!resolved.unresolved.is_empty(), listed, "{line}");
    }
}

#[test]
fn sockets_that_are_handed_over_replace_bind() {
    let passed =
        || Activation::Passed(vec![(Endpoint::Unix("/run/a.sock".into()), Span::new(FileId(0), 0..1))]);
    for (line, expected) in [
        ("gunicorn -b :9 a:b", "unix:/run/a.sock"),
        ("sh -c exec~gunicorn~a:b", "unix:/run/a.sock"),
        ("bash -c gunicorn~a:b", "unix:/run/a.sock"),
        ("sh -c gunicorn~a:b", "unknown"),
        ("uv run gunicorn a:b", "unknown"),
        ("gunicorn --reuse-port a:b", "unknown"),
        ("gunicorn ? a:b", "unknown"),
    ] {
        let resolved = Stack::new(&[]).start("/srv/app", line, passed()).resolve(None);
        assert_eq!(listeners(&resolved.apps[0]), expected, "{line}");
    }
    let unsure = Activation::Unknown("perhaps".into());
    let resolved = Stack::new(&[]).start("/srv/app", "gunicorn -b :9 a:b", unsure).resolve(None);
    assert_eq!(listeners(&resolved.apps[0]), "unknown");
}

#[test]
fn the_file_that_is_read() {
    const NINE: &str = "timeout = 9\n";
    const EIGHT: &str = "timeout = 8\n";
    for (files, directory, line, timeout, apps) in [
        (&[("gunicorn.conf.py", NINE)][..], "/srv/app", "gunicorn a:b", "9 s", 1),
        (&[("gunicorn.conf.py", NINE), ("app/views", "")], "/srv/app", "gunicorn a:b", "unknown", 1),
        (&[("app/gunicorn.conf.py", NINE)], "/srv/app", "gunicorn a:b", "9 s", 1),
        (&[("deploy/gunicorn.conf.py", NINE)], "/srv/app", "gunicorn a:b", "unknown", 1),
        (&[("deploy/gunicorn.conf.py", "threads = 2\n")], "/srv/app", "gunicorn a:b", "30 s", 1),
        (
            &[("app/gunicorn.conf.py", NINE), ("b/gunicorn.conf.py", EIGHT)],
            "/srv/app",
            "gunicorn a:b",
            "9 s",
            2,
        ),
        (
            &[("a/gunicorn.conf.py", NINE), ("b/gunicorn.conf.py", EIGHT)],
            "/srv/app",
            "gunicorn a:b",
            "unknown",
            1,
        ),
        (&[("gunicorn.conf.py", NINE)], "", "gunicorn a:b", "unknown", 1),
        (&[("gunicorn.conf.py", NINE)], "/", "gunicorn a:b", "unknown", 1),
        (&[("app/gunicorn.conf.py", NINE)], "/srv", "gunicorn --chdir /srv/app a:b", "unknown", 1),
        (&[("app/gunicorn.conf.py", NINE)], "/srv", "sh -c cd~/srv/app~&&~gunicorn~a:b", "9 s", 1),
        (&[("deploy/prod.py", NINE)], "/srv/app", "gunicorn -c deploy/prod.py a:b", "9 s", 1),
        (&[("deploy/prod.py", NINE)], "/srv/app", "gunicorn -c file:/srv/app/deploy/prod.py a:b", "9 s", 1),
        (&[("deploy/prod.py", NINE)], "/srv/app", "gunicorn -c other.py a:b", "unknown", 2),
        (&[("deploy/prod.py", NINE)], "/srv/app", "gunicorn -c other.py -t 4 a:b", "4 s", 2),
        (&[("deploy/prod.py", NINE)], "/srv/app", "gunicorn -c ? a:b", "unknown", 1),
        (&[("deploy/prod.py", NINE)], "/srv/app", "gunicorn -c python:deploy.prod a:b", "unknown", 1),
        (&[("deploy/prod.py", NINE)], "/srv/app", "gunicorn ? -t 4 a:b", "4 s", 1),
        (
            &[("a/prod.py", NINE), ("b/prod.py", EIGHT)],
            "/srv",
            "gunicorn -c /srv/c/prod.py a:b",
            "unknown",
            1,
        ),
        (&[("prod.py", "timeout = 'x\n")], "/srv", "gunicorn -c prod.py a:b", "unknown", 1),
        (&[], "/srv/app", "gunicorn a:b", "30 s", 1),
    ] {
        let resolved = Stack::new(files).start(directory, line, Activation::None).resolve(None);
        assert_eq!(shown(&resolved.apps[0], "timeout"), timeout, "{files:?} {directory} {line}");
        assert_eq!(resolved.apps.len(), apps, "{files:?} {directory} {line}");
    }
}

#[test]
fn a_file_at_its_own_place_is_no_other_launch_s() {
    const NINE: &str = "timeout = 9\n";
    for (files, directory, timeout) in [
        (&[("srv/a/gunicorn.conf.py", NINE)][..], "/srv/b", "30 s"),
        // What is not read at the path that it has in the tree may be meant for any place.
        (&[("a/gunicorn.conf.py", NINE)], "/srv/b", "unknown"),
        (&[("srv/a/gunicorn.conf.py", NINE), ("srv/c/gunicorn.conf.py", NINE)], "/srv/b", "unknown"),
        (&[("srv/a/gunicorn.conf.py", NINE)], "", "unknown"),
        (&[("srv/a/gunicorn.conf.py", NINE)], "/srv/a", "9 s"),
    ] {
        let stack = Stack::new(files).start("/srv/a", "gunicorn a:b", Activation::None);
        let resolved = stack.start(directory, "gunicorn a:b", Activation::None).resolve(None);
        assert_eq!(shown(&resolved.apps[1], "timeout"), timeout, "{files:?} {directory}");
    }
}

#[test]
fn a_module_that_a_configuration_imports_is_none_of_its_own() {
    let files = [
        ("app/gunicorn.conf.py", "from base import *\nbind = '127.0.0.1:9000'\n"),
        ("app/base.py", "bind = '127.0.0.1:8000'\ntimeout = 9\nlog_level = 'debug'\n"),
    ];
    let resolved = Stack::new(&files).start("/srv/app", "gunicorn app:app", Activation::None).resolve(None);
    assert_eq!((resolved.apps.len(), shown(&resolved.apps[0], "timeout")), (1, "9 s".into()));
    assert_eq!(resolved.apps[0].faults, []);
    // Nobody starts the one, and nobody imports the other.
    assert_eq!(Stack::new(&files).resolve(None).apps.len(), 1);
    assert_eq!(Stack::new(&files[1..]).resolve(None).apps.len(), 1);
}

#[test]
fn a_file_with_an_error_hides_what_it_sets_where_it_is_read_or_may_be() {
    // The directory is known, and not known.
    for directory in ["/srv/app", ""] {
        let stack = Stack::new(&[("app/gunicorn.conf.py", "bind = \"127.0.0.1:9000\n")]);
        let resolved = stack.start(directory, "gunicorn -w 2 app:app", Activation::None).resolve(None);
        let app = &resolved.apps[0];
        assert_eq!(
            (listeners(app), shown(app, "timeout")),
            ("unknown".into(), "unknown".into()),
            "{directory}"
        );
        assert_eq!(shown(app, "workers"), "2", "{directory}");
    }
}

#[test]
fn a_file_that_nobody_reads_is_an_app_of_its_own() {
    let text = "import os\nbind = '127.0.0.1:9'\nworkers = int(os.environ.get('W', 3))\nif os.getenv('D'):\n    timeout = 5\n";
    let stack = Stack::new(&[("deploy/prod.py", text)]);
    let app = &stack.resolve(None).apps[0];
    assert_eq!(
        (app.kind.clone(), app.unit, listeners(app).as_str()),
        (AppKind::Gunicorn, None, "127.0.0.1:9")
    );
    for (name, value) in [
        ("workers", "usually 3"),
        ("timeout", "unknown"),
        ("threads", "unknown"),
        ("worker_class", "unknown"),
    ] {
        assert_eq!(shown(app, name), value, "{name}");
    }
    let anchor = app.settings["bind"].origin.anchor.unwrap();
    assert_eq!(stack.sources.text(anchor.span), "bind = '127.0.0.1:9'");
    assert_eq!(stack.sources.text(anchor.value), "'127.0.0.1:9'");
    let app = &stack.resolve(Some("start.sh starts it")).apps[0];
    assert_eq!(app.settings["bind"].value, Possible::Unknown("start.sh starts it".into()));
}

#[test]
fn an_option_can_be_changed_where_its_value_stands() {
    for (line, name, written) in [
        ("gunicorn --timeout 40 a:b", "timeout", "40"),
        ("gunicorn --timeout=40 a:b", "timeout", "40"),
        ("gunicorn -t40 a:b", "timeout", "40"),
        ("gunicorn -b 127.0.0.1:9 a:b", "bind", "127.0.0.1:9"),
    ] {
        let stack = Stack::new(&[]).start("/srv/app", line, Activation::None);
        let resolved = stack.resolve(None);
        let origin = &resolved.apps[0].settings[name].origin;
        assert_eq!(origin.kind, OriginKind::CommandLine);
        let anchor = origin.anchor.unwrap();
        assert_eq!(
            (stack.sources.text(anchor.value), anchor.dialect),
            (written, Dialect::CommandLine),
            "{line}"
        );
    }
    for line in ["sh -c gunicorn~-t~40~a:b", "gunicorn -b :1 -b :2 a:b", "gunicorn -t ? a:b"] {
        let settings = &started(line).apps[0].settings;
        assert!(
            settings["timeout"].origin.anchor.is_none() && settings["bind"].origin.anchor.is_none(),
            "{line}"
        );
    }
}

#[test]
fn the_worker_class_in_force() {
    for (line, class) in [
        ("gunicorn a:b", "Known(Sync)"),
        ("gunicorn --threads 4 a:b", "Known(Gthread)"),
        ("gunicorn --threads 4 -k gevent a:b", "Known(Gevent)"),
        ("gunicorn --threads ? a:b", "OneOf([Sync, Gthread])"),
        ("gunicorn -k uvicorn.workers.UvicornWorker a:b", "Known(Uvicorn)"),
    ] {
        assert_eq!(format!("{:?}", started(line).apps[0].worker_class.value), class, "{line}");
    }
    let unknown = started("gunicorn -k ? a:b");
    assert!(unknown.apps[0].worker_class.value.known().is_none());
}

#[test]
fn templates_and_branches() {
    for (text, name, value) in [
        ("timeout = {{ t }}\nthreads = 2\n", "threads", "2"),
        ("timeout = {{ t }}\n", "timeout", "unknown"),
        ("bind = '{{ a }}:80'\n", "bind", "unknown"),
        ("proc_name = '${NAME}'\n", "proc_name", "unknown"),
        ("timeout = 5\n{% if x %}\ntimeout = 6\n{% endif %}\n", "timeout", "unknown"),
        ("{% if x %}\ntimeout = 6\n{% endif %}\ntimeout = 5\n", "timeout", "5 s"),
        ("{% if x %}timeout = 6{% endif %}\n", "timeout", "unknown"),
        ("timeout = 5\n{{ extra }}\n", "timeout", "usually 5 s"),
        ("{{ extra }}\ntimeout = 5\n", "timeout", "5 s"),
        ("{{ name }} = 5\n", "timeout", "unknown"),
        ("{# why #}\ntimeout = 5\n", "timeout", "5 s"),
        ("timeout = <%= @t %>\n", "timeout", "unknown"),
        ("<% if @x %>\ntimeout = 6\n<% end %>\nthreads = 2\n", "timeout", "unknown"),
        ("if x:\n    timeout = 5\nelse:\n    timeout = 6\n", "timeout", "5 s or 6 s"),
        ("if x:\n    timeout = 5\n", "timeout", "5 s or 30 s"),
        ("timeout = 4\nif x:\n    timeout = 5\nelif y:\n    pass\n", "timeout", "5 s or 4 s"),
        ("if x:\n    raise E\ntimeout = 4\n", "timeout", "4 s"),
        ("timeout = 4\nraise E\n", "timeout", "unknown"),
        ("timeout = 5 if x else 6\n", "timeout", "5 s or 6 s"),
        ("import os\ne = os.environ\ne['X'] = '3'\ntimeout = int(os.getenv('X', 5))\n", "timeout", "unknown"),
        ("x = [1]\nx[0] = 5\ntimeout = x[0]\n", "timeout", "unknown"),
        ("def f(a):\n    a.cfg.timeout\ntimeout = 5\n", "timeout", "5 s"),
        ("if (x := f()):\n    timeout = 5\n", "timeout", "5 s or 30 s"),
        ("if x := f():\n    timeout = 5\n", "timeout", "5 s or 30 s"),
        ("timeout = 4\nif timeout := 5:\n    pass\n", "timeout", "5 s"),
        ("from sys import modules as m\nm[__name__].timeout = 5\n", "timeout", "unknown"),
        ("timeout = len('aaa'.rsplit('aa')[0])\n", "timeout", "1 s"),
        ("timeout = 4\nglobals()[x] = 5\n", "timeout", "usually 4 s"),
        ("import os\nif os.getenv('A'):\n    timeout = f()\nelse:\n    timeout = 4\n", "timeout", "4 s"),
        ("import x as timeout\n", "timeout", "unknown"),
        ("def timeout(): pass\n", "timeout", "unknown"),
        ("class timeout: pass\n", "timeout", "unknown"),
    ] {
        let stack =
            Stack::new(&[("gunicorn.conf.py", text)]).start("/srv/app", "gunicorn a:b", Activation::None);
        assert_eq!(shown(&stack.resolve(None).apps[0], name), value, "{text:?}");
    }
}

#[test]
fn what_is_worked_out_and_what_is_not() {
    for (text, expected) in [
        ("x = {'a': [1, 2]}['a'][-1]\n", "2"),
        ("x = [str(n) for n in range(3) if n]\n", "['1', '2']"),
        ("p = 80\nx = f'0.0.0.0:{p:05d}'\n", "'0.0.0.0:00080'"),
        ("x = 1 < 2 < 3\n", "True"),
        ("x = 3\nx += 2\n", "5"),
        ("def f():\n    'about'\n    return y * 2\ny = 2\nx = f()\n", "4"),
        ("async def f():\n    return 2\nx = f()\n", "?"),
        ("def f():\n    return f()\nx = f()\n", "?"),
        ("x = [1]\ny = x\ny += [2]\n", "?"),
        ("x = [1]\ndef f(): x.append(2)\nf()\n", "?"),
        ("x = {1, 2}\n", "?"),
        ("x = (y := 2) + y\n", "?"),
        ("x = 2 ** 64\n", "?"),
        ("x = 1 + not 2\n", "?"),
        ("x = 0.0 if y else -0.0\n", "0.0 or -0.0"),
        ("x = r = range(3)\n", "?"),
        ("max = len\nx = max([4])\n", "1"),
        ("x = [max for max in [3]][0]\n", "3"),
    ] {
        let values = evaluated(text);
        let value = values["x"].candidates().map_or("?".to_string(), |values| values.join(" or "));
        assert_eq!(value, expected, "{text:?}");
    }
}

#[test]
fn hostile_files_cost_little() {
    for text in [
        "x = 1\nx = [x]\n".to_string() + &"x = [x]\n".repeat(5000),
        (0..3000).map(|n| format!("if a:\n  x{n} = {n}\n")).collect(),
        (0..3000).map(|n| format!("x{n} = [{n}]\nf()\n")).collect(),
        "x = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'\n".to_string() + &"x = x + x\n".repeat(3000),
        (0..99).map(|n| format!("{}if x:\n", " ".repeat(n))).collect::<String>()
            + &" ".repeat(99)
            + "timeout = 1\n",
        (0..99).map(|n| format!("{}for x in y:\n", " ".repeat(n))).collect::<String>()
            + &" ".repeat(99)
            + "timeout = 1\n",
    ] {
        let stack =
            Stack::new(&[("gunicorn.conf.py", &text)]).start("/srv/app", "gunicorn a:b", Activation::None);
        assert_eq!(stack.resolve(None).apps.len(), 1);
    }
}
