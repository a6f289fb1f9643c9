//! Statements that may be executed any number of times, or in part.

use super::effects;
use super::evaluate::evaluate;
use super::scope::Scope;
use super::value::Value;
use crate::source::Span;
use crate::syntax::gunicorn::{Expression, ExpressionKind, Header, Statement, StatementKind, Trailer};

/// A statement of which it is not known how often it is executed: nothing is known of what it may bind.
pub(super) fn absorb(scope: &mut Scope, statement: &Statement) {
    let why = "it may be bound in more than one way";
    match &statement.kind {
        StatementKind::Assign { targets, value } => {
            effects::of(scope, value).apply(scope, statement.span);
            targets.iter().for_each(|target| lose_target(scope, target, why, statement.span));
        }
        StatementKind::Change { target, value, .. } => {
            effects::of(scope, value).apply(scope, statement.span);
            lose_target(scope, target, why, statement.span);
            scope.lose_lists(why);
            scope.write_environment("the file may change the environment");
        }
        StatementKind::Evaluate(value)
        | StatementKind::Decorator(value)
        | StatementKind::Return(Some(value)) => {
            effects::of(scope, value).apply(scope, statement.span);
        }
        StatementKind::Raise(values) | StatementKind::Assert(values) => {
            values.iter().for_each(|value| effects::of(scope, value).apply(scope, statement.span));
        }
        StatementKind::Import(imports) => {
            for import in imports {
                effects::of_import(&import.module).apply(scope, statement.span);
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
        StatementKind::Global(_)
        | StatementKind::Pass
        | StatementKind::Jump
        | StatementKind::Return(None) => {}
        StatementKind::Template(_) => scope.doubt_all("a template", "set"),
        StatementKind::Block { header, body, .. } => {
            effects::of_header(scope, header).apply(scope, statement.span);
            bind_header(scope, header, why, statement.span);
            if !matches!(header, Header::Def(..)) {
                body.iter().for_each(|statement| absorb(scope, statement));
            }
        }
    }
}

/// Nothing is known of what the header of a compound statement binds.
fn bind_header(scope: &mut Scope, header: &Header, why: &str, place: Span) {
    match header {
        Header::Nothing => {}
        // A pattern, or what is not known.
        Header::Expression(value) if matches!(value.kind, ExpressionKind::Opaque { .. }) => {
            lose_target(scope, value, why, place);
        }
        Header::Expression(_) => {}
        Header::For(target, _) => lose_target(scope, target, why, place),
        Header::With(items) => {
            for (value, target) in items {
                // `with (a as b):` is not told apart.
                if let ExpressionKind::Opaque { .. } = value.kind {
                    lose_target(scope, value, why, place);
                }
                target.iter().for_each(|target| lose_target(scope, target, why, place));
            }
        }
        Header::Except(_, name) => name.iter().for_each(|name| scope.lose(name, why, place)),
        Header::Def(name, _) | Header::Class(name, _) => scope.lose(name, why, place),
    }
}

/// Nothing is known of what an assignment may bind.
pub(super) fn lose_target(scope: &mut Scope, target: &Expression, why: &str, place: Span) {
    match &target.kind {
        ExpressionKind::Name(name) => scope.lose(name, why, place),
        ExpressionKind::Tuple(_) | ExpressionKind::List(_) | ExpressionKind::Starred(_) => {
            target.each(&mut |inner| lose_target(scope, inner, why, place));
        }
        // An item or an attribute of something, and `os.environ` may have another name here.
        ExpressionKind::Trailed(head, trailers) => {
            if let Some(Trailer::Attribute(_)) = trailers.last()
                && let [Value::Path(path)] = evaluate(scope, head).likely()
            {
                let module = path.split('.').next().unwrap_or_default().to_owned();
                scope.lose_module(&module, &format!("the file replaces something of `{module}`"));
            }
            scope.lose_lists(why);
            scope.write_environment("the file may change the environment");
        }
        _ => {
            let mut names = Vec::new();
            target.mentions(&mut names);
            names.into_iter().for_each(|name| scope.lose(name, why, place));
            scope.lose_lists(why);
            scope.write_environment("the file may change the environment");
        }
    }
}
