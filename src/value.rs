//! Values that configuration speaks of, as the programs understand them.
//!
//! Each program reads times and sizes in its own way, so a parser names its program ([`Duration::from_nginx`]).

mod duration;
mod endpoint;
mod few;
mod globs;
mod names;
mod near;
mod possible;
mod size;
mod stage;

pub use duration::Duration;
pub use endpoint::{Endpoint, Host, Reach, normalize_path};
pub use few::Few;
pub use globs::Globs;
pub use names::Names;
pub use near::{distance, nearest};
pub use possible::{Possible, either};
pub use size::Size;
pub use stage::{environment, is_not_for_users};
