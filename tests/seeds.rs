//! Inputs that are known to be worth a try, for each part of hoplint: the stacks of corpus/, the examples of the pages, and
//! `fuzz/seeds`, where what the fuzzer once broke stands as well. The fuzzer begins with them: `HOPLINT_SEEDS=fuzz` writes
//! them where it looks for them (`fuzz/run` does).

use std::collections::{BTreeMap, BTreeSet};

use hoplint::source::{FileKind, Source, Sources};
use hoplint::{directives, units};

use crate::corpus::stacks;
use crate::page::pages;
use crate::sound::{LETTERS, MARK, MODULE, TARGETS, Tree};
use crate::support::{files_below, names_in, read, root, write};

/// The largest seed: what is longer is not mutated well. (The fuzzer stops at the same size.)
const MAX_SEED: usize = 4096;

/// The seeds of each target, without doubles; of the trees one in so many.
pub(crate) fn seeds(every: usize) -> BTreeMap<&'static str, BTreeSet<Vec<u8>>> {
    let mut seeds: BTreeMap<&str, BTreeSet<Vec<u8>>> =
        TARGETS.iter().map(|it| (it.0, BTreeSet::new())).collect();
    let mut add = |target: &'static str, data: Vec<u8>| {
        if data.len() <= MAX_SEED {
            seeds.get_mut(target).unwrap().insert(data);
        }
    };
    for (at, sources) in trees().iter().enumerate() {
        let whole = if at % every == 0 { &["check", "ignores", "fix"][..] } else { &[] };
        for target in whole {
            add(target, written(b'0' + (at % 9) as u8, sources));
        }
        for (_, source) in sources.iter() {
            for target in targets_of(source) {
                add(target, source.bytes().to_vec());
            }
            command_lines(source).into_iter().for_each(|line| add("command_line", line));
        }
        for (_, text) in sources.modules() {
            add("evaluator", text.unwrap_or_default().into());
        }
    }
    for file in files_below(&root().join("tests")) {
        if file.extension().is_some_and(|it| it == "py") {
            add("evaluator", std::fs::read(&file).unwrap());
            add("gunicorn", std::fs::read(&file).unwrap());
        }
    }
    for (target, _) in TARGETS {
        for file in files_below(&root().join("fuzz/seeds").join(target)) {
            add(target, std::fs::read(&file).unwrap());
        }
    }
    seeds
}

/// Small trees: each example of each page, the stacks that are small enough, and otherwise parts of them.
fn trees() -> Vec<Sources> {
    let mut trees: Vec<Sources> = Vec::new();
    for page in pages() {
        let examples = page.sections.iter().flat_map(|section| &section.examples);
        trees.extend(examples.map(|example| example.sources()));
    }
    for stack in stacks() {
        let (sources, _) = read(&stack);
        let name = format!("corpus/{}/", stack.file_name().unwrap().to_str().unwrap());
        let mut part = Sources::default();
        let mut size = 0;
        for (_, source) in sources.iter() {
            if size + source.bytes().len() > MAX_SEED - 400 {
                trees.push(std::mem::take(&mut part));
                size = 0;
            }
            size += source.bytes().len();
            let path = source.path.strip_prefix(&name).unwrap_or(&source.path);
            part.add(Source::new(path, source.kind, source.bytes().to_vec()));
        }
        trees.push(part);
    }
    trees.retain(|tree| !tree.is_empty());
    trees
}

/// The text that is read as a tree. Where a file does not end in a line end, it gets one.
fn written(how: u8, sources: &Sources) -> Vec<u8> {
    let mut data = vec![how, b'\n'];
    let mut write = |letter: u8, path: &str, text: &[u8]| {
        data.extend([MARK, &[letter], b" ", path.as_bytes(), b"\n", text].concat());
        if !data.ends_with(b"\n") {
            data.push(b'\n');
        }
    };
    for (_, source) in sources.iter() {
        let letter = FileKind::ALL.iter().position(|kind| *kind == source.kind).map(|at| LETTERS[at]);
        write(letter.unwrap_or(MODULE), &source.path, source.bytes());
    }
    for (path, text) in sources.modules() {
        write(MODULE, path, text.unwrap_or_default().as_bytes());
    }
    data
}

/// The targets that a file is for.
fn targets_of(source: &Source) -> &'static [&'static str] {
    match source.kind {
        FileKind::Nginx => &["nginx"],
        FileKind::Gunicorn => &["gunicorn", "evaluator"],
        FileKind::Systemd => &["systemd"],
        FileKind::Compose => &["compose"],
        FileKind::Packages => &["packages"],
        FileKind::Machine => &["machine"],
        FileKind::Launcher => &["shell"],
    }
}

/// The command lines of a unit, and a script as one.
fn command_lines(source: &Source) -> Vec<Vec<u8>> {
    match source.kind {
        FileKind::Systemd => {
            let lines = source.text.replace("\\\n", " ");
            let values = lines.split('\n').filter_map(|line| line.strip_prefix("ExecStart="));
            values.map(|value| format!("0{value}").into_bytes()).collect()
        }
        FileKind::Launcher if source.path.ends_with(".sh") => vec![[b"2", source.bytes()].concat()],
        _ => Vec::new(),
    }
}

