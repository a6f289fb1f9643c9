//! App servers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::{Anchor, AppFault, AppFaultKind, Datum, FromDatum, Origin, Setting, Shell, UnitId, Version};
use crate::source::{FileId, Span};
use crate::value::{Endpoint, Possible, Size, normalize_path};

/// An app, as an index into [`super::Deployment::apps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppId(pub u32);

/// Directories at the root of a machine in which sockets are put.
const ROOTS: [&str; 9] = ["run", "var", "tmp", "srv", "home", "opt", "etc", "dev", "usr"];

/// A process group that answers on an address.
#[derive(Clone, Debug)]
pub struct App {
    /// What program it is.
    pub kind: AppKind,
    /// What starts it, if that is known.
    pub unit: Option<UnitId>,
    /// Where to point at: the program's word on the command line, or the head of the configuration file.
    pub place: Span,
    /// The configuration file that it reads, if it is in the tree.
    pub config: Option<FileId>,
    /// The packages that this file imports, anywhere in it, by the first part of their names.
    pub imports: BTreeSet<String>,
    /// Where it is started.
    pub working_directory: Setting<String>,
    /// The directory that it goes to before it loads anything, from which relative paths are seen.
    pub directory: Possible<String>,
    /// The directories of which the first that can be written is for temporary files, in that order.
    pub temporary: Possible<Vec<String>>,
    /// Why it is not the process that the manager started, where it is not, or may not be: a shell or a wrapper stays in
    /// front of it.
    pub behind: Option<String>,
    /// The shell that stays in front of it, where that is the process that the manager started.
    pub shell: Option<Shell>,
    /// The application that it serves: `shop.wsgi:application`.
    pub target: Setting<String>,
    /// What it listens on in the end, socket activation included.
    pub listeners: Setting<Vec<Endpoint>>,
    /// Whether it certainly listens at paths alone, known or not.
    pub at_paths: bool,
    /// What it would listen on if it were handed nothing: the addresses of `bind`.
    pub binds: Setting<Vec<Endpoint>>,
    /// The worker class in force: a `sync` worker with threads is a `gthread` one.
    pub worker_class: Setting<WorkerClass>,
    /// Why its application cannot be loaded.
    pub missing: Option<MissingTarget>,
    /// What its application speaks, where that is certain.
    pub interface: Option<Interface>,
    /// The package whose callable made its application, where that is certain: `django`.
    pub framework: Option<&'static str>,
    /// Beyond which size it certainly refuses a body, without reading it.
    pub body_limit: Option<BodyLimit>,
    /// The configuration file that is meant for it, and that it does not find.
    pub unloaded: Option<UnloadedFile>,
    /// The variables of its command line that are handed on as they are written, and that it refuses.
    pub literals: Vec<LiteralVariable>,
    /// All its settings by the program's own names. Apps share those that nobody sets.
    pub settings: BTreeMap<&'static str, Arc<Setting<Datum>>>,
    /// What it refuses or passes over, in the order of the layers.
    pub faults: Vec<AppFault>,
}

/// The most that an application takes of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyLimit {
    /// How much.
    pub size: Size,
    /// The file that says so, below the root of the stack.
    pub file: String,
}

/// How an application is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// With a dictionary and a callable, for one request at a time.
    Wsgi,
    /// As a coroutine, with a dictionary and two callables.
    Asgi,
}

/// An application that is not where a command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingTarget {
    /// There is no such module.
    Module {
        /// Its name, as far as it is missing: `shop.wsgi` of `shop.wsgi.app`.
        module: String,
        /// The target's module with a name that there is.
        instead: Option<String>,
    },
    /// The module has no such name.
    Name {
        /// The module.
        module: String,
        /// Its file, below the root of the stack.
        file: String,
        /// The name.
        name: String,
        /// The name of the application that the module has.
        instead: Option<String>,
    },
}

/// A configuration file that an app does not find where it looks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnloadedFile {
    /// The file.
    pub file: FileId,
    /// Where it lies on the machine; not known where nothing says which directory Gunicorn should start in.
    pub path: Option<String>,
    /// Where it is looked for.
    pub looked_for: String,
    /// The word of the option that names it, if one does, and how many bytes at its end are the name.
    pub option: Option<(Span, Option<usize>)>,
}

/// A variable in an option of a command line that the service manager does not replace: `$PORT` in `0.0.0.0:$PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiteralVariable {
    /// The variable as it is written: `$PORT`.
    pub span: Span,
    /// Its name.
    pub name: String,
    /// Whether it is written in braces, with what systemd does not know between them: `${PORT:-8000}`.
    pub braced: bool,
    /// Whether the unit gives it a value; `None` where that is not known.
    pub is_set: Option<bool>,
    /// What the program says of the value.
    pub refusal: String,
}

/// The programs that answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppKind {
    /// Gunicorn.
    Gunicorn,
    /// A service of a Compose file, by the port that it publishes on the host.
    Container,
    /// Another program that a unit starts; what it listens on is not known.
    Other,
}

impl AppKind {
    /// The name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            AppKind::Gunicorn => "gunicorn",
            AppKind::Container => "container",
            AppKind::Other => "other",
        }
    }
}

/// The first Gunicorn whose sync worker answers the request that its own end interrupts, with a 500: `SyncWorker.handle` gets a
/// `SystemExit` then. Before, the connection just ends, of which nginx makes a 502. Seen with 20.1.0, 21.2.0, 22.0.0, 23.0.0
/// and 27.0.1.
pub const ANSWERS_WHEN_KILLED: Version = Version(22, 0, 0);

