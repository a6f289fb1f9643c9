use super::*;
use crate::model::Version;

fn own(text: &str) -> Result<Settings, String> {
    read(File::Hoplint, "hoplint.toml", text).map(Option::unwrap)
}

/// The same as a table of a `pyproject.toml`, with everything in it a line further down.
fn in_pyproject(text: &str) -> Result<Settings, String> {
    let text = text.replace("\n[[", "\n[[tool.hoplint.").replace("\n[s", "\n[tool.hoplint.s");
    let text = text.replace("\n[t", "\n[tool.hoplint.t").replace("tool.hoplint.tool.hoplint", "tool.hoplint");
    read(File::Pyproject, "pyproject.toml", &format!("[tool.hoplint]\n{text}")).map(Option::unwrap)
}

#[test]
fn what_is_written_is_read() {
    let text = "ignore = [\"syntax-error\", \"systemd\"]\nfail-on = \"error\"\nexternal = [\"grafana:3000\"]\n\
                baseline = \"known.json\"\n[target]\nnginx = \"1.22\"\n[severity]\nall = \"note\"\n\
                [[stack]]\nroot = \"hosts/*\"\n";
    for settings in [own(text).unwrap(), in_pyproject(text).unwrap()] {
        assert_eq!(settings.ignore, [Selector::Rule("syntax-error"), Selector::parse("systemd").unwrap()]);
        assert_eq!((settings.fail_on, settings.show), (Severity::Error, Severity::Warning));
        assert_eq!(settings.external[0].to_string(), "grafana:3000");
        assert_eq!(settings.baseline_file, Some("known.json".into()));
        assert_eq!(settings.target.nginx, Version(1, 22, 0));
        assert_eq!(settings.severity, [(Selector::All, Some(Severity::Note))]);
        assert_eq!(settings.stacks, [StackSettings { root: "hosts/*".into(), ..StackSettings::default() }]);
    }
    assert!(read(File::Pyproject, "pyproject.toml", "[project]\nname = \"x\"\n").unwrap().is_none());
}

#[test]
fn which_files_are_read_and_where_they_belong_is_read() {
    let text = "exclude = [\"old/\"]\ninclude = [\"dist/site\"]\n[files]\nnginx = [\"*.ngx\"]\n\
                [[stack]]\nroot = \"web\"\ninclude = [\"common/**\"]\nexclude = [\"*.bak\"]\n\
                [stack.paths]\n\"/srv/app\" = \"backend\"\n";
    let settings = own(text).unwrap();
    assert_eq!((settings.exclude, settings.include), (vec!["old/".into()], vec!["dist/site".into()]));
    assert_eq!(settings.files, FileKinds { nginx: vec!["*.ngx".into()], ..FileKinds::default() });
    let expected = StackSettings {
        root: "web".into(),
        include: vec!["common/**".into()],
        exclude: vec!["*.bak".into()],
        paths: vec![("/srv/app".into(), "backend".into())],
    };
    assert_eq!(settings.stacks, [expected]);
}

#[test]
fn every_value_knows_its_line() {
    let text = "select = [\"nginx\"]\n\n[severity]\nnginx = \"error\"\n[[stack]]\nroot = \"a\"\n[[stack]]\nroot = \"b\"\n";
    let settings = own(text).unwrap();
    for (key, line) in
        [("select", 1), ("severity.nginx", 4), ("stack.0.root", 6), ("stack.1.root", 8), ("severity", 3)]
    {
        assert_eq!(settings.origins[key], format!("hoplint.toml:{line}"), "{key}");
    }
    assert_eq!(in_pyproject(text).unwrap().origins["stack.1.root"], "pyproject.toml:9");
    assert!(!settings.origins.contains_key("fail-on"));
}

/// Checks that a text is refused at a line and a column of both files, in words that hold each of these.
fn refused(text: &str, line: usize, column: usize, said: &[&str]) {
    for (name, error, line) in [
        ("hoplint.toml", own(text).unwrap_err(), line),
        ("pyproject.toml", in_pyproject(text).unwrap_err(), line + 1),
    ] {
        let begin = format!("{name}:{line}:{column}: ");
        assert!(error.starts_with(&begin), "{text:?}: {error}");
        for part in said {
            assert!(error.contains(part), "{text:?} does not say {part}: {error}");
        }
    }
}

