//! The `LIMIT` of a statement.

use sea_orm::{DbBackend, Statement, Value, Values};

/// Replaces the parameter of `LIMIT` with a number on PostgreSQL. For a parameter, PostgreSQL assumes a tenth of
/// the table, finds the generic plan expensive, and plans each time.
pub(super) fn as_number(mut statement: Statement) -> Statement {
    if statement.db_backend != DbBackend::Postgres {
        return statement;
    }
    let Some(Values(values)) = &mut statement.values else { return statement };
    let Some(Value::BigUnsigned(Some(limit))) = values.last() else { return statement };
    let place = format!(" LIMIT ${}", values.len());
    // A locking clause may follow.
    if let Some((start, end)) = statement.sql.rsplit_once(&place)
        && !end.starts_with(|next: char| next.is_ascii_digit())
    {
        statement.sql = format!("{start} LIMIT {limit}{end}");
        values.pop();
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::as_number;
    use sea_orm::{DbBackend, EntityTrait, QuerySelect, QueryTrait, Value, Values};

    fn built(backend: DbBackend, offset: Option<u64>) -> sea_orm::Statement {
        let find = entity::cluster::Entity::find_by_id(uuid::Uuid::nil());
        find.limit(21).offset(offset).lock_exclusive().build(backend)
    }

    #[test]
    fn a_limit_is_a_number_for_postgresql() {
        let statement = as_number(built(DbBackend::Postgres, None));
        let end = r#" WHERE "clusters"."id" = $1 LIMIT 21 FOR UPDATE"#;
        assert!(statement.sql.ends_with(end), "{}", statement.sql);
        assert_eq!(statement.values, Some(Values(vec![Value::Uuid(Some(uuid::Uuid::nil()))])));
    }

    #[test]
    fn other_statements_stay_as_they_are() {
        // The offset stays a parameter: otherwise, there would be a statement for each offset.
        for (backend, offset) in [(DbBackend::Sqlite, None), (DbBackend::Postgres, Some(5))] {
            assert_eq!(as_number(built(backend, offset)), built(backend, offset));
        }
    }
}
