//! Compose files to apps: what containers publish on the ports of the host.
//!
//! What runs in a container is not looked into; the ports matter, since a proxy on the host reaches the app there.
//!
//! Source: the Compose specification, "services top-level element", `ports`; "Interpolation".

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{App, AppKind, Origin, OriginKind, Setting, Unresolved};
use crate::source::{FileId, Sources, Span};
use crate::syntax::Parsed;
use crate::syntax::compose::{Node, NodeId, NodeKind, Tree};
use crate::value::{Endpoint, Host, Possible};

/// What the Compose files of a stack come to.
#[derive(Debug, Default)]
pub struct Resolved {
    /// An app for each published port, or range of ports.
    pub apps: Vec<App>,
    /// What could not be understood.
    pub unresolved: Vec<Unresolved>,
}

/// How many ports of one range, how many entries of one file and how many services of it are told apart.
const MAX_RANGE: u16 = 1024;
const MAX_ENTRIES: usize = 1024;
const MAX_SERVICES: usize = 1024;

/// Finds what the services of the stack's Compose files publish.
pub fn resolve(files: &[FileId], trees: &BTreeMap<FileId, Parsed<Tree>>, sources: &Sources) -> Resolved {
    let mut resolved = Resolved::default();
    for (file, parsed) in files.iter().filter_map(|file| Some((*file, trees.get(file)?))) {
        let tree = &parsed.tree;
        if tree.is_partial() {
            // What comes behind the broken place, or in place of the template, may publish any port.
            let span = Span::new(file, 0..0);
            let why = "the file is a template or no YAML: it may publish any port";
            resolved.apps.push(app(span, Err(why.into())));
            resolved.unresolved.push(Unresolved {
                span,
                what: sources.get(file).path.clone(),
                why: why.into(),
            });
        }
        let mut entries = 0;
        for (at, (name, service)) in services(tree).into_iter().enumerate() {
            if at >= MAX_SERVICES || entries >= MAX_ENTRIES {
                let why = "the file has more services or ports than are told apart";
                resolved.apps.push(app(tree.place(service), Err(why.into())));
                break;
            }
            for (span, listeners) in published(tree, service) {
                if let Err(why) = &listeners {
                    let what = format!("ports of the service `{name}`");
                    resolved.unresolved.push(Unresolved { span, what, why: why.clone() });
                }
                resolved.apps.push(app(span, listeners));
                entries += 1;
            }
        }
    }
    resolved
}

/// The services by their names. In the oldest format they stand at the top.
fn services(tree: &Tree) -> Vec<(&str, NodeId)> {
    let Some(root) = tree.root() else { return Vec::new() };
    match tree.value(root, "services") {
        Some(services) => tree.entries(tree.get(services)),
        None => tree.entries(root),
    }
}

/// Places and what is published there: `Err` with the reason where it is not known.
type Published = Vec<(Span, Result<Vec<Endpoint>, String>)>;

/// What a service publishes.
fn published(tree: &Tree, service: NodeId) -> Published {
    let node = tree.get(service);
    let mut published = Published::new();
    if let Some(mode) = tree.value(node, "network_mode") {
        match tree.get(mode).text() {
            Some("host") => {
                let why = "it shares the host's network: it listens where its program does";
                published.push((tree.place(mode), Err(why.into())));
            }
            Some(text) if text.contains('$') || text.contains("{{") => {
                let why = "`network_mode` is filled in from the environment";
                published.push((tree.place(mode), Err(why.into())));
            }
            _ => {}
        }
    }
    for key in ["extends", "include"] {
        if let Some(other) = tree.value(node, key) {
            let why = format!("`{key}` brings in what another place publishes");
            published.push((tree.place(other), Err(why)));
        }
    }
    let Some(ports) = tree.value(node, "ports") else { return published };
    if tree.get(ports).text().is_some_and(|text| !matches!(text, "" | "~" | "null")) {
        published.push((tree.place(ports), Err("it is no list of ports".into())));
    }
    let items = tree.get(ports).items();
    if items.len() > MAX_ENTRIES {
        published.push((tree.place(ports), Err("these are more ports than are told apart".into())));
    }
    for id in items.iter().take(MAX_ENTRIES) {
        let listeners = match &tree.get(*id).kind {
            NodeKind::Scalar { text, plain } => short(text, *plain),
            NodeKind::Mapping(_) => long(tree, tree.get(*id)),
            NodeKind::Sequence(_) | NodeKind::Alias(_) => Err("it is no port".into()),
        };
        if listeners.as_ref().is_ok_and(Vec::is_empty) {
            continue;
        }
        published.push((tree.place(*id), listeners));
    }
    published
}

