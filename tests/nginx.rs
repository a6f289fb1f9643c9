//! nginx configuration as it is in the world: each file is read as the real nginx reads it.

use std::path::PathBuf;
use std::{env, fs};

use hoplint::source::{FileId, FileKind, Source};
use hoplint::syntax::nginx;

/// What the real nginx said of each file of a corpus: `HOPLINT_CORPUS` is a directory with `repos/` and
/// `nginx_status.jsonl`, one object a line with `path`, `template`, `verdict` and `line`.
#[test]
fn a_corpus_is_read_as_nginx_reads_it() {
    let Some(corpus) = env::var_os("HOPLINT_CORPUS") else {
        eprintln!("SKIPPED: HOPLINT_CORPUS does not name the corpus of public repositories");
        return;
    };
    let corpus = PathBuf::from(corpus);
    let status = fs::read_to_string(corpus.join("nginx_status.jsonl")).unwrap();
    let mut wrong = Vec::new();
    let (mut plain, mut templates, mut broken) = (0, 0, 0);
    for line in status.split_inclusive('\n') {
        let status: serde_json::Value = serde_json::from_str(line).unwrap();
        let path = status["path"].as_str().unwrap();
        let is_template = status["template"].as_array().is_some_and(|it| !it.is_empty());
        let refused = !is_template && status["verdict"] == "syntax-error";
        *(if is_template {
            &mut templates
        } else if refused {
            &mut broken
        } else {
            &mut plain
        }) += 1;
        let bytes = fs::read(corpus.join(path)).unwrap();
        let source = Source::new(path, FileKind::Nginx, bytes);
        let parsed = nginx::parse(FileId(0), &source.text);
        let lines: Vec<usize> = parsed.errors.iter().map(|it| source.position(it.span.start).0).collect();
        let expected: Vec<usize> =
            status["line"].as_u64().filter(|_| refused).into_iter().map(|it| it as usize).collect();
        if lines != expected {
            wrong.push(format!("{path}: expected errors at {expected:?}, found {:?}", parsed.errors));
        }
    }
    eprintln!("{plain} plain files, {templates} templates, {broken} that nginx refuses");
    assert_eq!(wrong, [""; 0]);
}
