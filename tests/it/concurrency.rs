//! Concurrent requests: each has the same result as if it ran alone, and none fails because of the others.

mod company;
mod creates;
mod deletion;
mod load;
mod locked;
mod many_node_pools;
mod replicas;
mod reports;
mod writers;

use crate::harness::Answer;
use reqwest::RequestBuilder;
use serde_json::Value;
use tokio::task::JoinSet;

/// Sends requests at the same time. The responses are in the order of the requests.
async fn together(requests: impl IntoIterator<Item = RequestBuilder>) -> Vec<Answer> {
    let mut running = JoinSet::new();
    for (number, request) in requests.into_iter().enumerate() {
        running.spawn(async move { (number, Answer::of(request).await) });
    }
    let mut answers = running.join_all().await;
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// Returns the number of responses with this status.
fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// Returns a string of a body.
fn text<'a>(body: &'a Value, key: &str) -> &'a str {
    body[key].as_str().expect(key)
}
