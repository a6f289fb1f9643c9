//! What must hold of any input: one function for each part of hoplint, from bytes to a panic where it does not hold.
//!
//! The property tests hand them made-up inputs, the fuzzer in `fuzz/` those that it finds, and `tests/seeds.rs` all that is
//! known to be worth a try.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use hoplint::check::{Report, check};
use hoplint::config::{self, Settings, Truth};
use hoplint::directives::named;
use hoplint::edit::Applicability;
use hoplint::finding::{Finding, Severity};
use hoplint::fix::{add_ignores, fix};
use hoplint::limits::Limits;
use hoplint::output;
use hoplint::resolve::{Told, deployments, gunicorn::evaluated, stacks::stacks};
use hoplint::source::{FileId, FileKind, Source, Sources, Span};
use hoplint::suppress::is_about_comments;
use hoplint::syntax::outline::Outline;
use hoplint::syntax::{compose, gunicorn, machine, nginx, packages, shell, systemd};

/// A part of hoplint, and what must hold of it.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All parts.
pub(crate) const TARGETS: [Target; 13] = [
    ("nginx", |data| read(FileKind::Nginx, data)),
    ("gunicorn", |data| read(FileKind::Gunicorn, data)),
    ("systemd", |data| read(FileKind::Systemd, data)),
    ("shell", of_shell),
    ("compose", |data| read(FileKind::Compose, data)),
    ("packages", of_packages),
    ("machine", of_machine),
    ("configuration", of_configuration),
    ("evaluator", of_evaluator),
    ("command_line", of_command_line),
    ("check", of_check),
    ("ignores", of_ignores),
    ("fix", of_fix),
];

/// Bytes as hoplint reads a file.
fn source(path: &str, kind: FileKind, data: &[u8]) -> Source {
    let source = Source::new(path, kind, data.to_vec());
    assert_eq!(source.text.len(), data.len(), "an offset of the text is none of the bytes");
    source
}

/// The leaves of the parse of a text, if it is in a language with a grammar.
fn tiles(kind: FileKind, text: &str) -> Option<Vec<Range<usize>>> {
    match kind {
        FileKind::Nginx => Some(nginx::tiles(text)),
        FileKind::Gunicorn => Some(gunicorn::tiles(text)),
        FileKind::Systemd => Some(systemd::tiles(text)),
        FileKind::Launcher => Some(shell::tiles(text)),
        FileKind::Compose | FileKind::Packages | FileKind::Machine => None,
    }
}

/// Asserts that the leaves of the parse of a text cover it without gap or overlap, if it is in a language with a grammar.
pub(crate) fn assert_tiled(kind: FileKind, text: &str, name: &str) {
    let Some(tiles) = tiles(kind, text) else { return };
    let mut end = 0;
    for tile in tiles {
        assert_eq!(tile.start, end, "{name}: the tiles of the {kind:?} parse are not side by side");
        end = tile.end;
    }
    assert_eq!(end, text.len(), "{name}: the tiles of the {kind:?} parse do not cover the text");
}

/// Asserts that a range is one of whole characters of a text.
fn assert_place(text: &str, range: Range<usize>, what: &str) {
    assert!(text.get(range.clone()).is_some(), "{what}: {range:?} is no place");
}

