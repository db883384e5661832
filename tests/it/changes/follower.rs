use crate::harness::{Answer, TestApp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long something may take that is bound to come.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A client that keeps a copy of what matches.
pub struct Follower<'a> {
    app: &'a TestApp,
    parameters: Vec<(String, String)>,
    /// The latest state of each resource, by its id.
    pub copy: BTreeMap<String, Value>,
    /// The newest revision of each that was told.
    revisions: BTreeMap<String, u64>,
    /// All events so far.
    pub events: Vec<Value>,
    /// From here on it goes on.
    pub position: String,
}

impl<'a> Follower<'a> {
    /// A client that begins with the present state.
    pub async fn start(app: &'a TestApp, parameters: &[(&str, &str)]) -> Self {
        let mut follower = Self::since(app, "", parameters);
        follower.read().await;
        follower
    }

    /// A client that begins with what happens from now on.
    pub async fn now(app: &'a TestApp, parameters: &[(&str, &str)]) -> Self {
        let mut follower = Self::since(app, "now", parameters);
        follower.read().await;
        follower
    }

    /// A client that goes on from a position.
    pub fn since(app: &'a TestApp, position: &str, parameters: &[(&str, &str)]) -> Self {
        let parameters =
            parameters.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let (copy, revisions, events) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { app, parameters, copy, revisions, events, position: position.to_owned() }
    }

    /// Asks once, and answers how many events came.
    pub async fn ask(&mut self, more: &[(&str, &str)]) -> (Answer, usize) {
        let query = self.app.request("GET", "changes").query(&self.parameters).query(more);
        let answer = Answer::of(query.query(&[("since", &self.position)])).await;
        if answer.status != 200 {
            return (answer, 0);
        }
        let items = answer.at("/items").as_array().expect("events").clone();
        items.iter().for_each(|event| self.take(event));
        self.position = answer.text_at("/next");
        (answer, items.len())
    }

    /// Reads all there is.
    pub async fn read(&mut self) -> &mut Self {
        while self.ask(&[]).await.0.status(200).at("/more") == true {}
        self
    }

    /// Reads until it holds what is expected.
    pub async fn until(&mut self, holds: impl Fn(&Self) -> bool) -> &mut Self {
        let started = Instant::now();
        while !holds(self) {
            assert!(
                started.elapsed() < TIMEOUT,
                "it never came; {} events: {:?}",
                self.events.len(),
                self.copy
            );
            self.ask(&[("wait", "1")]).await.0.status(200);
        }
        self
    }

    /// Takes one event, as the contract says a client may.
    pub fn take(&mut self, event: &Value) {
        let object = &event["object"];
        let id = object["id"].as_str().expect("an id").to_owned();
        let revision = revision(event);
        // Only the present state may be ahead of the changes that follow it.
        let mut told = self.events.iter().rev().filter(|earlier| !earlier["change"].is_null());
        if let Some(earlier) = told.find(|earlier| earlier["object"]["id"] == *id) {
            assert!(self::revision(earlier) <= revision, "older after newer: {earlier} {event}");
        }
        let newest = self.revisions.entry(id.clone()).or_default();
        if revision >= *newest {
            *newest = revision;
            match event["type"].as_str() {
                Some("ADDED" | "MODIFIED") => drop(self.copy.insert(id, object.clone())),
                Some("DELETED") => drop(self.copy.remove(&id)),
                other => panic!("{other:?}"),
            }
        }
        self.events.push(event.clone());
    }

    /// The types of the events, with what was done.
    pub fn types(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        self.events
            .iter()
            .map(|event| {
                format!("{} {} {}", text(&event["type"]), text(&event["change"]), text(&event["cause"]))
            })
            .collect()
    }

    /// Whether the copy is what a list of everything says, but for times.
    pub async fn agrees(&self) -> bool {
        let mut listed = BTreeMap::new();
        for path in ["clusters", "nodepools"] {
            let search = self.parameters.iter().filter(|(name, _)| name == "search");
            let list =
                self.app.request("GET", path).query(&search.collect::<Vec<_>>()).query(&[("size", "500")]);
            for item in Answer::of(list).await.status(200).at("/items").as_array().expect("items") {
                listed.insert(item["id"].as_str().expect("an id").to_owned(), said(item));
            }
        }
        let copy: BTreeMap<_, _> = self.copy.iter().map(|(id, item)| (id.clone(), said(item))).collect();
        copy == listed
    }

    /// Reads until the copy agrees with the lists.
    pub async fn until_it_agrees(&mut self) {
        let started = Instant::now();
        while !self.agrees().await {
            assert!(started.elapsed() < TIMEOUT, "the copy never agreed: {:?}", self.copy);
            self.ask(&[("wait", "1")]).await.0.status(200);
        }
    }
}

/// The number in the entity tag of an event.
pub fn revision(event: &Value) -> u64 {
    let tag = event["etag"].as_str().expect("an entity tag");
    tag.trim_matches('"').parse().expect("a number")
}

/// What a resource says, without the times that reports move.
pub fn said(resource: &Value) -> Value {
    let mut said = resource.clone();
    let status = said["status"].as_object_mut().expect("a status");
    status.remove("last_updated_time");
    for list in ["conditions", "adapters"] {
        for item in status[list].as_array_mut().expect("a list") {
            let item = item.as_object_mut().expect("an object");
            item.remove("last_updated_time");
            item.remove("last_report_time");
        }
    }
    said
}
