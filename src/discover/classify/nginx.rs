//! Whether a text is nginx configuration.

use std::path::Path;

use crate::directives;
use crate::source::FileId;
use crate::syntax::nginx::{Body, Item, parse};

const BLOCKS: [&str; 9] =
    ["server", "http", "events", "upstream", "location", "stream", "map", "types", "limit_except"];

/// After how many of nginx's statements and braces, and nothing else, a file is nginx's whatever follows.
const ENOUGH: u32 = 24;

/// The directive that tells, beside all that have a `_` in their names.
const LISTEN: &str = "listen";

/// Whether a text is nginx configuration: it opens one of nginx's blocks, or holds one of its telling directives, or, in a
/// file that is called like configuration, nothing but nginx's directives. Of all that stands at the places of directives
/// most has to be nginx's: documents and scripts hold pieces of nginx configuration too. Where no more than the path says
/// that it is nginx's, nginx has to take all of it: other programs have a `conf.d` and lines that end with a `;` as well.
pub(super) fn looks_like_nginx(path: &Path, name: &str, text: &str, said: bool) -> bool {
    let (mut telling, mut shapely, mut misshapen) = (false, 0, 0);
    let mut is_plain = true;
    for line in text.split_inclusive('\n') {
        let line = line.trim().trim_start_matches('\u{feff}');
        if line.is_empty() || line.starts_with('#') && !line.starts_with("#!/") {
            continue;
        }
        if is_foreign(line) {
            return false;
        }
        let end = line.bytes().position(|byte| matches!(byte, b' ' | b'\t' | b'{' | b';'));
        let first = &line[..end.unwrap_or(line.len())];
        let opens = || BLOCKS.contains(&first) && opens_as_it_takes(first, line);
        let block = || {
            line.ends_with('{') && opens() && !line.contains(['(', '='])
                || first == "location" && line.contains('{')
        };
        let inline = || line.contains('{') && line.contains(';') && opens() && !line.contains("= {");
        let rows = directives::named(first);
        let tells = || first == LISTEN || first.contains('_') && !rows.is_empty();
        let directive = || line.contains(';') && tells() && line.len() > first.len() + 1;
        telling = telling || block() || inline() || directive();
        // What a template engine does says nothing of the language around it.
        let is_tag = || ["{%", "{#", "{{", "<%"].iter().any(|mark| line.starts_with(mark));
        if line.starts_with(['{', '<']) && is_tag() {
            continue;
        }
        is_plain = is_plain && (line == "}" || is_statement(line, first, rows));
        let shape = line.ends_with([';', '{', '}']) || line.contains("; #");
        (shapely, misshapen) = (shapely + u32::from(shape), misshapen + u32::from(!shape));
        if telling && is_plain && shapely >= ENOUGH {
            return true;
        }
    }
    let is_called_so =
        Path::new(name).extension().is_some_and(|it| matches!(it.to_str(), Some("conf" | "inc" | "include")));
    // Where each line is one of nginx's statements, counting them says no more.
    if telling && is_plain {
        return true;
    }
    let weak = said && shapely > misshapen;
    if telling || weak {
        let beginning = beginning(text);
        let tally = Tally::of(beginning);
        // A document or a script may go on with a piece of nginx configuration.
        let begins = tally.begins || is_called_like_nginxs(path, name);
        if telling && begins && tally.known >= tally.foreign.max(1) {
            return true;
        }
        // Where the text goes on, what is read of it ends in the middle of something.
        let is_cut = beginning.len() < text.len();
        if weak && tally.is_whole(is_cut) {
            return true;
        }
    }
    is_called_so && holds_directives_alone(text)
}

/// Whether a line is an INI section, begins an Apache block, or is a shebang or a `FROM`: these belong to something else.
fn is_foreign(line: &str) -> bool {
    let is_one_word = || !line.contains(' ') || line.contains("{{") || line.contains("<%");
    match line.as_bytes().first() {
        Some(b'[') => line.ends_with(']') && is_one_word(),
        Some(b'<') => line.starts_with("<VirtualHost"),
        Some(b'#') => line.starts_with("#!/"),
        Some(b'F') => line.starts_with("FROM "),
        _ => false,
    }
}

