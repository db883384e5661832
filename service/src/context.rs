//! What operations work with.

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
use crate::resource::request::{Applied, Create, Handled, Outcome, PatchRequest, ReportRequest};
use crate::spec_schema::SpecSchemas;
use crate::store::reader::Reader;
use crate::store::write::Tx;
use std::sync::Arc;

/// Batches of creates under way at a time. With one, a batch would wait for the commit of the one before.
const CREATES: usize = 2;
/// Batches of reports under way at a time. With two, reports about the same resource would find it locked by the other
/// batch.
const REPORTS: usize = 1;
/// Batches of changes under way at a time, for the same reason.
const PATCHES: usize = 1;

/// What operations work with. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// What the operator chose.
    pub settings: Arc<Settings>,
    /// The log of changes, as far as it can be followed.
    pub(crate) changes: ChangeLog,
    pub(crate) gate: Gate,
    pub(crate) pages: PageMemory,
    pub(crate) page_indexes: PageIndexes,
    primary: Reader,
    replica: Option<(Reader, Arc<ReplicaHealth>)>,
    pub(crate) creates: Batcher<Arc<Create>, Handled<Applied>>,
    pub(crate) reports: Batcher<Arc<ReportRequest>, Handled<Outcome>>,
    pub(crate) patches: Batcher<Arc<PatchRequest>, Handled<Applied>>,
}

/// What the operator chose.
#[derive(Debug)]
pub struct Settings {
    /// The required adapters of each kind. None: all that have reported are required.
    pub required: PerKind<Vec<String>>,
    /// Conditions that a report must carry.
    pub mandatory_conditions: Vec<String>,
    /// How many adapters may report about one resource.
    pub max_adapters: usize,
    /// How many bytes the items of one page of a list may take. The first item may take more.
    pub max_page_bytes: usize,
    /// How many bytes pages of lists may take together, until their answers are sent. At least as many as one.
    pub max_page_memory: usize,
    /// How many bytes the indexes of lists may take together; 0: there are none.
    pub page_index_memory: usize,
    /// What specs must match.
    pub schemas: SpecSchemas,
}

/// What a committed transaction answered and did.
pub(crate) struct Committed<T> {
    pub(crate) value: T,
    pub(crate) changes: Vec<ResourceChange>,
}

impl Context {
    /// A context for operations on `db`.
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
            creates: Batcher::new(CREATES, timeout),
            reports: Batcher::new(REPORTS, timeout),
            patches: Batcher::new(PATCHES, timeout),
            settings: Arc::new(settings),
            changes: ChangeLog::default(),
            clock,
            db,
        }
    }

    /// Runs a read where its consistency allows: on the replica, if there is one and it answers, or on the primary.
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

    /// Lines up for a write that may end in a removal: for the resource, or for the cluster that may be removed with it.
    pub(crate) async fn enter_root(&self, target: &Target) -> Result<Pass> {
        let mut root = target.owner.unwrap_or(target.id);
        if target.owner.is_none() && target.kind.parent().is_some() {
            // The owner never changes, so it does not matter how current this is.
            let found = self.primary.find(target.kind, target.id).await?;
            root = found.and_then(|resource| resource.owner_id).unwrap_or(root);
        }
        self.gate.enter(root).await
    }

    /// Runs a write in a transaction and answers once it is committed. The work may run more than once.
    pub(crate) async fn write<T, F>(&self, work: impl Fn(Tx) -> F) -> Result<Committed<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let transaction = |executor| {
            let tx = Tx::new(executor, self.clock.now());
            let work = work(tx.clone());
            async move { Ok((work.await?, tx.saved())) }
        };
        let (value, saved) = self.db.write(transaction).await?;
        metrics::count_started(&saved.started);
        if saved.logged {
            self.changes.notify();
        }
        Ok(Committed { value, changes: saved.changes })
    }

    /// Runs a write for a batch of so many requests in one transaction. If it fails, each of several is left to be handled
    /// alone: one of them may be the reason.
    pub(crate) async fn write_batch<A, F>(
        &self,
        requests: usize,
        work: impl Fn(Tx) -> F,
    ) -> Result<Vec<Handled<A>>>
    where
        F: Future<Output = Result<Vec<Handled<A>>>>,
    {
        match self.write(work).await {
            Ok(Committed { value, .. }) => Ok(value),
            // A batch leaves out what is locked: what has kept it waiting all the same would keep each of them waiting.
            Err(error @ (Error::Unavailable(_) | Error::Timeout(_) | Error::Locked(_))) => Err(error),
            Err(error) if requests == 1 => Err(error),
            Err(_) => Ok(std::iter::repeat_with(|| None).take(requests).collect()),
        }
    }
}
