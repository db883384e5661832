//! Migration when several processes start at the same time: one migrates, the others wait and find it done.

use crate::Migrator;
use sea_orm_migration::sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, IsolationLevel, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{IntoSchemaManagerConnection, MigratorTrait, SchemaManager, seaql_migrations};
use std::collections::BTreeSet;
use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

/// The key of the advisory lock on PostgreSQL: a fixed number that nothing else in the database uses.
const ADVISORY_LOCK: i64 = 0x6879_7065_7266_6c74;
/// The maximum time to wait for another process that migrates.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);
/// The time after which the wait for another process is logged.
const NOTICE_DELAY: Duration = Duration::from_secs(1);
/// The interval between attempts to lock a file that another process holds.
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// The settings of a migration. They replace the limits of the role, which are meant for requests. A migration may
/// take long, but must not wait long for a table lock, since all other users of the table wait behind it.
const SETTINGS: &str =
    "SET LOCAL application_name = 'hyperfleet-api migrate'; SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '5s'";

/// Queries a description of the session that holds the advisory lock `$1`.
const HOLDER: &str = "
    SELECT format('pid %s (role %s, application %s)', pid, usename, application_name) AS holder
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND datname = current_database()
      AND ((classid::bigint << 32) | objid::bigint) = $1 AND objsubid = 1";

/// Applies all pending migrations of the database at `url` and returns their names. Several callers may do so at
/// the same time.
///
/// # Errors
/// A migration fails, and then none is applied, or another process has been migrating for a minute.
pub async fn up(url: &str) -> Result<Vec<String>, DbErr> {
    up_within(url, LOCK_TIMEOUT).await
}

/// Like [`up`], with another limit for the wait for another process that migrates. The limit applies to PostgreSQL
/// only.
///
/// # Errors
/// The errors of [`up`].
pub async fn up_within(url: &str, wait: Duration) -> Result<Vec<String>, DbErr> {
    let guard = Guard::acquire(url, wait).await?;
    let pending = pending(&guard.transaction).await?;
    // If a later version has applied more migrations, none is pending, and the migrator would fail because it does
    // not know them.
    if !pending.is_empty() {
        Migrator::up(&guard.transaction, None).await?;
    }
    guard.release().await?;
    Ok(pending)
}

/// Reverts the newest migration and returns its name, if there is one.
///
/// # Errors
/// The errors of [`up`]; or a newer version has migrated, and only that version can revert its migration.
pub async fn down(url: &str) -> Result<Option<String>, DbErr> {
    let guard = Guard::acquire(url, LOCK_TIMEOUT).await?;
    let newest = applied(&guard.transaction).await?.pop_last();
    if let Some(name) = newest.as_ref().filter(|name| !is_known(name)) {
        let text = format!("{name} was applied by a newer version, which alone can take it back");
        return Err(DbErr::Custom(text));
    }
    Migrator::down(&guard.transaction, Some(1)).await?;
    guard.release().await?;
    Ok(newest)
}

/// Returns the name of each migration and whether it is applied, oldest first, including those of later versions.
/// Changes nothing.
///
/// # Errors
/// The database cannot be read.
pub async fn status(url: &str) -> Result<Vec<(String, bool)>, DbErr> {
    if is_absent(url) {
        return Ok(known().map(|name| (name, false)).collect());
    }
    let database = connect(url).await?;
    let applied = applied(&database).await?;
    database.close().await?;
    let names: BTreeSet<String> = known().chain(applied.iter().cloned()).collect();
    Ok(names.into_iter().map(|name| (name.clone(), applied.contains(&name))).collect())
}

/// Returns the names of this version's migrations that are not applied yet. Migrations that a later version has
/// applied do not matter: they only add to the schema, and this version keeps working beside it. Changes nothing
/// and needs no write privilege.
///
/// # Errors
/// The database cannot be read.
pub async fn pending<'c>(database: impl IntoSchemaManagerConnection<'c>) -> Result<Vec<String>, DbErr> {
    let applied = applied(database).await?;
    Ok(known().filter(|name| !applied.contains(name)).collect())
}

/// Whether `url` names a SQLite file that does not exist. Opening it would create it.
#[must_use]
pub fn is_absent(url: &str) -> bool {
    sqlite_path(url).is_some_and(|path| !path.exists())
}

/// Whether `name` is a migration of this version.
#[must_use]
pub fn is_known(name: &str) -> bool {
    known().any(|known| known == name)
}

/// Returns the names of this version's migrations, oldest first.
fn known() -> impl Iterator<Item = String> {
    Migrator::migrations().into_iter().map(|migration| migration.name().to_owned())
}

/// Returns the names of all applied migrations, whichever version applied them.
async fn applied<'c>(database: impl IntoSchemaManagerConnection<'c>) -> Result<BTreeSet<String>, DbErr> {
    let manager = SchemaManager::new(database);
    if !manager.has_table(Migrator::migration_table_name().to_string()).await? {
        return Ok(BTreeSet::new());
    }
    let applied = seaql_migrations::Entity::find().all(manager.get_connection()).await?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}

