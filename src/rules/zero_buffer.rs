//! A buffer of no size for the head of an answer.

use std::collections::BTreeMap;

use super::{Category, Context, Fixable, Rule, more_routes};
use crate::edit::{Applicability, Fix};
use crate::finding::{Finding, Label, Severity};
use crate::model::{Buffers, InForce, LevelId, Route, Setting};
use crate::source::Span;
use crate::value::Size;

pub(super) const RULE: Rule = Rule {
    name: "zero-buffer",
    category: Category::Buffer,
    severity: Severity::Error,
    summary: "a buffer of size 0 for the head of an answer",
    outcome: "502",
    fix: Fixable::Sometimes,
    page: include_str!("../../rules/zero-buffer.md"),
    check,
};

/// nginx's default: one page of memory.
const DEFAULT: Size = Size::kibibytes(4);

/// The directives that say the size, each with the one that says the sizes of the buffers for the rest.
const PAIRS: [(&str, &str); 4] = [
    ("proxy_buffer_size", "proxy_buffers"),
    ("uwsgi_buffer_size", "uwsgi_buffers"),
    ("fastcgi_buffer_size", "fastcgi_buffers"),
    ("scgi_buffer_size", "scgi_buffers"),
];

fn check(context: &Context, findings: &mut Vec<Finding>) {
    let deployment = context.deployment;
    let size = |route: &Route| route.gateway.buffer_size();
    let zeros = deployment.nginx.in_force(deployment.target.nginx, size, |size: &Size| size.bytes == 0);
    if zeros.is_empty() {
        return;
    }
    let fitting = fitting(context);
    findings.extend(zeros.iter().map(|zero| finding(zero, fitting.get(&zero.anchor.span).copied())));
}

/// Whether the default goes with the other buffers at each level that a size is in force at, by the place of the size.
///
/// nginx compares the larger of this size and that of one of the others with more sizes, and refuses what does not fit
/// (see `proxy-buffers-rejected`). A size that is no larger than one of the others changes nothing about that.
fn fitting(context: &Context) -> BTreeMap<Span, bool> {
    let (nginx, version) = (&context.deployment.nginx, context.deployment.target.nginx);
    let mut fitting = BTreeMap::new();
    for at in 0..nginx.levels.len() {
        let level = LevelId(at as u32);
        for (size, buffers) in PAIRS {
            let Some(place) = nginx.datum(level, size, version).origin.place else { continue };
            let others: Setting<Buffers> = nginx.setting(level, buffers, version);
            *fitting.entry(place).or_insert(true) &= others.value.must(|it| it.size >= DEFAULT);
        }
    }
    fitting
}

/// `fits` says whether the default goes with the other buffers; gRPC has none.
fn finding(zero: &InForce, fits: Option<bool>) -> Finding {
    let name = zero.directive;
    let message = format!(
        "`{name}` is 0, so that nginx has no room for the head of the app's answer: every request gets a 502"
    );
    let primary = Label { span: zero.anchor.span, text: format!("a buffer of 0 bytes, {}", zero.origin) };
    let text = "for requests that are handed on here".to_owned();
    let related = zero.passes.iter().take(1).map(|span| Label { span: *span, text: text.clone() }).collect();
    let others = more_routes(zero.passes.len());
    let mut finding = RULE.finding(message, primary, related);
    finding.help = Some(format!(
        "give it room for status line, headers and cookies, {DEFAULT} being nginx's default; the error log says \
         `upstream prematurely closed connection while reading response header from upstream`, though the app did \
         nothing wrong{others}"
    ));
    finding.fix =
        fits.unwrap_or(name == "grpc_buffer_size").then(|| zero.anchor.set(&DEFAULT.to_nginx())).and_then(
            |edit| Fix::new(format!("set `{name} {}`", DEFAULT.to_nginx()), Applicability::Safe, vec![edit]),
        );
    finding
}
