//! Completions of shells and pages of the manual, as their programs take them.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::cli::hoplint;
use crate::real::is_ci;
use crate::support::root;

/// What a program says to a text, or nothing where the machine has no such program.
fn said(program: &str, arguments: &[&str], text: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).env("MANPAGER", "cat").env("MANWIDTH", "78").env("LC_ALL", "C.UTF-8");
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = spawned else {
        assert!(!is_ci() || program != "bash", "`{program}` cannot be run");
        eprintln!("skipped: there is no `{program}`");
        return None;
    };
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "{program}: {complaint}");
    Some(String::from_utf8(output.stdout).unwrap())
}

fn printed(arguments: &[&str]) -> String {
    let ran = hoplint(root(), arguments);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    ran.stdout
}

/// What bash offers behind some words of a command line, the last of which is not finished.
fn completed(words: &[&str]) -> Option<Vec<String>> {
    let (current, before) = (words[words.len() - 1], words[words.len() - 2]);
    let ask = format!(
        "\nfunction=$(complete -p hoplint | sed 's/.*-F \\([^ ]*\\).*/\\1/')\nCOMP_WORDS=({})\nCOMP_CWORD={}\n\
         \"$function\" hoplint '{current}' '{before}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        words.join(" "),
        words.len() - 1
    );
    let offered = said("bash", &[], &(printed(&["completions", "bash"]) + &ask))?;
    Some(offered.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn bash_completes_commands_options_and_the_names_of_rules() {
    let Some(offered) = completed(&["hoplint", "explain", "read-t"]) else { return };
    assert_eq!(offered, ["read-timeout-below-worker"]);
    assert_eq!(completed(&["hoplint", "check", "--select", "upstream-unb"]).unwrap(), ["upstream-unbound"]);
    assert_eq!(completed(&["hoplint", "check", "--ignore", "zero-w"]).unwrap(), ["zero-workers"]);
    assert_eq!(completed(&["hoplint", "check", "--ignore", "proto"]).unwrap(), ["protocol"]);
    assert_eq!(completed(&["hoplint", "check", "--unsa"]).unwrap(), ["--unsafe-fixes"]);
    assert_eq!(completed(&["hoplint", "ma"]).unwrap(), ["map", "man"]);
    assert_eq!(completed(&["hoplint", "check", "--format", "sa"]).unwrap(), ["sarif"]);
}

#[test]
fn every_shell_reads_its_completions() {
    for (shell, checks) in [
        ("bash", &["-n"][..]),
        ("zsh", &["-n"]),
        ("fish", &["--no-execute"]),
        ("powershell", &[]),
        ("elvish", &[]),
    ] {
        let text = printed(&["completions", shell]);
        assert!(text.contains("unsafe-fixes") && text.contains("explain"), "{shell}");
        // The other two complete no values.
        let has_names = text.contains("read-timeout-below-worker");
        assert!(has_names || ["powershell", "elvish"].contains(&shell), "{shell}");
        if !checks.is_empty() {
            said(shell, checks, &text);
        }
    }
    let ran = hoplint(root(), &["completions", "tcsh"]);
    assert!(ran.status == Some(2) && ran.stderr.contains("possible values: bash"), "{ran:?}");
}

/// A text without what makes it bold on a terminal: letters over themselves, and codes.
fn unadorned(shown: &str) -> String {
    let mut plain = String::new();
    for (at, part) in shown.split("\x1b[").enumerate() {
        for c in if at == 0 { part } else { part.split_once('m').map_or("", |it| it.1) }.chars() {
            match c {
                '\u{8}' => drop(plain.pop()),
                c => plain.push(c),
            }
        }
    }
    plain
}

#[test]
fn the_manual_has_a_page_for_hoplint_and_one_for_each_command() {
    for (arguments, parts) in [
        (&["man"][..], &["HOPLINT(1)", "hoplint-check(1)", "hoplint-explain(1)", "Exit status"][..]),
        (&["man", "check"], &["hoplint-check", "--stdin-filename", "--unsafe-fixes", "Exit status"]),
        (&["man", "map"], &["hoplint-map", "--format"]),
    ] {
        let page = printed(arguments);
        for (program, options) in [("groff", &["-man", "-Tutf8", "-ww"][..]), ("man", &["-l", "-"])] {
            let Some(shown) = said(program, options, &page) else { continue };
            let plain = unadorned(&shown).split_whitespace().collect::<Vec<_>>().join(" ");
            for part in parts {
                let is_there = plain.to_lowercase().contains(&part.to_lowercase());
                assert!(is_there, "{program} {arguments:?} does not show {part}:\n{plain}");
            }
        }
    }
    let ran = hoplint(root(), &["man", "chekc"]);
    assert!(
        ran.status == Some(2) && ran.stderr.contains("there is no command `chekc`: there are check, map"),
        "{ran:?}"
    );
}