/// Runs `work`, which opens the database for the first time, while no other process opens or migrates it: if
/// several processes switch a new SQLite file to write-ahead logging at the same time, all but one fail.
///
/// # Errors
/// The folder of the SQLite file cannot be written to.
pub async fn with_file_lock<T>(url: &str, work: impl Future<Output = T>) -> io::Result<T> {
    let _lock = with_notice(FileLock::beside(url)).await?;
    Ok(work.await)
}

/// The exclusive right to migrate, and the connection to use for it.
struct Guard {
    database: DatabaseConnection,
    /// The transaction of all work. On PostgreSQL it holds the lock: behind a connection pooler, a session lock
    /// would outlive a process that fails, on a connection that is then handed to other clients.
    transaction: DatabaseTransaction,
    /// Holds the lock on SQLite.
    _file: Option<FileLock>,
}

impl Guard {
    async fn acquire(url: &str, wait: Duration) -> Result<Self, DbErr> {
        let file =
            with_notice(FileLock::beside(url)).await.map_err(|error| DbErr::Custom(error.to_string()))?;
        let database = connect(url).await?;
        let transaction = match database.get_database_backend() {
            DbBackend::Postgres => locked(&database, wait).await?,
            // Immediate: a transaction that reads before it writes fails if another one has written in between.
            _ => {
                let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
                let options = TransactionOptions { sqlite_transaction_mode, ..Default::default() };
                database.begin_with_options(options).await?
            }
        };
        Ok(Self { database, transaction, _file: file })
    }

    async fn release(self) -> Result<(), DbErr> {
        self.transaction.commit().await?;
        self.database.close().await
    }
}

/// Begins a transaction and acquires the advisory lock. Each of its statements sees the commits of the previous
/// holder.
async fn locked(database: &DatabaseConnection, wait: Duration) -> Result<DatabaseTransaction, DbErr> {
    let transaction = database.begin_with_config(Some(IsolationLevel::ReadCommitted), None).await?;
    let limit = format!("{SETTINGS}; SET LOCAL lock_timeout = {}", wait.as_millis());
    transaction.execute_unprepared(&limit).await?;
    let lock = format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})");
    if let Err(error) = with_notice(transaction.execute_unprepared(&lock)).await {
        transaction.rollback().await?;
        let holder = Statement::from_sql_and_values(DbBackend::Postgres, HOLDER, [ADVISORY_LOCK.into()]);
        let Some(row) = database.query_one_raw(holder).await? else { return Err(error) };
        let holder: String = row.try_get("", "holder")?;
        let text = format!(
            "another session has the lock for migrating: {holder}; wait until it has finished, or end it with \
             pg_terminate_backend"
        );
        return Err(DbErr::Custom(text));
    }
    transaction.execute_unprepared(SETTINGS).await?;
    Ok(transaction)
}

/// Waits for a lock, and logs a warning after [`NOTICE_DELAY`].
async fn with_notice<T>(lock: impl Future<Output = T>) -> T {
    let mut lock = pin!(lock);
    if let Ok(locked) = tokio::time::timeout(NOTICE_DELAY, &mut lock).await {
        return locked;
    }
    tracing::warn!("waiting for another process that is migrating this database");
    lock.await
}

/// Opens a single permanent connection: transactions belong to a connection, and SQLite has one writer anyway.
async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).idle_timeout(None).max_lifetime(None).sqlx_logging(false);
    Database::connect(options).await
}

/// Returns the path of a SQLite database that is a file. An in-memory database is not shared with other processes.
fn sqlite_path(url: &str) -> Option<PathBuf> {
    let options: SqliteConnectOptions = url.starts_with("sqlite:").then(|| url.parse().ok())??;
    let path = options.get_filename();
    (!path.starts_with("file:")).then(|| path.to_owned())
}

/// A lock between processes: a file beside the database, locked while it is open, and then removed.
struct FileLock {
    path: PathBuf,
    _file: File,
}

impl FileLock {
    /// Waits for the lock of the SQLite file at `url`. Returns `None` for other databases.
    async fn beside(url: &str) -> io::Result<Option<Self>> {
        let Some(mut path) = sqlite_path(url).map(PathBuf::into_os_string) else { return Ok(None) };
        path.push(".lock");
        let path = PathBuf::from(path);
        let cannot = |error: io::Error| {
            let path = path.display();
            io::Error::other(format!(
                "{path}: {error}; the folder of the database must exist and be writable"
            ))
        };
        loop {
            let file = File::create(&path).map_err(cannot)?;
            match file.try_lock() {
                // The previous holder has removed the file that was opened here, so this lock excludes no other
                // process.
                Ok(()) if !is_at(&file, &path) => {}
                Ok(()) => return Ok(Some(Self { path, _file: file })),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(RETRY_DELAY).await,
                Err(TryLockError::Error(error)) => return Err(cannot(error)),
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // A lock file that remains is harmless.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether an open file is the one at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: io::Result<Metadata>| metadata.ok().map(|file| (file.dev(), file.ino()));
    identity(file.metadata()) == identity(std::fs::metadata(path))
}
