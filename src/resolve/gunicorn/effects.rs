//! What an expression may change besides giving a value.

use std::collections::BTreeSet;

use super::evaluate::evaluate;
use super::scope::Scope;
use super::value::Value;
use crate::source::Span;
use crate::syntax::gunicorn::{Expression, ExpressionKind, Keyword, Part, Statement, StatementKind, Trailer};
use crate::value::Possible;

/// What may be changed.
#[derive(Default)]
pub(super) struct Effects {
    /// Why the environment may be another one.
    environment: Option<String>,
    /// Whether the file itself changes it.
    writes: bool,
    /// Why lists may be others.
    lists: Option<String>,
    /// Names that may be bound.
    bound: Vec<String>,
}

impl Effects {
    /// The environment may be changed, by something that the file does not show.
    fn environment(why: &str) -> Effects {
        Effects { environment: Some(why.into()), ..Effects::default() }
    }

    /// Makes unknown what may be changed.
    pub(super) fn apply(self, scope: &mut Scope, place: Span) {
        if let Some(why) = self.environment {
            scope.changed.get_or_insert(why);
            scope.writes |= self.writes;
        }
        if let Some(why) = self.lists {
            scope.lose_lists(&why);
        }
        for name in self.bound {
            scope.lose(&name, "an expression may rebind it", place);
        }
    }

    fn call(&mut self, what: &str) {
        self.environment.get_or_insert_with(|| format!("`{what}` may change the environment"));
        self.lists.get_or_insert_with(|| format!("`{what}` may change it"));
    }
}

/// What an expression may change.
pub(super) fn of(scope: &Scope, expression: &Expression) -> Effects {
    let mut effects = Effects::default();
    gather(scope, expression, &mut effects);
    effects
}

fn gather(scope: &Scope, expression: &Expression, effects: &mut Effects) {
    match &expression.kind {
        ExpressionKind::Tuple(items) | ExpressionKind::List(items) => {
            items.iter().for_each(|item| gather(scope, item, effects));
        }
        ExpressionKind::Row(parts) => {
            for part in parts {
                if let Part::Operand(operand) = part {
                    gather(scope, operand, effects);
                }
            }
        }
        ExpressionKind::Choice(cases, last) => {
            for (value, condition) in cases {
                gather(scope, value, effects);
                gather(scope, condition, effects);
            }
            gather(scope, last, effects);
        }
        ExpressionKind::Trailed(head, trailers) => trailed(scope, head, trailers, effects),
        ExpressionKind::Opaque { names, binds, calls, .. } => {
            if *binds {
                effects.bound.extend(names.iter().cloned());
            }
            if *calls && !names.iter().all(|name| is_harmless_in_opaque(name)) {
                effects.call(names.first().map_or("a call", String::as_str));
            }
        }
        ExpressionKind::Text(_)
        | ExpressionKind::Int(_)
        | ExpressionKind::Float(_)
        | ExpressionKind::Bool(_)
        | ExpressionKind::None
        | ExpressionKind::Name(_)
        | ExpressionKind::Template => {}
    }
}

fn trailed(scope: &Scope, head: &Expression, trailers: &[Trailer], effects: &mut Effects) {
    gather(scope, head, effects);
    let mut path = match evaluate(scope, head) {
        Possible::Known(Value::Path(path)) => Some(path),
        _ => None,
    };
    let mut last = match &head.kind {
        ExpressionKind::Name(name) => name.as_str(),
        _ => "",
    };
    let mut is_method = false;
    for trailer in trailers {
        match trailer {
            Trailer::Attribute(name) => {
                path = path.map(|path| format!("{path}.{name}"));
                last = name;
                is_method = true;
            }
            Trailer::Call(arguments) => {
                arguments.iter().for_each(|(_, value)| gather(scope, value, effects));
                let harmless = match &path {
                    Some(path) => is_harmless(path),
                    None => is_method && HARMLESS_METHODS.contains(&last),
                };
                if !harmless {
                    effects.call(last);
                    effects.writes |= path.is_some_and(|path| path.starts_with("os.environ."));
                }
                path = None;
                is_method = false;
            }
            Trailer::Subscript(value) | Trailer::Opaque(value) => {
                gather(scope, value, effects);
                path = None;
                is_method = false;
            }
        }
    }
}

