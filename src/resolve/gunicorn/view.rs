//! What an expression sees: the names of the module, and those of the comprehensions around it.

use super::scope::Scope;
use super::value::Value;
use crate::value::Possible;

/// The names that an expression may read.
pub(super) struct View<'v, 'a> {
    pub(super) scope: &'v Scope<'a>,
    /// Names of comprehensions, the innermost last.
    locals: Vec<(String, Value)>,
    /// How many functions are called in each other.
    calls: usize,
}

/// The most functions that are called in each other.
const MAX_CALLS: usize = 4;

impl<'v, 'a> View<'v, 'a> {
    /// What a statement of the module sees.
    pub(super) fn new(scope: &'v Scope<'a>) -> View<'v, 'a> {
        View { scope, locals: Vec::new(), calls: 0 }
    }

    /// The same with names of its own.
    pub(super) fn with(&self, names: Vec<(String, Value)>) -> View<'v, 'a> {
        View { locals: self.locals.iter().cloned().chain(names).collect(), ..*self }
    }

    /// What a function sees that is called here and has no names of its own.
    pub(super) fn called(&self) -> Option<View<'v, 'a>> {
        (self.calls < MAX_CALLS).then(|| View {
            scope: self.scope,
            locals: Vec::new(),
            calls: self.calls + 1,
        })
    }

    /// The value of a name that is read.
    pub(super) fn lookup(&self, name: &str) -> Possible<Value> {
        match self.locals.iter().rev().find(|(local, _)| local == name) {
            Some((_, value)) => Possible::Known(value.clone()),
            None => self.scope.lookup(name),
        }
    }
}
