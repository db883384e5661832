//! Rows one after the other, so that not all of them are held at once.

use super::executor::{Executor, Handle};
use super::limit;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, StreamTrait};
use std::pin::Pin;

/// Rows of a statement, which is measured until the last one was taken or the rest is given up.
///
/// SQLite stops when the rest is given up. PostgreSQL sends it, and it is thrown away before the connection is used
/// again.
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
            // They take what measures them along.
            Ok(rows.inspect_err(move |error| measured.failed(error)).boxed())
        })
    }
}
