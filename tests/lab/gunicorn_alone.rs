//! What Gunicorn does with its own configuration, seen with each Gunicorn that is named.
//!
//! Nothing here is started by systemd: the command line of the unit is started in the directory and with the variables that
//! the unit names.

mod cases;
mod managed;
mod refused;
mod services;
mod sockets;
mod stopping;

use std::fs::File;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use hoplint::model::Version;

use super::matrix::{gunicorns, is_whole};
use super::record::{Record, class_in, record};
use super::{Mend, Request, Running, answer, free_port, hoplint, started, wait_for};
use crate::real;
use crate::support::write;

/// What is served where a case brings nothing of its own.
const STUB: &str = r#"
import asyncio
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(2)
    if path == "/hang":
        time.sleep(60)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served\n"]

async def socket(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError("there is none")
    if scope["path"] == "/slow":
        await asyncio.sleep(2)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"served"})
"#;

/// What stands for the outcome after a mend in a record of a run without one.
const NO_MEND: &str = "-";

/// One service, run as it is and as it is mended, with a `shop.service` among its files. In all texts HERE stands for the
/// directory, GUNICORN for the program, APP for a port for it, PORT for the one that nginx listens on, and FREE for another one.
struct Case<'a> {
    rule: &'a str,
    /// The first version that it is about.
    since: Version,
    files: &'a [(&'a str, &'a str)],
    /// What stands in nginx's `http`; without it the client asks the app.
    http: &'a str,
    /// What another client asks for a moment before.
    meanwhile: &'a str,
    /// Seconds between the two.
    pause: u64,
    /// What becomes of a file while the app runs.
    edited: Option<(&'a str, &'a str)>,
    request: Request<'a>,
    before: Sees<'a>,
    mend: Mending<'a>,
    after: Sees<'a>,
}

