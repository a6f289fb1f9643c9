//! What all targets share: what must hold is said in `tests/sound.rs`, where the property tests ask for it as well.

#[path = "../tests/sound.rs"]
mod sound;

use std::sync::Once;

/// Hands an input to the part of hoplint with a name.
pub fn run(name: &str, data: &[u8]) {
    static ALONE: Once = Once::new();
    // Work in this thread alone: an input costs less than waking another.
    ALONE.call_once(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        pool.build_global().expect("nothing has used threads before");
    });
    let (_, holds) = sound::TARGETS.iter().find(|(it, _)| *it == name).expect("it is in the list");
    holds(data);
}
