//! Lists: their envelope, order, pages, field selection and cursors.

mod cursors;
mod damaged;
mod envelopes;
mod fields;
mod large;
mod orders;
mod pages;

use crate::harness::TestApp;
use chrono::TimeDelta;
use serde_json::{Value, json};

/// Creates clusters `c-00`, `c-01`, … one second apart.
pub async fn clusters(app: &TestApp, count: usize) -> Vec<Value> {
    let mut all = Vec::new();
    for number in 0..count {
        all.push(app.a_cluster().named(&format!("c-{number:02}")).create().await);
        app.advance(TimeDelta::seconds(1));
    }
    all
}

/// Asserts the page number, the size and the total of a list.
#[track_caller]
pub fn numbers(body: &Value, page: u64, size: u64, total: u64) {
    let found = (&body["page"], &body["size"], &body["total"]);
    assert_eq!(found, (&json!(page), &json!(size), &json!(total)));
}
