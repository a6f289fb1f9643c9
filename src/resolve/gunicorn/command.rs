//! What program a command line runs, behind interpreters, wrappers and shells.

mod env;
mod python;
mod shell;
mod table;
mod wrapper;

use std::cell::Cell;

use crate::model::{Origin, OriginKind, Setting, Shell};
use crate::resolve::launch::{Activation, Argument, Environment, Launch};
use crate::resolve::paths::Paths;
use crate::source::{Sources, Span};
use crate::value::Possible;

/// What a command line runs.
#[derive(Clone, Debug)]
pub enum Program {
    /// Gunicorn.
    Gunicorn(Box<Start>),
    /// Something that a proxy has no business with.
    Silent,
    /// Something else, or not known; with the reason where there is one.
    Other(Option<String>),
}

impl Program {
    /// Whether it is a Gunicorn that is started itself, and certainly told to serve.
    pub fn serves(&self) -> bool {
        let is_idle = |word: &str| {
            let starts = ["--check", "--print", "--v", "--h"].iter().any(|it| word.starts_with(it));
            starts || matches!(word, "-v" | "-h")
        };
        matches!(self, Program::Gunicorn(start)
            if start.behind.is_none() && !start.arguments.iter().any(|it| it.text.may(|text| is_idle(text))))
    }
}

/// How Gunicorn is started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The word that names it.
    pub place: Span,
    /// The words behind that.
    pub arguments: Vec<Argument>,
    /// Its environment.
    pub environment: Environment,
    /// The directory that it starts in.
    pub working_directory: Setting<String>,
    /// The sockets that it is handed.
    pub sockets: Activation,
    /// Why it is not the process that the manager started, where it is not, or may not be.
    pub behind: Option<String>,
    /// The shell that is the process that the manager started, where one is.
    pub shell: Option<Shell>,
    /// Whether something else stays in front of it, so that it is not known what reaches a shell further down.
    is_wrapped: bool,
    /// The commands of scripts that were followed to it.
    pub commands: Vec<Span>,
}

/// How many wrappers around a program are looked through.
const MAX_WRAPPERS: usize = 12;

/// How deep scripts may run scripts.
const MAX_SCRIPTS: usize = 3;

/// How many steps are taken for one launch.
const MAX_STEPS: usize = 10_000;

/// What programs are looked up in.
struct Finder<'a> {
    paths: &'a Paths,
    sources: &'a Sources,
    left: Cell<usize>,
}

/// What a command line runs.
pub(super) fn find(launch: &Launch, paths: &Paths, sources: &Sources) -> Program {
    let mut start = Start {
        place: launch.place,
        arguments: launch.arguments.clone(),
        environment: launch.environment.clone(),
        working_directory: launch.working_directory.clone(),
        sockets: launch.sockets.clone(),
        behind: None,
        shell: None,
        is_wrapped: false,
        commands: Vec::new(),
    };
    let finder = Finder { paths, sources, left: Cell::new(MAX_STEPS) };
    match finder.follow(&mut start, 0) {
        Step::Found => Program::Gunicorn(Box::new(start)),
        Step::Silent => Program::Silent,
        Step::Other(why) => Program::Other(why),
        Step::Again => Program::Other(None),
    }
}

/// What was made of the first words of a command line.
enum Step {
    /// A wrapper was taken off.
    Again,
    Found,
    Silent,
    Other(Option<String>),
}

/// Something else runs, for this reason.
fn other(why: impl Into<String>) -> Step {
    Step::Other(Some(why.into()))
}