/// `[[HOST:]PUBLISHED:]TARGET[/PROTOCOL]`; nothing for a protocol other than TCP.
fn short(text: &str, plain: bool) -> Result<Vec<Endpoint>, String> {
    if text.ends_with("/udp") || text.ends_with("/sctp") {
        return Ok(Vec::new());
    }
    if text.contains("{{") {
        return Err("a template engine fills it in".into());
    }
    if text.contains('$') {
        return Err("it is filled in from the environment".into());
    }
    if plain && is_sexagesimal(text) {
        return Err("YAML 1.1 reads it as a number to the base 60: it needs quotes".into());
    }
    let text = text.strip_suffix("/tcp").unwrap_or(text);
    // An IPv6 address stands in brackets, so the last two colons are those that count.
    let Some((rest, _target)) = text.rsplit_once(':') else {
        return Err("Docker picks the port on the host".into());
    };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (Some(host), port),
        None => (None, rest),
    };
    endpoints(host, port)
}

/// `published`, `host_ip`, `target`, `protocol`.
fn long(tree: &Tree, entry: &Node) -> Result<Vec<Endpoint>, String> {
    let text = |key: &str| tree.value(entry, key).map(|id| tree.get(id).text().unwrap_or_default());
    if ["published", "host_ip", "protocol", "mode"]
        .iter()
        .any(|key| text(key).is_some_and(|it| it.contains('$')))
    {
        return Err("it is filled in from the environment".into());
    }
    if text("protocol").is_some_and(|protocol| protocol != "tcp") {
        return Ok(Vec::new());
    }
    match text("published") {
        Some(port) => endpoints(text("host_ip"), port),
        None => Err("Docker picks the port on the host".into()),
    }
}

/// The addresses on the host.
fn endpoints(host: Option<&str>, ports: &str) -> Result<Vec<Endpoint>, String> {
    if ports.is_empty() || ports == "0" {
        return Err("Docker picks the port on the host".into());
    }
    let host = match Host::parse(host.filter(|host| !host.is_empty()).unwrap_or("0.0.0.0")) {
        Host::Name(name) => return Err(format!("`{name}` is no address")),
        host => host,
    };
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let port = |text: &str| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| plain).ok_or_else(|| format!("`{ports}` is no port"))
    };
    let (first, last) = (port(first)?, port(last)?);
    if last < first || last - first >= MAX_RANGE {
        return Err(format!("`{ports}` is no range of ports that is told apart"));
    }
    Ok((first..=last).map(|port| Endpoint::Tcp(host.clone(), port)).collect())
}

/// Whether YAML 1.1 takes a text for a number to the base 60: all behind the first colon are below 60. Compose
/// itself reads YAML 1.2 in its current version, older ones do not.
fn is_sexagesimal(text: &str) -> bool {
    let mut parts = text.split(':');
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let first = parts.next().is_some_and(number);
    let rest: Vec<&str> = parts.collect();
    first
        && !rest.is_empty()
        && rest.iter().all(|part| number(part) && part.parse::<u32>().is_ok_and(|it| it < 60))
}

