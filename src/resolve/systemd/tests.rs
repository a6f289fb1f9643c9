//! Whole units to launches. What is expected was seen with systemd 252 unless a test says otherwise.

use std::collections::BTreeMap;

use super::{Resolved, resolve};
use crate::model::{Datum, Handed, OriginKind, Target};
use crate::resolve::ansible::Variables;
use crate::resolve::launch::{Activation, Launch};
use crate::resolve::paths::Paths;
use crate::source::{FileId, FileKind, Source, Sources};
use crate::syntax::systemd;
use crate::value::{Duration, Possible};

/// Resolves files given as path and text; a path that names an env file is none of systemd's.
fn stack(files: &[(&str, &str)]) -> (Sources, Resolved) {
    let mut sources = Sources::default();
    for (path, text) in files {
        let kind = if path.ends_with(".env") { FileKind::Launcher } else { FileKind::Systemd };
        sources.add(Source::new(*path, kind, text.as_bytes().to_vec()));
    }
    let resolved = resolve_all(&sources);
    (sources, resolved)
}

fn resolve_all(sources: &Sources) -> Resolved {
    let ids: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
    let trees: BTreeMap<_, _> = sources
        .iter()
        .filter(|(_, source)| source.kind == FileKind::Systemd)
        .map(|(id, source)| (id, systemd::parse(id, &source.text)))
        .collect();
    let paths = Paths::new("", ids.iter().copied(), sources);
    resolve(&ids, &trees, &paths, &Variables::default(), sources, Target::NEWEST.systemd)
}

/// The words of a launch: as they are, `?` for one that is not known, `*` for one that may be any number.
fn words(launch: &Launch) -> String {
    let show = |word: &crate::resolve::launch::Argument| match &word.text {
        Possible::Known(text) => format!("[{text}]"),
        _ if word.splits => "*".into(),
        _ => "?".into(),
    };
    launch.arguments.iter().map(show).collect::<Vec<_>>().join(" ")
}

fn one_service(body: &str) -> (Sources, Resolved) {
    stack(&[("a.service", &format!("[Service]\n{body}\n"))])
}

#[test]
fn command_lines() {
    for (body, expected) in [
        ("ExecStart=/bin/g -b 0.0.0.0:80 app:app", "[/bin/g] [-b] [0.0.0.0:80] [app:app]"),
        ("ExecStart=-@/bin/g name -w 3", "[/bin/g] [-w] [3]"),
        ("ExecStart=/bin/g \\\n  # why\n  -w \\\n  3", "[/bin/g] [-w] [3]"),
        ("ExecStart=/bin/g 'a b' c\\x20d %% %n", "[/bin/g] [a b] [c d] [%] [a.service]"),
        (
            "Environment=P=1 \"A=-w 3\"\nExecStart=/bin/g $A ${A} :$P :${P} $B",
            "[/bin/g] [-w] [3] [-w 3] [:$P] [:1]",
        ),
        ("Environment=P=1\nExecStart=:/bin/g $P ${P}", "[/bin/g] [$P] [${P}]"),
        ("ExecStart=/bin/g $PATH x${HOME}", "[/bin/g] * ?"),
        ("EnvironmentFile=/etc/x\nExecStart=/bin/g $A ${A}", "[/bin/g] * ?"),
        (
            "ExecStart={{ venv }}/bin/g -b {{ bind }} unix:{{ sock }} -w 3",
            "[{{ venv }}/bin/g] [-b] * ? [-w] [3]",
        ),
        ("ExecStart={{ gunicorn }} app", "? [app]"),
        ("ExecStart=/bin/g -w 3 {% if a %}--reload{% endif %} app", "[/bin/g] [-w] [3] * [app]"),
        ("ExecStart=/bin/g -w 3 \\\n{% if a %}\n -t 3 \\\n{% endif %}\n app", "[/bin/g] [-w] [3] * * [app]"),
        ("{% if a %}\nExecStart=/bin/g a\n{% else %}\nExecStart=/bin/g b\n{% endif %}", "*"),
        ("ExecStart=<path>/bin/g -b <address>", "[<path>/bin/g] [-b] ?"),
        ("ExecStart=%h/bin/g -b %h/a.sock", "[%h/bin/g] [-b] ?"),
        ("ExecStart=/bin/g 'a", "*"),
        ("ExecStart=/bin/g a\nExecStart=/bin/g b", "*"),
        ("ExecStart=/bin/g a ; /bin/g b", "*"),
        ("ExecStart=/bin/g a \\; b", "[/bin/g] [a] [;] [b]"),
        ("ExecStart=/bin/g a\nExecStart=\nExecStart=/bin/g b", "[/bin/g] [b]"),
        ("ExecStart=/bin/sh -c 'exec g && $X' > /log", "[/bin/sh] [-c] [exec g && $X] [>] [/log]"),
    ] {
        let (_, resolved) = one_service(body);
        let found: Vec<String> = resolved.launches.iter().map(words).collect();
        assert_eq!(found, [expected], "{body}");
    }
}

