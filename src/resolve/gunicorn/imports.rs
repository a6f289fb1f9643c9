//! Modules of the tree that a configuration imports.
//!
//! The directory that Gunicorn starts in comes first on `sys.path` when it executes its configuration (`chdir` of
//! `gunicorn/app/base.py`, the same in 20.1.0, 23.0.0 and 27.0.1), but for what Python has loaded by then.

use std::collections::{BTreeMap, BTreeSet};

use super::apps::Stack;
use crate::source::FileId;
use crate::syntax::Parsed;
use crate::syntax::gunicorn::{Statement, StatementKind, Tree};

/// Modules that may be loaded already when the configuration is executed, or that Python finds elsewhere: those of its
/// standard library (3.11's `sys.stdlib_module_names`, with what other releases have), and what Gunicorn imports.
const ELSEWHERE: &str = "\
    abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb \
    binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections \
    colorsys compileall compression concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes \
    curses dataclasses datetime dbm decimal difflib dis distutils doctest email encodings ensurepip enum errno \
    eventlet faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt \
    getpass gettext gevent glob graphlib greenlet grp gunicorn gzip hashlib heapq hmac html http idlelib imaplib \
    imghdr imp importlib inspect io ipaddress itertools json keyword lib2to3 linecache locale logging lzma \
    mailbox mailcap marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt \
    ntpath nturl2path numbers opcode operator optparse os ossaudiodev packaging pathlib pdb pickle pickletools \
    pip pipes pkg_resources pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd \
    py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter \
    runpy sched secrets select selectors setuptools shelve shlex shutil signal site sitecustomize six smtpd \
    smtplib sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics \
    string stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile \
    termios textwrap this threading time timeit tkinter token tokenize tomllib tornado trace traceback \
    tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib usercustomize uu uuid venv \
    warnings wave weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport zlib \
    zoneinfo zope";

/// The last components of all modules that the files import anywhere, and of the names that they take from them.
pub(super) fn named(trees: &BTreeMap<FileId, Parsed<Tree>>) -> BTreeSet<&str> {
    let last = |path: &'_ str| -> usize { path.rfind('.').map_or(0, |at| at + 1) };
    let mut named = BTreeSet::new();
    let mut pending: Vec<&Statement> = trees.values().flat_map(|parsed| &parsed.tree.statements).collect();
    while let Some(statement) = pending.pop() {
        match &statement.kind {
            StatementKind::ImportAll(module) => drop(named.insert(&module[last(module)..])),
            StatementKind::Import(imports) => {
                for import in imports {
                    named.insert(&import.module[last(&import.module)..]);
                    named.extend(import.name.as_deref());
                }
            }
            StatementKind::Block { body, .. } => pending.extend(body),
            _ => {}
        }
    }
    named
}

/// The packages that a file imports anywhere, by the first part of their names.
pub(super) fn packages(tree: &Tree) -> BTreeSet<String> {
    let first = |module: &str| module.split('.').next().unwrap_or_default().to_owned();
    let mut packages = BTreeSet::new();
    let mut pending: Vec<&Statement> = tree.statements.iter().collect();
    while let Some(statement) = pending.pop() {
        match &statement.kind {
            StatementKind::ImportAll(module) => drop(packages.insert(first(module))),
            StatementKind::Import(imports) => packages.extend(imports.iter().map(|it| first(&it.module))),
            StatementKind::Block { body, .. } => pending.extend(body),
            _ => {}
        }
    }
    packages
}

/// The module of a name, if it certainly is this file of the tree: `file` is the configuration, which lies at `deployed`
/// on the machine, and Gunicorn starts in `directory`.
pub(super) fn find<'a>(
    stack: &'a Stack,
    file: FileId,
    deployed: &str,
    directory: &str,
    name: &str,
) -> Option<&'a Tree> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain || name.starts_with('_') || ELSEWHERE.split(' ').any(|other| other == name) {
        return None;
    }
    let below = deployed.strip_prefix(directory)?.strip_prefix('/')?;
    let base = stack.sources.get(file).path.strip_suffix(below)?;
    if !(base.is_empty() || base.ends_with('/')) {
        return None;
    }
    // A package comes before a module.
    let package = format!("{base}{name}/__init__.py");
    let is_package = stack.sources.by_path(&package).is_some() || stack.sources.has_module(&package);
    let module = stack.sources.by_path(&format!("{base}{name}.py")).filter(|_| !is_package)?;
    stack.trees.get(&module).filter(|parsed| parsed.errors.is_empty()).map(|parsed| &parsed.tree)
}
