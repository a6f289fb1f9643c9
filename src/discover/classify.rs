//! What kind of file a file is: first by its name, then by what stands in it.

mod gunicorn;
mod name;
mod nginx;

use std::collections::BTreeSet;
use std::path::Path;

pub(super) use self::gunicorn::if_gunicorn;
use self::gunicorn::{is_called_so, is_settings_alone, sets};
use self::name::{Candidate, path_contains, says_nginx};
pub(super) use self::name::{by_name, evident};
use self::nginx::looks_like_nginx;
use crate::resolve::gunicorn::is_setting;
use crate::resolve::paths::template_free;
use crate::source::{FileKind, Source, Sources};
use crate::syntax::machine;

/// What a file is, of which `named` tells what its name lets it be; `None` if it is nothing of ours, and `is_wanted` says that
/// somebody wants it read all the same.
pub(super) fn kind(path: &Path, named: Option<Candidate>, text: &str, is_wanted: bool) -> Option<FileKind> {
    let of_python = path.extension().is_some_and(|it| it == "py");
    let any = if of_python { Candidate::Python } else { Candidate::Any };
    let candidate = named.or(is_wanted.then_some(any))?;
    by_content(path, candidate, text).or((is_wanted && !text.contains('\0')).then_some(FileKind::Launcher))
}

/// What a file is, given what its name lets it be; `None` if it is nothing of ours.
fn by_content(path: &Path, candidate: Candidate, text: &str) -> Option<FileKind> {
    if text.contains('\0') {
        return None;
    }
    let name = template_free(path.file_name().and_then(|it| it.to_str()).unwrap_or_default());
    match candidate {
        Candidate::Unit => Some(FileKind::Systemd),
        Candidate::Compose => Some(FileKind::Compose),
        Candidate::Machine => Some(FileKind::Machine),
        Candidate::Packages => {
            let lower = text.to_ascii_lowercase();
            let is_toml = name.ends_with(".toml");
            let has = |package: &str| lower.contains(package);
            // A project may start servers by its own commands.
            match has("gunicorn") || !is_toml && (has("flask") || has("werkzeug")) {
                true => Some(FileKind::Packages),
                false => is_toml.then_some(FileKind::Launcher),
            }
        }
        Candidate::Launcher => Some(FileKind::Launcher),
        // This name is Gunicorn's own, whatever the file sets.
        Candidate::Python if name == "gunicorn.conf.py" => Some(FileKind::Gunicorn),
        Candidate::Any if name == "gunicorn.conf" && sets(text, is_setting) => Some(FileKind::Gunicorn),
        // A program that has `gunicorn` in its name may have a `timeout` of its own.
        Candidate::Python => {
            let is_one = is_called_so(name) || is_settings_alone(text);
            is_one.then(|| if_gunicorn(text)).flatten().or(Some(FileKind::Launcher))
        }
        Candidate::Any if looks_like_nginx(path, name, text, says_nginx(path)) => Some(FileKind::Nginx),
        Candidate::Any if machine::looks_like_tmpfiles(text) => Some(FileKind::Machine),
        Candidate::Any if is_inventory(path, name, text) => Some(FileKind::Launcher),
        Candidate::Any if is_shell_script(text) => Some(FileKind::Launcher),
        Candidate::Any if name.contains("gunicorn") || path_contains(path, "gunicorn") => {
            if_gunicorn(text).or(Some(FileKind::Launcher))
        }
        Candidate::Any => launches(name, text).then_some(FileKind::Launcher),
    }
}

/// Whether a text begins as a script of a shell does.
fn is_shell_script(text: &str) -> bool {
    text.starts_with("#!")
        && text.split('\n').next().is_some_and(|line| line.trim_end().ends_with("sh") || line.contains("sh "))
}

