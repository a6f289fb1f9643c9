//! Whether a text is a configuration of Gunicorn's.

use crate::resolve::gunicorn::is_setting;
use crate::source::{FileId, FileKind, Span};
use crate::syntax::gunicorn::{Expression, ExpressionKind, Header, Keyword, Statement, StatementKind, parse};

/// Gunicorn configuration, if the text assigns one of its settings at module level.
pub(in crate::discover) fn if_gunicorn(text: &str) -> Option<FileKind> {
    const TELLING: [&str; 14] = [
        "bind",
        "workers",
        "worker_class",
        "worker_connections",
        "threads",
        "timeout",
        "graceful_timeout",
        "keepalive",
        "max_requests",
        "accesslog",
        "errorlog",
        "loglevel",
        "wsgi_app",
        "preload_app",
    ];
    sets(text, |name| TELLING.contains(&name)).then_some(FileKind::Gunicorn)
}

/// Whether a text that has no sections assigns to one of some names at module level.
pub(super) fn sets(text: &str, is_one: impl Fn(&str) -> bool) -> bool {
    let assigns = |line: &str| {
        let name = line.split(['=', ':', ' ', '\t']).next().unwrap_or_default();
        let rest = line[name.len()..].trim_start();
        is_one(name) && (rest.starts_with('=') || rest.starts_with(':')) && !rest.starts_with("==")
    };
    let is_ini = |line: &str| line.starts_with('[') && line.trim_end().ends_with(']');
    let mut lines = text.split_inclusive('\n');
    lines.clone().any(assigns) && !lines.any(is_ini)
}

/// Whether a Python file is called like a configuration of Gunicorn's: `gunicorn.py`, `gunicorn_conf_prod.py`,
/// `gunicorn-web.conf.py`. Many a module has `gunicorn` in its name, or lies in a directory that has.
pub(super) fn is_called_so(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let Some(rest) = lower.strip_suffix(".py").and_then(|stem| stem.strip_prefix("gunicorn")) else {
        return false;
    };
    rest.is_empty() || ["conf", "cfg", "setting"].iter().any(|word| rest.contains(word))
}

/// What the module level of a Python file does.
#[derive(Default)]
struct Module<'a> {
    /// How many names it gives a value, and how many of them are settings.
    assigned: usize,
    settings: usize,
    /// The functions that are no hooks.
    functions: Vec<&'a str>,
    /// The values that it gives.
    values: Vec<Span>,
    /// Whether it does what no configuration does.
    is_program: bool,
}

/// Whether the module level of a Python file holds nothing but what a configuration does: it imports, assigns, most of it
/// to settings, and defines hooks and the functions that values are worked out with.
pub(super) fn is_settings_alone(text: &str) -> bool {
    let parsed = parse(FileId(0), text);
    let mut module = Module::default();
    module.read(text, &parsed.tree.statements);
    let is_called = |name: &&str| module.values.iter().any(|value| text[value.range()].contains(*name));
    !module.is_program && module.settings * 2 > module.assigned && module.functions.iter().all(is_called)
}

impl<'a> Module<'a> {
    fn read(&mut self, text: &str, statements: &'a [Statement]) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Assign { targets, value } => {
                    targets.iter().for_each(|target| self.assign(target));
                    self.values.push(value.span);
                }
                StatementKind::Change { target, value, .. } => {
                    self.assign(target);
                    self.values.push(value.span);
                }
                StatementKind::Import(_)
                | StatementKind::ImportAll(_)
                | StatementKind::Delete(_)
                | StatementKind::Pass
                | StatementKind::Template(_) => {}
                StatementKind::Block { keyword: Keyword::Def, header: Header::Def(name, _), .. } => {
                    if !is_setting(name) {
                        self.functions.push(name);
                    }
                }
                StatementKind::Block {
                    keyword: Keyword::Class | Keyword::Match | Keyword::While, ..
                } => {
                    self.is_program = true;
                }
                StatementKind::Block { header, body, .. } => {
                    if let Header::Expression(condition) = header {
                        self.is_program |= text[condition.span.range()].contains("__name__");
                    }
                    self.read(text, body);
                }
                StatementKind::Evaluate(expression) => {
                    // What is made ready for the values.
                    const USUAL: [&str; 3] = ["load_dotenv(", "environ.setdefault(", "sys.path."];
                    let written = &text[expression.span.range()];
                    let says = matches!(expression.kind, ExpressionKind::Text(_) | ExpressionKind::Template);
                    self.is_program |= !says && !USUAL.iter().any(|it| written.contains(it));
                }
                StatementKind::Decorator(_)
                | StatementKind::Return(_)
                | StatementKind::Raise(_)
                | StatementKind::Assert(_)
                | StatementKind::Jump
                | StatementKind::Global(_) => self.is_program = true,
            }
        }
    }

    fn assign(&mut self, target: &Expression) {
        let is_one = matches!(&target.kind, ExpressionKind::Name(name) if is_setting(name));
        // `raw_env[0]`, `logconfig_dict["x"]`: what is assigned to is no name.
        if matches!(target.kind, ExpressionKind::Name(_)) {
            self.assigned += 1;
            self.settings += usize::from(is_one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_by_their_names() {
        for (name, expected) in [
            ("gunicorn.py", true),
            ("gunicorn_conf_prod.py", true),
            ("gunicorn-web.conf.py", true),
            ("gunicorn.config.py", true),
            ("Gunicorn_Settings.py", true),
            ("gunicorn_metrics.py", false),
            ("check_gunicorn_config.py", false),
            ("config.py", false),
        ] {
            assert_eq!(is_called_so(name), expected, "{name}");
        }
    }

    #[test]
    fn a_module_of_settings_alone_is_told_from_a_program() {
        for (text, expected) in [
            ("workers = 0\n", true),
            (
                "\"\"\"Ours.\"\"\"\nimport os\nfrom base import *\nbind = os.environ['B']\nworkers = 2\nx = 1\n",
                true,
            ),
            ("workers = 2\ndef post_fork(server, worker):\n    return 1\n", true),
            ("def count():\n    return 2\nworkers = count()\n", true),
            ("import os\nworkers = 2\nif os.environ.get('X'):\n    reload = True\n", true),
            (
                "'''{{ managed }}'''\n{% if x %}\nworkers = {{ workers }}\n{% endif %}\ntimeout = 3\n{{ more }}\n",
                true,
            ),
            ("workers = 0\ndef run():\n    pass\n", false),
            ("workers = 0\nclass Client: pass\n", false),
            ("import sys\ntimeout = 5\nworkers = 0\nprint(timeout)\n", false),
            ("DEBUG = True\ntimeout = 0\nAPPS = []\n", false),
            ("workers = 0\nif __name__ == '__main__':\n    workers = 1\n", false),
            ("bind = 'x'\nassert bind\n", false),
            ("", false),
        ] {
            assert_eq!(is_settings_alone(text), expected, "{text}");
        }
    }
}
