//! Configurations that nginx accepts.
//!
//! Nothing in them names a host or a port: nginx would look a name up as soon as a change makes one of it.

use crate::support::Dice;

/// A configuration. The same dice give the same one.
pub(super) fn configuration(dice: &mut Dice) -> String {
    let mut writer = Writer {
        wide: dice.below(4) > 0,
        indent: ["    ", "  ", "\t", ""][dice.below(4)],
        depth: 0,
        count: 0,
        text: String::new(),
    };
    writer.main(dice);
    if dice.below(5) == 0 {
        writer.text = writer.text.replace('\n', "\r\n");
    }
    writer.text
}

/// Words and what is none, thrown together where nginx takes any number of words.
pub(super) fn soup(dice: &mut Dice) -> String {
    const PIECES: [&str; 20] = [
        "a", "a", " ", " ", "\"", "\"", "'", "\\", "{", "}", ";", "#", "$", "${", ")", "\t", "\r", "b",
        "\\\\", "\u{1}",
    ];
    let soup: String = (0..1 + dice.below(12)).map(|_| *dice.roll(&PIECES)).collect();
    format!("events {{}} http {{ types {{\na {soup};\n}} }}\n")
}

struct Writer {
    /// Whether every directive has a line of its own.
    wide: bool,
    indent: &'static str,
    depth: usize,
    /// How many names were made: no two are the same.
    count: usize,
    text: String,
}

impl Writer {
    fn main(&mut self, dice: &mut Dice) {
        if dice.below(3) == 0 {
            self.line(dice, "worker_processes 1;");
        }
        self.block(dice, "events", |it, dice| it.line(dice, "worker_connections 64;"));
        self.block(dice, "http", |it, dice| {
            for _ in 0..dice.below(4) {
                it.in_http(dice);
            }
            for _ in 0..1 + dice.below(2) {
                it.block(dice, "server", |it, dice| {
                    for _ in 0..1 + dice.below(5) {
                        it.in_server(dice);
                    }
                });
            }
        });
    }

    fn name(&mut self) -> String {
        self.count += 1;
        format!("n{}", self.count)
    }

    /// A directive, or what begins or ends a block, and what stands around it.
    fn line(&mut self, dice: &mut Dice, what: &str) {
        let apart = self.wide || self.text.ends_with('#') || dice.below(12) == 0;
        if apart {
            self.text.push_str(&self.indent.repeat(self.depth));
        }
        self.text.push_str(what);
        match dice.below(16) {
            0 => self.text.push_str(" # it's a {remark}; \"\n"),
            1 => self.text.push_str("#\n"),
            2 if self.wide => self.text.push_str("\n\n"),
            _ if self.wide => self.text.push('\n'),
            3 => self.text.push(' '),
            4 => self.text.push('\n'),
            _ => {}
        }
    }

    fn block(&mut self, dice: &mut Dice, header: &str, inside: impl FnOnce(&mut Self, &mut Dice)) {
        let opener = *dice.roll(&[" {", " {", " {", "{", "\n{", "  # why\n {"]);
        // Behind a dollar, a brace belongs to the word.
        let opener = if header.ends_with('$') && opener == "{" { " {" } else { opener };
        self.line(dice, &format!("{header}{opener}"));
        self.depth += 1;
        inside(self, dice);
        self.depth -= 1;
        self.line(dice, "}");
    }

    fn in_http(&mut self, dice: &mut Dice) {
        let name = self.name();
        match dice.below(9) {
            0 => self.block(dice, &format!("map $uri ${name}"), |it, dice| {
                for _ in 0..dice.below(5) {
                    let (key, value) = (it.name(), word(dice));
                    let key = match dice.below(5) {
                        0 => format!("\"~^/{key}{{2,3}}\""),
                        1 => format!("~^/{key}$"),
                        2 => format!("'{key} #;'"),
                        _ => key,
                    };
                    it.line(dice, &format!("{key} {value};"));
                }
                let value = word(dice);
                it.line(dice, &format!("default {value};"));
            }),
            1 => self.block(dice, &format!("geo ${name}"), |it, dice| {
                it.line(dice, "default a;");
                it.line(dice, "10.0.0.0/8 \"b c\";");
            }),
            2 => self.block(dice, "types", |it, dice| {
                let name = it.name();
                it.line(dice, &format!("text/{name} {name} x{name};"));
            }),
            3 => self.block(dice, &format!("split_clients \"${{remote_addr}}x\" ${name}"), |it, dice| {
                it.line(dice, "10% a;");
                let value = plain(dice);
                it.line(dice, &format!("* {value};"));
            }),
            4 => self.block(dice, &format!("upstream {name}"), |it, dice| {
                it.line(dice, "server unix:/x;");
                it.line(dice, "keepalive 4;");
            }),
            5 => {
                let words = (word(dice), word(dice));
                self.line(dice, &format!("log_format {name} {} {};", words.0, words.1));
            }
            6 if !self.text.contains("charset_map") => {
                self.block(dice, "charset_map koi8-r utf-8", |it, dice| it.line(dice, "80 E282AC;"))
            }
            _ => self.anywhere(dice),
        }
    }