impl Finder<'_> {
    /// Takes off wrappers until the program is known; `depth` counts the scripts that are followed already.
    fn follow(&self, start: &mut Start, depth: usize) -> Step {
        for _ in 0..MAX_WRAPPERS {
            self.left.set(self.left.get().saturating_sub(1));
            if self.left.get() == 0 {
                return other("its scripts are too long to be followed");
            }
            match self.step(start, depth) {
                Step::Again => {}
                done => return done,
            }
        }
        Step::Other(None)
    }

    fn step(&self, start: &mut Start, depth: usize) -> Step {
        let Some(first) = start.arguments.first() else { return Step::Other(None) };
        let (Possible::Known(program), false) = (&first.text, first.splits) else {
            return other("which program it runs is not known");
        };
        let name = program.rsplit('/').next().unwrap_or(program).to_string();
        match name.as_str() {
            _ if is_gunicorn(&name) => found(start, 0),
            "gunicorn_django" | "gunicorn_paster" => other(format!("`{name}` is of a Gunicorn before 20.0")),
            "env" => env::take_off(start),
            "manage.py" => python::manage(start, 1),
            _ if python::is_python(&name) => python::take_off(start),
            _ if shell::is_shell(&name) => self.shell(start, &name, depth),
            "su" | "runuser" => wrapper::other_user(start, &name),
            _ if is_silent(&name, start) => Step::Silent,
            _ => match table::of(&name) {
                Some(row) => wrapper::take_off(start, row),
                None => self.script(start, depth),
            },
        }
    }
}

/// Whether a program is Gunicorn: by its own name, and by those that distributors gave it beside one for Python 2.
fn is_gunicorn(name: &str) -> bool {
    matches!(name, "gunicorn" | "gunicorn3" | "python3-gunicorn")
        || name.strip_prefix("gunicorn-").is_some_and(|rest| {
            rest.starts_with('3') && rest.bytes().all(|it| it.is_ascii_digit() || it == b'.')
        })
}

/// The program is the word at an index.
fn found(start: &mut Start, at: usize) -> Step {
    start.place = start.arguments[at].span;
    start.arguments.drain(..=at);
    Step::Found
}

impl Start {
    /// The word at an index, if it is known and one word.
    fn word(&self, at: usize) -> Option<&str> {
        let argument = self.arguments.get(at).filter(|argument| !argument.splits)?;
        argument.text.known().map(String::as_str)
    }

    fn mentions(&self, wanted: &str) -> bool {
        self.arguments.iter().any(|argument| argument.text.may(|text| text == wanted))
    }

    /// Sets a variable by the word at an index.
    fn set(&mut self, at: usize, name: &str, value: String) {
        let origin = Origin::at(OriginKind::Environment, self.arguments[at].span);
        self.environment.set(name.into(), Setting::known(value, origin));
        self.environment.firm.insert(name.into());
    }

    /// Other variables may be set, or these otherwise.
    fn open(&mut self, why: &str) {
        self.environment.open.get_or_insert(why.into());
        self.environment.firm.clear();
    }

    /// What comes next is not the process that was started, or may not be: it is not handed any sockets, since they are
    /// for the process whose number `LISTEN_PID` holds.
    fn falls_behind(&mut self, why: String) {
        self.is_wrapped = true;
        if let Some(shell) = &mut self.shell {
            shell.alone = false;
        }
        self.is_no_first_process(why);
    }

    /// A shell stays in front of what comes next, or may stay.
    fn waits(&mut self, shell: Shell, why: String) {
        // Of a shell in a shell the outer one counts, unless it may give its place to the inner one.
        let gives_way = self.shell.as_ref().is_some_and(|outer| !outer.surely && shell.surely);
        if !self.is_wrapped && (self.shell.is_none() || gives_way) {
            self.shell = Some(shell);
        }
        self.is_no_first_process(why);
    }

    fn is_no_first_process(&mut self, why: String) {
        if self.sockets != Activation::None {
            self.sockets =
                Activation::Unknown(format!("{why}, and sockets are handed to the first process alone"));
        }
        self.behind.get_or_insert(why);
    }
}

/// Programs that answer nothing that a proxy for the web would ask.
fn is_silent(name: &str, start: &Start) -> bool {
    match name {
        // Flower, a web page, is one of Celery's commands.
        "celery" => !start.mentions("flower"),
        "rq" | "rqworker" | "rqscheduler" | "huey_consumer" | "huey_consumer.py" | "nginx" | "certbot"
        | "redis-server" | "postgres" | "mysqld" | "mariadbd" | "memcached" | "rabbitmq-server" | "dramatiq"
        // It speaks to the control socket of a Gunicorn that runs.
        | "gunicornc" => true,
        _ => false,
    }
}
