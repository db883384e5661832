//! Thousands of random searches, each also evaluated by an oracle that shares no code with the service. Both engines
//! must find the same resources as the oracle. So must a follower of changes, for which the service evaluates the
//! search in memory: the whole history of the fleet, filtered by the search, must end in the same state as the list.

use super::fleet::Fleet;
use crate::changes::Follower;
use crate::harness::Engine;
use crate::search_oracle::{Generator, Search};
use serde_json::Value;

/// The number of searches over clusters, and of those over node pools.
const SEARCHES: usize = 1600;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_find_what_a_second_reading_of_the_search_finds() {
    let (sqlite, postgres) = tokio::join!(Fleet::create(Engine::Sqlite), Fleet::create(Engine::Postgres));
    assert_eq!(
        names(sqlite.clusters.iter()),
        names(postgres.clusters.iter()),
        "the engines hold different clusters"
    );
    // Run concurrently, since each search waits for one server after the other.
    let counts = tokio::join!(
        search("clusters", 0, [(&sqlite, &sqlite.clusters), (&postgres, &postgres.clusters)]),
        search("nodepools", 1, [(&sqlite, &sqlite.node_pools), (&postgres, &postgres.node_pools)])
    );
    // The comparison is meaningful only if many searches find something and many find nothing.
    let (some, none) = (counts.0.0 + counts.1.0, counts.0.1 + counts.1.1);
    assert!(some > 1000 && none > 100, "{some} searches found something, {none} nothing");
}

/// Searches resources that both engines hold. Returns the number of searches with results and the number without.
async fn search(path: &str, seed: u64, engines: [(&Fleet, &[Value]); 2]) -> (usize, usize) {
    let (mut some, mut none) = (0, 0);
    let mut generators = [Generator::new(engines[0].1, seed), Generator::new(engines[1].1, 100 + seed)];
    for number in 0..SEARCHES {
        let search = generators[number % 2].search();
        let (found, _) = tokio::join!(
            compare(engines[0].0, path, engines[0].1, &search),
            compare(engines[1].0, path, engines[1].1, &search)
        );
        *(if found == 0 { &mut none } else { &mut some }) += 1;
        // The evaluation in memory does not depend on the engine.
        let Some((fleet, resources)) = engines.get(number % 4) else { continue };
        let followed = followed(fleet, path, &search.text).await;
        assert_eq!(followed, expected(resources, &search), "followed: {}", search.text);
    }
    (some, none)
}

/// Compares the results of the server with those of the oracle. Returns the number of results.
async fn compare(fleet: &Fleet, path: &str, resources: &[Value], search: &Search) -> usize {
    let parameters =
        [("search", search.text.as_str()), ("order", "name"), ("size", "500"), ("fields", "name")];
    let list = fleet.app.list(path, &parameters).await;
    assert_eq!(list.status, 200, "{:?}, {path}, {}: {}", fleet.app.engine, search.text, list.text);
    let expected = expected(resources, search);
    assert_eq!(list.names(), expected, "{:?}, {path}: {}", fleet.app.engine, search.text);
    assert_eq!(list.at("/total"), expected.len(), "{:?}, {path}: {}", fleet.app.engine, search.text);
    expected.len()
}

/// Returns the names that the oracle finds.
fn expected(resources: &[Value], search: &Search) -> Vec<String> {
    names(resources.iter().filter(|resource| search.matches(resource)))
}

/// Returns the names in the copy of a follower that has read the whole history of the fleet.
async fn followed(fleet: &Fleet, path: &str, search: &str) -> Vec<String> {
    let kind = if path == "clusters" { "Cluster" } else { "NodePool" };
    let parameters = [("search", search), ("kind", kind), ("fields", "name"), ("limit", "1000")];
    let mut follower = Follower::since(&fleet.app, &fleet.beginning, &parameters);
    let copy = &follower.read().await.copy;
    let mut names = names(copy.values());
    names.sort_unstable();
    names
}

fn names<'a>(resources: impl Iterator<Item = &'a Value>) -> Vec<String> {
    resources.map(|resource| resource["name"].as_str().expect("a name").to_owned()).collect()
}