/// What somebody sees.
#[derive(Clone, Copy)]
enum Sees<'a> {
    /// The client: this status.
    Status(&'a str),
    /// The operator: Gunicorn ends with this exit status, and says this.
    Ends(i32, &'a str),
    /// The client: this status, since Gunicorn says that it does this instead.
    Elsewhere(&'a str, &'a str),
}

/// How a service is mended.
#[derive(Clone, Copy)]
enum Mending<'a> {
    /// By a fix.
    Fix(Mend<'a>),
    /// By hand: these files become so.
    Hand(&'a [(&'a str, &'a str)]),
}

impl Default for Case<'_> {
    fn default() -> Self {
        Case {
            rule: "",
            since: Version(0, 0, 0),
            files: &[],
            http: "",
            meanwhile: "",
            pause: 1,
            edited: None,
            request: Request::PLAIN,
            before: Sees::Status("502"),
            mend: Mending::Fix(Mend::Safe),
            after: Sees::Status("200"),
        }
    }
}

/// A scratch directory with what a case puts there.
struct Place {
    scratch: tempfile::TempDir,
    gunicorn: PathBuf,
    /// What stands in front where a case asks for it.
    nginx: Option<(Version, PathBuf)>,
    version: Version,
    app: u16,
    port: u16,
    free: u16,
}

impl Place {
    /// With the newest nginx.
    fn new(gunicorn: &Path) -> Place {
        Place::behind(real::nginxes().into_iter().next(), gunicorn)
    }

    fn behind(nginx: Option<(Version, PathBuf)>, gunicorn: &Path) -> Place {
        let scratch = tempfile::Builder::new().prefix("hop").tempdir().unwrap();
        let place = Place {
            scratch,
            gunicorn: gunicorn.to_owned(),
            nginx,
            version: real::gunicorn_version(gunicorn),
            app: free_port(),
            port: free_port(),
            free: free_port(),
        };
        write(&place.path("stub.py"), STUB);
        let mut target = format!("[target]\ngunicorn = \"{}\"\n", place.version);
        if let Some((nginx, _)) = &place.nginx {
            target.push_str(&format!("nginx = \"{nginx}\"\n"));
        }
        write(&place.path("hoplint.toml"), target);
        place
    }

    fn directory(&self) -> &Path {
        self.scratch.path()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory().join(name)
    }

    fn put(&self, files: &[(&str, &str)]) {
        for (name, text) in files {
            let text = text.replace("HERE", &self.directory().display().to_string());
            let text = text
                .replace("GUNICORN", &self.gunicorn.display().to_string())
                .replace("FREE", &self.free.to_string());
            // Before an equals sign it is the name of a variable.
            let text = text.replace("APP", &self.app.to_string()).replace("PORT=", "\0");
            let text = text.replace("PORT", &self.port.to_string()).replace('\0', "PORT=");
            write(&self.path(name), text);
        }
    }

    /// The command that a unit starts, as systemd would start it.
    fn command(&self, unit: &str) -> Command {
        let text = std::fs::read_to_string(self.path(unit)).unwrap().replace("\\\n", " ");
        let values = |key: &str| -> Vec<String> {
            let lines = text.split('\n').filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            lines.map(str::to_owned).collect()
        };
        let variables: Vec<(String, String)> = values("Environment")
            .iter()
            .map(|it| it.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap())
            .collect();
        let line = variables.iter().fold(values("ExecStart").remove(0), |line, (name, value)| {
            line.replace(&format!("${{{name}}}"), value)
        });
        let mut words = line.split_whitespace();
        // A service ignores no signal, whatever the terminal of the tests does.
        let mut command = Command::new("env");
        command.arg("--default-signal").arg(words.next().unwrap());
        command.args(words).current_dir(values("WorkingDirectory").first().map_or("/", String::as_str));
        command.env_remove("PORT").env_remove("GUNICORN_CMD_ARGS").env_remove("WEB_CONCURRENCY");
        command.env("PYTHONDONTWRITEBYTECODE", "1").envs(variables);
        let log = File::create(self.path(&format!("{unit}.log"))).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        command
    }

    fn log(&self, unit: &str) -> String {
        std::fs::read_to_string(self.path(&format!("{unit}.log"))).unwrap_or_default()
    }

    /// Whether hoplint finds a rule, and what it says.
    fn finds(&self, rule: &str) -> (bool, String) {
        let (_, said) = hoplint(self.directory(), &["--pedantic", "--format", "concise"]);
        (said.contains(rule), said)
    }

    fn mend(&self, mending: Mending) {
        match mending {
            Mending::Fix(Mend::Unsafe) => {
                drop(hoplint(self.directory(), &["--fix", "--unsafe-fixes", "--pedantic"]));
            }
            Mending::Fix(_) => drop(hoplint(self.directory(), &["--fix", "--pedantic"])),
            Mending::Hand(files) => self.put(files),
        }
    }

    /// Keeps for docs/proven.md what a run in this place has shown.
    fn shown(&self, rule: &str, before: &str, after: &str) {
        let files = ["shop.service", "gunicorn.conf.py"];
        let texts: String =
            files.iter().filter_map(|it| std::fs::read_to_string(self.path(it)).ok()).collect();
        let nginx = self.nginx.as_ref().filter(|_| self.path("error.log").exists());
        record(&Record {
            rule: rule.to_owned(),
            test: String::new(),
            nginx: nginx.map(|(version, _)| version.to_string()).unwrap_or_default(),
            gunicorn: self.version.to_string(),
            class: class_in(&texts),
            before: before.to_owned(),
            after: after.to_owned(),
        });
    }

    /// nginx in front, if there is something for it; `main` stands outside of its blocks.
    fn nginx(&self, main: &str, http: &str) -> Option<Running> {
        let (_, nginx) = self.nginx.as_ref().filter(|_| !http.is_empty())?;
        let frame = format!(
            "daemon off;\npid HERE/nginx.pid;\nerror_log HERE/error.log;\n{main}\nevents {{}}\nhttp {{\n    access_log \
             off;\n{http}\n}}\n"
        );
        self.put(&[("nginx.conf", &frame)]);
        let mut command = Command::new(nginx);
        command.args(["-e", "error.log", "-c", "nginx.conf", "-p"]).arg(self.directory());
        let running = started(command, self.directory());
        wait_for("nginx", || TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        Some(running)
    }
}

/// How a process ends, if it does so by itself.
fn end_of(running: &mut Running) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = running.0.try_wait().unwrap() {
            return status;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "it does not end");
        sleep(Duration::from_millis(50));
    }
}

