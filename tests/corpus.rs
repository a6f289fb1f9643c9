//! Whole stacks: those of corpus/, each with its expected findings, and any collection of repositories that
//! HOPLINT_CORPUS names.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hoplint::check::check;
use hoplint::edit::Applicability;
use hoplint::fix::fix;
use rayon::prelude::*;

use crate::real::corpus;
use crate::sound::assert_tiled;
use crate::support::{files_below, found, names_in, read, refusals, root};

/// The stacks of corpus/.
pub(crate) fn stacks() -> Vec<PathBuf> {
    let corpus = root().join("corpus");
    names_in(&corpus).iter().map(|name| corpus.join(name)).collect()
}

#[test]
fn each_stack_has_the_findings_that_are_expected() {
    let mut wrong = Vec::new();
    for stack in stacks() {
        let (sources, settings) = read(&stack);
        let prefix = format!(" corpus/{}/", stack.file_name().unwrap().to_str().unwrap());
        let report = check(&sources, &settings);
        let found: String =
            found(&report, &sources).iter().map(|line| line.replacen(&prefix, " ", 1) + "\n").collect();
        let expected = std::fs::read_to_string(stack.join("expected.txt")).unwrap();
        if found != expected {
            wrong.push(format!("{}\nfound:\n{found}expected:\n{expected}", stack.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_stack_is_settled_after_one_fix() {
    for stack in stacks() {
        let (sources, settings) = read(&stack);
        settles(&sources, &settings, &stack.display().to_string());
    }
}

fn settles(sources: &hoplint::source::Sources, settings: &hoplint::config::Settings, name: &str) {
    let before = check(sources, settings);
    let outcome = fix(sources, settings, Applicability::Safe);
    let after = check(&outcome.sources, settings);
    assert!(outcome.withdrawn.is_empty(), "{name}: {:?}", outcome.withdrawn);
    assert!(refusals(&after) <= refusals(&before), "{name}: the fix brings a syntax error");
    assert!(
        after.findings.len() + outcome.applied.len() <= before.findings.len(),
        "{name}: not fewer findings"
    );
    let safe = |finding: &&hoplint::finding::Finding| {
        finding.fix.as_ref().is_some_and(|fix| fix.applicability == Applicability::Safe)
    };
    assert!(!after.findings.iter().any(|finding| safe(&finding)), "{name}: safe fixes are left");
    let again = fix(&outcome.sources, settings, Applicability::Safe);
    assert!(again.changed(&outcome.sources).is_empty(), "{name}: a second fix changes it again");
}

#[test]
fn the_case_study_is_mended_into_its_twin() {
    let (ill, well) = (root().join("corpus/case-study"), root().join("corpus/case-study-mended"));
    let names = |stack: &Path| -> Vec<PathBuf> {
        files_below(stack).iter().map(|file| file.strip_prefix(stack).unwrap().to_owned()).collect()
    };
    assert_eq!(names(&ill), names(&well));
    let (sources, settings) = read(&ill);
    let outcome = fix(&sources, &settings, Applicability::Safe);
    assert_eq!(outcome.changed(&sources).len(), 1, "all three mistakes are mended in nginx's file");
    for name in names(&ill) {
        let file = sources.by_path(&format!("corpus/case-study/{}", name.display()));
        let mended = file.map(|id| outcome.sources.get(id).bytes().to_vec());
        let mended = mended.unwrap_or_else(|| std::fs::read(ill.join(&name)).unwrap());
        if name != Path::new("expected.txt") {
            let (mended, twin) =
                (String::from_utf8_lossy(&mended), std::fs::read_to_string(well.join(&name)));
            assert_eq!(mended, twin.unwrap(), "{}", name.display());
        }
    }
}

/// What the program says of a repository, run with so many threads.
fn run(repository: &Path, threads: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hoplint"))
        .args(["check", "--format", "json", "."])
        .current_dir(repository)
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .unwrap()
}

#[test]
fn public_repositories_are_read_without_harm() {
    let Some(corpus) = corpus() else { return };
    let repositories: Vec<PathBuf> = names_in(&corpus.join("repos"))
        .iter()
        .map(|name| corpus.join("repos").join(name))
        .filter(|path| path.is_dir())
        .collect();
    assert!(!repositories.is_empty(), "{} holds no repositories", corpus.display());
    let wrong: Vec<String> =
        repositories.par_iter().filter_map(|repository| is_read_without_harm(repository).err()).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn is_read_without_harm(repository: &Path) -> Result<(), String> {
    let name = repository.display();
    let output = run(repository, "1");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0 | 1) => {}
        Some(2) if message.contains("nothing to lint") => return Ok(()),
        status => return Err(format!("{name}: {status:?}: {message}")),
    }
    let again = run(repository, "4");
    if (again.status, &again.stdout) != (output.status, &output.stdout) {
        return Err(format!("{name}: four threads see something else than one"));
    }
    let (sources, settings) = read(repository);
    for (_, source) in sources.iter() {
        assert_tiled(source.kind, &source.text, &source.path);
    }
    settles(&sources, &settings, &name.to_string());
    Ok(())
}