/// Words that the fuzzer may put into an input, by target.
fn words(target: &str) -> BTreeSet<String> {
    const NGINX: &str = "{ } ; ${x} {{ }} {% %} 127.0.0.1: unix:/run/a.sock http:// 0s 16k on off if map \
        # hoplint: ignore[";
    const PYTHON: &str = "def if elif else for while try except finally with class lambda import from return global \
        os.environ.get( f\" r' b\"\"\" := ** // -> ... not in is None True False int( str( .format( .join( % [ ] ( ) { }";
    const SYSTEMD: &str = "[Unit] [Service] [Socket] [Install] %i %n %% ${X} $X \\ infinity 5s 0 yes no - + ! : @ | gunicorn \
        /bin/sh -c";
    const SHELL: &str = "if then elif else fi for in do done while until case esac { } ( ) && || | & ; ;; <<EOF $( ) ` ${ } \
        ${x:-y} \"$@\" export cd set -e exec . eval gunicorn 2>&1 $(dirname \"$0\") function time !";
    const COMMAND: &str = "gunicorn --bind= -b -w -k -c --chdir= --env -- python -m sh -c env sudo -u nice timeout poetry run uv \
        app:app $X ${X} \" ' \\ %i @ : - + ! [\" \"] , exec";
    const YAML: &str = "services: command: ports: image: environment: network_mode: host &a *a << : - | > {{ }} [ ] , ? ! ---";
    const TOML: &str = "[project] dependencies [tool.poetry.dependencies] gunicorn == >= ~= ^ [[package]] name version = \" ' , \
        [ ] { } \\ --hash=sha256: ; \"default\": d f L u g r / 0755 root : ! %% -";
    let nginx = || directives::all().iter().map(|it| it.name);
    let systemd = || units::all().iter().map(|it| it.name);
    let split = |text: &'static str| text.split(' ').filter(|word| !word.is_empty());
    let some: Vec<&str> = match target {
        "nginx" => split(NGINX).chain(nginx()).collect(),
        "gunicorn" | "evaluator" => split(PYTHON).collect(),
        "systemd" => split(SYSTEMD).chain(systemd()).collect(),
        "shell" => split(SHELL).collect(),
        "command_line" => split(COMMAND).chain(split(SHELL)).collect(),
        "compose" => split(YAML).collect(),
        "packages" | "machine" => split(TOML).collect(),
        "configuration" => split(TOML).chain(hoplint::config::KEYS.iter().map(|key| key.name)).collect(),
        _ => {
            let all = [NGINX, PYTHON, SYSTEMD, SHELL, COMMAND, YAML].into_iter().flat_map(split);
            let marks = [
                "\n--- n a.conf\n",
                "\n--- g gunicorn.conf.py\n",
                "\n--- s a.service\n",
                "\n--- s a.socket\n",
            ];
            all.chain(marks).chain(nginx().filter(|name| name.starts_with("proxy_"))).collect()
        }
    };
    some.into_iter().map(str::to_owned).collect()
}

/// A dictionary as libFuzzer reads it.
fn dictionary(target: &str) -> String {
    let escaped = |word: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' || byte == b' ';
        let escape =
            |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("\\x{byte:02x}") };
        word.bytes().map(escape).collect()
    };
    words(target).iter().map(|word| format!("\"{}\"\n", escaped(word))).collect()
}

#[test]
fn every_seed_is_sound() {
    if let Some(directory) = std::env::var_os("HOPLINT_SEEDS") {
        let directory = root().join(directory);
        for (target, seeds) in &seeds(1) {
            for (at, seed) in seeds.iter().enumerate() {
                write(&directory.join("corpus").join(target).join(format!("seed-{at:03}")), seed);
            }
            write(&directory.join("dictionaries").join(target), dictionary(target));
        }
        return;
    }
    // The examples of the pages are checked and mended by other tests as well.
    let seeds = seeds(20);
    for (target, holds) in TARGETS {
        let seeds = &seeds[target];
        assert!(!seeds.is_empty(), "{target} has no seeds");
        for seed in seeds {
            let held = std::panic::catch_unwind(|| holds(seed));
            assert!(held.is_ok(), "{target}: {}", String::from_utf8_lossy(seed));
        }
    }
}

#[test]
fn every_target_is_fuzzed() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| format!("{name}.rs")).collect();
    assert_eq!(BTreeSet::from_iter(names_in(&root().join("fuzz/targets"))), targets);
    for name in targets {
        let text = std::fs::read_to_string(root().join("fuzz/targets").join(&name)).unwrap();
        assert!(text.contains(&format!("run(\"{}\", data)", name.trim_end_matches(".rs"))), "{name}");
    }
}

#[test]
fn a_tree_is_read_as_it_was_written() {
    for sources in trees() {
        let data = written(b'7', &sources);
        let tree = Tree::read(&data);
        assert_eq!(tree.how, b'7');
        assert!(written(b'7', &tree.sources) == data, "{}", String::from_utf8_lossy(&data));
    }
}