/// Reads a text: its leaves tile it, and all that is told of it stands somewhere in it.
fn read(kind: FileKind, data: &[u8]) {
    let source = source("x", kind, data);
    let (file, text) = (FileId(0), source.text.as_str());
    assert_tiled(kind, text, "x");
    let errors = match kind {
        FileKind::Nginx => {
            let parsed = nginx::parse(file, text);
            let is_template =
                ["{{", "{%", "{#", "<%", "%{", "$", "__"].iter().any(|mark| text.contains(mark));
            of_nginx_items(&parsed.tree.items, text, parsed.errors.is_empty() && !is_template);
            of_nginx_tree(&parsed.tree);
            parsed.errors
        }
        FileKind::Gunicorn => {
            let mut parsed = gunicorn::parse(file, text);
            gunicorn::undecodable(file, text, source.bytes(), &mut parsed);
            parsed.errors
        }
        FileKind::Systemd => {
            let parsed = systemd::parse(file, text);
            of_sections(&parsed.tree, text);
            parsed.errors
        }
        FileKind::Compose => {
            let parsed = compose::parse(file, text);
            of_nodes(&parsed.tree, text);
            parsed.errors
        }
        FileKind::Packages | FileKind::Machine | FileKind::Launcher => Vec::new(),
    };
    for error in errors {
        assert_place(text, error.span.range(), &error.message);
    }
    let outline = Outline::of(file, &source);
    for comment in outline.comments {
        assert_place(text, comment, "a comment");
    }
    for statement in outline.statements {
        assert_place(text, statement.head.clone(), "the head of a statement");
        if let Some(block) = statement.block {
            assert_place(text, block.clone(), "a block");
            assert!(block.start <= statement.head.start && statement.head.end <= block.end);
        }
    }
}

/// Without mistakes and templates items stand in the order of the text.
fn of_nginx_items(items: &[nginx::Item], text: &str, is_sound: bool) {
    let mut at = 0;
    for item in items {
        let span = match item {
            nginx::Item::Directive(directive) => directive.span(),
            nginx::Item::Comment(span) => *span,
            nginx::Item::Template(template) => template.span,
        };
        assert_place(text, span.range(), "an item");
        assert!(!is_sound || at <= span.range().start, "items are not in the order of the text");
        at = span.range().end;
        let nginx::Item::Directive(directive) = item else { continue };
        assert!(!directive.words.is_empty(), "a directive without a name");
        for word in &directive.words {
            assert_place(text, word.span.range(), "a word");
            assert_place(text, word.inner().range(), "the inside of a word");
        }
        of_nginx_items(directive.items(), text, is_sound);
    }
}

/// What a tree says of itself is what stands in it.
fn of_nginx_tree(tree: &nginx::Tree) {
    let (mut blocks, mut includes) = (0, Vec::new());
    let mut open: Vec<&nginx::Item> = tree.items.iter().collect();
    while let Some(item) = open.pop() {
        let nginx::Item::Directive(directive) = item else { continue };
        blocks += usize::from(matches!(directive.body, nginx::Body::Block(_)));
        assert_eq!(directive.rows(), named(directive.name()));
        assert!(directive.words.iter().all(|word| word.grouped == word.text.contains('(')));
        if let [argument] = directive.arguments()
            && directive.name() == "include"
        {
            includes.push(argument.span);
        }
        open.extend(directive.items());
    }
    let mut said: Vec<Span> = tree.includes.iter().map(|argument| argument.span).collect();
    said.sort();
    includes.sort();
    assert_eq!((tree.blocks, said), (blocks, includes), "the blocks and the includes of a tree");
}

fn of_sections(tree: &systemd::Tree, text: &str) {
    for section in &tree.sections {
        assert_place(text, section.span.range(), "a section");
        for entry in &section.entries {
            assert_place(text, entry.span.range(), "an entry");
            assert_place(text, entry.key_span.range(), "a key");
            assert_place(text, entry.value.span.range(), "a value");
            let value = &entry.value.text;
            for (at, _) in value.match_indices(' ') {
                assert_place(text, entry.value.span_of(0..at).range(), "the first words of a value");
                assert_place(text, entry.value.span_of(at..value.len()).range(), "the other words");
            }
        }
    }
}

fn of_nodes(tree: &compose::Tree, text: &str) {
    let mut open: Vec<compose::NodeId> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let Some(root) = tree.root() else { return };
    assert_place(text, root.span.range(), "the root");
    let parts = |node: &compose::Node| -> Vec<compose::NodeId> {
        let pairs = node.pairs().iter().flat_map(|(key, value)| [*key, *value]);
        node.items().iter().copied().chain(pairs).collect()
    };
    open.extend(parts(root));
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            let node = tree.get(id);
            assert_place(text, tree.place(id).range(), "a node");
            tree.entries(node);
            tree.value(node, "ports");
            open.extend(parts(node));
        }
    }
}

