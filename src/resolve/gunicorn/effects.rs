//! What an expression may change besides giving a value.

use super::evaluate::evaluate;
use super::scope::Scope;
use super::value::Value;
use crate::source::Span;
use crate::syntax::gunicorn::{Expression, ExpressionKind, Header, Trailer};

/// What may be changed.
#[derive(Default)]
pub(super) struct Effects {
    /// Why the environment may be another one.
    environment: Option<String>,
    /// Whether the file itself changes it.
    writes: bool,
    /// What may change lists, and whether it is told that it does.
    lists: Option<(String, bool)>,
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
        match self.lists {
            Some((what, true)) => scope.lose_lists(&format!("{what} may change it")),
            Some((what, false)) => scope.doubt_lists(&format!("{what} changes it")),
            None => {}
        }
        for name in self.bound {
            scope.lose(&name, "an expression may rebind it", place);
        }
    }

    fn call(&mut self, what: &str) {
        self.environment.get_or_insert_with(|| format!("`{what}` may change the environment"));
        self.lists.get_or_insert_with(|| (format!("`{what}`"), false));
    }
}

/// What an expression may change.
pub(super) fn of(scope: &Scope, expression: &Expression) -> Effects {
    let mut effects = Effects::default();
    gather(scope, expression, &mut Vec::new(), &mut effects);
    effects
}

/// What a call of something that is not followed may change.
pub(super) fn of_call(what: &str) -> Effects {
    let mut effects = Effects::default();
    effects.call(what);
    effects
}

/// What the header of a compound statement may change, besides what it binds.
pub(super) fn of_header(scope: &Scope, header: &Header) -> Effects {
    let mut effects = Effects::default();
    header.each(&mut |expression| gather(scope, expression, &mut Vec::new(), &mut effects));
    effects
}

/// `shadowed` are names that mean something else here than in the module.
fn gather<'e>(scope: &Scope, expression: &'e Expression, shadowed: &mut Vec<&'e str>, effects: &mut Effects) {
    match &expression.kind {
        ExpressionKind::Trailed(head, trailers) => trailed(scope, head, trailers, shadowed, effects),
        ExpressionKind::Opaque { names, binds, calls, .. } => {
            if *binds {
                effects.bound.extend(names.iter().cloned());
            }
            if *calls && !names.iter().all(|name| is_harmless_in_opaque(name)) {
                effects.call(names.first().map_or("a call", String::as_str));
            }
        }
        ExpressionKind::Walrus(name, _) => effects.bound.push(name.clone()),
        _ => {}
    }
    if let ExpressionKind::Trailed(..) = expression.kind {
        return;
    }
    let outer = shadowed.len();
    match &expression.kind {
        ExpressionKind::Comprehension(it) => {
            it.clauses.iter().for_each(|clause| clause.target.mentions(shadowed));
        }
        ExpressionKind::Lambda(heads, _) => {
            shadowed.extend(heads.iter().flat_map(|head| &head.takes.names).map(String::as_str));
        }
        _ => {}
    }
    expression.each(&mut |inner| gather(scope, inner, shadowed, effects));
    shadowed.truncate(outer);
}

fn trailed<'e>(
    scope: &Scope,
    head: &'e Expression,
    trailers: &'e [Trailer],
    shadowed: &mut Vec<&'e str>,
    effects: &mut Effects,
) {
    gather(scope, head, shadowed, effects);
    let mut last = match &head.kind {
        ExpressionKind::Name(name) => name.as_str(),
        _ => "",
    };
    let mut path = match evaluate(scope, head).likely() {
        [Value::Path(path)] if !shadowed.contains(&last) => Some(path.clone()),
        _ => None,
    };
    let mut is_method = false;
    for trailer in trailers {
        match trailer {
            Trailer::Attribute(name) => {
                if let Some(path) = &mut path {
                    path.extend([".", name]);
                }
                last = name;
                is_method = true;
            }
            Trailer::Call(arguments) => {
                arguments.iter().for_each(|(_, value)| gather(scope, value, shadowed, effects));
                let harmless = match &path {
                    Some(path) => is_harmless(path) && !arguments.iter().any(is_callback),
                    None => is_method && HARMLESS_METHODS.contains(&last),
                };
                if !harmless {
                    effects.call(last);
                    // A method that is not known, of a list or of what may be one.
                    let of_list = match &head.kind {
                        ExpressionKind::Name(name) => scope.holds_list(name),
                        _ => true,
                    };
                    if is_method && of_list {
                        effects.lists = Some((format!("`{last}`"), true));
                    }
                    effects.writes |= path.is_some_and(|path| path.starts_with("os.environ."));
                }
                path = None;
                is_method = false;
            }
            Trailer::Subscript(value) | Trailer::Opaque(value) => {
                gather(scope, value, shadowed, effects);
                path = None;
                is_method = false;
            }
        }
    }
}

/// Whether an argument is a function that is called, and of which not all is seen here.
fn is_callback((name, value): &(Option<String>, Expression)) -> bool {
    name.as_deref() == Some("key") && !matches!(value.kind, ExpressionKind::Lambda(..))
}

/// Functions that change neither the environment nor what they are given.
fn is_harmless(path: &str) -> bool {
    const BUILTINS: [&str; 32] = [
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
        "sorted",
        "sum",
        "object",
        "repr",
        "format",
        "divmod",
        "pow",
        "any",
        "all",
        "enumerate",
        "zip",
        "reversed",
        "frozenset",
        "chr",
        "ord",
    ];
    match path.strip_prefix("builtins.") {
        Some(name) => BUILTINS.contains(&name),
        None => {
            path.starts_with("os.path.")
                || path.starts_with("math.")
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
                        | "psutil.cpu_count"
                        | "environs.Env"
                        | "environs.Env().int"
                        | "environs.Env().str"
                        | "environs.Env().bool"
                        | "environs.Env().float"
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
