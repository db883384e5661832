//! Deletion: on request, on the adapters' reports, and by force.

mod by_adapters;
mod forced;
mod requested;
