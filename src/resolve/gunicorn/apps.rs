//! Apps from launches, and from configuration files that no launch reads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::application::{self, Application, Modules};
use super::argparse::{self, Options};
use super::command::{Program, Start};
use super::config_file::{self, Choice, Claims};
use super::layers::{self, File, Layers, Settings};
use super::listens::{Listens, at_paths, binds, launched_in, listeners};
use super::scope::{Scope, variable};
use super::temporary::temporary;
use super::worker_class::worker_class;
use super::{Started, faults, imports, literal, module, strays, table, unloaded, validate, words};
use crate::model::{
    App, AppFault, AppFaultKind, AppKind, Datum, Origin, OriginKind, Setting, UnloadedFile, Unresolved,
    Version,
};
use crate::resolve::launch::{Activation, Argument, Environment, Launch};
use crate::resolve::paths::Paths;
use crate::source::{FileId, Sources, Span};
use crate::syntax::Parsed;
use crate::syntax::gunicorn::Tree;
use crate::value::Possible;

/// What is looked through.
pub(super) struct Stack<'a> {
    pub(super) files: &'a [FileId],
    pub(super) trees: &'a BTreeMap<FileId, Parsed<Tree>>,
    pub(super) paths: &'a Paths,
    pub(super) sources: &'a Sources,
    pub(super) modules: Modules<'a>,
    /// What the files import, by the last components of the names.
    pub(super) imported: BTreeSet<&'a str>,
    /// The names of all directories, once they were asked for.
    pub(super) folders: OnceLock<BTreeSet<&'a str>>,
    pub(super) version: Version,
    /// What that version does where nobody says anything.
    pub(super) standard: Settings,
}

impl Stack<'_> {
    /// Whether another file imports it, by its name: then what it binds is for that one.
    pub(super) fn is_imported(&self, file: FileId) -> bool {
        let name = self.sources.get(file).name();
        name.strip_suffix(".py").is_some_and(|name| self.imported.contains(name))
    }
}

/// The app that a launch starts.
pub(super) struct Launched {
    pub(super) app: App,
    /// The files that it reads or may read.
    pub(super) read: Vec<FileId>,
    /// What is not known of it.
    pub(super) unresolved: Option<Unresolved>,
}

/// The app that a launch starts, if it starts one.
pub(super) fn of_launch(stack: &Stack, started: &Started, claims: &Claims) -> Option<Launched> {
    let launch = started.launch;
    let what = || stack.sources.text(launch.place).to_string();
    match &started.program {
        Program::Silent => None,
        Program::Other(why) => {
            let place = launch.arguments.first().map_or(launch.place, |argument| argument.span);
            let why = why.clone();
            let unresolved = why.map(|why| Unresolved { span: launch.place, what: what(), why });
            Some(Launched { app: other(launch, place), read: Vec::new(), unresolved })
        }
        Program::Gunicorn(start) => {
            let (mut app, choice) = gunicorn(stack, start, claims);
            app.unit = launch.unit;
            let (read, why) = match choice {
                Choice::Absent => (Vec::new(), None),
                Choice::File(file, _) => (vec![file], None),
                Choice::Perhaps(files, why) | Choice::Unknown(files, why) => (files, Some(why)),
            };
            let unresolved = why.map(|why| Unresolved { span: start.place, what: what(), why });
            Some(Launched { app, read, unresolved })
        }
    }
}

/// A program of which nothing is known but that it runs.
fn other(launch: &Launch, place: Span) -> App {
    let unknown = "what this program does is not known";
    App {
        kind: AppKind::Other,
        unit: launch.unit,
        place,
        config: None,
        imports: BTreeSet::new(),
        working_directory: launch.working_directory.clone(),
        directory: Possible::Unknown(unknown.into()),
        temporary: Possible::Unknown(unknown.into()),
        behind: None,
        shell: None,
        target: Setting::unknown(unknown, Origin::DEFAULT),
        listeners: Setting::unknown(unknown, Origin::DEFAULT),
        at_paths: false,
        binds: Setting::unknown(unknown, Origin::DEFAULT),
        worker_class: Setting::unknown(unknown, Origin::DEFAULT),
        literals: Vec::new(),
        unloaded: None,
        missing: None,
        interface: None,
        framework: None,
        body_limit: None,
        settings: BTreeMap::new(),
        faults: Vec::new(),
    }
}

