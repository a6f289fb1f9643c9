//! What is written in one place and goes for several routes.

use std::collections::BTreeMap;

use super::super::{Anchor, FromDatum, OriginKind, Setting, Version};
use super::{Nginx, Route, RouteId};
use crate::source::Span;

/// A directive as it stands in one place, and the routes that it is in force for.
#[derive(Clone, Debug)]
pub struct InForce {
    /// Its name.
    pub directive: &'static str,
    /// How it can be changed.
    pub anchor: Anchor,
    /// Where it comes from, for a person: "set here", "inherited from here".
    pub origin: String,
    /// The routes, in order. Never empty.
    pub routes: Vec<RouteId>,
    /// Their passes, each once though its file may be included several times, in order.
    pub passes: Vec<Span>,
}

impl Nginx {
    /// Each place where a directive is written whose value is certainly so, with the routes that it is in force for.
    /// Which directive of a route is meant is for the caller to say.
    pub fn in_force<T: FromDatum>(
        &self,
        version: Version,
        directive: impl Fn(&Route) -> Option<&'static str>,
        is_so: impl Fn(&T) -> bool,
    ) -> Vec<InForce> {
        let mut found: BTreeMap<Span, InForce> = BTreeMap::new();
        for (at, route) in self.routes.iter().enumerate() {
            let Some(name) = directive(route) else { continue };
            let setting: Setting<T> = self.setting(route.level, name, version);
            let Some(anchor) = setting.origin.anchor.filter(|_| setting.value.must(&is_so)) else { continue };
            let origin = setting.origin.describe("nginx");
            let entry = found.entry(anchor.span).or_insert_with(|| InForce {
                directive: name,
                anchor,
                origin: origin.clone(),
                routes: Vec::new(),
                passes: Vec::new(),
            });
            if setting.origin.kind == OriginKind::Written {
                entry.origin = origin;
            }
            entry.routes.push(RouteId(at as u32));
            entry.passes.push(route.anchor.span);
        }
        let mut found: Vec<InForce> = found.into_values().collect();
        for it in &mut found {
            it.passes.sort_unstable();
            it.passes.dedup();
        }
        found
    }
}
