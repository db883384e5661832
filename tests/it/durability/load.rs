//! Workers that write down what the server has acknowledged.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What one worker has done, in all the lives of the server.
pub(super) struct Ledger {
    worker: usize,
    /// How many clusters it has begun.
    begun: usize,
    /// How many writes were acknowledged.
    pub(super) acknowledged: usize,
    /// By path.
    pub(super) known: BTreeMap<String, Known>,
    /// Paths of which, with all below them, it is not known whether the last request was carried out.
    pub(super) doubtful: Vec<String>,
}

/// What the server has acknowledged of a resource.
#[derive(Debug)]
pub(super) struct Known {
    /// The resource as it was answered last.
    pub(super) acknowledged: Value,
    /// By adapter: the `last_report_time` that was answered last.
    pub(super) reports: BTreeMap<String, Value>,
    /// Whether it was removed.
    pub(super) is_gone: bool,
}

/// The server is not there any more.
struct Gone;

impl Ledger {
    /// Nothing yet.
    pub(super) fn new(worker: usize) -> Self {
        Self { worker, begun: 0, acknowledged: 0, known: BTreeMap::new(), doubtful: Vec::new() }
    }
}

/// Goes through the lives of clusters until the server is gone.
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
    /// The life of one cluster and its node pool.
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

    /// Sends a request about `href`, of which nothing is known for certain until it is answered.
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

    /// Marks a resource and what is below it; the reports about them hold them.
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

    /// A resource and those below it.
    fn below(&mut self, href: &str) -> impl Iterator<Item = (&String, &mut Known)> {
        self.ledger.known.iter_mut().filter(move |(other, _)| other.starts_with(href))
    }
}
