//! The real programs: where they are, and what they say of a file.

use std::path::{Path, PathBuf};
use std::process::Command;

use hoplint::model::Version;
use hoplint::source::{FileKind, Sources};

use crate::support::{root, write};

/// The nginx that HOPLINT_NGINX names, or the one on the path.
pub(crate) fn nginx() -> Option<PathBuf> {
    let path = std::env::var_os("HOPLINT_NGINX").map_or_else(|| PathBuf::from("nginx"), PathBuf::from);
    asked(path, "-v").map(|(path, _)| path)
}

/// The older nginx that HOPLINT_NGINX_OLD names. That it is not there is no failure: one nginx is always asked.
pub(crate) fn old_nginx() -> Option<PathBuf> {
    let path = std::env::var_os("HOPLINT_NGINX_OLD").filter(|it| !it.is_empty()).map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: HOPLINT_NGINX_OLD names no older nginx");
    }
    path
}

/// The nginxes that can be asked, the newest first, and their versions.
pub(crate) fn nginxes() -> Vec<(Version, PathBuf)> {
    let version = |path: &Path| -> Version {
        let said = Command::new(path).arg("-v").output().unwrap().stderr;
        // `nginx version: nginx/1.22.1`, and perhaps a distributor's name
        let said = String::from_utf8_lossy(&said).into_owned();
        let version = said.split('/').nth(1).unwrap().split_whitespace().next().unwrap();
        version.parse().unwrap()
    };
    let paths = nginx().into_iter().chain(old_nginx());
    let mut found: Vec<(Version, PathBuf)> = paths.map(|path| (version(&path), path)).collect();
    found.sort_by(|(a, _), (b, _)| b.cmp(a));
    found.dedup_by_key(|(version, _)| *version);
    found
}

/// The Gunicorn that HOPLINT_GUNICORN names, or the one on the path; the first, where it names several.
pub(crate) fn gunicorn() -> Option<PathBuf> {
    gunicorns().into_iter().map(|(_, path)| path).next()
}

/// The Gunicorns that HOPLINT_GUNICORN names, parted by commas, or the one on the path, and their versions.
pub(crate) fn gunicorns() -> Vec<(Version, PathBuf)> {
    let named = std::env::var("HOPLINT_GUNICORN").unwrap_or_else(|_| "gunicorn".into());
    let found = named.split(',').filter_map(|path| {
        let (path, said) = asked(PathBuf::from(path), "--version")?;
        Some((version_in(&said), path))
    });
    found.collect()
}

/// The version of a Gunicorn that is there.
pub(crate) fn gunicorn_version(gunicorn: &Path) -> Version {
    version_in(&asked(gunicorn.to_owned(), "--version").unwrap().1)
}

/// `gunicorn (version 27.0.1)`
fn version_in(said: &str) -> Version {
    said.rsplit_once("version ").unwrap().1.trim_end().trim_end_matches(')').parse().unwrap()
}

/// The Python that runs a Gunicorn, by the first line of its script.
pub(crate) fn python_of(gunicorn: &Path) -> PathBuf {
    let path = if gunicorn.components().count() > 1 {
        gunicorn.to_owned()
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&folders).map(|folder| folder.join(gunicorn));
        found.into_iter().find(|path| path.is_file()).unwrap()
    };
    let script = std::fs::read_to_string(&path).unwrap();
    let first = script.split('\n').next().unwrap_or_default();
    PathBuf::from(first.strip_prefix("#!").unwrap_or("python3"))
}

/// The collection of public repositories that HOPLINT_CORPUS names: a directory with `repos/`.
pub(crate) fn corpus() -> Option<PathBuf> {
    let path = std::env::var_os("HOPLINT_CORPUS").filter(|it| !it.is_empty()).map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: HOPLINT_CORPUS names no collection of repositories");
    }
    path
}

/// The systemd-analyze on the path.
pub(crate) fn systemd_analyze() -> Option<PathBuf> {
    asked("systemd-analyze".into(), "--version").map(|(path, _)| path)
}

