//! Rows that are read together with a number, in the state that one statement sees.

use sea_orm::{DbErr, FromQueryResult, QueryResult};

/// A row, and the number that was read with it.
pub(super) struct Numbered<M> {
    pub(super) row: M,
    pub(super) number: Option<i64>,
}

/// The name of the column of the number.
pub(super) const NUMBER: &str = "last_number";

impl<M: FromQueryResult> FromQueryResult for Numbered<M> {
    fn from_query_result(result: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let row = M::from_query_result(result, prefix)?;
        Ok(Self { row, number: result.try_get(prefix, NUMBER).ok() })
    }
}
