//! Rows one after the other, so that not all of them are held at once.

use super::executor::{Executor, Monitor, Target};
use super::limit;
use super::statements::{Series, Statements};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, StreamTrait};
use std::pin::Pin;
use std::time::Instant;

/// Rows of a statement, which is measured until the last one was taken or the rest is given up.
///
/// SQLite stops when the rest is given up. PostgreSQL sends it, and it is thrown away before the connection is used
/// again.
type Rows<'a> = BoxStream<'a, Result<QueryResult, DbErr>>;

/// A statement that is measured until this is dropped.
struct Measured<'a> {
    monitor: &'a Monitor,
    series: Series,
    started: Instant,
}

impl Drop for Measured<'_> {
    fn drop(&mut self) {
        self.monitor.statements.took(self.series, self.started.elapsed());
    }
}

impl Measured<'_> {
    fn failed(&self, error: &DbErr) {
        self.monitor.failed(self.series, error);
    }
}

impl StreamTrait for Executor {
    type Stream<'a> = Rows<'a>;

    fn get_database_backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(self)
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<Rows<'a>, DbErr>> + 'a + Send>> {
        let statement = limit::as_number(statement);
        let (monitor, series) = (&self.monitor, Statements::classify(&statement.sql));
        let measured = Measured { monitor, series, started: Instant::now() };
        Box::pin(async move {
            let opened = match (monitor.check_file(), &self.target) {
                (Err(error), _) => Err(error),
                (Ok(()), Target::Pool(pool)) => pool.stream_raw(statement).await.map(StreamExt::left_stream),
                (Ok(()), Target::Transaction(tx)) => {
                    tx.stream_raw(statement).await.map(StreamExt::right_stream)
                }
            };
            match opened {
                // They take what measures them along.
                Ok(rows) => Ok(rows.inspect_err(move |error| measured.failed(error)).boxed()),
                Err(error) => {
                    measured.failed(&error);
                    Err(error)
                }
            }
        })
    }
}