/// Functions that change neither the environment nor what they are given.
fn is_harmless(path: &str) -> bool {
    const BUILTINS: [&str; 21] = [
        "int",
        "str",
        "float",
        "bool",
        "max",
        "min",
        "len",
        "abs",
        "round",
        "print",
        "open",
        "range",
        "list",
        "tuple",
        "dict",
        "set",
        "isinstance",
        "repr",
        "sorted",
        "sum",
        "object",
    ];
    match path.strip_prefix("builtins.") {
        Some(name) => BUILTINS.contains(&name),
        None => {
            path.starts_with("os.path.")
                || path.starts_with("multiprocessing.")
                || matches!(
                    path,
                    "os.getenv"
                        | "os.environ.get"
                        | "os.cpu_count"
                        | "os.process_cpu_count"
                        | "os.getcwd"
                        | "os.getpid"
                        | "os.access"
                        | "os.uname"
                        | "os.sched_getaffinity"
                        | "os.environ.keys"
                        | "os.environ.items"
                )
        }
    }
}

/// Methods that change nothing, whatever has them.
const HARMLESS_METHODS: [&str; 24] = [
    "lower",
    "upper",
    "strip",
    "lstrip",
    "rstrip",
    "split",
    "rsplit",
    "format",
    "startswith",
    "endswith",
    "replace",
    "join",
    "isdigit",
    "title",
    "get",
    "keys",
    "values",
    "items",
    "exists",
    "encode",
    "decode",
    "cpu_count",
    "getLogger",
    "dirname",
];

/// Whether a name in an opaque expression does no harm when it is called.
fn is_harmless_in_opaque(name: &str) -> bool {
    HARMLESS_METHODS.contains(&name)
        || is_harmless(&format!("builtins.{name}"))
        || matches!(
            name,
            "os" | "environ" | "getenv" | "multiprocessing" | "f" | "if" | "else" | "for" | "in" | "not"
        )
}

/// What importing a module may change: one that is not of the standard library may load a `.env` file.
pub(super) fn of_import(module: &str) -> Effects {
    const QUIET: [&str; 36] = [
        "os",
        "sys",
        "multiprocessing",
        "logging",
        "pathlib",
        "json",
        "ssl",
        "socket",
        "time",
        "datetime",
        "re",
        "platform",
        "tempfile",
        "threading",
        "signal",
        "traceback",
        "typing",
        "collections",
        "functools",
        "math",
        "gunicorn",
        "__future__",
        "random",
        "string",
        "subprocess",
        "shutil",
        "enum",
        "dataclasses",
        "uuid",
        "psutil",
        "gevent",
        "yaml",
        "prometheus_client",
        "copy",
        "itertools",
        "importlib",
    ];
    if QUIET.contains(&module.split('.').next().unwrap_or_default()) {
        return Effects::default();
    }
    Effects::environment(&format!("importing `{module}` may change the environment"))
}

