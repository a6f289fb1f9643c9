//! Findings that hang on the version of a program.

use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::finding::Severity;
use hoplint::model::{Target, Version};
use hoplint::source::{FileKind, Source, Sources};

use crate::support::found;

/// What is found in one nginx file that is meant for a version of nginx.
fn found_for(nginx: Version, text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    sources.add(Source::new("nginx/app.conf", FileKind::Nginx, text.into()));
    let target = Target { nginx, ..Target::NEWEST };
    let settings = Settings { show: Severity::Note, target, ..Settings::default() };
    found(&check(&sources, &settings), &sources)
}

/// Seen with nginx 1.22.1 and 1.31.3: how many connections three requests take.
#[test]
fn until_1_29_7_connections_are_kept_by_those_alone_that_ask_for_it_in_all_three_places() {
    let kept = "proxy_http_version 1.1; proxy_set_header Connection \"\";";
    for (inside, location, is_kept) in [
        ("keepalive 8;", "", false),
        ("keepalive 8;", "proxy_http_version 1.1;", false),
        ("keepalive 8;", "proxy_set_header Connection \"\";", false),
        ("keepalive 8;", "proxy_http_version 1.1; proxy_set_header Host $host;", false),
        ("keepalive 8; least_conn;", kept, false),
        ("keepalive 8; hash $uri;", kept, false),
        ("keepalive 8;", kept, true),
        ("least_conn; keepalive 8;", kept, true),
        ("keepalive 8;", "proxy_set_header Connection keep-alive;", true),
    ] {
        let text = format!(
            "upstream app {{ server 127.0.0.1:8000; {inside} }}\nserver {{ location / {{ proxy_pass http://app; {location} }} \
             }}\n"
        );
        let expected = ["note keepalive-ineffective nginx/app.conf:1"];
        let expected = if is_kept { &[][..] } else { &expected[..] };
        assert_eq!(found_for(Version(1, 22, 1), &text), expected, "{inside} {location}");
        assert_eq!(found_for(Version(1, 29, 6), &text), expected, "{inside} {location}");
        let newest = found_for(Version(1, 29, 7), &text);
        assert!(newest.is_empty(), "{inside} {location}: {newest:?}");
    }
}

/// Seen with nginx 1.22.1 and 1.31.3: whether a POST is lost on a connection that the app closes.
#[test]
fn until_1_29_7_connections_race_where_they_are_kept_in_all_three_places() {
    let kept = "proxy_http_version 1.1; proxy_set_header Connection \"\";";
    for (nginx, inside, location, severity) in [
        (Version(1, 22, 1), "", "", None),
        (Version(1, 22, 1), "", kept, None),
        (Version(1, 22, 1), "keepalive 8; keepalive_timeout 1s;", kept, None),
        (Version(1, 22, 1), "keepalive 8;", kept, Some("warning")),
        (Version(1, 15, 2), "keepalive 8;", kept, None),
        (Version(1, 29, 6), "", "", None),
        (Version(1, 29, 7), "", "", Some("note")),
        (Version(1, 29, 7), "keepalive 8;", "", Some("warning")),
    ] {
        let text = format!(
            "upstream app {{ server 127.0.0.1:8000; {inside} }}\nserver {{ location / {{ proxy_pass http://app; {location} }} \
             }}\n"
        );
        let mut sources = Sources::default();
        sources.add(Source::new("nginx/app.conf", FileKind::Nginx, text.into()));
        let app = "bind = '127.0.0.1:8000'\nworker_class = 'gevent'\nkeepalive = 2\n";
        sources.add(Source::new("gunicorn.conf.py", FileKind::Gunicorn, app.into()));
        let target = Target { nginx, ..Target::NEWEST };
        let settings = Settings { show: Severity::Note, target, ..Settings::default() };
        let found = found(&check(&sources, &settings), &sources);
        let expected: Vec<String> =
            severity.iter().map(|it| format!("{it} keepalive-race nginx/app.conf:1")).collect();
        assert_eq!(found, expected, "nginx {nginx}, {inside} {location}");
    }
}
