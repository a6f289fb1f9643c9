//! Python: what is read and worked out, against CPython.
#![allow(clippy::print_stdout, reason = "what is skipped and what was measured is told to whoever runs it")]

mod generate;

use std::collections::BTreeMap;
use std::process::Command;

use hoplint::resolve::gunicorn::evaluated;
use hoplint::source::{FileKind, Source, Sources};
use hoplint::syntax::gunicorn::{parse, undecodable};

use crate::support::Dice;

/// What CPython says when it is started so, or nothing where there is no CPython.
fn python(arguments: &[&str]) -> Option<String> {
    match Command::new("python3").args(arguments).env_remove("HOPLINT_NOT_SET").output() {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        problem => {
            let why = format!("`python3` cannot be asked: {problem:?}");
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}");
            eprintln!("SKIPPED: {why}");
            None
        }
    }
}

/// CPython's own library: whatever the language has stands somewhere in it. One file in eight, with HOPLINT_LONG=1 each.
#[test]
fn the_standard_library_reads_without_an_error() {
    let list = "import os, sys, ast, tokenize\n\
        top = os.path.dirname(os.__file__)\n\
        for folder in (top, *(os.path.join(top, it) for it in ('test', 'json', 'asyncio', 'email', 'unittest'))):\n\
        \x20   for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():\n\
        \x20       if name.endswith('.py'):\n\
        \x20           path = os.path.join(folder, name)\n\
        \x20           try:\n\
        \x20               ast.parse(open(path, 'rb').read())\n\
        \x20               print(path)\n\
        \x20           except Exception: pass\n";
    let Some(listed) = python(&["-c", list]) else { return };
    let every = if std::env::var_os("HOPLINT_LONG").is_some() { 1 } else { 8 };
    let (mut files, mut opaque, mut statements) = (0, 0, 0);
    let mut wrong = Vec::new();
    for path in listed.split_terminator('\n').step_by(every) {
        let bytes = std::fs::read(path).unwrap();
        let mut sources = Sources::default();
        let id = sources.add(Source::new(path, FileKind::Gunicorn, bytes));
        let parsed = parse(id, &sources.get(id).text);
        files += 1;
        let debug = format!("{:?}", parsed.tree);
        opaque += debug.matches("Opaque {").count();
        statements += debug.matches("Statement {").count();
        if !parsed.errors.is_empty() {
            wrong.push(format!("{path}: {:?}", &parsed.errors[..1]));
        }
    }
    println!("{files} files, {statements} statements, {opaque} opaque pieces");
    assert!(files > 10 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs each program statement by statement: the index of the one that raises an exception, and the names before it.
const RUN: &str = "
import io, json, os, sys, types, warnings
warnings.simplefilter('ignore')
programs = json.load(open(sys.argv[1]))
results = []
for statements in programs:
    names, failed, before = {'os': os}, None, {}
    for at, statement in enumerate(statements):
        try:
            exec(compile(statement, 'config', 'exec'), names)
        except BaseException:
            failed = at
            break
        before = {}
        for name, value in names.items():
            if name[0] == 'v' and name[1:].isdigit():
                try:
                    before[name] = repr(value)
                except BaseException:
                    before[name] = None
    results.append([failed, before])
json.dump(results, sys.stdout)
";

/// The index of the statement that raises an exception, and the names before it with their `repr()`.
type Ran = (Option<usize>, BTreeMap<String, Option<String>>);

/// What Python makes of programs: 10,000 with HOPLINT_LONG=1, or as many as the variable says; HOPLINT_SEED says which.
#[test]
fn values_are_those_that_cpython_works_out() {
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let count = number("HOPLINT_LONG").map_or(600, |it| if it == 1 { 10_000 } else { it });
    let mut dice = Dice(number("HOPLINT_SEED").unwrap_or(1));
    let programs: Vec<Vec<String>> = (0..count).map(|_| generate::program(&mut dice)).collect();
    let holder = tempfile::tempdir().unwrap();
    let path = holder.path().join("programs.json");
    std::fs::write(&path, serde_json::to_vec(&programs).unwrap()).unwrap();
    let Some(said) = python(&["-c", RUN, &path.to_string_lossy()]) else { return };
    let results: Vec<Ran> = serde_json::from_str(&said).unwrap();
    let (mut known, mut several, mut unknown, mut raised) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for (statements, (failed, names)) in programs.iter().zip(&results) {
        let text = |end: usize| format!("import os\n{}\n", statements[..end].join("\n"));
        let ours = evaluated(&text(failed.unwrap_or(statements.len())));
        for (name, value) in names {
            match (ours.get(name), value) {
                (None, _) => wrong.push(format!("{name} is not seen:\n{}", text(statements.len()))),
                (Some(_), None) => {}
                (Some(ours), Some(value)) => match ours.candidates() {
                    None => unknown += 1,
                    Some(values) if !values.contains(value) => {
                        wrong.push(format!("{name} is {value}, not {values:?}:\n{}", text(statements.len())));
                    }
                    Some([_]) => known += 1,
                    Some(_) => several += 1,
                },
            }
        }
        // What raises an exception has no value: an assignment of one line is the one that is worked out last. Where a
        // condition is not decided, what raises may lie on the way that is not taken.
        let decided = |text: &str| ![" if ", " or ", " and ", "\n"].iter().any(|it| text.contains(it));
        let assigned = failed.and_then(|failed| statements[failed].split_once(" = "));
        if let (Some(failed), Some((name, _))) =
            (failed, assigned.filter(|(name, value)| !name.contains([' ', ',', '(', '[']) && decided(value)))
        {
            raised += 1;
            if let Some(value) = evaluated(&text(failed + 1)).get(name).and_then(|it| it.known()) {
                wrong.push(format!("{name} has no value, and not {value}:\n{}", text(failed + 1)));
            }
        }
    }
    let all = known + several + unknown;
    println!(
        "{count} programs: of {all} values {known} known, {several} one of several, {unknown} unknown ({} %); {raised} \
         statements raise exceptions",
        unknown * 100 / all.max(1)
    );
    assert!(wrong.is_empty(), "{} of {all}:\n{}", wrong.len(), wrong[..wrong.len().min(15)].join("\n"));
    assert!(known * 2 > all, "most values are not known");
}

/// Asks CPython what it says of files that are given as numbers, each a list of bytes.
const COMPILE: &str = "
import json, sys, warnings
warnings.simplefilter('ignore')
said = []
for source in json.loads(sys.argv[1]):
    try:
        compile(bytes(source), 'config', 'exec')
        said.append(None)
    except Exception as error:
        said.append([error.args[0], getattr(error, 'lineno', None)])
json.dump(said, sys.stdout)
";

#[test]
fn what_is_no_utf_8_is_refused_as_cpython_refuses_it() {
    let files: [(&[u8], bool); 24] = [
        (b"a = 'x\xe9'\n", true),
        (b"a = 'x\xe9y'\n", true),
        (b"a = 'x\x80y'\n", true),
        (b"a = 'x\xffy'\n", true),
        (b"a = '\xed\xa0\x80'\n", true),
        (b"a = '\xe2\x82'\n", true),
        (b"a = '\xc3\xa9 \xf0\x9f\x98'\n", true),
        (b"a = r'x\\n\xe9'\n", true),
        (b"a = u'x\xe9'\n", true),
        (b"a = 'a\\nb\xe9c'\n", true),
        (b"a = 'a\\nb\xc3\xa9\xe9c\\t'\n", true),
        (b"a = '\\\xe9'\n", true),
        (b"a = '''x\r\ny\xe9'''\r\n", true),
        (b"a = {'k': ['b', 'x\xe9']}\n", true),
        (b"if 0:\n    a = 'x' '\xe9'\n", true),
        (b"# coding: utf-8\na = 'x\xe9'\n", true),
        (b"# \xe9\na = 'x'\n", false),
        (b"# \xe9\na = 'x' # \xe8", false),
        (b"# -*- coding: latin-1 -*-\na = 'x\xe9'\n", false),
        (b"#!/bin/sh\n# vim: set fileencoding=cp1252 :\na = 'x\x80'\n", false),
        (b"a = 'x\xc3\xa9'\n", false),
        (b"# coding=iso-8859-15\na = 'x\xa4'\n", false),
        (b"\n# coding: koi8-r\na = 'x\xa4'\n", false),
        (b"a = 'x'\n# \xff\xfe\n", false),
    ];
    let asked = serde_json::to_string(&files.map(|(bytes, _)| bytes)).unwrap();
    let Some(said) = python(&["-c", COMPILE, &asked]) else { return };
    let said: Vec<Option<(String, Option<usize>)>> = serde_json::from_str(&said).unwrap();
    for ((bytes, refused), said) in files.iter().zip(said) {
        let mut sources = Sources::default();
        let id = sources.add(Source::new("gunicorn.conf.py", FileKind::Gunicorn, bytes.to_vec()));
        let source = sources.get(id);
        let mut parsed = parse(id, &source.text);
        undecodable(id, &source.text, source.bytes(), &mut parsed);
        let ours: Vec<&str> = parsed.errors.iter().map(|error| error.message.as_str()).collect();
        let theirs: Vec<&str> = said.iter().map(|(message, _)| message.as_str()).collect();
        assert_eq!(ours, theirs, "{}", bytes.escape_ascii());
        assert_eq!(said.is_some(), *refused, "{}", bytes.escape_ascii());
    }
}