/// Which launch reads which configuration file, before it is known what the others read.
pub(super) fn claims(stack: &Stack, started: &[Started]) -> Claims {
    let chosen = |it: &Started| {
        let Program::Gunicorn(start) = &it.program else { return None };
        let line = argparse::parse(&start.arguments, stack.version);
        let (variable, _) = of_variable(&start.environment, start.place, stack.version);
        Some(choose(stack, &line, &variable, &start.working_directory.value))
    };
    let mut claims = Claims::default();
    let chosen: Vec<Choice> = started.par_iter().filter_map(chosen).collect();
    chosen.iter().for_each(|choice| claims.note(choice));
    claims
}

fn gunicorn(stack: &Stack, start: &Start, claims: &Claims) -> (App, Choice) {
    let line = argparse::parse(&start.arguments, stack.version);
    let (variable_options, variable_place) = of_variable(&start.environment, start.place, stack.version);
    let directory = &start.working_directory.value;
    let choice = choose(stack, &line, &variable_options, directory);
    let unloaded = unloaded::find(stack, &line, &variable_options, start);
    let choice = match &unloaded {
        // Gunicorn ends when it finds no file that is named.
        Some(UnloadedFile { file, option: Some(_), .. }) => {
            Choice::Unknown(vec![*file], "Gunicorn does not find its configuration".into())
        }
        _ => claims.settle(stack, start.place.file, directory, choice),
    };
    let find = |name: &str| match (&choice, directory) {
        (Choice::File(file, deployed), Possible::Known(directory)) => {
            imports::find(stack, *file, deployed, directory, name)
        }
        _ => None,
    };
    let scope_of = |file: &FileId| {
        let parsed = stack.trees.get(file)?;
        Some(module::run_with(&parsed.tree, Some(&start.environment), &find))
    };
    let read: &[FileId] = match &choice {
        Choice::File(file, _) => std::slice::from_ref(file),
        Choice::Perhaps(files, _) => files,
        Choice::Absent | Choice::Unknown(..) => &[],
    };
    let scopes: Vec<Scope> = read.iter().filter_map(scope_of).collect();
    // An error may hide whatever the file sets.
    let broken =
        read.iter().any(|file| stack.trees.get(file).is_some_and(|parsed| !parsed.errors.is_empty()));
    let file = match (&choice, scopes.first()) {
        _ if broken => File::Unknown("Gunicorn refuses the configuration file".into()),
        (Choice::File(..), Some(scope)) => File::Read(scope),
        (Choice::Perhaps(_, why), _) => File::Perhaps(scopes.iter().collect(), why.clone()),
        (Choice::Unknown(_, why), _) => File::Unknown(why.clone()),
        (Choice::Absent, _) | (Choice::File(..), None) => File::Absent,
    };
    let layers = Layers {
        version: stack.version,
        standard: &stack.standard,
        environment: &start.environment,
        directory: directory.clone(),
        file,
        variable: variable_options,
        variable_place,
        line,
        sources: stack.sources,
    };
    let (settings, mut faults) = layers::resolve(&layers);
    let listens = Listens { directory, sockets: &start.sockets };
    let refused = layers.line.refused.is_some() || layers.variable.refused.is_some();
    if !refused {
        faults.extend(faults::of_start(stack.version, &settings, &listens));
        let is_eaten = faults.iter().any(|fault| fault.kind == AppFaultKind::EatenApplication);
        if layers.line.target.is_none() && !is_eaten {
            faults.extend(faults::of_application(start.place, &settings));
        }
    }
    if let (Choice::File(file, _), File::Read(scope)) = (&choice, &layers.file)
        && !stack.is_imported(*file)
        && let Some(parsed) = stack.trees.get(file)
    {
        faults.extend(strays::of_file(&parsed.tree, scope, stack.version, stack.sources));
    }
    let target = target(&layers.line, &settings);
    let directory_then = launched_in(&settings, directory);
    let Application { missing, interface, framework, body_limit } =
        application_of(stack, start, &target, &settings);
    let config = if let Choice::File(file, _) = choice { Some(file) } else { None };
    let app = App {
        kind: AppKind::Gunicorn,
        unit: None,
        place: start.place,
        config,
        imports: config
            .and_then(|file| stack.trees.get(&file))
            .map_or_else(BTreeSet::new, |it| imports::packages(&it.tree)),
        working_directory: start.working_directory.clone(),
        temporary: temporary(
            &start.environment,
            scopes.iter().any(|it| !it.keeps_environment()),
            &directory_then,
            &settings,
        ),
        directory: directory_then,
        behind: start.behind.clone(),
        shell: start.shell.clone(),
        target,
        listeners: listeners(&settings, &listens),
        at_paths: at_paths(&settings, &listens),
        binds: binds(&settings, &listens),
        worker_class: worker_class(&settings),
        missing,
        interface,
        framework,
        body_limit,
        unloaded,
        literals: literal::variables(
            &layers.line,
            &start.environment,
            &start.sockets,
            stack.sources,
            stack.version,
        ),
        settings,
        faults: faults::settled(faults, stack.version, stack.sources),
    };
    (app, choice)
}

