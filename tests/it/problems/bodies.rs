//! Bodies that cannot be parsed.

use super::bad::{Bad, bad};
use serde_json::json;

const MALFORMED: &str = "HYPERFLEET-VAL-006";

pub fn all() -> Vec<Bad> {
    let mut all = Vec::new();
    for (what, body) in texts() {
        all.push(bad(what, "POST", "clusters").body(body.clone()).is(400, MALFORMED));
    }
    for (what, body) in texts().into_iter().take(4) {
        all.push(bad(what, "PATCH", "clusters/{cluster}").body(body.clone()).is(400, MALFORMED));
        all.push(bad(what, "PUT", "clusters/{cluster}/statuses").body(body.clone()).is(400, MALFORMED));
        all.push(bad(what, "POST", "nodepools/{pool}/force-delete").body(body).is(400, MALFORMED));
    }
    let good = || json!({"name": "gamma", "spec": {}});
    all.extend([
        bad("plain text", "POST", "clusters")
            .json(good())
            .header("content-type", "text/plain")
            .is(415, MALFORMED),
        bad("a form", "PATCH", "clusters/{cluster}")
            .json(good())
            .header("content-type", "application/x-www-form-urlencoded")
            .is(415, MALFORMED),
        bad("no media type", "POST", "clusters")
            .json(good())
            .header("content-type", "json")
            .is(415, MALFORMED),
        bad("a compressed body", "POST", "clusters")
            .json(good())
            .header("content-encoding", "gzip")
            .is(415, MALFORMED),
        bad("more than 1 MiB", "POST", "clusters").body(vec![b' '; 1024 * 1024 + 1]).is(413, MALFORMED),
        bad("no body", "POST", "clusters").is(400, MALFORMED),
    ]);
    all
}

/// Returns texts that are not JSON, that parsers interpret differently, or that cannot be stored.
fn texts() -> Vec<(&'static str, Vec<u8>)> {
    let in_spec = |inner: &str| format!(r#"{{"name":"gamma","spec":{{"x":{inner}}}}}"#).into_bytes();
    let deep = |levels: usize| ["[".repeat(levels), "]".repeat(levels)].concat();
    vec![
        ("an empty body", b"".to_vec()),
        ("half a document", br#"{"name":"gamma","#.to_vec()),
        ("bytes behind the document", br#"{"name":"gamma","spec":{}}{}"#.to_vec()),
        ("a list", b"[]".to_vec()),
        ("white space", b" \n\t ".to_vec()),
        ("null", b"null".to_vec()),
        ("a text", b"\"gamma\"".to_vec()),
        ("no JSON", b"name: gamma".to_vec()),
        ("NUL in a text", in_spec(r#""a\u0000b""#)),
        ("NUL in a key", in_spec(r#"{"a\u0000":1}"#)),
        ("a raw NUL", in_spec("\"a\0b\"")),
        ("a lone high surrogate", in_spec(r#""\ud800""#)),
        ("a lone low surrogate", in_spec(r#""\udc00x""#)),
        ("invalid UTF-8", [br#"{"name":"gamma","spec":{"x":""#.as_slice(), b"\xff\xfe", b"\"}}"].concat()),
        ("a key twice", br#"{"name":"gamma","name":"delta","spec":{}}"#.to_vec()),
        ("a key twice below", in_spec(r#"{"a":1,"a":1}"#)),
        // The body and the spec are two levels, so 63 more exceed the limit by one.
        ("nesting of 65 levels", in_spec(&deep(63))),
        ("nesting without end", in_spec(&"[".repeat(100_000))),
        ("a number beyond a double", in_spec("1e400")),
        ("a negative number beyond a double", in_spec("-1e400")),
        ("an integer beyond a double", in_spec(&"9".repeat(400))),
        ("NaN", in_spec("NaN")),
        ("a byte order mark and nothing else", b"\xef\xbb\xbf".to_vec()),
    ]
}