#[test]
fn what_starts_nothing() {
    for body in ["Type=oneshot", "ExecStartPre=/bin/a\nExecStop=/bin/b", "ExecStart=/bin/a\nExecStart="] {
        let (_, resolved) = one_service(body);
        assert!(resolved.launches.is_empty(), "{body}");
        assert_eq!(resolved.units.len(), 1, "{body}");
    }
    assert!(stack(&[("a.service", "\n")]).1.launches.is_empty());
    let (_, resolved) = one_service("Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/a\nExecStart=/bin/b");
    assert_eq!(resolved.launches.iter().map(words).collect::<Vec<_>>(), ["[/bin/a]", "[/bin/b]"]);
    assert!(resolved.launches.iter().all(|launch| !launch.passing));
    let (_, resolved) = one_service("Type=oneshot\nExecStart=/bin/a");
    assert!(resolved.launches.iter().all(|launch| launch.passing) && resolved.launches.len() == 1);
}

#[test]
fn each_word_is_found_in_the_file() {
    let text = "[Service]\nExecStart=-/bin/g \\\n  --bind='0.0.0.0:80' \\\n; why\n  app:app\n";
    let (sources, resolved) = stack(&[("a.service", text)]);
    let launch = &resolved.launches[0];
    let found: Vec<&str> = launch.arguments.iter().map(|word| sources.text(word.span)).collect();
    assert_eq!(found, ["/bin/g", "--bind='0.0.0.0:80'", "app:app"]);
    assert!(
        sources.text(launch.place).starts_with("-/bin/g") && sources.text(launch.place).ends_with("app:app")
    );
}

#[test]
fn environments() {
    let known = |text: &str| Possible::Known(Some(text.to_owned()));
    let torn = || Possible::Unknown("systemd takes only a part of what is evidently meant".to_owned());
    for (body, name, expected) in [
        ("Environment=A=b C=d", "C", known("d")),
        ("Environment=\"A=b c\" 'D=e'", "A", known("b c")),
        ("Environment=A=\"b c\"", "A", known("b c")),
        // What is evidently meant is not what systemd takes, and that is one mistake.
        ("Environment=A=b c", "A", torn()),
        ("Environment=A=b c D=e", "A", torn()),
        ("Environment=A=b c D=e", "D", known("e")),
        ("Environment=A=b # c", "A", known("b")),
        ("Environment=A=1\nEnvironment=A=2", "A", known("2")),
        ("Environment=A=1\nEnvironment=\nEnvironment=B=2", "A", Possible::Known(None)),
        // What stands before the mistake counts, and the rest is gone.
        ("Environment=A=1 B=it's C=3", "A", known("1")),
        ("Environment=A=1 B=it's C=3", "C", Possible::Known(None)),
        ("Environment=A=\\d", "A", Possible::Known(None)),
        ("Environment=1A=b bad-name=c", "1A", Possible::Known(None)),
        ("Environment=A=$B%%", "A", known("$B%")),
        ("Environment=A=b", "PORT", Possible::Known(None)),
        ("Environment=PATH=/venv", "PATH", known("/venv")),
    ] {
        let (_, resolved) = one_service(&format!("{body}\nExecStart=/bin/g"));
        assert_eq!(resolved.launches[0].environment.get(name), expected, "{body}: {name}");
    }
    for body in [
        "EnvironmentFile=/etc/x",
        "EnvironmentFile=-/etc/x",
        "PassEnvironment=A",
        "Environment={{ env }}",
        "{% if a %}\nEnvironment=A=b\n{% endif %}",
        "{{ lines }}",
        "Environment=A={{ a }}",
    ] {
        let (_, resolved) = one_service(&format!("{body}\nExecStart=/bin/g"));
        assert!(matches!(resolved.launches[0].environment.get("A"), Possible::Unknown(_)), "{body}");
    }
}

