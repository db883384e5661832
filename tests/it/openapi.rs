//! The served document, and whether answers are what it says.

mod answers;
mod schemas;

#[test]
fn the_checked_in_document_is_the_one_that_is_served() {
    let checked_in = include_str!("../../api/openapi.json");
    let command = "cargo run -- openapi > api/openapi.json";
    assert!(checked_in == api::openapi::document_json(), "api/openapi.json is not current: run `{command}`");
}
