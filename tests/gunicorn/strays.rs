//! Names that are no settings: the real Gunicorns pass over them without a word, and take them once they are mended.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::model::AppFaultKind;

use crate::page::{Example, pages, without_markers};
use crate::real;
use crate::support::write;

/// The settings that a Gunicorn prints for a configuration file. It says nothing besides.
fn printed(program: &Path, file: &str) -> BTreeMap<String, String> {
    let directory = tempfile::tempdir().unwrap();
    write(&directory.path().join("app.py"), "def app(environ, start_response): pass\n");
    write(&directory.path().join("gunicorn.conf.py"), file);
    let mut command = Command::new(program);
    command
        .args(["--print-config", "app:app"])
        .current_dir(&directory)
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{file}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.split_inclusive('\n').filter_map(|line| line.trim_end().split_once(" = "));
    lines.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).collect()
}

fn text(example: &Example) -> String {
    without_markers(&example.blocks[0].text)
}

#[test]
fn names_that_are_no_settings_are_passed_over_without_a_word() {
    let programs = real::gunicorns();
    let pages = pages();
    let page = pages.iter().find(|page| page.rule.name == "gunicorn-unknown-setting").unwrap();
    let mut mended = 0;
    for bad in page.examples("Bad") {
        let report = check(&bad.sources(), &Settings::default());
        let faults = report.stacks.iter().flat_map(|stack| &stack.apps).flat_map(|app| &app.faults);
        let meant: Vec<&str> = faults
            .filter(|fault| fault.kind == AppFaultKind::UnknownSetting)
            .map(|fault| fault.setting.as_str())
            .collect();
        assert!(!meant.is_empty(), "{}", bad.title);
        // What nobody can tell the meaning of is not renamed.
        let fixed = page.examples("Fixed").iter().find(|it| it.title == bad.title);
        mended += usize::from(fixed.is_some());
        for (version, program) in &programs {
            let (nothing, before) = (printed(program, ""), printed(program, &text(bad)));
            let after = fixed.map(|fixed| printed(program, &text(fixed)));
            for name in &meant {
                let label = format!("{version}, {}: {name}", bad.title);
                assert_eq!(before[*name], nothing[*name], "{label}");
                assert!(after.as_ref().is_none_or(|after| after[*name] != nothing[*name]), "{label}");
            }
        }
    }
    assert!(mended > 3, "{mended} are mended");
}