fn of_shell(data: &[u8]) {
    let source = source("x.sh", FileKind::Launcher, data);
    assert_tiled(FileKind::Launcher, &source.text, "x.sh");
    for command in shell::parse(&source.text).commands {
        assert_place(&source.text, command.range.clone(), "a command");
        for word in command.words {
            assert_place(&source.text, word.range, "a word");
        }
    }
}

fn of_packages(data: &[u8]) {
    use packages::Format::{Lock, Pipfile, PipfileLock, Pyproject, Requirements};
    let source = source("x", FileKind::Packages, data);
    for format in [Requirements, Pyproject, Pipfile, Lock, PipfileLock] {
        for wish in packages::read(format, &source.text, "gunicorn") {
            assert_place(&source.text, wish.range, "a wish");
        }
    }
}

fn of_machine(data: &[u8]) {
    let source = source("x", FileKind::Machine, data);
    machine::tmpfiles(&source.text);
    machine::looks_like_tmpfiles(&source.text);
    for format in [machine::Format::Sysusers, machine::Format::Passwd, machine::Format::Group] {
        machine::accounts(format, &source.text);
    }
}

/// A configuration of hoplint's own that is taken is taken again as it is written.
fn of_configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = config::read(config::File::Pyproject, "pyproject.toml", text);
    if let Ok(Some(settings)) = config::read(config::File::Hoplint, "hoplint.toml", text) {
        let mut written = Vec::new();
        output::configuration(&settings, &[], &mut written).expect("writing to memory does not fail");
        let written = String::from_utf8(written).expect("it is text");
        let again = config::read(config::File::Hoplint, "hoplint.toml", &written);
        let again = again.unwrap_or_else(|why| panic!("{why}\n{written}"));
        assert_eq!(again.map(|it| config::written(&it)), Some(config::written(&settings)));
    }
}

/// Works out what Python would make of a text.
fn of_evaluator(data: &[u8]) {
    let source = source("gunicorn.conf.py", FileKind::Gunicorn, data);
    evaluated(&source.text);
}

/// Follows a command line to Gunicorn. The first byte says where it is written: in a unit, in its environment, in a
/// script, or in a Compose file.
fn of_command_line(data: &[u8]) {
    let Some((how, line)) = data.split_first() else { return };
    let unit = |lines: &[u8]| [b"[Service]\nWorkingDirectory=/srv/app\n", lines, b"\n"].concat();
    let one_line: Vec<u8> =
        line.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect();
    let mut sources = Sources::default();
    let mut add = |path: &str, kind: FileKind, bytes: &[u8]| {
        sources.add(source(path, kind, bytes));
    };
    match how & 3 {
        0 => add("app.service", FileKind::Systemd, &unit(&[b"ExecStart=", line].concat())),
        1 => {
            let start = b"\nExecStart=/srv/app/bin/gunicorn app:app";
            let lines = [b"Environment=\"GUNICORN_CMD_ARGS=", one_line.as_slice(), b"\"", start].concat();
            add("app.service", FileKind::Systemd, &unit(&lines));
        }
        2 => {
            add(
                "app.service",
                FileKind::Systemd,
                &unit(b"ExecStart=/bin/sh /srv/app/start.sh 8000 --reload"),
            );
            add("app/start.sh", FileKind::Launcher, line);
        }
        _ => {
            let lines = [b"services:\n  app:\n    command: ", one_line.as_slice(), b"\n"].concat();
            add("compose.yaml", FileKind::Compose, &lines);
        }
    }
    let settings = Settings::default();
    let told = Told { target: settings.target, external: &[], limits: &Limits::default() };
    for stack in deployments(|| stacks(&sources, &[], &[]), &sources, told) {
        for unknown in stack.unresolved {
            assert_span(&sources, unknown.span, &unknown.what);
        }
    }
}

