//! What editors run: one file from standard input, and a check that goes on while files change.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::cli::{NGINX, Ran, command, copy_of, hoplint};
use crate::support::{root, write};

/// A run that is given a text.
fn given(directory: &Path, arguments: &[&str], text: &[u8]) -> Ran {
    let mut command = command(directory, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who refuses the arguments does not read on.
    let _ = child.stdin.take().unwrap().write_all(text);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A copy of the case study that is a project, and the texts of its nginx file as it is and as it is mended.
fn project() -> (tempfile::TempDir, String, String) {
    let directory = copy_of("case-study");
    write(&directory.path().join("hoplint.toml"), "");
    let text = |stack: &str| std::fs::read_to_string(root().join("corpus").join(stack).join(NGINX)).unwrap();
    (directory, text("case-study"), text("case-study-mended"))
}

#[test]
fn the_text_that_is_given_counts_and_the_rest_is_as_on_disk() {
    let (directory, ill, well) = project();
    let here = directory.path();
    let arguments = ["check", "--format", "concise", "--stdin-filename", NGINX];
    let ran = given(here, &arguments, ill.as_bytes());
    assert_eq!((ran.status, ran.stdout.matches(NGINX).count()), (Some(1), 3), "{ran:?}");
    let ran = given(here, &arguments, well.as_bytes());
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(std::fs::read_to_string(here.join(NGINX)).unwrap(), ill);
    // A file that is on no disk yet, in a directory that is not there either.
    std::fs::remove_file(here.join(NGINX)).unwrap();
    let ran =
        given(here, &["check", "--format=concise", "--stdin-filename=etc/new/site.conf"], ill.as_bytes());
    assert_eq!((ran.status, ran.stdout.matches("etc/new/site.conf:").count()), (Some(1), 3), "{ran:?}");
    let inside = here.join("deploy");
    let ran = given(&inside, &["check", "--format=concise", "--stdin-filename=new.conf"], ill.as_bytes());
    assert_eq!(ran.stdout.matches("../deploy/new.conf:").count(), 3, "{ran:?}");
}

#[test]
fn findings_of_other_files_are_not_reported() {
    let (directory, ill, _) = project();
    let here = directory.path();
    write(&here.join("deploy/nginx/other.conf"), ill.replace("server_name data", "server_name other"));
    let ran = given(here, &["check", "--format=concise", "--stdin-filename", NGINX], ill.as_bytes());
    assert!(ran.status == Some(1) && !ran.stdout.contains("other.conf:"), "{ran:?}");
}

#[test]
fn the_mended_text_is_written_out_and_no_file_changes() {
    let (directory, ill, well) = project();
    let here = directory.path();
    let ran = given(here, &["check", "--fix", "--stdin-filename", NGINX], ill.as_bytes());
    assert_eq!((ran.status, &ran.stdout), (Some(0), &well), "{ran:?}");
    assert!(ran.stderr.contains("Mended 3 findings in 1 file"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(here.join(NGINX)).unwrap(), ill);
    let (windows, mended) = (ill.replace('\n', "\r\n"), well.replace('\n', "\r\n"));
    let ran = given(here, &["check", "--fix", "--stdin-filename", NGINX], windows.as_bytes());
    assert_eq!((ran.status, ran.stdout), (Some(0), mended));
    let ran = given(here, &["check", "--diff", "--stdin-filename", NGINX], ill.as_bytes());
    assert!(ran.status == Some(1) && ran.stdout.starts_with(&format!("--- a/{NGINX}\n")), "{ran:?}");
    // What is mended elsewhere stays, and is told.
    let path = "deploy/gunicorn.conf.py";
    let gunicorn = std::fs::read_to_string(here.join(path)).unwrap();
    let ran =
        given(here, &["check", "--fix", "--format=concise", "--stdin-filename", path], gunicorn.as_bytes());
    assert_eq!((ran.status, &ran.stdout), (Some(1), &gunicorn), "{ran:?}");
    assert!(ran.stderr.contains("[upstream-unbound]") && !ran.stderr.contains("Mended"), "{ran:?}");
    // What the configuration excludes comes back as it was.
    write(&here.join("hoplint.toml"), "exclude = [\"deploy/nginx/\"]\n");
    let ran = given(here, &["check", "--fix", "--stdin-filename", NGINX], ill.as_bytes());
    assert_eq!((ran.status, &ran.stdout), (Some(0), &ill), "{ran:?}");
}

#[test]
fn what_can_be_no_file_to_lint_is_said() {
    let (directory, ill, _) = project();
    for (arguments, said) in [
        (&["--stdin-filename", "deploy"][..], "`deploy`: it is a directory"),
        (&["--stdin-filename", "notes.txt"], "nothing to lint in `notes.txt`"),
        (&["--stdin-filename", NGINX, "deploy"], "cannot be used with"),
        (&["--stdin-filename", NGINX, "--watch"], "cannot be used with"),
        (&["--watch", "--fix"], "cannot be used with"),
        (&["--watch", "nothing-there"], "cannot read `nothing-there`"),
    ] {
        let text = if said.contains("nothing") { "some words\n" } else { &ill };
        let ran = given(directory.path(), &[&["check"], arguments].concat(), text.as_bytes());
        assert!(ran.status == Some(2) && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(said), "{arguments:?} does not say {said}: {ran:?}");
    }
}

/// The lines of a stream, as they come.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            if sender.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The lines up to the one that ends a check.
fn until_it_watches(lines: &Receiver<String>) -> String {
    let mut said = String::new();
    while !said.contains("Watching for changes") {
        said +=
            &lines.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|error| panic!("{error}: {said}"));
        said.push('\n');
    }
    said
}

/// A process that ends with the test, however that does.
struct Watcher(Child);

impl Drop for Watcher {
    fn drop(&mut self) {
        // One that has ended already is not killed again.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether this process was started so that SIGINT does nothing, as a shell starts what goes on in the background, and so are
/// those that it starts.
fn is_interrupt_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.split('\n').find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.unwrap_or_default() & (1 << 1) != 0
}

#[test]
fn a_change_is_checked_at_once_and_ctrl_c_ends_it() {
    let (directory, ill, well) = project();
    let here = directory.path();
    let mut command = command(here, &["check", "--watch", "--format", "concise"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut watcher = Watcher(child);
    let child = &mut watcher.0;
    let (findings, said) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
    assert!(until_it_watches(&said).contains("2 errors, 1 warning"));
    for _ in 0..3 {
        assert!(findings.recv_timeout(Duration::from_secs(60)).unwrap().starts_with(NGINX));
    }
    write(&here.join(NGINX), &well);
    assert!(until_it_watches(&said).contains("no findings"));
    // What is not read is not waited for.
    write(&here.join("notes.txt"), "nothing\n");
    assert!(said.recv_timeout(Duration::from_secs(2)).is_err());
    // A mistake in the configuration ends nothing.
    write(&here.join("hoplint.toml"), "ignor = []\n");
    assert!(until_it_watches(&said).contains("error: hoplint.toml:1"));
    write(&here.join("hoplint.toml"), "");
    assert!(until_it_watches(&said).contains("no findings"));
    write(&here.join("deploy/nginx/second.conf"), ill);
    assert!(until_it_watches(&said).contains("error"));
    let (name, number) = if is_interrupt_ignored() { ("-TERM", 15) } else { ("-INT", 2) };
    let killed = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().signal(), Some(number));
}

#[test]
fn the_page_of_a_rule_is_laid_out_for_who_reads_it() {
    let rule = hoplint::rules::rule("read-timeout-below-worker").unwrap();
    let explained =
        |arguments: &[&str]| hoplint(root(), &[&["explain", rule.name], arguments].concat()).stdout;
    assert_eq!(explained(&[]), rule.page);
    assert_eq!(explained(&["--color", "never"]), rule.page);
    let shown = explained(&["--color", "always"]);
    assert!(shown.starts_with("\x1b[1mread-timeout-below-worker\x1b[0m\n"), "{shown}");
    assert!(!shown.contains("```") && !shown.contains("##") && shown.contains("504"), "{shown}");
    for (name, said) in [
        ("read-timeout", "did you mean `read-timeout-below-worker`?"),
        ("zero", "did you mean `zero-buffer` or `zero-timeout` or `zero-workers`?"),
        ("worker-timeout-disbled", "did you mean `worker-timeout-disabled`?"),
        ("x", "there is no rule `x` (`hoplint rules` lists them all)"),
    ] {
        let ran = hoplint(root(), &["explain", name]);
        assert!(ran.status == Some(2) && ran.stderr.contains(said), "{ran:?}");
    }
}
