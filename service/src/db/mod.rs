//! The database: a pool to read from, and one way to write.
//!
//! On PostgreSQL each write is a transaction of its own on a pooled connection, repeated when the database
//! gives way to another (serialization failure, deadlock). On SQLite the writes queue for the one [`writer`].

mod fault;
mod writer;

use crate::dialect::Dialect;
use crate::lookup::{Lookups, Reported};
use crate::metrics::{self, Started};
use crate::replica::Standing;
use crate::resource::store;
use crate::status;
use crate::{Context, Error, Kind, Resource, Result, totals};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
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

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Connect {
    /// `sqlite:` or `postgres:` URL.
    pub url: String,
    /// A copy of the database for reads that may lag.
    pub read_url: Option<String>,
    /// Connections in the pool; the default depends on the engine and the cores.
    pub max_connections: Option<u32>,
    /// How long a request waits for a connection before it is refused.
    pub acquire_timeout: Duration,
    /// How long a statement may run.
    pub statement_timeout: Duration,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    dialect: Dialect,
    primary: DatabaseConnection,
    replica: Option<DatabaseConnection>,
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
    /// Connects. Fails if the database cannot be reached now.
    pub async fn connect(connect: &Connect) -> Result<Self, DbErr> {
        let dialect = Dialect::of_url(&connect.url);
        let primary = open(options(connect, &connect.url, dialect.readers())).await?;
        let replica = match &connect.read_url {
            Some(url) => {
                let mut options = options(connect, url, dialect.readers());
                // Reads do without it while it is away, also now.
                options.connect_lazy(true);
                Some(open(options).await?)
            }
            None => None,
        };
        let writer = match dialect.single_writer() {
            true => {
                let mut options = options(connect, &connect.url, 1);
                options.max_connections(1);
                Some(Writer::start(options).await?)
            }
            false => None,
        };
        let lookups = dialect.gathers_reads().then(|| Lookups::start(&primary, replica.as_ref()));
        Ok(Self { dialect, primary, replica, standing: Arc::default(), writer, lookups })
    }

    /// What is particular about the engine.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where the newest state is read.
    pub fn primary(&self) -> &DatabaseConnection {
        &self.primary
    }

    /// Where reads go that may lag behind: the replica if there is one.
    pub fn replica(&self) -> &DatabaseConnection {
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
            let tx = self.primary.begin().await?;
            let started = Started::default();
            let result = match write.run(&Scope { tx: &tx, context, started: &started }).await {
                Ok(output) => {
                    tx.commit().await.map(|()| output).inspect(|_| started.count()).map_err(Error::from)
                }
                Err(error) => {
                    // A rollback that fails leaves a broken connection, which the pool drops.
                    let _ = tx.rollback().await;
                    Err(error)
                }
            };
            match result {
                Err(Error::GaveWay(_)) if attempt < ATTEMPTS => {
                    ::metrics::counter!("hyperfleet_db_retries_total").increment(1);
                    let pause = rand::random_range(0..5 << attempt.min(5));
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }
}

async fn open(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    let mut connection = Database::connect(options).await?;
    metrics::observe(&mut connection);
    Ok(connection)
}

fn options(connect: &Connect, url: &str, readers: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    let statement_timeout = connect.statement_timeout.as_millis().to_string();
    options
        .max_connections(connect.max_connections.unwrap_or(readers))
        .acquire_timeout(connect.acquire_timeout)
        .connect_timeout(Duration::from_secs(5))
        .idle_timeout(Duration::from_secs(300))
        .test_before_acquire(false)
        .test_before_acquire_if_idle_for(Duration::from_secs(10))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|options| {
            options
                .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
                // Every acknowledged write is on disk: FULL flushes the log at each commit.
                .synchronous(sqlx::sqlite::SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(5))
                .foreign_keys(true)
                .pragma("cache_size", "-8000")
        })
        .map_sqlx_postgres_opts(move |options| {
            options
                .application_name("hyperfleet-api")
                .options([("statement_timeout", statement_timeout.as_str()), ("jit", "off")])
        });
    options
}
