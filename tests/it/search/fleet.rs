//! Clusters and node pools that differ in every property that a search can use.

use crate::changes::Follower;
use crate::harness::{Engine, TestApp};
use crate::search_oracle::Random;
use crate::statuses::{href, id};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

const CLUSTERS: usize = 100;
const NODE_POOLS: usize = 50;
const TEXTS: [&str; 16] = [
    "", " ", "a", "A", "eu", "EU-west", "it's", "\"", "\\", "50%", "a_b", "*", "[a-z]", "Zürich", "zürich",
    "True",
];
const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "-1",
    "1.5",
    "3",
    "1000",
    "1e3",
    "0.1",
    "-0.0",
    "9007199254740993",
    "9223372036854775807",
    "1e300",
];
const KEYS: [&str; 6] = ["env", "tier", "app.kubernetes.io/name", "Zone", "a-b", "x_1"];
const VALUES: [&str; 7] = ["", "production", "test", "Test", "a.b", "x_1", "True"];

/// A server with the resources, and their bodies.
pub struct Fleet {
    pub app: TestApp,
    pub clusters: Vec<Value>,
    pub node_pools: Vec<Value>,
    /// The position before the first change.
    pub beginning: String,
}

impl Fleet {
    /// Creates the fleet. The resources are the same on both engines, except for their ids.
    pub async fn create(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let beginning = Follower::now(&app, &[]).await.position;
        let mut random = Random(7);
        let mut clusters = Vec::new();
        for number in 0..CLUSTERS {
            let name = format!("cluster-{number:03}");
            clusters.push(create(&app, "clusters", &name, &mut random).await);
        }
        for number in 0..NODE_POOLS {
            let path = format!("clusters/{}/nodepools", id(random.pick(&clusters[..20])));
            let pool = create(&app, &path, &format!("pool-{number:03}"), &mut random).await;
            live(&app, &pool, &mut random).await;
        }
        for cluster in &clusters {
            live(&app, cluster, &mut random).await;
        }
        let all = async |path: &str| {
            let list = app.list(path, &[("size", "500"), ("order", "name")]).await;
            list.status(200).at("/items").as_array().expect("items").clone()
        };
        let (clusters, node_pools) = (all("clusters").await, all("nodepools").await);
        // Waits until the server has delivered all changes.
        Follower::since(&app, &beginning, &[]).until_it_agrees().await;
        Self { app, clusters, node_pools, beginning }
    }
}

async fn create(app: &TestApp, path: &str, name: &str, random: &mut Random) -> Value {
    app.advance(TimeDelta::milliseconds(random.below(2000) as i64));
    let body = json!({"name": name, "spec": spec(random), "labels": labels(random)});
    app.post(path, body).await.status(201).body.clone()
}

/// Reports on, changes or deletes a resource at random.
async fn live(app: &TestApp, resource: &Value, random: &mut Random) {
    for adapter in ["dns", "gcp-provisioner", "validation"] {
        app.advance(TimeDelta::milliseconds(random.below(3000) as i64));
        if random.once_in(2) {
            let statuses = ["True", "False", "Unknown"];
            let mut available = json!({"type": "Available", "status": random.pick(&statuses)});
            if random.once_in(2) {
                available["reason"] = json!(random.pick(&TEXTS));
            }
            let health = json!({"type": "Health", "status": random.pick(&statuses)});
            let body =
                json!({"adapter": adapter, "observed_generation": 1, "conditions": [available, health]});
            app.report(href(resource), body).await.status(201);
        }
    }
    if random.once_in(3) {
        app.patch(href(resource), json!({"spec": spec(random)})).await.status(200);
    }
    if random.once_in(6) {
        app.delete(href(resource)).await.status(202);
    }
}

fn spec(random: &mut Random) -> Value {
    let mut spec = Map::new();
    for key in ["region", "replicas", "enabled", "Mixed", "0", "a-b", "name"] {
        if random.once_in(2) {
            spec.insert(key.into(), value(random));
        }
    }
    if random.once_in(2) {
        spec.insert("network".into(), json!({"cidr": value(random), "deep": {"er": value(random)}}));
    }
    spec.into()
}

fn value(random: &mut Random) -> Value {
    match random.below(9) {
        0..=2 => json!(random.pick(&TEXTS)),
        3..=5 => serde_json::from_str(random.pick::<&str>(&NUMBERS)).expect("a number"),
        6 => json!(random.once_in(2)),
        7 => random.pick(&[Value::Null, json!([]), json!(["eu", 1]), json!({})]).clone(),
        _ => json!(random.below(10)),
    }
}

fn labels(random: &mut Random) -> Value {
    let chosen = KEYS.iter().filter_map(|key| {
        let chosen = random.once_in(2);
        chosen.then(|| ((*key).to_owned(), json!(random.pick(&VALUES))))
    });
    chosen.collect::<Map<_, _>>().into()
}
