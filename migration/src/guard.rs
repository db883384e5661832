//! Migrating when several processes start at once: one migrates, the others wait and find it done.

use crate::Migrator;
use sea_orm_migration::sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, EntityTrait,
};
use sea_orm_migration::{MigratorTrait, SchemaManager, seaql_migrations};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

/// Key of the advisory lock on PostgreSQL: any fixed number that nothing else in the database uses.
const ADVISORY_LOCK: i64 = 0x6879_7065_7266_6c74;

/// Applies all pending migrations of the database at `url`. Several callers may do so at once.
pub async fn up(url: &str) -> Result<(), DbErr> {
    let guard = Guard::acquire(url).await?;
    // Nothing is pending either where a later version has migrated on, of which the migrator wants to know all.
    if !pending(&guard.database).await?.is_empty() {
        Migrator::up(&guard.database, None).await?;
    }
    guard.release().await
}

/// Takes back the newest migration.
pub async fn down(url: &str) -> Result<(), DbErr> {
    let guard = Guard::acquire(url).await?;
    Migrator::down(&guard.database, Some(1)).await?;
    guard.release().await
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

/// Exclusive leave to migrate, and the connection to do it on.
struct Guard {
    database: DatabaseConnection,
    /// Holds the lock on SQLite: a file beside the database, locked as long as it is open.
    _file: Option<File>,
    /// Holds the lock on PostgreSQL: advisory locks belong to a session.
    session: Option<DatabaseConnection>,
}

impl Guard {
    async fn acquire(url: &str) -> Result<Self, DbErr> {
        let file = match sqlite_path(url) {
            Some(path) => Some(lock_file(path.to_owned()).await?),
            None => None,
        };
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
fn sqlite_path(url: &str) -> Option<&str> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    let path = path.split('?').next().unwrap_or(path);
    (!path.is_empty() && !path.contains(":memory:")).then_some(path)
}

async fn lock_file(path: String) -> Result<File, DbErr> {
    let lock = tokio::task::spawn_blocking(move || {
        let file = File::create(Path::new(&format!("{path}.lock")))?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    lock.await
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .map_err(|error| DbErr::Custom(format!("the lock file beside the database: {error}")))
}