fn assert_span(sources: &Sources, span: Span, what: &str) {
    assert_place(&sources.get(span.file).text, span.range(), what);
}

/// A small tree, as the fuzzer writes one: what stands before the first file says how it is looked at, and each file begins
/// with a line `--- KIND PATH`.
pub(crate) struct Tree {
    /// Some number.
    pub(crate) how: u8,
    /// The files.
    pub(crate) sources: Sources,
}

/// What begins a file of a [`Tree`].
pub(crate) const MARK: &[u8] = b"--- ";

/// The most files that are read of one.
const MAX_FILES: usize = 20;

/// The letters of the kinds, in the order of [`FileKind::ALL`].
pub(crate) const LETTERS: &[u8; 7] = b"ngscpml";
/// The letter of a module of the app, which is no configuration.
pub(crate) const MODULE: u8 = b'x';

impl Tree {
    pub(crate) fn read(data: &[u8]) -> Tree {
        let mut tree = Tree { how: 0, sources: Sources::default() };
        let mut files: Vec<(u8, String, Vec<u8>)> = Vec::new();
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            if let Some([kind, b' ', path @ ..]) = line.strip_prefix(MARK) {
                let path = String::from_utf8_lossy(path.trim_ascii()).into_owned();
                files.push((*kind, path, Vec::new()));
            } else if let Some((_, _, text)) = files.last_mut() {
                text.extend_from_slice(line);
            } else {
                tree.how = line[0];
            }
        }
        for (letter, path, text) in files.into_iter().take(MAX_FILES) {
            if let Some(at) = LETTERS.iter().position(|it| *it == letter) {
                tree.sources.add(source(&path, FileKind::ALL[at], &text));
            } else if letter == MODULE {
                tree.sources.note_module(path, String::from_utf8(text).ok());
            }
        }
        tree
    }
}

fn all_shown() -> Settings {
    Settings { show: Severity::Note, ..Settings::default() }
}

fn of_check(data: &[u8]) {
    let tree = Tree::read(data);
    is_checked(&tree.sources, tree.how);
}

/// Checks a tree: the report is always the same, all that it points to is there, and every format can be written.
pub(crate) fn is_checked(sources: &Sources, how: u8) {
    let settings = all_shown();
    let report = check(sources, &settings);
    let again = check(sources, &settings);
    assert_eq!(report.findings, again.findings, "the same input, another report");
    for finding in &report.findings {
        is_well_placed(finding, sources);
    }
    is_written(&report, sources, &settings, how).expect("writing to nothing does not fail");
}

fn is_well_placed(finding: &Finding, sources: &Sources) {
    for label in std::iter::once(&finding.primary).chain(&finding.related) {
        assert_span(sources, label.span, finding.rule);
    }
    for fix in finding.fix.iter().chain(&finding.fix_at_app) {
        for edit in fix.edits() {
            assert_span(sources, edit.span, finding.rule);
        }
    }
}

fn is_written(report: &Report, sources: &Sources, settings: &Settings, how: u8) -> io::Result<()> {
    let to = &mut io::sink();
    let style = output::Style { color: how & 1 == 0, unicode: how & 2 == 0, width: 80 };
    match how % 9 {
        0 => output::concise(report, sources, to),
        1 => output::full(report, sources, style, to),
        2 => output::json(report, sources, to),
        3 => output::sarif(report, sources, to),
        4 => output::github(report, sources, to),
        5 => output::gitlab(report, sources, to),
        6 => output::junit(report, sources, to),
        7 => output::map(report, sources, settings, style, to),
        _ => output::map_json(report, sources, to),
    }
}

