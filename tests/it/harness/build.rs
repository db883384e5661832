//! Builders for the resources and reports that tests need.

use super::{Answer, TestApp};
use serde_json::{Map, Value, json};

/// A builder of a cluster. Fields that are not set have defaults.
pub struct ACluster<'a> {
    app: &'a TestApp,
    name: String,
    spec: Value,
    labels: Map<String, Value>,
}

/// A builder of a node pool. Fields that are not set have defaults.
pub struct ANodePool<'a> {
    app: &'a TestApp,
    cluster: String,
    name: String,
    spec: Value,
}

impl TestApp {
    /// Returns a builder of a cluster.
    pub fn a_cluster(&self) -> ACluster<'_> {
        ACluster { app: self, name: "alpha".into(), spec: json!({"region": "eu"}), labels: Map::new() }
    }

    /// Returns a builder of a node pool in the cluster with this id.
    pub fn a_node_pool(&self, cluster: &str) -> ANodePool<'_> {
        ANodePool { app: self, cluster: cluster.into(), name: "workers".into(), spec: json!({"replicas": 3}) }
    }
}

impl ACluster<'_> {
    /// Sets the name.
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Adds a label.
    pub fn labelled(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// Sets the desired state.
    pub fn spec(mut self, spec: Value) -> Self {
        self.spec = spec;
        self
    }

    /// Creates the cluster and returns its body.
    pub async fn create(self) -> Value {
        let body = json!({"kind": "Cluster", "name": self.name, "spec": self.spec, "labels": self.labels});
        self.app.post("clusters", body).await.status(201).body.clone()
    }
}

impl ANodePool<'_> {
    /// Sets the name.
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// Creates the node pool and returns its body.
    pub async fn create(self) -> Value {
        let body = json!({"kind": "NodePool", "name": self.name, "spec": self.spec});
        let path = format!("clusters/{}/nodepools", self.cluster);
        self.app.post(&path, body).await.status(201).body.clone()
    }
}

/// Returns a report of `adapter` about `generation`, with the conditions given as `(type, status)`.
pub fn report(adapter: &str, generation: i64, conditions: &[(&str, &str)]) -> Value {
    let conditions: Vec<Value> =
        conditions.iter().map(|(name, status)| json!({"type": name, "status": status})).collect();
    json!({"adapter": adapter, "observed_generation": generation, "conditions": conditions})
}

impl TestApp {
    /// Sends a report about the resource at `href`.
    pub async fn report(&self, href: &str, report: Value) -> Answer {
        self.put(&format!("{href}/statuses"), report).await
    }
}
