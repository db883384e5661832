//! The search language over HTTP.

mod differential;
mod fleet;
mod language;
