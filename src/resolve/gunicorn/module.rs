//! Statements to the names that they leave behind.
//!
//! What may happen in more than one way is unknown afterwards, but for branches, where both are followed.

use std::ops::Range;
use std::rc::Rc;

use super::absorb::{absorb, lose_target};
use super::effects;
use super::evaluate::{combine, evaluate, truth};
use super::operators;
use super::scope::{Scope, Usual};
use super::survey::survey;
use super::templates;
use super::value::{Body, Value};
use crate::resolve::launch::Environment;
use crate::source::Span;
use crate::syntax::gunicorn::{
    Expression, ExpressionKind, Header, Import, Keyword, Parameters, Statement, StatementKind, Tree,
};
use crate::value::Possible;

/// How many names may be copied for branches, so that following a file is bounded work.
const BUDGET: usize = 20_000;

/// How deep modules of the tree import each other.
const MAX_IMPORTS: usize = 4;

/// Where a module of the tree is found by its name.
pub(super) type Finder<'f> = dyn Fn(&str) -> Option<&'f Tree> + 'f;

/// The names that a file leaves behind, as Gunicorn reads them. What it imports is not followed.
pub(super) fn run<'a>(tree: &Tree, environment: Option<&'a Environment>) -> Scope<'a> {
    run_with(tree, environment, &|_| None)
}

/// The names that a file leaves behind, as Gunicorn reads them, with all that it takes from modules of the tree.
pub(super) fn run_with<'a, 'f>(
    tree: &Tree,
    environment: Option<&'a Environment>,
    find: &'f Finder<'f>,
) -> Scope<'a> {
    let survey = survey(&tree.statements);
    let regions = templates::regions(&tree.statements);
    let mut module = Module { regions, budget: BUDGET, decorated: false, find, within: Vec::new() };
    let mut scope = Scope::new(environment, survey.rebound);
    let flow = module.run(&mut scope, &tree.statements);
    if flow == Flow::Stops {
        scope.lose_all("the file raises an exception");
    }
    if let Some(what) = survey.hazard {
        scope.doubt_all(&what, "set");
    }
    scope
}

/// Whether execution goes on behind a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Continues,
    Stops,
}

struct Module<'f> {
    /// The modules of the tree.
    find: &'f Finder<'f>,
    /// The modules that are being imported around this one.
    within: Vec<String>,
    /// Where a template engine may leave statements out.
    regions: Vec<Range<u32>>,
    budget: usize,
    /// Whether a decorator stands above the statement.
    decorated: bool,
}

