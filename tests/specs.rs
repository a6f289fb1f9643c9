//! The pages of the rules, executed: what is bad fires where it is marked, is mended as shown, and what is good is silent.

use std::collections::BTreeSet;
use std::path::Path;

use hoplint::check::{Report, check};
use hoplint::config::{Settings, Truth};
use hoplint::edit::Applicability;
use hoplint::finding::Severity;
use hoplint::fix::fix;
use hoplint::rules::Fixable;
use hoplint::source::Sources;

use crate::page::{Example, Page, pages, without_markers};
use crate::support::{found, read, refusals, write};

fn settings() -> Settings {
    Settings { show: Severity::Note, ..Settings::default() }
}

fn checked(example: &Example) -> (Sources, Report) {
    let sources = example.sources();
    let report = check(&sources, &settings());
    (sources, report)
}

/// What a page shows of examples whose app is mended where the proxy is the truth. All others are mended as they are otherwise.
const FIXED_AT_APP: &str = "Fixed, truth = \"proxy\"";

/// Runs something for every example below a heading, and tells all that is wrong at once.
fn each(heading: &str, judge: impl Fn(&Page, &Example) -> Result<(), String>) {
    let mut wrong = Vec::new();
    for page in pages() {
        for example in page.examples(heading) {
            if let Err(why) = judge(&page, example) {
                wrong.push(format!("{}, {heading}, {}: {why}", page.rule.name, example.title));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn every_page_has_its_sections() {
    for page in pages() {
        let name = page.rule.name;
        let expected = match page.rule.fix {
            Fixable::Never => vec!["Why", "Bad", "Good", "What to do"],
            Fixable::Sometimes | Fixable::Always => vec!["Why", "Bad", "Fixed", "Good", "Fix safety"],
        };
        let headings: Vec<&str> = page.sections.iter().map(|section| section.heading.as_str()).collect();
        let of_app_alone: Vec<&str> = headings.iter().copied().filter(|it| *it != FIXED_AT_APP).collect();
        assert_eq!(of_app_alone, expected, "{name}");
        if let Some(at) = headings.iter().position(|it| *it == FIXED_AT_APP) {
            assert_eq!(headings[at - 1], "Fixed", "{name}");
        }
        let summary = page.head.strip_prefix(&format!("# {name}\n\n")).map(str::trim_end);
        assert!(
            summary.is_some_and(|it| it.ends_with('.') && !it.contains('\n')),
            "{name}: a title, a sentence"
        );
        for section in &page.sections {
            let (examples, prose) = (!section.examples.is_empty(), !section.prose.trim().is_empty());
            assert!(examples || prose, "{name}: {} is empty", section.heading);
            for example in &section.examples {
                assert!(!example.blocks.is_empty(), "{name}: {} has no file", example.title);
            }
        }
        assert!(!page.examples("Bad").is_empty() && !page.examples("Good").is_empty(), "{name}");
        assert!(page.rule.page.contains(page.rule.outcome), "{name} does not say what is seen");
    }
}

#[test]
fn what_is_bad_fires_where_it_is_marked_and_nowhere_else() {
    each("Bad", |page, example| {
        let (sources, report) = checked(example);
        let (found, expected) = (found(&report, &sources), example.markers());
        let about_this = expected.iter().any(|line| line.contains(page.rule.name));
        if found != expected || !about_this {
            return Err(format!("found    {found:?}\nexpected {expected:?}"));
        }
        for finding in report.findings.iter().filter(|finding| finding.rule == page.rule.name) {
            if finding.severity > page.rule.severity {
                return Err(format!("is worse than its rule says: {finding:?}"));
            }
            if page.rule.fix == Fixable::Always && finding.fix.is_none()
                || page.rule.fix == Fixable::Never && finding.fix.is_some()
            {
                return Err(format!("the fix of the rule is said to be {:?}", page.rule.fix));
            }
        }
        Ok(())
    });
}

#[test]
fn what_is_good_is_silent_under_all_rules() {
    each("Good", |_, example| {
        let (sources, report) = checked(example);
        let found = found(&report, &sources);
        if found.is_empty() { Ok(()) } else { Err(format!("found {found:?}")) }
    });
}

#[test]
fn what_is_bad_is_mended_as_shown() {
    for page in pages() {
        let titles: BTreeSet<&str> = page.examples("Bad").iter().map(|it| it.title.as_str()).collect();
        for fixed in page.examples("Fixed").iter().chain(page.examples(FIXED_AT_APP)) {
            assert!(titles.contains(fixed.title.as_str()), "{}: no bad {}", page.rule.name, fixed.title);
        }
        assert!(page.rule.fix == Fixable::Never || !page.examples("Fixed").is_empty(), "{}", page.rule.name);
    }
    each("Bad", |page, example| {
        let shown = |heading| page.examples(heading).iter().find(|fixed| fixed.title == example.title);
        let (fixed, at_app) = (shown("Fixed"), shown(FIXED_AT_APP));
        is_mended(page.rule.name, example, fixed, Truth::App)?;
        is_mended(page.rule.name, example, at_app.or(fixed), Truth::Proxy)
            .map_err(|why| format!("with truth = \"proxy\" {why}"))
    });
}

/// Whether fixing an example makes it what is shown as fixed (nothing, where nothing is shown) and no worse.
fn is_mended(rule: &str, example: &Example, fixed: Option<&Example>, truth: Truth) -> Result<(), String> {
    let settings = || Settings { truth, ..settings() };
    let before = example.sources();
    let report = check(&before, &settings());
    // What is shown as fixed and cannot be so safely is fixed on request.
    let own = report.findings.iter().filter(|finding| finding.rule == rule);
    let mut fixes = own.filter_map(|finding| finding.fix.as_ref()).peekable();
    let on_request = fixes.peek().is_some() && fixes.all(|fix| fix.applicability == Applicability::Unsafe);
    let most = match fixed.is_some() && on_request {
        true => Applicability::Unsafe,
        false => Applicability::Safe,
    };
    let outcome = fix(&before, &settings(), most);
    for (id, source) in before.iter() {
        let shown = fixed.and_then(|it| it.blocks.iter().find(|block| block.path == source.path));
        let now = &outcome.sources.get(id).text;
        let (now, expected) = match shown {
            Some(block) => (without_markers(now), block.text.clone()),
            None => (now.clone(), source.text.clone()),
        };
        if now != expected {
            return Err(format!("{} is not as shown, but\n{now}", source.path));
        }
        if shown.is_some() && outcome.sources.get(id).text == source.text {
            return Err(format!("{} is shown as fixed, and is as it was", source.path));
        }
    }
    let Some(fixed) = fixed else { return Ok(()) };
    if let Some(stray) = fixed.blocks.iter().find(|block| before.by_path(&block.path).is_none()) {
        return Err(format!("{} is shown as fixed, and was not there", stray.path));
    }
    let after = check(&outcome.sources, &settings());
    if let Some(left) = after.findings.iter().find(|finding| finding.rule == rule) {
        return Err(format!("is found after the fix: {}", left.message));
    }
    let rules = |report: &Report| report.findings.iter().map(|it| it.rule).collect::<BTreeSet<_>>();
    if !rules(&after).is_subset(&rules(&report)) || refusals(&after) > refusals(&report) {
        return Err(format!("the fix brings {:?}", found(&after, &outcome.sources)));
    }
    let again = fix(&outcome.sources, &settings(), most);
    if again.changed(&outcome.sources).is_empty() {
        Ok(())
    } else {
        Err("a second fix changes it again".into())
    }
}

#[test]
fn the_files_of_the_pages_are_found_for_what_they_are() {
    for page in pages() {
        for section in &page.sections {
            for example in &section.examples {
                let directory = tempfile::tempdir().unwrap();
                for block in &example.blocks {
                    write(&directory.path().join(&block.path), &block.text);
                }
                let (sources, _) = read(directory.path());
                for block in &example.blocks {
                    let ends = |path: &str| Path::new(path).ends_with(&block.path);
                    let kind = sources.iter().find(|(_, it)| ends(&it.path)).map(|(_, it)| it.kind);
                    let is_module = sources.modules().any(|(path, _)| ends(path));
                    assert_eq!(
                        (kind, is_module),
                        (block.kind, block.kind.is_none()),
                        "{}, {}: {}",
                        page.rule.name,
                        example.title,
                        block.path
                    );
                }
            }
        }
    }
}
