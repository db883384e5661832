//! Migrating when several processes start at once: one migrates, the others wait and find it done.

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

/// Key of the advisory lock on PostgreSQL: any fixed number that nothing else in the database uses.
const ADVISORY_LOCK: i64 = 0x6879_7065_7266_6c74;
/// How long another process that migrates is waited for.
const WAIT: Duration = Duration::from_secs(60);
/// After which time it is logged that another process is waited for.
const NOTICE: Duration = Duration::from_secs(1);
/// How often a lock file that another process holds is tried.
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// What a migration states, whatever the role's own limits are: those are made for requests. It may take its time, but
/// must not wait long for a table, since all other users of the table wait behind it.
const SETTINGS: &str =
    "SET LOCAL application_name = 'hyperfleet-api migrate'; SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = '5s'";

/// The session that holds the advisory lock `$1`, in words.
const HOLDER: &str = "
    SELECT format('pid %s (role %s, application %s)', pid, usename, application_name) AS holder
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND datname = current_database()
      AND ((classid::bigint << 32) | objid::bigint) = $1 AND objsubid = 1";

/// Applies all pending migrations of the database at `url` and answers their names. Several callers may do so at once.
///
/// # Errors
/// A migration fails; none is applied then. Or another process has been migrating for a minute.
pub async fn up(url: &str) -> Result<Vec<String>, DbErr> {
    up_within(url, WAIT).await
}

/// The same as [`up`], with another limit for the wait for another process that migrates. PostgreSQL only.
///
/// # Errors
/// As those of [`up`].
pub async fn up_within(url: &str, wait: Duration) -> Result<Vec<String>, DbErr> {
    let guard = Guard::acquire(url, wait).await?;
    let pending = pending(&guard.transaction).await?;
    // Nothing is pending either where a later version has migrated on, of which the migrator wants to know all.
    if !pending.is_empty() {
        Migrator::up(&guard.transaction, None).await?;
    }
    guard.release().await?;
    Ok(pending)
}

/// Takes back the newest migration and answers its name, if there is one.
///
/// # Errors
/// As those of [`up`]; or a newer version has migrated, which alone knows what to take back.
pub async fn down(url: &str) -> Result<Option<String>, DbErr> {
    let guard = Guard::acquire(url, WAIT).await?;
    let newest = applied(&guard.transaction).await?.pop_last();
    if let Some(name) = newest.as_ref().filter(|name| !is_known(name)) {
        let text = format!("{name} was applied by a newer version, which alone can take it back");
        return Err(DbErr::Custom(text));
    }
    Migrator::down(&guard.transaction, Some(1)).await?;
    guard.release().await?;
    Ok(newest)
}

/// Each migration's name and whether it has been applied, oldest first; those of later versions too. Changes
/// nothing.
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

/// Names of this version's migrations that are not applied yet. Those that a later version has applied are no
/// hindrance: they only add, and this version serves on beside it. Changes nothing and needs no right to.
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

/// Names of this version's migrations, oldest first.
fn known() -> impl Iterator<Item = String> {
    Migrator::migrations().into_iter().map(|migration| migration.name().to_owned())
}

/// Names of all that has been applied, by whichever version.
async fn applied<'c>(database: impl IntoSchemaManagerConnection<'c>) -> Result<BTreeSet<String>, DbErr> {
    let manager = SchemaManager::new(database);
    if !manager.has_table(Migrator::migration_table_name().to_string()).await? {
        return Ok(BTreeSet::new());
    }
    let applied = seaql_migrations::Entity::find().all(manager.get_connection()).await?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}

/// Runs `work`, which opens the database for the first time, while no other process does so or migrates: of several
/// that turn a new SQLite file to its log at once, all but one would fail.
///
/// # Errors
/// The folder of the SQLite file cannot be written to.
pub async fn opening<T>(url: &str, work: impl Future<Output = T>) -> io::Result<T> {
    let _lock = logged(FileLock::beside(url)).await?;
    Ok(work.await)
}

/// Exclusive leave to migrate, and the connection to do it on.
struct Guard {
    database: DatabaseConnection,
    /// The transaction in which everything is done. On PostgreSQL it holds the lock: a lock of the session would outlive
    /// a process that fails behind a connection pooler, on a connection that is given to others.
    transaction: DatabaseTransaction,
    /// Holds the lock on SQLite.
    _file: Option<FileLock>,
}

impl Guard {
    async fn acquire(url: &str, wait: Duration) -> Result<Self, DbErr> {
        let file = logged(FileLock::beside(url)).await.map_err(|error| DbErr::Custom(error.to_string()))?;
        let database = connect(url).await?;
        let transaction = match database.get_database_backend() {
            DbBackend::Postgres => locked(&database, wait).await?,
            // Immediate: a transaction that has read before it writes is refused if somebody has written in between.
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

/// A transaction that has the advisory lock. Each of its statements sees what the holder before has committed.
async fn locked(database: &DatabaseConnection, wait: Duration) -> Result<DatabaseTransaction, DbErr> {
    let transaction = database.begin_with_config(Some(IsolationLevel::ReadCommitted), None).await?;
    let limit = format!("{SETTINGS}; SET LOCAL lock_timeout = {}", wait.as_millis());
    transaction.execute_unprepared(&limit).await?;
    let lock = format!("SELECT pg_advisory_xact_lock({ADVISORY_LOCK})");
    if let Err(error) = logged(transaction.execute_unprepared(&lock)).await {
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

/// Waits for a lock, and logs it if that takes a while.
async fn logged<T>(lock: impl Future<Output = T>) -> T {
    let mut lock = pin!(lock);
    if let Ok(locked) = tokio::time::timeout(NOTICE, &mut lock).await {
        return locked;
    }
    tracing::warn!("waiting for another process that is migrating this database");
    lock.await
}

/// One connection that stays: transactions are the connection's, and SQLite has one writer anyway.
async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).idle_timeout(None).max_lifetime(None).sqlx_logging(false);
    Database::connect(options).await
}

/// The path of a SQLite database that is a file; an in-memory one has no second process to guard from.
fn sqlite_path(url: &str) -> Option<PathBuf> {
    let options: SqliteConnectOptions = url.starts_with("sqlite:").then(|| url.parse().ok())??;
    let path = options.get_filename();
    (!path.starts_with("file:")).then(|| path.to_owned())
}

/// A lock between processes: a file beside the database, locked as long as it is open, and removed then.
struct FileLock {
    path: PathBuf,
    _file: File,
}

impl FileLock {
    /// Waits for the lock of the SQLite file at `url`; `None` for other databases.
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
                // Who had the lock before has removed the file that was opened here: it locks out nobody.
                Ok(()) if !is_at(&file, &path) => {}
                Ok(()) => return Ok(Some(Self { path, _file: file })),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_RETRY).await,
                Err(TryLockError::Error(error)) => return Err(cannot(error)),
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // One that stays does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Whether an open file is the one at a path.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: io::Result<Metadata>| metadata.ok().map(|file| (file.dev(), file.ino()));
    identity(file.metadata()) == identity(std::fs::metadata(path))
}
