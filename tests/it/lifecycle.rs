//! Random sequences of requests on clusters and node pools, applied to the running service and to the model.
//!
//! `HYPERFLEET_TEST_SEQUENCES` sets the number of sequences on each engine (default 1,000). `HYPERFLEET_TEST_SEED`
//! repeats the sequences of a failed run.

mod player;

use crate::harness::{Engine, TestApp};
use crate::model::{Scenario, Settings, scenario};
use player::play;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use tokio::task::JoinSet;
use uuid::Uuid;

/// The default number of sequences on each engine.
const SEQUENCES: u64 = 1_000;
/// The maximum number of scenarios that are tried to find a smaller one that fails.
const SHRINKINGS: usize = 1_000;

crate::engines![every_sequence_of_requests_is_answered_as_the_model_says];

/// Scenarios with the same settings share a server and run one after the other, each on an empty database. Scenarios
/// with different settings run concurrently.
async fn every_sequence_of_requests_is_answered_as_the_model_says(app: TestApp) {
    let seed = number("HYPERFLEET_TEST_SEED").unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
    let sequences = number("HYPERFLEET_TEST_SEQUENCES").unwrap_or(SEQUENCES);
    let mut groups: BTreeMap<String, Vec<(u64, Scenario)>> = BTreeMap::new();
    for sequence in 0..sequences {
        let scenario = tree(seed, sequence).current();
        groups.entry(format!("{:?}", scenario.settings)).or_default().push((sequence, scenario));
    }
    let mut running = JoinSet::new();
    for group in groups.into_values() {
        running.spawn(play_group(app.engine, group));
    }
    while let Some(group) = running.join_next().await {
        if let Err((sequence, difference)) = group.expect("a group is played to its end") {
            running.abort_all();
            panic!(
                "seed {seed}, sequence {sequence}: {}",
                smallest(app.engine, seed, sequence, difference).await
            );
        }
    }
}

/// Runs sequences that share their settings. Returns the first that fails.
async fn play_group(engine: Engine, sequences: Vec<(u64, Scenario)>) -> Result<(), (u64, String)> {
    let settings = sequences[0].1.settings.clone();
    let app = app_with(engine, &settings).await;
    for (sequence, scenario) in sequences {
        play(&app, &scenario).await.map_err(|difference| (sequence, difference))?;
    }
    Ok(())
}

async fn app_with(engine: Engine, settings: &Settings) -> TestApp {
    let lists = [
        ("HYPERFLEET_ADAPTERS_REQUIRED_CLUSTER", settings.required_cluster.join(",")),
        ("HYPERFLEET_ADAPTERS_REQUIRED_NODEPOOL", settings.required_nodepool.join(",")),
        ("HYPERFLEET_ADAPTERS_MANDATORY_CONDITIONS", settings.mandatory_conditions.join(",")),
    ];
    let given = lists.iter().filter(|(_, names)| !names.is_empty());
    let mut variables: Vec<_> = given.map(|(variable, names)| (*variable, names.as_str())).collect();
    // A group sends one request at a time.
    variables.push(("HYPERFLEET_DATABASE_POOL_MAX_CONNECTIONS", "2"));
    TestApp::with(engine, &variables).await
}

/// Searches for a smaller scenario that also fails, each on a new server, and describes the smallest one found.
async fn smallest(engine: Engine, seed: u64, sequence: u64, difference: String) -> String {
    let mut tree = tree(seed, sequence);
    let mut found = (tree.current(), difference);
    let mut smaller = tree.simplify();
    for _ in 0..SHRINKINGS {
        if !smaller {
            break;
        }
        let scenario = tree.current();
        let app = app_with(engine, &scenario.settings).await;
        smaller = match play(&app, &scenario).await {
            Ok(()) => tree.complicate(),
            Err(difference) => {
                found = (scenario, difference);
                tree.simplify()
            }
        };
    }
    format!("{}\nin the scenario {:#?}", found.1, found.0)
}

/// Returns the scenario with this number and the scenarios that it can be shrunk to.
fn tree(seed: u64, sequence: u64) -> impl ValueTree<Value = Scenario> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&sequence.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    scenario().new_tree(&mut runner).expect("scenarios are never rejected")
}

/// Returns the number in an environment variable, if it is set.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a whole number, not '{text}'")))
}
