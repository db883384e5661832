//! The error that is reported if a request has several faults: a missing resource takes precedence over a malformed
//! body, since clients stop when they get 404.

use crate::harness::{Answer, TestApp};
use serde_json::json;

crate::engines![a_missing_resource_is_told_before_a_bad_body];

const MISSING: &str = "01997000-1234-7000-8000-000000000000";

async fn a_missing_resource_is_told_before_a_bad_body(app: TestApp) {
    for (method, path) in [
        ("PUT", format!("clusters/{MISSING}/statuses")),
        ("POST", format!("clusters/{MISSING}/statuses")),
        ("PUT", format!("nodepools/{MISSING}/statuses")),
        ("PATCH", format!("clusters/{MISSING}")),
        ("PATCH", format!("nodepools/{MISSING}")),
        ("POST", format!("clusters/{MISSING}/nodepools")),
        ("POST", format!("clusters/{MISSING}/force-delete")),
    ] {
        for body in ["", "{", "[]", r#"{"unknown": 1}"#] {
            let request = app.request(method, &path).header("content-type", "application/json");
            Answer::of(request.body(body)).await.problem(404, "HYPERFLEET-NTF-001");
        }
    }
    app.post("clusters", json!({"unknown": 1})).await.problem(400, "HYPERFLEET-VAL-000");
}
