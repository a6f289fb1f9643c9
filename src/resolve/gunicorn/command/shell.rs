//! `sh -c SCRIPT`, `bash FILE`, and scripts that are programs themselves.

use std::collections::BTreeSet;

use super::{Finder, Start, Step, is_gunicorn, other};
use crate::model::Shell;
use crate::resolve::launch::{Activation, Argument, Environment};
use crate::resolve::paths::{Mapped, common_suffix, is_example, template_free};
use crate::resolve::shell::{
    Dialect, MAX_SCRIPT, Outcome, Placing, Ran, State, Verdict, World, program, run,
};
use crate::resolve::variants;
use crate::source::{FileId, FileKind, Span};
use crate::syntax::shell::{self, Piece};
use crate::value::Possible;

/// Whether a program is a shell that is followed.
pub(super) fn is_shell(name: &str) -> bool {
    dialect(name).is_some()
}

fn dialect(name: &str) -> Option<Dialect> {
    match name {
        "sh" | "dash" | "ash" => Some(Dialect::Posix),
        "bash" => Some(Dialect::Bash),
        _ => None,
    }
}

/// What a shell was told by its options.
#[derive(Default)]
struct Options {
    /// Whether it reads files first: a login.
    login: bool,
    exports_all: bool,
    /// Whether the next word is the script.
    command: bool,
}

impl Options {
    /// Takes the options of a shell off; `None` where one is not followed. What is left begins behind the `usize`.
    fn read(words: &[&str]) -> Option<(Options, usize)> {
        let mut options = Options::default();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            match *word {
                "--login" => options.login = true,
                "--norc" | "--noprofile" | "--posix" => {}
                "--" | "-" => {
                    at += 1;
                    break;
                }
                _ if word.starts_with("--") => return None,
                _ if word.starts_with(['-', '+']) => {
                    for letter in word[1..].chars() {
                        match letter {
                            'c' if word.starts_with('-') => options.command = true,
                            'l' => options.login = true,
                            'a' => options.exports_all = word.starts_with('-'),
                            'e' | 'u' | 'x' | 'v' | 'm' | 'b' | 'h' | 'B' | 'H' | 'E' | 'T' | 'C' => {}
                            'o' => {
                                at += 1;
                                let name = *words.get(at)?;
                                if !matches!(name, "errexit" | "nounset" | "xtrace" | "pipefail" | "verbose")
                                {
                                    return None;
                                }
                            }
                            _ => return None,
                        }
                    }
                }
                _ => break,
            }
            at += 1;
        }
        Some((options, at))
    }
}

/// A script that is to be followed.
struct Task<'a> {
    text: &'a str,
    placing: Placing,
    dialect: Dialect,
    options: Options,
    name: Possible<String>,
    parameters: Vec<Argument>,
    /// What it is called in a sentence.
    called: String,
    is_file: bool,
    is_dash: bool,
}

