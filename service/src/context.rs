//! The shared state of the operations.

use crate::batch::Batcher;
use crate::change::log::ChangeLog;
use crate::clock::Clock;
use crate::db::{Consistency, Db, ReplicaHealth};
use crate::error::{Error, Result};
use crate::gate::{Gate, Pass};
use crate::kind::PerKind;
use crate::memory::PageMemory;
use crate::metrics;
use crate::model::{ResourceChange, Target};
use crate::resource::page_indexes::PageIndexes;
use crate::resource::request::{Applied, BatchResult, Create, Outcome, PatchRequest, ReportRequest};
use crate::spec_schema::SpecSchemas;
use crate::store::reader::Reader;
use crate::store::write::Tx;
use std::sync::Arc;

/// The maximum number of create batches that run at a time. With one, a batch would wait for the commit of the
/// preceding one.
const CONCURRENT_CREATES: usize = 2;
/// The maximum number of report batches that run at a time. With two, reports about the same resource would find it
/// locked by the other batch.
const CONCURRENT_REPORTS: usize = 1;
/// The maximum number of patch batches that run at a time, for the same reason.
const CONCURRENT_PATCHES: usize = 1;

/// The shared state of the operations. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Db,
    /// The source of the current time.
    pub clock: Clock,
    /// The settings chosen by the operator.
    pub settings: Arc<Settings>,
    /// The log of changes, up to the position that followers can read.
    pub(crate) changes: ChangeLog,
    pub(crate) gate: Gate,
    pub(crate) pages: PageMemory,
    pub(crate) page_indexes: PageIndexes,
    primary: Reader,
    replica: Option<(Reader, Arc<ReplicaHealth>)>,
    pub(crate) creates: Batcher<Arc<Create>, BatchResult<Applied>>,
    pub(crate) reports: Batcher<Arc<ReportRequest>, BatchResult<Outcome>>,
    pub(crate) patches: Batcher<Arc<PatchRequest>, BatchResult<Applied>>,
}

/// The settings chosen by the operator.
#[derive(Debug)]
pub struct Settings {
    /// The required adapters of each kind. If empty, all adapters that have reported are required.
    pub required: PerKind<Vec<String>>,
    /// The types of the conditions that every report must contain.
    pub mandatory_conditions: Vec<String>,
    /// The maximum number of adapters that report about one resource.
    pub max_adapters: usize,
    /// The maximum size of the items of one page of a list, in bytes. The first item may exceed it.
    pub max_page_bytes: usize,
    /// The maximum memory of all pages of lists until their responses are sent, in bytes. At least
    /// `max_page_bytes`.
    pub max_page_memory: usize,
    /// The maximum memory of the indexes of lists, in bytes. With 0, there are no indexes.
    pub page_index_memory: usize,
    /// The schemas that specs must match.
    pub schemas: SpecSchemas,
}

/// The value that a committed transaction returned, and the changes it made.
pub(crate) struct Committed<T> {
    pub(crate) value: T,
    pub(crate) changes: Vec<ResourceChange>,
}

impl Context {
    /// Creates a context for operations on `db`.
    pub fn new(db: Db, clock: Clock, settings: Settings) -> Self {
        let timeout = db.acquire_timeout();
        Self {
            primary: Reader::new(&db, db.primary(), true),
            replica: db
                .replica()
                .map(|replica| (Reader::new(&db, &replica.executor, false), replica.health.clone())),
            gate: Gate::new(timeout),
            pages: PageMemory::new(settings.max_page_bytes, settings.max_page_memory),
            page_indexes: PageIndexes::new(settings.page_index_memory),
            creates: Batcher::new(CONCURRENT_CREATES, timeout),
            reports: Batcher::new(CONCURRENT_REPORTS, timeout),
            patches: Batcher::new(CONCURRENT_PATCHES, timeout),
            settings: Arc::new(settings),
            changes: ChangeLog::default(),
            clock,
            db,
        }
    }

    /// Runs a read on the replica if the consistency allows it and the replica answers, otherwise on the primary.
    pub(crate) async fn read<T, F>(&self, consistency: Consistency, read: impl Fn(Reader) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        match &self.replica {
            Some((replica, health)) if consistency == Consistency::Eventual => {
                health.read(replica.clone(), self.primary.clone(), read).await
            }
            _ => read(self.primary.clone()).await,
        }
    }

    /// Waits for the gate of the cluster, or of the cluster that a node pool belongs to. For writes that may also remove
    /// the cluster. This does not exclude writes that enter the gate of the node pool: the row locks order those.
    pub(crate) async fn enter_cluster(&self, target: &Target) -> Result<Pass> {
        let mut cluster = target.owner.unwrap_or(target.id);
        if target.owner.is_none() && target.kind.parent().is_some() {
            // The owner never changes, so this read does not have to be current.
            let found = self.primary.find(target.kind, target.id).await?;
            cluster = found.and_then(|resource| resource.owner_id).unwrap_or(cluster);
        }
        self.gate.enter(cluster).await
    }

    /// Runs a write in a transaction and returns after the commit. `work` may run more than once.
    pub(crate) async fn write<T, F>(&self, work: impl Fn(Tx) -> F) -> Result<Committed<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let transaction = |executor| {
            let tx = Tx::new(executor, self.clock.clone());
            let work = work(tx.clone());
            async move { Ok((work.await?, tx.take_saved())) }
        };
        let (value, saved) = self.db.write(transaction).await?;
        metrics::count_started(&saved.started);
        if saved.has_changes {
            self.changes.notify();
        }
        Ok(Committed { value, changes: saved.changes })
    }

    /// Runs a write for a batch of `requests` requests in one transaction. If a batch of several requests fails,
    /// each of them is left to be handled alone, since one of them may be the cause.
    pub(crate) async fn write_batch<A, F>(
        &self,
        requests: usize,
        work: impl Fn(Tx) -> F,
    ) -> Result<Vec<BatchResult<A>>>
    where
        F: Future<Output = Result<Vec<BatchResult<A>>>>,
    {
        match self.write(work).await {
            Ok(Committed { value, .. }) => Ok(value),
            // A batch skips locked resources. If it was blocked nevertheless, each of its requests would be blocked
            // as well.
            Err(error @ (Error::Unavailable(_) | Error::Timeout(_) | Error::Locked(_))) => Err(error),
            Err(error) if requests == 1 => Err(error),
            Err(_) => Ok(std::iter::repeat_with(|| None).take(requests).collect()),
        }
    }
}
