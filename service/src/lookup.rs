//! Reads by id, and counts of all. Those that arrive while another is under way are answered together, by one
//! statement: most of the cost of such a read is the way to the database and back, and under load one way
//! serves dozens.

use crate::resource::store;
use crate::status::{self, StoredReport};
use crate::turn::Turn;
use crate::{Error, Kind, Pool, Resource, Result, totals};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sea_orm::DatabaseConnection;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::{Instrument, Span};
use uuid::Uuid;

/// The most reads answered together.
const BATCH: usize = 64;
/// Batches under way at a time, unless these take long. With one, a slow answer would hold up everyone.
const UNDER_WAY: usize = 2;
/// Batches under way at the most: what holds up one kind of reads shall leave connections to the others.
const MOST_UNDER_WAY: usize = 8;
/// How many reads may wait.
const QUEUE: usize = 4096;

/// How long reads take at the most.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Until they begin.
    pub(crate) wait: Duration,
    /// From there until the database has answered.
    pub(crate) patience: Duration,
}

/// Stands for all resources where a read is not about one.
const ALL: Uuid = Uuid::nil();

/// A resource, and all reports about it.
pub(crate) type Reported = (Resource, Vec<StoredReport>);

/// The queues of reads.
#[derive(Clone)]
pub(crate) struct Lookups {
    reads: Reads,
    /// The same from the database itself.
    fresh: Reads,
    reported_clusters: Queue<Reported>,
    reported_node_pools: Queue<Reported>,
}

#[derive(Clone)]
struct Reads {
    clusters: Queue<Resource>,
    node_pools: Queue<Resource>,
    cluster_totals: Queue<i64>,
    node_pool_totals: Queue<i64>,
}

impl Reads {
    fn start(pool: &Pool, limits: Limits) -> Self {
        Self {
            clusters: Queue::start(pool, limits, Kind::Cluster, resources),
            node_pools: Queue::start(pool, limits, Kind::NodePool, resources),
            cluster_totals: Queue::start(pool, limits, Kind::Cluster, total),
            node_pool_totals: Queue::start(pool, limits, Kind::NodePool, total),
        }
    }
}

impl Lookups {
    /// Starts to answer reads of resources from `replica`, and those that a write builds on from `primary`.
    pub(crate) fn start(primary: &Pool, replica: Option<&Pool>, limits: Limits) -> Self {
        let fresh = Reads::start(primary, limits);
        Self {
            reads: replica.map_or_else(|| fresh.clone(), |replica| Reads::start(replica, limits)),
            fresh,
            reported_clusters: Queue::start(primary, limits, Kind::Cluster, reported),
            reported_node_pools: Queue::start(primary, limits, Kind::NodePool, reported),
        }
    }

    /// The same, reading from the database itself.
    pub(crate) fn on_primary(&self) -> Self {
        Self { reads: self.fresh.clone(), ..self.clone() }
    }

    /// The resource with this id, as it was at some moment after this call.
    pub(crate) async fn find(&self, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
        match kind {
            Kind::Cluster => self.reads.clusters.ask(id).await,
            Kind::NodePool => self.reads.node_pools.ask(id).await,
        }
    }

    /// How many resources of this kind there were at some moment after this call.
    pub(crate) async fn total(&self, kind: Kind) -> Result<i64> {
        let total = match kind {
            Kind::Cluster => self.reads.cluster_totals.ask(ALL).await?,
            Kind::NodePool => self.reads.node_pool_totals.ask(ALL).await?,
        };
        Ok(total.unwrap_or(0))
    }

    /// The resource with this id, and then the reports about it: they may be newer than the resource, never
    /// older.
    pub(crate) async fn find_with_reports(&self, kind: Kind, id: Uuid) -> Result<Option<Reported>> {
        match kind {
            Kind::Cluster => self.reported_clusters.ask(id).await,
            Kind::NodePool => self.reported_node_pools.ask(id).await,
        }
    }
}

type Found<T> = Result<HashMap<Uuid, T>>;
type Fetch<T> = for<'a> fn(&'a DatabaseConnection, Kind, Vec<Uuid>) -> BoxFuture<'a, Found<T>>;

