//! What single directives add: settings, addresses, passes.

use std::sync::Arc;

use super::super::address;
use super::super::found::{Assignment, Pass};
use super::super::value::value;
use super::{Block, Place, Walk, title};
use crate::model::{Anchor, Dialect, Jump, LevelId, LevelKind, Listen, OriginKind, Sent, Written, directive};
use crate::source::Span;
use crate::syntax::nginx::{Body, Directive, Item, Word};
use crate::value::{Endpoint, Possible};

/// The directives that add headers or parameters to what is sent.
const SENDING: [&str; 5] =
    ["proxy_set_header", "grpc_set_header", "uwsgi_param", "fastcgi_param", "scgi_param"];

/// The directives that send requests on to a named location. Source: `ngx_http_named_location` is called from
/// `ngx_http_core_module.c`, `ngx_http_special_response.c` and `ngx_http_try_files_module.c`, 1.31.3.
const JUMPING: [&str; 3] = ["error_page", "post_action", "try_files"];

/// Directives that use variables and define none.
const USING: [&str; 12] = [
    "access_log",
    "add_header",
    "alias",
    "error_page",
    "fastcgi_index",
    "if",
    "log_format",
    "proxy_redirect",
    "return",
    "rewrite",
    "root",
    "try_files",
];

/// Why the pass of a fragment is not known.
const MAY_BE_STREAM: &str = "it may stand in `stream` as well as in `http`";

/// The most ports of one `listen` that are told apart.
const MAX_PORTS: u16 = 256;

/// How many settings of one block are told apart: each route below it looks at all of them.
const MAX_SETTINGS: usize = 1000;

impl<'a> Walk<'a> {
    /// A directive of the table, a header, or what leads to a named location.
    pub(super) fn write(&mut self, written: &Directive, place: &Place<'_>) {
        let Some(level) = place.level else { return };
        let held = &self.found.nginx.levels[level.0 as usize];
        if held.sent.len() + held.written.len() >= MAX_SETTINGS {
            let why = "there are more settings in one block than are told apart";
            return self.hole(place, held.header, OriginKind::Written, why);
        }
        if let Some(directive) = SENDING.iter().find(|it| **it == written.name()) {
            let Some(sent) = self.sent(directive, written, place) else { return };
            return self.found.nginx.levels[level.0 as usize].sent.push(sent);
        }
        if let Some(directive) = JUMPING.iter().find(|it| **it == written.name()) {
            if let Some(jump) = jump(directive, written).filter(|_| place.doubt().is_none()) {
                self.found.nginx.levels[level.0 as usize].jumps.push(jump);
            }
            return;
        }
        let Some(known) = directive(written.name()) else { return };
        let value = match &place.here {
            Some(why) => Possible::Unknown(why.clone()),
            None => value(known, written, self.version),
        };
        if let Possible::Unknown(why) = &value
            && why.starts_with("nginx refuses")
        {
            self.unresolved(written.span(), &title(written), why);
        }
        self.judge_setting(known, written, level, &value, place);
        let entry = Written { name: known.name, value, anchor: anchor(written) };
        self.found.nginx.levels[level.0 as usize].written.push(entry);
    }

    /// A header or parameter. What is certain of one in a file that is read again is what was said of it before.
    fn sent(&mut self, name: &'static str, written: &Directive, place: &Place<'_>) -> Option<Arc<Sent>> {
        let is_shared = self.again && place.doubt().is_none();
        if let Some(before) = self.sent.get(&written.span()).filter(|_| is_shared) {
            return Some(Arc::clone(before));
        }
        let sent = Arc::new(sent(name, written, place)?);
        if is_shared {
            self.sent.insert(written.span(), Arc::clone(&sent));
        }
        Some(sent)
    }

