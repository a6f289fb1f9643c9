//! The configuration: its page, its schema, and what its keys do to a run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use hoplint::config::{self, File, KEYS, Key, Takes};
use serde_json::Value;

use crate::cli::{NGINX, Ran, copy_of, hoplint};
use crate::outputs::schemas;
use crate::support::{root, write};

const APP: &str = "bind = \"127.0.0.1:8001\"\nworkers = 2\n";
const SITE: &str =
    "server {\n    listen 80;\n    location / {\n        proxy_pass http://127.0.0.1:8000;\n    }\n}\n";

fn takes(text: &str) -> Result<(), String> {
    let file = if text.contains("[tool.hoplint") { File::Pyproject } else { File::Hoplint };
    config::read(file, "hoplint.toml", text).map(|settings| assert!(settings.is_some(), "{text}"))
}

/// All keys that hold a value, as the page calls them.
fn keys(keys: &'static [Key], path: &str) -> Vec<(String, &'static Key)> {
    let each = |key: &'static Key| match key.takes {
        Takes::Table(inner) | Takes::Tables(inner) => self::keys(inner, &format!("{path}{}.", key.name)),
        _ => vec![(format!("{path}{}", key.name), key)],
    };
    keys.iter().flat_map(each).collect()
}

#[test]
fn the_page_tells_every_key_and_its_default_and_its_examples_are_read() {
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    let mut blocks = 0;
    for block in page.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        takes(block).unwrap_or_else(|error| panic!("{block}\n{error}"));
        blocks += 1;
    }
    let sections: Vec<(&str, &str)> =
        page.split("\n### `").skip(1).map(|section| section.split_once("`\n").unwrap()).collect();
    let expected = keys(KEYS, "");
    let names = |it: &(&str, &str)| it.0.to_owned();
    assert!(
        sections.iter().map(names).eq(expected.iter().map(|(name, _)| name.clone())),
        "the keys in their order"
    );
    assert!(blocks >= sections.len() + 3);
    for ((name, text), (_, key)) in sections.iter().zip(&expected) {
        let first = text.trim_start().split("\n\n").next().unwrap().replace('\n', " ");
        assert_eq!(first, key.about, "{name}");
        let default = text.split("\n- Default: ").nth(1).unwrap().split(['\n', ';']).next().unwrap();
        let expected =
            if key.default.is_empty() { "nothing".to_owned() } else { format!("`{}`", key.default) };
        assert_eq!(default, expected, "{name}");
        let example = text.split("```toml\n").nth(1).unwrap_or_else(|| panic!("{name} has no example"));
        let example: toml::Table = example.split("```").next().unwrap().parse().unwrap();
        let mut held = Some(&toml::Value::Table(example)).cloned();
        for part in name.split('.') {
            held = held.and_then(|it| it.get(part).or_else(|| it.get(0)?.get(part)).cloned());
        }
        assert!(held.is_some(), "the example of {name} does not have it");
    }
}

