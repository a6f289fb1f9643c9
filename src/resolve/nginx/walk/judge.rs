//! What nginx refuses of single directives.

use super::super::value::{meant, refusal};
use super::{First, Place, Walk};
use crate::edit::{Applicability, Edit};
use crate::model::{Datum, Directive as Known, Fault, FaultKind, LevelId, Mend, ValueKind, Version};
use crate::resolve::variants;
use crate::source::Span;
use crate::syntax::nginx::{Directive, Word};
use crate::value::{Duration, Possible, nearest};

/// The parameters of an upstream's `server` that nginx takes, and when it took them up. Source: `ngx_http_upstream_server` in
/// `src/http/ngx_http_upstream.c`, 1.31.3.
const PARAMETERS: [(&str, Version); 11] = [
    ("backup", Version(0, 0, 0)),
    ("down", Version(0, 0, 0)),
    ("drain", Version(1, 29, 6)),
    ("fail_timeout=", Version(0, 0, 0)),
    ("max_conns=", Version(1, 11, 5)),
    ("max_fails=", Version(0, 0, 0)),
    ("resolve", Version(1, 27, 3)),
    ("route=", Version(1, 29, 6)),
    ("service=", Version(1, 27, 3)),
    ("slow_start=", Version(0, 0, 0)),
    ("weight=", Version(0, 0, 0)),
];

impl Walk<'_> {
    /// A directive of the table whose value means nothing, or that stands twice in a level.
    pub(super) fn judge_setting(
        &mut self,
        known: &'static Known,
        written: &Directive,
        level: LevelId,
        value: &Possible<Datum>,
        place: &Place<'_>,
    ) {
        if place.doubt().is_some() {
            return;
        }
        // What is known means something.
        if let Possible::Unknown(_) = value
            && let Some(message) = refusal(known, written, self.version)
        {
            self.wrong_value(known.kind, written, message);
        }
        if known.kind != ValueKind::Words {
            self.judge_second(known.name, written, level);
        }
    }

    /// An argument that means nothing, and what is evidently meant by it.
    pub(super) fn wrong_value(&mut self, kind: ValueKind, directive: &Directive, message: String) {
        let first = directive.arguments().first();
        let place = first.map_or(directive.header(), |word| word.span);
        let only = first.filter(|_| directive.arguments().len() == 1);
        let mend = only.and_then(|word| Some((word.span, meant(kind, &word.text)?)));
        let mend = mend.map(|(span, value)| Mend {
            title: format!("write `{value}`"),
            applicability: Applicability::Safe,
            edits: vec![Edit { span, replacement: value }],
        });
        let kind = FaultKind::Value;
        self.found.nginx.faults.push(Fault { kind, place, message, related: None, help: None, mend });
    }

    /// A directive that may stand once in a level. nginx stops at the second; a third is no other mistake.
    pub(super) fn judge_second(&mut self, name: &'static str, written: &Directive, level: LevelId) {
        let span = written.span();
        // There are no more of a level than such directives.
        let mut here = self.firsts.iter_mut().rev().take_while(|it| it.level == level);
        let Some(first) = here.find(|it| it.name == name) else {
            return self.firsts.push(First { level, name, span, count: 1 });
        };
        let path = |span: Span| self.library.sources.get(span.file).path.as_str();
        if variants::may_exclude(path(first.span), path(span)) {
            return;
        }
        first.count += 1;
        if first.count != 2 {
            return;
        }
        let related = match first.span == span {
            true => "its file is included twice here".to_owned(),
            false => format!("the first `{name}`"),
        };
        let related = Some((first.span, related));
        self.found.nginx.faults.push(Fault {
            kind: FaultKind::Duplicate,
            place: written.span(),
            message: format!("\"{name}\" directive is duplicate"),
            related,
            help: None,
            mend: None,
        });
    }

    /// What stands behind the address of an upstream's `server`.
    pub(super) fn judge_parameters(&mut self, directive: &Directive, words: &[Word]) {
        for word in words.iter().filter(|word| !word.template && !word.text.contains('$')) {
            let text = word.text.as_str();
            let message = format!("invalid parameter \"{text}\"");
            let known = PARAMETERS.iter().find(|(name, _)| match name.ends_with('=') {
                true => text.starts_with(name),
                false => text == *name,
            });
            match known {
                Some((name, since)) if *since > self.version => {
                    self.fault(FaultKind::Value, word.span, message);
                    if let Some(fault) = self.found.nginx.faults.last_mut() {
                        let name = name.trim_end_matches('=');
                        fault.help = Some(format!("nginx knows `{name}` since {since}"));
                    }
                }
                Some((name, _)) if !takes(name, &text[name.len()..]) => {
                    self.fault(FaultKind::Value, word.span, message);
                }
                Some(_) => {}
                None => self.judge_unknown_parameter(word, directive, message),
            }
        }
    }

    /// Other modules have parameters of their own: only what is all but one of nginx's is certainly a mistake.
    fn judge_unknown_parameter(&mut self, word: &Word, directive: &Directive, message: String) {
        let name = &word.text[..word.text.find('=').map_or(word.text.len(), |at| at + 1)];
        let Some(near) = nearest(name, PARAMETERS.iter().map(|(name, _)| *name)) else { return };
        self.fault(FaultKind::Value, word.span, message);
        let start = word.inner().start as usize;
        let span = Span::new(directive.span().file, start..start + name.len());
        let is_plain = self.library.sources.text(span) == name;
        let mend = Mend {
            title: format!("write `{near}`"),
            applicability: Applicability::Safe,
            edits: vec![Edit { span, replacement: near.into() }],
        };
        if let Some(fault) = self.found.nginx.faults.last_mut() {
            fault.mend = Some(mend).filter(|_| is_plain);
        }
    }

    /// Notes a fault without more to say.
    pub(super) fn fault(&mut self, kind: FaultKind, place: Span, message: String) {
        let fault = Fault { kind, place, message, related: None, help: None, mend: None };
        self.found.nginx.faults.push(fault);
    }
}

/// Whether a parameter takes a value.
fn takes(name: &str, value: &str) -> bool {
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok()).flatten()
    };
    match name {
        "weight=" => number(value).is_some_and(|weight| weight > 0),
        "max_conns=" | "max_fails=" => number(value).is_some(),
        "fail_timeout=" => Duration::from_nginx(value).is_some() && !value.contains("ms"),
        _ => true,
    }
}
