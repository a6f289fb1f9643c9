//! Passes whose target is a variable: what it stands for, where that is constant.

use std::collections::BTreeMap;

use super::address::{self, Form};
use super::found::{Found, Pass};
use super::route::{Argument, part};
use crate::model::{Anchor, Dialect, LookedUp, Uri};
use crate::source::{Sources, Span};
use crate::syntax::nginx::Word;
use crate::value::{Endpoint, Host};

/// What gives variables their values, for looking up.
pub(super) struct Variables<'a> {
    found: &'a Found<'a>,
    /// By scope and variable in lower case.
    assignments: BTreeMap<(usize, String), Vec<usize>>,
    /// By block of `https` and variable in lower case.
    maps: BTreeMap<(usize, &'a str), Vec<usize>>,
}

/// A value that a variable may have, and the directive that gives it.
struct Value<'a> {
    word: &'a Word<'a>,
    directive: Span,
}

impl<'a> Variables<'a> {
    pub(super) fn new(found: &'a Found<'a>) -> Variables<'a> {
        let mut all = Variables { found, assignments: BTreeMap::new(), maps: BTreeMap::new() };
        for (at, it) in found.assignments.iter().enumerate() {
            all.assignments.entry((it.scope, it.variable.to_ascii_lowercase())).or_default().push(at);
        }
        for (at, it) in found.maps.iter().enumerate() {
            all.maps.entry((it.http, it.variable.as_str())).or_default().push(at);
        }
        all
    }

    fn setters(&self, scope: usize, name: &str) -> &[usize] {
        self.assignments.get(&(scope, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// All values that a variable can have at a pass, where they are constants: that of one unconditional `set` at the
    /// level of the pass or one that encloses it, and nothing else in the same server; or those of one `map`.
    fn values(&self, name: &str, pass: &Pass) -> Option<Vec<Value<'a>>> {
        let name = name.to_ascii_lowercase();
        let http = self.found.level_http[pass.level.0 as usize];
        let maps = self.maps.get(&(http, name.as_str())).map_or(&[][..], Vec::as_slice);
        // A script may set any.
        let [] = self.setters(pass.scope, "") else { return None };
        match (self.setters(pass.scope, &name), maps) {
            ([only], []) => self.set(*only, pass).map(|value| vec![value]),
            ([], [only]) => {
                let map = &self.found.maps[*only];
                let value = |word| Value { word, directive: map.span };
                Some(map.values.as_ref()?.iter().map(value).collect())
            }
            _ => None,
        }
    }

    fn set(&self, setter: usize, pass: &Pass) -> Option<Value<'a>> {
        let setter = &self.found.assignments[setter];
        let level = setter.level?;
        let mut next = Some(pass.level);
        while let Some(id) = next {
            if id == level {
                return setter.value.as_ref().map(|word| Value { word, directive: setter.span });
            }
            next = self.found.nginx.level(id).parent;
        }
        None
    }
}

/// The argument of a pass whose first variable has constant values: `set $app http://127.0.0.1:8000;`. The address must
/// stand in the value, or before the variable, as a whole.
pub(super) fn followed(
    pass: &Pass,
    word: &Word,
    variables: &Variables<'_>,
    sources: &Sources,
) -> Option<Argument> {
    let at = word.text.find('$')?;
    let (name, length) = name_of(&word.text[at..])?;
    let mut argument: Option<Argument> = None;
    for value in variables.values(name, pass)? {
        let one = with(pass, word, at..at + length, &value, sources)?;
        match &mut argument {
            None => argument = Some(one),
            Some(all) if all.gateway == one.gateway => all.forms.extend(one.forms),
            Some(_) => return None,
        }
    }
    argument
}

/// The argument of a pass with one value in place of its variable.
fn with(
    pass: &Pass,
    word: &Word,
    variable: std::ops::Range<usize>,
    value: &Value<'_>,
    sources: &Sources,
) -> Option<Argument> {
    let at = variable.start;
    let text = format!("{}{}{}", &word.text[..at], value.word.text, &word.text[variable.end..]);
    let (gateway, address) = address::pass(pass.name, pass.stream, &text).ok()?;
    let range = address.range;
    let end = at + value.word.text.len();
    // A URI replaces all of the request's, since the pass has variables.
    let behind = text[range.end..].trim_start_matches(':');
    let uri = if behind.is_empty() { Uri::Kept } else { Uri::Computed };
    let anchor = if range.end <= at {
        Anchor { value: part(word, range, sources), ..pass.anchor }
    } else if range.start < at || range.end > end {
        return None;
    } else {
        let span = part(value.word, range.start - at..range.end - at, sources);
        Anchor { span: value.directive, value: span, dialect: Dialect::Nginx }
    };
    Some(Argument { gateway, uri, wrong: None, own: None, forms: vec![(address.form, anchor)] })
}

/// The host that a pass looks up whose first variable has one constant value, where the two make the address together:
/// `set $app app.internal; proxy_pass http://$app:8000;`.
pub(super) fn looked_up(pass: &Pass, word: &Word, variables: &Variables<'_>) -> Option<LookedUp> {
    let at = word.text.find('$')?;
    let (name, length) = name_of(&word.text[at..])?;
    let values = variables.values(name, pass)?;
    let [value] = values.as_slice() else { return None };
    let text = format!("{}{}{}", &word.text[..at], value.word.text, &word.text[at + length..]);
    match address::pass(pass.name, pass.stream, &text).ok()?.1.form {
        Form::Endpoint(Endpoint::Tcp(Host::Name(name), port)) => {
            Some(LookedUp { name, port, place: value.word.span })
        }
        _ => None,
    }
}

/// The name of the variable that a text begins with, and how many bytes it takes.
fn name_of(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix('$')?;
    if let Some(braced) = rest.strip_prefix('{') {
        let name = &braced[..braced.find('}')?];
        return Some((name, name.len() + 3));
    }
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    (length > 0).then(|| (&rest[..length], length + 1))
}