/// A statement of which it is not known how often it is executed: nothing is known of what it may bind.
pub(super) fn absorb(scope: &mut Scope, statement: &Statement) {
    let why = "it may be bound in more than one way";
    match &statement.kind {
        StatementKind::Assign { targets, value } => {
            of(scope, value).apply(scope, statement.span);
            targets.iter().for_each(|target| lose_target(scope, target, why, statement.span));
        }
        StatementKind::Change { target, value } => {
            of(scope, value).apply(scope, statement.span);
            lose_target(scope, target, why, statement.span);
            scope.lose_lists(why);
            scope.write_environment("the file may change the environment");
        }
        StatementKind::Evaluate(expression) => of(scope, expression).apply(scope, statement.span),
        StatementKind::Import(imports) => {
            for import in imports {
                of_import(&import.module).apply(scope, statement.span);
                scope.lose(
                    &import.bound,
                    &format!("it is imported from `{}`", import.module),
                    statement.span,
                );
            }
        }
        StatementKind::ImportAll(module) => scope.doubt_all(&format!("`from {module} import *`"), "bind"),
        StatementKind::Delete(target) => {
            lose_target(scope, target, why, statement.span);
            scope.write_environment("`del` may change the environment");
        }
        StatementKind::Global(_) | StatementKind::Pass => {}
        StatementKind::Template(_) => scope.doubt_all("a template", "set"),
        StatementKind::Block { keyword, header, body } => {
            if let Some(header) = header {
                match keyword {
                    Keyword::Def => {
                        let mut names = Vec::new();
                        header.mentions(&mut names);
                        names.iter().take(1).for_each(|name| scope.lose(name, why, statement.span));
                        return;
                    }
                    Keyword::If | Keyword::Elif | Keyword::While => {}
                    _ => lose_target(scope, header, why, statement.span),
                }
                of(scope, header).apply(scope, statement.span);
            }
            body.iter().for_each(|statement| absorb(scope, statement));
        }
    }
}

fn lose_target(scope: &mut Scope, target: &Expression, why: &str, place: Span) {
    let mut names = Vec::new();
    target.mentions(&mut names);
    if let ExpressionKind::Trailed(..) = target.kind {
        scope.lose_lists(why);
        scope.write_environment("the file may change the environment");
        return;
    }
    for name in names {
        scope.lose(name, why, place);
    }
}

/// What functions of the file do to its names, whenever they run.
pub(super) struct Survey {
    /// Names that a function declares global.
    pub(super) rebound: BTreeSet<String>,
    /// What may give any name any value.
    pub(super) hazard: Option<String>,
}

/// What any code of a file, functions included, may do to its names behind their back.
pub(super) fn survey(statements: &[Statement]) -> Survey {
    let mut survey = Survey { rebound: BTreeSet::new(), hazard: None };
    walk(statements, false, &mut survey);
    survey
}

fn walk(statements: &[Statement], in_function: bool, survey: &mut Survey) {
    for statement in statements {
        let mut names = Vec::new();
        match &statement.kind {
            StatementKind::Assign { targets, value } => {
                targets.iter().for_each(|target| target.mentions(&mut names));
                value.mentions(&mut names);
            }
            StatementKind::Change { target, value } => {
                target.mentions(&mut names);
                value.mentions(&mut names);
            }
            StatementKind::Evaluate(expression) | StatementKind::Delete(expression) => {
                expression.mentions(&mut names);
            }
            StatementKind::Global(globals) => survey.rebound.extend(globals.iter().cloned()),
            StatementKind::Block { keyword, header, body } => {
                if let Some(header) = header {
                    header.mentions(&mut names);
                }
                walk(body, in_function || *keyword == Keyword::Def, survey);
            }
            StatementKind::Import(imports) => {
                names.extend(imports.iter().filter_map(|import| import.name.as_deref()));
            }
            StatementKind::ImportAll(_) | StatementKind::Pass | StatementKind::Template(_) => {}
        }
        if let Some(hazard) = hazard(&names, in_function) {
            survey.hazard.get_or_insert_with(|| format!("`{hazard}`"));
        }
        let settings = |name: &&str| matches!(*name, "set" | "settings");
        if in_function && names.contains(&"cfg") && names.iter().any(settings) {
            survey.hazard.get_or_insert_with(|| "a hook".into());
        }
    }
}

/// A name by which code reaches the names of a module as data.
fn hazard<'a>(names: &[&'a str], in_function: bool) -> Option<&'a str> {
    names.iter().enumerate().find_map(|(at, name)| {
        let reaches = match *name {
            "exec" | "eval" | "execfile" | "globals" | "__dict__" | "modules" | "_getframe"
            | "currentframe" => true,
            // Those of a function are its own.
            "locals" | "vars" => !in_function,
            "setattr" | "delattr" => names.get(at + 1) != Some(&"self"),
            _ => false,
        };
        reaches.then_some(*name)
    })
}