    fn in_server(&mut self, dice: &mut Dice) {
        let name = self.name();
        match dice.below(7) {
            0 => {
                let more = *dice.roll(&["", " \"~^a{2,3}\\.x$\"", " ~^(?<a>b)\\.x$", " *.y \"\""]);
                self.line(dice, &format!("server_name {name}{more};"));
            }
            1 => self.anywhere(dice),
            2 => self.condition(dice),
            3 => self.effect(dice),
            _ => self.location(dice, &format!("/{name}"), 0),
        }
    }

    fn location(&mut self, dice: &mut Dice, path: &str, level: usize) {
        let header = match dice.below(6) {
            0 => format!("location = {path}"),
            1 => format!("location ^~ {path}/"),
            2 => format!("location ~* ^{path}/.*\\.(a|b)$"),
            3 => format!("location ~ \"^{path}/[a-z]{{2,3}};\""),
            4 => format!("location '{path} # '"),
            _ => format!("location {path}"),
        };
        let nested = level < 2 && !header.contains('=');
        self.block(dice, &header, |it, dice| {
            for _ in 0..dice.below(4) {
                match dice.below(8) {
                    0 => it.condition(dice),
                    1 | 2 => it.effect(dice),
                    3 if level == 0 && !it.text.ends_with("limit") => {
                        it.block(dice, "limit_except GET", |it, dice| it.line(dice, "deny all;"));
                        return;
                    }
                    4 if nested && header == format!("location {path}") => {
                        let name = it.name();
                        it.location(dice, &format!("{path}/{name}"), level + 1);
                    }
                    _ => it.anywhere(dice),
                }
            }
        });
    }

    fn condition(&mut self, dice: &mut Dice) {
        let header = *dice.roll(&[
            "if ($uri)",
            "if ($uri = \"a b\")",
            "if ( $uri != 'c' )",
            "if ($uri ~* \"d{2}\")",
            "if ($uri ~ ^/e(f|g)$)",
            "if (!-f \"$document_root$uri\")",
            "if ($uri ~ \"h;i\"\n)",
        ]);
        self.block(dice, header, |it, dice| it.effect(dice));
    }

    /// What belongs into servers, locations and `if`.
    fn effect(&mut self, dice: &mut Dice) {
        let (name, value) = (self.name(), word(dice));
        let line = match dice.below(4) {
            0 => format!("set ${name} {value};"),
            1 => format!("return 200 {value};"),
            2 => format!("rewrite \"^/{name}{{1,2}}$\" /a?b=$uri last;"),
            _ => format!("rewrite ^/{name}\\.(c|d)$ /e\\ f break;"),
        };
        self.line(dice, &line);
    }

    /// What belongs everywhere.
    fn anywhere(&mut self, dice: &mut Dice) {
        let (name, value, other) = (self.name(), word(dice), plain(dice));
        let line = match dice.below(6) {
            0 => format!("add_header X-{name} {value} always;"),
            1 => format!("add_header X-{name}\n{value}\n;"),
            2 => format!("add_header \"X-{name}\" {other};"),
            3 => format!("add_header X-{name} {value}\talways ;"),
            4 => "error_page 404 405 \"/error#.html\";".into(),
            _ => format!("add_header X-{name} # why; {{\n {value};"),
        };
        self.line(dice, &line);
    }
}

/// A word without quotes.
fn plain(dice: &mut Dice) -> String {
    let word = *dice.roll(&[
        "abc",
        "/a/b.c",
        "a#b",
        "a\"b",
        "it's",
        "a}b",
        "$uri",
        "${uri}",
        "x${host}y$uri",
        "a\\ b",
        "a\\;b\\{",
        "\\\"a\\\"",
        "\\#",
        "a\\\\",
        "a=b,c&d",
        "<a>",
        "100%",
        "é€",
        "[a-z]+",
        "(a|b)",
        "*",
        "a\\\tb",
    ]);
    if dice.below(60) == 0 { word.to_owned() + "/" + &"x".repeat(4060 + dice.below(10)) } else { word.into() }
}

/// A word, in quotes or without.
fn word(dice: &mut Dice) -> String {
    if dice.below(3) == 0 {
        return plain(dice);
    }
    let quote = *dice.roll(&["\"", "\"", "'"]);
    let other = if quote == "\"" { "'" } else { "\"" };
    let mut word = String::from(quote);
    for _ in 0..dice.below(5) {
        word.push_str(&match dice.below(17) {
            0 => format!("\\{quote}"),
            1 => other.into(),
            2 => "; ".into(),
            3 => " { ".into(),
            4 => "}".into(),
            5 => " # ".into(),
            6 => "\\\\".into(),
            7 => "\\n".into(),
            8 => "$uri ".into(),
            9 => "${host}".into(),
            10 => "\n".into(),
            11 => "\\d{2,3}".into(),
            12 => "é\u{1f600}".into(),
            13 => "<b>".into(),
            _ => "ab".into(),
        });
    }
    if dice.below(60) == 0 {
        word.push_str(&"x".repeat(4060 + dice.below(10)));
    }
    word + quote
}