/// The nginxes that stand in front: the newest, and all in a whole run.
fn nginxes() -> Vec<(Version, PathBuf)> {
    let mut nginxes = real::nginxes();
    nginxes.truncate(if is_whole() { nginxes.len() } else { 1 });
    nginxes
}

/// Runs a case with each Gunicorn of a version that it is about, and behind each nginx that there is: the rule is found, the
/// outcome is seen, the mend is made, and the outcome is gone.
fn run(case: &Case) {
    let mut nginxes: Vec<_> = nginxes().into_iter().map(Some).collect();
    if case.http.is_empty() {
        nginxes.truncate(1);
    }
    for (_, gunicorn) in gunicorns(|version| version >= case.since) {
        for nginx in &nginxes {
            run_in(case, &Place::behind(nginx.clone(), &gunicorn));
        }
    }
}

fn run_in(case: &Case, place: &Place) {
    eprintln!("{} with Gunicorn {}", case.rule, place.version);
    place.put(case.files);
    if !case.http.is_empty() {
        place.put(&[("nginx.conf", &format!("events {{}}\nhttp {{\n{}\n}}\n", case.http))]);
    }
    let (found, said) = place.finds(case.rule);
    assert!(found, "{} is not found: {said}", case.rule);
    see(case, place, case.before, || ());
    // What was edited is as it was.
    let edited = case.edited.iter().filter_map(|(name, _)| case.files.iter().find(|(it, _)| it == name));
    place.put(&edited.copied().collect::<Vec<_>>());
    place.mend(case.mend);
    let (found, said) = place.finds(case.rule);
    assert!(!found, "{} is found after the mend: {said}", case.rule);
    // A worker that is still on its way is no outcome of a mended service.
    see(case, place, case.after, || wait_for("the app", || answer(place.app, &Request::PLAIN) != "none"));
    place.shown(case.rule, &case.before.to_string(), &case.after.to_string());
}

impl std::fmt::Display for Sees<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Sees::Status(status) => write!(f, "{status}"),
            Sees::Ends(status, "") => write!(f, "ends with status {status}"),
            Sees::Ends(status, says) => write!(f, "ends with status {status}: `{says}`"),
            Sees::Elsewhere(says, status) => write!(f, "{status}: `{says}`"),
        }
    }
}

fn see(case: &Case, place: &Place, expected: Sees, is_up: impl FnOnce()) {
    let mut running = Running(place.command("shop.service").spawn().unwrap());
    let status = match expected {
        Sees::Ends(status, says) => {
            assert_eq!(
                end_of(&mut running).code(),
                Some(status),
                "{}: {}",
                case.rule,
                place.log("shop.service")
            );
            let log = place.log("shop.service");
            return assert!(log.contains(says), "{}: it does not say `{says}` but\n{log}", case.rule);
        }
        Sees::Elsewhere(says, status) => {
            wait_for(says, || place.log("shop.service").contains(says));
            status
        }
        Sees::Status(status) => {
            wait_for("Gunicorn", || TcpStream::connect(("127.0.0.1", place.app)).is_ok());
            status
        }
    };
    is_up();
    if let Some(file) = case.edited {
        wait_for("the app", || answer(place.app, &Request::PLAIN) == "200");
        // The reloader looks at the files once a second, and what they were at first it has to have seen.
        sleep(Duration::from_secs(2));
        place.put(&[file]);
        sleep(Duration::from_secs(3));
    }
    let _nginx = place.nginx("master_process off;", case.http);
    let port = if case.http.is_empty() { place.app } else { place.port };
    std::thread::scope(|scope| {
        if !case.meanwhile.is_empty() {
            scope.spawn(|| answer(port, &Request { path: case.meanwhile, ..Request::PLAIN }));
            sleep(Duration::from_secs(case.pause));
        }
        assert_eq!(answer(port, &case.request), status, "{}: {}", case.rule, place.log("shop.service"));
    });
}
