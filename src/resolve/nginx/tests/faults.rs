//! What nginx refuses.

use super::*;

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
