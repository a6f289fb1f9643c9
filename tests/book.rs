//! The documentation: its links lead somewhere, its configurations are taken, and its commands print what it says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hoplint::config::{File, read as configuration};
use hoplint::rules::RULES;

use crate::cli::{copy_of, hoplint};
use crate::support::{names_in, root};

/// A fenced block.
struct Block {
    /// `README.md:12`.
    place: String,
    /// What stands behind the fence.
    info: String,
    lines: Vec<String>,
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn is_page(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it == "md")
}

/// All pages, seen from the root: those of the book, those of the rules, and those beside them.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = vec!["README.md".into(), "CHANGELOG.md".into()];
    for directory in ["docs", "rules"] {
        let names = names_in(&root().join(directory)).into_iter().filter(|name| is_page(name));
        pages.extend(names.map(|name| Path::new(directory).join(name)));
    }
    pages
}

/// A page cut up: its lines outside of fenced blocks with their numbers, and the blocks.
fn cut(page: &Path) -> (Vec<(usize, String)>, Vec<Block>) {
    let (mut prose, mut blocks) = (Vec::new(), Vec::new());
    let mut open: Option<Block> = None;
    for (at, line) in read(&root().join(page)).split_inclusive('\n').enumerate() {
        let line = line.trim_end_matches('\n').to_owned();
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.lines.push(line),
            (None, Some(info)) => {
                let place = format!("{}:{}", page.display(), at + 1);
                open = Some(Block { place, info: info.into(), lines: Vec::new() });
            }
            (None, None) => prose.push((at + 1, line)),
        }
    }
    assert!(open.is_none(), "{}: a block is not closed", page.display());
    (prose, blocks)
}

fn blocks(language: &str) -> Vec<Block> {
    let of_language = |block: &Block| block.info.split(' ').next() == Some(language);
    pages().iter().flat_map(|page| cut(page).1).filter(of_language).collect()
}

