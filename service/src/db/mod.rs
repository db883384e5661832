//! The database: a pool to read from, and one way to write.
//!
//! On PostgreSQL each write is a transaction of its own on a pooled connection, repeated when the database
//! gives way to another (serialization failure, deadlock). On SQLite the writes queue for the one [`writer`].

pub(crate) mod breaks;
mod connect;
mod fault;
mod pool;
mod writer;

pub use connect::Connect;
pub use pool::{Pool, Size};

use crate::dialect::Dialect;
use crate::lookup::{self, Lookups, Reported};
use crate::metrics::{self, Started};
use crate::replica::Standing;
use crate::resource::store;
use crate::status;
use crate::{Context, Error, Kind, Resource, Result, totals};
use chrono::{DateTime, Utc};
use connect::Pools;
use sea_orm::{DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;
use uuid::Uuid;
use writer::Writer;

/// How often a write is tried when the database asks for another try.
const ATTEMPTS: u32 = 8;

/// A change to the database, run inside one transaction. It may run again from the start if the database
/// asks for that, so it takes itself by reference and keeps no state.
pub trait Write: Send + Sync + 'static {
    /// What the caller is told once it is committed.
    type Output: Send + 'static;

    /// Locks, reads, decides, writes. An error undoes all of it.
    fn run(&self, scope: &Scope<'_>) -> impl Future<Output = Result<Self::Output>> + Send;
}

/// What a write works with.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The transaction everything goes through.
    pub tx: &'a DatabaseTransaction,
    /// The service's surroundings.
    pub context: &'a Context,
    /// What is to be counted once it is committed.
    pub(crate) started: &'a Started,
}

impl Scope<'_> {
    /// The time, for what is written now.
    pub fn now(&self) -> DateTime<Utc> {
        self.context.clock.now()
    }
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    dialect: Dialect,
    primary: Pool,
    probe: DatabaseConnection,
    replica: Option<Pool>,
    standing: Arc<Standing>,
    writer: Option<Writer>,
    lookups: Option<Lookups>,
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Db").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

impl Db {
    /// Connects. Fails if the database refuses, or cannot be reached for as long as is waited for it.
    pub async fn connect(connect: &Connect) -> Result<Self, DbErr> {
        let Pools { primary, probe, replica, wait } = connect.pools().await?;
        let dialect = connect.dialect();
        let writer = match dialect.single_writer() {
            true => Some(Writer::start(connect.of_writer()).await?),
            false => None,
        };
        let limits = lookup::Limits { wait, patience: connect.statement_timeout + wait };
        let lookups = dialect.gathers_reads().then(|| Lookups::start(&primary, replica.as_ref(), limits));
        let standing = Arc::new(Standing::new(connect.statement_timeout / 2));
        Ok(Self { dialect, primary, probe, replica, standing, writer, lookups })
    }

    /// What is particular about the engine.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where the newest state is read.
    pub fn primary(&self) -> &Pool {
        &self.primary
    }

    /// Notes that the database does not answer: connections from before are not trusted any more.
    pub fn distrust(&self) {
        breaks::note();
    }

    /// A connection of its own, to ask whether the database is there: it is, also when all others are busy.
    pub fn probe(&self) -> &DatabaseConnection {
        &self.probe
    }

    /// Where reads go that may lag behind: the replica if there is one.
    pub fn replica(&self) -> &Pool {
        self.replica.as_ref().unwrap_or(&self.primary)
    }

    /// A single resource, which may lag behind.
    pub(crate) async fn find(&self, kind: Kind, id: Uuid) -> Result<Option<Resource>> {
        match &self.lookups {
            Some(lookups) => lookups.find(kind, id).await,
            None => store::find(self.replica(), kind, id).await,
        }
    }

    /// How many resources of this kind there are; may lag behind.
    pub(crate) async fn total(&self, kind: Kind) -> Result<i64> {
        match &self.lookups {
            Some(lookups) => lookups.total(kind).await,
            None => totals::of_kind(self.replica(), kind).await,
        }
    }

    /// A single resource and the reports about it, for a write that will notice if they change meanwhile.
    pub(crate) async fn find_with_reports(&self, kind: Kind, id: Uuid) -> Result<Option<Reported>> {
        match &self.lookups {
            Some(lookups) => lookups.find_with_reports(kind, id).await,
            None => match store::find(&self.primary, kind, id).await? {
                Some(resource) => Ok(Some((resource, status::of_resource(&self.primary, id).await?))),
                None => Ok(None),
            },
        }
    }

    /// Whether the replica answers; `None` if there is none.
    pub(crate) fn replica_standing(&self) -> Option<&Standing> {
        self.replica.as_ref().map(|_| &*self.standing)
    }

    /// The same database, read where it is written.
    pub(crate) fn without_replica(&self) -> Self {
        let lookups = self.lookups.as_ref().map(Lookups::on_primary);
        Self { replica: None, lookups, ..self.clone() }
    }

    /// Runs `write` in a transaction, commits, and only then answers.
    pub async fn write<W: Write>(&self, context: Context, write: W) -> Result<W::Output> {
        match &self.writer {
            Some(writer) => writer.write(context, write).await,
            None => self.transact(&context, &write).await,
        }
    }

    async fn transact<W: Write>(&self, context: &Context, write: &W) -> Result<W::Output> {
        let mut attempt = 1;
        loop {
            let slot = self.primary.slot().await;
            let tx = begin(self.primary.connections(&slot)).await?;
            let started = Started::default();
            let result = match write.run(&Scope { tx: &tx, context, started: &started }).await {
                Ok(output) => {
                    tx.commit().await.map(|()| output).inspect(|_| started.count()).map_err(Error::of_commit)
                }
                Err(error) => {
                    // A rollback that fails leaves a broken connection, which the pool drops.
                    if tx.rollback().await.is_err() {
                        metrics::rollback_failed();
                    }
                    Err(error)
                }
            };
            match result {
                Err(Error::GaveWay(_)) if attempt < ATTEMPTS => {
                    ::metrics::counter!("hyperfleet_db_retries_total").increment(1);
                    drop(slot);
                    let pause = rand::random_range(0..5 << attempt.min(5));
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }
}

/// Begins a transaction, to the end even if the caller leaves meanwhile. The driver counts a transaction only once
/// the database has answered; given up before that, the connection would return to the pool inside a transaction
/// nobody knows of, and what is written on it next would never be committed.
async fn begin(connections: &DatabaseConnection) -> Result<DatabaseTransaction> {
    let connections = connections.clone();
    // If nobody waits for it any more, it is dropped as a whole, which rolls it back.
    let begun = tokio::spawn(async move { connections.begin().await }.in_current_span()).await;
    Ok(begun.map_err(|error| Error::Internal(format!("a transaction did not begin: {error}")))??)
}
