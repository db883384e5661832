use crate::harness::{Answer, TestApp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The timeout for events that must arrive eventually.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// A client that keeps a copy of the matching resources.
pub struct Follower<'a> {
    app: &'a TestApp,
    parameters: Vec<(String, String)>,
    /// The latest state of each resource, by id.
    pub copy: BTreeMap<String, Value>,
    /// The newest revision received for each resource.
    revisions: BTreeMap<String, u64>,
    /// All events received so far.
    pub events: Vec<Value>,
    /// The position from which the next request continues.
    pub position: String,
}

impl<'a> Follower<'a> {
    /// Starts a client from the current state.
    pub async fn start(app: &'a TestApp, parameters: &[(&str, &str)]) -> Self {
        let mut follower = Self::since(app, "", parameters);
        follower.read().await;
        follower
    }

    /// Starts a client from the current end of the log.
    pub async fn now(app: &'a TestApp, parameters: &[(&str, &str)]) -> Self {
        let mut follower = Self::since(app, "now", parameters);
        follower.read().await;
        follower
    }

    /// Creates a client that continues from a position.
    pub fn since(app: &'a TestApp, position: &str, parameters: &[(&str, &str)]) -> Self {
        let parameters =
            parameters.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let (copy, revisions, events) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self { app, parameters, copy, revisions, events, position: position.to_owned() }
    }

    /// Sends one request and returns the response and the number of events in it.
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

    /// Reads until the server reports that no more events exist.
    pub async fn read(&mut self) -> &mut Self {
        while self.ask(&[]).await.0.status(200).at("/more") == true {}
        self
    }

    /// Reads until `holds` returns true.
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

    /// Applies one event to the copy, as the contract permits a client to do.
    pub fn take(&mut self, event: &Value) {
        let object = &event["object"];
        let id = object["id"].as_str().expect("an id").to_owned();
        let revision = revision(event);
        // Only the initial state may be newer than the changes that follow it.
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

    /// Returns the types of the events, each with its change and cause.
    pub fn types(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        self.events
            .iter()
            .map(|event| {
                format!("{} {} {}", text(&event["type"]), text(&event["change"]), text(&event["cause"]))
            })
            .collect()
    }

    /// Returns whether the copy equals the lists of all resources, ignoring times.
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

/// Returns the number in the entity tag of an event.
pub fn revision(event: &Value) -> u64 {
    let tag = event["etag"].as_str().expect("an entity tag");
    tag.trim_matches('"').parse().expect("a number")
}

/// Returns a resource without the times that reports update.
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
