//! The SQL operands of fields.

use sea_orm::sea_query::{BinOper, Expr, ExprTrait, Query, SelectStatement};

use super::field::{Member, SearchField};
use super::filter::{Leaf, ValueTest};
use super::scan::{IdBound, Scan};
use crate::dialect::Dialect;
use crate::field::Source;
use crate::kind::{BASE_PATH, CLUSTERS, NODE_POOLS};
use crate::list::collection::Collection;

/// The SQL form of a value.
pub(super) enum Operand<'a> {
    /// An expression that is never null.
    Value(Expr),
    /// An expression that may be null.
    Nullable(Expr),
    /// The label with this key.
    Label(&'a str),
    /// An element of the list of conditions.
    Condition(&'a Member),
    /// A value that no item of the collection has.
    Missing,
}

/// The table that is searched.
pub(super) struct Table {
    pub(super) collection: Collection,
    pub(super) dialect: Dialect,
    pub(super) scan: Scan,
}

impl Table {
    /// Returns the operand for the value that a leaf tests.
    pub(super) fn operand<'a>(&self, leaf: &'a Leaf) -> Operand<'a> {
        match &leaf.field {
            SearchField::Named(source) => self.named(*source),
            SearchField::Label(key) => Operand::Label(key),
            SearchField::Reconciled => {
                let status = Expr::case(self.column("reconciled"), "True").finally("False");
                Operand::Value(self.dialect.bytewise(status.into()))
            }
            SearchField::ReconciledTime => Operand::Value(self.column("reconciled_updated_time")),
            SearchField::Condition(member) => Operand::Condition(member),
            SearchField::Spec(path) => Operand::Nullable(self.spec(path, &leaf.test)),
        }
    }

    fn named(&self, source: Source) -> Operand<'static> {
        match source {
            Source::Column(column) if column.nullable => Operand::Nullable(self.column(column.name)),
            Source::Column(column) => Operand::Value(self.column(column.name)),
            Source::Id => Operand::Value(self.dialect.uuid_text(self.column("id"))),
            Source::OwnerId if !self.collection.nested => Operand::Missing,
            Source::OwnerId => Operand::Value(self.dialect.uuid_text(self.column("owner_id"))),
            Source::Kind => Operand::Value(self.dialect.bytewise(Expr::val(self.collection.item))),
            Source::Href => Operand::Value(self.href()),
            Source::CreatedTime => Operand::Value(self.column("created_time")),
        }
    }

    /// Returns a qualified column: in a subquery, the unqualified name could refer to another column.
    pub(super) fn column(&self, name: &'static str) -> Expr {
        Expr::col((self.collection.table, name))
    }

    /// Returns the `href` of the current row.
    pub(super) fn href(&self) -> Expr {
        let concat = |left: Expr, right: Expr| left.binary(BinOper::Custom("||"), right);
        let id = self.dialect.uuid_text(self.column("id"));
        let rest = match self.collection.nested {
            false => id,
            true => {
                let owner = self.dialect.uuid_text(self.column("owner_id"));
                concat(concat(owner, Expr::val(NODE_POOLS)), id)
            }
        };
        self.dialect.bytewise(concat(Expr::val(format!("{BASE_PATH}{CLUSTERS}")), rest))
    }

    /// Selects the owners whose label with this key passes the test.
    pub(super) fn label(&self, key: &str, test: impl FnOnce(Expr) -> Expr) -> SelectStatement {
        Query::select()
            .column(("labels", "owner_id"))
            .from("labels")
            .and_where(Expr::col(("labels", "owner_type")).eq(self.collection.item))
            .and_where(Expr::col(("labels", "key")).eq(key))
            .and_where(test(Expr::col(("labels", "value"))))
            .take()
    }

    /// Selects the same owners as [`Self::label`], limited to the bound of the scan. The engine does not derive
    /// this limit from the bound on the rows, and would read all labels up to the bound.
    pub(super) fn ids_with_label(&self, key: &str, test: impl FnOnce(Expr) -> Expr) -> SelectStatement {
        self.within_bound(self.label(key, test), Expr::col(("labels", "owner_id")))
    }

    /// Selects the ids of the rows that the condition matches, limited to the bound of the scan.
    pub(super) fn ids(&self, condition: Expr) -> SelectStatement {
        let mut rows = Query::select();
        rows.expr(self.column("id")).from(self.collection.table).and_where(condition);
        self.within_bound(rows, self.column("id"))
    }

    /// Limits a selection to the ids within the bound of the scan.
    fn within_bound(&self, mut select: SelectStatement, id: Expr) -> SelectStatement {
        match self.scan.beyond {
            Some(IdBound::Above(bound)) => select.and_where(id.gt(bound)).take(),
            Some(IdBound::Below(bound)) => select.and_where(id.lt(bound)).take(),
            None => select,
        }
    }

    /// Joins a row of labels to the current row.
    pub(super) fn is_of_row(&self) -> Expr {
        Expr::col(("labels", "owner_id")).eq(self.column("id"))
    }

    /// Selects the conditions of this type whose member passes the test.
    pub(super) fn conditions(&self, member: &Member, test: impl FnOnce(Expr) -> Expr) -> SelectStatement {
        let text = |name: &str| {
            let value = Expr::col(("condition", "value")).binary(BinOper::Custom("->>"), Expr::val(name));
            self.dialect.bytewise(value)
        };
        let value = match member.name {
            "observed_generation" => text(member.name).cast_as("bigint"),
            name => text(name),
        };
        Query::select()
            .expr(Expr::Constant(1.into()))
            .from_function(self.dialect.json_elements(self.column("conditions")), "condition")
            .and_where(text("type").eq(member.condition.as_str()))
            .and_where(test(value))
            .take()
    }

    /// Returns the value at a path into `spec`, or null if it does not have the type that the test requires.
    fn spec(&self, path: &[String], test: &ValueTest) -> Expr {
        let document = self.dialect.json(self.column("spec"));
        let step = |json: Expr, key: &String| json.binary(BinOper::Custom("->"), Expr::val(key.as_str()));
        let json = path.iter().fold(document, step);
        match test {
            ValueTest::Null => self.dialect.json_any(json),
            ValueTest::Number(_) => self.dialect.json_number(json),
            ValueTest::Boolean(_) => self.dialect.json_boolean(json),
            _ => self.dialect.json_string(json),
        }
    }
}
