//! The keys of the configuration: the one list that it is read by, that its schema is made of, and that its page is held to.

use std::path::PathBuf;

use super::glob::relative_fault;
use super::limits::LIMITS;
use super::reader::{Reader, Value};
use super::selector::{Selector, level, level_names};
use super::versions::Program;
use super::{Settings, StackSettings, Truth, address};
use crate::finding::Severity;
use crate::limits::Limit;
use crate::model::Version;
use crate::value::Globs;

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What may stand there.
    pub takes: Takes,
    /// What it does, in a sentence or two.
    pub about: &'static str,
    /// What holds without it, as it would be written; empty where nothing does.
    pub default: &'static str,
    /// Whether its table has to have it.
    pub required: bool,
    /// Reads its value.
    pub(super) read: fn(&mut Reader, &Value, &mut Settings),
}

/// What may stand at a key.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// `true` or `false`.
    Flag,
    /// A severity.
    Severity,
    /// `app` or `proxy`.
    Truth,
    /// A version of a program.
    Version(Program),
    /// A size or a number that a limit can be.
    Limit(Limit),
    /// The path of a file.
    File,
    /// A pattern of directories.
    Root,
    /// A list of rules and categories.
    Selectors,
    /// A list of globs of files.
    Globs,
    /// A list of addresses.
    Addresses,
    /// A table of rules and categories, and severities or `off`.
    Severities,
    /// A table of globs, and lists of rules and categories.
    Ignores,
    /// A table of absolute paths, and paths from the directory of the configuration on.
    Paths,
    /// A table with these keys.
    Table(&'static [Key]),
    /// A list of tables with these keys.
    Tables(&'static [Key]),
}

/// All keys, in the order in which they are shown.
pub static KEYS: &[Key] = &[
    Key {
        name: "select",
        takes: Takes::Selectors,
        about: "The rules and categories that are on. What names a rule goes before what names its category, and that before \
                `all`.",
        default: "[\"all\"]",
        required: false,
        read: |reader, value, settings| settings.select = reader.selectors(value),
    },
    Key {
        name: "ignore",
        takes: Takes::Selectors,
        about: "The rules and categories that are off. Where `select` and `ignore` name a rule equally closely, it is off.",
        default: "",
        required: false,
        read: |reader, value, settings| settings.ignore = reader.selectors(value),
    },
    Key {
        name: "fail-on",
        takes: Takes::Severity,
        about: "The mildest severity that makes a run fail, with exit status 1.",
        default: "\"warning\"",
        required: false,
        read: |reader, value, settings| {
            let words = [Severity::Error, Severity::Warning, Severity::Note].map(|it| (it.name(), it));
            settings.fail_on = reader.word(value, &words).unwrap_or(settings.fail_on);
        },
    },
    Key {
        name: "pedantic",
        takes: Takes::Flag,
        about: "Whether notes are shown too: what is harmless by itself.",
        default: "false",
        required: false,
        read: |reader, value, settings| settings.pedantic = reader.flag(value).unwrap_or_default(),
    },
    Key {
        name: "baseline",
        takes: Takes::File,
        about: "The file with the findings that are known, from the directory of the configuration on: what is in it is \
                neither shown nor mended, and fails no run.",
        default: "",
        required: false,
        read: |reader, value, settings| {
            let path = |text: &str| match text.is_empty() {
                true => Err("a file has to have a name".to_owned()),
                false => Ok(PathBuf::from(text)),
            };
            settings.baseline_file = reader.text(value, path);
        },
    },
    Key {
        name: "external",
        takes: Takes::Addresses,
        about: "Addresses that something serves which is not in the tree. No rule says of them that nobody answers there, or \
                the wrong one.",
        default: "[]",
        required: false,
        read: |reader, value, settings| settings.external = reader.list(value, address::parse),
    },
    Key {
        name: "exclude",
        takes: Takes::Globs,
        about: "Files that are not read at all, as a .gitignore beside the configuration would name them.",
        default: "[]",
        required: false,
        read: |reader, value, settings| settings.exclude = globs(reader, value),
    },
    Key {
        name: "include",
        takes: Takes::Globs,
        about: "Files that are read even where .gitignore leaves them out or their name tells nothing.",
        default: "[]",
        required: false,
        read: |reader, value, settings| settings.include = globs(reader, value),
    },
    Key {
        name: "severity",
        takes: Takes::Severities,
        about: "What findings of a rule or a category are instead of what the rule says: `error`, `warning`, `note`, or \
                `off`. What names a rule goes before what names its category, and that before `all`.",
        default: "",
        required: false,
        read: severities,
    },
    Key {
        name: "per-path-ignores",
        takes: Takes::Ignores,
        about: "The rules and categories that are silent about some files: those whose findings point at a file that the \
                glob matches. What they point at besides does not count.",
        default: "",
        required: false,
        read: ignores,
    },
    Key {
        name: "fix",
        takes: Takes::Table(FIX),
        about: "How `--fix` mends.",
        default: "",
        required: false,
        read: |reader, value, settings| keys(reader, value, FIX, settings),
    },
    Key {
        name: "target",
        takes: Takes::Table(TARGET),
        about: "The versions of the programs that are meant.",
        default: "",
        required: false,
        read: |reader, value, settings| keys(reader, value, TARGET, settings),
    },
    Key {
        name: "files",
        takes: Takes::Table(FILES),
        about: "Files that are of a language whatever they are called and whatever they look like.",
        default: "",
        required: false,
        read: |reader, value, settings| keys(reader, value, FILES, settings),
    },
    Key {
        name: "limits",
        takes: Takes::Table(LIMITS),
        about: "How much is read, so that a hostile tree costs no more than a message.",
        default: "",
        required: false,
        read: |reader, value, settings| keys(reader, value, LIMITS, settings),
    },
    Key {
        name: "stack",
        takes: Takes::Tables(STACK),
        about: "A machine of its own, or several: files of different machines never meet.",
        default: "",
        required: false,
        read: stacks,
    },
];

static FIX: &[Key] = &[Key {
    name: "truth",
    takes: Takes::Truth,
    about: "Which end of a hop is right where the two disagree and both could be mended: `--fix` makes the other one follow.",
    default: "\"app\"",
    required: false,
    read: |reader, value, settings| {
        settings.truth = reader.word(value, &Truth::ALL.map(|it| (it.name(), it))).unwrap_or_default();
    },
}];

static TARGET: &[Key] = &[
    Key {
        name: "nginx",
        takes: Takes::Version(Program::Nginx),
        about: "The version of nginx.",
        default: "\"1.31.3\"",
        required: false,
        read: |reader, value, settings| version(reader, value, Program::Nginx, &mut settings.target.nginx),
    },
    Key {
        name: "gunicorn",
        takes: Takes::Version(Program::Gunicorn),
        about: "The version of Gunicorn, where no lock file and no requirement of the tree says it.",
        default: "\"27.0.1\"",
        required: false,
        read: |reader, value, settings| {
            version(reader, value, Program::Gunicorn, &mut settings.target.gunicorn)
        },
    },
    Key {
        name: "systemd",
        takes: Takes::Version(Program::Systemd),
        about: "The version of systemd.",
        default: "\"257\"",
        required: false,
        read: |reader, value, settings| {
            version(reader, value, Program::Systemd, &mut settings.target.systemd)
        },
    },
];

static FILES: &[Key] = &[
    Key {
        name: "nginx",
        takes: Takes::Globs,
        about: "Files of nginx's.",
        default: "[]",
        required: false,
        read: |reader, value, settings| settings.files.nginx = globs(reader, value),
    },
    Key {
        name: "gunicorn",
        takes: Takes::Globs,
        about: "Configuration files of Gunicorn's.",
        default: "[]",
        required: false,
        read: |reader, value, settings| settings.files.gunicorn = globs(reader, value),
    },
    Key {
        name: "systemd",
        takes: Takes::Globs,
        about: "Units of systemd's, and drop-ins.",
        default: "[]",
        required: false,
        read: |reader, value, settings| settings.files.systemd = globs(reader, value),
    },
];

static STACK: &[Key] = &[
    Key {
        name: "root",
        takes: Takes::Root,
        about: "The directory of the machine, from the directory of the configuration on; `*` stands for any one name, so that \
                each directory of that pattern is a machine.",
        default: "",
        required: true,
        read: |reader, value, settings| {
            let root = reader.text(value, path);
            stack(settings, |stack| stack.root = root.unwrap_or_default());
        },
    },
    Key {
        name: "include",
        takes: Takes::Globs,
        about: "Files elsewhere that belong to the machine too, from the directory of the configuration on.",
        default: "[]",
        required: false,
        read: |reader, value, settings| {
            let include = globs(reader, value);
            stack(settings, |stack| stack.include = include);
        },
    },
    Key {
        name: "exclude",
        takes: Takes::Globs,
        about: "Files below the root that do not belong to the machine.",
        default: "[]",
        required: false,
        read: |reader, value, settings| {
            let exclude = globs(reader, value);
            stack(settings, |stack| stack.exclude = exclude);
        },
    },
    Key {
        name: "paths",
        takes: Takes::Paths,
        about: "Where files of the machine lie in the tree: an absolute directory or file, and its path from the directory of \
                the configuration on.",
        default: "",
        required: false,
        read: paths,
    },
];

/// The keys of a table of fixed keys.
fn keys(reader: &mut Reader, value: &Value, keys: &'static [Key], settings: &mut Settings) {
    if let Some(table) = reader.table(value) {
        reader.keys(table, keys, settings);
    }
}

/// Reads the version of a program that is meant.
fn version(reader: &mut Reader, value: &Value, program: Program, meant: &mut Version) {
    if let Some(version) = reader.text(value, |text| program.version(text)) {
        *meant = version;
    }
}

fn glob(text: &str) -> Result<String, String> {
    Globs::fault(text).map_or_else(|| Ok(text.into()), Err)
}

fn globs(reader: &mut Reader, value: &Value) -> Vec<String> {
    reader.list(value, glob)
}

fn path(text: &str) -> Result<String, String> {
    relative_fault(text).map_or_else(|| Ok(text.into()), Err)
}

fn severities(reader: &mut Reader, value: &Value, settings: &mut Settings) {
    let words: Vec<_> = level_names().iter().filter_map(|name| Some((*name, level(name)?))).collect();
    for (name, value) in reader.table(value).into_iter().flatten() {
        reader.at(name, |reader| match Selector::parse(name.get_ref()) {
            Ok(selector) => {
                settings.severity.extend(reader.word(value, &words).map(|severity| (selector, severity)));
            }
            Err(message) => reader.fault(name.span(), message, None),
        });
    }
}

fn ignores(reader: &mut Reader, value: &Value, settings: &mut Settings) {
    for (name, value) in reader.table(value).into_iter().flatten() {
        reader.at(name, |reader| match Globs::new(&[name.get_ref().to_string()]) {
            Ok(globs) => settings.per_path_ignores.push((globs, reader.selectors(value))),
            Err(message) => reader.fault(name.span(), message, None),
        });
    }
}

fn stacks(reader: &mut Reader, value: &Value, settings: &mut Settings) {
    reader.tables(value, |reader, table, span| {
        settings.stacks.push(StackSettings::default());
        let before = reader.faults();
        reader.keys(table, STACK, settings);
        // It may be there, misspelt.
        if !table.contains_key("root") && reader.faults() == before {
            reader.fault(span, "a `[[stack]]` has to have a `root`".into(), None);
        }
    });
}

/// Changes the machine that is being read.
fn stack(settings: &mut Settings, change: impl FnOnce(&mut StackSettings)) {
    if let Some(stack) = settings.stacks.last_mut() {
        change(stack);
    }
}

fn paths(reader: &mut Reader, value: &Value, settings: &mut Settings) {
    for (name, value) in reader.table(value).into_iter().flatten() {
        let deployed = name.get_ref();
        reader.at(name, |reader| {
            if !deployed.starts_with('/') {
                let message = format!("`{deployed}` has to be an absolute path of the machine");
                return reader.fault(name.span(), message, None);
            }
            if let Some(path) = reader.text(value, path) {
                stack(settings, |stack| stack.paths.push((deployed.to_string(), path)));
            }
        });
    }
}
