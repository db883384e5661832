//! Reports that violate rules.

use super::bad::{Bad, bad};
use serde_json::{Value, json};

pub fn all() -> Vec<Bad> {
    let put = |(what, body, fields): (&'static str, Value, &'static [&'static str])| {
        bad(what, "PUT", "clusters/{cluster}/statuses").json(body).at(fields)
    };
    let post = bad("a report by POST", "POST", "nodepools/{pool}/statuses").json(json!({}));
    let mut all: Vec<Bad> = [fields(), conditions()].into_iter().flatten().map(put).collect();
    let endless = report("conditions", vec![json!({}); 50_000].into());
    all.push(bad("conditions without end", "PUT", "clusters/{cluster}/statuses").json(endless));
    all.push(post.at(&["adapter", "conditions", "observed_generation"]));
    all
}

/// Returns a valid report except that `field` is `value`.
fn report(field: &str, value: Value) -> Value {
    let mut report = json!({"adapter": "dns", "observed_generation": 1, "conditions": []});
    report[field] = value;
    report
}

fn fields() -> Vec<(&'static str, Value, &'static [&'static str])> {
    // The server's time is 03:04:05.678901.
    vec![
        ("null for an adapter", report("adapter", json!(null)), &["adapter"]),
        ("an empty adapter", report("adapter", json!(" ")), &["adapter"]),
        ("a number for an adapter", report("adapter", json!(1)), &["adapter"]),
        ("an endless adapter", report("adapter", json!("a".repeat(254))), &["adapter"]),
        ("a blank in an adapter", report("adapter", json!("dns adapter")), &["adapter"]),
        ("a slash in an adapter", report("adapter", json!("dns/adapter")), &["adapter"]),
        ("an umlaut in an adapter", report("adapter", json!("zürich")), &["adapter"]),
        ("a line break in an adapter", report("adapter", json!("a\nb")), &["adapter"]),
        ("generation 0", report("observed_generation", json!(0)), &["observed_generation"]),
        ("generation -1", report("observed_generation", json!(-1)), &["observed_generation"]),
        ("generation 1.5", report("observed_generation", json!(1.5)), &["observed_generation"]),
        ("a text for a generation", report("observed_generation", json!("1")), &["observed_generation"]),
        (
            "a generation beyond 64 bits",
            report("observed_generation", json!(u64::MAX)),
            &["observed_generation"],
        ),
        ("no time", report("observed_time", json!("yesterday")), &["observed_time"]),
        ("a time without zone", report("observed_time", json!("2026-01-02T03:04:05")), &["observed_time"]),
        ("a number for a time", report("observed_time", json!(1_767_323_045)), &["observed_time"]),
        ("31 minutes old", report("observed_time", json!("2026-01-02T02:33:05Z")), &["observed_time"]),
        ("6 minutes ahead", report("observed_time", json!("2026-01-02T03:10:06Z")), &["observed_time"]),
        (
            "a microsecond too old",
            report("observed_time", json!("2026-01-02T02:34:05.678900Z")),
            &["observed_time"],
        ),
        (
            "a microsecond ahead",
            report("observed_time", json!("2026-01-02T03:09:05.678902Z")),
            &["observed_time"],
        ),
        ("a list for data", report("data", json!([])), &["data"]),
        ("a text for metadata", report("metadata", json!("x")), &["metadata"]),
    ]
}

fn conditions() -> Vec<(&'static str, Value, &'static [&'static str])> {
    let of = |conditions: Value| report("conditions", conditions);
    let many: Vec<Value> = (0..101).map(|n| json!({"type": format!("T{n}"), "status": "True"})).collect();
    vec![
        ("no conditions", json!({"adapter": "dns", "observed_generation": 1}), &["conditions"]),
        ("null for conditions", of(json!(null)), &["conditions"]),
        ("an object for conditions", of(json!({})), &["conditions"]),
        ("101 conditions", of(json!(many)), &["conditions"]),
        ("a text for a condition", of(json!(["Available"])), &["conditions[0]"]),
        ("a condition of nothing", of(json!([{}])), &["conditions[0].status", "conditions[0].type"]),
        ("an empty type", of(json!([{"type": "", "status": "True"}])), &["conditions[0].type"]),
        ("a blank type", of(json!([{"type": " ", "status": "True"}])), &["conditions[0].type"]),
        (
            "a type twice",
            of(json!([{"type": "A", "status": "True"}, {"type": "A", "status": "True"}])),
            &["conditions[1].type"],
        ),
        ("another status", of(json!([{"type": "A", "status": "Maybe"}])), &["conditions[0].status"]),
        ("a status in lower case", of(json!([{"type": "A", "status": "true"}])), &["conditions[0].status"]),
        ("a boolean for a status", of(json!([{"type": "A", "status": true}])), &["conditions[0].status"]),
        (
            "a number for a reason",
            of(json!([{"type": "A", "status": "True", "reason": 1}])),
            &["conditions[0].reason"],
        ),
        (
            "a list for a message",
            of(json!([{"type": "A", "status": "True", "message": []}])),
            &["conditions[0].message"],
        ),
        (
            "no time in a condition",
            of(json!([{"type": "A", "status": "True", "created_at": "now"}])),
            &["conditions[0].created_at"],
        ),
    ]
}
