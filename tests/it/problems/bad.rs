//! A bad request and the expected error.

use crate::harness::{Answer, TestApp, report};
use serde_json::{Value, json};

/// Words that no response may contain, because they would reveal implementation details.
const INNER_WORDS: [&str; 18] = [
    "sqlite",
    "postgres",
    "sqlx",
    "sea_orm",
    "sea-orm",
    "select ",
    "insert ",
    "update \"",
    "adapter_statuses",
    "node_pools",
    "resource_counts",
    "idempotency_keys",
    "constraint failed",
    ".rs",
    "panic",
    "poem",
    "serde",
    "dberr",
];

/// A request that must be refused.
pub struct Bad {
    /// The fault of the request.
    pub what: &'static str,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Option<Vec<u8>>,
    status: u16,
    code: &'static str,
    fields: Option<Vec<&'static str>>,
}

/// Returns a bad request. `{cluster}`, `{other}`, `{ending}`, `{pool}` and `{nothing}` in the path are placeholders
/// for ids.
pub fn bad(what: &'static str, method: &'static str, path: impl Into<String>) -> Bad {
    let (path, headers) = (path.into(), Vec::new());
    Bad { what, method, path, headers, body: None, status: 400, code: "HYPERFLEET-VAL-000", fields: None }
}

impl Bad {
    /// Sets a JSON body.
    pub fn json(self, body: Value) -> Self {
        self.body(body.to_string())
    }

    /// Sets a body of these bytes, with the content type of JSON.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..self.header("content-type", "application/json") }
    }

    /// Sets a header.
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.retain(|(existing, _)| *existing != name);
        self.headers.push((name, value));
        self
    }

    /// Sets the expected status and code.
    pub fn is(self, status: u16, code: &'static str) -> Self {
        Self { status, code, ..self }
    }

    /// Sets the exact list of fields in the expected error.
    pub fn at(self, fields: &[&'static str]) -> Self {
        Self { fields: Some(fields.to_vec()), ..self }
    }
}

/// The resources that bad requests refer to.
pub struct Fleet {
    ids: Vec<(&'static str, String)>,
}

impl Fleet {
    /// Creates a cluster with a node pool, a cluster without, and a finalizing cluster.
    pub async fn create(app: &TestApp) -> Self {
        let id = |body: &Value| body["id"].as_str().expect("an id").to_owned();
        let cluster = id(&app.a_cluster().create().await);
        let other = id(&app.a_cluster().named("other").create().await);
        let pool = id(&app.a_node_pool(&cluster).create().await);
        let ending = app.a_cluster().named("ending").create().await;
        let href = ending["href"].as_str().expect("a path");
        app.report(href, report("dns", 1, &[("Available", "True")])).await.status(201);
        app.delete(href).await.status(202);
        let nothing = "01900000-0000-7000-8000-000000000000".to_owned();
        let upper = cluster.to_uppercase();
        let ending = id(&ending);
        let ids = [
            ("{cluster}", cluster),
            ("{CLUSTER}", upper),
            ("{other}", other),
            ("{ending}", ending),
            ("{pool}", pool),
            ("{nothing}", nothing),
        ];
        Self { ids: ids.to_vec() }
    }

    /// Sends the request and checks the error. Returns the problem document without the values that differ between
    /// any two responses.
    pub async fn refused(&self, app: &TestApp, bad: &Bad) -> Value {
        let path = self.ids.iter().fold(bad.path.clone(), |path, (name, id)| path.replace(name, id));
        let mut request = app.request(bad.method, &path);
        for (name, value) in &bad.headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = &bad.body {
            request = request.body(body.clone());
        }
        let answer = Answer::of(request).await;
        check(bad, &answer);
        self.without_differences(&answer.text)
    }

    fn without_differences(&self, text: &str) -> Value {
        let text = self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(id, name));
        let mut problem: Value = serde_json::from_str(&text).expect("JSON");
        problem["trace_id"] = json!("");
        problem
    }
}

fn check(bad: &Bad, answer: &Answer) {
    let what = bad.what;
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (bad.status, Some(bad.code)),
        "{what}: {}",
        answer.text
    );
    answer.problem(bad.status, bad.code);
    let (suffix, title) = words(bad.code, bad.status);
    assert_eq!(answer.body["type"], format!("https://api.hyperfleet.io/errors/{suffix}"), "{what}");
    assert_eq!(answer.body["title"], title, "{what}");
    assert_eq!(answer.body["timestamp"], "2026-01-02T03:04:05.678901Z", "{what}");
    let text = answer.text.to_ascii_lowercase();
    let inner = INNER_WORDS.iter().find(|word| text.contains(*word));
    assert_eq!(inner, None, "{what}: {}", answer.text);
    for error in answer.body["errors"].as_array().into_iter().flatten() {
        let said = |field: &str| error[field].as_str().is_some_and(|text| !text.is_empty());
        assert!(said("field") && said("message"), "{what}: {}", answer.text);
    }
    if let Some(expected) = &bad.fields {
        let mut found = answer.error_fields();
        found.sort_unstable();
        assert_eq!(&found, expected, "{what}: {}", answer.text);
    }
}

/// Returns the type suffix and the title of a code, and of a status if the code has several.
fn words(code: &str, status: u16) -> (&'static str, &'static str) {
    match code {
        "HYPERFLEET-NTF-000" if status == 405 => ("not-found", "Method Not Allowed"),
        "HYPERFLEET-VAL-000" => ("validation-error", "Validation Failed"),
        "HYPERFLEET-VAL-005" => ("bad-request", "Bad Request"),
        "HYPERFLEET-VAL-006" => ("malformed-request", "Malformed Request"),
        "HYPERFLEET-NTF-000" => ("not-found", "Endpoint Not Found"),
        "HYPERFLEET-NTF-001" => ("not-found", "Resource Not Found"),
        "HYPERFLEET-CNF-001" => ("conflict", "Resource Conflict"),
        "HYPERFLEET-CNF-002" => ("conflict", "Version Conflict"),
        "HYPERFLEET-CNF-003" => ("conflict", "State Conflict"),
        other => panic!("no words for {other}"),
    }
}
