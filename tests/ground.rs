//! What the real programs think of what we call right and wrong.

use hoplint::check::{Report, check};
use hoplint::config::Settings;
use hoplint::edit::Applicability;
use hoplint::fix::fix;
use hoplint::source::{FileKind, Source, Sources};
use rayon::prelude::*;

use crate::corpus::stacks;
use crate::page::pages;
use crate::real::{
    Verdict, gunicorn, gunicorn_verdict, nginx, nginx_verdict, systemd_analyze, systemd_verdict,
};
use crate::support::{Dice, asking, read};

/// Every stack of corpus/ and every example of the pages, by name; each machine of a fleet by itself.
fn all() -> Vec<(String, String, Sources)> {
    let mut all = Vec::new();
    for stack in stacks() {
        let (sources, settings) = read(&stack);
        for deployment in check(&sources, &settings).stacks {
            let mut own = Sources::default();
            for (_, source) in sources.iter().filter(|(_, it)| it.path.starts_with(&deployment.root)) {
                own.add(source.clone());
            }
            for (path, id) in sources.links().filter(|(path, _)| path.starts_with(&deployment.root)) {
                if let Some(id) = own.by_path(&sources.get(id).path) {
                    own.link(path, id);
                }
            }
            all.push((deployment.root.clone(), deployment.root, own));
        }
    }
    for page in pages() {
        for section in &page.sections {
            for example in &section.examples {
                let name = format!("{}, {}, {}", page.rule.name, section.heading, example.title);
                all.push((name, String::new(), example.sources()));
            }
        }
    }
    assert!(all.len() > 60);
    all
}

/// Whether a text holds what only a template engine would replace.
fn is_template(source: &Source) -> bool {
    source.text.contains("{{") || source.text.contains("{%")
}

fn holds(sources: &Sources, kind: FileKind) -> bool {
    let mut files = sources.iter().filter(|(_, source)| source.kind == kind).peekable();
    files.peek().is_some() && !files.any(|(_, source)| is_template(source))
}

/// The findings that say that a file of this kind is refused.
fn refused(report: &Report, sources: &Sources, kind: FileKind) -> Vec<String> {
    let findings = report.findings.iter();
    findings
        .filter(|it| {
            let of_gunicorn = kind == FileKind::Gunicorn && it.rule == "gunicorn-invalid-value";
            // systemd says of what it refuses and ignores that it does.
            let begins = ["systemd refuses", "systemd ignores", "systemd takes", "systemd does not read"];
            let said = it.rule == "syntax-error" || begins.iter().any(|words| it.message.starts_with(words));
            of_gunicorn || said || it.outcome == "nginx does not start"
        })
        .filter(|it| sources.get(it.primary.span.file).kind == kind)
        .map(|it| format!("{} {}", it.message, it.help.as_deref().unwrap_or_default()))
        .collect()
}

/// Examples that are right, and that nginx refuses as the test puts them together: directives of the commercial nginx,
/// variants of which a machine has one, a fragment of something else than `http`, a file that is not there; or Gunicorn and
/// systemd, before somebody fills in what is marked; or systemd, without the unit or the program that another file or the machine
/// has, or of what is no unit.
const NOT_TOGETHER: &[&str] = &[
    "environment-syntax, Good, A directory in capitals, which is still to be put in",
    "exec-path, Bad, All in quotes",
    "exec-path, Good, A name with blanks, and what is still to be filled in",
    "gunicorn-invalid-value, Good, Values that are filled in or not known",
    "gunicorn-unknown-setting, Good, Names that another file takes from it",
    "max-conns-without-queue, Good, A queue",
    "named-location-missing, Good, A fragment whose server is not known",
    "nginx-rejected, Good, A fragment whose place is only guessed",
    "nginx-rejected, Good, Directives of other modules, and what is filled in",
    "nginx-rejected, Good, Files that may be variants of each other",
    "nginx-rejected, Good, Servers that come while nginx runs",
    "nginx-rejected, Good, Variants that include one file",
    "path-not-writable, Good, Somebody makes it before",
    "proxy-loop, Good, Another module may answer, or an `error_page`",
    "read-timeout-below-worker, Fixed, A file that is included in an `if`",
    "read-timeout-below-worker, Fixed, A file that is included where more time is given",
    "read-timeout-below-worker, Fixed, A file that is included where the value is written too",
    "runtime-directory, Good, A command of the unit makes it",
    "runtime-directory, Good, Root may make a socket in /run",
    "service-type, Bad, A reload without an answer",
    "socket-activation-bypassed, Bad, A service for each connection",
    "socket-activation-bypassed, Fixed, A service for each connection",
    "socket-permission, Fixed, A socket unit's directory",
    "socket-permission, Fixed, A socket unit's mode",
    "syntax-error, Good, What is only called like a unit",
    "upstream-undefined, Good, An include that is not in the tree may define it",
    "upstream-undefined, Good, Variants of each other",
    "variable-port-literal, Good, Behind a colon, which asks for it as it is written",
    "watchdog-set, Good, A hook may answer",
];