/// Whether nothing may be skipped.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci == "true")
}

/// A program that can be run, and what it answers. One that cannot is a loud skip, and with CI=true a failure.
fn asked(path: PathBuf, question: &str) -> Option<(PathBuf, String)> {
    match Command::new(&path).arg(question).output() {
        Ok(output) if output.status.success() => {
            let answer = String::from_utf8_lossy(&output.stdout).into_owned();
            Some((path, answer))
        }
        problem => {
            let why = format!("`{}` cannot be asked: {problem:?}", path.display());
            assert!(!is_ci(), "{why}");
            eprintln!(
                "SKIPPED: {why}; tests/run installs nginx and Gunicorn, `apt-get install systemd` the rest"
            );
            None
        }
    }
}

/// What a program says of its configuration: nothing, or why it refuses it.
pub(crate) type Verdict = Result<(), String>;

/// Asks nginx for its view of the nginx files of a tree, which lie below `prefix` in the sources.
///
/// Paths on the machine become paths below a scratch directory, ports that need privileges become others, and
/// certificates that are not in the tree become one that is. Fragments are included into an `http` block.
pub(crate) fn nginx_verdict(nginx: &Path, sources: &Sources, prefix: &str) -> Verdict {
    let scratch = tempfile::tempdir().unwrap();
    let mut fragments = String::new();
    let mut main = None;
    let linked: Vec<(String, String)> =
        sources.links().map(|(path, id)| (path.to_owned(), sources.get(id).text.clone())).collect();
    let files = sources.iter().filter(|(_, source)| source.kind == FileKind::Nginx);
    let files = files.map(|(_, source)| (source.path.clone(), source.text.clone())).chain(linked);
    for (path, text) in files {
        let inside = path.strip_prefix(prefix).unwrap_or(&path).trim_start_matches('/');
        let target = scratch.path().join(inside);
        write(&target, deployed(&text, scratch.path()));
        if target.ends_with("nginx.conf") {
            main = Some(target);
        } else {
            fragments.push_str(&format!("    include {};\n", target.display()));
        }
    }
    // What a distributor's package brings.
    write(&scratch.path().join("etc/nginx/mime.types"), "types { text/html html; }\n");
    write(&scratch.path().join("etc/nginx/uwsgi_params"), "uwsgi_param QUERY_STRING $query_string;\n");
    for folder in ["var/log/nginx", "var/cache/nginx", "run"] {
        std::fs::create_dir_all(scratch.path().join(folder)).unwrap();
    }
    let main = main.unwrap_or_else(|| {
        let path = scratch.path().join("main.conf");
        write(&path, format!("events {{}}\nhttp {{\n{fragments}}}\n"));
        path
    });
    // The beginning of Debian's.
    let params = main.with_file_name("proxy_params");
    if !params.exists() {
        write(&params, "proxy_set_header Host $host;\nproxy_set_header X-Real-IP $remote_addr;\n");
    }
    let mut command = Command::new(nginx);
    command.arg("-t").arg("-p").arg(scratch.path()).arg("-c").arg(main);
    verdict(command)
}

/// A text as it could stand on this machine.
fn deployed(text: &str, scratch: &Path) -> String {
    let mut deployed = String::new();
    for line in text.split_inclusive('\n') {
        let words: Vec<&str> = line.split_whitespace().collect();
        let line = match words.first() {
            Some(&"user") => "\n".into(),
            Some(&"ssl_certificate") => format!("ssl_certificate {};\n", data("localhost.crt")),
            Some(&"proxy_ssl_trusted_certificate") => {
                format!("proxy_ssl_trusted_certificate {};\n", data("localhost.crt"))
            }
            Some(&"ssl_certificate_key") => format!("ssl_certificate_key {};\n", data("localhost.key")),
            Some(&"listen") => unprivileged(line),
            _ => line.replace(" /etc/", &format!(" {}/etc/", scratch.display())),
        };
        let line = line.replace(" /var/log/", &format!(" {}/var/log/", scratch.display()));
        let line = line.replace(" /var/cache/", &format!(" {}/var/cache/", scratch.display()));
        deployed.push_str(&line.replace(" /run/nginx.pid", &format!(" {}/run/nginx.pid", scratch.display())));
    }
    deployed
}