/// Whether a text is an inventory of Ansible's, which may set variables.
fn is_inventory(path: &Path, name: &str, text: &str) -> bool {
    let lines = || text.split('\n').map(str::trim);
    let is_group = |line: &str| line.starts_with('[') && line.ends_with(']');
    let is_for_groups = |line: &str| is_group(line) && (line.contains(":vars") || line.contains(":children"));
    let is_called_so = name.to_ascii_lowercase().contains("hosts")
        || path.iter().any(|part| part.to_string_lossy().to_ascii_lowercase().contains("inventor"));
    let names_hosts = || lines().any(is_group) && text.contains("ansible_");
    is_called_so && text.contains('=') || names_hosts() || lines().any(is_for_groups)
}

/// Whether a file without a telling name may start something: it is a script, or one of the well-known files.
fn launches(name: &str, text: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    const NAMES: [&str; 10] = [
        "dockerfile",
        "containerfile",
        "procfile",
        "makefile",
        "justfile",
        "supervisor",
        "caddyfile",
        "haproxy",
        "vagrantfile",
        "uwsgi",
    ];
    // Supervisor, Circus, uWSGI; Apache; what the kernel lets processes do.
    const LINES: [&str; 10] = [
        "net.ipv4.ip_unprivileged_port_start",
        "[program:",
        "[fcgi-program:",
        "[watcher:",
        "[socket:",
        "[uwsgi]",
        "<VirtualHost",
        "ProxyPass ",
        "Listen ",
        "frontend ",
    ];
    let tells = |line: &str| LINES.iter().any(|start| line.trim_start().starts_with(start));
    text.starts_with("#!")
        || NAMES.iter().any(|it| lower.contains(it))
        || text.split_inclusive('\n').any(tells)
}

