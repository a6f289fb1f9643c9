//! The formats of other programs: what they show, and that it is what their schemas ask for.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cli::{NGINX, copy_of, hoplint};
use crate::real::is_ci;
use crate::support::{names_in, root, write};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

/// The directory with the schemas and the Python that can read them.
pub(crate) fn schemas() -> Option<PathBuf> {
    let found = std::env::var_os("HOPLINT_SCHEMAS").map(PathBuf::from).filter(|it| it.is_dir());
    if found.is_none() {
        let why = "HOPLINT_SCHEMAS names no directory with the schemas of the output formats";
        assert!(!is_ci(), "{why}");
        eprintln!("skipped: {why}");
    }
    found
}

/// The published schema of SARIF, which a crate brings along.
fn sarif_schema() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--format-version", "1", "--locked"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|it| it["name"] == "serde-sarif").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().join("src/schema.json")
}

#[test]
fn reports_are_what_their_schemas_ask_for() {
    let Some(schemas) = schemas() else { return };
    let written = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for stack in names_in(&root().join("corpus")) {
        let directory = copy_of(&stack);
        let formats = [("sarif", "sarif"), ("junit", "xml")];
        let paths = formats.map(|(format, end)| (format, written.path().join(format!("{stack}.{end}"))));
        let outputs =
            paths.clone().map(|(format, path)| format!("--output-file={format}={}", path.display()));
        let arguments = ["check", "--pedantic", &outputs[0], &outputs[1]];
        assert_ne!(hoplint(directory.path(), &arguments).status, Some(2), "{stack}");
        files.extend(paths.into_iter().map(|(_, path)| path));
    }
    assert!(files.len() > 10);
    let output = Command::new(schemas.join("bin/python"))
        .arg(root().join("tests/data/validate.py"))
        .args([sarif_schema(), schemas.join("junit-10.xsd")])
        .args(&files)
        .output()
        .unwrap();
    let (said, complaint) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.is_empty(), "{said}{complaint}");
}

#[test]
fn sarif_shows_both_ends_and_the_mend() {
    let directory = copy_of("case-study");
    hoplint(directory.path(), &["check", "--output-file", "sarif=report.sarif"]);
    let document = json(&directory.path().join("report.sarif"));
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    let result = results.iter().find(|it| it["ruleId"] == "upstream-unbound").unwrap();
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], NGINX);
    let other = &result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(other, "deploy/gunicorn.conf.py");
    let change = &result["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], NGINX);
    // Mended as the document says, the file is what `--fix` makes of it.
    let deleted = &change["replacements"][0]["deletedRegion"];
    let number = |name: &str| deleted[name].as_u64().unwrap() as usize;
    assert_eq!(number("startLine"), number("endLine"));
    let text = read(&directory.path().join(NGINX));
    let line = text.split('\n').nth(number("startLine") - 1).unwrap();
    let inserted = change["replacements"][0]["insertedContent"]["text"].as_str().unwrap();
    let mended =
        format!("{}{inserted}{}", &line[..number("startColumn") - 1], &line[number("endColumn") - 1..]);
    hoplint(directory.path(), &["check", "--fix", "--select", "upstream-unbound"]);
    assert!(read(&directory.path().join(NGINX)).split('\n').any(|line| line == mended), "{mended}");
    let index = result["ruleIndex"].as_u64().unwrap() as usize;
    let rule = &run["tool"]["driver"]["rules"][index];
    assert_eq!(rule["id"], "upstream-unbound");
    assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("# upstream-unbound"));
}

#[test]
fn annotations_stand_at_the_line() {
    let directory = copy_of("case-study");
    let said = hoplint(directory.path(), &["check", "--format", "github"]).stdout;
    let lines: Vec<&str> = said.split_terminator('\n').collect();
    assert_eq!(lines.len(), 3);
    let unbound = lines.iter().find(|it| it.contains("title=hoplint%3A upstream-unbound::")).unwrap();
    assert!(unbound.starts_with(&format!("::error file={NGINX},line=")), "{unbound}");
    assert!(unbound.contains("%0Adeploy/gunicorn.conf.py:"), "{unbound}");
}

#[test]
fn gitlab_gets_what_it_asks_for() {
    let directory = copy_of("case-study");
    let said = hoplint(directory.path(), &["check", "--format", "gitlab"]).stdout;
    let document: Value = serde_json::from_str(&said).unwrap();
    let issues = document.as_array().unwrap();
    assert_eq!(issues.len(), 3);
    let mut fingerprints = Vec::new();
    for issue in issues {
        // The properties that its documentation calls required.
        let texts = ["description", "check_name", "fingerprint", "severity"].map(|name| issue[name].as_str());
        assert!(texts.iter().all(Option::is_some), "{issue}");
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&texts[3].unwrap()));
        assert_eq!(issue["location"]["path"], NGINX);
        assert!(issue["location"]["lines"]["begin"].is_u64());
        fingerprints.push(texts[2].unwrap());
    }
    fingerprints.sort_unstable();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), 3);
    assert_eq!(hoplint(copy_of("case-study-mended").path(), &["check", "--format", "gitlab"]).stdout, "[]\n");
}

