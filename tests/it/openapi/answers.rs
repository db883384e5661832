//! Every operation is called, and its responses are validated against the document.

use super::schemas::Document;
use crate::harness::{Answer, TestApp, report};
use crate::statuses::{href, id};
use serde_json::{Value, json};

crate::engines![every_answer_is_as_documented, every_refusal_is_as_documented];

struct Asking {
    app: TestApp,
    document: Document,
}

impl Asking {
    async fn of(app: TestApp) -> Self {
        let waiting =
            [("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", "a"), ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", "b")];
        let app = TestApp::with(app.engine, &waiting).await;
        Self { document: Document::of(&app).await, app }
    }

    /// Sends a request and validates the response.
    async fn ask(&mut self, method: &str, path: &str, body: Value) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    async fn ask_with(&mut self, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        let request = self.app.request(method, path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = Answer::of(request).await;
        self.document.check(method, path, &answer);
        answer
    }

    /// Performs every operation on a resource, up to its removal.
    async fn whole_life(&mut self, path: &str) {
        let statuses = format!("{path}/statuses");
        let patch = json!({"spec": {"x": [1, 2.5, null]}, "labels": {"env": "test"}});
        self.ask("PATCH", path, patch).await.status(200);
        let mut seen = report("b", 2, &[("Available", "False"), ("Health", "False")]);
        seen["data"] = json!({"any": ["thing"]});
        seen["metadata"] = json!({"attempt": 1});
        seen["conditions"][0]["reason"] = json!("NotYet");
        seen["conditions"][0]["message"] = json!("not yet");
        self.ask("PUT", &statuses, seen).await.status(201);
        self.ask("POST", &statuses, report("a", 2, &[("Available", "True")])).await.status(201);
        self.ask("PUT", &statuses, report("a", 9, &[])).await.status(204);
        self.ask("POST", &statuses, report("a", 9, &[])).await.status(204);
        self.ask("GET", &statuses, Value::Null).await.status(200);
        self.ask("GET", &format!("{path}/explain"), Value::Null).await.status(200);
        let read = self.ask("GET", path, Value::Null).await;
        let tag = [("if-none-match", read.status(200).header("etag"))];
        self.ask_with("GET", path, Value::Null, &tag).await.status(304);
        self.ask("DELETE", path, Value::Null).await.status(202);
        self.ask("GET", path, Value::Null).await.status(200);
        let force = format!("{path}/force-delete");
        self.ask("POST", &force, json!({"reason": "it must go"})).await.status(204);
    }
}

async fn every_answer_is_as_documented(app: TestApp) {
    let mut asking = Asking::of(app).await;
    for path in ["/api/hyperfleet", "/api/hyperfleet/v1", "compatibility", "clusters", "nodepools"] {
        asking.ask("GET", path, Value::Null).await.status(200);
    }
    let new = |name: &str| json!({"name": name, "spec": {}, "labels": {"env": "test"}});
    let cluster = asking.ask("POST", "clusters", new("alpha")).await.status(201).body.clone();
    let pools = format!("{}/nodepools", href(&cluster));
    let nested = asking.ask("POST", &pools, new("nested")).await.status(201).body.clone();
    let flat = asking.ask("POST", &pools, new("flat")).await.status(201).body.clone();
    asking.app.post("nodepools", new("flat")).await.status(422);
    for path in ["clusters", "nodepools", &pools, "clusters?size=1&total=false"] {
        asking.ask("GET", path, Value::Null).await.status(200);
    }
    asking.whole_life(href(&nested)).await;
    asking.whole_life(&format!("nodepools/{}", id(&flat))).await;
    asking.ask("GET", "clusters", Value::Null).await.status(200);
    asking.whole_life(href(&cluster)).await;
    asking.ask("GET", "changes?since=now", Value::Null).await.status(200);
    asking.document.all_seen(&["200", "201", "202", "204", "304"]);
}

async fn every_refusal_is_as_documented(app: TestApp) {
    let mut asking = Asking::of(app).await;
    let cluster = asking.app.a_cluster().create().await;
    let pool = asking.app.a_node_pool(id(&cluster)).create().await;
    let flat = format!("nodepools/{}", id(&pool));
    let old = [("if-match", "\"999\"")];
    let reason = || json!({"reason": "it must go"});
    let taken = json!({"name": "alpha", "spec": {}});
    asking.ask("POST", "clusters", taken).await.status(409);
    let pools = format!("{}/nodepools", href(&cluster));
    asking.ask("POST", &pools, json!({"name": "workers", "spec": {}})).await.status(409);
    for list in ["clusters", "nodepools", &pools] {
        asking.ask("GET", &format!("{list}?page=0"), Value::Null).await.status(400);
    }
    for list in ["clusters", &pools] {
        asking.ask("POST", list, json!("text")).await.status(400);
    }
    for path in [href(&cluster), href(&pool), &flat] {
        let force = format!("{path}/force-delete");
        asking.ask_with("PATCH", path, json!({"spec": {}}), &old).await.status(412);
        asking.ask_with("DELETE", path, Value::Null, &old).await.status(412);
        asking.ask_with("POST", &force, reason(), &old).await.status(412);
        asking.ask_with("DELETE", path, Value::Null, &[("if-match", "x")]).await.status(400);
        asking.ask("POST", &force, reason()).await.status(409);
        asking.ask("POST", &force, json!({})).await.status(400);
        asking.ask("PATCH", path, json!({"name": "x"})).await.status(400);
        asking.ask("GET", &format!("{path}?fields=nope"), Value::Null).await.status(400);
        asking.ask("GET", &format!("{path}/statuses?size=0"), Value::Null).await.status(400);
        asking.ask("GET", &format!("{path}/explain?x=%00"), Value::Null).await.status(400);
        for method in ["PUT", "POST"] {
            asking.ask(method, &format!("{path}/statuses"), json!({})).await.status(400);
        }
    }
    for path in ["clusters/x", "clusters/x/nodepools/x", "nodepools/x"] {
        for (method, below) in [("GET", ""), ("DELETE", ""), ("GET", "/statuses"), ("GET", "/explain")] {
            asking.ask(method, &format!("{path}{below}"), Value::Null).await.status(404);
        }
        asking.ask("PATCH", path, json!({"spec": {}})).await.status(404);
        asking.ask("POST", &format!("{path}/force-delete"), reason()).await.status(404);
        for method in ["PUT", "POST"] {
            asking.ask(method, &format!("{path}/statuses"), report("a", 1, &[])).await.status(404);
        }
    }
    asking.ask("GET", "changes?wait=61", Value::Null).await.status(400);
    asking.ask("GET", "changes?since=00000000-0", Value::Null).await.status(410);
    asking.ask("GET", "clusters/x/nodepools", Value::Null).await.status(404);
    asking.ask("POST", "clusters/x/nodepools", json!({"name": "workers", "spec": {}})).await.status(404);
    asking.app.delete(href(&cluster)).await.status(202);
    for path in [href(&cluster), href(&pool), &flat] {
        asking.ask("PATCH", path, json!({"spec": {"x": 1}})).await.status(409);
    }
    asking.document.all_seen(&["400", "404", "409", "410", "412"]);
}
