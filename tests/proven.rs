//! docs/proven.md: what the lab has proven, made of the records of its whole run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hoplint::model::Version;
use hoplint::rules::RULES;

use crate::lab::record::{Record, directory};
use crate::real;
use crate::support::{files_below, names_in, root};

const HEAD: &str = "# Proven\n\n\
    Each line was seen by a client of the real programs, on one machine, before and after a mend: `hoplint check` finds the\n\
    rule in the files, the client gets what stands under \"before\", the mend is made (`--fix`, `--unsafe-fixes` where the fix\n\
    is unsafe, `truth = \"proxy\"` where the app is to follow, or by hand as the rule's page says where there is none), hoplint finds the rule no more, and the client gets\n\
    what stands under \"after\". hoplint is told the versions of the programs. Where it says \"harmless\" the rule is silent\n\
    about the very same files with these versions, and the client gets at once what stands under \"after\". A dash says that\n\
    no mend was tried. Timeouts are scaled down to seconds.\n\n\
    This page is written by the lab: `HOPLINT_PROVEN=write tests/lab-all`. Without the variable the same command fails where\n\
    the page is not what the run has shown.\n\n";

/// Their cases need another user who may run the Gunicorns, or a machine whose `localhost` has two addresses, so what they show
/// is not the same on every machine.
const NOT_ON_EVERY_MACHINE: [&str; 2] = ["identity-mismatch", "upstream-localhost"];

/// The versions that the page is about, the newest first.
const NGINXES: [&str; 2] = ["1.31.3", "1.22.1"];
const GUNICORNS: [&str; 3] = ["27.0.1", "23.0.0", "20.1.0"];

fn proven() -> PathBuf {
    root().join("docs/proven.md")
}

/// The records of the last whole run.
fn records() -> Vec<Record> {
    let mut records = BTreeSet::new();
    for name in names_in(&directory()) {
        for line in std::fs::read_to_string(directory().join(name)).unwrap().split_terminator('\n') {
            let mut fields = line.split('\t').map(str::to_owned);
            let mut next = || fields.next().unwrap();
            records.insert(Record {
                rule: next(),
                test: next(),
                nginx: next(),
                gunicorn: next(),
                class: next(),
                before: next(),
                after: next(),
            });
        }
    }
    records.into_iter().filter(|it: &Record| !NOT_ON_EVERY_MACHINE.contains(&it.rule.as_str())).collect()
}

/// Joins the records that differ in one field alone: their values of it, in order, in one record.
fn joined(records: Vec<Record>, field: fn(&mut Record) -> &mut String) -> Vec<Record> {
    let mut groups: BTreeMap<Record, Vec<String>> = BTreeMap::new();
    for mut record in records {
        let value = std::mem::take(field(&mut record));
        groups.entry(record).or_default().push(value);
    }
    let whole = groups.into_iter().map(|(mut record, mut values)| {
        // The newest version first.
        values.sort_by_key(|it| (std::cmp::Reverse(it.parse::<Version>().ok()), it.clone()));
        *field(&mut record) = values.join(", ");
        record
    });
    whole.collect()
}

/// The page that says what the records say.
fn page(records: Vec<Record>) -> String {
    let records = joined(records, |it| &mut it.nginx);
    let records = joined(records, |it| &mut it.gunicorn);
    let mut records = joined(records, |it| &mut it.class);
    records.sort();
    let mut page = HEAD.to_owned();
    page.push_str("| rule | what | nginx | Gunicorn | workers | before | after |\n");
    page.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for Record { rule, test, nginx, gunicorn, class, before, after } in records {
        let cells = [nginx, gunicorn, class, before, after].map(|it| it.replace('|', "\\|"));
        let what = test.replace('_', " ");
        page.push_str(&format!("| [{rule}](rules/{rule}.md) | {what} | {} |\n", cells.join(" | ")));
    }
    page
}

