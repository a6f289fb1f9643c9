//! What is claimed of nginx here was seen with 1.31.3.

mod faults;
mod files;

use super::*;
use crate::model::{Datum, LevelId, OriginKind, Target, Uri, Version};
use crate::source::{FileKind, Source};
use crate::value::Possible;

struct Stack {
    sources: Sources,
    resolved: Resolved,
}

fn stack(files: &[(&str, &str)]) -> Stack {
    stack_within(Limits::default(), files)
}

fn stack_within(limits: Limits, files: &[(&str, &str)]) -> Stack {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(Source::new(*path, FileKind::Nginx, (*text).into()));
    }
    let ids: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
    let trees = ids.iter().map(|id| (*id, parsed(*id, &sources))).collect();
    let paths = Paths::new("", ids.iter().copied(), &sources);
    let version = Target::NEWEST.nginx;
    let whole = Whole::new(&sources);
    let known =
        Known { paths: &paths, sources: &sources, whole: &whole, version, external: &[], limits: &limits };
    let resolved = resolve(&ids, trees, &known);
    Stack { sources, resolved }
}

impl Stack {
    /// `location: gateway target -> peers`, a peer with the text that a fix would replace.
    fn routes(&self) -> Vec<String> {
        let nginx = &self.resolved.nginx;
        let line = |route: &crate::model::Route| {
            let mut text = format!("{}: {:?}", nginx.location(route.level), route.gateway);
            for peer in route.peers.iter() {
                let address = match &peer.address {
                    Possible::Known(address) => address.to_string(),
                    Possible::OneOf(_) | Possible::Usually(_) => "?".into(),
                    Possible::Unknown(_) => "unknown".into(),
                };
                text += &format!(" {address}={}", self.sources.text(peer.anchor.value));
                text += if peer.down { "(down)" } else { "" };
            }
            if route.open.is_some() {
                text += " ...";
            }
            text
        };
        nginx.routes.iter().map(line).collect()
    }

    /// The value of a directive for the route at an index.
    fn setting(&self, route: usize, name: &str) -> String {
        let nginx = &self.resolved.nginx;
        let setting = nginx.datum(nginx.routes[route].level, name, Target::NEWEST.nginx);
        match setting.value {
            Possible::Known(datum) => format!("{datum} {}", setting.origin.kind.name()),
            Possible::OneOf(_) | Possible::Usually(_) => "one of".into(),
            Possible::Unknown(why) if setting.origin.kind == OriginKind::Template => {
                format!("template: {why}")
            }
            Possible::Unknown(why) => format!("unknown: {why}"),
        }
    }

    fn listens(&self) -> Vec<String> {
        let show = |listen: &crate::model::Listen| match &listen.address {
            Possible::Known(endpoint) => endpoint.to_string(),
            Possible::OneOf(_) | Possible::Usually(_) | Possible::Unknown(_) => "unknown".into(),
        };
        let servers = self.resolved.nginx.servers.iter();
        servers.map(|it| it.listen.iter().map(show).collect::<Vec<_>>().join(" ")).collect()
    }

    fn unresolved(&self) -> Vec<String> {
        self.resolved.unresolved.iter().map(|it| format!("{}: {}", it.what, it.why)).collect()
    }
}

fn one(text: &str) -> Stack {
    stack(&[("nginx.conf", text)])
}

