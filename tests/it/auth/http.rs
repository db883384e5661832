//! The server with JWT authentication enabled.

use super::support::{
    Answer as IssuerAnswer, ED25519, ISSUER, IssuerServer, OTHER_ED25519, TempFile, claims, claims_without,
    ed25519_jwk, eddsa, merge,
};
use crate::harness::{Answer, Engine, TestApp, report};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

crate::engines![
    no_operation_but_the_public_ones_answers_an_anonymous_caller,
    a_refused_token_is_told_from_a_missing_and_an_expired_one,
    audit_fields_hold_the_callers_identity,
    documents_metadata_and_health_are_open,
    a_key_of_an_idempotent_create_is_its_callers_own,
    bodies_of_strangers_use_up_nothing,
    who_waits_for_keys_keeps_nobody_from_working,
    a_stream_ends_when_its_token_expires,
];

/// The operations that need no token. The documents are not operations.
const PUBLIC: [&str; 2] = ["/api/hyperfleet", "/api/hyperfleet/v1"];

/// Starts a server that trusts one key, from a file.
async fn guarded(engine: Engine) -> (TestApp, TempFile) {
    guarded_with(engine, &[]).await
}

async fn guarded_with(engine: Engine, more: &[(&str, &str)]) -> (TestApp, TempFile) {
    let keys = json!({"keys": [ed25519_jwk(&ED25519, json!({"kid": "main"}))]});
    let file = TempFile::new(keys.to_string());
    let path = file.path().to_str().expect("a path");
    let settings = [
        ("HYPERFLEET_SERVER_JWT_ENABLED", "true"),
        ("HYPERFLEET_SERVER_JWT_ISSUER_URL", ISSUER),
        ("HYPERFLEET_SERVER_JWT_JWK_CERT_FILE", path),
    ];
    (TestApp::with(engine, &[&settings, more].concat()).await, file)
}

/// Returns an `Authorization` header with a token that has these claims and expires in the year 2100.
fn token(extra: Value) -> String {
    let claims = claims(merge(json!({"exp": 4_102_444_800_u64}), extra));
    format!("Bearer {}", eddsa(&ED25519, &json!({"alg": "EdDSA", "kid": "main"}), &claims))
}

/// Returns an `Authorization` header with a token that identifies its holder only by the subject.
fn subject_only() -> String {
    let claims = merge(claims_without("email"), json!({"exp": 4_102_444_800_u64}));
    format!("Bearer {}", eddsa(&ED25519, &json!({"alg": "EdDSA", "kid": "main"}), &claims))
}

/// Builds a request with a token whose `email` claim is `email`.
fn by(app: &TestApp, email: &str, method: &str, path: &str) -> reqwest::RequestBuilder {
    app.request(method, path).header("authorization", token(json!({"email": email})))
}

#[track_caller]
fn unauthorized(answer: &Answer, code: &str) {
    answer.problem(401, code);
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{:?}", answer.headers);
}

async fn no_operation_but_the_public_ones_answers_an_anonymous_caller(app: TestApp) {
    let (app, _keys) = guarded(app.engine).await;
    let create = by(&app, "ada@example.com", "POST", "clusters").json(&json!({"name": "alpha", "spec": {}}));
    let cluster = Answer::of(create).await;
    let id = cluster.status(201).text_at("/id");
    let pools = format!("clusters/{id}/nodepools");
    let create = by(&app, "ada@example.com", "POST", &pools).json(&json!({"name": "workers", "spec": {}}));
    let pool = Answer::of(create).await.status(201).text_at("/id");
    let document = app.get("/openapi").await;
    let mut guarded = 0;
    for (path, item) in document.status(200).at("/paths").as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let public = PUBLIC.contains(&path.as_str());
            let secured = operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty());
            assert_eq!(secured, !public, "{method} {path} in the document");
            let method = method.to_uppercase();
            if public {
                app.get(path).await.status(200);
                continue;
            }
            guarded += 1;
            let real = path.replace("{cluster_id}", &id).replace("{nodepool_id}", &pool);
            assert!(!real.contains('{'), "{real}");
            let nothing = path.replace("{cluster_id}", "x").replace("{nodepool_id}", "x");
            // An anonymous caller must not learn whether a resource exists, nor what is wrong with the request.
            for (path, body) in [(&real, "{}"), (&nothing, "{}"), (&real, "no JSON"), (&real, "")] {
                let request = app.request(&method, &format!("{path}?page=0&search=nope&fields=nope"));
                let request = request.header("content-type", "application/json").body(body);
                unauthorized(&Answer::of(request).await, "HYPERFLEET-AUT-001");
            }
        }
    }
    assert!(guarded >= 25, "{guarded} operations");
    let after = Answer::of(by(&app, "ada@example.com", "GET", &format!("clusters/{id}"))).await;
    assert_eq!(after.status(200).body, cluster.body);
}

