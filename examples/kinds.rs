//! throw-away
fn main() {
    let paths: Vec<std::path::PathBuf> = std::env::args().skip(1).map(Into::into).collect();
    if let Ok(found) = hoplint::discover::read(&paths) {
        for (_, s) in found.sources.iter() {
            println!("{:?} {}", s.kind, s.path);
        }
    }
}
