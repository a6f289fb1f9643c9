//! Python: what is read and worked out, against CPython.
#![allow(clippy::print_stdout, reason = "what is skipped and what was measured is told to whoever runs it")]

use std::process::Command;

use hoplint::source::{FileKind, Source, Sources};
use hoplint::syntax::gunicorn::parse;

/// What CPython says to a program, or nothing where there is no CPython.
fn python(program: &str) -> Option<String> {
    match Command::new("python3").arg("-c").arg(program).output() {
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
    let Some(listed) = python(list) else { return };
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