async fn a_refused_token_is_told_from_a_missing_and_an_expired_one(app: TestApp) {
    let (app, _keys) = guarded(app.engine).await;
    let ask = async |authorization: &str| {
        Answer::of(app.request("GET", "clusters").header("authorization", authorization)).await
    };
    ask(&token(json!({}))).await.status(200);
    unauthorized(&app.get("clusters").await, "HYPERFLEET-AUT-001");
    unauthorized(&ask(&token(json!({"exp": 1_600_000_000}))).await, "HYPERFLEET-AUT-003");
    let header = json!({"alg": "EdDSA", "kid": "main"});
    let good = claims(json!({"exp": 4_102_444_800_u64}));
    let foreign = format!("Bearer {}", eddsa(&OTHER_ED25519, &header, &good));
    let other_issuer = token(json!({"iss": "https://other.example"}));
    for refused in ["Bearer x.y.z", "Bearer", "Basic YTpi", &foreign, &other_issuer] {
        unauthorized(&ask(refused).await, "HYPERFLEET-AUT-002");
    }
    let twice = app.request("GET", "clusters").header("authorization", token(json!({})));
    let twice = twice.header("authorization", token(json!({})));
    // Two tokens count as none.
    unauthorized(&Answer::of(twice).await, "HYPERFLEET-AUT-001");
}

async fn audit_fields_hold_the_callers_identity(app: TestApp) {
    let (app, _keys) = guarded(app.engine).await;
    let send = async |who: &str, method: &str, path: &str, body: Value| {
        Answer::of(by(&app, who, method, path).json(&body)).await
    };
    let created = send("ada@example.com", "POST", "clusters", json!({"name": "alpha", "spec": {}})).await;
    assert_eq!(created.status(201).at("/created_by"), "ada@example.com");
    assert_eq!(created.at("/updated_by"), "ada@example.com");
    let path = created.text_at("/href");
    let patched = send("bob@example.com", "PATCH", &path, json!({"spec": {"x": 1}})).await;
    assert_eq!(patched.status(200).at("/created_by"), "ada@example.com");
    assert_eq!(patched.at("/updated_by"), "bob@example.com");
    let pools = format!("{path}/nodepools");
    let pool = send("cy@example.com", "POST", &pools, json!({"name": "workers", "spec": {}})).await;
    assert_eq!(pool.status(201).at("/created_by"), "cy@example.com");
    for path in [path.clone(), pool.text_at("/href")] {
        let seen = report("dns", 1, &[("Available", "True")]);
        send("dns@example.com", "PUT", &format!("{path}/statuses"), seen).await.status(201);
    }
    let deleted = send("eve@example.com", "DELETE", &path, json!({})).await;
    assert_eq!(deleted.status(202).at("/deleted_by"), "eve@example.com");
    assert_eq!(deleted.at("/created_by"), "ada@example.com");
    let pool = Answer::of(by(&app, "x@example.com", "GET", &pool.text_at("/href"))).await;
    assert_eq!(pool.status(200).at("/deleted_by"), "eve@example.com");
    // Without the claim, the caller name is the subject.
    let request = app.request("POST", "clusters").json(&json!({"name": "beta", "spec": {}}));
    let subject = Answer::of(request.header("authorization", subject_only())).await;
    assert_eq!(subject.status(201).at("/created_by"), "user-1");
}

async fn documents_metadata_and_health_are_open(app: TestApp) {
    let (app, _keys) = guarded(app.engine).await;
    for path in api::pages::paths().chain(PUBLIC) {
        app.get(path).await.status(200);
    }
    for path in ["healthz", "readyz", "healthcheck", "metrics"] {
        Answer::of(app.client.get(format!("{}/{path}", app.health_url))).await.status(200);
    }
    unauthorized(&app.get("compatibility").await, "HYPERFLEET-AUT-001");
    // A path in another spelling is a different path, and does not bypass authentication.
    for path in ["nope", "cl%75sters", "/clusters", "/api//hyperfleet/v1/clusters"] {
        app.get(path).await.problem(404, "HYPERFLEET-NTF-000");
    }
}

