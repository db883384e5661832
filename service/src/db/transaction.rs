//! The one way to write: a transaction that is committed before anybody is told of it.

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

/// How often a transaction is tried when the database asks for another try.
const ATTEMPTS: u32 = 8;

impl Db {
    /// Runs `work` in a transaction and commits it. When the database gives precedence to another transaction
    /// (serialization failure, deadlock), the work runs again from the start, so it must keep no state.
    ///
    /// An error undoes everything the work did.
    pub(crate) async fn write<T, F>(&self, work: impl Fn(Executor) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut attempt = 1;
        loop {
            let attempted = tokio::time::timeout(self.answer_timeout(), self.attempt(&work)).await;
            match attempted.unwrap_or_else(|_| Err(self.writer.no_answer())) {
                Err(Error::Retryable(_)) if attempt < ATTEMPTS => {
                    statements::retried();
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
                    Err(self.noticed(error).into())
                }
            },
            Err(error) => {
                // A failed rollback leaves a connection that the pool closes.
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
        // The driver counts a transaction only once the database has answered. Given up before that, the connection
        // would return to the pool inside a transaction, and what is written on it next would never be committed.
        // So it is begun in a task of its own. If its caller is gone by then, the whole transaction is dropped,
        // which rolls it back.
        let begin = tokio::time::timeout(self.answer_timeout(), begin_immediate(pool));
        let begun = tokio::spawn(begin.in_current_span()).await;
        let begun =
            begun.map_err(|error| Error::Internal(format!("a transaction did not begin: {error}")))?;
        statements::began(started.elapsed());
        let transaction = begun.map_err(|_| self.writer.no_answer())?;
        Ok(transaction.map_err(|error| {
            statements::not_connected(fault::of(&error));
            self.noticed(error)
        })?)
    }

    /// Passes an error on; one of a broken connection invalidates the others.
    fn noticed(&self, error: DbErr) -> DbErr {
        if fault::of(&error) == Fault::Broken {
            self.invalidate_connections();
        }
        error
    }
}

/// On SQLite the write lock is taken at once: a transaction that upgrades to it later fails when another has
/// written in between. PostgreSQL locks rows and knows no such mode.
async fn begin_immediate(pool: DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    pool.begin_with_options(TransactionOptions { sqlite_transaction_mode, ..Default::default() }).await
}