fn data(name: &str) -> String {
    root().join("tests/data").join(name).display().to_string()
}

/// A `listen` on a port that anyone may open, on an address that every machine has.
fn unprivileged(line: &str) -> String {
    let line = line.replace("[::]:", "127.0.0.1:");
    let Some(end) = line.find([';', '{']) else { return line };
    let argument = line[..end].split_whitespace().nth(1).unwrap_or_default();
    let port = argument.rsplit(':').next().unwrap_or_default();
    match port.parse::<u16>() {
        Ok(number) if number < 1024 => {
            let address = argument.strip_suffix(port).unwrap_or_default();
            line.replacen(argument, &format!("{address}{}", number + 20_000), 1)
        }
        _ => line,
    }
}

/// Asks Gunicorn for its view of a configuration file.
pub(crate) fn gunicorn_verdict(gunicorn: &Path, text: &str) -> Verdict {
    let scratch = tempfile::tempdir().unwrap();
    write(&scratch.path().join("gunicorn.conf.py"), text);
    write(&scratch.path().join("stub.py"), "def app(environ, start_response):\n    return []\n");
    let mut command = Command::new(gunicorn);
    command.args(["--check-config", "-c", "gunicorn.conf.py", "stub:app"]).current_dir(scratch.path());
    // What the examples take from the environment.
    command.env("THREADS", "4").env("BACKLOG", "2048").env("WORKER_CLASS", "sync");
    command.env("APP_PORT", "8000").env("TIMEOUT", "30").env_remove("PORT").env_remove("GUNICORN_CMD_ARGS");
    verdict(command)
}

/// Asks systemd for its view of the units and drop-ins of a tree. Programs that are not on this machine become one that is.
pub(crate) fn systemd_verdict(analyze: &Path, sources: &Sources) -> Verdict {
    let scratch = tempfile::tempdir().unwrap();
    let mut units = Vec::new();
    for (_, source) in sources.iter().filter(|(_, source)| source.kind == FileKind::Systemd) {
        let name = source.name().replace("@.", "@8001.");
        let folder = source.path.rsplit('/').nth(1).filter(|it| it.ends_with(".d")).unwrap_or_default();
        let path = scratch.path().join(folder).join(name);
        // The programs of other machines are not here; a bare name is one of these too.
        let line = |line: &str| {
            let (key, command) =
                line.split_once('=').filter(|(key, _)| key.starts_with("Exec")).unwrap_or_default();
            let end = command.find(char::is_whitespace).unwrap_or(command.len());
            let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-';
            match command.starts_with('/') || command[..end].chars().all(is_bare) {
                true if end > 0 => format!("{key}=/bin/true{}", &command[end..]),
                _ => line.to_owned(),
            }
        };
        write(&path, source.text.split_inclusive('\n').map(line).collect::<String>());
        if folder.is_empty() {
            units.push(path);
        }
    }
    if units.is_empty() {
        return Ok(());
    }
    let mut command = Command::new(analyze);
    command.args(["verify", "--man=no", "--generators=no", "--recursive-errors=no"]).args(units);
    command.env("SYSTEMD_LOG_LEVEL", "warning").env("SYSTEMD_LOG_TARGET", "console");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // What it leaves out of a unit is no failure to it, but it says so.
    let about_these =
        said.contains(&scratch.path().display().to_string()) || said.contains("bad unit file setting");
    if output.status.success() && !about_these { Ok(()) } else { Err(said) }
}

fn verdict(mut command: Command) -> Verdict {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(said + &String::from_utf8_lossy(&output.stdout)) }
}