    /// Notes what may change a request's URI or answer it on its way to a pass.
    pub(super) fn note_flow(&mut self, directive: &Directive, place: &Place<'_>) {
        let is_upstream = matches!(place.block, Block::Upstream | Block::StreamUpstream);
        let Some(level) = place.level.filter(|_| !is_upstream) else { return };
        let name = directive.name();
        let is_foreign = directive.rows().is_empty();
        let is_script = matches!(directive.body, Body::Raw(_))
            || is_foreign && name.contains("_by_lua")
            || matches!(name, "js_access" | "js_content" | "perl");
        // What a directive of another module does with a request is not known.
        let is_unheard = || is_foreign && !matches!(place.block, Block::Main | Block::Http);
        let answers = || {
            matches!(
                name,
                "return"
                    | "deny"
                    | "internal"
                    | "auth_basic"
                    | "auth_jwt"
                    | "auth_request"
                    | "proxy_cache"
                    | "limit_conn"
                    | "limit_req"
                    | "satisfy"
            )
        };
        // What stands before it and may end the rewriting, or send the request elsewhere, has its turn first.
        let is_first = |id: LevelId| {
            let nginx = &self.found.nginx;
            // What stands in a level comes behind it.
            let inside = &nginx.levels[id.0 as usize + 1..];
            let has_block = || inside.iter().any(|it| it.parent == Some(id) && it.kind == LevelKind::If);
            let here = nginx.level(id);
            !here.diverts && !here.breaks && here.holes.is_empty() && !has_block()
        };
        let returns = name == "return" && place.doubt().is_none() && is_first(level);
        let level = &mut self.found.nginx.levels[level.0 as usize];
        level.returns |= returns;
        level.breaks |= name == "break";
        level.rewrites |= is_script || matches!(name, "rewrite" | "try_files");
        level.diverts = level.diverts || level.rewrites || answers() || is_unheard();
        level.internal |= name == "internal";
    }

    pub(super) fn listen(&mut self, directive: &Directive, place: &Place<'_>) {
        let Some(server) = place.server else { return };
        let has = |name: &str| directive.arguments().iter().skip(1).any(|word| word.text == name);
        for address in listened(directive, place) {
            if let Possible::Unknown(why) = &address {
                self.unresolved(directive.span(), &title(directive), why);
            }
            self.found.nginx.servers[server].listen.push(Listen {
                address,
                default: has("default_server") || has("default"),
                ssl: has("ssl") || has("quic"),
                open: directive.arguments().iter().skip(1).any(|word| word.template),
                proxy_protocol: has("proxy_protocol"),
                anchor: Some(anchor(directive)),
            });
        }
    }

    /// A `listen` of `stream` or `mail`: it is no `server` of `http`, but it answers.
    pub(super) fn listen_elsewhere(&mut self, directive: &Directive, place: &Place<'_>) {
        self.found.nginx.elsewhere.extend(listened(directive, place));
    }

    /// `error_page CODE... [=[CODE]] URI`. A plain path keeps the status; `=` and a redirect to another site do not.
    pub(super) fn error_page(&mut self, directive: &Directive, place: &Place<'_>) {
        let Some(level) = place.level else { return };
        let [codes @ .., target] = directive.arguments() else { return };
        let (codes, answer) = match codes {
            [codes @ .., last] if last.text.starts_with('=') => (codes, Some(&last.text[1..])),
            codes => (codes, None),
        };
        let is_error = answer.is_some_and(|code| code.starts_with('5') && code.len() == 3);
        let stays = answer.is_none() && target.text.starts_with(['/', '@']);
        let rescues = |status: &str| {
            let is_meant = codes.iter().any(|code| code.text == status || code.template);
            is_meant && !is_error && !stays
        };
        // Under a condition of a template it may be there or not; the doubt is for the answer.
        let known = self.found.nginx.levels[level.0 as usize].rescues.get_or_insert_default();
        known.unreached |= rescues("502");
        known.timed_out |= rescues("504");
    }

    pub(super) fn names(&mut self, directive: &Directive, place: &Place<'_>) {
        let Some(server) = place.server else { return };
        let names = directive.arguments().iter().map(|word| word.text.to_string());
        self.found.nginx.servers[server].names.extend(names);
    }

    pub(super) fn pass(&mut self, name: &'static str, directive: &Directive<'a>, place: &Place<'_>) {
        let (level, stream) = match (place.block, place.level) {
            (Block::Location | Block::If | Block::LimitExcept, Some(level)) => (level, false),
            (Block::StreamServer, Some(level)) if name == "proxy_pass" => (level, true),
            (Block::Mail, _) => {
                return self.unresolved(directive.span(), &title(directive), "`mail` is not handled yet");
            }
            _ => {
                let why = format!("`{name}` is not allowed here in `http`, and elsewhere it is not read");
                return self.unresolved(directive.span(), &title(directive), &why);
            }
        };
        if place.doubt().is_none() {
            self.judge_second(name, directive, level);
        }
        // Where nothing but a pass tells what block a fragment belongs in, one without a scheme may be one of `stream`.
        let has_scheme = directive.arguments().first().is_none_or(|word| word.text.contains("://"));
        let may_be_stream = place.guessed && name == "proxy_pass" && !has_scheme;
        let maybe = place.doubt().cloned().or_else(|| may_be_stream.then(|| MAY_BE_STREAM.into()));
        self.found.passes.push(Pass {
            name,
            stream,
            level,
            server: place.server,
            scope: place.scope,
            arguments: directive.arguments().into(),
            anchor: anchor(directive),
            maybe,
        });
    }

