//! How fast nginx configuration becomes a tree, and a tree of files a report: `cargo bench --bench nginx`.

#![allow(missing_docs, reason = "a benchmark")]

mod tree;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use hoplint::check::check;
use hoplint::config::Settings;
use hoplint::source::{FileId, FileKind, Source, Sources};
use hoplint::syntax::nginx;

fn main() {
    divan::main();
}

fn bytes(files: &[tree::File]) -> usize {
    files.iter().map(|file| file.text.len()).sum()
}

fn kind(path: &str) -> FileKind {
    match path.rsplit('.').next() {
        Some("py") => FileKind::Gunicorn,
        Some("service") => FileKind::Systemd,
        _ => FileKind::Nginx,
    }
}

/// Text to tree, on one core.
#[divan::bench(args = [10, 1_000, 10_000], sample_count = 10, sample_size = 1)]
fn parse(bencher: Bencher, sites: usize) {
    let mut files = tree::tree(sites);
    files.retain(|file| kind(&file.path) == FileKind::Nginx);
    bencher.counter(BytesCount::new(bytes(&files))).bench_local(|| {
        for file in &files {
            black_box(nginx::parse(FileId(0), black_box(&file.text)));
        }
    });
}

/// Texts to findings, on all cores: parsed, resolved, linked and judged.
#[divan::bench(args = [10, 1_000, 10_000], sample_count = 5, sample_size = 1)]
fn judge(bencher: Bencher, sites: usize) {
    let files = tree::tree(sites);
    let mut sources = Sources::default();
    for file in &files {
        sources.add(Source::new(file.path.as_str(), kind(&file.path), file.text.clone().into_bytes()));
    }
    let settings = Settings::default();
    bencher.counter(BytesCount::new(bytes(&files))).bench_local(|| black_box(check(&sources, &settings)));
}
