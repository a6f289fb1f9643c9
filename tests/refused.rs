//! What we say that nginx refuses, it refuses, and with the words that we say.

use std::path::Path;

use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::directives::{Context, Directive, all, is_third_party, stands_once};
use hoplint::edit::{Applicability, apply};
use hoplint::model::{Fault, FaultKind};
use hoplint::source::{FileKind, Source, Sources};
use rayon::prelude::*;

use crate::real::{nginx, nginx_verdict};
use crate::support::{Dice, asking};

fn sources(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.add(Source::new("nginx.conf", FileKind::Nginx, text.into()));
    sources
}

/// What we say; nothing of a text that is not read to its end.
fn faults(sources: &Sources) -> Option<Vec<Fault>> {
    let report = check(sources, &Settings::default());
    let stack = &report.stacks[0];
    stack.refusals.is_empty().then(|| stack.nginx.faults.clone())
}

/// Whether nginx takes the mistake without a word.
fn is_taken(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::UnixUri | FaultKind::UnixColon | FaultKind::UnixRelative)
}

/// nginx's words without the process and the place: `unknown directive "a"`.
fn words(said: &str) -> String {
    let emerg = said.split_once("[emerg] ").map_or(said, |(_, rest)| rest);
    let words = emerg.split_once(": ").map_or(emerg, |(_process, words)| words);
    let line = words.split('\n').next().unwrap_or_default();
    line.rsplit_once(" in /").map_or(line, |(words, _)| words).to_owned()
}

/// nginx's words if it refuses a text; an error where we do not agree.
fn judged_alike(nginx: &Path, text: &str) -> Result<Option<String>, String> {
    let sources = sources(text);
    let Some(all) = faults(&sources) else { return Ok(Some("a syntax error".into())) };
    let ours: Vec<&Fault> = all.iter().filter(|fault| !is_taken(fault)).collect();
    let said = match nginx_verdict(nginx, &sources, "") {
        Ok(()) => {
            return match ours.as_slice() {
                [] => Ok(None),
                [first, ..] => Err(format!("nginx takes this, and we say `{}`:\n{text}", first.message)),
            };
        }
        Err(said) => words(&said),
    };
    // A directive of `mail` alone is unknown to an nginx that was built without it.
    let elsewhere = said.replace("unknown directive ", "") + " directive is not allowed here";
    let is_ours = ours.iter().any(|fault| said.contains(&fault.message) || fault.message == elsewhere);
    let claimed = [
        "unknown directive",
        "is not allowed here",
        "invalid number of arguments",
        "it must be \"on\" or \"off\"",
        "duplicate upstream",
        "no servers",
        "invalid URL prefix",
        "in upstream \"",
        "cannot have URI part",
        "may not have port",
    ];
    let is_claimed = claimed.iter().any(|claim| said.contains(claim)) && !said.contains("host not found");
    if is_claimed && !is_ours {
        let ours: Vec<&str> = ours.iter().map(|fault| fault.message.as_str()).collect();
        return Err(format!("nginx says `{said}`, and we say {ours:?}:\n{text}"));
    }
    Ok(Some(said))
}

