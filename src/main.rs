//! The program: everything is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Large trees take millions of small pieces of memory, on all cores at once.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    hoplint::cli::run()
}
