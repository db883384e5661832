//! Statements that write many rows.

use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Query, TableRef, UpdateStatement, ValueTuple};
use sea_orm::{ActiveModelTrait, DbBackend, Statement};
use sea_orm::{EntityTrait, IdenStatic, InsertMany, IntoActiveModel, Iterable, ModelTrait, QueryTrait};

/// The alias of the new values in an update.
const NEW: &str = "new";

/// Inserts rows with all their columns.
pub(super) fn insert<E>(rows: Vec<E::Model>) -> InsertMany<E::ActiveModel>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    E::insert_many(rows.into_iter().map(|row| row.into_active_model().reset_all()))
}

/// Inserts rows with all their columns, except those whose name is taken. The statement returns the ids of the
/// inserted rows.
pub(super) fn insert_new<E>(rows: Vec<E::Model>, backend: DbBackend) -> Statement
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let mut statement = insert::<E>(rows).into_query();
    statement.on_conflict(OnConflict::new().do_nothing().to_owned()).returning_col("id");
    backend.build(&statement)
}

/// Updates `columns` of rows identified by `id`, with individual values for each row.
pub(super) fn update<E: EntityTrait>(
    rows: &[E::Model],
    columns: &[E::Column],
    id: E::Column,
) -> UpdateStatement {
    let all = || columns.iter().chain([&id]);
    let values = rows.iter().map(|row| ValueTuple::Many(all().map(|column| row.get(*column)).collect()));
    let new = |position: usize| Expr::col((NEW, Alias::new(format!("column{}", position + 1))));
    let assignments = columns.iter().enumerate().map(|(position, column)| (*column, new(position)));
    Query::update()
        .table(E::default())
        .values(assignments)
        .from(TableRef::ValuesList(values.collect(), NEW.into()))
        .and_where(Expr::col((E::default(), id)).eq(new(columns.len())))
        .take()
}

/// The columns of an entity, except those with these names.
pub(super) fn columns_but<E: EntityTrait>(names: &[&str]) -> Vec<E::Column> {
    E::Column::iter().filter(|column| !names.contains(&column.as_str())).collect()
}