async fn a_key_of_an_idempotent_create_is_its_callers_own(app: TestApp) {
    let (app, _keys) = guarded(app.engine).await;
    let create = async |who: &str, name: &str| {
        let request = by(&app, who, "POST", "clusters").header("idempotency-key", "key-1");
        Answer::of(request.json(&json!({"name": name, "spec": {}}))).await
    };
    let first = create("ada@example.com", "alpha").await;
    let second = create("bob@example.com", "beta").await;
    assert_eq!(second.status(201).at("/created_by"), "bob@example.com");
    create("ada@example.com", "alpha").await.status(201).body(&first.body);
    create("bob@example.com", "alpha").await.problem(422, "HYPERFLEET-VAL-000");
}

async fn bodies_of_strangers_use_up_nothing(app: TestApp) {
    let room =
        [("HYPERFLEET_SERVER_MAX_BODY_BYTES", "64KiB"), ("HYPERFLEET_SERVER_MAX_BODY_MEMORY", "64KiB")];
    let (app, _keys) = guarded_with(app.engine, &room).await;
    let mut strangers = Vec::new();
    for (method, path, status) in [
        ("POST", "/api/hyperfleet/v1/clusters", "401"),
        ("PUT", "/api/hyperfleet/v1/clusters", "405"),
        ("POST", "/nowhere", "404"),
        ("GET", "/openapi", "200"),
        ("GET", "/api/hyperfleet", "200"),
    ] {
        let mut stranger =
            TcpStream::connect(app.url.trim_start_matches("http://")).await.expect("a connection");
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000\r\n\r\n");
        stranger.write_all(head.as_bytes()).await.expect("a head");
        // The rest of the body is not sent.
        stranger.write_all(&[b' '; 40_000]).await.expect("most of a body");
        let mut answer = [0; 12];
        stranger.read_exact(&mut answer).await.expect("an answer before the body has come");
        assert_eq!(std::str::from_utf8(&answer), Ok(format!("HTTP/1.1 {status}").as_str()), "{path}");
        strangers.push(stranger);
    }
    let create = by(&app, "ada@example.com", "POST", "clusters");
    let body = json!({"name": "alpha", "spec": {"text": "x".repeat(50_000)}});
    Answer::of(create.json(&body)).await.status(201);
}

async fn who_waits_for_keys_keeps_nobody_from_working(app: TestApp) {
    let keys = json!([ed25519_jwk(&ED25519, json!({"kid": "main"}))]);
    let issuer = IssuerServer::start(IssuerAnswer::keys(keys)).await;
    let settings = [
        ("HYPERFLEET_SERVER_JWT_ENABLED", "true"),
        ("HYPERFLEET_SERVER_JWT_ISSUER_URL", ISSUER),
        ("HYPERFLEET_SERVER_JWT_JWK_CERT_URL", &issuer.url),
        ("HYPERFLEET_SERVER_MAX_IN_FLIGHT", "1"),
    ];
    let app = TestApp::with(app.engine, &settings).await;
    issuer.now_answers(IssuerAnswer::Silence);
    let unknown = eddsa(&ED25519, &json!({"alg": "EdDSA", "kid": "new"}), &claims(json!({})));
    let waiting = tokio::spawn(
        app.request("GET", "clusters").header("authorization", format!("Bearer {unknown}")).send(),
    );
    // The second request is for the unknown key: from here on, the request with that token waits.
    issuer.reached(2).await;
    Answer::of(by(&app, "ada@example.com", "GET", "clusters")).await.status(200);
    assert!(!waiting.is_finished());
    waiting.abort();
}

/// The expiry time of a token is checked with a tolerance, since clocks differ. A stream ends without that tolerance.
async fn a_stream_ends_when_its_token_expires(app: TestApp) {
    let (app, _keys) = guarded(app.engine).await;
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(2);
    let soon = soon.duration_since(std::time::UNIX_EPOCH).expect("a time after 1970").as_secs();
    let stream = app.request("GET", "changes?since=now").header("accept", "application/x-ndjson");
    let whole = Answer::of(stream.header("authorization", token(json!({"exp": soon})))).await;
    let last = whole.status(200).text.lines().last().expect("a line");
    let last: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(
        (&last["type"], &last["end"]),
        (&json!("BOOKMARK"), &json!("token_expired")),
        "{}",
        whole.text
    );
}
