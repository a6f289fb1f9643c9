//! Writes a generated tree: `cargo bench --bench generate -- DIRECTORY SITES`.

#![allow(missing_docs, reason = "a benchmark")]

mod tree;

use std::path::Path;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    // Whoever runs all benchmarks writes nothing.
    let [directory, sites] = arguments.as_slice() else { return Ok(()) };
    let sites = sites.parse().map_err(std::io::Error::other)?;
    for file in tree::tree(sites) {
        let path = Path::new(directory).join(&file.path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, file.text)?;
    }
    Ok(())
}