    /// Notes what gives variables their values. A `set` under a condition gives one only perhaps.
    pub(super) fn note_assignments(
        &mut self,
        directive: &Directive,
        assignments: Vec<(String, Option<&Word<'a>>)>,
        place: &Place<'_>,
    ) {
        let certain = match place.block {
            Block::Server | Block::Location | Block::StreamServer => place.doubt().is_none(),
            Block::ServerIf | Block::If | Block::LimitExcept => false,
            _ => return,
        };
        for (variable, value) in assignments {
            let value = value.filter(|_| certain).cloned();
            let (scope, level, span) = (place.scope, place.level, directive.span());
            self.found.assignments.push(Assignment { scope, variable, level, value, span });
        }
    }
}

impl Walk<'_> {
    /// Notes what variables a directive defines, of whatever module it is. A word that is a variable and nothing else may be
    /// one that it defines, but for the directives that only use them.
    pub(super) fn note_definitions(
        &mut self,
        directive: &Directive,
        assignments: &[(String, Option<&Word>)],
        place: &Place<'_>,
    ) {
        let http = place.http;
        let mut define = |name: &str| {
            self.found.defined.insert((http, name.to_ascii_lowercase()));
        };
        for (variable, _) in assignments {
            define(variable);
        }
        let arguments = directive.arguments().iter().map(|word| word.text.as_str());
        // `geoip2 file { $country country iso_code; }`
        let inside = directive.items().iter().filter_map(|item| match item {
            Item::Directive(inner) => Some(inner.name()),
            Item::Comment(_) | Item::Template(_) => None,
        });
        let name = directive.name();
        let only_uses = || SENDING.contains(&name) || super::is_pass(name) || USING.contains(&name);
        let mut variables = arguments.chain(inside).filter_map(|it| it.strip_prefix('$')).peekable();
        if variables.peek().is_some() && !only_uses() {
            variables.for_each(define);
        }
    }
}

/// A header or parameter, if it has a name and a value.
fn sent(name: &'static str, directive: &Directive, place: &Place<'_>) -> Option<Sent> {
    let [header, value, ..] = directive.arguments() else { return None };
    let filled_in = "it is filled in by a template";
    let doubt = place.doubt().cloned().or_else(|| header.template.then(|| filled_in.into()));
    let known = match &doubt {
        Some(why) => Possible::Unknown(why.clone()),
        None if value.template => Possible::Unknown(filled_in.into()),
        None => Possible::Known(value.text.to_string()),
    };
    Some(Sent {
        directive: name,
        name: header.text.to_string(),
        value: known,
        doubt,
        anchor: Anchor { value: value.span, ..anchor(directive) },
    })
}

/// Where a directive sends requests on to by name: its last argument.
fn jump(name: &'static str, directive: &Directive) -> Option<Jump> {
    let (target, before) = directive.arguments().split_last()?;
    let codes = before.iter().filter(|word| name == "error_page" && !word.text.starts_with('='));
    let is_name = |word: &Word| word.text.starts_with('@') && !word.template && !word.text.contains('$');
    is_name(target).then(|| Jump {
        directive: name,
        to: target.text.to_string(),
        codes: codes.map(|word| word.text.to_string()).collect(),
        anchor: Anchor { value: target.inner(), ..anchor(directive) },
    })
}

/// What a `listen` says: an address for each of its ports.
fn listened(directive: &Directive, place: &Place<'_>) -> Vec<Possible<Endpoint>> {
    match (directive.arguments().first(), &place.here) {
        (_, Some(why)) => vec![Possible::Unknown(why.clone())],
        (None, None) => vec![Possible::Unknown("nginx refuses it: `listen` takes an address".into())],
        (Some(word), None) => match address::listen(&word.text, MAX_PORTS) {
            Ok(addresses) => addresses.into_iter().map(Possible::Known).collect(),
            Err(why) => vec![Possible::Unknown(why)],
        },
    }
}

/// How a directive can be changed.
pub(super) fn anchor(directive: &Directive) -> Anchor {
    let value = match directive.arguments() {
        [] => Span { start: directive.header().end, ..directive.header() },
        [first, .., last] => first.span.to(last.span),
        [only] => only.span,
    };
    Anchor { span: directive.span(), value, dialect: Dialect::Nginx }
}