#[test]
fn settings_are_inherited_inwards() {
    let it = one(
        "http { proxy_read_timeout 10s; proxy_buffers 4 8k;
         server { proxy_read_timeout 20s;
          location /a { proxy_pass http://127.0.0.1:1; location /a/b { proxy_read_timeout 2m; proxy_pass http://127.0.0.1:2; } }
          location /c { proxy_pass http://127.0.0.1:3; if ($x) { proxy_send_timeout 5s; proxy_pass http://127.0.0.1:4; }
           limit_except GET { proxy_pass http://127.0.0.1:5; } } } }",
    );
    assert_eq!(
        it.routes(),
        [
            "location /a: Http 127.0.0.1:1=127.0.0.1:1",
            "location /a/b: Http 127.0.0.1:2=127.0.0.1:2",
            "location /c: Http 127.0.0.1:3=127.0.0.1:3",
            "location /c: Http 127.0.0.1:4=127.0.0.1:4",
            "location /c: Http 127.0.0.1:5=127.0.0.1:5",
        ]
    );
    assert_eq!(it.setting(0, "proxy_read_timeout"), "20 s inherited");
    assert_eq!(it.setting(1, "proxy_read_timeout"), "120 s written");
    assert_eq!(it.setting(0, "proxy_buffers"), "4 x 8 KiB inherited");
    assert_eq!(it.setting(0, "proxy_send_timeout"), "60 s default");
    assert_eq!(it.setting(3, "proxy_send_timeout"), "5 s written");
    assert_eq!(it.setting(3, "proxy_read_timeout"), "20 s inherited");
    assert_eq!(it.unresolved(), [""; 0]);
}

#[test]
fn a_setting_that_nginx_refuses_or_a_template_fills_in_is_unknown() {
    let it = one(
        "http { server { location / { proxy_pass http://127.0.0.1:1; proxy_read_timeout 5sec; proxy_send_timeout {{ t }};
          proxy_connect_timeout ${T}; proxy_buffering off; proxy_buffering on; } } }",
    );
    for name in ["proxy_read_timeout", "proxy_send_timeout", "proxy_connect_timeout", "proxy_buffering"] {
        assert!(it.setting(0, name).starts_with("unknown"), "{name}: {}", it.setting(0, name));
    }
}

#[test]
fn upstreams_give_their_peers() {
    let it = one(
        "http {
          upstream App { server 127.0.0.1:8000 weight=2; server 127.0.0.1 backup; server unix:/var/run/a.sock down;
            server [::1]:80; server host.example; server $x; server {{ y }}:1; keepalive 4; }
          server {
            location /a { proxy_pass http://app; }
            location /b { uwsgi_pass APP; }
            location /c { proxy_pass http://app:8000; }
            location /d { proxy_pass https://app/x; }
          } }",
    );
    let peers = " 127.0.0.1:8000=127.0.0.1:8000 127.0.0.1:80=127.0.0.1 unix:/run/a.sock=unix:/var/run/a.sock(down) \
                 [::1]:80=[::1]:80 host.example:80=host.example unknown=$x unknown={{ y }}:1";
    assert_eq!(
        it.routes(),
        [
            format!("location /a: Http{peers}"),
            format!("location /b: Uwsgi{peers}"),
            "location /c: Http unknown=http://app:8000".into(),
            format!("location /d: Https{peers}"),
        ]
    );
}

#[test]
fn targets_without_an_upstream() {
    let it = one("http { server {
          location /a { proxy_pass \"http://127.0.0.1:8000/x\"; }
          location /b { proxy_pass http://unix:/run/b.sock:/; }
          location /c { proxy_pass http://web; }
          location /d { proxy_pass https://web.example$request_uri; }
          location /e { fastcgi_pass php; }
          location /f { grpc_pass grpc://localhost:50051; }
          location /g { proxy_pass http://{{ host }}:8000; }
          location /h { proxy_pass http://127.0.0.1:8000/{{ path }}; }
          location /i { proxy_pass http://127.0.0.1:8000 proxy_set_header Host $host; }
          location /j { proxy_pass http://127.0.0.1:1; uwsgi_pass 127.0.0.1:2; }
         } }");
    assert_eq!(
        it.routes(),
        [
            "location /a: Http 127.0.0.1:8000=127.0.0.1:8000",
            "location /b: Http unix:/run/b.sock=unix:/run/b.sock",
            "location /c: Http web:80=web",
            "location /d: Https web.example:443=web.example",
            "location /e: Fastcgi unknown=php",
            "location /f: Grpc localhost:50051=localhost:50051",
            "location /g: Http unknown=http://{{ host }}:8000",
            "location /h: Http 127.0.0.1:8000=127.0.0.1:8000",
            "location /i: Http unknown=http://127.0.0.1:8000",
            "location /j: Http unknown=http://127.0.0.1:1",
            "location /j: Uwsgi unknown=127.0.0.1:2",
        ]
    );
}

#[test]
fn constant_variables_are_followed() {
    let it = one(
        "http { server {
          set $app http://127.0.0.1:8000; set $host2 127.0.0.1:9000;
          set $twice a; set $never $arg_x; set $up back; set $path /x;
          if ($arg_y) { set $twice b; }
          location /a { proxy_pass $app; }
          location /b { proxy_pass http://${host2}/x$uri; }
          location /c { set $here 'unix:/run/c.sock'; proxy_pass http://$here:/; }
          location /d { proxy_pass http://$twice; }
          location /e { proxy_pass http://$never; }
          location /f { proxy_pass http://$here; }
          location /g { proxy_pass http://$up; }
          location /h { proxy_pass http://127.0.0.1:1$path; }
          location ~ ^/(?<app2>[a-z]+) { set $app2 127.0.0.1:1; proxy_pass http://$app2; }
          location /j { proxy_pass $App/x; }
         } upstream back { server 127.0.0.1:7; }
         server { access_by_lua_block { ngx.var.z = 1 } set $z 127.0.0.1:5; location / { proxy_pass http://$z; } } }",
    );
    assert_eq!(
        it.routes(),
        [
            "location /a: Http 127.0.0.1:8000=127.0.0.1:8000",
            "location /b: Http 127.0.0.1:9000=127.0.0.1:9000",
            "location /c: Http unix:/run/c.sock=unix:/run/c.sock",
            "location /d: Http unknown=http://$twice",
            "location /e: Http unknown=http://$never",
            "location /f: Http unknown=http://$here",
            "location /g: Http 127.0.0.1:7=127.0.0.1:7",
            "location /h: Http 127.0.0.1:1=127.0.0.1:1",
            "location ~ ^/(?<app2>[a-z]+): Http unknown=http://$app2",
            "location /j: Http 127.0.0.1:8000=127.0.0.1:8000",
            "location /: Http unknown=http://$z",
        ]
    );
    let route = &it.resolved.nginx.routes[0];
    assert_eq!(it.sources.text(route.peers[0].anchor.span), "set $app http://127.0.0.1:8000;");
    assert_eq!(it.sources.text(route.anchor.span), "proxy_pass $app;");
}

#[test]
fn servers_listen_where_it_is_written() {
    let it = one(
        "http { server { } server { listen 8080 default_server; listen [::]:8080; listen unix:/run/n.sock; }
          server { listen {{ port }}; server_name a b; server_name c; } server { include missing.conf; listen 81; }
          server { listen 8000-8002; } server { listen 1-9999; } }",
    );
    assert_eq!(
        it.listens(),
        [
            "0.0.0.0:80",
            "0.0.0.0:8080 [::]:8080 unix:/run/n.sock",
            "unknown",
            "0.0.0.0:81 unknown",
            "0.0.0.0:8000 0.0.0.0:8001 0.0.0.0:8002",
            "unknown"
        ]
    );
    assert_eq!(it.resolved.nginx.servers[2].names, ["a", "b", "c"]);
}

#[test]
fn passes_of_stream_are_routes_and_those_of_mail_are_listed() {
    let it = one("stream {
           upstream s { server 127.0.0.1:1; server unix:/run/a.sock backup; }
           map $ssl_preread_server_name $to { default s; a.example s; }
           server { listen 53; proxy_pass s; }
           server { listen 54; proxy_pass 127.0.0.1:2; proxy_timeout 5s; }
           server { listen 55; proxy_pass $to; }
         }
         http { upstream s { server 127.0.0.1:9; } server { location / { proxy_pass http://s; } } }
         mail { proxy_pass x; }");
    assert_eq!(
        it.routes(),
        [
            "server: Stream 127.0.0.1:1=127.0.0.1:1 unix:/run/a.sock=unix:/run/a.sock",
            "server: Stream 127.0.0.1:2=127.0.0.1:2",
            "server: Stream unknown=$to",
            "location /: Http 127.0.0.1:9=127.0.0.1:9",
        ]
    );
    assert_eq!(it.setting(1, "proxy_timeout"), "5 s written");
    assert_eq!(
        it.unresolved(),
        [
            "proxy_pass $to: a variable may lead to several upstreams",
            "proxy_pass x: `mail` is not handled yet"
        ]
    );
    let fragment = stack(&[("s.conf", "server { listen 53; proxy_pass 127.0.0.1:1; }")]);
    assert_eq!((fragment.resolved.nginx.servers.len(), fragment.routes().len()), (0, 1));
}

#[test]
fn constant_maps_are_followed() {
    let it = one("http {
          map $uri $one { default 127.0.0.1:1; /a 127.0.0.1:1; }
          map $uri $two { default 127.0.0.1:1; /a 127.0.0.1:2; }
          map $uri $none { /a 127.0.0.1:2; }
          map $uri $some { default $host; }
          map $uri $set { default 127.0.0.1:5; }
          server { set $set x;
           location /a { proxy_pass http://$one; }
           location /b { proxy_pass http://$two; }
           location /c { proxy_pass http://$none; }
           location /d { proxy_pass http://$some; }
           location /e { proxy_pass http://$set; }
          } }");
    let address = |at: usize| it.resolved.nginx.routes[at].peers[0].address.candidates().map(<[_]>::len);
    assert_eq!((0..5).map(address).collect::<Vec<_>>(), [Some(1), Some(2), None, None, None]);
}

#[test]
fn what_a_pass_makes_of_the_uri() {
    let it = one("http { server {
          location /a { proxy_pass http://127.0.0.1:1; }
          location /b { proxy_pass http://127.0.0.1:1/; }
          location /c { proxy_pass http://unix:/a.sock:/x/; }
          location /d { proxy_pass http://unix:/a.sock:; }
          location /e { proxy_pass http://127.0.0.1:1$request_uri; }
          location /f { set $a http://127.0.0.1:1; proxy_pass $a; }
          location /g { set $a http://127.0.0.1:1; proxy_pass $a/x; }
          location /h { proxy_pass http://{{ x }}; }
          location /i { proxy_pass http://app.example?x; }
          location /j { proxy_pass http://app.example:8000$uri; }
         } }");
    let uri = |at: usize| match &it.resolved.nginx.routes[at].uri {
        Uri::Kept => "kept".to_owned(),
        Uri::Replaced(text, span) => format!("{text} at {}", it.sources.text(*span)),
        Uri::Computed => "computed".to_owned(),
        Uri::Unknown(_) => "unknown".to_owned(),
    };
    assert_eq!(
        (0..10).map(uri).collect::<Vec<_>>(),
        [
            "kept",
            "/ at /",
            "/x/ at /x/",
            "kept",
            "computed",
            "unknown",
            "unknown",
            "unknown",
            "?x at ?x",
            "computed"
        ]
    );
    let looked_up = |at: usize| it.resolved.nginx.routes[at].looked_up.as_ref().map(|it| it.name.clone());
    assert_eq!((looked_up(8), looked_up(9)), (None, Some("app.example".into())));
}

#[test]
fn what_upstreams_say_of_their_servers() {
    let it = one("http { upstream a {
          server 127.0.0.1:1 weight=3 max_fails=0 fail_timeout=30 max_conns=5 backup;
          server 127.0.0.1:2 fail_timeout=5ms max_fails=x resolve;
          keepalive 8; ip_hash; zone a 64k;
         } upstream b { server 127.0.0.1:1; fair; } upstream c { server 127.0.0.1:1; } }");
    let upstream = &it.resolved.nginx.upstreams[0];
    let first = &upstream.peers[0].parameters;
    assert!(first.backup && !first.resolve);
    assert_eq!((&first.weight, &first.max_fails), (&Possible::Known(3), &Possible::Known(0)));
    assert_eq!(first.max_conns, Possible::Known(5));
    assert_eq!(first.fail_timeout, Possible::Known(crate::value::Duration::seconds(30)));
    let second = &upstream.peers[1].parameters;
    assert!(second.resolve && second.fail_timeout.known().is_none() && second.max_fails.known().is_none());
    assert_eq!(
        upstream.written.iter().map(|it| it.name).collect::<Vec<_>>(),
        ["keepalive", "ip_hash", "zone"]
    );
    assert!(upstream.open.is_none() && it.resolved.nginx.upstreams[1].open.is_some());
    let kept = |at: usize, version| it.resolved.nginx.upstreams[at].keepalive(version).value.known().copied();
    assert_eq!((kept(0, Version(1, 22, 1)), kept(1, Target::NEWEST.nginx)), (Some(8), None));
    assert_eq!((kept(2, Version(1, 29, 6)), kept(2, Version(1, 29, 7))), (Some(0), Some(32)));
}

#[test]
fn one_header_at_a_level_hides_all_that_are_inherited() {
    let it = one("http { proxy_set_header Host $host; server {
          proxy_set_header X-A 1;
          location /a { proxy_pass http://127.0.0.1:1; }
          location /b { proxy_set_header x-b {{ b }}; proxy_set_header X-C 3; proxy_pass http://127.0.0.1:1; }
          location /c { include missing.conf; proxy_pass http://127.0.0.1:1; }
         } }");
    let sending =
        |at: usize| it.resolved.nginx.sending(it.resolved.nginx.routes[at].level, "proxy_set_header");
    let names = |at: usize| sending(at).sent.iter().map(|it| it.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(0), names(1), names(2)),
        (vec!["X-A".into()], vec!["x-b".into(), "X-C".into()], vec![])
    );
    let stock =
        one("http { server { include proxy_params; location / { proxy_pass http://127.0.0.1:1; } } }");
    let level = stock.resolved.nginx.routes[0].level;
    assert!(stock.resolved.nginx.sending(level, "proxy_set_header").open.is_some());
    assert_eq!(stock.setting(0, "proxy_read_timeout"), "60 s default");
    assert!(sending(0).lacks("Host") && sending(1).lacks("Host") && !sending(2).lacks("Host"));
    assert_eq!(sending(1).named("X-B").count(), 1);
}

#[test]
fn anchors_cover_the_directive_and_its_value() {
    let it = one("http { proxy_buffers  4   8k ; server { location / { proxy_pass http://127.0.0.1:1; } } }");
    let written = &it.resolved.nginx.levels[1].written[0];
    assert_eq!(it.sources.text(written.anchor.span), "proxy_buffers  4   8k ;");
    assert_eq!(it.sources.text(written.anchor.value), "4   8k");
    assert!(matches!(written.value, Possible::Known(Datum::Buffers(_))));
    assert_eq!(it.sources.text(it.resolved.nginx.levels[3].header), "location /");
}

#[test]
fn what_multiplies_is_bounded() {
    let servers: String = (0..2000).map(|at| format!("server 127.0.0.1:{};", at + 1)).collect();
    let locations: String = (0..600).map(|at| format!("location /{at} {{ proxy_pass http://a; }}")).collect();
    let stack = one(&format!("http {{ upstream a {{ {servers} }} server {{ {locations} }} }}"));
    let routes = &stack.resolved.nginx.routes;
    assert_eq!((routes[0].peers.len(), routes[599].peers.len()), (2000, 1));
    assert!(routes[599].peers[0].address.candidates().is_none());

    // Each of these includes all others, and itself in vain: that is noted once a place.
    let names: Vec<String> = (0..6).map(|at| format!("d/{at}.conf")).collect();
    let mut files = vec![("nginx.conf", "http { include d/*.conf; }")];
    files.extend(names.iter().map(|name| (name.as_str(), "include d/*.conf;")));
    assert_eq!(self::stack(&files).resolved.nginx.levels[1].holes.len(), 6);
}
