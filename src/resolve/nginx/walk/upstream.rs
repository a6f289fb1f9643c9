//! `upstream` blocks and what stands in them.

use std::sync::Arc;

use super::super::address::{self, Address, Form};
use super::super::route::from_refusal;
use super::super::trouble::{Refusal, Trouble};
use super::super::value::value;
use super::leaf::anchor;
use super::{Block, Place, Walk, title};
use crate::model::{Anchor, FaultKind, Parameters, Peer, Upstream, Written, directive};
use crate::syntax::nginx::{Directive, Word};
use crate::value::{Duration, Endpoint, Possible};

/// Directives of an upstream that are not resolved and add no server to it.
const ADDS_NO_SERVER: [&str; 3] = ["keepalive_time", "ntlm", "resolver_timeout"];

impl Walk<'_> {
    pub(super) fn upstream(&mut self, directive: &Directive, place: &Place<'_>) -> Option<usize> {
        let [word] = directive.arguments() else {
            self.unresolved(
                directive.header(),
                &title(directive),
                "nginx refuses it: `upstream` takes one name",
            );
            return None;
        };
        self.found.nginx.upstreams.push(Upstream {
            name: word.text.to_string(),
            place: word.span,
            peers: Arc::default(),
            written: Vec::new(),
            open: place.maybe.clone(),
        });
        self.found.upstream_http.push(place.http);
        self.found.upstream_doubt.push(place.maybe.is_some() || word.template);
        Some(self.found.nginx.upstreams.len() - 1)
    }

    pub(super) fn in_upstream(&mut self, written: &Directive, place: &Place<'_>) {
        let Some(upstream) = place.upstream else { return };
        if written.name() == "server" {
            return self.upstream_server(written, upstream, place);
        }
        let Some(known) = directive(written.name()) else {
            if !ADDS_NO_SERVER.contains(&written.name()) {
                let why = format!("`{}` is of a module that is not known", written.name());
                self.unresolved(written.span(), &title(written), &why);
                self.found.nginx.upstreams[upstream].open.get_or_insert(why);
            }
            return;
        };
        let value = match place.doubt() {
            Some(why) => Possible::Unknown(why.clone()),
            None => value(known, written, self.version),
        };
        let entry = Written { name: known.name, value, anchor: anchor(written) };
        self.found.nginx.upstreams[upstream].written.push(entry);
    }

    fn upstream_server(&mut self, directive: &Directive, upstream: usize, place: &Place<'_>) {
        let [word, words @ ..] = directive.arguments() else { return };
        let address = match place.doubt() {
            Some(why) => Possible::Unknown(why.clone()),
            None => self.server_address(directive, word, place.block == Block::StreamUpstream),
        };
        if let Possible::Unknown(why) = &address {
            self.unresolved(directive.span(), &title(directive), why);
        }
        let anchor = Anchor { value: word.inner(), ..anchor(directive) };
        if place.doubt().is_none() {
            self.judge_parameters(directive, words);
        }
        let down = words.iter().any(|word| word.text == "down");
        let peer = Peer { address, anchor, down, parameters: parameters(words) };
        Arc::make_mut(&mut self.found.nginx.upstreams[upstream].peers).push(peer);
        if place.here.is_some() {
            self.found.nginx.upstreams[upstream].open = place.here.clone();
        }
    }
}

impl Walk<'_> {
    /// The address of an upstream's `server`; what is wrong with it is noted.
    fn server_address(&mut self, directive: &Directive, word: &Word, in_stream: bool) -> Possible<Endpoint> {
        let (address, wrong) = match address::server(&word.text, in_stream) {
            Ok(Address { form: Form::Endpoint(endpoint), wrong, .. }) => (Possible::Known(endpoint), wrong),
            Ok(Address { range, .. }) => {
                let refusal = Refusal::new(FaultKind::UnixRelative, address::RELATIVE);
                (Possible::Unknown(address::RELATIVE.into()), Some(refusal.at(&word.text, range.start)))
            }
            Err(Trouble::Refused(refusal)) => {
                (Possible::Unknown(format!("nginx refuses it: {}", refusal.message)), Some(refusal))
            }
            Err(Trouble::Unknown(why)) => (Possible::Unknown(why), None),
        };
        if let Some(refusal) = wrong {
            self.found.nginx.faults.push(from_refusal(
                &refusal,
                word,
                directive.span(),
                self.library.sources,
            ));
        }
        address
    }
}

/// What stands behind the address of an upstream's `server`.
fn parameters(words: &[Word]) -> Parameters {
    let has = |name: &str| words.iter().any(|word| word.text == name);
    let given = |name: &str| {
        let word = words.iter().rev().find(|word| word.text.starts_with(name))?;
        Some((word, &word.text[name.len()..]))
    };
    let number = |name: &str, default: Possible<u64>| match given(name) {
        None => default,
        Some((word, _)) if word.template => Possible::Unknown("it is filled in by a template".into()),
        Some((_, text)) => match text.parse() {
            Ok(number) => Possible::Known(number),
            Err(_) => Possible::Unknown(format!("nginx refuses `{name}{text}`")),
        },
    };
    let fail_timeout = match given("fail_timeout=") {
        None => Parameters::DEFAULT.fail_timeout,
        Some((word, _)) if word.template => Possible::Unknown("it is filled in by a template".into()),
        // Whole seconds: nginx takes no `ms` here.
        Some((_, text)) => match Duration::from_nginx(text).filter(|_| !text.contains("ms")) {
            Some(time) => Possible::Known(time),
            None => Possible::Unknown(format!("nginx refuses `fail_timeout={text}`")),
        },
    };
    Parameters {
        backup: has("backup"),
        resolve: has("resolve"),
        weight: number("weight=", Parameters::DEFAULT.weight),
        max_fails: number("max_fails=", Parameters::DEFAULT.max_fails),
        fail_timeout,
        max_conns: number("max_conns=", Parameters::DEFAULT.max_conns),
    }
}
