//! The model tested by itself: hand-made tables, and properties that hold whatever happens.

mod coverage;
mod deletion;
mod invariants;
mod reports;
mod requests;
mod support;
mod worked_example;
mod writes;