fn resources(connection: &DatabaseConnection, kind: Kind, ids: Vec<Uuid>) -> BoxFuture<'_, Found<Resource>> {
    async move {
        let found = store::find_all(connection, kind, ids).await?;
        Ok(found.into_iter().map(|resource| (resource.id, resource)).collect())
    }
    .boxed()
}

fn total(connection: &DatabaseConnection, kind: Kind, _: Vec<Uuid>) -> BoxFuture<'_, Found<i64>> {
    async move { Ok(HashMap::from([(ALL, totals::of_kind(connection, kind).await?)])) }.boxed()
}

fn reported(connection: &DatabaseConnection, kind: Kind, ids: Vec<Uuid>) -> BoxFuture<'_, Found<Reported>> {
    async move {
        let found = store::find_all(connection, kind, ids.clone()).await?;
        let mut reports: HashMap<Uuid, Vec<StoredReport>> = HashMap::new();
        for (owner, report) in status::of_resources(connection, ids).await? {
            reports.entry(owner).or_default().push(report);
        }
        let with_reports = |resource: Resource| {
            let reports = reports.remove(&resource.id).unwrap_or_default();
            (resource.id, (resource, reports))
        };
        Ok(found.into_iter().map(with_reports).collect())
    }
    .boxed()
}

/// A read that waits.
struct Lookup<T> {
    id: Uuid,
    asked: Instant,
    turn: Turn,
    /// What the read is a part of, for those who trace it.
    span: Span,
    reply: oneshot::Sender<Result<Option<T>>>,
}

struct Queue<T> {
    waiting: mpsc::Sender<Lookup<T>>,
    wait: Duration,
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        Self { waiting: self.waiting.clone(), wait: self.wait }
    }
}

impl<T: Clone + Send + 'static> Queue<T> {
    fn start(pool: &Pool, limits: Limits, kind: Kind, fetch: Fetch<T>) -> Self {
        let (sender, mut queue) = mpsc::channel::<Lookup<T>>(QUEUE);
        let pool = pool.clone();
        let under_way = Arc::new(Semaphore::new(UNDER_WAY));
        let most = Arc::new(Semaphore::new(MOST_UNDER_WAY));
        tokio::spawn(async move {
            loop {
                let Ok(limit) = most.clone().acquire_owned().await else { return };
                let Some(first) = queue.recv().await else { return };
                // Whoever comes while this waits is answered with it. What is under way may be held up, and need
                // not hold up the others.
                let patience = pool.patience().saturating_sub(first.asked.elapsed());
                let place = tokio::time::timeout(patience, under_way.clone().acquire_owned()).await;
                let slot = pool.slot_since(first.asked).await;
                let mut batch = vec![first];
                while batch.len() < BATCH
                    && let Ok(next) = queue.try_recv()
                {
                    batch.push(next);
                }
                batch.retain(|lookup| lookup.turn.take());
                // A statement for many can be seen in one trace: that of the first.
                let Some(span) = batch.first().map(|lookup| lookup.span.clone()) else { continue };
                let pool = pool.clone();
                let answering = async move {
                    let ids = batch.iter().map(|lookup| lookup.id).collect();
                    let fetched = fetch(pool.connections(&slot), kind, ids);
                    // The database keeps to a limit of its own, unless it has vanished.
                    let found = tokio::time::timeout(limits.patience, fetched).await;
                    answer(batch, found.unwrap_or_else(|_| Err(Error::no_answer())));
                    drop((slot, place, limit));
                };
                tokio::spawn(answering.instrument(span));
            }
        });
        Self { waiting: sender, wait: limits.wait }
    }

    async fn ask(&self, id: Uuid) -> Result<Option<T>> {
        let (reply, answer) = oneshot::channel();
        let turn = Turn::default();
        let lookup = Lookup { id, asked: Instant::now(), turn: turn.clone(), span: Span::current(), reply };
        self.waiting.try_send(lookup).map_err(|_| Error::Overloaded)?;
        turn.answer(self.wait, answer).await
    }
}

fn answer<T: Clone>(batch: Vec<Lookup<T>>, found: Found<T>) {
    for Lookup { id, reply, .. } in batch {
        let result = match &found {
            Ok(found) => Ok(found.get(&id).cloned()),
            Err(error) => Err(error.shared()),
        };
        // Whoever asked may have gone.
        let _ = reply.send(result);
    }
}