/// Writes comments that silence all that is found: where that is possible, nothing is left but what is wrong with comments.
fn of_ignores(data: &[u8]) {
    let Tree { sources, .. } = Tree::read(data);
    let settings = all_shown();
    if let Ok(outcome) = add_ignores(&sources, &settings, "why not") {
        let left = outcome.report.findings.iter().find(|it| !is_about_comments(it.rule));
        assert!(left.is_none(), "{left:?} is left");
        keeps_its_shape(&sources, &outcome.sources);
    }
}

fn of_fix(data: &[u8]) {
    let tree = Tree::read(data);
    let at_least = if tree.how & 1 == 0 { Applicability::Unsafe } else { Applicability::Safe };
    let truth = if tree.how & 2 == 0 { Truth::App } else { Truth::Proxy };
    is_mended(&tree.sources, at_least, truth);
}

/// Mends a tree: there are no more syntax errors than before, no rule finds more that is graver than a note, the shape of
/// the files is kept, and a second run changes nothing.
pub(crate) fn is_mended(sources: &Sources, at_least: Applicability, truth: Truth) {
    let settings = Settings { truth, ..all_shown() };
    let before = check(sources, &settings);
    let outcome = fix(sources, &settings, at_least);
    let after = check(&outcome.sources, &settings);
    assert_eq!(after.findings, outcome.report.findings, "what is said to be left is not what is");
    let refusals = |report: &Report| report.stacks.iter().map(|it| it.refusals.len()).sum::<usize>();
    assert!(refusals(&after) <= refusals(&before), "a fix brings a syntax error: {:?}", outcome.applied);
    // What is said of a unit that systemd refused before is said of one that never ran.
    let units = before.stacks.iter().flat_map(|stack| &stack.units);
    let never_ran: Vec<FileId> = units.filter(|it| it.is_refused()).flat_map(|it| it.files.clone()).collect();
    let (had, has) = (grave(&before, &[]), grave(&after, &never_ran));
    for (rule, now) in has {
        let before = had.get(rule).copied().unwrap_or_default();
        assert!(now <= before, "{rule}: {before} findings, and {now} after {:?}", outcome.applied);
    }
    keeps_its_shape(sources, &outcome.sources);
    let again = fix(&outcome.sources, &settings, at_least);
    assert!(
        again.changed(&outcome.sources).is_empty(),
        "after {:?} a second fix does {:?}",
        outcome.applied,
        again.applied
    );
}

/// How many findings that are graver than notes each rule has, but for those in some files and those of comments.
fn grave(report: &Report, pardoned: &[FileId]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for finding in &report.findings {
        let is_pardoned = pardoned.contains(&finding.primary.span.file) || is_about_comments(finding.rule);
        if finding.severity > Severity::Note && !is_pardoned {
            *counts.entry(finding.rule).or_default() += 1;
        }
    }
    counts
}

/// Asserts that a mark at the beginning of a file, the line ends, a missing line end at its end and its encoding survived.
fn keeps_its_shape(before: &Sources, after: &Sources) {
    for (id, source) in before.iter() {
        let (old, new) = (source.bytes(), after.get(id).bytes());
        if old == new {
            continue;
        }
        let path = &source.path;
        let marked = |bytes: &[u8]| bytes.starts_with(b"\xef\xbb\xbf");
        assert!(!marked(old) || marked(new), "{path}: the byte order mark is gone");
        let feeds = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'\n').count();
        let pairs = |bytes: &[u8]| bytes.windows(2).filter(|pair| pair == b"\r\n").count();
        if feeds(old) > 0 && feeds(old) == pairs(old) {
            assert_eq!(feeds(new), pairs(new), "{path}: a line ends in another way");
        }
        if pairs(old) == 0 && !old.contains(&b'\r') {
            assert_eq!(pairs(new), 0, "{path}: a line ends in another way");
        }
        if old.ends_with(b"\n") {
            assert!(new.is_empty() || new.ends_with(b"\n"), "{path}: the last line end is gone");
        }
        if std::str::from_utf8(old).is_ok() {
            assert!(std::str::from_utf8(new).is_ok(), "{path}: no UTF-8 any more");
        }
    }
}
