//! Runs one scenario step by step and compares the responses and the state of the service with the model.

use crate::changes::Follower;
use crate::harness::{Answer, TestApp};
use crate::model::{Expected, Kind, Model, Operation, Request, Scenario, json_contains, json_equal};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The result of a comparison: an error describes the difference.
type Comparison = Result<(), String>;

/// Runs a scenario on an empty service and leaves the service empty. Fails at the first difference from the model.
/// Also verifies that a follower of the changes ends with the same state as the lists.
pub async fn play(app: &TestApp, scenario: &Scenario) -> Comparison {
    let mut follower = Follower::now(app, &[]).await;
    let mut player = Player { app, model: Model::new(scenario.settings.clone()), bodies: BTreeMap::new() };
    for (number, timed) in scenario.steps.iter().enumerate() {
        app.advance(timed.wait());
        let request = timed.step.resolve(&player.model, app.now());
        let step = format!("step {number}");
        player.step(&request).await.map_err(|difference| format!("{step}, {request:?}:\n{difference}"))?;
    }
    follower.until_it_agrees().await;
    player.clear().await.map_err(|difference| format!("at the end:\n{difference}"))?;
    follower.until_it_agrees().await;
    Ok(())
}

struct Player<'a> {
    app: &'a TestApp,
    model: Model,
    /// The body that was returned with each entity tag of a resource.
    bodies: BTreeMap<(Uuid, String), Value>,
}

impl Player<'_> {
    /// Sends a request, then compares the response and the state of the service with the model.
    async fn step(&mut self, request: &Request) -> Comparison {
        let answer = self.send(request).await;
        let created = answer.body["id"].as_str().and_then(|id| id.parse().ok());
        let expected = self.model.apply(self.app.now(), request, created.unwrap_or_default());
        compare_answer(request, &answer, &expected)?;
        for id in asked_about(request).into_iter().chain(created).chain(expected.vanished.iter().copied()) {
            self.compare_resource(id).await?;
        }
        if let Operation::Report { id, .. } = &request.operation {
            self.compare_reports(*id).await?;
        }
        // If a refused request had changed anything, the lists after the next step would show it.
        let is_refused = expected.status >= 400 || expected.discard.is_some();
        if is_refused { Ok(()) } else { self.compare_lists().await }
    }

    async fn send(&self, request: &Request) -> Answer {
        let sent = self.app.request(request.method, &request.path[1..]);
        Answer::of(match request.body() {
            Some(body) => sent.json(&body),
            None => sent,
        })
        .await
    }

    /// Compares a resource, which may be absent.
    async fn compare_resource(&mut self, id: Uuid) -> Comparison {
        let answer = self.app.get(&self.model.path(id)[1..]).await;
        let expected = self.model.get(id);
        compare("status of GET", &answer.status, &expected.status)?;
        compare_body(&answer.body, expected.body.as_ref(), json_equal)?;
        if expected.code.is_some() {
            return compare("code of GET", &answer.body["code"].as_str(), &expected.code);
        }
        let tag = (id, answer.header("etag").to_owned());
        let body = self.bodies.entry(tag).or_insert_with(|| answer.body.clone());
        compare("body under an entity tag that was there before", &answer.body, body)
    }

    /// Compares the reports about a resource, which may be absent.
    async fn compare_reports(&self, id: Uuid) -> Comparison {
        let answer = self.app.get(&format!("{}/statuses?size=500", &self.model.path(id)[1..])).await;
        let resource = self.model.get(id);
        compare("status of the reports", &answer.status, &resource.status)?;
        if resource.code.is_some() {
            return compare("code of the reports", &answer.body["code"].as_str(), &resource.code);
        }
        let expected = self.model.reports(id);
        compare("number of reports", &answer.body["total"], &expected.len().into())?;
        let mut items = answer.body["items"].as_array().cloned().unwrap_or_default();
        items.sort_by(|a, b| a["adapter"].as_str().cmp(&b["adapter"].as_str()));
        compare_body(&items.into(), Some(&expected.into()), json_contains)
    }

    /// Compares the list of each kind with the resources in the model.
    async fn compare_lists(&self) -> Comparison {
        for (kind, path) in [(Kind::Cluster, "clusters"), (Kind::NodePool, "nodepools")] {
            let answer = self.app.get(&format!("{path}?size=500")).await;
            let rows = self.model.rows.iter().filter(|row| row.kind == kind);
            let expected: BTreeMap<_, _> = rows.map(|row| (row.id.to_string(), row.to_json())).collect();
            compare("total", &answer.body["total"], &expected.len().into())?;
            let items = answer.body["items"].as_array().cloned().unwrap_or_default();
            compare("number of items", &items.len(), &expected.len())?;
            for item in items {
                compare_body(&item, expected.get(item["id"].as_str().unwrap_or_default()), json_equal)?;
            }
        }
        Ok(())
    }

    /// Compares the explanation of each resource with its state in the model.
    async fn compare_explanations(&self) -> Comparison {
        for row in &self.model.rows {
            let found = self.app.get(&format!("{}/explain", &self.model.path(row.id)[1..])).await;
            let resource = row.to_json();
            let status = &resource["status"];
            let (state, since) = match (&resource["deleted_time"], status["phase"].as_str()) {
                (Value::Null, Some("Ready")) => ("reconciled", &status["last_transition_time"]),
                (Value::Null, Some("Failed")) => ("failed", &status["last_transition_time"]),
                (Value::Null, _) => ("waiting", &status["last_transition_time"]),
                (deleted, _) => ("finalizing", deleted),
            };
            compare("state", &found.body["state"], &state.into())?;
            compare("time of the state", &found.body["since"], since)?;
            let is_known = !row.reports.is_empty() || !self.model.settings.required(row.kind).is_empty();
            let blockers = found.body["blocked_by"].as_array().map_or(0, Vec::len);
            let blocks = state == "finalizing" || (state != "reconciled" && is_known);
            compare("whether anything is waited for", &(blockers > 0), &blocks)?;
            let children = self.model.rows.iter().filter(|child| child.parent == Some(row.id)).count();
            let waiting = if row.deleted_time.is_some() { children } else { 0 };
            compare("children", &found.body["children"]["waiting"], &waiting.into())?;
        }
        Ok(())
    }

    /// Deletes all remaining resources, by force if a deletion would wait.
    async fn clear(&mut self) -> Comparison {
        self.compare_explanations().await?;
        let clusters = self.model.rows.iter().filter(|row| row.kind == Kind::Cluster);
        let clusters: Vec<Uuid> = clusters.map(|row| row.id).collect();
        for id in clusters {
            self.step(&Request {
                method: "DELETE",
                path: self.model.path(id),
                operation: Operation::Delete { id },
            })
            .await?;
            if self.model.row(id).is_some() {
                self.compare_explanations().await?;
                let path = self.model.path(id) + "/force-delete";
                let operation = Operation::ForceDelete { id, reason: "the scenario is over".to_owned() };
                self.step(&Request { method: "POST", path, operation }).await?;
            }
        }
        compare("resources left", &self.model.ids(), &Vec::new())
    }
}