#[test]
fn the_schema_is_that_of_the_code() {
    let path = root().join("docs/hoplint.schema.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let why = "docs/hoplint.schema.json: write it anew with `hoplint config --schema`";
    assert!(text == format!("{:#}\n", config::schema()), "{why}");
    assert_eq!(hoplint(root(), &["config", "--schema"]).stdout, text);
    // Both ways: the keys of the code are those of the schema, each with what it is for.
    let schema: Value = serde_json::from_str(&text).unwrap();
    let mut told = BTreeMap::new();
    descriptions(&schema, "", &mut told);
    let expected: BTreeMap<String, &str> =
        keys(KEYS, "").into_iter().map(|(name, key)| (name, key.about)).collect();
    assert_eq!(told.len(), expected.len());
    for (name, about) in expected {
        assert_eq!(told[&name], about, "{name}");
    }
}

fn descriptions(schema: &Value, path: &str, told: &mut BTreeMap<String, String>) {
    for (name, property) in schema["properties"].as_object().unwrap() {
        let path = format!("{path}{name}");
        let inner = if property["type"] == "array" { &property["items"] } else { property };
        match inner.get("properties") {
            Some(_) => descriptions(inner, &format!("{path}."), told),
            None => drop(told.insert(path, property["description"].as_str().unwrap().into())),
        }
    }
}

/// What the schema says of some texts.
fn verdicts(texts: &[String]) -> Option<Vec<bool>> {
    let python = schemas()?.join("bin/python");
    let scratch = tempfile::tempdir().unwrap();
    let documents: Vec<Value> = texts
        .iter()
        .map(|text| {
            let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            serde_json::to_value(table).unwrap()
        })
        .collect();
    let path = scratch.path().join("documents.json");
    write(&path, serde_json::to_string(&documents).unwrap());
    let output = Command::new(python)
        .arg(root().join("tests/data/verdicts.py"))
        .args([root().join("docs/hoplint.schema.json"), path])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    Some(said.split_terminator('\n').map(|line| line == "yes").collect())
}

#[test]
fn the_schema_and_the_code_take_the_same() {
    const BOTH: &[(&str, bool)] = &[
        ("", true),
        ("select = [\"all\", \"nginx\", \"upstream-unbound\"]", true),
        ("select = []", false),
        ("select = [\"upstream-unbond\"]", false),
        ("select = \"nginx\"", false),
        ("ignore = [3]", false),
        ("ignor = [\"nginx\"]", false),
        ("fail-on = \"note\"", true),
        ("fail-on = \"off\"", false),
        ("fail-on = \"Error\"", false),
        ("pedantic = true", true),
        ("pedantic = \"true\"", false),
        ("baseline = \"a\"", true),
        ("baseline = \"\"", false),
        ("severity = { systemd = \"off\", all = \"note\", zero-timeout = \"warning\" }", true),
        ("severity = { systemd = \"none\" }", false),
        ("severity = { systemmd = \"off\" }", false),
        ("severity = \"off\"", false),
        ("per-path-ignores = { \"a/**\" = [\"all\"] }", true),
        ("per-path-ignores = { \"a/**\" = [] }", false),
        ("per-path-ignores = { \"a/**\" = [\"nothing\"] }", false),
        ("per-path-ignores = { \"!a/**\" = [\"all\"] }", false),
        ("per-path-ignores = [\"a\"]", false),
        ("fix = { truth = \"proxy\" }", true),
        ("fix = { truth = \"nginx\" }", false),
        ("fix = { unsafe-fixes = true }", false),
        ("target = { nginx = \"1.22\", gunicorn = \"20.1.0\", systemd = \"252\" }", true),
        ("target = { nginx = 1.22 }", false),
        ("target = { apache = \"2.4\" }", false),
        ("files = { nginx = [\"a\"], gunicorn = [], systemd = [\"*.x\"] }", true),
        ("files = { uwsgi = [] }", false),
        ("stack = [{ root = \"a/*\" }, { root = \".\", include = [\"a\"], exclude = [], paths = {} }]", true),
        ("stack = [{ include = [\"a\"] }]", false),
        ("stack = [{ root = \"a\", paths = { \"/srv/a\" = \"b\" } }]", true),
        ("stack = [{ root = \"a\", paths = { \"srv/a\" = \"b\" } }]", false),
        ("stack = [{ root = \"a\", paths = { \"/srv/a\" = \"/b\" } }]", false),
        ("stack = [{ root = \"a\", paths = { \"/srv/a\" = \"../b\" } }]", false),
        ("stack = { root = \"a\" }", false),
        ("stack = [{ root = \"\" }]", false),
        ("stack = [{ root = \"a/..\" }]", false),
    ];
    // What a pattern does not see: the code alone refuses it.
    const CODE_ALONE: &[&str] = &["exclude = [\"[a\"]", "external = [\"[::1::2]:80\"]"];
    let mut cases: Vec<(String, bool)> = BOTH.iter().map(|(text, it)| ((*text).to_owned(), *it)).collect();
    for (glob, taken) in [
        ("a", true),
        ("/a/b", true),
        ("a..b/**", true),
        (" a", true),
        ("", false),
        (" ", false),
        ("#a", false),
        ("!a", false),
        ("./a", false),
        ("..", false),
        ("../a", false),
        ("a/../b", false),
    ] {
        for key in ["exclude", "include"] {
            cases.push((format!("{key} = [\"{glob}\"]"), taken));
        }
    }
    for (address, taken) in [
        ("127.0.0.1:3000", true),
        ("0.0.0.0:1", true),
        ("255.255.255.255:65535", true),
        ("[::1]:3000", true),
        ("grafana:3000", true),
        ("a-b_c.d.example:9", true),
        ("1a:80", true),
        ("unix:/run/a.sock", true),
        ("unix:a.sock", false),
        ("unix:/", false),
        ("/run/a.sock", false),
        ("127.0.0.1", false),
        ("grafana", false),
        ("127.0.0.1:0", false),
        ("127.0.0.1:080", false),
        ("127.0.0.1:65536", false),
        ("127.0.0.256:80", false),
        ("127.0.0.01:80", false),
        ("127.0.1:80", false),
        ("1.2.3.4.5:80", false),
        ("::1:80", false),
        ("[::1]", false),
        ("*:80", false),
        (":80", false),
        ("a..b:80", false),
        ("http://a:80", false),
        ("10.0.0.0/8", false),
    ] {
        cases.push((format!("external = [\"{address}\"]"), taken));
    }
    let numbers = (0..400).map(|number| number.to_string());
    let minors = (0..40).map(|minor| format!("1.{minor}"));
    let others =
        ["1.22.1", "1.22.1.1", "23.0.0", "0.17", "2.0", "a", "", "1.", "v1.22", "1.-2", "252.4", "+1"];
    for version in numbers.chain(minors).chain(others.map(str::to_owned)) {
        for program in ["nginx", "gunicorn", "systemd"] {
            let text = format!("target = {{ {program} = \"{version}\" }}");
            let taken = takes(&text).is_ok();
            cases.push((text, taken));
        }
    }
    for (text, taken) in &cases {
        assert_eq!(takes(text).is_ok(), *taken, "{text}: {:?}", takes(text));
    }
    for text in CODE_ALONE {
        assert!(takes(text).is_err(), "{text}");
    }
    let texts: Vec<String> = cases.iter().map(|(text, _)| text.clone()).collect();
    let Some(verdicts) = verdicts(&texts) else { return };
    assert_eq!(verdicts.len(), cases.len());
    for ((text, taken), verdict) in cases.iter().zip(verdicts) {
        assert_eq!(verdict, *taken, "the schema of {text}");
    }
}

/// The rules of the findings of a run, with their severities.
fn found(directory: &Path, arguments: &[&str]) -> Vec<String> {
    let ran = hoplint(directory, &[&["check", "--format", "json"], arguments].concat());
    assert_ne!(ran.status, Some(2), "{ran:?}");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let word = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let findings = document["findings"].as_array().unwrap();
    findings.iter().map(|it| format!("{} {}", word(it, "severity"), word(it, "rule"))).collect()
}

const ALL: [&str; 3] =
    ["error upstream-unbound", "warning read-timeout-below-worker", "error proxy-buffers-rejected"];

#[test]
fn rules_are_chosen_by_their_categories() {
    let directory = copy_of("case-study");
    let here = directory.path();
    let configured = |text: &str, arguments: &[&str]| {
        write(&here.join("hoplint.toml"), text);
        found(here, arguments)
    };
    assert_eq!(configured("", &[]), ALL);
    assert_eq!(configured("select = [\"address\"]", &[]), ALL[..1]);
    assert_eq!(configured("ignore = [\"address\", \"timeout\"]", &[]), ALL[2..]);
    assert_eq!(configured("ignore = [\"address\"]", &["--ignore", "buffer"]), ALL[1..2]);
    assert_eq!(configured("ignore = [\"address\"]", &["--select", "address,buffer"]), [ALL[0], ALL[2]]);
    assert_eq!(configured("ignore = [\"address\"]", &["--no-config"]), ALL);
    let ran = hoplint(here, &["check", "--select", "adress"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("did you mean `address`?"), "{ran:?}");
    let ran = hoplint(here, &["check", "--severity", "address"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("RULE=LEVEL"), "{ran:?}");
    let listed = hoplint(here, &["rules"]).stdout;
    let line = listed.split('\n').find(|line| line.starts_with("proxy-buffers-rejected ")).unwrap();
    assert_eq!(line.split_whitespace().nth(1), Some("buffer"), "{line}");
}

#[test]
fn a_severity_changes_what_a_finding_is_in_every_output() {
    let directory = copy_of("case-study");
    let here = directory.path();
    write(
        &here.join("hoplint.toml"),
        "[severity]\naddress = \"note\"\ntimeout = \"error\"\nbuffer = \"off\"\n",
    );
    assert_eq!(found(here, &[]), ["error read-timeout-below-worker"]);
    let shown = found(here, &["--pedantic"]);
    assert_eq!(shown, ["note upstream-unbound", "error read-timeout-below-worker"]);
    assert_eq!(found(here, &["--severity", "all=warning"]).len(), 3);
    for (format, expected, hidden) in [
        ("full", "1 error, 1 note", "warning"),
        ("concise", "note[upstream-unbound", "warning["),
        ("github", "::notice file=", "::warning"),
        ("gitlab", "\"severity\": \"minor\"", "\"major\""),
        ("junit", "type=\"note\"", "type=\"warning\""),
    ] {
        let ran = hoplint(here, &["check", "--pedantic", "--format", format]);
        assert!(ran.stdout.contains(expected), "{format} does not say {expected}: {}", ran.stdout);
        assert!(!ran.stdout.contains(hidden), "{format} says {hidden}: {}", ran.stdout);
    }
    let sarif = hoplint(here, &["check", "--pedantic", "--format", "sarif"]).stdout;
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().map(|result| &result["level"]).eq(["note", "error"]), "{results:?}");
    write(&here.join("hoplint.toml"), "[severity]\nall = \"note\"\n");
    assert_eq!(hoplint(here, &["check"]).status, Some(0));
    assert_eq!(hoplint(here, &["check", "--fail-on", "note"]).status, Some(1));
    // A note is mended where it is shown.
    hoplint(here, &["check", "--pedantic", "--fix"]);
    assert_eq!(found(here, &["--pedantic"]), Vec::<String>::new());
}

#[test]
fn a_rule_is_silent_about_the_files_of_a_path() {
    let directory = copy_of("case-study");
    let here = directory.path();
    let ignoring = |glob: &str, rules: &str| {
        write(&here.join("hoplint.toml"), format!("[per-path-ignores]\n\"{glob}\" = {rules}\n"));
        found(here, &[])
    };
    assert_eq!(ignoring("deploy/nginx/", "[\"timeout\", \"upstream-unbound\"]"), ALL[2..]);
    assert_eq!(ignoring("*.conf", "[\"all\"]"), [""; 0]);
    // Another directory, another rule, and the file that a finding only points at besides.
    assert_eq!(ignoring("nginx/flask-data.conf", "[\"all\"]"), ALL);
    assert_eq!(ignoring("deploy/nginx", "[\"systemd\", \"capacity\"]"), ALL);
    assert_eq!(ignoring("deploy/gunicorn.conf.py", "[\"all\"]"), ALL);
    // From wherever hoplint runs, and for a file alone.
    ignoring("/deploy/nginx/*", "[\"all\"]");
    assert_eq!(found(&here.join("deploy"), &[]), [""; 0]);
    assert_eq!(found(here, &["deploy/nginx"]).len(), found(here, &[NGINX]).len());
    assert_eq!(found(here, &[NGINX]), [""; 0]);
    // What is not reported is not mended.
    let before = std::fs::read(here.join(NGINX)).unwrap();
    hoplint(here, &["check", "--fix"]);
    assert!(std::fs::read(here.join(NGINX)).unwrap() == before);
}

#[test]
fn a_baseline_is_found_from_the_configuration_and_the_command_line_goes_before() {
    let directory = copy_of("case-study");
    let here = directory.path();
    write(&here.join("hoplint.toml"), "baseline = \"known/list.json\"\n");
    std::fs::create_dir(here.join("known")).unwrap();
    let ran = hoplint(here, &["check"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("known/list.json"), "{ran:?}");
    let ran = hoplint(&here.join("deploy"), &["check", "--write-baseline"]);
    assert!(ran.status == Some(0) && ran.stderr.contains("Wrote 3 findings"), "{ran:?}");
    assert_eq!(found(here, &[]), [""; 0]);
    assert_eq!(found(&here.join("deploy"), &[]), [""; 0]);
    assert_eq!(found(here, &["--no-baseline"]), ALL);
    // All findings are written, those that were known too.
    let ran = hoplint(here, &["check", "--write-baseline"]);
    assert!(ran.stderr.contains("Wrote 3 findings"), "{ran:?}");
    hoplint(here, &["check", "--select", "address", "--write-baseline", "other.json"]);
    assert_eq!(found(here, &["--baseline", "other.json"]), ALL[1..]);
    // A path that was meant for something else is not lost.
    let site = std::fs::read(here.join(NGINX)).unwrap();
    let ran = hoplint(here, &["check", "--write-baseline", NGINX]);
    assert!(ran.status == Some(2) && ran.stderr.contains("is no baseline"), "{ran:?}");
    assert!(std::fs::read(here.join(NGINX)).unwrap() == site);
    let ran = hoplint(here, &["check", "--write-baseline", "deploy"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("cannot write `deploy`"), "{ran:?}");
    std::fs::remove_file(here.join("hoplint.toml")).unwrap();
    let ran = hoplint(here, &["check", "--write-baseline"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("needs a file"), "{ran:?}");
}

/// A run over a tree with a configuration.
fn checked(files: &[(&str, &str)], configuration: &str, arguments: &[&str]) -> Ran {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(&directory.path().join(path), text);
    }
    write(&directory.path().join("hoplint.toml"), configuration);
    hoplint(directory.path(), arguments)
}

#[test]
fn nobody_is_said_to_answer_where_something_external_does() {
    let files = [("gunicorn.conf.py", APP), ("nginx/site.conf", SITE)];
    let unix_app = "bind = \"unix:/run/shop.sock\"\n";
    let unix_site = SITE.replace("127.0.0.1:8000", "unix:/run/shop/shop.sock");
    let unix = [("gunicorn.conf.py", unix_app), ("nginx/site.conf", unix_site.as_str())];
    let loops = SITE.replace("8000", "80").replace("listen 80;", "listen 80 default_server;");
    let loops = [("nginx/site.conf", loops.as_str())];
    let misspelt = "events {}\nhttp {\n    upstream shop_app { server 127.0.0.1:8001; }\n    server {\n        listen 80;\n\
                    \x20       location / { proxy_pass http://shop_ap; }\n    }\n}\n";
    let misspelt = [("nginx.conf", misspelt)];
    for (files, rule, silent, heard) in [
        (
            &files[..],
            "upstream-unbound",
            &["127.0.0.1:8000", "localhost:8000", "0.0.0.0:8000"][..],
            &["127.0.0.1:8001", "127.0.0.1:3000", "[::1]:8000", "127.0.0.2:8000", "unix:/run/a"][..],
        ),
        (&unix, "upstream-unbound", &["unix:/var/run/shop/shop.sock"], &["unix:/run/shop.sock"]),
        (&loops, "proxy-loop", &["127.0.0.1:80", "localhost:80"], &["127.0.0.1:8080", "10.0.0.1:80"]),
        (&misspelt, "upstream-undefined", &["shop_ap:80", "SHOP_AP:8000"], &["shop_app:80", "shop-ap:80"]),
    ] {
        assert!(checked(files, "", &["check"]).stdout.contains(rule), "{rule} {files:?}");
        for (addresses, expected) in [(silent, false), (heard, true)] {
            for address in addresses {
                let configuration = format!("external = [\"{address}\"]\n");
                let ran = checked(files, &configuration, &["check", "--pedantic"]);
                assert_eq!(ran.stdout.contains(rule), expected, "{address}: {}", ran.stdout);
            }
        }
    }
    let map = checked(&files, "external = [\"localhost:8000\"]\n", &["map"]).stdout;
    let map = map.split_whitespace().collect::<Vec<_>>().join(" ");
    let why = "not known: the configuration says that `localhost:8000` is external";
    assert!(map.contains(why), "{map}");
    // An app of the tree that listens there as well is not taken for what answers.
    let served =
        [("gunicorn.conf.py", "bind = \"127.0.0.1:8000\"\ntimeout = 300\n"), ("nginx/site.conf", SITE)];
    assert!(checked(&served, "", &["check"]).stdout.contains("read-timeout-below-worker"));
    let ran = checked(&served, "external = [\"127.0.0.1:8000\"]\n", &["check", "--pedantic"]);
    assert!(!ran.stdout.contains("read-timeout"), "{ran:?}");
}

#[test]
fn what_is_in_force_is_shown_with_its_places_and_can_be_pasted() {
    let directory = copy_of("case-study");
    let here = directory.path();
    let none = hoplint(here, &["config"]).stdout;
    assert!(none.contains("# configuration: none") && !none.contains("hoplint.toml"), "{none}");
    let text = "ignore = [\"systemd\"]\nexternal = [\"grafana:3000\"]\n\n[per-path-ignores]\n\"tests/**\" = [\"all\"]\n\n\
                [target]\nnginx = \"1.22\"\n\n[[stack]]\nroot = \"deploy\"\npaths = { \"/srv/a b\" = \"app\" }\n";
    write(&here.join("hoplint.toml"), text);
    write(&here.join("pyproject.toml"), "[tool.hoplint]\nselect = [\"nginx\"]\n");
    write(&here.join("deploy/pyproject.toml"), "[project]\nname = \"a\"\n");
    let arguments = ["config", "--fail-on", "error", "--ignore", "nginx", "--severity", "timeout=note"];
    let ran = hoplint(&here.join("deploy"), &arguments);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    for line in [
        "# configuration: ../hoplint.toml",
        "# passed over: pyproject.toml: it has no [tool.hoplint] table",
        "# passed over: ../pyproject.toml: one that goes before it was found",
        "select = [\"all\"]  # default",
        "ignore = [\"systemd\", \"nginx\"]  # ../hoplint.toml:1, command line",
        "fail-on = \"error\"  # command line",
        "pedantic = false  # default",
        "# baseline: nothing  # default",
        "external = [\"grafana:3000\"]  # ../hoplint.toml:2",
        "timeout = \"note\"  # command line",
        "\"tests/**\" = [\"all\"]  # ../hoplint.toml:5",
        "nginx = \"1.22.0\"  # ../hoplint.toml:8",
        "systemd = \"257\"  # default",
        "gunicorn = \"27.0.1\"  # default, where no lock file and no requirement says it",
        "[[stack]]",
        "root = \"deploy\"  # ../hoplint.toml:11",
        "[stack.paths]",
        "\"/srv/a b\" = \"app\"  # ../hoplint.toml:12",
    ] {
        assert!(ran.stdout.split('\n').any(|it| it == line), "{line}\n{}", ran.stdout);
    }
    write(&here.join("hoplint.toml"), &ran.stdout);
    let strip = |text: &str| -> Vec<String> {
        let lines = text.split('\n').filter(|line| !line.starts_with('#'));
        lines.map(|line| line.split("  # ").next().unwrap().to_owned()).collect()
    };
    let pasted = hoplint(&here.join("deploy"), &["config"]).stdout;
    assert_eq!(strip(&pasted), strip(&ran.stdout));
    let ran = hoplint(here, &["config", "--no-config"]).stdout;
    assert!(ran.contains("# passed over: hoplint.toml: --no-config leaves all out"), "{ran}");
    let ran = hoplint(here, &["config", "--config", "pyproject.toml"]).stdout;
    assert!(ran.contains("# configuration: pyproject.toml") && ran.contains("select = [\"nginx\"]"), "{ran}");
    assert!(ran.contains("# passed over: hoplint.toml: --config names another"), "{ran}");
    let ran = hoplint(here, &["config", "nowhere"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("`nowhere`"), "{ran:?}");
}

#[test]
fn a_wrong_configuration_is_told_by_every_command_with_its_file_and_line() {
    let directory = copy_of("case-study");
    let here = directory.path();
    write(&here.join("hoplint.toml"), "fail-on = \"error\"\n[severity]\naddres = \"off\"\n");
    for command in ["check", "map", "config"] {
        let ran = hoplint(&here.join("deploy"), &[command]);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(2), ""), "{command}: {ran:?}");
        for part in ["error: ../hoplint.toml:3:1: ", "did you mean `address`?", "addres = \"off\"\n"] {
            assert!(ran.stderr.contains(part), "{command} does not say {part}: {}", ran.stderr);
        }
    }
}

#[test]
fn init_writes_what_changes_no_finding() {
    for stack in ["case-study", "fleet", "several-apps", "department-store"] {
        let directory = copy_of(stack);
        let here = directory.path();
        let run = |arguments: &[&str]| hoplint(here, &[&["check", "--pedantic"], arguments].concat());
        let before = run(&[]);
        let ran = hoplint(here, &["init"]);
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("Wrote no hook") && !here.join(".pre-commit-config.yaml").exists());
        assert_eq!(run(&[]), before, "{stack}");
        let text = std::fs::read_to_string(here.join("hoplint.toml")).unwrap();
        assert!(text.split_terminator('\n').all(|line| line.is_empty() || line.starts_with('#')));
        // What is proposed is read, and holds every key but those of what is rare.
        let proposed: String = text
            .split_inclusive('\n')
            .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')))
            .collect();
        takes(&proposed).unwrap_or_else(|error| panic!("{stack}: {error}\n{text}"));
        let table: toml::Table = proposed.parse().unwrap();
        assert!(KEYS.iter().all(|key| table.contains_key(key.name)), "{proposed}");
        let again = hoplint(here, &["init"]);
        assert!(
            again.status == Some(0) && again.stdout.contains("`hoplint.toml` is there already"),
            "{again:?}"
        );
        assert_eq!(std::fs::read_to_string(here.join("hoplint.toml")).unwrap(), text);
    }
    let fleet = copy_of("fleet");
    write(
        &fleet.path().join("tests/data/nginx.conf"),
        "server { location / { proxy_pass http://127.0.0.1:3999; } }\n",
    );
    hoplint(fleet.path(), &["init"]);
    let text = std::fs::read_to_string(fleet.path().join("hoplint.toml")).unwrap();
    for line in
        ["#exclude = [\"/tests/\"]", "#external = [\"127.0.0.1:3999\"]", "#[[stack]]", "#root = \"hosts/"]
    {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn init_writes_a_hook_where_none_is_and_never_over_one() {
    let directory = copy_of("case-study");
    let here = directory.path();
    std::fs::create_dir(here.join(".git")).unwrap();
    let ran = hoplint(here, &["init", "."]);
    assert!(ran.stdout.contains("Wrote `.pre-commit-config.yaml`"), "{ran:?}");
    let hooks = here.join(".pre-commit-config.yaml");
    let text = std::fs::read_to_string(&hooks).unwrap();
    assert!(text.starts_with("repos:\n  - repo: local\n"), "{text}");
    // It is called as the hook that others take from here.
    let own = std::fs::read_to_string(root().join(".pre-commit-hooks.yaml")).unwrap();
    for key in ["entry: ", "types: ", "require_serial: "] {
        let line =
            |text: &str| text.split('\n').map(str::trim).find(|it| it.starts_with(key)).map(str::to_owned);
        assert!(line(&text).is_some() && line(&text) == line(&own), "{key}");
    }
    let other = "repos:\n- repo: meta\n  hooks: []\n";
    for (written, said) in
        [(other, "add this to `.pre-commit-config.yaml`"), (text.as_str(), "speaks of hoplint already")]
    {
        std::fs::remove_file(here.join("hoplint.toml")).unwrap();
        write(&hooks, written);
        let ran = hoplint(here, &["init"]);
        assert!(ran.status == Some(0) && ran.stdout.contains(said), "{ran:?}");
        assert_eq!(std::fs::read_to_string(&hooks).unwrap(), written);
    }
    let ran = hoplint(here, &["init", "deploy/gunicorn.conf.py"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("is no directory"), "{ran:?}");
    let ran = hoplint(here, &["init", "deploy"]);
    assert!(ran.status == Some(0) && ran.stdout.contains("`hoplint.toml` is there already"), "{ran:?}");
    assert!(!here.join("deploy/hoplint.toml").exists());
}
