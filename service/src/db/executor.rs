//! Executes statements on a connection of a pool or in a transaction. Every statement is measured here, and broken
//! connections are detected here.

use super::fault;
use super::file::OpenedFile;
use super::invalidation::Invalidation;
use super::limit;
use super::statements::{self, Series, Statements};
use crate::dialect::{Dialect, Fault};
use crate::error::Error;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    QueryResult, Statement,
};
use std::sync::Arc;
use std::time::Instant;

/// A pool or a transaction. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    pub(super) handle: Handle,
    pub(super) monitor: Monitor,
}

/// The pool or the transaction that executes statements.
#[derive(Clone)]
pub(super) enum Handle {
    Pool(DatabaseConnection),
    Transaction(Arc<DatabaseTransaction>),
}

/// Measures the statements of one database and monitors its connections.
#[derive(Clone)]
pub(super) struct Monitor {
    pub(super) dialect: Dialect,
    pub(super) statements: Arc<Statements>,
    pub(super) invalidation: Arc<Invalidation>,
    /// The file of an embedded database.
    pub(super) file: Option<Arc<OpenedFile>>,
}

impl Monitor {
    /// Returns an error if the database is a file that has been removed or replaced.
    pub(super) fn check_file(&self) -> Result<(), DbErr> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())
    }

    pub(super) fn failed(&self, series: Series, error: &DbErr) {
        let fault = fault::of(error);
        if fault == Fault::Broken {
            self.invalidation.invalidate();
        }
        match error {
            DbErr::Conn(_) | DbErr::ConnectionAcquire(_) => {
                self.invalidation.suspect();
                statements::count_connect_failure(fault);
            }
            _ => statements::count_failure(series, fault),
        }
    }
}

impl Executor {
    pub(super) fn pool(pool: DatabaseConnection, monitor: Monitor) -> Self {
        Self { handle: Handle::Pool(pool), monitor }
    }

    /// Returns an executor for the same database inside `transaction`.
    pub(super) fn within(&self, transaction: Arc<DatabaseTransaction>) -> Self {
        Self { handle: Handle::Transaction(transaction), monitor: self.monitor.clone() }
    }

    /// Returns the dialect of the engine.
    pub(crate) fn dialect(&self) -> Dialect {
        self.monitor.dialect
    }

    /// Returns the pool; `None` if this is a transaction.
    pub(super) fn connection(&self) -> Option<&DatabaseConnection> {
        match &self.handle {
            Handle::Pool(pool) => Some(pool),
            Handle::Transaction(_) => None,
        }
    }

    /// Handles a database that did not answer, although its own time limits should have ended the statement: the
    /// server has vanished, so its connections are invalidated.
    pub(crate) fn no_answer(&self) -> Error {
        self.monitor.invalidation.invalidate();
        Error::no_answer()
    }

    fn executor(&self) -> DatabaseExecutor<'_> {
        match &self.handle {
            Handle::Pool(pool) => pool.into(),
            Handle::Transaction(transaction) => transaction.as_ref().into(),
        }
    }

    /// Starts to measure a statement.
    ///
    /// # Errors
    /// The database is a file that has been removed or replaced.
    pub(super) fn measured(&self, sql: &str) -> Result<Measured<'_>, DbErr> {
        let (monitor, series) = (&self.monitor, Statements::classify(sql));
        let measured = Measured { monitor, series, started: Instant::now() };
        measured.counted(monitor.check_file())?;
        Ok(measured)
    }
}

/// A statement that is measured until this value is dropped.
pub(super) struct Measured<'a> {
    monitor: &'a Monitor,
    series: Series,
    started: Instant,
}

impl Measured<'_> {
    pub(super) fn failed(&self, error: &DbErr) {
        self.monitor.failed(self.series, error);
    }

    /// Returns the result of the statement. Counts it if it is an error.
    pub(super) fn counted<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        result.inspect_err(|error| self.failed(error))
    }
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        self.monitor.statements.record(self.series, self.started.elapsed());
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Executor {
    fn get_database_backend(&self) -> DbBackend {
        self.executor().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let measured = self.measured(&statement.sql)?;
        measured.counted(self.executor().execute_raw(statement).await)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let measured = self.measured(sql)?;
        measured.counted(self.executor().execute_unprepared(sql).await)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let statement = limit::as_number(statement);
        let measured = self.measured(&statement.sql)?;
        measured.counted(self.executor().query_one_raw(statement).await)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let statement = limit::as_number(statement);
        let measured = self.measured(&statement.sql)?;
        measured.counted(self.executor().query_all_raw(statement).await)
    }
}