#[test]
fn a_file_of_the_tree_overrides_what_the_unit_sets() {
    let (_, resolved) = stack(&[
        (
            "deploy/a.service",
            "[Service]\nEnvironmentFile=/srv/deploy/a.env\nEnvironment=A=1 B=2\nExecStart=/bin/g",
        ),
        ("deploy/a.env", "A=3 # no comment\n"),
    ]);
    let environment = &resolved.launches[0].environment;
    assert_eq!(environment.get("A"), Possible::Known(Some("3 # no comment".into())));
    assert_eq!(environment.get("B"), Possible::Known(Some("2".into())));
    assert!(resolved.unresolved.is_empty());
}

#[test]
fn working_directories() {
    for (body, expected) in [
        ("", Some("/")),
        ("WorkingDirectory=/srv/app", Some("/srv/app")),
        ("WorkingDirectory=/srv/%p", Some("/srv/a")),
        ("WorkingDirectory=/srv\nWorkingDirectory=", Some("/")),
        ("WorkingDirectory=~", None),
        ("WorkingDirectory=-/srv", None),
        ("WorkingDirectory=srv", None),
        ("WorkingDirectory=/home/<you>", None),
        ("WorkingDirectory={{ dir }}", None),
        ("RootDirectory=/x\nWorkingDirectory=/srv", None),
    ] {
        let (_, resolved) = one_service(&format!("{body}\nExecStart=/bin/g"));
        let found = resolved.launches[0].working_directory.value.known().cloned();
        assert_eq!(found.as_deref(), expected, "{body}");
    }
}

fn setting(resolved: &Resolved, name: &str) -> Option<(Option<Datum>, OriginKind)> {
    let setting = resolved.units[0].settings.get(name)?;
    Some((setting.value.known().cloned(), setting.origin.kind))
}

#[test]
fn settings_and_defaults() {
    let seconds = |it| Some(Datum::Duration(Duration::seconds(it)));
    let text = |it: &str| Some(Datum::Text(it.into()));
    let limitless = Some(Datum::Duration(Duration::INFINITY));
    for (body, name, value, kind) in [
        ("", "TimeoutStopSec", seconds(90), OriginKind::Default),
        ("TimeoutStopSec=5", "TimeoutStopSec", seconds(5), OriginKind::Written),
        ("TimeoutStopSec=5\nTimeoutStopSec=5Min", "TimeoutStopSec", seconds(5), OriginKind::Written),
        ("TimeoutStopSec=5Min", "TimeoutStopSec", seconds(90), OriginKind::Default),
        ("TimeoutStopSec=", "TimeoutStopSec", seconds(90), OriginKind::Default),
        ("TimeoutStopSec=0", "TimeoutStopSec", limitless.clone(), OriginKind::Written),
        ("TimeoutSec=7", "TimeoutStopSec", seconds(7), OriginKind::Written),
        ("TimeoutStopSec={{ t }}", "TimeoutStopSec", None, OriginKind::Template),
        ("Type=oneshot", "TimeoutStartSec", limitless, OriginKind::Default),
        ("", "Type", text("simple"), OriginKind::Default),
        ("Type=notfy", "Type", text("simple"), OriginKind::Default),
        ("Restart=yes", "Restart", text("no"), OriginKind::Default),
        ("PrivateTmp=maybe", "PrivateTmp", Some(Datum::Bool(false)), OriginKind::Default),
        ("PrivateTmp=On", "PrivateTmp", Some(Datum::Bool(true)), OriginKind::Written),
        ("UMask=8", "UMask", text("0022"), OriginKind::Default),
        ("KillSignal=quit", "KillSignal", text("SIGTERM"), OriginKind::Default),
        ("KillSignal=3", "KillSignal", text("SIGQUIT"), OriginKind::Written),
        ("ProtectHome=read-only", "ProtectHome", text("read-only"), OriginKind::Written),
        ("ProtectHome=readonly", "ProtectHome", Some(Datum::Bool(false)), OriginKind::Default),
        ("LimitNOFILE=1k", "LimitNOFILE", text("1024:524288"), OriginKind::Default),
        ("[Unit]\nUMask=77", "UMask", text("0022"), OriginKind::Default),
        ("UMask=77", "UMask", text("0077"), OriginKind::Written),
        ("[X-A]\nUMask=77", "UMask", text("0022"), OriginKind::Default),
        ("{{ lines }}", "UMask", None, OriginKind::Default),
        ("User=%p", "User", text("a"), OriginKind::Written),
        (
            "RuntimeDirectory=a /run/b 'c d' ../e",
            "RuntimeDirectory",
            Some(Datum::List(vec!["a".into(), "c d".into()])),
            OriginKind::Written,
        ),
        (
            "RuntimeDirectory=a b\nRuntimeDirectory=c",
            "RuntimeDirectory",
            Some(Datum::List(vec!["a".into(), "b".into(), "c".into()])),
            OriginKind::Written,
        ),
    ] {
        let (_, resolved) = one_service(&format!("ExecStart=/bin/g\n{body}"));
        assert_eq!(setting(&resolved, name), Some((value, kind)), "{body}: {name}");
    }
}