/// An app of which only the listeners can be known.
fn app(place: Span, listeners: Result<Vec<Endpoint>, String>) -> App {
    const WHY: &str = "it runs in a container";
    let origin = Origin::at(OriginKind::Written, place);
    App {
        kind: AppKind::Container,
        unit: None,
        place,
        config: None,
        imports: BTreeSet::new(),
        working_directory: Setting::unknown(WHY, Origin::DEFAULT),
        directory: Possible::Unknown(WHY.into()),
        temporary: Possible::Unknown(WHY.into()),
        behind: None,
        shell: None,
        target: Setting::unknown(WHY, Origin::DEFAULT),
        binds: Setting::unknown(WHY, Origin::DEFAULT),
        listeners: match listeners {
            Ok(listeners) => Setting::known(listeners, origin),
            Err(why) => Setting::unknown(why, origin),
        },
        at_paths: false,
        worker_class: Setting::unknown(WHY, Origin::DEFAULT),
        literals: Vec::new(),
        unloaded: None,
        missing: None,
        interface: None,
        framework: None,
        body_limit: None,
        settings: BTreeMap::new(),
        faults: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileKind, Source};
    use crate::syntax::compose;

    /// The apps as `place -> listeners`, `?` for listeners that are not known.
    fn apps(text: &str) -> Vec<String> {
        let mut sources = Sources::default();
        let file = sources.add(Source::new("compose.yaml", FileKind::Compose, text.as_bytes().to_vec()));
        let trees = BTreeMap::from([(file, compose::parse(file, text))]);
        let resolved = resolve(&[file], &trees, &sources);
        let show = |app: &App| {
            let listeners =
                app.listeners.value.known().map_or("?".into(), |it| {
                    it.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
                });
            format!("{} -> {listeners}", sources.text(app.place))
        };
        resolved.apps.iter().map(show).collect()
    }

    #[test]
    fn published_ports() {
        for (ports, expected) in [
            ("'8000:80'", Some("0.0.0.0:8000")),
            ("8000:8000", Some("0.0.0.0:8000")),
            ("'127.0.0.1:8000:80'", Some("127.0.0.1:8000")),
            ("'[::1]:8000:80'", Some("[::1]:8000")),
            ("'8000-8002:80-82'", Some("0.0.0.0:8000 0.0.0.0:8001 0.0.0.0:8002")),
            ("'8000:80/tcp'", Some("0.0.0.0:8000")),
            ("'8000:80/udp'", None),
            ("'${PORT}:80/udp'", None),
            ("'80'", Some("?")),
            ("80", Some("?")),
            ("'127.0.0.1::80'", Some("?")),
            ("'${PORT}:80'", Some("?")),
            ("'${PORT:-8000}:80'", Some("?")),
            ("'{{ port }}:80'", Some("?")),
            ("'host:8000:80'", Some("?")),
            ("'8002-8000:80'", Some("?")),
            ("22:22", Some("?")),
            ("'22:22'", Some("0.0.0.0:22")),
            ("{target: 80, published: 8000}", Some("0.0.0.0:8000")),
            ("{target: 80, published: '8000', host_ip: 127.0.0.1}", Some("127.0.0.1:8000")),
            ("{target: 80, published: 8000, protocol: udp}", None),
            ("{target: 80}", Some("?")),
            ("{target: 80, published: '${PORT}'}", Some("?")),
        ] {
            let text = format!("services:\n  web:\n    ports:\n      - {ports}\n");
            let expected: Vec<String> = expected.into_iter().map(|it| format!("{ports} -> {it}")).collect();
            assert_eq!(apps(&text), expected, "{ports}");
        }
    }

    #[test]
    fn services_without_ports_and_with_the_hosts_network() {
        assert!(apps("services:\n  web:\n    expose: [80]\n").is_empty());
        assert!(apps("version: '3'\n").is_empty());
        assert_eq!(apps("web: {ports: ['1:1']}"), ["'1:1' -> 0.0.0.0:1"]);
        assert_eq!(apps("services: {web: {ports: $PORTS}}"), ["$PORTS -> ?"]);
        assert_eq!(apps("services: {web: {network_mode: host}}"), ["host -> ?"]);
        assert_eq!(apps("services: {web: {extends: {service: a}}}").len(), 1);
        assert_eq!(apps("services:\n  {{ name }}:\n    ports: ['1:1']\n")[0], " -> ?");
    }

    #[test]
    fn ports_that_are_merged_in() {
        let text = "x-web: &web\n  ports: ['8000:80']\nservices:\n  a:\n    <<: *web\n  b: *web\n";
        assert_eq!(apps(text), ["'8000:80' -> 0.0.0.0:8000", "'8000:80' -> 0.0.0.0:8000"]);
    }
}
