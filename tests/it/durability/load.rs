//! Workers that record the writes that the server has acknowledged.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The record of one worker, kept across restarts of the server.
pub(super) struct Ledger {
    worker: usize,
    /// The number of clusters that the worker has begun.
    begun: usize,
    /// The number of acknowledged writes.
    pub(super) acknowledged: usize,
    /// The known resources, by path.
    pub(super) known: BTreeMap<String, Known>,
    /// Paths of resources, each with everything below it, for which the outcome of the last request is unknown.
    pub(super) doubtful: Vec<String>,
}

/// The acknowledged state of a resource.
#[derive(Debug)]
pub(super) struct Known {
    /// The resource as last returned.
    pub(super) acknowledged: Value,
    /// The `last_report_time` last returned, by adapter.
    pub(super) reports: BTreeMap<String, Value>,
    /// Whether the resource was removed.
    pub(super) is_gone: bool,
}

/// The error of a request that the server no longer answers.
struct Gone;

impl Ledger {
    /// Returns an empty ledger.
    pub(super) fn new(worker: usize) -> Self {
        Self { worker, begun: 0, acknowledged: 0, known: BTreeMap::new(), doubtful: Vec::new() }
    }
}

/// Creates, changes and deletes clusters until the server is killed.
pub(super) async fn work(url: String, ledger: Ledger) -> Ledger {
    let mut worker = Worker { client: Client::new(), url, ledger };
    while worker.live().await.is_ok() {}
    worker.ledger
}

struct Worker {
    client: Client,
    url: String,
    ledger: Ledger,
}

impl Worker {
    /// Creates, changes and possibly deletes one cluster and its node pool.
    async fn live(&mut self) -> Result<(), Gone> {
        let number = self.ledger.begun;
        self.ledger.begun += 1;
        let name = format!("cluster-{}-{number}", self.ledger.worker);
        let cluster = self.create("/api/hyperfleet/v1/clusters", &name).await?;
        let node_pool = self.create(&format!("{cluster}/nodepools"), "workers").await?;
        for turn in 0..3 {
            for href in [&cluster, &node_pool] {
                self.patch(href, turn).await?;
                self.report(href, turn).await?;
            }
        }
        match number % 4 {
            0 => self.delete(&node_pool).await,
            1 => {
                self.delete(&cluster).await?;
                self.force_delete(&cluster).await
            }
            2 => {
                self.delete(&node_pool).await?;
                self.force_delete(&node_pool).await
            }
            _ => Ok(()),
        }
    }

    /// Sends a request about `href`. The state of `href` is unknown until the response arrives.
    async fn send(&mut self, method: Method, path: &str, href: &str, body: Value) -> Result<Value, Gone> {
        self.ledger.doubtful = vec![href.to_owned()];
        let request = self.client.request(method.clone(), format!("{}{path}", self.url)).json(&body);
        let response = request.send().await.map_err(|_| Gone)?;
        let status = response.status();
        let text = response.text().await.map_err(|_| Gone)?;
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        self.ledger.doubtful.clear();
        self.ledger.acknowledged += 1;
        if status == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_str(&text).expect("JSON"))
    }

    async fn create(&mut self, path: &str, name: &str) -> Result<String, Gone> {
        let body = json!({"name": name, "spec": {"turn": 0}, "labels": {"turn": "none", "name": name}});
        let acknowledged = self.send(Method::POST, path, "nothing that is known", body).await?;
        let href = acknowledged["href"].as_str().expect("a path").to_owned();
        let known = Known { acknowledged, reports: BTreeMap::new(), is_gone: false };
        self.ledger.known.insert(href.clone(), known);
        Ok(href)
    }

    async fn patch(&mut self, href: &str, turn: usize) -> Result<(), Gone> {
        let body =
            json!({"spec": {"turn": turn + 1}, "labels": {"turn": turn.to_string(), "patched": "yes"}});
        let acknowledged = self.send(Method::PATCH, href, href, body).await?;
        self.known(href).acknowledged = acknowledged;
        Ok(())
    }

    async fn report(&mut self, href: &str, turn: usize) -> Result<(), Gone> {
        let adapter = format!("adapter-{}", turn % 2);
        let generation = self.known(href).acknowledged["generation"].clone();
        let conditions =
            json!([{"type": "Available", "status": "True"}, {"type": "Health", "status": "True"}]);
        let body = json!({"adapter": adapter, "observed_generation": generation, "conditions": conditions,
            "data": {"turn": turn}});
        let stored = self.send(Method::PUT, &format!("{href}/statuses"), href, body).await?;
        self.known(href).reports.insert(adapter, stored["last_report_time"].clone());
        Ok(())
    }

    /// Marks a resource and everything below it for deletion. The stored reports prevent its removal.
    async fn delete(&mut self, href: &str) -> Result<(), Gone> {
        let acknowledged = self.send(Method::DELETE, href, href, Value::Null).await?;
        for (_, known) in self.below(href) {
            let generation = known.acknowledged["generation"].as_i64().expect("a number") + 1;
            known.acknowledged["generation"] = json!(generation);
            for key in ["updated_time", "deleted_time"] {
                known.acknowledged[key] = acknowledged["deleted_time"].clone();
            }
        }
        self.known(href).acknowledged = acknowledged;
        Ok(())
    }

    async fn force_delete(&mut self, href: &str) -> Result<(), Gone> {
        let reason = json!({"reason": "its life is over"});
        self.send(Method::POST, &format!("{href}/force-delete"), href, reason).await?;
        self.below(href).for_each(|(_, known)| known.is_gone = true);
        Ok(())
    }

    fn known(&mut self, href: &str) -> &mut Known {
        self.ledger.known.get_mut(href).expect("it was created")
    }

    /// Returns a resource and those below it.
    fn below(&mut self, href: &str) -> impl Iterator<Item = (&String, &mut Known)> {
        self.ledger.known.iter_mut().filter(move |(other, _)| other.starts_with(href))
    }
}