/// Compares what we say with what the program says, for all that we have.
fn agree(kind: FileKind, ask: impl Fn(&Sources, &str) -> Verdict + Sync) {
    let all: Vec<_> = all().into_iter().filter(|(_, _, sources)| holds(sources, kind)).collect();
    assert!(all.len() > 10);
    let judge = |(name, root, sources): &(String, String, Sources)| {
        let ours = refused(&check(sources, &Settings::default()), sources, kind);
        match ask(sources, root) {
            // The names of other machines mean nothing on this one.
            Err(why) if why.contains("host not found in upstream") => None,
            // systemd advises against it, and takes it.
            Err(why) if why.contains("Unit uses KillMode=none.") => None,
            Err(_) if ours.is_empty() && NOT_TOGETHER.contains(&name.as_str()) => None,
            Err(why) if ours.is_empty() => Some(format!("{name}: we accept, but\n{why}")),
            Ok(()) if !ours.is_empty() => Some(format!("{name}: is accepted, but we say\n{ours:?}")),
            _ => None,
        }
    };
    let wrong: Vec<String> = asking().install(|| all.par_iter().filter_map(judge).collect());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn nginx_accepts_what_we_accept_and_refuses_what_we_refuse() {
    let Some(nginx) = nginx() else { return };
    agree(FileKind::Nginx, |sources, root| nginx_verdict(&nginx, sources, root));
}

#[test]
fn gunicorn_accepts_what_we_accept_and_refuses_what_we_refuse() {
    let Some(gunicorn) = gunicorn() else { return };
    agree(FileKind::Gunicorn, |sources, _| {
        let mut configurations = sources.iter().filter(|(_, source)| source.kind == FileKind::Gunicorn);
        configurations.try_for_each(|(_, source)| gunicorn_verdict(&gunicorn, &source.text))
    });
}

#[test]
fn systemd_accepts_what_we_accept_and_refuses_what_we_refuse() {
    let Some(analyze) = systemd_analyze() else { return };
    agree(FileKind::Systemd, |sources, _| systemd_verdict(&analyze, sources));
}

#[test]
fn nginx_accepts_what_we_mend() {
    let Some(nginx) = nginx() else { return };
    let mut asked = 0;
    for (name, root, sources) in all() {
        let outcome = fix(&sources, &Settings::default(), Applicability::Safe);
        let left = refused(&outcome.report, &outcome.sources, FileKind::Nginx);
        if outcome.applied.is_empty() || !left.is_empty() || !holds(&sources, FileKind::Nginx) {
            continue;
        }
        asked += 1;
        let verdict = nginx_verdict(&nginx, &outcome.sources, &root);
        assert!(verdict.is_ok(), "{name}: {verdict:?}");
    }
    assert!(asked > 15);
}

/// A configuration in which each of the five directives stands at some level, with some value, or nowhere.
fn buffers(dice: &mut Dice) -> String {
    let family = *dice.roll(&["proxy", "proxy", "fastcgi", "uwsgi", "scgi"]);
    let sizes = ["4k", "8k", "14k", "16k", "28k", "32k", "64k", "4097", "1m"];
    let numbers = ["1", "2", "3", "4", "8", "16"];
    let mut levels: [String; 4] = Default::default();
    let mut put = |dice: &mut Dice, name: &str, value: String| {
        for _ in 0..*dice.roll(&[0, 1, 1, 1, 2]) {
            let level = *dice.roll(&[0, 1, 2, 2, 3]);
            let directive = format!("{family}_{name} ");
            if !levels[level].contains(&directive) {
                levels[level].push_str(&format!("{directive}{value}; "));
            }
        }
    };
    let value = dice.roll(&sizes).to_string();
    put(dice, "buffer_size", value);
    let value = format!("{} {}", dice.roll(&numbers), dice.roll(&sizes));
    put(dice, "buffers", value);
    let value = dice.roll(&sizes).to_string();
    put(dice, "busy_buffers_size", value);
    let value = dice.roll(&sizes).to_string();
    put(dice, "temp_file_write_size", value);
    let value = dice.roll(&["0", "4k", "16k", "1m", "1024m"]).to_string();
    put(dice, "max_temp_file_size", value);
    let [http, server, location, nested] = levels;
    format!(
        "events {{}}\nhttp {{\n  {http}\n  server {{\n    listen 8080;\n    {server}\n    location / {{\n      {location}\n      \
         location /a/ {{ {nested} }}\n    }}\n    location /b/ {{ }}\n  }}\n}}\n"
    )
}

#[test]
fn nginx_refuses_the_buffers_that_we_say_it_does_with_the_words_that_we_say() {
    let Some(nginx) = nginx() else { return };
    let mut dice = Dice(20);
    let texts: Vec<String> = (0..400).map(|_| buffers(&mut dice)).collect();
    let refused: Vec<String> =
        asking().install(|| texts.par_iter().filter_map(|text| judged_alike(&nginx, text)).collect());
    assert!((100..350).contains(&refused.len()), "{} of 400 are refused", refused.len());
    for words in [
        "there must be at least 2",
        "_busy_buffers_size\" must be equal to or greater",
        "_busy_buffers_size\" must be less than",
        "_temp_file_write_size\" must be",
        "_max_temp_file_size\" must be",
    ] {
        let count = refused.iter().filter(|why| why.contains(words)).count();
        assert!(count >= 5, "{words}: {count} times");
    }
}

/// Asserts that nginx says of these buffers what we say, and accepts what we mend; gives its words if it refuses them.
fn judged_alike(nginx: &std::path::Path, text: &str) -> Option<String> {
    let mut sources = Sources::default();
    sources.add(Source::new("nginx.conf", FileKind::Nginx, text.into()));
    let ours = refused(&check(&sources, &Settings::default()), &sources, FileKind::Nginx);
    let verdict = nginx_verdict(nginx, &sources, "");
    let Err(why) = verdict else {
        assert!(ours.is_empty(), "nginx accepts this, and we say {ours:?}:\n{text}");
        return None;
    };
    let emerg = why.split_once("[emerg] ").map(|(_, rest)| rest).unwrap_or_default();
    let words = emerg.split_once(": ").map_or(emerg, |(_process, words)| words);
    let words = words.rsplit_once(" in ").map_or(words, |(words, _)| words);
    assert!(ours.iter().any(|it| it.contains(words)), "nginx says {words}, and we say {ours:?}:\n{text}");
    let outcome = fix(&sources, &Settings::default(), Applicability::Safe);
    let mended = nginx_verdict(nginx, &outcome.sources, "");
    let (_, after) = outcome.sources.iter().next().unwrap();
    assert!(mended.is_ok(), "{mended:?} of what we made of\n{text}:\n{}", after.text);
    Some(words.to_owned())
}
