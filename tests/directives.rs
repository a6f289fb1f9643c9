//! The table of nginx's directives, row by row against what the real nginx says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use hoplint::directives::{Arguments, Context, Directive, Release, Verdict, all, judge, named};
use rayon::prelude::*;

use crate::real;
use crate::support::asking;

/// What nginx stops at where it accepts what stands before.
const STOP: &str = "hoplint_stop";

/// The dynamic modules that hold a whole protocol.
const PROTOCOLS: [&str; 2] = ["ngx_stream_module.so", "ngx_mail_module.so"];

/// Every context, and what stands around it.
const CONTEXTS: [(Context, &str); 14] = [
    (Context::Main, ""),
    (Context::Events, "events {"),
    (Context::Http, "http {"),
    (Context::Server, "http { server {"),
    (Context::ServerIf, "http { server { if ($host) {"),
    (Context::Location, "http { server { location / {"),
    (Context::LocationIf, "http { server { location / { if ($host) {"),
    (Context::LimitExcept, "http { server { location / { limit_except GET {"),
    (Context::Upstream, "http { upstream u {"),
    (Context::Stream, "stream {"),
    (Context::StreamServer, "stream { server {"),
    (Context::StreamUpstream, "stream { upstream u {"),
    (Context::Mail, "mail {"),
    (Context::MailServer, "mail { server {"),
];

/// The arguments of a statement: `a` is neither `on` nor `off`.
const WORDS: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];

/// A real nginx.
struct Nginx {
    path: PathBuf,
    release: Release,
    /// The lines that load the dynamic modules of whole protocols, and those that load all of them, which is slow.
    protocols: String,
    modules: String,
    /// The directory that it works in.
    scratch: tempfile::TempDir,
}

/// A statement in its place.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    context: Context,
    arguments: usize,
    is_block: bool,
}

impl Nginx {
    /// What it says first of a text: the text of the emergency.
    fn says(&self, text: &str) -> String {
        self.says_with(&self.protocols, text)
    }

    fn says_with(&self, modules: &str, text: &str) -> String {
        let thread = rayon::current_thread_index().unwrap_or_default();
        let file = self.scratch.path().join(format!("{thread}.conf"));
        std::fs::write(&file, format!("{modules}{text}")).unwrap();
        let mut command = Command::new(&self.path);
        command.arg("-t").arg("-p").arg(self.scratch.path()).arg("-c").arg(file).args(["-e", "stderr"]);
        let said = String::from_utf8_lossy(&command.output().unwrap().stderr).into_owned();
        // `2026/11/24 19:43:35 [emerg] 3306#3306: unknown directive "x" in /tmp/0.conf:1`
        let Some((_, first)) = said.split_once("[emerg] ") else { return String::new() };
        let (process, rest) = first.split_once(": ").unwrap_or_default();
        let first = if process.contains('#') { rest } else { first };
        first.split(" in /").next().unwrap_or_default().trim_end().to_owned()
    }

    fn says_of(&self, case: Case) -> String {
        let words: String = WORDS[..case.arguments].iter().map(|word| format!(" {word}")).collect();
        let end = if case.is_block { " { }" } else { ";" };
        let (_, around) = CONTEXTS.iter().find(|(context, _)| *context == case.context).unwrap();
        let text = format!("{around}\n{}{words}{end}\n{STOP};\n", case.name);
        let said = self.says(&text);
        let is_unknown = said == format!("unknown directive \"{}\"", case.name);
        if is_unknown && self.modules != self.protocols { self.says_with(&self.modules, &text) } else { said }
    }

    fn knows(&self, name: &str) -> bool {
        self.says_with(&self.modules, &format!("{name};\n")) != format!("unknown directive \"{name}\"")
    }
}