/// The targets of the links in some line.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The anchors of a page, as mdBook and forges make them of its headings.
fn anchors(page: &Path) -> BTreeSet<String> {
    let (prose, _) = cut(page);
    let headings = prose.iter().filter(|(_, line)| line.starts_with('#'));
    let anchor = |heading: &str| -> String {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(|(_, line)| anchor(line)).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for page in pages() {
        let directory = page.parent().unwrap();
        for (at, line) in cut(&page).0 {
            for link in links(&line).filter(|link| !link.contains("://")) {
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = if path.is_empty() { page.clone() } else { directory.join(path) };
                // What leads out of docs/ leads out of the book. The rules are in it by a link.
                let stays = page.starts_with("docs") <= !path.starts_with("../");
                let is_there = stays && root().join(&target).exists();
                if !is_there || !anchor.is_empty() && !anchors(&target).contains(anchor) {
                    wrong.push(format!("{}:{at}: {link}", page.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_book_has_every_page_once() {
    let summary = read(&root().join("docs/SUMMARY.md"));
    let listed: Vec<&str> = links(&summary).collect();
    let rules: Vec<String> = RULES.iter().map(|rule| format!("rules/{}.md", rule.name)).collect();
    let listed_rules: Vec<&str> = listed.iter().filter(|it| it.starts_with("rules/")).copied().collect();
    assert_eq!(listed_rules, rules, "docs/SUMMARY.md does not list the rules as they are");
    let own: BTreeSet<String> = names_in(&root().join("docs"))
        .into_iter()
        .filter(|name| is_page(name) && name != "SUMMARY.md")
        .chain(rules)
        .collect();
    assert_eq!(listed.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), own);
    assert_eq!(listed.len(), own.len(), "a page stands twice in docs/SUMMARY.md");
}

#[test]
fn the_book_lists_the_rules_as_they_are() {
    let mut expected = String::new();
    let mut categories: Vec<_> = RULES.iter().map(|rule| rule.category).collect();
    categories.sort_unstable();
    categories.dedup();
    for category in categories {
        expected += &format!("\n## {}\n\n| rule | severity | outcome | fix | what |\n", category.name());
        expected += "|---|---|---|---|---|\n";
        for rule in RULES.iter().filter(|rule| rule.category == category) {
            let (name, severity, fix) = (rule.name, rule.severity.name(), rule.fix.name());
            expected += &format!(
                "| [{name}](rules/{name}.md) | {severity} | {} | {fix} | {} |\n",
                rule.outcome, rule.summary
            );
        }
    }
    let page = read(&root().join("docs/rules.md"));
    let from = page.find("\n## ").unwrap_or(page.len());
    assert!(page[from..] == expected, "docs/rules.md should go on so:\n{expected}");
}

#[test]
fn the_configurations_are_taken() {
    let blocks = blocks("toml");
    assert!(blocks.len() > 3);
    for block in blocks {
        let text = block.lines.join("\n");
        let file = if text.contains("[tool.hoplint") { File::Pyproject } else { File::Hoplint };
        let read = configuration(file, &block.place, &text);
        assert!(matches!(read, Ok(Some(_))), "{}: {read:?}", block.place);
    }
}

/// The commands of a block of the terminal.
fn commands(block: &Block) -> impl Iterator<Item = &str> {
    block.lines.iter().filter_map(|line| line.strip_prefix("$ "))
}

#[test]
fn the_options_are_there() {
    let here = root();
    let mut told = 0;
    for language in ["console", "sh", "yaml"] {
        for block in blocks(language) {
            for line in &block.lines {
                let line = line.split(" #").next().unwrap_or_default();
                let Some(at) = line.find("hoplint ") else { continue };
                let end = line[at..].find(['|', '>', '&', '"']).map_or(line.len(), |end| at + end);
                let words: Vec<&str> = line[at..end].split_whitespace().skip(1).collect();
                let Some(command) = words.first().filter(|word| word.bytes().all(|b| b.is_ascii_lowercase()))
                else {
                    continue;
                };
                let help = hoplint(here, &[command, "--help"]);
                if help.status != Some(0) {
                    continue;
                }
                told += 1;
                for option in words.iter().filter(|word| word.starts_with("--")) {
                    let name = option.split('=').next().unwrap_or_default();
                    let is_there = help.stdout.split_whitespace().any(|word| word == name);
                    assert!(is_there, "{}: `hoplint {command}` has no {name}", block.place);
                }
            }
        }
    }
    assert!(told > 20, "{told} commands");
}

/// Whether lines are as a pattern says: `...` is any lines, `[..]` is anything in a line.
fn matches(pattern: &[String], lines: &[&str]) -> bool {
    match (pattern, lines) {
        ([], lines) => lines.is_empty(),
        ([any, rest @ ..], lines) if any == "..." => (0..=lines.len()).any(|at| matches(rest, &lines[at..])),
        ([first, rest @ ..], [line, lines @ ..]) => is_like(first, line) && matches(rest, lines),
        _ => false,
    }
}

fn is_like(pattern: &str, line: &str) -> bool {
    match pattern.split_once("[..]") {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| is_like(after, &rest[at..]))
        }),
    }
}

/// What one bash says to each of some commands, in a copy of a stack that is a git repository.
fn answers(stack: &str, commands: &[&str]) -> Vec<String> {
    let directory = copy_of(stack);
    let program = Path::new(env!("CARGO_BIN_EXE_hoplint")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut script = "exec 2>&1\ngit init -q && git add -A && git commit -q -m start\nstatus=0\n".to_owned();
    for command in commands {
        script += &format!("(exit $status)\n{command}\nstatus=$?; printf '\\036'\n");
    }
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).current_dir(directory.path()).stdin(Stdio::null()).env("PATH", path);
    bash.env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C.UTF-8");
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS"] {
        bash.env_remove(variable);
    }
    for role in ["AUTHOR", "COMMITTER"] {
        bash.env(format!("GIT_{role}_NAME"), "a").env(format!("GIT_{role}_EMAIL"), "a@example.org");
    }
    let output = bash.output().unwrap();
    let mut answers: Vec<String> =
        String::from_utf8(output.stdout).unwrap().split('\x1e').map(ToOwned::to_owned).collect();
    answers.pop();
    answers
}

#[test]
fn commands_print_what_is_shown() {
    let (mut run, mut wrong) = (0, Vec::new());
    for block in blocks("console") {
        let Some(stack) = block.info.split(' ').find_map(|word| word.strip_prefix("in=")) else { continue };
        let commands: Vec<&str> = commands(&block).collect();
        let answers = answers(stack, &commands);
        assert_eq!(answers.len(), commands.len(), "{}: bash stopped", block.place);
        let shown = block.lines.split(|line| line.starts_with("$ ")).skip(1);
        for ((command, answer), shown) in commands.iter().zip(&answers).zip(shown) {
            run += 1;
            let lines: Vec<&str> = answer.split_terminator('\n').collect();
            if !matches(shown, &lines) {
                wrong.push(format!("{}: $ {command}\n{answer}", block.place));
            }
        }
    }
    assert!(run > 20, "{run} commands");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