/// Mistakes by hand, each in the place where it is made: `http`, `server`, `location` or an upstream.
const MISTAKES: [(&str, &str); 54] = [
    ("location", "proxy_passs http://127.0.0.1:1;"),
    ("location", "porxy_set_header A b;"),
    ("server", "proxy_pass http://127.0.0.1:1;"),
    ("http", "proxy_pass http://127.0.0.1:1;"),
    ("http", "location / { }"),
    ("location", "keepalive 4;"),
    ("location", "listen 8099;"),
    ("upstream", "keepalive;"),
    ("upstream", "keepalive x;"),
    ("upstream", "proxy_pass http://127.0.0.1:1;"),
    ("upstream", "server;"),
    ("upstream", "server http://127.0.0.1:1;"),
    ("upstream", "server 127.0.0.1:1/;"),
    ("upstream", "server /run/a.sock;"),
    ("upstream", "server unix:;"),
    ("upstream", "server 127.0.0.1:0;"),
    ("upstream", "server :80;"),
    ("upstream", "server 127.0.0.1:2 max_fail=2;"),
    ("upstream", "server 127.0.0.1:2 max_fails=x;"),
    ("upstream", "server 127.0.0.1:2 weight=0;"),
    ("upstream", "server 127.0.0.1:2 fail_timeout=5ms;"),
    ("upstream", "server unix:/run/a.sock:;"),
    ("http", "upstream b { }"),
    ("http", "upstream b { server 127.0.0.1:1 backup; }"),
    ("http", "upstream A { server 127.0.0.1:1; }"),
    ("location", "proxy_pass 127.0.0.1:1;"),
    ("location", "proxy_pass unix:/run/a.sock;"),
    ("location", "proxy_pass http:/127.0.0.1:1;"),
    ("location", "proxy_pass http:///run/a.sock;"),
    ("location", "proxy_pass http://unix:;"),
    ("location", "proxy_pass http://unix:/run/a.sock/x;"),
    ("location", "proxy_pass http://unix:run/a.sock;"),
    ("location", "proxy_pass http://127.0.0.1:99999;"),
    ("location", "proxy_pass http://::1;"),
    ("location", "proxy_pass http://a:80/x;"),
    ("location", "proxy_pass http://aa;"),
    ("location", "proxy_pass a b;"),
    ("location", "uwsgi_pass 127.0.0.1;"),
    ("location", "uwsgi_pass http://127.0.0.1:1;"),
    ("location", "fastcgi_pass php;"),
    ("location", "proxy_pass http://a; proxy_pass http://a;"),
    ("location", "if ($uri) { proxy_pass http://a/; }"),
    ("location", "limit_except GET { proxy_pass http://a/x; }"),
    ("server", "location ~ x { proxy_pass http://a/; }"),
    ("server", "location @x { proxy_pass http://a/; }"),
    ("server", "location ^~ /x { proxy_pass http://a/; }"),
    ("location", "proxy_read_timeout 5sec;"),
    ("location", "proxy_read_timeout 5; proxy_read_timeout 6;"),
    ("location", "proxy_method GET; proxy_method POST;"),
    ("location", "proxy_pass_request_headers on; proxy_pass_request_headers off;"),
    ("location", "proxy_buffering yes;"),
    ("location", "proxy_read_timeout 30s\n proxy_pass http://a;"),
    ("location", "proxy_set_header Connection $connection_upgrade;"),
    ("location", "proxy_set_header Host $hostt;"),
];

fn placed(place: &str, mistake: &str) -> String {
    let at = |name: &str| if place == name { mistake } else { "" };
    format!(
        "events {{}}\nhttp {{\n  {}\n  upstream a {{ server 127.0.0.1:1; {} }}\n  server {{ listen 8080; {}\n    \
         location / {{\n {}\n    }} }}\n}}\n",
        at("http"),
        at("upstream"),
        at("server"),
        at("location")
    )
}

