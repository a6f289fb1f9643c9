//! What is claimed of nginx here was seen with 1.31.3.

use super::*;
use crate::model::{Datum, LevelId, OriginKind, Uri, Version};
use crate::source::{FileKind, Source};
use crate::syntax::nginx::parse;
use crate::value::Possible;

struct Stack {
    sources: Sources,
    resolved: Resolved,
}

fn stack(files: &[(&str, &str)]) -> Stack {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.add(Source::new(*path, FileKind::Nginx, (*text).into()));
    }
    let ids: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
    let trees = sources.iter().map(|(id, source)| (id, parse(id, &source.text))).collect();
    let paths = Paths::new("", ids.iter().copied(), &sources);
    let resolved = resolve(&ids, &trees, &paths, &sources, &Target::NEWEST);
    Stack { sources, resolved }
}

impl Stack {
    /// `location: gateway target -> peers`, a peer with the text that a fix would replace.
    fn routes(&self) -> Vec<String> {
        let nginx = &self.resolved.nginx;
        let line = |route: &crate::model::Route| {
            let mut text = format!("{}: {:?}", nginx.location(route.level), route.gateway);
            for peer in &route.peers {
                let address = match &peer.address {
                    Possible::Known(address) => address.to_string(),
                    Possible::OneOf(_) | Possible::Usually { .. } => "?".into(),
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
            Possible::OneOf(_) | Possible::Usually { .. } => "one of".into(),
            Possible::Unknown(why) if setting.origin.kind == OriginKind::Template => {
                format!("template: {why}")
            }
            Possible::Unknown(why) => format!("unknown: {why}"),
        }
    }

    fn listens(&self) -> Vec<String> {
        let show = |listen: &crate::model::Listen| match &listen.address {
            Possible::Known(endpoint) => endpoint.to_string(),
            Possible::OneOf(_) | Possible::Usually { .. } | Possible::Unknown(_) => "unknown".into(),
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
fn includes_lead_into_the_tree() {
    let it = stack(&[
        (
            "deploy/nginx/nginx.conf",
            "user www; http { include mime.types; proxy_read_timeout 10s; include /etc/nginx/conf.d/*.conf;
              include sites-enabled/*; }",
        ),
        ("deploy/nginx/conf.d/a.conf", "upstream a { server 127.0.0.1:1; }"),
        (
            "deploy/nginx/sites-available/b.j2",
            "server { location / { proxy_pass http://a; include snippets/t.conf; } }",
        ),
        (
            "deploy/nginx/sites-available/c",
            "server { location / { proxy_pass http://a; include snippets/t.conf; } }",
        ),
        ("deploy/nginx/snippets/t.conf", "proxy_send_timeout 3s;"),
        ("other/nginx/conf.d/z.conf", "client_max_body_size 1k;"),
    ]);
    assert_eq!(
        it.routes(),
        ["location /: Http 127.0.0.1:1=127.0.0.1:1", "location /: Http 127.0.0.1:1=127.0.0.1:1"]
    );
    for route in 0..2 {
        assert_eq!(it.setting(route, "proxy_read_timeout"), "10 s inherited");
        assert_eq!(it.setting(route, "proxy_send_timeout"), "3 s written");
        assert_eq!(it.setting(route, "client_max_body_size"), "1 MiB default");
    }
    assert_eq!(it.unresolved(), [""; 0]);
}

#[test]
fn a_missing_include_is_a_hole_unless_it_is_known_to_set_nothing() {
    for (include, expected) in [
        ("include x.conf;", "unknown: an include is not resolved: it is not among the files read"),
        ("include snippets/*.conf;", "unknown: no file of the stack matches this include"),
        ("include {{ x }};", "unknown: an include is not resolved: its path is filled in by a template"),
        ("{{ directives }}\n", "template: a template fills in directives here"),
        ("${DIRECTIVES}\n", "template: a template fills in directives here"),
        ("include proxy_params;", "60 s default"),
        ("include /etc/nginx/snippets/ssl-params.conf;", "60 s default"),
    ] {
        let it = one(&format!(
            "http {{ server {{ {include} location / {{ proxy_send_timeout 2s; proxy_pass http://127.0.0.1:1; }} }} }}"
        ));
        assert_eq!(it.setting(0, "proxy_read_timeout"), expected, "{include}");
        assert_eq!(it.setting(0, "proxy_send_timeout"), "2 s written", "{include}");
        assert_eq!(it.unresolved().len(), usize::from(!expected.ends_with("default")), "{include}");
    }
    let it = one("http { include conf.d/*.conf; server { location / { proxy_pass http://127.0.0.1:1; } } }");
    assert_eq!(it.setting(0, "proxy_read_timeout"), "60 s default");
    assert_eq!(it.unresolved(), ["include conf.d/*.conf: no file of the stack matches"]);
}

#[test]
fn files_that_include_themselves_end() {
    let it = stack(&[
        ("nginx.conf", "http { server { include a.conf; } }"),
        ("a.conf", "location / { include b.conf; }"),
        ("b.conf", "include b.conf; include a.conf; proxy_pass http://127.0.0.1:1;"),
    ]);
    assert_eq!(it.routes().len(), 1);
    assert_eq!(it.unresolved().len(), 2);
    let ring = stack(&[("x/a.conf", "server { include b.conf; }"), ("x/b.conf", "include a.conf;")]);
    assert_eq!(ring.resolved.nginx.servers.len(), 1);
}

#[test]
fn fragments_of_http_share_one_block() {
    let it = stack(&[
        ("up.conf", "upstream app { server 127.0.0.1:1; }"),
        (
            "site.conf",
            "server { location / { proxy_pass http://app; } location /b { proxy_pass http://other; } }",
        ),
        ("conf.d/timeouts.conf", "proxy_read_timeout 600s;"),
        ("own.conf", "proxy_read_timeout 5s; server { location / { proxy_pass http://127.0.0.1:2; } }"),
    ]);
    assert_eq!(
        it.routes(),
        [
            "location /: Http 127.0.0.1:2=127.0.0.1:2",
            "location /: Http 127.0.0.1:1=127.0.0.1:1",
            "location /b: Http unknown=http://other",
        ]
    );
    assert_eq!(it.setting(0, "proxy_read_timeout"), "5 s inherited");
    assert!(it.setting(1, "proxy_read_timeout").starts_with("unknown: another file sets"));
    assert_eq!(it.setting(1, "proxy_send_timeout"), "60 s default");
}

#[test]
fn a_fragment_below_http_inherits_what_is_not_known() {
    let it = stack(&[
        ("server.conf", "listen 81; proxy_send_timeout 2s; location / { proxy_pass http://127.0.0.1:1; }"),
        ("location.conf", "proxy_pass http://127.0.0.1:2; proxy_read_timeout 4s;"),
    ]);
    assert_eq!(it.routes().len(), 2);
    assert_eq!(it.setting(0, "proxy_read_timeout"), "4 s written");
    assert!(it.setting(0, "proxy_send_timeout").starts_with("unknown"));
    assert_eq!(it.setting(1, "proxy_send_timeout"), "2 s inherited");
    assert!(it.setting(1, "proxy_read_timeout").starts_with("unknown"));
    assert_eq!(it.listens(), ["0.0.0.0:81 unknown"]);
    assert_eq!(it.resolved.nginx.routes[0].server, None);
}

#[test]
fn variants_of_one_upstream_are_told_apart_by_file() {
    let site = |port: u16| {
        format!(
            "upstream app {{ server 127.0.0.1:{port}; }} server {{ location / {{ proxy_pass http://app; }} }}"
        )
    };
    let it = stack(&[
        ("a.conf", &site(1)),
        ("b.conf", &site(2)),
        ("c.conf", "server { location / { proxy_pass http://app; } }"),
    ]);
    assert_eq!(
        it.routes(),
        [
            "location /: Http 127.0.0.1:1=127.0.0.1:1",
            "location /: Http 127.0.0.1:2=127.0.0.1:2",
            "location /: Http unknown=http://app",
        ]
    );
    let it = stack(&[
        ("a.conf", &site(1)),
        ("b.conf", &site(1)),
        ("c.conf", "server { location / { proxy_pass http://app; } }"),
    ]);
    assert_eq!(it.routes()[2], "location /: Http 127.0.0.1:1=127.0.0.1:1");
}

#[test]
fn what_stands_in_a_condition_of_a_template_is_unknown() {
    let it = one("http {
          upstream a { server 127.0.0.1:1; {% for h in hosts %} server {{ h }}; {% endfor %} }
          {% if b %}upstream b { server 127.0.0.1:2; }{% endif %}
          server {
           {% if x %} listen 81; proxy_read_timeout 5s; {% endif %}
           proxy_send_timeout 6s;
           location /a { proxy_pass http://a; }
           location /b { proxy_pass http://b; }
           {% if y %}
           location /c { proxy_connect_timeout 1s; proxy_pass http://127.0.0.1:3; }
           {% endif %}
           location /d { {% if z %} proxy_pass http://127.0.0.1:4; {% endif %} }
           location /e { proxy_pass http://127.0.0.1:5; }
          } }");
    assert_eq!(
        it.routes(),
        [
            "location /a: Http 127.0.0.1:1=127.0.0.1:1 unknown={{ h }} ...",
            "location /b: Http unknown=127.0.0.1:2 ...",
            "location /c: Http unknown=http://127.0.0.1:3",
            "location /d: Http unknown=http://127.0.0.1:4",
            "location /e: Http 127.0.0.1:5=127.0.0.1:5",
        ]
    );
    assert_eq!(it.setting(4, "proxy_read_timeout"), "unknown: it stands in a condition of a template");
    assert_eq!(it.setting(4, "proxy_send_timeout"), "6 s inherited");
    assert_eq!(it.setting(2, "proxy_connect_timeout"), "1 s written");
    assert_eq!(it.listens(), ["unknown"]);
}

#[test]
fn of_a_file_whose_tags_cross_its_blocks_nothing_is_known() {
    let it = one("http { {% if a %} server { listen 1; {% else %} server { listen 2; {% endif %}
         location / { proxy_read_timeout 5s; proxy_pass http://127.0.0.1:1; } } }");
    for route in it.routes() {
        assert!(route.contains("unknown"), "{route}");
    }
    for level in 0..it.resolved.nginx.levels.len() {
        let setting = it.resolved.nginx.setting::<crate::value::Duration>(
            LevelId(level as u32),
            "proxy_read_timeout",
            Target::NEWEST.nginx,
        );
        assert_eq!(setting.value.known(), None);
    }
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

fn faults(it: &Stack) -> Vec<String> {
    let line = |fault: &crate::model::Fault| {
        let mend = fault.mend.as_ref().map(|it| format!(" | {}: {}", it.applicability.name(), it.title));
        let message = fault.message.split(" in location given").next().unwrap_or_default();
        format!("{:?} {message}{}", fault.kind, mend.unwrap_or_default())
    };
    let mut faults: Vec<String> = it.resolved.nginx.faults.iter().map(line).collect();
    faults.sort();
    faults
}

#[test]
fn names_that_are_all_but_defined_are_noted() {
    let it = one("http { upstream app_server { server 127.0.0.1:1; } upstream other { server 127.0.0.1:2; }
         map $uri $conection_kind { default x; }
         server {
          proxy_set_header A $connection_kind; proxy_set_header B $hots; proxy_set_header C $connection_upgrade;
          proxy_set_header D $brand_new$http_anything$1$arg_x;
          location /a { proxy_pass http://app_sever; }
          location /b { proxy_pass http://web; }
          location /c { uwsgi_pass others; }
         } }");
    assert_eq!(
        faults(&it),
        [
            "UndefinedUpstream host not found in upstream \"app_sever\" | safe: write `http://app_server`",
            "UndefinedUpstream no port in upstream \"others\" | safe: write `other`",
            "Variable unknown \"connection_kind\" variable",
            "Variable unknown \"connection_upgrade\" variable",
        ]
    );
    // What is not known as a whole, or used already, or a host of the stack.
    for text in [
        "http { map $uri $conection_kind { default x; } server { include missing.conf;
          location / { proxy_set_header A $connection_kind; proxy_set_header B $connection_upgrade; } } }",
        "http { map $uri $conection_kind { default x; } server {
          location / { if ($uri) { include missing.conf; } proxy_set_header A $connection_kind; } } }",
        "http { include missing.conf; upstream app_server { server a:1; } server { location / { proxy_pass http://app_sever; } } }",
        "http { upstream app_server { server a:1; } server { location / { proxy_pass http://app_sever; }
          location /b { proxy_pass http://app_server; } } }",
        "http { upstream app_server { server a:1; } server { location / { proxy_pass http://app_sever.example; } } }",
        "http { upstream apps { server app:1; } server { location / { proxy_pass http://app; } } }",
        "http { upstream backends { server a:1; } server { location / { proxy_pass http://backend; }
          location /x { proxy_pass http://backend:81; } } }",
        "http { upstream backends { server a:1; } map $host $to { default http://backends; } server {
          location / { proxy_pass http://backend; } location /x { proxy_pass $to; } } }",
        "http { upstream backends { server a:1; } server { server_name Backend; location / { proxy_pass http://backend; } } }",
    ] {
        assert_eq!(faults(&one(text)), [""; 0], "{text}");
    }
}

#[test]
fn values_and_doubles_that_nginx_refuses_are_noted() {
    let it = one("http { proxy_read_timeout 5sec; proxy_buffering yes; proxy_buffers 8 0; proxy_send_timeout T_OUT;
         proxy_connect_timeout 1; proxy_connect_timeout 1; proxy_connect_timeout 1; client_max_body_size ${MAX};
         {% if a %} proxy_buffer_size 4k; {% else %} proxy_buffer_size 8k; {% endif %}
         upstream a { server 127.0.0.1:1 max_fail=2 weight=0 fail_timeout=5ms slow_start=5; server 127.0.0.1:2 srun_id=a; }
         server { location / { proxy_pass http://a; proxy_pass http://a; } } }");
    assert_eq!(
        faults(&it),
        [
            "Duplicate \"proxy_connect_timeout\" directive is duplicate",
            "Duplicate \"proxy_pass\" directive is duplicate",
            "Value \"proxy_buffers\" directive invalid value",
            "Value \"proxy_read_timeout\" directive invalid value | safe: write `5s`",
            "Value invalid parameter \"fail_timeout=5ms\"",
            "Value invalid parameter \"max_fail=2\" | safe: write `max_fails=`",
            "Value invalid parameter \"weight=0\"",
            "Value invalid value \"yes\" in \"proxy_buffering\" directive, it must be \"on\" or \"off\" | safe: write `on`",
        ]
    );
}

#[test]
fn what_is_refused_is_noted_with_its_mend() {
    let it = one("http { upstream a { server 127.0.0.1:1; } upstream A { server unix:/run/a.sock:; }
         upstream none { } upstream backups { server 127.0.0.1:1 backup; server http://127.0.0.1:1; }
         server {
          location ~ x { proxy_pass http://127.0.0.1:1/; }
          location @y { proxy_pass http://127.0.0.1:1/; }
          location / { if ($x) { proxy_pass http://127.0.0.1:1/x; } }
          location /a { proxy_pass http://a:80/x; }
          location /b { proxy_pass 127.0.0.1:1; }
          location /c { proxy_pass http://unix:/run/a.sock/x; }
          location /d { proxy_pass http://unix:run/a.sock; }
          location /e { uwsgi_pass php; }
          location /f { {% if f %} proxy_pass http://a:80; {% endif %} }
         } }");
    assert_eq!(
        faults(&it),
        [
            "Address invalid URL prefix | safe: write `http://127.0.0.1:1`",
            "Address invalid host in upstream \"http://127.0.0.1:1\" | safe: write `127.0.0.1:1`",
            "Address no port in upstream \"php\"",
            "Duplicate duplicate upstream \"A\"",
            "PortOfUpstream upstream \"a\" may not have port 80 | safe: write `http://a/x`",
            "UnixColon `/run/a.sock:` is taken for the path of the socket, the colon included | safe: write \
             `unix:/run/a.sock`",
            "UnixRelative the path is relative to the directory that nginx is started in | manual: write \
             `http://unix:/run/a.sock`",
            "UnixUri `/run/a.sock/x` is taken for the path of the socket, since no colon ends the path | unsafe: write \
             `http://unix:/run/a.sock:/x`",
            "Upstream no servers are inside upstream",
            "Uri \"proxy_pass\" cannot have URI part",
            "Uri \"proxy_pass\" cannot have URI part | safe: leave out the URI",
            "Uri \"proxy_pass\" cannot have URI part | unsafe: leave out the URI",
        ]
    );
}

#[test]
fn a_pass_of_a_fragment_may_be_one_of_stream() {
    for text in
        ["proxy_pass backend; proxy_timeout 3s;", "proxy_pass 127.0.0.1:53;", "proxy_pass unix:/run/a.sock;"]
    {
        let it = stack(&[("snippets/tcp.conf", text)]);
        assert_eq!(faults(&it), Vec::<String>::new(), "{text}");
        assert!(
            it.unresolved()[0].ends_with("it may stand in `stream` as well as in `http`"),
            "{:?}",
            it.unresolved()
        );
    }
    assert_eq!(faults(&stack(&[("snippets/app.conf", "proxy_pass http://127.0.0.1:0;")])).len(), 1);
    assert_eq!(faults(&stack(&[("snippets/app.conf", "location / { proxy_pass app; }")])).len(), 1);
}

#[test]
fn files_that_may_not_meet_say_nothing_twice() {
    let app = "upstream app { server web:8000; } client_max_body_size 1m; server { location / { proxy_pass http://app; } }";
    let site = "server { location / { proxy_pass http://app:8000; } }";
    let main = "http { include conf.d/*.conf; include sites-enabled/*; }";
    for files in [
        // Which sites are enabled is not known.
        vec![("nginx.conf", main), ("sites-available/a", app), ("sites-available/b", app)],
        vec![("nginx.conf", main), ("sites-available/a", app), ("sites-available/b", site)],
        vec![("nginx.conf", main), ("conf.d/app.dev.conf", app), ("conf.d/app.prod.conf", app)],
        vec![("nginx.conf", main), ("conf.d/app.dev.conf", app), ("conf.d/app.conf", app)],
        vec![("nginx.conf", main), ("conf.d/app.dev.conf", app), ("conf.d/app.conf", site)],
        // Fragments may be of two machines: the proxy's, and that of the container with the pages.
        vec![("proxy/default.conf", app), ("pages/default.conf", site)],
        vec![
            ("default.conf", "{% if a %}\nupstream app { server web:8000; }\n{% endif %}"),
            ("pages.conf", site),
        ],
    ] {
        assert_eq!(faults(&stack(&files)), Vec::<String>::new(), "{files:?}");
    }
    let doubt = format!("{{% if a %}}\nupstream app {{ server web:8000; }}\n{{% endif %}}\n{site}");
    assert_eq!(faults(&one(&doubt)), Vec::<String>::new());

    let one_machine =
        [("nginx.conf", main), ("conf.d/a.conf", app), ("conf.d/b.conf", app), ("conf.d/c.conf", site)];
    assert_eq!(
        faults(&stack(&one_machine)),
        [
            "Duplicate \"client_max_body_size\" directive is duplicate",
            "Duplicate duplicate upstream \"app\"",
            "PortOfUpstream upstream \"app\" may not have port 8000 | safe: write `http://app`",
        ]
    );
}

#[test]
fn a_main_file_that_may_include_a_fragment_may_set_things_for_it() {
    let it = stack(&[
        ("nginx.conf", "http { client_max_body_size 20m; include /etc/nginx/sites/*.conf; }"),
        ("app/site.conf", "server { location / { proxy_pass http://127.0.0.1:1; } }"),
    ]);
    assert!(it.setting(0, "client_max_body_size").starts_with("unknown: another file sets"));
    assert_eq!(it.setting(0, "proxy_read_timeout"), "60 s default");
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
fn what_is_out_of_place_or_refused_is_listed() {
    let it = one(
        "server { } http { map $a $b { {{ c }} {{ d }}; include x; } location / { proxy_pass http://a; } rtmp_x { a; }
          server { proxy_pass http://a; proxy_read_timeout 30s
           proxy_pass http://127.0.0.1:1; } }",
    );
    assert_eq!(
        it.unresolved(),
        [
            "server: nginx refuses it: it is not allowed here",
            "location /: nginx refuses it: it is not allowed here",
            "rtmp_x: a block of an unknown directive",
            "proxy_pass http://a: `proxy_pass` is not allowed here in `http`, and elsewhere it is not read",
            "proxy_read_timeout 30s proxy_pass http://127.0.0.1:1: nginx refuses `proxy_read_timeout 30s proxy_pass \
             http://127.0.0.1:1`",
        ]
    );
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
