//! The database: a pool to read from, and one way to write.
//!
//! On PostgreSQL each write is a transaction of its own on a pooled connection, repeated when the database
//! gives way to another (serialization failure, deadlock). On SQLite the writes queue for the one [`writer`].

pub(crate) mod breaks;
mod fault;
mod writer;

use crate::dialect::Dialect;
use crate::lookup::{self, Lookups, Reported};
use crate::metrics::{self, Started};
use crate::replica::Standing;
use crate::resource::store;
use crate::status;
use crate::{Context, Error, Kind, Resource, Result, totals};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DatabaseTransaction, DbErr, TransactionTrait};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;
use writer::Writer;

/// How often a write is tried when the database asks for another try.
const ATTEMPTS: u32 = 8;
/// How often a database that is away at the start is tried.
const RECONNECT: Duration = Duration::from_millis(500);
/// How long a connection that is given back may take to finish what was left on it.
const RELEASE: Duration = Duration::from_secs(5);

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
    /// How long a PostgreSQL that is away is waited for.
    pub startup_timeout: Duration,
    /// How long a request waits for a connection before it is refused.
    pub acquire_timeout: Duration,
    /// How long a statement may run. PostgreSQL cancels it then; SQLite knows no such limit, and only the caller
    /// stops waiting.
    pub statement_timeout: Duration,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    dialect: Dialect,
    primary: DatabaseConnection,
    probe: DatabaseConnection,
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
    /// Connects. Fails if the database refuses, or cannot be reached for as long as is waited for it.
    pub async fn connect(connect: &Connect) -> Result<Self, DbErr> {
        let end = Instant::now() + connect.startup_timeout;
        loop {
            match Self::connect_now(connect).await {
                Err(error) if worth_waiting(connect, &error) && Instant::now() < end => {
                    tracing::warn!(%error, "the database is away; trying again");
                    tokio::time::sleep(RECONNECT).await;
                }
                result => return result,
            }
        }
    }

    async fn connect_now(connect: &Connect) -> Result<Self, DbErr> {
        let dialect = Dialect::of_url(&connect.url);
        let readers = connect.max_connections.unwrap_or(dialect.readers());
        let mut primary = options(connect, &connect.url);
        primary.max_connections(readers);
        let primary = open(primary).await?;
        let mut probe = options(connect, &connect.url);
        probe.max_connections(1).connect_lazy(true);
        let probe = open(probe).await?;
        let replica = match &connect.read_url {
            Some(url) => {
                let mut options = options(connect, url);
                options.max_connections(readers);
                // Reads do without it while it is away, also now.
                options.connect_lazy(true);
                Some(open(options).await?)
            }
            None => None,
        };
        let writer = match dialect.single_writer() {
            true => {
                let mut options = options(connect, &connect.url);
                options.max_connections(1);
                Some(Writer::start(options).await?)
            }
            false => None,
        };
        let limits = lookup::Limits {
            wait: connect.acquire_timeout,
            patience: connect.statement_timeout + connect.acquire_timeout,
        };
        let lookups = dialect.gathers_reads().then(|| Lookups::start(&primary, replica.as_ref(), limits));
        let standing = Arc::new(Standing::new(connect.statement_timeout / 2));
        Ok(Self { dialect, primary, probe, replica, standing, writer, lookups })
    }

    /// What is particular about the engine.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Where the newest state is read.
    pub fn primary(&self) -> &DatabaseConnection {
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

    /// Begins a transaction, to the end even if the caller leaves meanwhile. The driver counts a transaction
    /// only once the database has answered; given up before that, the connection would return to the pool
    /// inside a transaction nobody knows of, and what is written on it next would never be committed.
    async fn begin(&self) -> Result<DatabaseTransaction> {
        let primary = self.primary.clone();
        // If nobody waits for it any more, it is dropped as a whole, which rolls it back.
        let begun = tokio::spawn(async move { primary.begin().await }).await;
        Ok(begun.map_err(|error| Error::Internal(format!("a transaction did not begin: {error}")))??)
    }

    async fn transact<W: Write>(&self, context: &Context, write: &W) -> Result<W::Output> {
        let mut attempt = 1;
        loop {
            let tx = self.begin().await?;
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

/// A server may come back; a file that cannot be opened is a matter of its path.
fn worth_waiting(connect: &Connect, error: &DbErr) -> bool {
    Dialect::of_url(&connect.url) == Dialect::Postgres && fault::may_pass(error)
}

async fn open(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    let mut connection = Database::connect(options).await?;
    metrics::observe(&mut connection);
    Ok(connection)
}

fn options(connect: &Connect, url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    let statement_timeout = connect.statement_timeout.as_millis().to_string();
    options
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
        })
        .map_sqlx_postgres_before_acquire(|_, connection| {
            Box::pin(std::future::ready(Ok(!breaks::outlived(connection.idle_for))))
        })
        .map_sqlx_postgres_pool_opts(|options| {
            options.after_release(|connection, _| Box::pin(settled(connection)))
        });
    options
}

/// Waits for the answer to what was given up on a connection, for so long. A server that has vanished without
/// closing it would else keep the connection, and its place in the pool, until the system gives up sending.
async fn settled(connection: &mut sqlx::PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(RELEASE, sqlx::Connection::flush(connection)).await {
        Ok(result) => result.map(|()| true),
        Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
    }
}
