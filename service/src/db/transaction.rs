//! The only path for writes: a transaction that is committed before its result is returned.

use super::Db;
use super::executor::Executor;
use super::{fault, statements};
use crate::dialect::Fault;
use crate::error::{Error, Result};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// The maximum number of attempts of a transaction when the database requires a retry.
const MAX_ATTEMPTS: u32 = 8;

impl Db {
    /// Runs `work` in a transaction and commits it. If the database gives precedence to another transaction
    /// (serialization failure, deadlock), `work` runs again from the start, so it must keep no state.
    ///
    /// If `work` returns an error, its writes are rolled back.
    pub(crate) async fn write<T, F>(&self, work: impl Fn(Executor) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut attempt = 1;
        loop {
            let attempted = tokio::time::timeout(self.answer_timeout(), self.attempt(&work)).await;
            match attempted.unwrap_or_else(|_| Err(self.writer.no_answer())) {
                Err(Error::Retryable(_)) if attempt < MAX_ATTEMPTS => {
                    statements::count_retry();
                    let pause = rand::random_range(0..5 << attempt.min(5));
                    tokio::time::sleep(Duration::from_millis(pause)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn attempt<T, F>(&self, work: &impl Fn(Executor) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let transaction = Arc::new(self.begin().await?);
        let result = work(self.writer.within(transaction.clone())).await;
        let Some(transaction) = Arc::into_inner(transaction) else {
            return Err(Error::Internal("a transaction outlived its work".into()));
        };
        match result {
            Ok(output) => match transaction.commit().await {
                Ok(()) => Ok(output),
                Err(error) => {
                    if fault::of(&error) != Fault::Retryable {
                        statements::count_failures(statements::COMMIT_FAILED, 1);
                    }
                    Err(self.invalidate_if_broken(error).into())
                }
            },
            Err(error) => {
                // After a failed rollback, the pool closes the connection.
                if transaction.rollback().await.is_err() {
                    statements::count_failures(statements::ROLLBACK_FAILED, 1);
                }
                Err(error)
            }
        }
    }

    async fn begin(&self) -> Result<DatabaseTransaction> {
        let started = Instant::now();
        let pool = self.writer.connection().cloned().unwrap_or_default();
        // The driver counts a transaction only after the database has answered. If the call were dropped before
        // that, the connection would return to the pool inside a transaction, and the next writes on it would never
        // be committed. Therefore, a separate task begins the transaction. If the caller has disconnected by then,
        // the transaction is dropped, which rolls it back.
        let begin = tokio::time::timeout(self.answer_timeout(), begin_immediate(pool));
        let begun = tokio::spawn(begin.in_current_span()).await;
        let begun =
            begun.map_err(|error| Error::Internal(format!("a transaction did not begin: {error}")))?;
        statements::record_wait(started.elapsed());
        let transaction = begun.map_err(|_| self.writer.no_answer())?;
        Ok(transaction.map_err(|error| {
            statements::count_connect_failure(fault::of(&error));
            self.invalidate_if_broken(error)
        })?)
    }

    /// Returns the error. If its connection is broken, the other connections are invalidated.
    fn invalidate_if_broken(&self, error: DbErr) -> DbErr {
        if fault::of(&error) == Fault::Broken {
            self.invalidate_connections();
        }
        error
    }
}

/// Begins a transaction. On SQLite it acquires the write lock immediately: a transaction that upgrades to it later
/// fails if another one has written in between. PostgreSQL locks rows and has no such mode.
async fn begin_immediate(pool: DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    pool.begin_with_options(TransactionOptions { sqlite_transaction_mode, ..Default::default() }).await
}