impl Module<'_> {
    fn run(&mut self, scope: &mut Scope, statements: &[Statement]) -> Flow {
        let mut at = 0;
        let mut decorated = false;
        while let Some(statement) = statements.get(at) {
            at += 1;
            let is_if = matches!(statement.kind, StatementKind::Block { keyword: Keyword::If, .. });
            self.decorated = decorated;
            decorated = matches!(statement.kind, StatementKind::Decorator(_));
            let flow = if is_if {
                let more = statements[at..].iter().take_while(|next| continues_if(next)).count();
                let chain = &statements[at - 1..at + more];
                at += more;
                self.branches(scope, chain)
            } else {
                self.step(scope, statement)
            };
            if flow == Flow::Stops {
                return flow;
            }
        }
        Flow::Continues
    }

    fn step(&mut self, scope: &mut Scope, statement: &Statement) -> Flow {
        match &statement.kind {
            StatementKind::Assign { targets, value } => self.assign(scope, statement.span, targets, value),
            StatementKind::Change { target, operator, value } => {
                self.change(scope, statement.span, target, operator, value);
            }
            StatementKind::Evaluate(expression) => {
                effects::of(scope, expression).apply(scope, statement.span);
                match &expression.kind {
                    ExpressionKind::Template | ExpressionKind::Opaque { template: true, .. } => {
                        scope.doubt_all("a template", "set");
                    }
                    // Python 2's `raise a, b`.
                    ExpressionKind::Opaque { names, .. } if names.first().is_some_and(|it| it == "raise") => {
                        return Flow::Stops;
                    }
                    ExpressionKind::Walrus(name, _) => {
                        let value = self.value(scope, statement.span, expression);
                        scope.bind(name, value.map(Some), statement.span);
                    }
                    _ => {}
                }
            }
            StatementKind::Decorator(value) => {
                effects::of(scope, value).apply(scope, statement.span);
                // It is called with what it decorates.
                effects::of_call("a decorator").apply(scope, statement.span);
            }
            // A `return` outside of a function is refused, and so is a jump outside of a loop.
            StatementKind::Raise(_) | StatementKind::Return(_) | StatementKind::Jump => return Flow::Stops,
            StatementKind::Assert(values) => {
                values.iter().for_each(|value| effects::of(scope, value).apply(scope, statement.span));
                if values.first().is_some_and(|value| truth(scope, value) == Possible::Known(false)) {
                    return Flow::Stops;
                }
            }
            StatementKind::Import(imports) => {
                for import in imports {
                    self.import(scope, import, statement.span);
                }
            }
            StatementKind::ImportAll(module) => {
                if self.in_template(statement.span) || !self.take_all(scope, module) {
                    scope.doubt_all(&format!("`from {module} import *`"), "bind");
                }
            }
            StatementKind::Delete(target) => {
                let mut names = Vec::new();
                target.mentions(&mut names);
                match &target.kind {
                    ExpressionKind::Name(name) if !self.in_template(statement.span) => {
                        scope.bind(name, Possible::Known(None), statement.span);
                    }
                    _ => {
                        names.iter().for_each(|name| scope.lose(name, "`del` may unbind it", statement.span))
                    }
                }
                scope.lose_lists("`del` may change it");
                scope.write_environment("`del` may change the environment");
            }
            StatementKind::Global(_) | StatementKind::Pass => {}
            StatementKind::Template(text) => {
                if templates::inserts(text) {
                    scope.doubt_all("a template", "set");
                }
            }
            StatementKind::Block { header: Header::Def(name, parameters), body, .. } => {
                parameters
                    .evaluated
                    .iter()
                    .for_each(|it| effects::of(scope, it).apply(scope, statement.span));
                let arity = parameters.takes.by_place;
                self.define(
                    scope,
                    name,
                    Value::Function { name: name.clone(), arity, returns: returned(parameters, body) },
                    statement.span,
                );
            }
            StatementKind::Block { header: Header::Class(name, _), .. } => {
                absorb(scope, statement);
                self.define(scope, name, Value::Class(name.clone()), statement.span);
            }
            StatementKind::Block { .. } => absorb(scope, statement),
        }
        Flow::Continues
    }

    /// An `if` with its `elif`s and its `else`.
    fn branches(&mut self, scope: &mut Scope, chain: &[Statement]) -> Flow {
        // The ways that may have been taken, and whether each usually is.
        let mut ways: Vec<(Scope, Usual)> = Vec::new();
        for link in chain {
            let StatementKind::Block { keyword, header, body } = &link.kind else { continue };
            let condition = match header {
                Header::Expression(header) if *keyword != Keyword::Else => {
                    // Names that it binds are not known while it is worked out.
                    effects::of(scope, header).apply(scope, link.span);
                    let condition = truth(scope, header);
                    if let ExpressionKind::Walrus(name, _) = &header.kind {
                        let value = self.value(scope, link.span, header);
                        scope.bind(name, value.map(Some), link.span);
                    }
                    condition
                }
                _ => Possible::Known(true),
            };
            match condition {
                Possible::Known(false) => {}
                Possible::Known(true) => {
                    let flow = self.run(scope, body);
                    return settle(scope, ways, flow);
                }
                undecided => {
                    let usual = match undecided {
                        Possible::Usually(usual) if usual.values == [true] => Usual::First(usual.unless),
                        Possible::Usually(usual) if usual.values == [false] => Usual::Second(usual.unless),
                        _ => Usual::Neither,
                    };
                    let size = scope.names.len() + 1;
                    if self.budget < size {
                        scope.lose_all("the file branches too often to be followed");
                        return Flow::Continues;
                    }
                    self.budget -= size;
                    let mut taken = scope.clone();
                    if self.run(&mut taken, body) == Flow::Continues {
                        ways.push((taken, usual));
                    }
                }
            }
        }
        settle(scope, ways, Flow::Continues)
    }

    fn assign(&mut self, scope: &mut Scope, span: Span, targets: &[Expression], value: &Expression) {
        effects::of(scope, value).apply(scope, span);
        let result = self.value(scope, span, value);
        if let ExpressionKind::Walrus(name, _) = &value.kind {
            scope.bind(name, result.clone().map(Some), span);
        }
        for target in targets {
            match &target.kind {
                ExpressionKind::Name(name) if targets.len() == 1 => {
                    scope.assign(name, result.clone(), span, value.span);
                }
                ExpressionKind::Name(name) => scope.bind(name, result.clone().map(Some), span),
                ExpressionKind::Tuple(names) | ExpressionKind::List(names) => {
                    self.unpack(scope, span, names, &result);
                }
                _ => self.store(scope, span, target),
            }
        }
    }

    /// `a += value`. A number or a text is replaced; a list is changed, and whatever else stands for it with it.
    fn change(
        &mut self,
        scope: &mut Scope,
        span: Span,
        target: &Expression,
        operator: &str,
        value: &Expression,
    ) {
        effects::of(scope, value).apply(scope, span);
        let ExpressionKind::Name(name) = &target.kind else {
            self.store(scope, span, target);
            return scope.lose_lists("it may be changed in place");
        };
        let before = evaluate(scope, target);
        let replaced = |value: &Value| {
            matches!(
                value,
                Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::Machine(_)
            )
        };
        if before.likely().is_empty()
            || !before.likely().iter().all(replaced)
            || matches!(before, Possible::Usually(_))
        {
            // `|=` changes the environment itself if that is what the name stands for.
            scope.write_environment("the file may change the environment");
            scope.lose(name, "it is changed in place", span);
            return scope.lose_lists("it may be changed in place");
        }
        let added = self.value(scope, span, value);
        let result = combine(&[before, added], |values| operators::binary(operator, &values[0], &values[1]));
        scope.bind(name, result.map(Some), span);
    }

    /// `a, b = value`.
    fn unpack(&mut self, scope: &mut Scope, span: Span, targets: &[Expression], value: &Possible<Value>) {
        for (at, target) in targets.iter().enumerate() {
            let item = value.clone().try_map(|value| match value {
                Value::List(items) | Value::Tuple(items) if items.len() == targets.len() => {
                    Ok(items[at].clone())
                }
                _ => Err("what it is unpacked from is not followed".into()),
            });
            match &target.kind {
                ExpressionKind::Name(name) => scope.bind(name, item.map(Some), span),
                _ => self.store(scope, span, target),
            }
        }
    }

    /// A target that is no name: an item or an attribute of something, or a pattern.
    fn store(&mut self, scope: &mut Scope, span: Span, target: &Expression) {
        if let ExpressionKind::Template | ExpressionKind::Opaque { template: true, .. } = target.kind {
            return scope.doubt_all("a template", "set");
        }
        effects::of(scope, target).apply(scope, span);
        lose_target(scope, target, "how it is bound is not followed", span);
    }

    fn import(&mut self, scope: &mut Scope, import: &Import, span: Span) {
        effects::of_import(&import.module).apply(scope, span);
        let path = match &import.name {
            Some(name) => format!("{}.{name}", import.module),
            None => import.module.clone(),
        };
        let known = ["os", "multiprocessing", "math", "psutil", "environs"]
            .contains(&import.module.split('.').next().unwrap_or_default());
        let value = if known && !self.in_template(span) {
            Possible::Known(Some(Value::Path(path)))
        } else {
            Possible::Unknown(format!("it is imported from `{}`", import.module))
        };
        scope.bind(&import.bound, value, span);
    }

    /// `from module import *`, of a module of the tree that does nothing but bind names that are followed. False where it
    /// does more, or is not there; then nothing is bound.
    fn take_all(&mut self, scope: &mut Scope, name: &str) -> bool {
        if self.within.len() >= MAX_IMPORTS || self.within.iter().any(|other| other == name) {
            return false;
        }
        let Some(tree) = (self.find)(name) else { return false };
        let survey = survey(&tree.statements);
        if survey.hazard.is_some() {
            return false;
        }
        let mut inner = scope.module(survey.rebound);
        let within = self.within.iter().cloned().chain([name.to_string()]).collect();
        let regions = templates::regions(&tree.statements);
        let mut module = Module { regions, budget: self.budget, decorated: false, find: self.find, within };
        let flow = module.run(&mut inner, &tree.statements);
        self.budget = module.budget;
        if flow == Flow::Stops || inner.open.is_some() || inner.names.contains_key("__all__") {
            return false;
        }
        scope.take(&inner);
        true
    }

    /// A function or a class.
    fn define(&mut self, scope: &mut Scope, name: &str, value: Value, span: Span) {
        let value = match (self.decorated, self.in_template(span)) {
            (true, _) => Possible::Unknown("what a decorator makes of it is not followed".into()),
            (_, true) => Possible::Unknown("a template decides whether it is set here".into()),
            _ => Possible::Known(Some(value)),
        };
        scope.bind(name, value, span);
    }

    /// What an assignment gives a name.
    fn value(&self, scope: &Scope, span: Span, value: &Expression) -> Possible<Value> {
        if self.in_template(span) {
            return Possible::Unknown("a template decides whether it is set here".into());
        }
        evaluate(scope, value)
    }

    fn in_template(&self, span: Span) -> bool {
        let before = self.regions.partition_point(|region| region.start <= span.start);
        self.regions[..before].last().is_some_and(|region| span.start < region.end)
    }
}

