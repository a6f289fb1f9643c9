//! Hostile input: each costs a message, and no more time and memory than a bound; the rest of the tree is linted all the same.
//!
//! The sizes are such that a debug build is through in seconds. `tests/hostile-all` runs a release build over the sizes in full, and
//! prints the time and the memory that each takes.

mod files;
mod includes;
mod nesting;
mod python;
mod squares;
mod texts;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{copy_tree, root, write};

/// The finding of the stack that is planted beside what is hostile.
const PLANTED: &str = "planted/etc/deploy/nginx/flask-data.conf:40:9: error[proxy-buffers-rejected]";

/// Writes so much of something into a tree.
type Build = Box<dyn Fn(&Path, usize)>;

/// What an input is, the largest size that fits into what is read, and its text from a size.
type Text = (&'static str, usize, fn(usize) -> String);

/// An input, and what a run has to come to.
pub(crate) struct Item {
    name: &'static str,
    /// How large it is: for a debug build, and in full.
    sizes: (usize, usize),
    /// Writes it into a tree.
    build: Build,
    /// What is run; `check .` where there is nothing.
    arguments: &'static [&'static str],
    /// What standard input comes from.
    input: Option<&'static str>,
    status: i32,
    /// What has to be said, on standard output or standard error.
    says: &'static [&'static str],
    /// Whether the planted stack is linted too.
    is_planted: bool,
}

/// An item of which the rest is linted.
fn item(name: &'static str, sizes: (usize, usize), build: impl Fn(&Path, usize) + 'static) -> Item {
    Item {
        name,
        sizes,
        build: Box::new(build),
        arguments: &[],
        input: None,
        status: 1,
        says: &[],
        is_planted: true,
    }
}

impl Item {
    /// Something is not read that should be, and this is said of it.
    fn unread(self, says: &'static [&'static str]) -> Item {
        Item { status: 2, says, ..self }
    }

    fn says(self, says: &'static [&'static str]) -> Item {
        Item { says, ..self }
    }

    /// A run that mends, and leaves nothing over.
    fn mends(self, arguments: &'static [&'static str], says: &'static [&'static str]) -> Item {
        Item { arguments, status: 0, says, is_planted: false, ..self }
    }

    /// A run with other arguments, which ends without a look at the tree.
    fn refused(self, arguments: &'static [&'static str], says: &'static [&'static str]) -> Item {
        Item { arguments, status: 2, says, is_planted: false, ..self }
    }
}

/// The program that is run over the sizes in full, if it is.
fn in_full() -> Option<PathBuf> {
    std::env::var_os("HOPLINT_HOSTILE").map(PathBuf::from)
}

/// What a run took.
struct Taken {
    status: Option<i32>,
    said: String,
    time: Duration,
    /// In KiB.
    memory: u64,
}

/// Runs items one after the other, and says of all what is wrong.
fn run(items: Vec<Item>) {
    // They are measured, and use much memory: no two at a time.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let wrong: Vec<String> = items.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with the run over an item.
fn wrong(item: &Item) -> Option<String> {
    let full = in_full();
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let tree = directory.path();
    copy_tree(&root().join("corpus/case-study"), &tree.join("planted/etc"));
    let size = if full.is_some() { item.sizes.1 } else { item.sizes.0 };
    (item.build)(tree, size);
    let program = full.clone().unwrap_or_else(|| env!("CARGO_BIN_EXE_hoplint").into());
    let (most_time, most_memory) = match full {
        Some(_) => (Duration::from_secs(60), 3 << 20),
        None => (Duration::from_secs(120), 1 << 20),
    };
    let arguments =
        if item.arguments.is_empty() { &["check", "--format", "concise", "."] } else { item.arguments };
    let taken = measured(&program, tree, arguments, item.input, most_time);
    let (time, memory) = (taken.time.as_secs_f64(), taken.memory / 1024);
    eprintln!("| {} | {size} | {time:.2} s | {memory} MiB |", item.name);
    let mut wrong = Vec::new();
    let mut expect = |is_so: bool, what: String| wrong.extend((!is_so).then_some(what));
    expect(taken.status == Some(item.status), format!("status {:?}", taken.status));
    expect(taken.time < most_time, format!("{:?}", taken.time));
    expect(taken.memory < most_memory, format!("{} KiB", taken.memory));
    expect(!item.is_planted || taken.said.contains(PLANTED), "the rest is not linted".into());
    for said in item.says {
        expect(taken.said.contains(said), format!("nothing says `{said}`"));
    }
    let beginning: String = taken.said.chars().take(2000).collect();
    (!wrong.is_empty()).then(|| format!("{}: {}:\n{beginning}", item.name, wrong.join(", ")))
}

fn measured(
    program: &Path,
    directory: &Path,
    arguments: &[&str],
    input: Option<&str>,
    most: Duration,
) -> Taken {
    let feed = input.map(|input| {
        let mut feed = Command::new("sh");
        feed.args(["-c", input]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
    });
    let (mut feed, input) = match feed {
        Some(mut feed) => {
            let output = feed.stdout.take().unwrap();
            (Some(feed), Stdio::from(output))
        }
        None => (None, Stdio::null()),
    };
    let start = Instant::now();
    let mut child = Command::new("sh")
        // Whatever goes wrong, the machine is not to run out of memory.
        .args(["-c", "ulimit -v 8000000; exec \"$0\" \"$@\""])
        .arg(program)
        .args(arguments)
        .current_dir(directory)
        .env("RAYON_NUM_THREADS", "2")
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdout, stderr) = (gather(child.stdout.take().unwrap()), gather(child.stderr.take().unwrap()));
    let mut memory = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        memory = peak(&child).unwrap_or(memory);
        if start.elapsed() > most {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(5));
    };
    let time = start.elapsed();
    if let Some(feed) = &mut feed {
        // It has ended where its reader has.
        let _ = feed.kill();
        feed.wait().unwrap();
    }
    let said = [stdout, stderr].map(|it| String::from_utf8_lossy(&it.join().unwrap()).into_owned()).concat();
    Taken { status: status.code(), said, time, memory }
}

fn gather(mut from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// The most memory that a process has had so far, in KiB.
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.split('\n').find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().split(' ').next()?.parse().ok()
}

/// Writes a file of a stack of its own, in pieces.
fn bad(tree: &Path, name: &str, pieces: &[&str]) {
    write(&tree.join("bad/etc").join(name), pieces.concat());
}

/// An app that Gunicorn serves, and a site before it.
fn app(tree: &Path) {
    bad(
        tree,
        "systemd/system/app.service",
        &["[Service]\nWorkingDirectory=/etc/app\nExecStart=/usr/bin/gunicorn -c gunicorn.conf.py app:app\n"],
    );
    bad(tree, "app/gunicorn.conf.py", &["bind = '127.0.0.1:8001'\n"]);
    bad(tree, "nginx/nginx.conf", &["events {}\nhttp {\n", SITE, "}\n"]);
}

const SITE: &str = "server { listen 80; location / { proxy_pass http://127.0.0.1:8001; } }\n";

/// Lines that are made of their numbers.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}