#[test]
fn what_means_nothing_is_told_with_its_place_and_what_was_meant() {
    refused(
        "ignor = []",
        1,
        1,
        &["there is no key `ignor`", "did you mean `ignore`?", " | ignor = []\n", " | ^^^^^\n"],
    );
    refused("fail_on = \"error\"", 1, 1, &["did you mean `fail-on`?", "`select`, `ignore`, `fail-on`"]);
    refused("ignore = \"nginx\"", 1, 10, &["`ignore` has to be a list", "this is a text"]);
    refused(
        "ignore = [\n  \"nginx\",\n  \"upstream-unbond\",\n]",
        3,
        3,
        &["did you mean `upstream-unbound`?"],
    );
    refused("select = []", 1, 10, &["names no rule"]);
    refused("fail-on = \"warn\"", 1, 11, &["`error`, `warning` or `note`", "did you mean `warning`?"]);
    refused("pedantic = \"yes\"", 1, 12, &["`true` or `false`"]);
    refused("baseline = \"\"", 1, 12, &["a name"]);
    refused("external = [\"http://grafana:3000\"]", 1, 13, &["without a scheme"]);
    refused("exclude = [\"a\", \"[b\"]", 1, 17, &["`[b` is no glob"]);
    refused("severity = 3", 1, 12, &["has to be a table"]);
    refused("fix = { truth = \"nginx\" }", 1, 17, &["expected `app` or `proxy`", "truth = \"nginx\""]);
    refused("fix = { thruth = \"app\" }", 1, 9, &["did you mean `truth`?"]);
    refused("truth = \"app\"", 1, 1, &["belongs below `["]);
    refused("root = \"a\"", 1, 1, &["belongs below `[["]);
    refused("\n[target]\nignore = [\"nginx\"]", 3, 1, &["belongs ", "above"]);
    refused("\n[target]\nnginx = \"23.0.0\"", 3, 9, &["no version of nginx", "from 1.0 to 1.31"]);
    refused("\n[target]\ngunicorn = \"1.22\"", 3, 12, &["no version of Gunicorn"]);
    refused("\n[target]\nsystemd = \"new\"", 3, 11, &["`new` is no version"]);
    refused("\n[target]\nsystemd = 252", 3, 11, &["a text in quotes", "a number"]);
    refused("\n[severity]\nsystemd = \"fatal\"", 3, 11, &["`off`"]);
    refused("\n[severity]\nsystemmd = \"off\"", 3, 1, &["did you mean `systemd`?"]);
    refused("\n[[stack]]\nexclude = []", 2, 1, &["has to have a `root`"]);
    refused("\n[[stack]]\nrot = \"a\"", 3, 1, &["did you mean `root`?"]);
    refused("stack = [3]", 1, 10, &["a table"]);
    refused("\n[[stack]]\nroot = \"../a\"", 3, 8, &["leads out"]);
    refused("\n[[stack]]\nroot = \"a\"\npaths = { \"srv\" = \"b\" }", 4, 11, &["absolute"]);
    refused("\n[[stack]]\nroot = \"a\"\npaths = { \"/srv\" = \"/b\" }", 4, 20, &["from the directory"]);
    refused("per-path-ignores = { \"a/\" = [] }", 1, 29, &["names no rule"]);
    refused("per-path-ignores = { \"!a\" = [\"all\"] }", 1, 22, &["`\\!`"]);
    assert!(own("= 1").unwrap_err().starts_with("hoplint.toml:1:1: this is no TOML: "));
    let error = read(File::Pyproject, "pyproject.toml", "[tool]\nhoplint = 3\n").unwrap_err();
    assert!(error.contains("pyproject.toml:2:11: `tool.hoplint` has to be a table"), "{error}");
}

#[test]
fn a_mark_of_the_byte_order_and_carriage_returns_move_no_place() {
    let error = own("\u{feff}ignor = []\r\nfail-on = 1\r\n").unwrap_err();
    assert!(error.contains(":1:2: there is no key `ignor`") && error.contains(":2:11: "), "{error}");
    assert!(error.contains("fail-on = 1\n   |           ^"), "{error}");
}

