//! Tests of the model itself: tables written by hand, and properties that hold in all cases.

mod coverage;
mod deletion;
mod invariants;
mod reports;
mod requests;
mod support;
mod worked_example;
mod writes;
