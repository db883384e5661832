//! Compiles the typed filter to SQL.
//!
//! Comparisons are compiled so that an index can serve them: `created_time` becomes a range of ids, a label becomes
//! a semi-join on the table of labels, and the status of `Reconciled` has its own column. Literals are always bound
//! parameters.

use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use uuid::Uuid;

use super::compare::{compare, constant, negate, one_of, time_holds, within};
use super::field::SearchField;
use super::filter::{Filter, Leaf, ValueTest};
use super::operand::{Operand, Table};
use super::scan::{AccessPath, IdBound, Scan};
use super::syntax::{Node, Test};
use super::time::TimeTest;
use crate::dialect::Dialect;
use crate::field::Source;
use crate::id::id_floor;
use crate::list::collection::Collection;
use crate::status::stored_status::bucket;

/// Compiles the filter to a condition on the table of `collection`. Column names are qualified with the table.
pub fn condition(filter: &Filter, collection: Collection, dialect: Dialect, scan: Scan) -> Condition {
    let table = Table { collection, dialect, scan };
    let matches = table.node(&filter.root);
    match &table.scan.path {
        AccessPath::Any | AccessPath::InOrder { .. } => matches,
        // `IS TRUE` keeps the condition in one piece, so that no part of it makes the engine use another access
        // path.
        AccessPath::Ids(ids) => Condition::all()
            .add(table.column("id").in_subquery(ids.as_ref().clone()))
            .add(Expr::from(matches).is(constant(true))),
    }
}

/// Returns a statement for each part of the filter that all matches must pass and that an index serves. It selects
/// the ids of the rows that pass that part, and possibly more ids. If the list is in the order of ids, a comparison
/// with one of a few values gets no statement: its index already has that order.
pub(crate) fn finders(
    filter: &Filter,
    collection: Collection,
    dialect: Dialect,
    (by_id, beyond): (bool, Option<IdBound>),
) -> Vec<SelectStatement> {
    let table = Table { collection, dialect, scan: Scan { beyond, path: AccessPath::Any } };
    let leaves = filter.required().into_iter().filter(|leaf| !by_id || !leaf.is_one_of_few());
    leaves.filter_map(|leaf| table.finder(leaf)).collect()
}

impl Table {
    fn node(&self, node: &Node<Leaf>) -> Condition {
        match node {
            Node::All(parts) => parts.iter().fold(Condition::all(), |all, part| all.add(self.node(part))),
            Node::Any(parts) => parts.iter().fold(Condition::any(), |any, part| any.add(self.node(part))),
            Node::Leaf(leaf) => Condition::all().add(self.leaf(leaf)),
        }
    }

    fn leaf(&self, leaf: &Leaf) -> Expr {
        let (operand, negated) = (self.operand(leaf), leaf.negated);
        match &leaf.test {
            ValueTest::Null => self.absent(operand, negated),
            ValueTest::Text(Test::OneOf(texts)) => self.equal(leaf, texts),
            ValueTest::Text(test) => {
                self.holds(operand, negated, |value| compare(value, test, |text| Expr::val(text.as_str())))
            }
            ValueTest::Like { pattern, ignore_case } => {
                self.holds(operand, negated, |value| self.dialect.like(value, pattern, *ignore_case))
            }
            ValueTest::Integer(test) => {
                self.holds(operand, negated, |value| compare(value, test, |integer| Expr::val(*integer)))
            }
            ValueTest::Time(test) => {
                self.holds(operand, negated, |value| self.time(value, &leaf.field, test))
            }
            ValueTest::Number(test) => self.holds(operand, negated, |value| {
                compare(value, test, |number| Expr::val(number.0.as_str()).cast_as("numeric"))
            }),
            ValueTest::Boolean(booleans) => {
                self.holds(operand, negated, |value| one_of(value, booleans.iter().copied()))
            }
        }
    }

    /// Whether the value of `operand` passes a test that is null for null.
    fn holds(&self, operand: Operand<'_>, negated: bool, test: impl FnOnce(Expr) -> Expr) -> Expr {
        match operand {
            Operand::Value(value) if negated => test(value).not(),
            Operand::Nullable(value) if negated => test(value).is_not(constant(true)),
            Operand::Value(value) | Operand::Nullable(value) => test(value),
            Operand::Label(key) if negated => {
                Expr::not_exists(self.label(key, test).and_where(self.is_of_row()).take())
            }
            Operand::Label(key) => match self.scan.path {
                AccessPath::Any => self.column("id").in_subquery(self.ids_with_label(key, test)),
                AccessPath::InOrder { .. } | AccessPath::Ids(_) => {
                    Expr::exists(self.label(key, test).and_where(self.is_of_row()).take())
                }
            },
            Operand::Condition(member) => {
                let exists = Expr::exists(self.conditions(member, test));
                if negated { exists.not() } else { exists }
            }
            Operand::Missing => constant(negated),
        }
    }

