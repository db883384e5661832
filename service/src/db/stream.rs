//! Streams of rows, so that not all rows are in memory at the same time.

use super::executor::{Executor, Handle};
use super::limit;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, StreamTrait};
use std::pin::Pin;

/// The rows of a statement, which is measured until the last row is read or the stream is dropped.
///
/// If the stream is dropped early, SQLite stops the statement. PostgreSQL sends the remaining rows, which are
/// discarded before the connection is used again.
type Rows<'a> = BoxStream<'a, Result<QueryResult, DbErr>>;

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
        Box::pin(async move {
            let measured = self.measured(&statement.sql)?;
            let opened = match &self.handle {
                Handle::Pool(pool) => pool.stream_raw(statement).await.map(StreamExt::left_stream),
                Handle::Transaction(tx) => tx.stream_raw(statement).await.map(StreamExt::right_stream),
            };
            let rows = measured.counted(opened)?;
            // The stream owns the measurement.
            Ok(rows.inspect_err(move |error| measured.failed(error)).boxed())
        })
    }
}
