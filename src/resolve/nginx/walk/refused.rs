//! What nginx refuses of a directive before its module reads the values: its name, its place, the number of its arguments.

use super::{Block, Place, Walk};
use crate::directives::{Context, Verdict, is_third_party, judge, named, nearest, stands_once};
use crate::edit::{Applicability, Edit};
use crate::model::{Fault, FaultKind, Mend, ValueKind, Version, directive as in_model};
use crate::source::Span;
use crate::syntax::nginx::{Body, Directive};

/// The modules that hops are made of: of these, what a release does not know yet is told.
const OF_HOPS: [&str; 12] = [
    "fastcgi",
    "grpc",
    "proxy",
    "scgi",
    "upstream",
    "upstream_hash",
    "upstream_ip_hash",
    "upstream_keepalive",
    "upstream_least_conn",
    "upstream_random",
    "upstream_zone",
    "uwsgi",
];

/// How many names that no module has are compared with all that there are.
const MAX_NEARS: usize = 1000;

impl Walk<'_> {
    /// Notes what nginx refuses of a directive, whatever its values.
    pub(super) fn judge_directive(&mut self, directive: &Directive, place: &Place<'_>) {
        let Some(context) = context(place.block).filter(|_| place.doubt().is_none()) else { return };
        if directive.words.iter().any(|word| word.open) {
            return;
        }
        let name = directive.name();
        let arguments = directive.arguments();
        let first = arguments.first().map(|word| word.text.as_str());
        let Version(major, minor, patch) = self.version;
        let is_block = !matches!(directive.body, Body::Simple);
        let verdict =
            judge(directive.rows(), context, arguments.len(), first, is_block, (major, minor, patch));
        let at = directive.words.first().map_or(directive.header(), |word| word.span);
        match verdict {
            // The reader of the file says these two.
            Verdict::Accepted(row) if stands_once(row) && in_model(name).is_none() => {
                if let Some(level) = place.level {
                    self.judge_second(row.name, directive, level);
                }
            }
            Verdict::Accepted(_) | Verdict::NotTerminated(_) | Verdict::NoOpening(_) => {}
            Verdict::NotAllowedHere if place.guessed || is_third_party(name) => {}
            Verdict::NotAllowedHere => {
                self.fault(FaultKind::Misplaced, at, format!("\"{name}\" directive is not allowed here"));
            }
            Verdict::WrongNumberOfArguments(row) => {
                // Where the place is only guessed, the same name may take others elsewhere.
                let elsewhere = directive.rows().iter().any(|it| it.arguments.takes(arguments.len()));
                let is_certain = !place.guessed || !elsewhere;
                if is_certain && !is_third_party(row.name) {
                    self.wrong_number(directive, context);
                }
            }
            Verdict::NotOnOrOff(row) => {
                let value = first.unwrap_or_default();
                let message = format!(
                    "invalid value \"{value}\" in \"{}\" directive, it must be \"on\" or \"off\"",
                    row.name
                );
                self.wrong_value(ValueKind::Flag, directive, message);
            }
            Verdict::Unknown => self.unknown(directive, context, at),
        }
    }

    fn unknown(&mut self, directive: &Directive, context: Context, at: Span) {
        let name = directive.name();
        if is_third_party(name) {
            return;
        }
        let message = format!("unknown directive \"{name}\"");
        let mut known =
            directive.rows().iter().filter(|row| row.allowed_in(context) && OF_HOPS.contains(&row.module));
        if let Some(row) = known.next_back() {
            let help = match (row.since, row.until) {
                (_, Some((a, b, c))) if self.version >= Version(a, b, c) => {
                    format!("nginx knows it no more since {a}.{b}.{c}, and {} is meant", self.version)
                }
                (Some((a, b, c)), _) => {
                    format!("nginx knows it since {a}.{b}.{c}, and {} is meant", self.version)
                }
                _ => return,
            };
            let help = Some(help);
            let fault =
                Fault { kind: FaultKind::Misspelt, place: at, message, related: None, help, mend: None };
            return self.found.nginx.faults.push(fault);
        }
        if !directive.rows().is_empty() {
            return;
        }
        let Some(near) = self.near(name, context) else { return };
        let word = &directive.words[0];
        let is_plain = self.library.sources.text(word.inner()) == word.text;
        let mend = Mend {
            title: format!("write `{near}`"),
            applicability: Applicability::Safe,
            edits: vec![Edit { span: word.inner(), replacement: near.into() }],
        };
        self.found.nginx.faults.push(Fault {
            kind: FaultKind::Misspelt,
            place: at,
            message,
            related: None,
            help: Some(format!("`{near}` is meant, most likely")),
            mend: Some(mend).filter(|_| is_plain),
        });
    }

    /// The directive that a name means. Each name is looked up once, and of a file of a thousand unheard ones no more.
    fn near(&mut self, name: &str, context: Context) -> Option<&'static str> {
        let key = (name.to_owned(), context);
        if let Some(near) = self.nears.get(&key) {
            return *near;
        }
        if self.nears.len() >= MAX_NEARS {
            return None;
        }
        let near = nearest(name, context);
        self.nears.insert(key, near);
        near
    }

    /// Too few or too many arguments; the latter most often because a `;` is missing.
    fn wrong_number(&mut self, directive: &Directive, context: Context) {
        let name = directive.name();
        let message = format!("invalid number of arguments in \"{name}\" directive");
        let next = (1..directive.words.len()).find(|at| {
            let word = &directive.words[*at];
            let fits = named(&word.text).iter().any(|row| row.allowed_in(context));
            fits && self.begins_line(word.span)
        });
        let Some(next) = next else {
            return self.fault(FaultKind::Arguments, directive.header(), message);
        };
        let last = directive.words[next - 1].span;
        let end = Span { start: last.end, ..last };
        let shown = self.library.sources.text(last);
        self.found.nginx.faults.push(Fault {
            kind: FaultKind::Arguments,
            place: Span { end: last.end, ..directive.header() },
            message,
            related: Some((directive.words[next].span, "the next directive is read as a part of it".into())),
            help: Some(format!("put a `;` behind `{shown}`")),
            mend: Some(Mend {
                title: format!("put a `;` behind `{shown}`"),
                applicability: Applicability::Safe,
                edits: vec![Edit { span: end, replacement: ";".into() }],
            }),
        });
    }

    fn begins_line(&self, span: Span) -> bool {
        let text = &self.library.sources.get(span.file).text[..span.start as usize];
        let before = text.trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with('\n')
    }
}

/// The context of the table that a block is.
fn context(block: Block) -> Option<Context> {
    Some(match block {
        Block::Main => Context::Main,
        Block::Events => Context::Events,
        Block::Http => Context::Http,
        Block::Server => Context::Server,
        Block::ServerIf => Context::ServerIf,
        Block::Location => Context::Location,
        Block::If => Context::LocationIf,
        Block::LimitExcept => Context::LimitExcept,
        Block::Upstream => Context::Upstream,
        Block::Stream => Context::Stream,
        Block::StreamServer => Context::StreamServer,
        Block::StreamUpstream => Context::StreamUpstream,
        // Which of its two levels it is, is not kept.
        Block::Mail | Block::Other => return None,
    })
}