    /// Whether the value of `operand` is absent, or with `negated`, whether it is present.
    fn absent(&self, operand: Operand<'_>, negated: bool) -> Expr {
        match operand {
            Operand::Value(_) => constant(negated),
            Operand::Nullable(value) if negated => value.is_not_null(),
            Operand::Nullable(value) => value.is_null(),
            Operand::Missing => constant(!negated),
            Operand::Label(_) | Operand::Condition(_) => {
                self.holds(operand, !negated, |value| value.is_not_null())
            }
        }
    }

    /// Compiles equality with one of several texts. Fields with an indexed column are compared through that column.
    fn equal(&self, leaf: &Leaf, texts: &[String]) -> Expr {
        let negated = leaf.negated;
        let ids = || texts.iter().filter_map(|text| uuid(text));
        match &leaf.field {
            SearchField::Named(Source::Id) => negate(one_of(self.column("id"), ids()), negated),
            SearchField::Named(Source::OwnerId) if self.collection.nested => {
                negate(one_of(self.column("owner_id"), ids()), negated)
            }
            SearchField::Named(Source::Href) => {
                let ids = texts.iter().filter_map(|href| uuid(href.rsplit('/').next()?));
                let equal = one_of(self.href(), texts.iter().map(String::as_str));
                negate(one_of(self.column("id"), ids).and(equal), negated)
            }
            SearchField::Reconciled => {
                let wanted = |status: &str| texts.iter().any(|text| text == status) != negated;
                match (wanted("True"), wanted("False")) {
                    (true, false) => self.outside_index(self.column("reconciled")).eq(constant(true)),
                    (false, true) => self.outside_index(self.column("reconciled")).eq(constant(false)),
                    (both, _) => constant(both),
                }
            }
            _ => self.holds(self.operand(leaf), negated, |value| {
                one_of(self.outside_index(value), texts.iter().map(String::as_str))
            }),
        }
    }

    /// Returns the value of an equality comparison. In an order other than by id, the value is excluded from
    /// indexes, because they return rows in another order than the list.
    fn outside_index(&self, value: Expr) -> Expr {
        match self.scan.path {
            AccessPath::InOrder { by_id: false } => self.dialect.unindexed(value),
            _ => value,
        }
    }

    /// Returns a statement that selects the ids of all rows that pass the leaf, and possibly more ids. Returns
    /// `None` if no index serves the leaf.
    fn finder(&self, leaf: &Leaf) -> Option<SelectStatement> {
        match (&leaf.field, &leaf.test) {
            (SearchField::Label(key), ValueTest::Text(test @ Test::OneOf(_))) => {
                Some(self.ids_with_label(key, |value| compare(value, test, |text| Expr::val(text.as_str()))))
            }
            (SearchField::ReconciledTime, ValueTest::Time(test)) => Some(self.ids(self.bucket_range(test))),
            (SearchField::Named(Source::CreatedTime), ValueTest::Time(test)) => {
                Some(self.ids(self.id_range(test)))
            }
            (field, ValueTest::Text(Test::OneOf(_)) | ValueTest::Time(_)) if field.has_indexed_column() => {
                Some(self.ids(self.leaf(leaf)))
            }
            _ => None,
        }
    }

    fn time(&self, value: Expr, field: &SearchField, test: &TimeTest) -> Expr {
        match (field, test) {
            // A range of times is a range of ids. For single times, the ids only bound the first and the last time.
            (SearchField::Named(Source::CreatedTime), TimeTest::Within(..)) => self.id_range(test),
            (SearchField::Named(Source::CreatedTime), TimeTest::OneOf(_)) => {
                time_holds(value, test, Expr::val).and(self.id_range(test))
            }
            (SearchField::ReconciledTime, _) => {
                time_holds(value, test, Expr::val).and(self.bucket_range(test))
            }
            (SearchField::Condition(_), _) => {
                time_holds(value, test, |time| Expr::val(time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()))
            }
            _ => time_holds(value, test, Expr::val),
        }
    }

    /// Limits the ids to those created between the first and the last time that passes.
    fn id_range(&self, test: &TimeTest) -> Expr {
        let (from, until) = test.range();
        within(self.column("id"), from.map(id_floor), until.map(id_floor))
    }

    /// Limits the buckets to those from the first to the last time that passes.
    fn bucket_range(&self, test: &TimeTest) -> Expr {
        let (from, until) = test.range();
        within(self.column("reconciled_bucket"), from.map(bucket), until.map(|time| bucket(time) + 1))
    }
}

/// Parses a UUID that is written in the form of ids: 36 lower-case characters.
fn uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|uuid| uuid.to_string() == text)
}