/// The rules and tests of the page's lines.
fn lines() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(proven()).unwrap();
    let lines = page.split('\n').filter_map(|line| line.strip_prefix("| ["));
    lines
        .map(|line| {
            let (rule, rest) = line.split_once(']').unwrap();
            let what = rest.split(" | ").nth(1).unwrap();
            (rule.to_owned(), what.replace(' ', "_"))
        })
        .collect()
}

/// After a whole run of the lab, which tests/lab-all does first.
#[test]
fn the_page_is_what_the_lab_has_shown() {
    let Ok(mode) = std::env::var("HOPLINT_PROVEN") else { return };
    let versions = |programs: Vec<(Version, PathBuf)>| -> Vec<String> {
        programs.into_iter().map(|(version, _)| version.to_string()).collect()
    };
    let programs = (versions(real::nginxes()), versions(real::gunicorns()));
    if programs.0 != NGINXES || programs.1 != GUNICORNS {
        let why =
            format!("the page is about nginx {NGINXES:?} and Gunicorn {GUNICORNS:?}, not about {programs:?}");
        assert!(!real::is_ci() && mode != "write", "{why}");
        return eprintln!("SKIPPED: {why}");
    }
    let shown = page(records());
    if mode == "write" {
        std::fs::write(proven(), shown).unwrap();
    } else {
        let written = std::fs::read_to_string(proven()).unwrap();
        let line = written.split('\n').zip(shown.split('\n')).find(|(written, shown)| written != shown);
        assert!(written == shown, "HOPLINT_PROVEN=write tests/lab-all writes it anew; {line:#?}");
    }
}

#[test]
fn the_page_names_the_rules_that_the_lab_has_cases_for() {
    if std::env::var("HOPLINT_PROVEN").is_ok_and(|it| it == "write") {
        // It may be half written.
        return;
    }
    let mut sources = String::new();
    for path in files_below(&root().join("tests/lab")).into_iter().chain([root().join("tests/lab.rs")]) {
        sources.push_str(&std::fs::read_to_string(path).unwrap());
    }
    let named: BTreeSet<&str> = RULES
        .iter()
        .map(|rule| rule.name)
        .filter(|name| !NOT_ON_EVERY_MACHINE.contains(name) && sources.contains(&format!("\"{name}\"")))
        .collect();
    let lines = lines();
    let proven: BTreeSet<&str> = lines.iter().map(|(rule, _)| rule.as_str()).collect();
    assert_eq!(proven, named, "HOPLINT_PROVEN=write tests/lab-all writes docs/proven.md anew");
    for (rule, test) in &lines {
        assert!(
            sources.contains(&format!("fn {test}(")),
            "{rule}: docs/proven.md names a test that is gone: {test}"
        );
    }
}

#[test]
fn versions_that_showed_the_same_share_a_line() {
    let record = |nginx: &str, gunicorn: &str, before: &str| Record {
        rule: "zero-timeout".into(),
        test: "no_time".into(),
        nginx: nginx.into(),
        gunicorn: gunicorn.into(),
        class: "sync".into(),
        before: before.into(),
        after: "200".into(),
    };
    let page = page(vec![
        record("1.22.1", "9.0.0", "504"),
        record("1.31.3", "9.0.0", "504"),
        record("1.22.1", "23.0.0", "504"),
        record("1.31.3", "23.0.0", "504"),
        record("1.31.3", "20.1.0", "a | b"),
    ]);
    let lines: Vec<&str> = page.split('\n').filter(|line| line.contains("zero-timeout")).collect();
    let link = "[zero-timeout](rules/zero-timeout.md)";
    assert_eq!(
        lines,
        [
            format!("| {link} | no time | 1.31.3 | 20.1.0 | sync | a \\| b | 200 |"),
            format!("| {link} | no time | 1.31.3, 1.22.1 | 23.0.0, 9.0.0 | sync | 504 | 200 |"),
        ]
    );
}
