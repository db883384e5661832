//! Cursors that the service did not issue.

use super::clusters;
use crate::harness::TestApp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

crate::engines![a_cursor_that_was_changed_is_refused];

async fn a_cursor_that_was_changed_is_refused(app: TestApp) {
    clusters(&app, 3).await;
    let far = json!(253_402_300_800_000_000_i64);
    for (order, bad) in [
        ("name", vec![json!([]), json!(["c-00"]), json!(["c-00", null, null]), json!(["c-00", "no id"])]),
        ("name", vec![json!([7, "id"]), json!([null, "id"]), json!(["a\0b", "id"]), json!([["c-00"], "id"])]),
        ("generation desc", vec![json!(["1", "id"]), json!([1.5, "id"]), json!([1]), json!([1, "id", "id"])]),
        ("updated_time", vec![json!([far, "id"]), json!([i64::MAX, "id"]), json!([i64::MIN, "id"])]),
        ("deleted_time", vec![json!([far, "id"]), json!(["never", "id"]), json!([null])]),
    ] {
        let parameters = [("order", order), ("size", "1")];
        let ask = async |cursor: &str| {
            app.list("clusters", &[&parameters[..], &[("cursor", cursor)]].concat()).await
        };
        let next = ask("").await.status(200).text_at("/next");
        ask(&next).await.status(200);
        let good: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&next).expect("base64url")).expect("a document");
        for mut keys in bad {
            for key in keys.as_array_mut().expect("keys") {
                if *key == "id" {
                    *key = good["k"].as_array().and_then(|keys| keys.last()).expect("an id").clone();
                }
            }
            let mut changed = good.clone();
            changed["k"] = keys;
            let answer = ask(&URL_SAFE_NO_PAD.encode(changed.to_string())).await;
            assert_eq!(answer.status, 400, "{order}, {}: {}", changed["k"], answer.text);
            answer.problem(400, "HYPERFLEET-VAL-005");
        }
    }
}