/// What the table expects nginx to say first; nothing where it is the module's word, or nobody's.
fn expected(case: Case, release: Release) -> Option<String> {
    let Case { name, context, arguments, is_block } = case;
    let first = WORDS[..arguments].first().copied();
    let said = match judge(named(name), context, arguments, first, is_block, release) {
        Verdict::Accepted(_) => return None,
        Verdict::NotTerminated(_) => format!("directive \"{name}\" is not terminated by \";\""),
        Verdict::NoOpening(_) => format!("directive \"{name}\" has no opening \"{{\""),
        Verdict::NotAllowedHere => format!("\"{name}\" directive is not allowed here"),
        Verdict::WrongNumberOfArguments(_) => format!("invalid number of arguments in \"{name}\" directive"),
        Verdict::NotOnOrOff(_) => {
            format!("invalid value \"a\" in \"{name}\" directive, it must be \"on\" or \"off\"")
        }
        Verdict::Unknown => format!("unknown directive \"{name}\""),
    };
    Some(said)
}

/// Whether it is one of the words that the table speaks.
fn is_ours(said: &str, name: &str) -> bool {
    [
        format!("directive \"{name}\" is not terminated by \";\""),
        format!("directive \"{name}\" has no opening \"{{\""),
        format!("\"{name}\" directive is not allowed here"),
        format!("invalid number of arguments in \"{name}\" directive"),
        format!("unknown directive \"{name}\""),
    ]
    .contains(&said.to_owned())
        || said.ends_with(&format!("in \"{name}\" directive, it must be \"on\" or \"off\""))
}

/// The nginx that the tests ask, and in the long mode an older one if `HOPLINT_NGINX_OLD` names it: loading the modules of
/// a distribution thousands of times takes minutes.
fn nginxes() -> Vec<Nginx> {
    let is_long = std::env::var_os("HOPLINT_LONG").is_some();
    let old = std::env::var_os("HOPLINT_NGINX_OLD").filter(|_| is_long).map(PathBuf::from);
    real::nginx().into_iter().chain(old).map(nginx).collect()
}

fn nginx(path: PathBuf) -> Nginx {
    let output = Command::new(&path).arg("-V").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let version = said.split_once("nginx/").unwrap().1.split_whitespace().next().unwrap();
    let numbers: Vec<u32> = version.split('.').map(|number| number.parse().unwrap()).collect();
    let [major, minor, patch] = numbers[..] else { panic!("{version}") };
    let option = |name: &str| said.split_whitespace().find_map(|word| word.strip_prefix(name));
    let files = option("--modules-path=").map_or_else(Vec::new, |path| dynamic(Path::new(path)));
    let load = |file: &PathBuf| format!("load_module {};\n", file.display());
    let is_protocol = |file: &&PathBuf| PROTOCOLS.iter().any(|name| file.ends_with(name));
    Nginx {
        path,
        release: (major, minor, patch),
        protocols: files.iter().filter(is_protocol).map(load).collect(),
        modules: files.iter().map(load).collect(),
        scratch: tempfile::tempdir().unwrap(),
    }
}

/// The dynamic modules, those of whole protocols before others of the protocol.
fn dynamic(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort_by_key(|file| (!PROTOCOLS.iter().any(|name| file.ends_with(name)), file.clone()));
    files
}

