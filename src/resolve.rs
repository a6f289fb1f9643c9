//! Trees to the model: what each program would do with its configuration.
//!
//! Whatever is not handled becomes unknown and is listed as [`crate::model::Unresolved`]; nothing is guessed.

pub mod ansible;
pub mod compose;
mod distrust;
pub mod gunicorn;
pub mod launch;
pub mod link;
pub mod machine;
pub mod mentions;
pub mod nginx;
pub mod paths;
mod read;
mod shell;
pub mod stacks;
pub mod systemd;
mod variants;
mod versions;
mod whole;

use std::collections::BTreeMap;

use rayon::prelude::*;

use self::mentions::Mentions;
use self::paths::Paths;
use self::read::{Apps, Trees};
use self::stacks::Stack;
use self::whole::Whole;
use crate::limits::Limits;
use crate::model::{App, Deployment, Machine, Refusal, Target, Unresolved};
use crate::source::{FileId, FileKind, Sources};
use crate::syntax::SyntaxError;
use crate::value::Endpoint;

/// What a run is told about the machines besides their files.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The versions that are meant where a stack does not say it itself.
    pub target: Target,
    /// Addresses where something answers that is not in the tree.
    pub external: &'a [Endpoint],
    /// How much is followed.
    pub limits: &'a Limits,
}

/// The stacks as the programs would see them, in their order. Which these are is asked while nginx's files are parsed.
///
/// The two ends know nothing of each other before they are linked: while the one thread goes through nginx's includes, the others
/// read the files of the apps. A tree goes as soon as what it means is known.
pub fn deployments(
    stacks: impl FnOnce() -> Vec<Stack> + Send,
    sources: &Sources,
    told: Told,
) -> Vec<Deployment> {
    let whole = Whole::new(sources);
    let grounds =
        || stacks().into_par_iter().map(|stack| Ground::new(stack, &whole, sources, told)).collect();
    let (trees, grounds): (_, Vec<Ground>) = rayon::join(|| read::nginx(sources), grounds);
    let of_stacks: Vec<nginx::Trees> = grounds.iter().map(|ground| ground.own(&trees)).collect();
    drop(trees);
    let (of_proxies, of_apps): (Vec<ProxyEnd>, Vec<AppEnd>) = rayon::join(
        || grounds.par_iter().zip(of_stacks).map(|(ground, trees)| ground.proxies(trees)).collect(),
        || {
            let apps = Apps::of(sources);
            grounds.par_iter().map(|ground| ground.apps(&apps)).collect()
        },
    );
    let ends = of_proxies.into_par_iter().zip(of_apps);
    grounds.par_iter().zip(ends).map(|(ground, (proxies, apps))| ground.joined(proxies, apps)).collect()
}

/// What both ends of a stack's hops are resolved with.
struct Ground<'a> {
    stack: Stack,
    whole: &'a Whole<'a>,
    sources: &'a Sources,
    told: Told<'a>,
    /// The versions that are meant.
    target: Target,
    /// The version of Gunicorn that the stack says.
    found: versions::Found,
    paths: Paths,
    variables: ansible::Variables,
}

/// The end of a stack's hops that nginx is.
struct ProxyEnd {
    nginx: nginx::Resolved,
    refusals: Refusals,
}

/// The end of a stack's hops where the apps are.
struct AppEnd {
    systemd: systemd::Resolved,
    gunicorn: gunicorn::Resolved,
    compose: compose::Resolved,
    mentions: Mentions,
    machine: Machine,
    refusals: Refusals,
}

/// The syntax errors of the files that have any.
type Refusals = BTreeMap<FileId, Vec<Refusal>>;