/// As much of a text as tells what it is: reading one takes much longer than looking at its lines.
fn beginning(text: &str) -> &str {
    const MOST: usize = 1 << 20;
    let end = (0..=MOST.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or_default()]
}

/// Whether a line is a statement of nginx's as a whole, as far as its words show.
fn is_statement(line: &str, name: &str, rows: &[directives::Directive]) -> bool {
    let (words, is_block) = match (line.strip_suffix(';'), line.strip_suffix('{')) {
        (Some(words), _) => (words, false),
        (_, Some(words)) => (words, true),
        _ => return false,
    };
    let fits = |row: &directives::Directive| {
        let has_its_number = || row.arguments.takes(words.split_ascii_whitespace().count() - 1);
        row.is_block == is_block && (name.contains('_') || has_its_number())
    };
    // What stands in quotes is a word's own.
    let mut quoted = false;
    let ends = words.bytes().any(|byte| {
        quoted ^= matches!(byte, b'"' | b'\'');
        !quoted && matches!(byte, b';' | b'{' | b'}')
    });
    !ends && rows.iter().any(fits)
}

/// Whether files of such a name, or in such a directory, are seldom anything but configuration.
fn is_called_like_nginxs(path: &Path, name: &str) -> bool {
    const EXTENSIONS: [&str; 9] =
        ["conf", "inc", "include", "vhost", "ngx", "nginx", "nginxconf", "site", "server"];
    let parent = path.parent().and_then(Path::file_name).and_then(|it| it.to_str());
    let extension = Path::new(name).extension().and_then(|it| it.to_str());
    extension.is_some_and(|it| EXTENSIONS.contains(&it))
        || matches!(parent, Some("sites-enabled" | "sites-available" | "vhost.d"))
}

/// What stands at the places of directives.
#[derive(Default)]
struct Tally {
    /// How many of these are nginx's, or a module's that is known.
    known: usize,
    /// How many are not.
    foreign: usize,
    /// Whether the first of all is nginx's.
    begins: bool,
    /// Whether there is something that nginx does not read as a directive at all.
    has_errors: bool,
}

impl Tally {
    fn of(text: &str) -> Tally {
        let parsed = parse(FileId(0), text);
        let mut tally = Tally { has_errors: !parsed.errors.is_empty(), ..Tally::default() };
        tally.count(&parsed.tree.items);
        tally
    }

    fn is_whole(&self, is_cut: bool) -> bool {
        self.known > 0 && self.foreign == 0 && (is_cut || !self.has_errors)
    }

    fn count(&mut self, items: &[Item]) {
        // What stands in these is data.
        const TABLES: [&str; 6] = ["map", "geo", "types", "split_clients", "charset_map", "match"];
        for item in items {
            let Item::Directive(directive) = item else { continue };
            let name = directive.name();
            // A template engine may give a name, or many arguments for one word.
            let fills = directive.words.iter().any(|word| word.template);
            let is_block = !matches!(directive.body, Body::Simple);
            let fits = |row: &directives::Directive| {
                let count = directive.arguments().len();
                row.is_block == is_block && (fills || name.contains('_') || row.arguments.takes(count))
            };
            let is_name_filled_in = directive.words.first().is_some_and(|word| word.template);
            if directive.rows().iter().any(fits) || directives::is_third_party(name) {
                self.begins |= self.foreign == 0;
                self.known += 1;
            } else if !is_name_filled_in {
                self.foreign += 1;
            }
            if !TABLES.contains(&name) {
                self.count(directive.items());
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_statement_or_is_counted_with_the_rest() {
        for (line, expected) in [
            ("listen 80;", true),
            ("location /static/ {", true),
            ("add_header Content-Security-Policy \"default-src 'self'; img-src *\";", true),
            ("log_format main '{';", true),
            // It goes on, holds more than one, or is none as nginx takes them.
            ("listen 80", false),
            ("server { listen 80; }", false),
            ("listen 80; root /srv;", false),
            ("listen 80 {", false),
            ("location;", false),
            ("root a b;", false),
            ("worker 30;", false),
            ("", false),
        ] {
            let name = line.split([' ', '{', ';']).next().unwrap();
            assert_eq!(is_statement(line, name, directives::named(name)), expected, "{line}");
        }
    }
}