#[test]
fn several_reports_are_written_in_one_run() {
    let directory = copy_of("case-study");
    let path = |name: &str| directory.path().join(name);
    let arguments = [
        "check",
        "--output-file=json=a.json",
        "--output-file=junit=b.xml",
        "--output-file=github=c.txt",
        "--format=concise",
    ];
    let ran = hoplint(directory.path(), &arguments);
    assert_eq!((ran.status, ran.stdout.matches('\n').count()), (Some(1), 3), "{ran:?}");
    assert_eq!(json(&path("a.json"))["findings"].as_array().unwrap().len(), 3);
    assert!(read(&path("b.xml")).contains("failures=\"3\""));
    assert_eq!(read(&path("c.txt")).matches("::error file=").count(), 2);
    let ran = hoplint(directory.path(), &["check", "--format=concise", "--output-file=d.txt"]);
    assert_eq!((ran.stdout.as_str(), read(&path("d.txt")).matches('\n').count()), ("", 3));
    assert!(ran.stderr.contains("2 errors, 1 warning"), "{ran:?}");
    let ran = hoplint(directory.path(), &["check", "--output-file=json=none/a.json"]);
    assert_eq!(ran.status, Some(2));
    assert!(ran.stderr.contains("cannot write `none/a.json`"), "{ran:?}");
}

#[test]
fn a_report_goes_where_it_was_meant_to_or_nowhere() {
    let directory = copy_of("case-study");
    let here = directory.path();
    let before = read(&here.join(NGINX));
    let over = format!("sarif={NGINX}");
    for (output, said) in [
        ("srif=a", "no format `srif`; did you mean `sarif`?"),
        ("SARIF=a", "no format `SARIF`"),
        ("sarif=", "it names no file"),
        ("-", "what --format says"),
        ("json=-", "what --format says"),
        (over.as_str(), "is configuration that is checked"),
        (NGINX, "is configuration that is checked"),
    ] {
        let ran = hoplint(here, &["check", "--output-file", output]);
        assert!(ran.status == Some(2) && ran.stderr.contains(said), "{output}: {ran:?}");
    }
    assert_eq!(read(&here.join(NGINX)), before);
    assert_eq!(names_in(here), ["app", "deploy", "expected.txt"]);
    // A name may look like a format, and colours are for terminals.
    hoplint(here, &["check", "--color=always", "--output-file", "./a=b.txt"]);
    let report = read(&here.join("a=b.txt"));
    assert!(report.contains("error[upstream-unbound]") && !report.contains('\x1b'), "{report}");
}

#[test]
fn a_name_with_a_line_end_makes_no_line_of_its_own() {
    let directory = copy_of("case-study");
    let here = directory.path();
    let name = "deploy/a.conf:1:1: error\nb";
    std::fs::rename(here.join("deploy/nginx"), here.join(name)).unwrap();
    let ran = hoplint(here, &["check", "--format=concise"]);
    let lines = ran.stdout.split_terminator('\n');
    let of_it = lines.clone().filter(|line| line.starts_with("deploy/a.conf:1:1: error?b/flask-data.conf:"));
    assert_eq!((of_it.count(), lines.count()), (3, 3), "{ran:?}");
    write(&here.join(name).join("hoplint.toml"), "pedantic = true\n");
    let shown = hoplint(here, &["config", "--config", &format!("{name}/hoplint.toml")]).stdout;
    assert!(shown.contains("pedantic = true  # deploy/a.conf:1:1: error?b/hoplint.toml:1\n"), "{shown:?}");
}

#[test]
fn a_report_that_is_a_link_stays_one() {
    let directory = copy_of("case-study");
    let path = |name: &str| directory.path().join(name);
    write(&path("reports/real.json"), "old");
    std::os::unix::fs::symlink("reports/real.json", path("a.json")).unwrap();
    assert_eq!(hoplint(directory.path(), &["check", "--output-file=json=a.json"]).status, Some(1));
    assert!(path("a.json").is_symlink());
    assert_eq!(json(&path("reports/real.json"))["findings"].as_array().unwrap().len(), 3);
    assert_eq!(names_in(&path("reports")), ["real.json"]);
}

#[test]
fn statistics_count_the_findings_of_each_rule() {
    let directory = copy_of("case-study");
    let ran = hoplint(directory.path(), &["check", "--statistics"]);
    let counted: Vec<Vec<&str>> = ran
        .stdout
        .split('\n')
        .filter(|line| line.contains("with --fix "))
        .map(|line| line.split_whitespace().take(5).collect())
        .collect();
    assert_eq!(counted.len(), 3, "{ran:?}");
    assert!(counted.contains(&vec!["1", "1", "with", "--fix", "upstream-unbound"]), "{ran:?}");
}

