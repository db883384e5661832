//! Comparisons of an SQL expression with literals. Literals become bound values.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait};

use super::syntax::Test;
use super::time::TimeTest;
use super::token::Inequality;

pub(super) fn constant(truth: bool) -> Expr {
    Expr::Constant(truth.into())
}

pub(super) fn negate(expr: Expr, negated: bool) -> Expr {
    if negated { expr.not() } else { expr }
}

pub(super) fn compare<T>(value: Expr, test: &Test<T>, literal: impl Fn(&T) -> Expr) -> Expr {
    match test {
        Test::OneOf(literals) => one_of(value, literals.iter().map(literal)),
        Test::Ordered(Inequality::Less, bound) => value.lt(literal(bound)),
        Test::Ordered(Inequality::LessOrEqual, bound) => value.lte(literal(bound)),
        Test::Ordered(Inequality::Greater, bound) => value.gt(literal(bound)),
        Test::Ordered(Inequality::GreaterOrEqual, bound) => value.gte(literal(bound)),
        Test::Between(low, high) => value.between(literal(low), literal(high)),
    }
}

pub(super) fn time_holds(value: Expr, test: &TimeTest, literal: impl Fn(DateTime<Utc>) -> Expr) -> Expr {
    match test {
        TimeTest::OneOf(times) => one_of(value, times.iter().copied().map(literal)),
        TimeTest::Within(from, until) => within(value, from.map(&literal), until.map(&literal)),
    }
}

/// Whether a non-null value equals one of the literals.
pub(super) fn one_of<T: Into<Expr>>(value: Expr, literals: impl Iterator<Item = T>) -> Expr {
    let mut literals: Vec<Expr> = literals.map(Into::into).collect();
    match literals.len() {
        0 => constant(false),
        1 => value.eq(literals.remove(0)),
        _ => value.is_in(literals),
    }
}

/// Whether a value is at or after the first bound and before the second. An absent bound does not limit.
pub(super) fn within<T: Into<Expr>>(value: Expr, from: Option<T>, until: Option<T>) -> Expr {
    match (from, until) {
        (Some(from), Some(until)) => value.clone().gte(from).and(value.lt(until)),
        (Some(from), None) => value.gte(from),
        (None, Some(until)) => value.lt(until),
        (None, None) => constant(true),
    }
}
