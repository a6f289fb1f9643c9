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
use self::stacks::Stack;
use self::whole::Whole;
use crate::limits::Limits;
use crate::model::{App, Deployment, Refusal, Target, Unresolved};
use crate::source::{FileId, FileKind, Source, Sources};
use crate::syntax::{self, Parsed};
use crate::value::Endpoint;

/// The trees of a run, by file.
#[derive(Debug)]
pub struct Trees<'s> {
    /// nginx configuration.
    pub nginx: BTreeMap<FileId, Parsed<syntax::nginx::Tree<'s>>>,
    /// Gunicorn configuration.
    pub gunicorn: BTreeMap<FileId, Parsed<syntax::gunicorn::Tree>>,
    /// Compose files.
    pub compose: BTreeMap<FileId, Parsed<syntax::compose::Tree>>,
    /// Units and drop-ins.
    pub systemd: BTreeMap<FileId, Parsed<syntax::systemd::Tree>>,
    whole: Whole<'s>,
}

/// Reads every source that is written in a language of ours.
pub fn parse(sources: &Sources) -> Trees<'_> {
    let files: Vec<(FileId, &Source)> = sources.iter().collect();
    let parsed: Vec<(FileId, Tree)> =
        files.into_par_iter().filter_map(|(id, source)| Some((id, Tree::of(id, source)?))).collect();
    let mut trees = Trees {
        nginx: BTreeMap::new(),
        gunicorn: BTreeMap::new(),
        compose: BTreeMap::new(),
        systemd: BTreeMap::new(),
        whole: Whole::new(sources),
    };
    for (id, tree) in parsed {
        match tree {
            Tree::Nginx(tree) => drop(trees.nginx.insert(id, tree)),
            Tree::Gunicorn(tree) => drop(trees.gunicorn.insert(id, tree)),
            Tree::Systemd(tree) => drop(trees.systemd.insert(id, tree)),
            Tree::Compose(tree) => drop(trees.compose.insert(id, tree)),
        }
    }
    trees
}

enum Tree<'s> {
    Nginx(Parsed<syntax::nginx::Tree<'s>>),
    Gunicorn(Parsed<syntax::gunicorn::Tree>),
    Systemd(Parsed<syntax::systemd::Tree>),
    Compose(Parsed<syntax::compose::Tree>),
}

impl<'s> Tree<'s> {
    fn of(id: FileId, source: &'s Source) -> Option<Tree<'s>> {
        let text = source.text.as_str();
        match source.kind {
            FileKind::Nginx => Some(Tree::Nginx(syntax::nginx::parse(id, text))),
            FileKind::Gunicorn => {
                let mut parsed = syntax::gunicorn::parse(id, text);
                syntax::gunicorn::undecodable(id, text, source.bytes(), &mut parsed);
                Some(Tree::Gunicorn(parsed))
            }
            FileKind::Systemd => Some(Tree::Systemd(syntax::systemd::parse(id, text))),
            FileKind::Compose => Some(Tree::Compose(syntax::compose::parse(id, text))),
            FileKind::Packages | FileKind::Machine | FileKind::Launcher => None,
        }
    }
}

/// A stack as the programs would see it. Which Gunicorn is meant the stack says itself, or else `target`; at the addresses of
/// `external` something answers that is not in the tree.
pub fn deployment(
    stack: &Stack,
    trees: &Trees,
    sources: &Sources,
    target: Target,
    external: &[Endpoint],
    limits: &Limits,
) -> Deployment {
    let found = versions::gunicorn(&stack.files, sources, target.gunicorn);
    let target = Target { gunicorn: found.version.map_or(target.gunicorn, |(version, _)| version), ..target };
    let paths = Paths::new(&stack.root, stack.files.iter().copied(), sources);
    let paths = paths.with_places(&stack.places, sources).with_elsewhere(&stack.elsewhere);
    let of = |kind: FileKind| -> Vec<FileId> {
        stack.files.iter().copied().filter(|id| sources.get(*id).kind == kind).collect()
    };

    let variables = ansible::Variables::new(&stack.root, &stack.files, sources);
    let whole = &trees.whole;
    let known = nginx::Known { paths: &paths, sources, whole, version: target.nginx, external, limits };
    let of_nginx = || {
        let files = of(FileKind::Nginx);
        let mut nginx = nginx::resolve(&files, &trees.nginx, &known);
        let is_broken = |id: &FileId| trees.nginx.get(id).is_some_and(|parsed| !parsed.errors.is_empty());
        distrust::distrust(&mut nginx.nginx, &files.into_iter().filter(is_broken).collect());
        nginx
    };
    let of_apps = || {
        let units = of(FileKind::Systemd);
        let systemd = systemd::resolve(&units, &trees.systemd, &paths, &variables, sources, target.systemd);
        let started = gunicorn::started(&systemd.launches, &paths, sources);
        let mentions = Mentions::new(&stack.files, sources, &gunicorn::followed(&started))
            .with_unread(systemd::unread_server(&stack.links, &stack.files, sources));
        let unread = mentions
            .gunicorn()
            .map(|span| format!("{} starts a Gunicorn, and is not read", sources.get(span.file).path));
        let gunicorn = gunicorn::resolve(
            &started,
            &of(FileKind::Gunicorn),
            &trees.gunicorn,
            unread.as_deref(),
            &paths,
            sources,
            &target,
        );
        let mut machine = machine::resolve(&stack.files, &systemd.units, sources);
        machine.nginx_has_drop_ins = whole.nginx_has_drop_ins();
        (systemd, mentions, gunicorn, machine)
    };
    // The two ends know nothing of each other before they are linked.
    let (mut nginx, (systemd, mentions, gunicorn, machine)) = rayon::join(of_nginx, of_apps);
    let compose = compose::resolve(&of(FileKind::Compose), &trees.compose, sources);

    let mut apps: Vec<App> = gunicorn.apps.into_iter().chain(compose.apps).collect();
    let mut limits = apps.iter_mut().filter(|app| app.body_limit.is_some()).peekable();
    if limits.peek().is_some() && gunicorn::reads_bodies_first(&stack.files, sources) {
        limits.for_each(|app| app.body_limit = None);
    }
    let mut hops =
        link::link(&nginx.nginx, &apps, &systemd.sockets, &mentions, external, &variables, sources);
    let versions = (target.nginx, target.gunicorn);
    ansible::fill(&mut nginx.nginx, &mut apps, &variables, versions, sources);
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
    unresolved.extend(found.doubt);
    unresolved.sort();
    unresolved.dedup();
    Deployment {
        root: stack.root.clone(),
        files: stack.files.clone(),
        target,
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
        refusals: refusals(stack, trees),
    }
}

/// The syntax errors of a stack's files, in the order of their paths.
fn refusals(stack: &Stack, trees: &Trees) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for id in &stack.files {
        let (program, errors) = if let Some(parsed) = trees.nginx.get(id) {
            ("nginx", &parsed.errors)
        } else if let Some(parsed) = trees.gunicorn.get(id) {
            ("Gunicorn", &parsed.errors)
        } else if let Some(parsed) = trees.systemd.get(id) {
            ("systemd", &parsed.errors)
        } else {
            // Compose files are read for what they publish; what is wrong with them is for others to say.
            continue;
        };
        refusals.extend(errors.iter().map(|error| Refusal {
            span: error.span,
            program,
            message: error.message.clone(),
            hint: error.hint.clone(),
            ignored: error.ignored,
        }));
    }
    refusals
}
