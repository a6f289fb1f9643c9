//! What a file may be by its name and where it lies.

use std::path::Path;

use crate::resolve::paths::template_free;
use crate::source::FileKind;
use crate::syntax::machine;
use crate::syntax::packages::Format;

/// What a file may be by its name; each is tried in turn by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::discover) enum Candidate {
    /// A unit or a drop-in.
    Unit,
    /// A Compose file.
    Compose,
    /// A Gunicorn configuration, else a launcher.
    Python,
    /// An nginx configuration, else a Gunicorn configuration, else a launcher.
    Any,
    /// Requirements or a lock file; where it is about none of the packages that count, nothing, or a launcher.
    Packages,
    /// What directories and accounts the machine has.
    Machine,
    /// Something that may start servers.
    Launcher,
}

const UNITS: [&str; 11] = [
    ".service",
    ".socket",
    ".timer",
    ".target",
    ".path",
    ".slice",
    ".mount",
    ".automount",
    ".swap",
    ".scope",
    ".device",
];

/// What a file may be by its name, or `None` if no name of that kind is worth opening.
pub(in crate::discover) fn by_name(path: &Path) -> Option<Candidate> {
    let whole = path.file_name()?.to_str()?;
    let name = template_free(whole);
    if name == "hoplint.toml" {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let parent = path.parent().and_then(Path::file_name).and_then(|it| it.to_str()).unwrap_or_default();
    let extension = lower.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_unit = |name: &str| UNITS.iter().any(|suffix| name.ends_with(suffix));
    // `service.d` is for all services, and could be anything elsewhere.
    let is_for_all = |name: &str| {
        UNITS.iter().any(|suffix| suffix[1..] == *name) && path.iter().any(|part| part == "systemd")
    };
    let is_drop_in = |name| is_unit(name) || is_for_all(name);
    if is_unit(name) || extension == "conf" && parent.strip_suffix(".d").is_some_and(is_drop_in) {
        return Some(Candidate::Unit);
    }
    let beside = [parent, "/", name].concat();
    if machine::Format::of(&beside).is_some() {
        return Some(Candidate::Machine);
    }
    let yaml = matches!(extension, "yml" | "yaml");
    if yaml && (lower.starts_with("docker-compose") || lower.starts_with("compose")) {
        return Some(Candidate::Compose);
    }
    let of_gunicorn = || lower.contains("gunicorn") || parent.to_ascii_lowercase().contains("gunicorn");
    if extension == "py" && (lower.ends_with(".conf.py") || of_gunicorn()) {
        return Some(Candidate::Python);
    }
    // Variables of Ansible's, which need no extension.
    if extension.is_empty() && path.iter().any(|part| part == "group_vars" || part == "host_vars") {
        return Some(Candidate::Launcher);
    }
    if Format::of(&beside).is_some() {
        return Some(Candidate::Packages);
    }
    if lower.starts_with("dockerfile") || lower.starts_with("procfile") || lower.starts_with(".env") {
        return Some(Candidate::Launcher);
    }
    match extension {
        "conf" | "ngx" | "nginx" | "gunicorn" | "vhost" | "site" | "server" | "inc" | "cfg" | "ini"
        | "include" => Some(Candidate::Any),
        "sh" | "bash" | "yml" | "yaml" | "env" | "toml" | "vcl" | "dockerfile" => Some(Candidate::Launcher),
        "js" | "cjs" if lower.starts_with("ecosystem.config.") => Some(Candidate::Launcher),
        "json" if lower == "package.json" => Some(Candidate::Launcher),
        // Variables that a command line hands to Ansible (`-e @vars/prod.json`), or an inventory.
        "json" if lower.contains("vars") || lower.contains("inventor") => Some(Candidate::Launcher),
        "json" if path.iter().any(|part| is_for_variables(&part.to_string_lossy())) => {
            Some(Candidate::Launcher)
        }
        "" if !lower.starts_with('.') => Some(Candidate::Any),
        // `nginx.prod`, `conf.dev`, `sites-enabled/shop.example.com`: what looks like an extension says more of the
        // place than of the language.
        "dev" | "development" | "local" | "prod" | "production" | "stage" | "staging" | "test" | "docker"
        | "http" | "https" | "ssl" => Some(Candidate::Any),
        // nginx reads all of these two, whatever it is called.
        _ if matches!(parent, "sites-enabled" | "vhost.d") && !is_source(extension) => Some(Candidate::Any),
        _ if matches!(parent, "sites-available" | "conf.d" | "snippets" | "nginx")
            && !is_source(extension)
            && !is_copy(extension) =>
        {
            Some(Candidate::Any)
        }
        // `webapp.nginxconf`, `site.conf.prod`, `docker.proxy.template`.
        _ if lower.contains("nginx") || lower.contains(".conf") || name.len() < whole.len() => {
            let is_dated = lower.contains(".conf") && extension.bytes().all(|byte| byte.is_ascii_digit());
            (!is_source(extension) && !is_copy(extension) && !is_dated).then_some(Candidate::Any)
        }
        _ => None,
    }
}

/// What a file is if its name leaves no doubt, whatever stands in it.
pub(in crate::discover) fn evident(path: &Path) -> Option<FileKind> {
    let name = template_free(path.file_name()?.to_str()?);
    let is_nginxs = |name: &str| name == "nginx.conf" || name.ends_with(".conf") && says_nginx(path);
    match by_name(path)? {
        Candidate::Unit => Some(FileKind::Systemd),
        Candidate::Compose => Some(FileKind::Compose),
        Candidate::Machine => Some(FileKind::Machine),
        Candidate::Python if name == "gunicorn.conf.py" => Some(FileKind::Gunicorn),
        Candidate::Any if is_nginxs(name) => Some(FileKind::Nginx),
        _ => None,
    }
}

/// Whether a directory is one that Ansible's variables lie in.
fn is_for_variables(name: &str) -> bool {
    matches!(name, "vars" | "group_vars" | "host_vars" | "defaults" | "inventory" | "inventories")
}

/// Whether files of an extension are certainly in another language.
fn is_source(extension: &str) -> bool {
    const OTHERS: [&str; 96] = [
        "md", "rst", "txt", "html", "htm", "css", "js", "mjs", "ts", "json", "py", "rb", "go", "rs", "c",
        "h", "php", "pl", "lua", "hcl", "tf", "sql", "pem", "crt", "key", "csr", "svg", "log", "pest",
        "adoc", "asciidoc", "tex", "xml", "xsl", "nix", "pp", "sls", "groovy", "vim", "tcl", "ps1", "java",
        "kt", "scala", "swift", "cc", "cpp", "lock", "patch", "diff", "po", "csv", "ipynb", "map", "snap",
        "cjs", "vue", "markdown", "mdown", "mdx", "mkd", "mkdn", "org", "asc", "textile", "wiki", "pod",
        "jsx", "tsx", "scss", "sass", "less", "styl", "svelte", "hpp", "hh", "hxx", "cxx", "cs", "fs", "m",
        "mm", "dart", "ex", "exs", "erl", "hs", "clj", "ml", "awk", "sed", "te", "fc", "nomad", "proto",
        "fish",
    ];
    OTHERS.contains(&extension)
}

/// Whether an extension says that a file is one that was, or that nobody reads: `nginx.conf.bak`.
fn is_copy(extension: &str) -> bool {
    const COPIES: [&str; 15] = [
        "bak",
        "backup",
        "old",
        "orig",
        "save",
        "saved",
        "swp",
        "disabled",
        "off",
        "rpmnew",
        "rpmsave",
        "dpkg-old",
        "dpkg-new",
        "dpkg-dist",
        "rej",
    ];
    COPIES.contains(&extension) || extension.ends_with('~')
}

/// Whether a path says that what lies there is nginx's.
pub(super) fn says_nginx(path: &Path) -> bool {
    let parent = path.parent().and_then(Path::file_name).and_then(|it| it.to_str()).unwrap_or_default();
    let by_parent = matches!(parent, "sites-available" | "sites-enabled" | "conf.d" | "snippets" | "vhost.d");
    by_parent || path_contains(path, "nginx") || path.extension().is_some_and(|it| it == "ngx")
}

/// Whether the file's name or one of the three directories around it contains a word.
pub(super) fn path_contains(path: &Path, word: &str) -> bool {
    let names = path.components().rev().take(4).filter_map(|it| it.as_os_str().to_str());
    names.into_iter().any(|name| name.to_ascii_lowercase().contains(word))
}