fn continues_if(statement: &Statement) -> bool {
    matches!(&statement.kind, StatementKind::Block { keyword: Keyword::Elif | Keyword::Else, .. })
}

/// What a function gives that takes nothing and does nothing but return it, behind its description. Its names are those of
/// the module when it is called.
fn returned(parameters: &Parameters, body: &[Statement]) -> Option<Body> {
    let is_text = |it: &Statement| matches!(&it.kind, StatementKind::Evaluate(it) if matches!(it.kind, ExpressionKind::Text(_)));
    let body = match body {
        [first, rest @ ..] if is_text(first) => rest,
        all => all,
    };
    match body {
        [Statement { kind: StatementKind::Return(Some(value)), .. }]
            if parameters.takes.names.is_empty() && !parameters.is_async =>
        {
            let mut yields = false;
            contains_yield(value, &mut yields);
            (!yields).then(|| Body(Rc::new(value.clone())))
        }
        _ => None,
    }
}

fn contains_yield(value: &Expression, found: &mut bool) {
    *found |= matches!(
        value.kind,
        ExpressionKind::Yield(_) | ExpressionKind::Walrus(..) | ExpressionKind::Opaque { .. }
    );
    value.each(&mut |inner| contains_yield(inner, found));
}

/// Behind an `if`: the ways that may have been taken beside the last one, and the last one.
fn settle<'a>(scope: &mut Scope<'a>, ways: Vec<(Scope<'a>, Usual)>, flow: Flow) -> Flow {
    let mut after = (flow == Flow::Continues).then(|| scope.clone());
    for (way, usual) in ways.into_iter().rev() {
        after = Some(match after {
            Some(after) => way.merge(after, &usual),
            None => way,
        });
    }
    let Some(after) = after else { return flow };
    *scope = after;
    Flow::Continues
}