#[test]
fn drop_ins_are_read_in_the_order_of_their_names() {
    let unit = ("etc/systemd/system/foo-bar.service", "[Service]\nExecStart=/bin/g a\nUser=main");
    let user = |files: &[(&str, &str)]| {
        let (sources, resolved) = stack(files);
        let names: Vec<String> =
            resolved.units[0].files.iter().map(|file| sources.get(*file).name().to_owned()).collect();
        let user = setting(&resolved, "User").and_then(|(user, _)| user).map(|user| user.to_string());
        (user.unwrap_or_default(), names[1..].join(" "))
    };
    let drop_in = |path: &'static str, text: &'static str| (path, text);
    let a = drop_in("etc/systemd/system/foo-bar.service.d/50-a.conf", "[Service]\nUser=a");
    let b = drop_in("usr/lib/systemd/system/foo-bar.service.d/90-b.conf", "[Service]\nUser=b");
    assert_eq!(user(&[unit, b, a]), ("b".into(), "50-a.conf 90-b.conf".into()));
    // Of one name the first root wins, and in one root the more specific directory.
    let c = drop_in("usr/lib/systemd/system/foo-bar.service.d/50-a.conf", "[Service]\nUser=c");
    assert_eq!(user(&[unit, a, c]), ("a".into(), "50-a.conf".into()));
    let d = drop_in("etc/systemd/system/foo-.service.d/50-a.conf", "[Service]\nUser=d");
    assert_eq!(user(&[unit, d, c]), ("d".into(), "50-a.conf".into()));
    assert_eq!(user(&[unit, d, a]), ("a".into(), "50-a.conf".into()));
    // What is for all services comes last.
    let all = drop_in("etc/systemd/system/service.d/50-a.conf", "[Service]\nUser=all");
    assert_eq!(user(&[unit, all, c]), ("c".into(), "50-a.conf".into()));
    assert_eq!(user(&[unit, d]), ("d".into(), "50-a.conf".into()));
    // Not one of these: another ending, another unit.
    let e = drop_in("etc/systemd/system/foo-bar.service.d/x.txt", "[Service]\nUser=e");
    let f = drop_in("etc/systemd/system/foo.service.d/x.conf", "[Service]\nUser=f");
    assert_eq!(user(&[unit, e, f]), ("main".into(), String::new()));
    // /etc hides /usr/lib.
    let hidden =
        drop_in("usr/lib/systemd/system/foo-bar.service", "[Service]\nUser=hidden\nExecStart=/bin/g");
    assert_eq!(user(&[hidden, unit]), ("main".into(), String::new()));
    // A drop-in of another directory belongs to the only unit of the name.
    let far = drop_in("deploy/foo-bar.service.d/x.conf", "[Service]\nUser=far");
    assert_eq!(user(&[unit, far]), ("far".into(), "x.conf".into()));
}

