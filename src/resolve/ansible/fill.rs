//! Filling in what variables usually are, for `map` to show. No rule judges it.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Scope, Variables};
use crate::model::{
    App, AppKind, Nginx, Origin, OriginKind, Peer, Setting, Version, Written, directive, some_of,
};
use crate::resolve::{gunicorn, nginx};
use crate::source::{Sources, Span};
use crate::value::{Endpoint, Possible};

/// Lets what a template fills in be what its variables usually make of it.
pub(crate) fn fill(
    nginx: &mut Nginx,
    apps: &mut [App],
    variables: &Variables,
    versions: (Version, Version),
    sources: &Sources,
) {
    rayon::join(
        || fill_nginx(nginx, variables, versions.0, sources),
        || fill_apps(apps, variables, versions.1, sources),
    );
}

fn fill_nginx(nginx: &mut Nginx, variables: &Variables, version: Version, sources: &Sources) {
    let usual = |span: Span| variables.scope(sources.get(span.file)).usual(sources.text(span));
    let fill = |written: &mut Written| {
        if !is_filled_in(&written.value) {
            return;
        }
        let Some(known) = directive(written.name) else { return };
        let read = |text: &String| {
            let words: Vec<&str> = text.split_whitespace().collect();
            let plain = !text.contains(['"', '\'', '\\', '$']);
            plain.then(|| nginx::read_value(known, &words, version)).flatten()
        };
        if let Some((texts, unless)) = usual(written.anchor.value) {
            replace(&mut written.value, texts.iter().map(read), &unless);
        }
    };
    nginx.levels.par_iter_mut().for_each(|level| level.written.iter_mut().for_each(fill));
    nginx.upstreams.iter_mut().for_each(|upstream| upstream.written.iter_mut().for_each(fill));
    let is_unknown = |peer: &Peer| is_filled_in(&peer.address);
    let of_upstreams = nginx.upstreams.iter_mut().map(|upstream| &mut upstream.peers);
    let of_routes = nginx.routes.iter_mut().map(|route| &mut route.peers);
    let peers = of_upstreams.chain(of_routes).flat_map(|peers| some_of(peers, is_unknown));
    for Peer { address, anchor, .. } in peers {
        if let Some((texts, unless)) = usual(anchor.value) {
            replace(address, texts.iter().map(|text| nginx::read_address(text)), &unless);
        }
    }
}

fn fill_apps(apps: &mut [App], variables: &Variables, version: Version, sources: &Sources) {
    for app in apps.iter_mut().filter(|app| app.kind == AppKind::Gunicorn) {
        for (name, setting) in &mut app.settings {
            let Some((texts, unless)) = usual_of(setting, variables, sources) else { continue };
            let read = |text: &String| gunicorn::read_setting(name, text, version);
            replace(&mut Arc::make_mut(setting).value, texts.iter().map(read), &unless);
        }
        let directory = app.directory.clone();
        let read = |text: &String| -> Option<Vec<Endpoint>> {
            Some(vec![gunicorn::read_bind(text.trim_matches(['"', '\'']), &directory)?])
        };
        for setting in [&mut app.listeners, &mut app.binds] {
            let Some((texts, unless)) = usual_of(setting, variables, sources) else { continue };
            replace(&mut setting.value, texts.iter().map(read), &unless);
        }
    }
}

/// Whether nothing is known of a value but that a template fills it in.
pub(crate) fn is_filled_in<T>(value: &Possible<T>) -> bool {
    const WHYS: [&str; 3] =
        ["it is filled in by a template", "a template fills it in", "a template engine fills it in"];
    matches!(value, Possible::Unknown(why) if WHYS.contains(&why.as_str()))
}

/// What the value of a setting of Gunicorn's usually is, as it is written: in quotes if it is.
fn usual_of<T>(
    setting: &Setting<T>,
    variables: &Variables,
    sources: &Sources,
) -> Option<(Vec<String>, String)> {
    let (text, span) = written(setting, sources)?;
    let scope: Scope = variables.scope(sources.get(span.file));
    scope.usual(text)
}

/// The value of a setting of Gunicorn's that a template fills in, as it is written: in quotes if it is.
pub(crate) fn written<'a, T>(setting: &Setting<T>, sources: &'a Sources) -> Option<(&'a str, Span)> {
    let Origin { kind, place: Some(span), .. } = setting.origin else { return None };
    if !is_filled_in(&setting.value) {
        return None;
    }
    let text = sources.text(span).trim();
    let value = match kind {
        // `bind = "..."`
        OriginKind::Template => {
            let (name, value) = text.split_once('=')?;
            super::is_name(name.trim()).then(|| value.trim())?
        }
        // `--bind=...`, `-b...`, or the value alone.
        OriginKind::CommandLine if text.starts_with("--") => text.split_once('=')?.1,
        OriginKind::CommandLine if text.starts_with('-') => text.get(2..)?,
        OriginKind::CommandLine => text,
        _ => return None,
    };
    Some((value, span))
}

fn replace<T: PartialEq>(value: &mut Possible<T>, read: impl Iterator<Item = Option<T>>, unless: &str) {
    if let Some(values) = read.collect::<Option<Vec<T>>>().filter(|values| !values.is_empty()) {
        *value = Possible::one_of(values).unless(unless);
    }
}
