//! Rows one after the other, so that not all of them are held at once.

use super::executor::{Executor, Monitor, Target};
use super::limit;
use super::statements::{Series, Statements};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, StreamTrait};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// The rows of a statement, which is measured until its last row was taken or the rest is given up.
///
/// SQLite stops when the rest is given up. PostgreSQL sends it, and it is thrown away before the connection is used
/// again.
pub struct Rows<'a> {
    rows: BoxStream<'a, Result<QueryResult, DbErr>>,
    monitor: &'a Monitor,
    series: Series,
    started: Instant,
}

impl Stream for Rows<'_> {
    type Item = Result<QueryResult, DbErr>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let row = self.rows.poll_next_unpin(context);
        if let Poll::Ready(Some(Err(error))) = &row {
            self.monitor.failed(self.series, error);
        }
        row
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        self.monitor.statements.took(self.series, self.started.elapsed());
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
        let (series, started, monitor) =
            (Statements::classify(&statement.sql), Instant::now(), &self.monitor);
        Box::pin(async move {
            let opened = match (monitor.check_file(), &self.target) {
                (Err(error), _) => Err(error),
                (Ok(()), Target::Pool(pool)) => pool.stream_raw(statement).await.map(StreamExt::boxed),
                (Ok(()), Target::Transaction(tx)) => tx.stream_raw(statement).await.map(StreamExt::boxed),
            };
            match opened {
                Ok(rows) => Ok(Rows { rows, monitor, series, started }),
                Err(error) => {
                    monitor.statements.took(series, started.elapsed());
                    monitor.failed(series, &error);
                    Err(error)
                }
            }
        })
    }
}
