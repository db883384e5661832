//! How resources go: on request, when the adapters are done, or by force.

mod by_adapters;
mod forced;
mod requested;
