//! Whether a text is nginx configuration.

use std::path::Path;

use crate::directives;

const BLOCKS: [&str; 9] =
    ["server", "http", "events", "upstream", "location", "stream", "map", "types", "limit_except"];

const DIRECTIVES: [&str; 20] = [
    "proxy_pass",
    "server_name",
    "listen",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
    "grpc_pass",
    "try_files",
    "add_header",
    "ssl_certificate",
    "ssl_protocols",
    "proxy_set_header",
    "proxy_read_timeout",
    "uwsgi_param",
    "fastcgi_param",
    "client_max_body_size",
    "worker_processes",
    "worker_connections",
    "access_log",
    "gzip_types",
];

/// Whether a text is nginx configuration: it opens one of nginx's blocks, or holds one of its telling directives, or, in a
/// file that is called like configuration, nothing but nginx's directives. Where the path says so already, it is enough that
/// all of it has the shape of directives.
pub(super) fn looks_like_nginx(name: &str, text: &str, said: bool) -> bool {
    let (mut telling, mut shapely, mut misshapen) = (false, 0, 0);
    for line in text.split_inclusive('\n') {
        let line = line.trim().trim_start_matches('\u{feff}');
        let first = line.split([' ', '\t', '{', ';']).next().unwrap_or_default();
        // An INI section, an Apache block, or a shebang belongs to something else.
        let one_word = !line.contains(' ') || line.contains("{{") || line.contains("<%");
        let ini = line.starts_with('[') && line.ends_with(']') && one_word;
        if ini || line.starts_with("<VirtualHost") || line.starts_with("#!/") || line.starts_with("FROM ") {
            return false;
        }
        let opens = BLOCKS.contains(&first) && opens_as_it_takes(first, line);
        let block = line.ends_with('{') && opens && !line.contains(['(', '='])
            || first == "location" && line.contains('{');
        let inline = line.contains('{') && line.contains(';') && opens && !line.contains("= {");
        let directive = line.contains(';') && DIRECTIVES.contains(&first) && line.len() > first.len() + 1;
        telling |= block || inline || directive;
        // What a template engine does says nothing of the language around it.
        let is_tag = ["{%", "{#", "{{", "<%"].iter().any(|mark| line.starts_with(mark));
        if line.is_empty() || line.starts_with('#') || is_tag {
            continue;
        }
        let shape = line.ends_with([';', '{', '}']) || line.contains("; #");
        (shapely, misshapen) = (shapely + u32::from(shape), misshapen + u32::from(!shape));
    }
    let is_called_so =
        Path::new(name).extension().is_some_and(|it| matches!(it.to_str(), Some("conf" | "inc" | "include")));
    telling || said && shapely > misshapen || is_called_so && holds_directives_alone(text)
}

/// Whether nothing stands between the name and the brace of a block that takes no argument: BIND has `server 10.0.0.1 {`.
fn opens_as_it_takes(name: &str, line: &str) -> bool {
    !matches!(name, "server" | "http" | "events" | "stream" | "types")
        || line[name.len()..].trim_start().starts_with('{')
}

/// Whether all statements begin with names of nginx's directives, and some of them with one that no other program has
/// for including files.
fn holds_directives_alone(text: &str) -> bool {
    let lines = text.split('\n').map(str::trim).filter(|line| !line.starts_with('#'));
    let code: Vec<&str> = lines.collect();
    let code = code.join("\n");
    let code = code.trim();
    if !code.ends_with([';', '}']) {
        return false;
    }
    let statements = code.split([';', '{', '}']).map(str::trim).filter(|it| !it.is_empty());
    let mut names = statements.map(|it| it.split_whitespace().next().unwrap_or_default()).peekable();
    let mut any = false;
    let all = names.by_ref().all(|name| {
        any |= name != "include";
        !directives::named(name).is_empty()
    });
    all && any
}