impl Finder<'_> {
    /// `sh OPTIONS -c SCRIPT`, `sh OPTIONS FILE`.
    pub(super) fn shell(&self, start: &mut Start, name: &str, depth: usize) -> Step {
        let unread = || other("what the shell starts is not read");
        let known = (1..start.arguments.len()).map_while(|at| start.word(at)).collect::<Vec<_>>();
        let Some((options, taken)) = Options::read(&known) else { return unread() };
        let at = 1 + taken;
        let (Some(dialect), Some(word)) = (dialect(name), start.word(at).map(str::to_owned)) else {
            return unread();
        };
        if !options.command {
            let Some(file) = self.file(start, &word) else {
                return other(format!("what the script `{word}` starts is not read"));
            };
            let parameters = start.arguments[at + 1..].to_vec();
            return self.follow_file(start, file, dialect, options, word, parameters, depth);
        }
        let span = start.arguments[at].span;
        let rest = &start.arguments[at + 1..];
        let first = rest.first().map_or(Possible::Known(name.to_owned()), |it| it.text.clone());
        let task = Task {
            text: &word,
            placing: self.placing(span, &word),
            dialect,
            options,
            name: if rest.first().is_some_and(|it| it.splits) {
                Possible::Unknown("not known".into())
            } else {
                first
            },
            parameters: rest.get(1..).unwrap_or_default().to_vec(),
            called: format!("`{name} -c`"),
            is_file: false,
            is_dash: name == "dash",
        };
        self.follow_script(start, task, depth)
    }

    /// Where the bytes of a script on a command line stand: one for one in the file where it is written without escapes.
    fn placing(&self, span: Span, text: &str) -> Placing {
        let written = self.sources.text(span);
        let inner = ['\'', '"'].iter().find_map(|quote| written.strip_prefix(*quote)?.strip_suffix(*quote));
        match inner {
            Some(inner) if inner == text => Placing::File(span.file, span.start as usize + 1),
            _ => Placing::Whole(span),
        }
    }

    /// A program that may be a script of the tree.
    pub(super) fn script(&self, start: &mut Start, depth: usize) -> Step {
        let Some(path) = start.word(0).map(str::to_owned) else { return Step::Other(None) };
        let looks = path.ends_with(".sh")
            || path.rsplit('/').next().is_some_and(|name| template_free(name).contains("gunicorn"));
        let unread = || Step::Other(looks.then(|| format!("what the script `{path}` starts is not read")));
        let Some(file) = self.file(start, &path) else { return unread() };
        let first = self.sources.get(file).text.split('\n').next().unwrap_or_default();
        let Some(line) = first.strip_prefix("#!") else { return unread() };
        let mut words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        if words.first().is_some_and(|word| word.ends_with("/env")) {
            words.remove(0);
            if words.first() == Some(&"-S") {
                words.remove(0);
            }
        }
        let Some((shell, arguments)) = words.split_first() else { return unread() };
        let dialect = dialect(shell.rsplit('/').next().unwrap_or(shell));
        match (dialect, Options::read(arguments)) {
            (Some(dialect), Some((options, _))) if !options.command => {
                let parameters = start.arguments[1..].to_vec();
                self.follow_file(start, file, dialect, options, path, parameters, depth)
            }
            _ => unread(),
        }
    }

    /// The file of the tree that a script's path means. A name that many scripts bear is not enough.
    fn file(&self, start: &Start, path: &str) -> Option<FileId> {
        const COMMON: [&str; 16] = [
            "app",
            "boot",
            "deploy",
            "docker-entrypoint",
            "entry",
            "entrypoint",
            "init",
            "launch",
            "main",
            "run",
            "serve",
            "server",
            "setup",
            "start",
            "startup",
            "web",
        ];
        let path = match &start.working_directory.value {
            _ if path.starts_with('/') => path.to_owned(),
            // The manager looks for a name without a directory among the programs of the machine.
            Possible::Known(directory) if path.contains('/') => {
                format!("{directory}/{}", path.trim_start_matches("./"))
            }
            _ if path.contains('/') => path.trim_start_matches("./").to_owned(),
            _ => return None,
        };
        let Mapped::File(file) = self.paths.find(&path) else { return None };
        let source = self.sources.get(file);
        let inside = source.path.strip_prefix(self.paths.root()).unwrap_or(&source.path);
        let shared = common_suffix(inside, &path);
        let name = template_free(source.name());
        let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
        let is_common = COMMON.contains(&stem.as_str());
        let fits =
            self.paths.is_said(&path) || shared >= 2 || shared == inside.split('/').count() || !is_common;
        let here = &self.sources.get(start.place.file).path;
        (fits
            && source.kind == FileKind::Launcher
            && !is_example(&source.path)
            && !variants::conflict(here, &source.path))
        .then_some(file)
    }

    #[expect(clippy::too_many_arguments, reason = "they are what a shell is given")]
    fn follow_file(
        &self,
        start: &mut Start,
        file: FileId,
        dialect: Dialect,
        options: Options,
        name: String,
        parameters: Vec<Argument>,
        depth: usize,
    ) -> Step {
        let source = self.sources.get(file);
        let called = format!("the script `{}`", source.path);
        if source.text.len() > MAX_SCRIPT {
            return other(format!("{called} is too long to be followed"));
        }
        if ["{%", "<%", "\x1a", "\r"].iter().any(|mark| source.text.contains(mark)) {
            return other(format!("what {called} starts is not read"));
        }
        let task = Task {
            text: &source.text,
            placing: Placing::File(file, 0),
            dialect,
            options,
            name: Possible::Known(name),
            parameters,
            called,
            is_file: true,
            is_dash: false,
        };
        self.follow_script(start, task, depth)
    }

    fn follow_script(&self, start: &mut Start, task: Task<'_>, depth: usize) -> Step {
        if depth >= super::MAX_SCRIPTS {
            return other("scripts run scripts too deep");
        }
        let script = shell::parse(task.text);
        let has_traps =
            script.commands.iter().any(|it| program(it) == Some("trap")) || self.reads_traps(&script);
        self.left.set(self.left.get().saturating_sub(script.commands.len()));
        let mut state = State::new(
            std::mem::take(&mut start.environment),
            start.working_directory.clone(),
            task.name,
            task.parameters,
        );
        if task.options.login {
            state.distrust("a login shell reads other files first");
        }
        if task.options.exports_all {
            state.export_all();
        }
        let world = World { paths: self.paths, sources: self.sources };
        let mut verdict = |ran: &Ran| self.verdict(ran, depth + 1);
        match run(&script, task.placing, task.dialect, world, &mut state, &mut verdict) {
            Err(why) => other(format!("what {} starts is not known: {why}", task.called)),
            Ok(Outcome::Nothing) => other(format!("what {} starts is not known", task.called)),
            Ok(Outcome::Runs(ran)) => {
                if task.is_file {
                    start.commands.push(ran.place);
                }
                start.arguments = ran.words;
                start.environment = ran.environment;
                start.working_directory = ran.directory;
                // bash hands its place to the last command of what stands on the command line.
                let is_replaced = task.dialect == Dialect::Bash && !task.is_file && ran.last;
                if !ran.replaces && !is_replaced {
                    // bash does so for `sh`, too, where that is bash.
                    let surely = task.is_file || !ran.last || task.is_dash;
                    let stays = if surely { "stays" } else { "may stay" };
                    let why = format!("the shell of {} {stays} in front of it", task.called);
                    if has_traps {
                        start.falls_behind(why);
                    } else {
                        let called = format!("the shell of {}", task.called);
                        start.waits(
                            Shell { called, command: ran.place, surely, alone: true, exec: ran.exec },
                            why,
                        );
                    }
                }
                Step::Again
            }
        }
    }

    /// Whether a file that a script reads may set traps, or speak to the manager: then it is not known what becomes of a
    /// signal. Files of assignments and `activate` do neither.
    fn reads_traps(&self, script: &shell::Script) -> bool {
        let reads = |command: &&shell::Command| matches!(program(command), Some("." | "source"));
        let mut names = BTreeSet::new();
        for command in script.commands.iter().filter(reads) {
            // The end of the path is known even where a variable begins it.
            match command.words.get(1).and_then(|word| word.pieces.last()) {
                Some(Piece::Text(path) | Piece::Quoted(path)) => {
                    names.insert(path.rsplit('/').next().unwrap_or(path));
                }
                _ => return true,
            }
        }
        let may_trap = |text: &str| text.contains("trap") || text.contains("systemd-notify");
        names.into_iter().any(|name| match self.paths.named(name) {
            [] => name.ends_with(".sh"),
            files => files.iter().any(|(_, file)| may_trap(&self.sources.get(*file).text)),
        })
    }

    /// Whether a program that a script runs is Gunicorn, and serves.
    fn verdict(&self, ran: &Ran, depth: usize) -> Verdict {
        let idle = |word: &Argument| {
            let known = word.text.known().map(String::as_str);
            matches!(known, Some("--check-config" | "--print-config" | "--version" | "-v" | "--help" | "-h"))
        };
        let mut probe = Start {
            place: ran.place,
            arguments: ran.words.clone(),
            environment: Environment::default(),
            working_directory: ran.directory.clone(),
            sockets: Activation::None,
            behind: None,
            shell: None,
            is_wrapped: false,
            commands: Vec::new(),
        };
        let names = |text: &str| text.rsplit('/').next().is_some_and(is_gunicorn);
        let direct = ran.words.first().and_then(|it| it.text.known()).is_some_and(|it| names(it));
        match direct || matches!(self.follow(&mut probe, depth), Step::Found) {
            true if !ran.words.iter().any(idle) => Verdict::Wanted,
            _ => Verdict::Passing,
        }
    }
}