#[test]
fn a_drop_in_that_may_be_for_either_of_two_units_leaves_both_unknown() {
    let (_, resolved) = stack(&[
        ("a/x.service", "[Service]\nExecStart=/bin/g"),
        ("b/x.service", "[Service]\nExecStart=/bin/g"),
        ("c/x.service.d/y.conf", "[Service]\nUMask=0077"),
    ]);
    assert_eq!(resolved.units.len(), 2);
    assert_eq!(setting(&resolved, "UMask"), Some((None, OriginKind::Default)));
    assert_eq!(resolved.unresolved.len(), 1);
}

#[test]
fn instances() {
    let template = ("web@.service", "[Service]\nExecStart=/bin/g -b :%i");
    let launched = |files: &[(&str, &str)]| {
        let (_, resolved) = stack(files);
        resolved
            .launches
            .iter()
            .map(|it| format!("{} {}", resolved.units[it.unit.unwrap().0 as usize].name, words(it)))
            .collect::<Vec<_>>()
    };
    assert_eq!(launched(&[template]), ["web@.service [/bin/g] [-b] ?"]);
    let both = ["web@1.service [/bin/g] [-b] [:1]", "web@2.service [/bin/g] [-b] [:2]"];
    let target = ("web.target", "[Unit]\nWants=web@1.service web@2.service");
    assert_eq!(launched(&[template, target]), both);
    let links = [
        ("multi-user.target.wants/web@1.service", template.1),
        ("multi-user.target.wants/web@2.service", template.1),
    ];
    assert_eq!(launched(&[template, links[0], links[1]]), both);
    // A file of its own takes the place of the template.
    let concrete = ("web@2.service", "[Service]\nExecStart=/bin/h");
    assert_eq!(
        launched(&[template, target, concrete]),
        ["web@1.service [/bin/g] [-b] [:1]", "web@2.service [/bin/h]"]
    );
    // The default instance is one, but others may be enabled beside it.
    let default = ("web@.service", "[Service]\nExecStart=/bin/g -b :%i\n[Install]\nDefaultInstance=1");
    assert_eq!(launched(&[default]), [both[0], "web@.service [/bin/g] [-b] ?"]);
}

#[test]
fn sockets() {
    let service = "[Service]\nExecStart=/bin/g\n";
    let installed = "[Service]\nExecStart=/bin/g\n[Install]\nWantedBy=multi-user.target\n";
    let requiring =
        "[Unit]\nRequires=a.socket\n[Service]\nExecStart=/bin/g\n[Install]\nWantedBy=multi-user.target\n";
    let show = |files: &[(&str, &str)]| match &stack(files).1.launches[0].sockets {
        Activation::None => "none".to_owned(),
        Activation::Passed(passed) => {
            passed.iter().map(|(endpoint, _)| endpoint.to_string()).collect::<Vec<_>>().join(" ")
        }
        Activation::Unknown(_) => "?".into(),
    };
    for (service, listen, expected) in [
        (service, "ListenStream=/run/a.sock", "unix:/run/a.sock"),
        (requiring, "ListenStream=/var/run/a.sock", "unix:/run/a.sock"),
        (installed, "ListenStream=/run/a.sock", "?"),
        (service, "ListenStream=8001", "[::]:8001"),
        (service, "ListenStream=0.0.0.0:8001\nListenStream=[::1]:8002", "0.0.0.0:8001 [::1]:8002"),
        (service, "ListenStream=1\nListenStream=\nListenStream=2", "[::]:2"),
        (service, "ListenStream=/run/%p.sock", "unix:/run/a.sock"),
        (service, "ListenStream=a.sock", "?"),
        (service, "ListenStream=a.sock\nListenStream=8001", "[::]:8001"),
        (service, "ListenStream=localhost:80\nListenStream=/run/a.sock", "unix:/run/a.sock"),
        (service, "ListenStream=@a", "?"),
        (service, "ListenStream=::1:80", "?"),
        (service, "ListenStream=localhost:80", "?"),
        (service, "ListenStream=/run/{{ a }}.sock", "?"),
        (service, "ListenStream=/run/a.sock\nAccept=yes", "?"),
        (service, "ListenStream=/run/a.sock\nAccept=no", "unix:/run/a.sock"),
        (service, "ListenStream=/run/a.sock\nSymlinks=/run/b.sock", "?"),
        (service, "ListenStream=/run/a.sock\nService=b.service", "none"),
        (service, "ListenDatagram=/run/a.sock", "?"),
    ] {
        let socket = format!("[Socket]\n{listen}\n");
        assert_eq!(show(&[("a.service", service), ("a.socket", &socket)]), expected, "{service}{socket}");
    }
    assert_eq!(show(&[("a.service", service)]), "none");
    let named = "[Socket]\nListenStream=1\nService=a.service";
    assert_eq!(show(&[("a.service", service), ("b.socket", named)]), "[::]:1");
    let template = "[Socket]\nListenStream=/run/%i.sock";
    let wanted = ("web.target", "[Unit]\nWants=a@1.socket");
    assert_eq!(show(&[("a@.service", service), ("a@.socket", template), wanted]), "unix:/run/1.sock");
    assert_eq!(show(&[("a@.service", service), ("a@.socket", template)]), "?");
    // Spread over a repository: one service of the name, or several.
    let socket = "[Socket]\nListenStream=1";
    assert_eq!(show(&[("x/a.service", service), ("y/a.socket", socket)]), "[::]:1");
    assert_eq!(show(&[("x/a.service", service), ("z/a.service", service), ("y/a.socket", socket)]), "?");
    assert_eq!(show(&[("x/a.service", service), ("y/a.service", service), ("y/a.socket", socket)]), "none");
}

