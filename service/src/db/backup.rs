//! Backup of an embedded database that is in use.

use crate::dialect::Dialect;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

/// Writes a copy of the SQLite database at `url` to the new file `to`. The copy is a consistent snapshot, and is on
/// disk when this function returns. Servers may continue to write to the database.
///
/// # Errors
/// The reason as text: the database is PostgreSQL, which has its own backup tool, or it cannot be read, or `to`
/// exists or cannot be written.
pub async fn backup(url: &str, to: &Path) -> Result<(), String> {
    if Dialect::of_url(url) == Dialect::Postgres {
        return Err("PostgreSQL is backed up with its own tool: pg_dump --format=custom --file FILE, and \
                    restored with pg_restore"
            .to_owned());
    }
    if to.exists() {
        return Err(format!("{}: the file exists; name a new one", to.display()));
    }
    let options: SqliteConnectOptions = url.parse().map_err(|error: sqlx::Error| error.to_string())?;
    let from = options.get_filename();
    // Opening the file might create it, and the copy would be of an empty database.
    if !from.is_file() {
        return Err(format!("{}: there is no such file", from.display()));
    }
    let mut connection = SqliteConnection::connect_with(&options.clone().disable_statement_logging())
        .await
        .map_err(|error| format!("{}: {error}", from.display()))?;
    let copy = sqlx::query("VACUUM INTO ?").bind(to.display().to_string()).execute(&mut connection).await;
    let copied = match copy {
        Ok(_) => finish(to).await,
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = copied {
        // An incomplete copy must not be mistaken for a backup.
        let _ = std::fs::remove_file(to);
        return Err(format!("{}: {error}", to.display()));
    }
    connection.close().await.map_err(|error| error.to_string())
}

/// Gives the log of changes in the copy a new identity, and flushes the copy to disk. Changes that are written
/// after a restore must not be mistaken for changes that were written to the original in the meantime.
async fn finish(to: &Path) -> Result<(), String> {
    let text = |error: sqlx::Error| error.to_string();
    let options = SqliteConnectOptions::new().filename(to).disable_statement_logging();
    let mut copy = SqliteConnection::connect_with(&options).await.map_err(text)?;
    // A database of an earlier version does not have this table.
    let has_log = sqlx::query("SELECT 1 FROM sqlite_master WHERE name = 'change_log'");
    if has_log.fetch_optional(&mut copy).await.map_err(text)?.is_some() {
        sqlx::query("UPDATE change_log SET epoch = randomblob(16)").execute(&mut copy).await.map_err(text)?;
    }
    copy.close().await.map_err(text)?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(|error| error.to_string())
}