impl<'a> Ground<'a> {
    fn new(stack: Stack, whole: &'a Whole<'a>, sources: &'a Sources, told: Told<'a>) -> Ground<'a> {
        let meant = told.target;
        let found = versions::gunicorn(&stack.files, sources, meant.gunicorn);
        let target =
            Target { gunicorn: found.version.map_or(meant.gunicorn, |(version, _)| version), ..meant };
        let paths = Paths::new(&stack.root, stack.files.iter().copied(), sources);
        let paths = paths.with_places(&stack.places, sources).with_elsewhere(&stack.elsewhere);
        let variables = ansible::Variables::new(&stack.root, &stack.files, sources);
        Ground { stack, whole, sources, told, target, found, paths, variables }
    }

    fn files(&self, kind: FileKind) -> Vec<FileId> {
        let files = self.stack.files.iter().copied();
        files.filter(|id| self.sources.get(*id).kind == kind).collect()
    }

    /// Those of all trees of nginx that are the stack's.
    fn own<'s>(&self, trees: &nginx::Trees<'s>) -> nginx::Trees<'s> {
        let files = self.files(FileKind::Nginx).into_iter();
        files.filter_map(|id| Some((id, trees.get(&id)?.clone()))).collect()
    }

    fn proxies(&self, trees: nginx::Trees) -> ProxyEnd {
        let files = self.files(FileKind::Nginx);
        let known = nginx::Known {
            paths: &self.paths,
            sources: self.sources,
            whole: self.whole,
            version: self.target.nginx,
            external: self.told.external,
            limits: self.told.limits,
        };
        let refusals = refusals("nginx", &files, &trees);
        let mut nginx = nginx::resolve(&files, trees, &known);
        distrust::distrust(&mut nginx.nginx, &refusals.keys().copied().collect());
        ProxyEnd { nginx, refusals }
    }

    fn apps(&self, trees: &Apps) -> AppEnd {
        let Ground { stack, sources, paths, variables, target, .. } = self;
        let (units, configurations) = (self.files(FileKind::Systemd), self.files(FileKind::Gunicorn));
        let mut systemd = systemd::resolve(&units, &trees.systemd, paths, variables, sources, target.systemd);
        // Who asks for these asks here.
        let launches = std::mem::take(&mut systemd.launches);
        let started = gunicorn::started(&launches, paths, sources);
        let mentions = Mentions::new(&stack.files, sources, &gunicorn::followed(&started))
            .with_unread(systemd::unread_server(&stack.links, &stack.files, sources));
        let unread = mentions
            .gunicorn()
            .map(|span| format!("{} starts a Gunicorn, and is not read", sources.get(span.file).path));
        let gunicorn = gunicorn::resolve(
            &started,
            &configurations,
            &trees.gunicorn,
            unread.as_deref(),
            paths,
            sources,
            target,
        );
        let mut machine = machine::resolve(&stack.files, &systemd.units, sources);
        machine.nginx_has_drop_ins = self.whole.nginx_has_drop_ins();
        // Compose files are read for what they publish; what is wrong with them is for others to say.
        let compose = compose::resolve(&self.files(FileKind::Compose), &trees.compose, sources);
        let mut refused = refusals("Gunicorn", &configurations, &trees.gunicorn);
        refused.extend(refusals("systemd", &units, &trees.systemd));
        AppEnd { systemd, gunicorn, compose, mentions, machine, refusals: refused }
    }

    fn joined(&self, proxies: ProxyEnd, ends: AppEnd) -> Deployment {
        let Ground { stack, sources, variables, target, found, told, .. } = self;
        let (mut nginx, mut refusals) = (proxies.nginx, proxies.refusals);
        let AppEnd { systemd, gunicorn, compose, mentions, machine, refusals: of_apps } = ends;
        refusals.extend(of_apps);

        let mut apps: Vec<App> = gunicorn.apps.into_iter().chain(compose.apps).collect();
        let mut limits = apps.iter_mut().filter(|app| app.body_limit.is_some()).peekable();
        if limits.peek().is_some() && gunicorn::reads_bodies_first(&stack.files, sources) {
            limits.for_each(|app| app.body_limit = None);
        }
        let external = told.external;
        let mut hops =
            link::link(&nginx.nginx, &apps, &systemd.sockets, &mentions, external, variables, sources);
        let versions = (target.nginx, target.gunicorn);
        ansible::fill(&mut nginx.nginx, &mut apps, variables, versions, sources);
        let mut units = systemd.units;
        if let Some(path) = &stack.unread {
            let why = format!("`{path}` cannot be read, and may change it");
            distrust::distrust_all(&why, &mut nginx.nginx, &mut apps, &mut units, &mut hops);
        }
        let mut unresolved: Vec<Unresolved> =
            [nginx.unresolved, systemd.unresolved, gunicorn.unresolved, compose.unresolved]
                .into_iter()
                .flatten()
                .collect();
        unresolved.extend(found.doubt.clone());
        unresolved.sort();
        unresolved.dedup();
        Deployment {
            root: stack.root.clone(),
            files: stack.files.clone(),
            target: *target,
            pinned: found.version.map(|(_, span)| span),
            nginx: nginx.nginx,
            apps,
            units,
            machine,
            hops,
            external: external.to_vec(),
            low_ports: mentions.low_ports(),
            unresolved,
            cut: nginx.cut,
            refusals: stack.files.iter().filter_map(|id| refusals.remove(id)).flatten().collect(),
        }
    }
}

/// What a program cannot read of its files.
fn refusals<T>(program: &'static str, files: &[FileId], trees: &Trees<T>) -> Refusals {
    let refusal = |error: &SyntaxError| Refusal {
        span: error.span,
        program,
        message: error.message.clone(),
        hint: error.hint.clone(),
        ignored: error.ignored,
    };
    let of_file = |id: &FileId| {
        let errors = &trees.get(id).filter(|parsed| !parsed.errors.is_empty())?.errors;
        Some((*id, errors.iter().map(refusal).collect()))
    };
    files.iter().filter_map(of_file).collect()
}