#[test]
fn all_mistakes_are_told_at_once_in_their_order() {
    let error = own("select = [\"a\"]\nignor = 1\n[fix]\ntruth = 2\n").unwrap_err();
    let places: Vec<&str> = error.split('\n').filter_map(|line| line.split("hoplint.toml:").nth(1)).collect();
    assert_eq!(places.len(), 3, "{error}");
    assert!(places[0].starts_with("1:11") && places[1].starts_with("2:1") && places[2].starts_with("4:9"));
}

/// The rules of some that are on.
fn on(text: &str, typed: &Typed) -> Vec<&'static str> {
    let mut settings = own(text).unwrap();
    typed.apply(&mut settings);
    ["restart-policy", "service-type", "zero-timeout"].into_iter().filter(|it| settings.is_on(it)).collect()
}

fn selectors(names: &[&str]) -> Vec<Selector> {
    names.iter().map(|name| Selector::parse(name).unwrap()).collect()
}

#[test]
fn the_closest_name_decides_what_is_on() {
    let (restart, service, zero) = ("restart-policy", "service-type", "zero-timeout");
    for (text, expected) in [
        ("", &[restart, service, zero][..]),
        ("select = [\"systemd\"]", &[restart, service]),
        ("select = [\"restart-policy\"]", &[restart]),
        ("ignore = [\"systemd\"]", &[zero]),
        ("ignore = [\"all\"]", &[]),
        ("select = [\"restart-policy\"]\nignore = [\"systemd\"]", &[restart]),
        ("select = [\"all\", \"restart-policy\"]\nignore = [\"systemd\"]", &[restart, zero]),
        ("select = [\"systemd\"]\nignore = [\"restart-policy\"]", &[service]),
        ("select = [\"systemd\"]\nignore = [\"systemd\"]", &[]),
        ("severity.systemd = \"off\"", &[zero]),
        ("severity = { systemd = \"off\", restart-policy = \"note\" }", &[restart, zero]),
        ("select = [\"restart-policy\"]\nseverity.restart-policy = \"off\"", &[]),
    ] {
        assert_eq!(on(text, &Typed::default()), expected, "{text}");
    }
}

#[test]
fn what_is_typed_goes_over_the_file() {
    let (restart, service, zero) = ("restart-policy", "service-type", "zero-timeout");
    for (text, select, ignore, expected) in [
        ("ignore = [\"restart-policy\"]", &["restart-policy"][..], &[][..], &[restart][..]),
        ("ignore = [\"restart-policy\"]", &["systemd"], &[], &[restart, service]),
        ("severity.restart-policy = \"off\"", &["systemd"], &[], &[restart, service]),
        ("select = [\"systemd\"]", &[], &["restart-policy"], &[service]),
        ("select = [\"restart-policy\", \"zero-timeout\"]", &[], &["systemd"], &[zero]),
        ("ignore = [\"zero-timeout\"]", &[], &["restart-policy"], &[service]),
        ("", &["systemd"], &["restart-policy"], &[service]),
        ("", &["restart-policy"], &["systemd"], &[restart]),
    ] {
        let typed = Typed { select: selectors(select), ignore: selectors(ignore), ..Typed::default() };
        assert_eq!(on(text, &typed), expected, "{text} {select:?} {ignore:?}");
    }
}

#[test]
fn the_closest_name_and_the_command_line_decide_the_severity() {
    let severity = |text: &str, typed: &[(&str, Severity)]| {
        let mut settings = own(text).unwrap();
        let severity = typed.iter().map(|(name, it)| (Selector::parse(name).unwrap(), Some(*it))).collect();
        Typed { severity, ..Typed::default() }.apply(&mut settings);
        settings.severity_of("restart-policy").flatten()
    };
    let file = "severity = { all = \"note\", systemd = \"error\" }";
    assert_eq!(severity("", &[]), None);
    assert_eq!(severity(file, &[]), Some(Severity::Error));
    assert_eq!(severity(file, &[("nginx", Severity::Warning)]), Some(Severity::Error));
    assert_eq!(severity(file, &[("all", Severity::Warning)]), Some(Severity::Warning));
    let closest = "severity.restart-policy = \"note\"";
    assert_eq!(severity(closest, &[("systemd", Severity::Error)]), Some(Severity::Error));
    assert_eq!(severity(closest, &[("nginx", Severity::Error)]), Some(Severity::Note));
}

