use crate::harness::{Answer, Folder, Process};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The maximum duration of a request while other work uses the machine as well.
const IN_TIME: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_branches_at_every_level_stops_nobody() {
    let node = json!({"$ref": "#/components/schemas/Node"});
    let with = |name: &str| json!({"type": "object", "required": [name], "properties": {"a": node}});
    let both = json!({"allOf": [with("k"), with("k")]});
    let schemas = json!({"ClusterSpec": node, "Node": {"oneOf": [both, with("z")]}, "NodePoolSpec": {}});
    let folder = Folder::new();
    let file = folder.path().join("schemas.json");
    let document = json!({"openapi": "3.0.0", "components": {"schemas": schemas}});
    std::fs::write(&file, document.to_string()).expect("a file");
    let path = file.to_str().expect("a path");
    let process = Process::start(&[("HYPERFLEET_SERVER_OPENAPI_SCHEMA_PATH", path)]).await;

    let create = async |number: usize, innermost: Value, depth: usize| {
        let spec = (0..depth).fold(innermost, |inner, _| json!({"k": 1, "a": inner}));
        let body = json!({"name": format!("cluster-{number}"), "spec": spec});
        let asked = Instant::now();
        let answer = Answer::of(process.request("POST", "clusters").json(&body)).await;
        assert!(asked.elapsed() < IN_TIME, "{depth}: {:?}", asked.elapsed());
        answer
    };
    let refusals = join_all((0..32).map(async |number| {
        let innermost = [json!({}), json!(5), json!({"k": 1, "z": 1})][number % 3].clone();
        let refused = create(number, innermost, 30).await;
        refused.problem(400, "HYPERFLEET-VAL-000");
        assert_eq!(refused.at("/errors/0/field"), "spec");
    }));
    let probes = async {
        for _ in 0..20 {
            let asked = Instant::now();
            process.get(&format!("{}/healthz", process.health_url)).await.status(200);
            assert!(asked.elapsed() < IN_TIME, "{:?}", asked.elapsed());
        }
    };
    tokio::join!(refusals, probes);
    create(40, json!({"k": 1}), 50).await.status(201);
    create(41, json!({"k": 1}), 2).await.status(201);
    assert_eq!(
        create(42, json!(5), 1).await.problem(400, "HYPERFLEET-VAL-000").at("/errors/0/constraint"),
        "type"
    );
    process.stop().await;
}

/// The maximum size of a body: one whose spec is validated, and one whose spec is refused for its size.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_as_large_as_may_be_is_answered_in_time() {
    let node = json!({"$ref": "#/components/schemas/Node"});
    let branch = |name: &str| json!({"type": "object", "required": [name], "properties": {"all": {"type": "array", "items": node}}});
    let both = json!({"allOf": [branch("k"), branch("k"), {"anyOf": [branch("k"), branch("y")]}]});
    let schemas = json!({"ClusterSpec": node, "Node": {"oneOf": [both, branch("z")]}, "NodePoolSpec": {}});
    let folder = Folder::new();
    let file = folder.path().join("schemas.json");
    let document = json!({"openapi": "3.0.0", "components": {"schemas": schemas}});
    std::fs::write(&file, document.to_string()).expect("a file");
    let path = file.to_str().expect("a path");
    let process = Process::start(&[("HYPERFLEET_SERVER_OPENAPI_SCHEMA_PATH", path)]).await;

    // About 60 levels deep, and at each level as wide as the size allows.
    let spec = |bytes: usize| {
        let leaf = r#"{"k":1,"all":[]},"#;
        let wide = leaf.repeat(bytes / 60 / leaf.len());
        let deep =
            (0..60).fold(r#"{"k":1}"#.to_owned(), |inner, _| format!(r#"{{"k":1,"all":[{wide}{inner}]}}"#));
        format!(r#"{{"name":"alpha","spec":{deep}}}"#)
    };
    for bytes in [200 * 1024, 1000 * 1024] {
        let send = async || {
            let asked = Instant::now();
            let request = process.request("POST", "clusters").header("content-type", "application/json");
            let answer = Answer::of(request.body(spec(bytes))).await;
            println!("{bytes} bytes: {} after {:?}", answer.status, asked.elapsed());
            assert!(asked.elapsed() < IN_TIME, "{bytes}: {:?}", asked.elapsed());
            assert!(matches!(answer.status, 201 | 400 | 409), "{bytes}: {}", answer.text);
        };
        let probes = async {
            for _ in 0..20 {
                let asked = Instant::now();
                process.get(&format!("{}/healthz", process.health_url)).await.status(200);
                assert!(asked.elapsed() < IN_TIME, "{:?}", asked.elapsed());
            }
        };
        tokio::join!(join_all((0..8).map(|_| send())), probes);
    }
    process.stop().await;
}