#[test]
fn each_mistake_is_refused_in_our_words_and_its_mend_is_taken() {
    let Some(nginx) = nginx() else { return };
    let judge = |(place, mistake): &(&str, &str)| {
        let text = placed(place, mistake);
        if let Err(why) = judged_alike(&nginx, &text) {
            return Some(why);
        }
        let sources = sources(&text);
        let mended: Vec<Fault> = faults(&sources)?.into_iter().filter(|it| it.mend.is_some()).collect();
        let mend = mended.first()?.mend.as_ref()?;
        let (_, source) = sources.iter().next()?;
        let mended = apply(source.bytes(), &mend.edits);
        let after = self::sources(&String::from_utf8(mended).unwrap());
        let verdict = nginx_verdict(&nginx, &after, "");
        (mend.applicability == Applicability::Safe && verdict.is_err())
            .then(|| format!("{mistake}: {:?}: {verdict:?}", mend.title))
    };
    let wrong: Vec<String> = asking().install(|| MISTAKES.par_iter().filter_map(judge).collect());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A configuration with some of nginx's directives, each somewhere and with some arguments.
/// Values of which each directive of the modules that pass requests on takes one.
const VALUES: [&str; 20] = [
    "1",
    "on",
    "4k",
    "1s",
    "8 4k",
    "/tmp/x",
    "GET",
    "user:rw",
    "a b",
    "0",
    "$uri",
    "off",
    "TLSv1.2",
    "updating",
    "x y z",
    "1.1",
    "127.0.0.1:8000",
    "error",
    "Expires",
    "^(.+)(/.*)$",
];

#[test]
fn what_stands_once_is_refused_the_second_time() {
    let Some(nginx) = nginx() else { return };
    let passes = ["fastcgi", "grpc", "memcached", "proxy", "scgi", "tunnel", "uwsgi"];
    let of_passes: Vec<&Directive> = all()
        .iter()
        .filter(|row| {
            passes.contains(&row.module) && row.allowed_in(Context::Http) && row.allowed_in(Context::Location)
        })
        .collect();
    let verdict = |text: &str| nginx_verdict(&nginx, &sources(&placed("location", text)), "");
    let judge = |row: &&Directive| {
        let written = VALUES.iter().map(|value| format!("{} {value};", row.name));
        let taken = written.into_iter().find(|text| verdict(text).is_ok())?;
        let twice = verdict(&format!("{taken}\n{taken}"));
        let is_refused = twice.as_ref().is_err_and(|said| said.contains("directive is duplicate"));
        (is_refused != stands_once(row)).then(|| format!("{taken}: {twice:?}"))
    };
    let wrong: Vec<String> = asking().install(|| of_passes.par_iter().filter_map(judge).collect());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn scattered(dice: &mut Dice) -> String {
    let of_hops = |module: &str| {
        ["proxy", "upstream", "uwsgi", "grpc", "scgi"].iter().any(|name| module.starts_with(name))
    };
    let contexts = [
        Context::Http,
        Context::Server,
        Context::Location,
        Context::Location,
        Context::LocationIf,
        Context::Upstream,
    ];
    let fits = |row: &Directive| {
        contexts.iter().any(|context| row.allowed_in(*context)) && !is_third_party(row.name)
    };
    let rows: Vec<_> = all().iter().filter(|row| of_hops(row.module) && !row.is_block && fits(row)).collect();
    let values =
        ["on", "off", "1", "10s", "8k", "4 8k", "http://127.0.0.1:1", "X-A b", "yes", "127.0.0.1:1", "$uri"];
    let mut blocks = [const { String::new() }; 6];
    for _ in 0..*dice.roll(&[1, 1, 2, 3]) {
        let row = dice.roll(&rows);
        let mistake = *dice.roll(&["none", "none", "misspelt", "misplaced"]);
        let context = match mistake {
            "misplaced" => *dice.roll(&[0, 1, 2, 4, 5]),
            _ => contexts.iter().position(|it| row.allowed_in(*it)).unwrap_or(2),
        };
        let count = *dice.roll(&[0, 1, 1, 1, 2, 2, 3]);
        let arguments: Vec<&str> = (0..count).map(|_| *dice.roll(&values)).collect();
        let mut name = row.name.to_owned();
        // Of a short name too many others are one letter away, and of one with a digit its sister.
        if mistake == "misspelt" && name.len() > 8 && !name.ends_with(|c: char| c.is_ascii_digit()) {
            // A letter twice, or one too few.
            let at = *dice.roll(&(0..name.len()).collect::<Vec<_>>());
            match *dice.roll(&[0, 1]) {
                0 => name.insert_str(at, &row.name[at..=at]),
                _ => drop(name.remove(at)),
            }
        }
        blocks[context] += &format!("{name} {}; ", arguments.join(" "));
    }
    let [http, server, location, _, within, upstream] = blocks;
    format!(
        "events {{}}\nhttp {{ {http}\n upstream a {{ server 127.0.0.1:1; {upstream} }}\n server {{ listen 8080; {server}\n \
         location / {{ {location} if ($uri) {{ {within} }} }} }} }}\n"
    )
}

#[test]
fn scattered_directives_are_judged_as_nginx_judges_them() {
    let Some(nginx) = nginx() else { return };
    let count = if std::env::var_os("HOPLINT_LONG").is_some() { 20_000 } else { 600 };
    let mut dice = Dice(7);
    let texts: Vec<String> = (0..count).map(|_| scattered(&mut dice)).collect();
    let (judged, wrong): (Vec<_>, Vec<_>) =
        asking().install(|| texts.par_iter().map(|text| judged_alike(&nginx, text)).partition(Result::is_ok));
    let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).take(20).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let refused: Vec<String> = judged.into_iter().flatten().flatten().collect();
    for words in ["unknown directive", "is not allowed here", "invalid number of arguments"] {
        let found = refused.iter().filter(|it| it.contains(words)).count();
        assert!(found > count / 50, "{words}: {found} of {count}");
    }
    assert!(refused.len() < count, "all {count} are refused");
}