/// The names of the files that units name as files of variables.
pub(super) fn names_of_environments(sources: &Sources) -> BTreeSet<String> {
    let units = sources.iter().filter(|(_, source)| source.kind == FileKind::Systemd);
    let lines = units.flat_map(|(_, source)| source.text.split('\n'));
    let values = lines.filter_map(|line| line.trim_start().strip_prefix("EnvironmentFile"));
    let values = values.filter_map(|rest| rest.trim_start().strip_prefix('='));
    let names = values.filter_map(|path| path.trim().rsplit('/').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// The names of the files that command lines name as Gunicorn's configuration, and of the modules that configurations take
/// all names from.
pub(super) fn names_of_configurations(sources: &Sources) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let is_start = |source: &Source| {
        source.kind == FileKind::Systemd || source.kind == FileKind::Launcher && is_shell_script(&source.text)
    };
    for (_, source) in sources.iter().filter(|(_, it)| it.kind == FileKind::Gunicorn) {
        for line in source.text.split('\n') {
            let words: Vec<&str> = line.split_whitespace().take(4).collect();
            if let ["from", module, "import", "*"] = words.as_slice() {
                names.insert(format!("{module}.py"));
            }
        }
    }
    for (_, source) in sources.iter().filter(|(_, it)| is_start(it)) {
        let mut words = source.text.split([' ', '\t', '\n', '"', '\'', '=']).filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            let file = match word {
                "-c" | "--config" => words.next().unwrap_or_default(),
                _ => word.strip_prefix("-c").unwrap_or_default(),
            };
            let name = file.rsplit(['/', ':']).next().unwrap_or_default();
            if !name.is_empty() {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(path: &str, text: &str) -> Option<FileKind> {
        let path = Path::new(path);
        by_content(path, by_name(path)?, text)
    }

    #[test]
    fn a_file_that_begins_as_nginxs_is_nginxs_whatever_follows() {
        let begins = |lines: usize| format!("server {{\n{}", "    listen 80;\n".repeat(lines));
        let documents = ["\n[program:app]\n", "\nFROM scratch\n"];
        for document in documents {
            assert_eq!(kind("shop.conf", &format!("{}{document}", begins(30))), Some(FileKind::Nginx));
            assert_ne!(kind("shop.conf", &format!("{}{document}", begins(3))), Some(FileKind::Nginx));
            assert_ne!(
                kind("shop.conf", &format!("A text.\n{}{document}", begins(30))),
                Some(FileKind::Nginx)
            );
        }
    }

    #[test]
    fn names_that_command_lines_and_imports_give() {
        let mut sources = Sources::default();
        for (path, kind, text) in [
            ("a.service", FileKind::Systemd, "ExecStart=gunicorn -c /srv/prod.py --config=x.py a:b\n"),
            ("gunicorn.conf.py", FileKind::Gunicorn, "from base import *\nfrom os import environ\n"),
        ] {
            sources.add(Source::new(path, kind, text.into()));
        }
        assert!(names_of_configurations(&sources).iter().eq(["base.py", "prod.py", "x.py"]));
    }

    #[test]
    fn names_that_units_give_to_their_variables() {
        let mut sources = Sources::default();
        let text = "[Service]\nEnvironmentFile=-/etc/default/shop\n EnvironmentFile = /srv/shop.vars \nEnvironmentFile=\n";
        sources.add(Source::new("a.service", FileKind::Systemd, text.into()));
        sources.add(Source::new("run.sh", FileKind::Launcher, "EnvironmentFile=/other\n".into()));
        assert!(names_of_environments(&sources).iter().eq(["shop", "shop.vars"]));
    }

    #[test]
    fn files_are_told_by_name_and_content() {
        use FileKind::{Compose, Gunicorn, Launcher, Machine, Nginx, Packages, Systemd};
        for (path, text, expected) in [
            ("nginx.conf", "events {}\nhttp {\n", Some(Nginx)),
            ("sites-available/shop", "server {\n  listen 80;\n}\n", Some(Nginx)),
            ("shop", "# the shop\nupstream shop {\n", Some(Nginx)),
            ("shop.conf", "server { listen 80; }\n", Some(Nginx)),
            ("nginx/site.conf.j2", "server {\n", Some(Nginx)),
            ("proxy.inc", "proxy_set_header Host $host;\n", Some(Nginx)),
            ("app.conf", "[program:app]\ncommand=gunicorn\n", Some(Launcher)),
            ("nginx.conf", "[program:nginx]\ncommand=nginx\n", Some(Launcher)),
            ("gunicorn.conf.py", "bind = 'x'\n", Some(Gunicorn)),
            ("gunicorn.conf.py", "umask = 7\n", Some(Gunicorn)),
            ("gunicorn.conf", "workers = 3\n", Some(Gunicorn)),
            ("gunicorn.conf", "[program:gunicorn]\n", Some(Launcher)),
            ("my_gunicorn.py", "from gunicorn.app import x\n", Some(Launcher)),
            ("my_gunicorn.py", "workers = 2\n", Some(Gunicorn)),
            ("my_gunicorn.py", "workers = 2\ndef run(): pass\n", Some(Launcher)),
            ("gunicorn/prod.py", "workers = 2\n", Some(Gunicorn)),
            ("gunicorn/client.py", "workers = 0\nclass Client: pass\n", Some(Launcher)),
            ("gunicorn_conf.py", "workers = 2\nclass Log: pass\n", Some(Gunicorn)),
            ("tests/test_gunicorn_conf.py", "bind = 'a:b:c'\ndef test(): assert bind\n", Some(Launcher)),
            ("app.service", "[Unit]\n", Some(Systemd)),
            ("app.service.j2", "[Unit]\n", Some(Systemd)),
            ("app.service.d/x.conf", "[Service]\n", Some(Systemd)),
            ("etc/systemd/system/service.d/x.conf", "[Service]\n", Some(Systemd)),
            ("service.d/x.conf", "[Service]\n", None),
            ("docker-compose.prod.yml", "services:\n", Some(Compose)),
            ("deploy.sh", "gunicorn\n", Some(Launcher)),
            ("tmpfiles.d/shop.conf", "d /run/shop\n", Some(Machine)),
            ("deploy/shop.conf", "d /run/shop 0755 shop shop\n", Some(Machine)),
            ("etc/group", "shop:x:1:\n", Some(Machine)),
            ("etc/systemd/system.conf.d/limits.conf", "[Manager]\n", Some(Machine)),
            ("etc/systemd/system.conf", "[Manager]\n", Some(Machine)),
            ("bin/gunicorn_start", "#!/bin/bash\ntimeout=30\n", Some(Launcher)),
            ("requirements/prod.txt", "gunicorn==20.1.0\n", Some(Packages)),
            ("prod-requirements.txt", "gunicorn==20.1.0\n", Some(Packages)),
            ("requirements.txt", "Flask==2.2.5\n", Some(Packages)),
            ("requirements.txt", "django\n", None),
            ("pyproject.toml", "[project]\ndependencies = ['flask']\n", Some(Launcher)),
            ("pyproject.toml", "[project]\n", Some(Launcher)),
            ("poetry.lock", "name = \"gunicorn\"\n", Some(Packages)),
            ("start", "#!/bin/sh\n", Some(Launcher)),
            ("haproxy.cfg", "defaults\n", Some(Launcher)),
            ("app.ini", "[uwsgi]\nhttp-socket = :9090\n", Some(Launcher)),
            ("app.ini", "[fcgi-program:app]\n", Some(Launcher)),
            ("site.conf", "<VirtualHost *:8080>\n", Some(Launcher)),
            ("ecosystem.config.js", "module.exports = {}\n", Some(Launcher)),
            ("package.json", "{}\n", Some(Launcher)),
            ("composer.json", "{}\n", None),
            ("nginx.md", "server {\n", None),
            ("nginx/conf.d/README.md", "server {\n", None),
            ("nginx/snippets/notes.txt", "server {\n", None),
            ("grammar/nginx.pest", "server = {\n", None),
            ("install_nginx.sh", "server {\n", Some(Launcher)),
            ("LICENSE", "MIT\n", None),
            ("app.py", "bind = 1\n", None),
            ("my.cnf", "[mysqld]\n", None),
            ("redis.conf", "bind 127.0.0.1\n", None),
            ("sysctl.d/ports.conf", "net.ipv4.ip_unprivileged_port_start = 80\n", Some(Launcher)),
            ("sysctl.d/swap.conf", "vm.swappiness = 10\n", None),
            // Fragments that hold nothing but nginx's directives.
            (
                "deploy/errors.conf",
                "error_page 404 /404.html;\nerror_page 500\n  502 /50x.html;\n",
                Some(Nginx),
            ),
            ("acl/office.inc", "# ours\nallow 10.0.0.0/8; deny all;\n", Some(Nginx)),
            ("named.conf", "include \"/etc/bind/named.conf.options\";\n", None),
            ("named.conf", "acl x { any; };\nserver 10.0.0.1 { bogus yes; };\n", None),
            ("deploy/listen.conf", "server 10.0.0.1\nallow 10.0.0.0/8\n", None),
            ("deploy/odd.conf", "allow 10.0.0.0/8;\noption x;\n", None),
            // Other programs have such directories and such lines, and programs and documents speak of nginx.
            ("etc/dovecot/conf.d/10-master.conf", "service auth {\n  unix_listener a {\n  }\n}\n", None),
            ("etc/keepalived/conf.d/vip.conf", "vrrp_instance V {\n  state MASTER\n}\n", None),
            ("etc/syslog-ng/conf.d/app.conf", "source s { system(); };\nlog { source(s); };\n", None),
            (
                "etc/freeradius/sites-enabled/default",
                "server default {\nlisten {\n  type = auth\n}\n}\n",
                None,
            ),
            ("etc/apparmor.d/usr.sbin.nginx", "/usr/sbin/nginx {\n  capability kill,\n}\n", None),
            ("logstash/conf.d/nginx.conf", "input {\n  beats {\n    port => 5044\n  }\n}\n", None),
            ("nginx/named.conf", "options { directory \"/x\"; };\nzone \"a\" {\n  type master;\n};\n", None),
            ("nginx/Jenkinsfile", "pipeline {\n  stages {\n  }\n}\n", None),
            ("jobs/nginx.nomad", "job \"nginx\" {\n}\n", None),
            ("src/nginx/Nginx.hpp", "class Nginx {\n  int a;\n};\n", None),
            ("src/components/nginx/Status.tsx", "const a = 1;\nfunction b() {\n}\n", None),
            ("docs/nginx.mdx", "server {\n  listen 80;\n}\n", None),
            ("docs/NGINX", "How to\nserver {\n  listen 80;\n}\n", None),
            ("scripts/setup-nginx", "cat > a <<E\nserver {\n  listen 80;\n  gzip on;\n}\nE\n", None),
            // A slip leaves a file what it is.
            ("sites-enabled/default", "server {\n  listen 80\n  server_name a;\n}\n", Some(Nginx)),
            ("nginx/snippets/proxy.conf", "proxy_http_version 1.1\nproxy_buffering off;\n", Some(Nginx)),
            ("nginx.conf", "events {}\nhttp {\n  include mime.types\n  gzip on;\n", Some(Nginx)),
            (
                "conf.d/a.conf",
                "server {\n  proxy_pas http://a;\n  location / { proxy_pass http://a; }\n",
                Some(Nginx),
            ),
            ("conf.d/redirect.conf", "rewrite ^/a /b;\n", Some(Nginx)),
            ("inventory/web.ini", "[web]\na port=1\n", Some(Launcher)),
            ("production", "[web]\na ansible_host=b port=1\n", Some(Launcher)),
            ("php.ini", "[PHP]\nengine = On\n", None),
            ("vars/prod.json", "{}\n", Some(Launcher)),
            // Names that say it, or leave it open.
            ("deploy/webapp.nginxconf", "upstream a {\n", Some(Nginx)),
            ("deploy/site.conf.blue", "server {\n", Some(Nginx)),
            ("deploy/docker.proxy.template", "server {\n", Some(Nginx)),
            ("deploy/site.conf.erb", "<% if @tls %>\nserver {\n<% end %>\n", Some(Nginx)),
            ("nginx.conf.dist", "events {}\n", Some(Nginx)),
            ("nginx.conf.in", "events {}\n", Some(Nginx)),
            ("vhost.d/shop.example.net_location", "client_max_body_size 1m;\n", Some(Nginx)),
            ("nginx.conf.bak", "events {}\n", None),
            ("nginx.conf.20240131", "events {}\n", None),
            ("conf.d/site.conf.disabled", "server {\n", None),
            ("sites-enabled/site.bak", "server {\n", Some(Nginx)),
            ("index.html.tmpl", "server {\n", None),
            ("salt/nginx.sls", "contents: |\n  server {\n", None),
            // A template of Supervisor's: `{% ... %}` is no directive.
            ("supervisor/conf.d/a.conf.j2", "{% set a = 1 %}\n[program:{{ a }}]\n", Some(Launcher)),
            ("gunicorn.conf.py.j2", "umask = {{ umask }}\n", Some(Gunicorn)),
            ("deploy/gunicorn.conf", "forwarded_allow_ips = '*'\n", Some(Gunicorn)),
            ("deploy/gunicorn.conf", "GUNICORN_ARGS=x\n", Some(Launcher)),
            ("gunicorn_config.py.example", "workers = 2\n", Some(Gunicorn)),
            ("app.service.in", "[Service]\nExecStart=@bindir@/app\n", Some(Systemd)),
            ("app.service.erb", "<%= x %>\n", Some(Systemd)),
            ("app@.socket.tmpl", "[Socket]\n", Some(Systemd)),
            ("deploy/web.Dockerfile", "FROM x\n", Some(Launcher)),
            (".env.production", "PORT=1\n", Some(Launcher)),
            ("group_vars/all", "port: 8000\n", Some(Launcher)),
            ("hoplint.toml", "[target]\nnginx = \"1.22\"\n", None),
        ] {
            assert_eq!(kind(path, text), expected, "{path}: {text}");
        }
    }
}