/// The options in `GUNICORN_CMD_ARGS`, and where they are set.
fn of_variable(environment: &Environment, place: Span, version: Version) -> (Options, Option<Span>) {
    const NAME: &str = "GUNICORN_CMD_ARGS";
    let set_at = environment.listed(NAME).and_then(|setting| setting.origin.place);
    let options = match variable(environment, NAME) {
        Possible::Known(None) => Options::default(),
        Possible::Known(Some(text)) => match words::split(&text) {
            Some(words) => {
                let span = set_at.unwrap_or(place);
                let argument = |text| Argument { text: Possible::Known(text), span, splits: false };
                argparse::parse(&words.into_iter().map(argument).collect::<Vec<_>>(), version)
            }
            None => {
                let why = format!("a quote in `{NAME}` is not closed");
                Options::refusal(why, set_at.unwrap_or(place), words::not_split(&text))
            }
        },
        Possible::OneOf(_) | Possible::Usually(_) => Options::unknown(format!("`{NAME}` is not known")),
        Possible::Unknown(why) => Options::unknown(format!("`{NAME}` may be set: {why}")),
    };
    (options, set_at)
}

fn choose(stack: &Stack, line: &Options, variable: &Options, directory: &Possible<String>) -> Choice {
    let Some(row) = table::of_version(stack.version).find(|row| row.name == "config") else {
        return config_file::implicit(stack, directory);
    };
    for options in [line, variable] {
        if let Some(given) = options.get(row) {
            return config_file::explicit(stack, &given.value, directory);
        }
        if let Some(why) = options.doubt(row) {
            return config_file::unknown(stack, why);
        }
    }
    config_file::implicit(stack, directory)
}

fn target(line: &Options, settings: &Settings) -> Setting<String> {
    match (&line.target, settings.get("wsgi_app")) {
        (Some((text, place)), _) => {
            Setting { value: text.clone(), origin: Origin::at(OriginKind::CommandLine, *place) }
        }
        (None, Some(setting)) => setting.read(),
        (None, None) => Setting::unknown("no application is named", Origin::DEFAULT),
    }
}

