//! Which files nginx reads, and what is not known of those that it may read.

use super::*;
use crate::model::{Level, Route};

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
fn a_main_file_that_may_include_a_fragment_may_set_things_for_it() {
    let it = stack(&[
        ("nginx.conf", "http { client_max_body_size 20m; include /etc/nginx/sites/*.conf; }"),
        ("app/site.conf", "server { location / { proxy_pass http://127.0.0.1:1; } }"),
    ]);
    assert!(it.setting(0, "client_max_body_size").starts_with("unknown: another file sets"));
    assert_eq!(it.setting(0, "proxy_read_timeout"), "60 s default");
}

#[test]
fn a_file_says_the_same_however_often_it_is_read() {
    let site = "server { location / { include snippets/a.conf; proxy_pass http://127.0.0.1:1; } }\n";
    let main = format!("events {{ }}\nhttp {{\n{}}}\n", site.repeat(3));
    let snippet = "proxy_read_timeout 7s;\nproxy_set_header X-A \"b \\\" c\";\n";
    let it = stack(&[("nginx.conf", &main), ("snippets/a.conf", snippet)]);
    let nginx = &it.resolved.nginx;
    for (at, route) in nginx.routes.iter().enumerate() {
        assert_eq!(it.setting(at, "proxy_read_timeout"), "7 s written");
        let [sent] = &nginx.level(route.level).sent[..] else { panic!("{at}") };
        assert_eq!(sent.value.known().map(String::as_str), Some("b \" c"));
        assert_eq!(it.sources.text(sent.anchor.span), snippet.trim_end().split_once('\n').unwrap().1);
    }
    assert_eq!(nginx.routes.len(), 3);
}

#[test]
fn what_a_file_certainly_says_in_one_place_it_may_not_say_in_another() {
    let location = |at: usize, include: &str| {
        format!("location /{at} {{\n{include}\nproxy_pass http://127.0.0.1:1;\n}}\n")
    };
    let (certain, perhaps) = ("include a.conf;", "{% if x %}\ninclude a.conf;\n{% endif %}");
    let includes = [certain, certain, perhaps, certain, perhaps];
    let locations: String = includes.iter().enumerate().map(|(at, it)| location(at, it)).collect();
    let main = format!("events {{ }}\nhttp {{\nserver {{\n{locations}}}\n}}\n");
    let it = stack(&[("nginx.conf", &main), ("a.conf", "proxy_set_header X-A b;\n")]);
    let nginx = &it.resolved.nginx;
    let is_certain = |route: &Route| {
        let [sent] = &nginx.level(route.level).sent[..] else { panic!() };
        (sent.doubt.is_none(), sent.value.known().is_some())
    };
    let expected = includes.map(|it| (it == certain, it == certain));
    assert!(nginx.routes.iter().map(is_certain).eq(expected));
}

#[test]
fn the_pattern_of_a_location_is_what_its_title_ends_with() {
    let written = ["/a", "= /b", "^~ /c", "~ \\.php$", "~*\\.js$", "=/d", "@e", "\"/f g\""];
    let patterns = ["/a", "/b", "/c", "\\.php$", "\\.js$", "/d", "@e", "/f g"];
    let locations: String = written.iter().map(|it| format!("location {it} {{ }}\n")).collect();
    let it = stack(&[("nginx.conf", &format!("events {{ }}\nhttp {{ server {{\n{locations}}} }}\n"))]);
    let levels = it.resolved.nginx.levels.iter().filter(|level| level.matching.is_some());
    assert!(levels.map(Level::pattern).eq(patterns));
    assert!(it.resolved.nginx.levels.iter().all(|it| it.matching.is_some() || it.pattern().is_empty()));
}

#[test]
fn what_is_read_again_is_bounded() {
    let settings = "proxy_set_header X-A b;\n".repeat(40);
    let sites = |times: usize| {
        let server = "server { include snippets/a.conf; location / { proxy_pass http://127.0.0.1:8000; } }\n";
        format!("events {{ }}\nhttp {{\n{settings}{}}}\n", server.repeat(times))
    };
    let mut limits = Limits::default();
    // An include counts for 20, and for its file and what stands in it where that was read before.
    limits.set(crate::limits::Limit::Directives, 100);
    for (times, is_cut) in [(1, false), (2, false), (3, true)] {
        let files = [("nginx.conf", sites(times)), ("snippets/a.conf", settings.clone())];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let stack = stack_within(limits, &files);
        assert_eq!(!stack.resolved.cut.is_empty(), is_cut, "{times}");
    }
}
