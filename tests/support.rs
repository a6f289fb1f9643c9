//! What several modules need.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex};

use hoplint::check::Report;
use hoplint::config::Settings;
use hoplint::discover;
use hoplint::finding::Severity;
use hoplint::source::Sources;

/// The threads that ask other programs, and mostly wait for them. What is tested has threads of its own, which would wait as well.
pub(crate) fn asking() -> &'static rayon::ThreadPool {
    static POOL: LazyLock<rayon::ThreadPool> = LazyLock::new(|| {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        rayon::ThreadPoolBuilder::new().num_threads(2 * cores).build().unwrap()
    });
    &POOL
}

/// The directory of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names in a directory, sorted.
pub(crate) fn names_in(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// All files below a directory, links not followed, sorted.
pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for name in names_in(&directory) {
            let path = directory.join(name);
            if path.symlink_metadata().unwrap().is_dir() {
                directories.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Copies a tree, links as links.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        if file.symlink_metadata().unwrap().is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(&file).unwrap(), &target).unwrap();
        } else {
            std::fs::copy(&file, &target).unwrap();
        }
    }
}

/// Copies a program, by another process. While this one has a file open to write, a test that runs beside may start a process that
/// inherits it, and as long as that has it nobody can start the copy: "Text file busy".
pub(crate) fn copy_program(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-p").args([from, to]).status().unwrap();
    assert!(copied.success(), "{} cannot be copied", from.display());
}

/// Writes a file and the directories above it.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// A tree as a run of the program would read it, and the settings of that run, with nothing hidden.
pub(crate) fn read(directory: &Path) -> (Sources, Settings) {
    let found = discover::read(&[directory.to_owned()], &Settings::default()).unwrap();
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    let settings = Settings { trees: found.trees, show: Severity::Note, ..Settings::default() };
    (found.sources, settings)
}

/// The findings of a report, one a line, sorted: `severity rule path:line`.
pub(crate) fn found(report: &Report, sources: &Sources) -> Vec<String> {
    let line = |finding: &hoplint::finding::Finding| {
        let span = finding.primary.span;
        let source = sources.get(span.file);
        let (line, _) = source.position(span.start);
        format!("{} {} {}:{line}", finding.severity.name(), finding.rule, source.path)
    };
    let mut lines: Vec<String> = report.findings.iter().map(line).collect();
    lines.sort();
    lines
}

/// How many places a program would refuse.
pub(crate) fn refusals(report: &Report) -> usize {
    report.stacks.iter().map(|stack| stack.refusals.len()).sum()
}

/// Numbers that look random and are always the same.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    /// One of the sides.
    pub(crate) fn roll<'a, T>(&mut self, sides: &'a [T]) -> &'a T {
        &sides[self.below(sides.len())]
    }
}

/// A port that nobody else has: below those that the system gives to connections, each but once in this process, and none
/// that another process of these tests has taken.
pub(crate) fn free_port() -> u16 {
    const FIRST: u16 = 10_000;
    const BLOCKS: u16 = 120;
    const SIZE: u16 = 100;
    /// The next port of this process, and the listener that says to others that its block is taken.
    static BLOCK: Mutex<(u16, Vec<TcpListener>)> = Mutex::new((FIRST, Vec::new()));
    let mut block = BLOCK.lock().unwrap();
    for _ in 0..u32::from(BLOCKS) * u32::from(SIZE) {
        if block.0.is_multiple_of(SIZE) {
            let start = std::process::id() as u16 % BLOCKS;
            let mut firsts = (0..BLOCKS).map(|at| FIRST + (start + at) % BLOCKS * SIZE);
            let taken = firsts.find_map(|first| Some((first, TcpListener::bind(("127.0.0.1", first)).ok()?)));
            let (first, listener) = taken.unwrap();
            block.0 = first;
            block.1.push(listener);
        }
        block.0 += 1;
        let port = block.0;
        // The last of a block is followed by the first of another.
        if !port.is_multiple_of(SIZE) && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