#[test]
fn notes_are_shown_where_they_are_asked_for_or_fail() {
    for (text, typed, expected) in [
        ("", Typed::default(), Severity::Warning),
        ("pedantic = true", Typed::default(), Severity::Note),
        ("pedantic = true", Typed { pedantic: Some(false), ..Typed::default() }, Severity::Warning),
        ("fail-on = \"note\"", Typed::default(), Severity::Note),
        (
            "fail-on = \"note\"",
            Typed { fail_on: Some(Severity::Error), ..Typed::default() },
            Severity::Warning,
        ),
        ("pedantic = true", Typed { fail_on: Some(Severity::Error), ..Typed::default() }, Severity::Note),
    ] {
        let mut settings = own(text).unwrap();
        typed.apply(&mut settings);
        assert_eq!(settings.show, expected, "{text} {typed:?}");
    }
}

#[test]
fn the_truth_is_the_app_unless_it_is_said() {
    assert_eq!(own("").unwrap().truth, Truth::App);
    assert_eq!(own("[fix]\n").unwrap().truth, Truth::App);
    assert_eq!(own("[fix]\ntruth = \"proxy\"\n").unwrap().truth, Truth::Proxy);
}

/// All keys that hold a value, with the names of the tables that they stand in.
fn all_keys(keys: &'static [Key], path: &str) -> Vec<(String, &'static Key)> {
    let each = |key: &'static Key| match key.takes {
        Takes::Table(inner) | Takes::Tables(inner) => all_keys(inner, &format!("{path}{}.", key.name)),
        _ => vec![(format!("{path}{}", key.name), key)],
    };
    keys.iter().flat_map(each).collect()
}

#[test]
fn the_defaults_of_the_keys_are_what_holds_without_them() {
    let defaults = written(&Settings::default());
    let mut seen = 0;
    for (path, key) in all_keys(KEYS, "") {
        let default: Option<toml::Table> = toml::from_str(&format!("it = {}", key.default)).ok();
        assert_eq!(default.is_none(), key.default.is_empty(), "{path}");
        if path.starts_with("stack.") {
            continue;
        }
        let mut held = Some(toml::Value::Table(defaults.clone()));
        for part in path.split('.') {
            held = held.and_then(|table| table.get(part).cloned());
        }
        assert_eq!(held, default.map(|table| table["it"].clone()), "{path}");
        seen += 1;
    }
    assert!(seen > 14, "{seen}");
}

#[test]
fn settings_are_written_as_a_configuration_that_means_the_same() {
    let text = "select = [\"nginx\", \"zero-timeout\"]\nignore = [\"proxy-loop\"]\nfail-on = \"note\"\npedantic = true\n\
                baseline = \"a \\\"b\\\".json\"\nexternal = [\"unix:/run/a\", \"[::1]:80\"]\nexclude = [\"a\"]\n\
                include = [\"b\"]\n[severity]\nall = \"off\"\nnginx = \"error\"\n[per-path-ignores]\n\"a/**\" = [\"all\"]\n\
                [fix]\ntruth = \"proxy\"\n[target]\nnginx = \"1.22\"\ngunicorn = \"20.1\"\nsystemd = \"252\"\n[files]\n\
                gunicorn = [\"x\"]\n[[stack]]\nroot = \"a\"\n[stack.paths]\n\"/srv\" = \"b\"\n[[stack]]\nroot = \"c\"\n";
    let settings = own(text).unwrap();
    let again = own(&written(&settings).to_string()).unwrap();
    assert_eq!(written(&again), written(&settings));
    let same = |settings: Settings| {
        let Settings { origins, per_path_ignores, .. } = settings.clone();
        let ignores: Vec<_> = per_path_ignores.into_iter().map(|(globs, it)| (globs.written, it)).collect();
        drop(origins);
        let rest = Settings { origins: BTreeMap::new(), per_path_ignores: Vec::new(), ..settings };
        format!("{rest:?} {ignores:?}")
    };
    assert_eq!(same(again), same(settings));
}
