//! The search language, asked through HTTP.

mod differential;
mod fleet;
mod language;