#[test]
fn whether_a_service_is_handed_its_sockets() {
    let service = |unit: &str, install: &str| {
        format!("[Unit]\n{unit}\n[Service]\nExecStart=/bin/g\n[Install]\n{install}\n")
    };
    let boot = "WantedBy=multi-user.target";
    let socket = ("a.socket", "[Socket]\nListenStream=/run/a.sock\n[Install]\nWantedBy=sockets.target\n");
    let pulled = ("a.socket", "[Socket]\nListenStream=/run/a.sock\n[Install]\nRequiredBy=a.service\n");
    let another = ("b.target", "[Unit]\nWants=a.socket a.service\n");
    for (service, others, expected) in [
        (service("", ""), vec![socket], Handed::Always),
        (service("Requires=a.socket", boot), vec![socket], Handed::Always),
        (service("After=a.socket", boot), vec![socket], Handed::IfFirst),
        (service("", boot), vec![pulled], Handed::Unknown("enabling brings `a.socket` with it".into())),
        (
            service("", "Also=a.socket\nWantedBy=multi-user.target"),
            vec![socket],
            Handed::Unknown("enabling brings `a.socket` with it".into()),
        ),
        (service("", boot), vec![socket, another], Handed::Unknown("another unit starts `a.socket`".into())),
    ] {
        let mut files = vec![("a.service", service.as_str())];
        files.extend(others);
        let units = stack(&files).1.units;
        let at = |name: &str| units.iter().position(|unit| unit.name == name).unwrap();
        let [found] = units[at("a.service")].sockets.as_slice() else { panic!("{service}") };
        assert_eq!((found.unit.0 as usize, &found.handed), (at("a.socket"), &expected), "{service}");
        assert_eq!(units[at("a.socket")].listeners.len(), 1);
    }
}

/// Each of these was quadratic, or multiplied its input, in some draft.
#[test]
fn hostile_units_are_resolved_in_linear_time() {
    let many = |unit: &str| unit.repeat(4_000);
    for body in [
        format!("Environment=A={}\nExecStart=/bin/g {}", many("ab "), many("$A ")),
        format!("Environment=\"A={}\"\nExecStart=/bin/g {}", many("ab "), many("${A}")),
        format!("ExecStart=/bin/g {}", many("{{ a }} ")),
        format!("ExecStart=/bin/g {}", many("{% a %} ")),
        format!("ExecStart=/bin/g {}", many("\\\n{% a %}\nb ")),
        format!("ExecStart=/bin/g {}", many("%n%n")),
        format!("ExecStart=/bin/g {}", many("<a __ @ {")),
        format!("Environment={}\nExecStart=/bin/g", many("{{ a }}=b A=c ")),
        format!("{}ExecStart=/bin/g", many("Environment=A=b\n")),
        many("ExecStart=/bin/g\n"),
        format!("{}ExecStart=/bin/g", many("[X]\n[Service]\nUser=a\n")),
    ] {
        one_service(&body);
    }
    let wants: String = (0..1_000).map(|it| format!(" a@{it}.service")).collect();
    let (_, resolved) = stack(&[
        ("a@.service", "[Service]\nExecStart=/bin/g %i"),
        ("a.target", &format!("[Unit]\nWants={wants}")),
    ]);
    assert_eq!(resolved.launches.iter().map(words).collect::<Vec<_>>(), ["[/bin/g] ?"]);
}