/// What the tree tells of the application that a launch names.
fn application_of(
    stack: &Stack,
    start: &Start,
    target: &Setting<String>,
    settings: &Settings,
) -> Application {
    let Some(target) = target.value.known() else { return Application::default() };
    let mut directories = vec![launched_in(settings, &start.working_directory.value)];
    let paths = match settings.get("pythonpath").map(|setting| &setting.value) {
        Some(Possible::Known(Datum::Unset)) => String::new(),
        Some(Possible::Known(Datum::Text(paths))) => paths.clone(),
        _ => return Application::default(),
    };
    directories.extend(
        paths
            .split(',')
            .filter(|path| !path.is_empty())
            .map(|path| {
                validate::absolute(path, &directories[0]).map_or_else(Possible::Unknown, Possible::Known)
            })
            .collect::<Vec<_>>(),
    );
    let alone = variable(&start.environment, "PYTHONPATH") == Possible::Known(None);
    application::find(&stack.modules, target, &directories, alone)
}

/// What is wrong with a file that a launch only may read, whatever the environment.
pub(super) fn of_candidate(stack: &Stack, file: FileId) -> Vec<AppFault> {
    let Some(parsed) = stack.trees.get(&file).filter(|parsed| parsed.errors.is_empty()) else {
        return Vec::new();
    };
    let scope = module::run(&parsed.tree, None);
    let directory = Possible::Unknown("which directory it is read in is not known".into());
    let said = |row| layers::of_scope(row, stack.version, &scope, &directory).fault;
    let mut faults: Vec<AppFault> = table::of_version(stack.version).filter_map(said).collect();
    if !stack.is_imported(file) {
        faults.extend(strays::of_file(&parsed.tree, &scope, stack.version, stack.sources));
    }
    faults::settled(faults, stack.version, stack.sources)
}

/// The app of a configuration file that no launch reads.
pub(super) fn of_file(stack: &Stack, file: FileId, unread_launcher: Option<&str>) -> Option<App> {
    let parsed = stack.trees.get(&file)?;
    let scope = module::run(&parsed.tree, None);
    let nobody = "nothing in the tree starts it";
    let directory = Possible::Unknown(nobody.to_string());
    let broken = !parsed.errors.is_empty();
    let mut faults = Vec::new();
    let mut settings = Settings::new();
    let unset = Arc::new(Setting::unknown(nobody, Origin::DEFAULT));
    for row in table::of_version(stack.version) {
        let said = layers::of_scope(row, stack.version, &scope, &directory);
        faults.extend(said.fault.clone().filter(|_| !broken));
        let written = said.value != Possible::Known(None);
        let setting = match (unread_launcher, broken) {
            (_, true) => Arc::new(Setting::unknown("Gunicorn refuses the configuration file", said.origin)),
            (Some(why), _) if written => Arc::new(Setting::unknown(why, said.origin)),
            _ => said.over(Arc::clone(&unset)),
        };
        settings.insert(row.name, setting);
    }
    // What starts it may say something else; what it does not say is not known anyway.
    let listens = Listens { directory: &directory, sockets: &Activation::None };
    if unread_launcher.is_none() {
        faults.extend(faults::of_start(stack.version, &settings, &listens));
    }
    if !broken {
        faults.extend(strays::of_file(&parsed.tree, &scope, stack.version, stack.sources));
    }
    let first = parsed.tree.statements.first().map(|statement| statement.span);
    Some(App {
        kind: AppKind::Gunicorn,
        unit: None,
        place: first.unwrap_or(Span::new(file, 0..0)),
        config: Some(file),
        imports: imports::packages(&parsed.tree),
        working_directory: Setting::unknown(nobody, Origin::DEFAULT),
        directory: Possible::Unknown(nobody.into()),
        temporary: Possible::Unknown(nobody.into()),
        behind: None,
        shell: None,
        target: target(&Options::default(), &settings),
        listeners: listeners(&settings, &listens),
        at_paths: at_paths(&settings, &listens),
        binds: binds(&settings, &listens),
        worker_class: worker_class(&settings),
        literals: Vec::new(),
        unloaded: None,
        missing: None,
        interface: None,
        framework: None,
        body_limit: None,
        settings,
        faults: faults::settled(faults, stack.version, stack.sources),
    })
}