/// What is asked of each name: as it is in every context, and where it may stand with the numbers of arguments
/// around its bounds, and with a block where it wants none. `rows` are those of the release.
fn cases(name: &'static str, rows: &[&Directive], contexts: &[Context]) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut foreign = None;
    for context in contexts.iter().copied() {
        let row = rows.iter().find(|row| row.allowed_in(context));
        let is_block = rows.first().is_some_and(|row| row.is_block);
        let Some(row) = row else {
            // Blocks that nginx reads with other modules are all the same to it: one is asked for.
            let family = family(context as u16);
            let is_foreign = rows.iter().all(|row| self::family(row.contexts) != family);
            if !is_foreign || foreign.is_none_or(|seen| seen == context) {
                foreign = foreign.or(is_foreign.then_some(context));
                cases.push(Case { name, context, arguments: 1, is_block });
            }
            continue;
        };
        let is_block = row.is_block;
        let (least, most) = match row.arguments {
            Arguments::Between(least, most) => (usize::from(least), usize::from(most)),
            Arguments::AtLeast(least) => (usize::from(least), 8),
            Arguments::Switch => (1, 1),
        };
        // In the first context all bounds are asked for, elsewhere the one that is most telling.
        if rows.iter().any(|row| row.contexts.trailing_zeros() == (context as u16).trailing_zeros()) {
            let counts = BTreeSet::from([least.saturating_sub(1), least, most, most + 1]);
            cases.extend(counts.into_iter().map(|arguments| Case { name, context, arguments, is_block }));
            cases.push(Case { name, context, arguments: 1, is_block: !is_block });
        } else {
            cases.push(Case { name, context, arguments: most + 1, is_block });
        }
    }
    cases
}

/// Which protocol's modules some contexts belong to: those that one `cf->module_type` stands for.
fn family(contexts: u16) -> usize {
    let families: [&[Context]; 4] = [
        &[Context::Main],
        &[Context::Events],
        &[Context::Stream, Context::StreamServer, Context::StreamUpstream],
        &[Context::Mail, Context::MailServer],
    ];
    let holds = |family: &&[Context]| family.iter().any(|context| contexts & *context as u16 != 0);
    families.iter().position(holds).unwrap_or(families.len())
}

#[test]
fn the_table_says_what_nginx_says() {
    for nginx in nginxes() {
        let release = nginx.release;
        let stop = format!("unknown directive \"{STOP}\"");
        let contexts: Vec<Context> = CONTEXTS
            .iter()
            .filter(|(_, around)| nginx.says(&format!("{around}\n{STOP};\n")) == stop)
            .map(|(context, _)| *context)
            .collect();
        let mut names: Vec<&'static str> = all().iter().map(|row| row.name).collect();
        names.dedup();
        let known: BTreeMap<&str, bool> =
            asking().install(|| names.par_iter().map(|name| (*name, nginx.knows(name))).collect());
        let mut wrong = half_known(&known, release);
        let cases: Vec<Case> = names
            .iter()
            .filter(|name| known[*name])
            .flat_map(|name| {
                let rows: Vec<&Directive> = named(name).iter().filter(|row| row.is_in(release)).collect();
                cases(name, &rows, &contexts)
            })
            .collect();
        let said = cases.par_iter().filter_map(|case| {
            let (expected, said) = (expected(*case, release), nginx.says_of(*case));
            let agrees = match &expected {
                Some(expected) => said == *expected,
                None => !is_ours(&said, case.name),
            };
            (!agrees).then(|| format!("{case:?}\n  table: {expected:?}\n  nginx: {said}"))
        });
        wrong.extend(asking().install(|| said.collect::<Vec<String>>()));
        eprintln!("{release:?}: {} names, {} questions, {contexts:?}", known.len(), cases.len());
        assert!(wrong.is_empty(), "nginx {release:?}:\n{}", wrong.join("\n"));
    }
}

/// The names that the table knows in a release and nginx does not, though nginx has others of the module.
fn half_known(known: &BTreeMap<&str, bool>, release: Release) -> Vec<String> {
    let mut modules: BTreeMap<(&str, usize, bool), Vec<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (name, is_known) in known {
        let rows: Vec<&Directive> = named(name).iter().filter(|row| row.is_in(release)).collect();
        match rows[..] {
            [] if *is_known => wrong.push(format!("{name}: the table does not know it in this release")),
            [row] => modules.entry((row.module, family(row.contexts), *is_known)).or_default().push(name),
            _ => {}
        }
    }
    for ((module, family, is_known), names) in &modules {
        if !is_known && modules.contains_key(&(module, *family, true)) {
            wrong.push(format!("{module}: nginx does not know {names:?}"));
        }
    }
    wrong
}