#[test]
fn a_baseline_shows_what_is_new() {
    let directory = copy_of("case-study");
    let here = directory.path();
    let ran = hoplint(here, &["check", "--write-baseline", "known.json"]);
    assert_eq!(ran.status, Some(0));
    assert!(ran.stderr.contains("Wrote 3 findings to `known.json`"), "{ran:?}");
    let ran = hoplint(here, &["check", "--baseline", "known.json"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("no findings; 3 in the baseline"), "{ran:?}");
    // Lines that move are the same lines.
    let nginx = here.join(NGINX);
    let text = read(&nginx);
    write(&nginx, format!("# one line more\n{text}"));
    assert_eq!(hoplint(here, &["check", "--baseline", "known.json"]).status, Some(0));
    // From another directory, too.
    let ran = hoplint(&here.join("deploy"), &["check", "..", "--baseline", "../known.json"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    // What was not looked for is not gone. Of a part of a repository the paths are told from its root.
    std::fs::create_dir(here.join(".git")).unwrap();
    for arguments in [&["--select", "timeout"][..], &["deploy/nginx"], &["app", "deploy"], &[NGINX]] {
        let arguments = [&["check", "--baseline", "known.json"], arguments].concat();
        let ran = hoplint(here, &arguments);
        assert!(ran.status == Some(0) && !ran.stderr.contains("gone"), "{ran:?}");
    }
    // A new mistake is shown alone, and marked in SARIF beside the old ones.
    write(&nginx, text.replace("proxy_connect_timeout 5s", "proxy_connect_timeout 0"));
    let arguments = ["check", "--format=concise", "--baseline=known.json", "--output-file=sarif=a.sarif"];
    let ran = hoplint(here, &arguments);
    assert_eq!(ran.status, Some(1));
    let lines: Vec<&str> = ran.stdout.split_terminator('\n').collect();
    assert!(lines.len() == 1 && lines[0].contains("zero-timeout"), "{ran:?}");
    let document = json(&here.join("a.sarif"));
    let results = document["runs"][0]["results"].as_array().unwrap();
    let states: Vec<(&str, &str, usize)> = results
        .iter()
        .map(|it| {
            let text = |name: &str| it[name].as_str().unwrap();
            (text("baselineState"), text("ruleId"), it["suppressions"].as_array().unwrap().len())
        })
        .collect();
    assert_eq!(states.iter().filter(|it| **it == ("new", "zero-timeout", 0)).count(), 1, "{states:?}");
    assert_eq!(states.iter().filter(|it| (it.0, it.2) == ("unchanged", 1)).count(), 3, "{states:?}");
    // What is known is not mended either.
    hoplint(here, &["check", "--fix", "--baseline=known.json"]);
    assert!(read(&nginx).contains("127.0.0.1:8000;") && !read(&nginx).contains("proxy_connect_timeout 0"));
    // What is gone is said to be.
    hoplint(here, &["check", "--fix"]);
    let ran = hoplint(here, &["check", "--baseline", "known.json"]);
    assert!(ran.status == Some(0) && ran.stderr.contains("3 findings of the baseline are gone"), "{ran:?}");
    let ran = hoplint(here, &["check", "--baseline", "unknown.json"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("`--write-baseline` writes it"), "{ran:?}");
    write(&here.join("known.json"), "{");
    let ran = hoplint(here, &["check", "--baseline", "known.json"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("`known.json`: this is no baseline"), "{ran:?}");
}

#[test]
fn comments_are_added_that_silence() {
    let directory = copy_of("case-study");
    let here = directory.path();
    let before = read(&here.join(NGINX));
    let ran = hoplint(here, &["check", "--add-ignores", "  "]);
    assert!(ran.status == Some(2) && ran.stderr.contains("why may these findings stay?"), "{ran:?}");
    let ran = hoplint(here, &["check", "--add-ignores", "it is a lesson"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("Ignored 3 findings in 1 file"), "{ran:?}");
    let after = read(&here.join(NGINX));
    let added: Vec<&str> = after.split('\n').filter(|line| !before.contains(line.trim())).collect();
    assert_eq!(added.len(), 3, "{after}");
    assert!(added.iter().all(|line| line.trim().starts_with("# hoplint: ignore[")), "{added:?}");
    let kept: String = after.split_inclusive('\n').filter(|line| !line.contains("hoplint: ignore")).collect();
    assert_eq!(kept, before);
    let ran = hoplint(here, &["check"]);
    assert!(ran.status == Some(0) && ran.stdout.contains("no findings; 3 ignored"), "{ran:?}");
    let document: Value = serde_json::from_str(&hoplint(here, &["check", "--format=json"]).stdout).unwrap();
    assert_eq!(document["summary"]["suppressed"], 3);
    hoplint(here, &["check", "--output-file=sarif=a.sarif"]);
    let document = json(&here.join("a.sarif"));
    let suppression = &document["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!(
        (&suppression["kind"], &suppression["justification"]),
        (&"inSource".into(), &"it is a lesson".into())
    );
    // A mend that is made by hand leaves comments over, and `--fix` takes them away.
    let mended = read(&copy_of("case-study-mended").path().join(NGINX));
    let comment = "# hoplint: ignore[upstream-unbound] it is a lesson\n";
    write(&here.join(NGINX), format!("{comment}{mended}"));
    assert!(hoplint(here, &["check"]).stdout.contains("unused-suppression"));
    hoplint(here, &["check", "--fix"]);
    assert_eq!(read(&here.join(NGINX)), mended);
}