/// Returns the resource that a request is about. For the creation of a node pool, that is its parent.
fn asked_about(request: &Request) -> Option<Uuid> {
    match &request.operation {
        Operation::CreateCluster { .. } => None,
        Operation::CreateNodePool { parent: id, .. }
        | Operation::Patch { id, .. }
        | Operation::Delete { id }
        | Operation::Report { id, .. }
        | Operation::ForceDelete { id, .. } => Some(*id),
    }
}

fn compare_answer(request: &Request, answer: &Answer, expected: &Expected) -> Comparison {
    compare("status", &answer.status, &expected.status).map_err(|text| format!("{text} {}", answer.text))?;
    if answer.status >= 400 {
        compare("code", &answer.body["code"].as_str(), &expected.code)?;
        let names = |id: Uuid| answer.text.contains(&id.to_string());
        return compare(
            "whether the holder of the name is named",
            &expected.conflict_with.is_none_or(names),
            &true,
        );
    }
    let reason = answer.header("hyperfleet-discard-reason");
    compare("discard reason", &Some(reason).filter(|reason| !reason.is_empty()), &expected.discard)?;
    let is_report = matches!(request.operation, Operation::Report { .. });
    compare_body(&answer.body, expected.body.as_ref(), if is_report { json_contains } else { json_equal })
}

fn compare<T: std::fmt::Debug + PartialEq>(what: &str, found: &T, expected: &T) -> Comparison {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

/// Compares a body with the expected one, if any, using `same`.
fn compare_body(found: &Value, expected: Option<&Value>, same: fn(&Value, &Value) -> bool) -> Comparison {
    match expected {
        Some(expected) if !same(found, expected) => Err(format!("found    {found}\nexpected {expected}")),
        _ => Ok(()),
    }
}
