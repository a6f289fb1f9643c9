//! Escaped names as `systemd-escape` writes and reads them, and drop-ins in the order of `systemd-analyze cat-config`.

use std::path::Path;
use std::process::Command;

use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::source::{FileKind, Source, Sources};

use crate::real;
use crate::support::{read, write};

/// What a text is as a name, or a name as a text; `None` where it is refused.
fn escape(options: &[&str], text: &str) -> Option<String> {
    let output = Command::new("systemd-escape").args(options).args(["--", text]).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| said.trim_end_matches('\n').to_owned())
}

/// Texts of all sorts, made of pieces that are escaped or are not.
fn texts() -> Vec<String> {
    let pieces = ["a", "/", "-", ".", "\\", "x2d", "ä", " ", ":", "_", "8000", "@"];
    let two = pieces.iter().flat_map(|a| pieces.iter().map(move |b| format!("{a}{b}")));
    let mut texts: Vec<String> = pieces.iter().map(ToString::to_string).chain(two).collect();
    texts.extend(
        ["srv/shop/run", "/srv/shop", "a-b/c", "shop.example.org", "\\x2d", "a//b", "x-y-z"].map(Into::into),
    );
    texts
}

/// The names of the instances, and what `%I` is in each by what hoplint says.
fn instances(names: &[String]) -> Vec<Option<String>> {
    let mut sources = Sources::default();
    for name in names {
        let text = "[Service]\nExecStart=/bin/echo =%I\n";
        sources.add(Source::new(format!("web@{name}.service"), FileKind::Systemd, text.into()));
    }
    let stacks = check(&sources, &Settings::default()).stacks;
    let units: Vec<_> = stacks.iter().flat_map(|stack| &stack.units).collect();
    let of = |name: &String| {
        let unit = units.iter().find(|unit| unit.name == format!("web@{name}.service"))?;
        let word = unit.commands.first()?.words.get(1)?.text.known()?;
        word.strip_prefix('=').map(str::to_owned)
    };
    names.iter().map(of).collect()
}

#[test]
fn escaped_names_are_read_as_systemd_reads_them() {
    if real::systemd_analyze().is_none() {
        return;
    }
    let mut names: Vec<String> = texts().iter().filter_map(|text| escape(&[], text)).collect();
    // What nobody escapes so is read all the same.
    names.extend(["a-b", "-", "a-", "x\\x41", "\\xc3\\xa4", "\\x2f", "a.b", "..", "\\x2e"].map(Into::into));
    names.sort();
    names.dedup();
    names.retain(|name| !name.is_empty());
    let mut compared = 0;
    for (name, our) in names.iter().zip(instances(&names)) {
        let their = escape(&["--unescape"], name);
        assert!(our.is_none() || our == their, "{name}: hoplint {our:?}, systemd {their:?}");
        compared += usize::from(our.is_some());
    }
    eprintln!("{compared} of {} names compared", names.len());
    assert!(compared > 100, "{compared}");
}

/// The files that `cat-config` prints, in their order, below the root.
fn cat(analyze: &Path, root: &Path, unit: &str) -> Vec<String> {
    let mut command = Command::new(analyze);
    command.arg("cat-config").arg(format!("--root={}", root.display())).arg(format!("systemd/system/{unit}"));
    let output = command.output().expect("systemd-analyze runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let root = format!("# {}/", root.display());
    printed.split('\n').filter_map(|line| Some(line.strip_prefix(&root)?.to_owned())).collect()
}

#[test]
fn files_are_read_in_the_order_of_cat_config() {
    let Some(analyze) = real::systemd_analyze() else { return };
    let roots = ["etc", "run", "usr/lib"];
    let names = ["05.conf", "10-a.conf", "10-b.conf", "9.conf", "a.conf", "no.txt", "Z.conf"];
    // Which root has which drop-in: every pattern that a number of two bits a name spells.
    for seed in 0..40_usize {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let place = |root: &str| scratch.path().join(root).join("systemd/system");
        let first = roots[seed % roots.len()];
        write(&place(first).join("shop.service"), "[Service]\nExecStart=/bin/true\n");
        write(&place("usr/lib").join("shop.service"), "[Service]\nExecStart=/bin/false\n");
        for (at, name) in names.iter().enumerate() {
            for (rank, root) in roots.iter().enumerate() {
                if (seed * 7 + at * 5 + rank * 11) % 4 < 2 {
                    let text = format!("[Service]\nEnvironment=A={at}\n");
                    write(&place(root).join("shop.service.d").join(name), text);
                }
            }
        }
        let (sources, settings) = read(scratch.path());
        let stacks = check(&sources, &settings).stacks;
        let unit = stacks.iter().flat_map(|stack| &stack.units).find(|unit| unit.name == "shop.service");
        let files = unit.expect("the unit is there").files.iter();
        let our: Vec<String> = files.map(|file| sources.get(*file).path.clone()).collect();
        let root = scratch.path().canonicalize().expect("it is there");
        let their = cat(&analyze, &root, "shop.service");
        let below = |path: &String| {
            ["etc/", "run/", "usr/lib/"].iter().find_map(|it| path.find(it).map(|at| path[at..].to_owned()))
        };
        assert_eq!(our.iter().filter_map(below).collect::<Vec<_>>(), their, "{seed}");
        assert!(their.len() > 1, "{seed}");
    }
}