/// Gunicorn's worker classes, as far as they differ in what they do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerClass {
    /// `sync`: one request at a time, bounded by `timeout`.
    Sync,
    /// `gthread`: a pool of threads; `timeout` does not bound a request.
    Gthread,
    /// `gevent` and its older names.
    Gevent,
    /// `eventlet`, until Gunicorn 25.
    Eventlet,
    /// `tornado`: bounded by `timeout` where a handler blocks.
    Tornado,
    /// `asgi`, since Gunicorn 24.
    Asgi,
    /// A class of the `uvicorn` or `uvicorn_worker` packages.
    Uvicorn,
    /// Any other, by its dotted path.
    Other(String),
}

impl WorkerClass {
    /// A class by the name or path that `worker_class` takes.
    pub fn parse(name: &str) -> WorkerClass {
        match name {
            "sync" | "gunicorn.workers.sync.SyncWorker" => WorkerClass::Sync,
            "gthread" | "gunicorn.workers.gthread.ThreadWorker" => WorkerClass::Gthread,
            "gevent" | "gevent_wsgi" | "gevent_pywsgi" | "gunicorn.workers.ggevent.GeventWorker" => {
                WorkerClass::Gevent
            }
            "eventlet" | "gunicorn.workers.geventlet.EventletWorker" => WorkerClass::Eventlet,
            "tornado" | "gunicorn.workers.gtornado.TornadoWorker" => WorkerClass::Tornado,
            "asgi" | "gunicorn.workers.gasgi.ASGIWorker" => WorkerClass::Asgi,
            _ if name.starts_with("uvicorn.workers.") || name.starts_with("uvicorn_worker.") => {
                WorkerClass::Uvicorn
            }
            _ => WorkerClass::Other(name.into()),
        }
    }
}

impl fmt::Display for WorkerClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WorkerClass::Sync => "sync",
            WorkerClass::Gthread => "gthread",
            WorkerClass::Gevent => "gevent",
            WorkerClass::Eventlet => "eventlet",
            WorkerClass::Tornado => "tornado",
            WorkerClass::Asgi => "asgi",
            WorkerClass::Uvicorn => "uvicorn",
            WorkerClass::Other(path) => path,
        })
    }
}

impl App {
    /// Whether it certainly opens the sockets that `bind` names, and is handed none by the service manager.
    pub fn binds_itself(&self) -> bool {
        let bind = self.settings.get("bind");
        self.listeners.value.known().is_some()
            && bind.is_some_and(|bind| bind.origin == self.listeners.origin)
    }

    /// Whether workers that are told to stop may wait for idle connections, so that a stop takes as long as nginx keeps these.
    /// Threads and uvicorn close them at once, and sync workers keep none.
    ///
    /// Seen with 23.0.0 and 27.0.1: gevent, and the ASGI workers of Gunicorn itself, take all of `graceful_timeout`.
    pub fn may_wait_for_idle(&self) -> bool {
        use WorkerClass::{Gthread, Sync, Uvicorn};
        !self.worker_class.value.must(|class| matches!(class, Sync | Gthread | Uvicorn))
    }

    /// The addresses with two slashes that are meant to be absolute by all appearances, and are seen from the directory that
    /// Gunicorn is in: what is written, the path in it, and the one that it is.
    pub fn misread_paths(&self) -> Vec<(String, String, String)> {
        let bind: Setting<Vec<String>> = self.setting("bind");
        let (Some(texts), Some(listeners)) = (bind.value.known(), self.listeners.value.known()) else {
            return Vec::new();
        };
        if texts.len() != listeners.len() {
            return Vec::new();
        }
        let misread = |(text, listener): (&String, &Endpoint)| {
            let path = text.strip_prefix("unix://").filter(|path| !path.starts_with('/'))?;
            let meant = normalize_path(&format!("/{path}"));
            let Endpoint::Unix(is) = listener else { return None };
            let in_root = path.split_once('/').is_some_and(|(first, _)| ROOTS.contains(&first));
            let differs = in_root && *is != meant && is.ends_with(&meant);
            differs.then(|| (text.clone(), path.to_owned(), is.clone()))
        };
        texts.iter().zip(listeners).filter_map(misread).collect()
    }

    /// Where settings of these names stand, in their order: what another one can be put beside.
    pub fn anchors<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = Anchor> + 'a {
        let settings = names.iter().filter_map(|name| self.settings.get(*name));
        settings.filter(|it| it.value.candidates().is_some()).filter_map(|it| it.origin.anchor)
    }

    /// A setting by the program's own name; unknown where it was not resolved. A default that is in force since the name in the
    /// file is misspelt is as unknown: the name is the mistake, and is told.
    pub fn setting<T: FromDatum>(&self, name: &str) -> Setting<T> {
        let is_meant = |fault: &AppFault| fault.kind == AppFaultKind::UnknownSetting && fault.setting == name;
        match self.settings.get(name) {
            Some(setting) if !setting.origin.is_written() && self.faults.iter().any(is_meant) => {
                Setting::unknown("Gunicorn passes over the name that is meant for it", Origin::DEFAULT)
            }
            it => self.resolved(it.map(Arc::as_ref)),
        }
    }

    fn resolved<T: FromDatum>(&self, setting: Option<&Setting<Datum>>) -> Setting<T> {
        match setting {
            Some(setting) => setting.read(),
            None => Setting { value: Possible::Unknown("not resolved".into()), origin: Origin::DEFAULT },
        }
    }
}
