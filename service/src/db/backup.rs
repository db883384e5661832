//! A copy of an embedded database while it is served.

use crate::dialect::Dialect;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;

/// Writes a copy of the SQLite database at `url` to the new file `to`: one moment of it, complete and on disk when
/// this returns. Servers on the database may go on writing.
///
/// # Errors
/// A text that says why there is no copy: the database is PostgreSQL, which has a tool of its own, or cannot be
/// read, or `to` exists or cannot be written.
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
    // Opening it might create it, and the copy would be of an empty database.
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
        // Half a copy must not be taken for one.
        let _ = std::fs::remove_file(to);
        return Err(format!("{}: {error}", to.display()));
    }
    connection.close().await.map_err(|error| error.to_string())
}

/// Marks the copy as another database than the one it is of, and sees to it that it is on disk. What is written after
/// it is restored must not be taken for what was written to the original meanwhile.
async fn finish(to: &Path) -> Result<(), String> {
    let text = |error: sqlx::Error| error.to_string();
    let options = SqliteConnectOptions::new().filename(to).disable_statement_logging();
    let mut copy = SqliteConnection::connect_with(&options).await.map_err(text)?;
    // A database of an earlier version has no such table.
    let has_log = sqlx::query("SELECT 1 FROM sqlite_master WHERE name = 'change_log'");
    if has_log.fetch_optional(&mut copy).await.map_err(text)?.is_some() {
        sqlx::query("UPDATE change_log SET epoch = randomblob(16)").execute(&mut copy).await.map_err(text)?;
    }
    copy.close().await.map_err(text)?;
    std::fs::File::open(to).and_then(|file| file.sync_all()).map_err(|error| error.to_string())
}
