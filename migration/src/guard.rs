//! Migrating when several processes start at once: one migrates, the others wait and find it done.

use crate::Migrator;
use sea_orm_migration::sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, EntityTrait,
};
use sea_orm_migration::{MigratorTrait, SchemaManager, seaql_migrations};
use std::collections::BTreeSet;
use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Key of the advisory lock on PostgreSQL: any fixed number that nothing else in the database uses.
const ADVISORY_LOCK: i64 = 0x6879_7065_7266_6c74;
/// How often a lock file that another process holds is tried.
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// Applies all pending migrations of the database at `url` and answers their names. Several callers may do so at once.
pub async fn up(url: &str) -> Result<Vec<String>, DbErr> {
    let guard = Guard::acquire(url).await?;
    let pending = pending(&guard.database).await?;
    // Nothing is pending either where a later version has migrated on, of which the migrator wants to know all.
    if !pending.is_empty() {
        Migrator::up(&guard.database, None).await?;
    }
    guard.release().await?;
    Ok(pending)
}

/// Takes back the newest migration and answers its name, if there is one.
pub async fn down(url: &str) -> Result<Option<String>, DbErr> {
    let guard = Guard::acquire(url).await?;
    let newest = applied(&guard.database).await?.pop_last();
    Migrator::down(&guard.database, Some(1)).await?;
    guard.release().await?;
    Ok(newest)
}

/// Each migration's name and whether it has been applied, oldest first; those of later versions too. Changes
/// nothing.
pub async fn status(url: &str) -> Result<Vec<(String, bool)>, DbErr> {
    let database = connect(url).await?;
    let applied = applied(&database).await?;
    database.close().await?;
    let names: BTreeSet<String> = known().chain(applied.iter().cloned()).collect();
    Ok(names.into_iter().map(|name| (name.clone(), applied.contains(&name))).collect())
}

/// Names of this version's migrations that are not applied yet. Those that a later version has applied are no
/// hindrance: they only add, and this version serves on beside it. Changes nothing and needs no right to.
pub async fn pending(database: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let applied = applied(database).await?;
    Ok(known().filter(|name| !applied.contains(name)).collect())
}

/// Names of this version's migrations, oldest first.
fn known() -> impl Iterator<Item = String> {
    Migrator::migrations().into_iter().map(|migration| migration.name().to_owned())
}

/// Names of all that has been applied, by whichever version.
async fn applied(database: &DatabaseConnection) -> Result<BTreeSet<String>, DbErr> {
    let table = Migrator::migration_table_name().to_string();
    if !SchemaManager::new(database).has_table(table).await? {
        return Ok(BTreeSet::new());
    }
    let applied = seaql_migrations::Entity::find().all(database).await?;
    Ok(applied.into_iter().map(|migration| migration.version).collect())
}

/// Runs `work`, which opens the database for the first time, while no other process does so or migrates: of several
/// that turn a new SQLite file to its log at once, all but one would fail.
///
/// # Errors
/// The folder of the SQLite file cannot be written to.
pub async fn opening<T>(url: &str, work: impl Future<Output = T>) -> io::Result<T> {
    let _lock = FileLock::beside(url).await?;
    Ok(work.await)
}

/// Exclusive leave to migrate, and the connection to do it on.
struct Guard {
    database: DatabaseConnection,
    /// Holds the lock on SQLite.
    _file: Option<FileLock>,
    /// Holds the lock on PostgreSQL: advisory locks belong to a session.
    session: Option<DatabaseConnection>,
}

impl Guard {
    async fn acquire(url: &str) -> Result<Self, DbErr> {
        let file = FileLock::beside(url).await.map_err(|error| DbErr::Custom(error.to_string()))?;
        let database = connect(url).await?;
        let session = match database.get_database_backend() {
            DbBackend::Postgres => {
                let session = connect(url).await?;
                let lock = format!("SELECT pg_advisory_lock({ADVISORY_LOCK})");
                session.execute_unprepared(&lock).await?;
                Some(session)
            }
            _ => None,
        };
        Ok(Self { database, _file: file, session })
    }

    async fn release(self) -> Result<(), DbErr> {
        if let Some(session) = self.session {
            session.close().await?;
        }
        self.database.close().await
    }
}

/// One connection that stays: the lock is the session's, and SQLite has one writer anyway.
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