#[test]
fn what_is_ignored_is_told_with_what_is_meant() {
    for (body, expected) in [
        ("Restart=yes", vec!["Restart: yes"]),
        ("Restart=on_failure", vec!["Restart: on_failure, on-failure"]),
        ("TimeoutStopSec=5Min", vec!["TimeoutStopSec: 5Min, 5min"]),
        ("TimeoutStopSecs=5", vec!["TimeoutStopSecs: TimeoutStopSecs, TimeoutStopSec"]),
        ("WantedBy=a.target", vec!["WantedBy: WantedBy, [Install]"]),
        ("Environment=A=b c d=e", vec!["Environment: c"]),
        ("RuntimeDirectory=a /b", vec!["RuntimeDirectory: /b"]),
        ("SyslogIdentifier=%Z", vec!["SyslogIdentifier: %Z"]),
        ("WorkingDirectory=a", vec!["WorkingDirectory: a!"]),
        ("ExecStartPre=a/b", vec!["ExecStartPre: a/b!"]),
        ("[Foo]\nA=b", vec![": [Foo]"]),
        // Not for certain: a template, a mark to be replaced, a newer release.
        ("Restart={{ restart }}", vec![]),
        ("{% if a %}\nRestart=foo\n{% endif %}", vec![]),
        ("UMask=<mode>", vec![]),
        ("{{ lines }}=foo", vec![]),
        ("WorkingDirectory=PROJECT_DIR/app", vec![]),
        ("PrivateBPF=yes\nRestartSteps=5\nPrivateTmp=disconnected", vec![]),
        ("RuntimeDirectory=a:b", vec![]),
        ("X-Foo=bar\n[X-Bar]\nfoo", vec![]),
    ] {
        let (sources, resolved) = one_service(&format!("ExecStart=/bin/g\n{body}"));
        let show = |fault: &crate::model::UnitFault| {
            let meant = fault.meant.as_ref().map_or(String::new(), |meant| format!(", {meant}"));
            let mark = if fault.refused { "!" } else { "" };
            format!("{}: {}{meant}{mark}", fault.directive, sources.text(fault.place))
        };
        let found: Vec<String> = resolved.units[0].faults.iter().map(show).collect();
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn links_make_instances_and_other_names_and_mask() {
    let mut sources = Sources::default();
    let mut add =
        |path: &str, text: &str| sources.add(Source::new(path, FileKind::Systemd, text.as_bytes().to_vec()));
    let root = "etc/systemd/system";
    let template = add(&format!("{root}/web@.service"), "[Service]\nExecStart=/bin/g -b :%i");
    let app = add(&format!("{root}/app.service"), "[Service]\nExecStart=/bin/g");
    add(&format!("{root}/old.service.d/x.conf"), "[Service]\nUMask=7");
    add("usr/lib/systemd/system/gone.service", "[Service]\nExecStart=/bin/g");
    sources.link(format!("{root}/multi-user.target.wants/web@1.service"), template);
    sources.unread_link(format!("{root}/multi-user.target.wants/web@2.service"));
    sources.link(format!("{root}/old.service"), app);
    sources.null_link(format!("{root}/gone.service"));
    sources.null_link(format!("{root}/web@2.service"));
    let resolved = resolve_all(&sources);
    let names: Vec<&str> = resolved.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["app.service", "web@1.service"]);
    assert_eq!(setting(&resolved, "UMask"), Some((Some(Datum::Text("0007".into())), OriginKind::DropIn)));
}
